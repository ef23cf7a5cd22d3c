-- Functions of the schemas $1 with those of their settings that $2 names, one JSON object a row, in
-- the form of `schema::Routine`.
with recursive base_types (oid, base) as (
  select oid, oid from pg_type where typtype <> 'd'
  union all
  -- A domain may stand on other domains.
  select t.oid, below.base
  from base_types below
  join pg_type t on t.typbasetype = below.oid and t.typtype = 'd'
)
select json_build_object(
  'name', json_build_object('schema', n.nspname, 'name', p.proname),
  'description', d.description,
  'parameters', coalesce(input.list, '[]'),
  'returns', json_build_object(
    'is_set', p.proretset,
    'kind', case
      when b.typtype = 'c' then json_build_object(
        'kind', 'composite', 'type', json_build_object('schema', bn.nspname, 'name', b.typname)
      )
      -- With OUT, INOUT or TABLE parameters the result is a row, even if there is only one.
      when p.proargmodes::text[] && '{o,b,t}' then json_build_object(
        'kind', 'composite', 'type', json_build_object('schema', 'pg_catalog', 'name', 'record')
      )
      else json_build_object(
        'kind', 'scalar', 'type', json_build_object('schema', bn.nspname, 'name', b.typname)
      )
    end,
    'columns', coalesce(result.list, '[]')
  ),
  'volatility', case p.provolatile
    when 'i' then 'immutable' when 's' then 'stable' else 'volatile'
  end,
  'isolation', (
    select case lower(substr(item, strpos(item, '=') + 1))
      when 'serializable' then 'serializable'
      when 'repeatable read' then 'repeatable_read'
      else 'read_committed'
    end
    from unnest(p.proconfig) as item
    where split_part(item, '=', 1) = 'default_transaction_isolation'
  ),
  -- DIFFERS: PostgREST 16 takes what $2 names as regular expressions; here a name is a name.
  'settings', coalesce((
    select json_agg(
      json_build_array(split_part(item, '=', 1), substr(item, strpos(item, '=') + 1))
      order by position
    )
    from unnest(p.proconfig) with ordinality as setting (item, position)
    where lower(split_part(item, '=', 1)) = any ($2::text[])
  ), '[]')
)::text
from pg_namespace n
join pg_proc p on p.pronamespace = n.oid
left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
join pg_type t on t.oid = p.prorettype
join base_types on base_types.oid = t.oid
join pg_type b on b.oid = base_types.base
join pg_namespace bn on bn.oid = b.typnamespace
left join lateral (
  select
    json_agg(json_build_object(
      'name', argument.name,
      'type_name', json_build_object('schema', an.nspname, 'name', a.typname),
      'type_label', format_type(a.oid, null),
      'required', argument.position <= p.pronargs - p.pronargdefaults,
      'variadic', coalesce(argument.mode = 'v', false)
    ) order by argument.position) as list,
    bool_and(argument.name <> '') as named,
    count(*) = 1 and bool_and(
      an.nspname = 'pg_catalog' and a.typname in ('bytea', 'json', 'jsonb', 'text', 'xml')
    ) as takes_body
  from (
    select
      coalesce(every.name, '') as name,
      every.type,
      every.mode,
      row_number() over (order by every.position) as position
    -- The names and the modes are of all parameters, proargtypes only of those that are given.
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
      with ordinality as every (type, name, mode, position)
    where coalesce(every.mode, 'i') in ('i', 'b', 'v')
  ) as argument
  join pg_type a on a.oid = argument.type
  join pg_namespace an on an.oid = a.typnamespace
) as input on true
-- Those of a composite type, of a table that is not exposed, or else of the parameters.
left join lateral (
  select json_agg(json_build_object(
    'name', returned.name,
    'type_name', json_build_object('schema', cn.nspname, 'name', c.typname),
    'base_type', json_build_object('schema', below_n.nspname, 'name', below.typname),
    'type_label', format_type(c.oid, null)
  ) order by returned.position) as list
  from (
    select a.attname::text as name, a.atttypid as type, a.attnum::bigint as position
    from pg_class r
    join pg_attribute a on a.attrelid = r.oid
    where b.typtype = 'c'
      and r.oid = b.typrelid
      and (r.relkind = 'c' or r.relispartition or bn.nspname <> all ($1::text[]))
      and a.attnum > 0
      and not a.attisdropped
    union all
    select
      coalesce(nullif(every.name, ''), case count(*) over () when 1 then p.proname else
        'column' || row_number() over (order by every.position) end),
      every.type,
      every.position
    from unnest(p.proallargtypes, p.proargnames, p.proargmodes)
      with ordinality as every (type, name, mode, position)
    where b.typtype <> 'c'
      and every.mode in ('o', 'b', 't')
  ) as returned
  join pg_type c on c.oid = returned.type
  join pg_namespace cn on cn.oid = c.typnamespace
  join base_types bases on bases.oid = c.oid
  join pg_type below on below.oid = bases.base
  join pg_namespace below_n on below_n.oid = below.typnamespace
) as result on true
where n.nspname = any ($1::text[])
  and p.prokind = 'f'
  and b.oid <> 'trigger'::regtype
  -- Arguments are given by name; a single one without a name can take the whole body.
  -- DIFFERS: PostgREST 16 also lists functions of which some parameters have a name and some have
  -- none, which can't be called; and it counts OUT parameters when it pairs names with types.
  and (input.list is null or input.named or input.takes_body)
