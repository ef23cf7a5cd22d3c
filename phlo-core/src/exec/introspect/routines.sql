-- Functions of the schemas $1 with those of their settings that $2 names, one JSON object a row, in
-- the form of `schema::Routine`.
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
    end
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
-- A domain may stand on other domains: the last step finds the type below all of them.
left join lateral (
  with recursive step (base) as (
    select t.typbasetype
    where t.typtype = 'd'
    union all
    select below.typbasetype
    from step
    join pg_type below on below.oid = step.base and below.typtype = 'd'
  )
  select step.base
  from step
  join pg_type below on below.oid = step.base and below.typtype <> 'd'
) as domain on true
join pg_type b on b.oid = coalesce(domain.base, t.oid)
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
where n.nspname = any ($1::text[])
  and p.prokind = 'f'
  and b.oid <> 'trigger'::regtype
  -- Arguments are given by name; a single one without a name can take the whole body.
  -- DIFFERS: PostgREST 16 also lists functions of which some parameters have a name and some have
  -- none, which can't be called; and it counts OUT parameters when it pairs names with types.
  and (input.list is null or input.named or input.takes_body)
