-- Tables and views of the schemas $1, one JSON object a row, in the form of `schema::Table`.
-- Every part is looked up by index for its table, so that the plan does not depend on statistics.
select json_build_object(
  'name', json_build_object('schema', n.nspname, 'name', c.relname),
  'kind', case c.relkind
    when 'p' then 'partitioned' when 'v' then 'view' when 'm' then 'materialized_view'
    when 'f' then 'foreign' else 'table'
  end,
  'description', d.description,
  -- Bits of pg_relation_is_updatable: 8 insert, 4 update, 16 delete; INSTEAD OF triggers count.
  'insertable', c.relkind in ('r', 'p') or event.mask & 8 > 0,
  'updatable', c.relkind in ('r', 'p') or event.mask & 4 > 0,
  'deletable', c.relkind in ('r', 'p') or event.mask & 16 > 0,
  'primary_key', coalesce((
    select json_agg(a.attname order by a.attname)
    from pg_constraint k
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
    where k.conrelid = c.oid and k.contype = 'p' and c.relkind in ('r', 'p')
  ), '[]'),
  'unique', coalesce((
    select json_agg((
      select json_agg(a.attname order by key.position)
      from unnest(k.conkey) with ordinality as key (number, position)
      join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number
    ) order by k.conname)
    from pg_constraint k
    where k.conrelid = c.oid and k.contype = 'u'
  ), '[]'),
  'columns', coalesce(columns.list, '{}')
)::text
from pg_namespace n
join pg_class c on c.relnamespace = n.oid
left join pg_description d
  on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
cross join lateral (
  select case when c.relkind in ('v', 'f') then pg_relation_is_updatable(c.oid, true) else 0 end
) as event (mask)
left join lateral (
  select json_object_agg(a.attname, json_build_object(
    'name', a.attname,
    'description', d.description,
    'type_name', json_build_object('schema', tn.nspname, 'name', t.typname),
    'base_type', json_build_object('schema', bn.nspname, 'name', b.typname),
    -- Types of pg_catalog are shown without their modifier, also below a domain.
    'type_label', case
      when bn.nspname = 'pg_catalog' then format_type(b.oid, null)
      else format_type(a.atttypid, a.atttypmod)
    end,
    'nominal_type_label', format_type(a.atttypid, a.atttypmod),
    'nullable', not (a.attnotnull or coalesce(domain.not_null, false)),
    'max_length', case
      when limits.modifier < 0 then null
      when b.typname in ('bpchar', 'varchar') and bn.nspname = 'pg_catalog' then limits.modifier - 4
      when b.typname in ('bit', 'varbit') and bn.nspname = 'pg_catalog' then limits.modifier
    end,
    'default', case
      when a.attgenerated <> '' or a.attidentity = 'a' then null
      when a.attidentity = 'd' then (
        select format('nextval(%L::regclass)', s.objid::regclass)
        from pg_depend s
        where s.classid = 'pg_class'::regclass and s.refclassid = 'pg_class'::regclass
          and s.refobjid = a.attrelid and s.refobjsubid = a.attnum and s.deptype = 'i'
        limit 1
      )
      when ad.adbin is not null then pg_get_expr(ad.adbin, ad.adrelid)
      when t.typtype = 'd' then pg_get_expr(t.typdefaultbin, 0)
    end,
    'enum_labels', coalesce(case when b.typtype = 'e' then (
      select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid
    ) end, '[]'),
    'generated', case
      when a.attgenerated <> '' then 'expression'
      when a.attidentity = 'a' then 'identity_always'
      when a.attidentity = 'd' then 'identity_by_default'
      else 'no'
    end
  ) order by a.attnum) as list
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  join pg_namespace tn on tn.oid = t.typnamespace
  -- A domain may stand on other domains: the last step finds the type below all of them.
  -- DIFFERS: PostgREST 16 takes NOT NULL and the maximum length from the first domain alone.
  left join lateral (
    with recursive step (base, modifier, not_null) as (
      select t.typbasetype, t.typtypmod, t.typnotnull
      where t.typtype = 'd'
      union all
      select below.typbasetype, below.typtypmod, step.not_null or below.typnotnull
      from step
      join pg_type below on below.oid = step.base and below.typtype = 'd'
    )
    select step.base, step.modifier, step.not_null
    from step
    join pg_type below on below.oid = step.base and below.typtype <> 'd'
  ) as domain on true
  join pg_type b on b.oid = coalesce(domain.base, t.oid)
  join pg_namespace bn on bn.oid = b.typnamespace
  cross join lateral (select coalesce(domain.modifier, a.atttypmod)) as limits (modifier)
  left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
  left join pg_description d
    on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) as columns on true
where n.nspname = any ($1::text[])
  and n.nspname not in ('pg_catalog', 'information_schema')
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not c.relispartition
