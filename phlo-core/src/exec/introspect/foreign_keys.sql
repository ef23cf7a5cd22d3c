-- Foreign keys of the whole database, in the form of `relationships::ForeignKeyRow`: those of
-- private schemas are needed for the views on their tables. A partitioned table has the key once,
-- its partitions don't have it again.
select json_build_object(
  'constraint', k.conname,
  'source', json_build_object('schema', n1.nspname, 'name', c1.relname),
  'target', json_build_object('schema', n2.nspname, 'name', c2.relname),
  'source_oid', k.conrelid::bigint,
  'target_oid', k.confrelid::bigint,
  'columns', (
    select json_agg(json_build_array(a1.attname, a2.attname) order by key.position)
    from unnest(k.conkey, k.confkey) with ordinality as key (source, target, position)
    join pg_attribute a1 on a1.attrelid = k.conrelid and a1.attnum = key.source
    join pg_attribute a2 on a2.attrelid = k.confrelid and a2.attnum = key.target
  ),
  'source_numbers', to_json(k.conkey),
  'target_numbers', to_json(k.confkey),
  'unique', exists (
    select
    from pg_constraint u
    where u.conrelid = k.conrelid and u.contype in ('p', 'u')
      and u.conkey @> k.conkey and u.conkey <@ k.conkey
  )
)::text
from pg_constraint k
join pg_class c1 on c1.oid = k.conrelid
join pg_namespace n1 on n1.oid = c1.relnamespace
join pg_class c2 on c2.oid = k.confrelid
join pg_namespace n2 on n2.oid = c2.relnamespace
where k.contype = 'f' and k.conparentid = 0
