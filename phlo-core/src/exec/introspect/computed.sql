-- Functions from a row of one table or view to rows of another, in the form of
-- `relationships::ComputedRow`. They may live in any schema; the tables are exposed by $1.
select json_build_object(
  'function', json_build_object('schema', pn.nspname, 'name', p.proname),
  'source', json_build_object('schema', n1.nspname, 'name', c1.relname),
  'target', json_build_object('schema', n2.nspname, 'name', c2.relname),
  'to_one', not p.proretset or p.prorows = 1
)::text
from pg_proc p
join pg_namespace pn on pn.oid = p.pronamespace
join pg_type t1 on t1.oid = p.proargtypes[0]
join pg_class c1 on c1.oid = t1.typrelid and c1.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_namespace n1 on n1.oid = c1.relnamespace
join pg_type t2 on t2.oid = p.prorettype
join pg_class c2 on c2.oid = t2.typrelid and c2.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_namespace n2 on n2.oid = c2.relnamespace
where p.pronargs = 1 and p.prokind = 'f' and n1.nspname = any ($1::text[])
