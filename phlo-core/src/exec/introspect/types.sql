-- Types that a cast may name: of pg_catalog and of the schemas $1. Rows of the catalogue's own
-- tables are left out, and arrays of rows of any table.
select n.nspname::text, t.typname::text
from pg_namespace n
join pg_type t on t.typnamespace = n.oid
left join pg_type element on element.oid = t.typelem and t.typcategory = 'A'
left join pg_class r on r.oid = coalesce(element.typrelid, t.typrelid) and r.relkind <> 'c'
where n.nspname = any ($1::text[] || '{pg_catalog}')
  and t.typtype in ('b', 'c', 'd', 'e', 'r', 'm')
  and t.typisdefined
  and (r.oid is null or element.oid is null and n.nspname <> 'pg_catalog')
