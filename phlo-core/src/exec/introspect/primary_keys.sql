-- Primary keys of the tables $1, in the form of `views::PrimaryKeyRow`.
select json_build_object(
  'table', k.conrelid::bigint,
  'name', json_build_object('schema', n.nspname, 'name', c.relname),
  'numbers', to_json(k.conkey)
)::text
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'p' and k.conrelid = any ($1::text[]::oid[])
