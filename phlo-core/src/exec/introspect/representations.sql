-- Implicit casts by function between a domain and json or text that the current role may use, in
-- the form of `schema::Representation`.
select json_build_object(
  'source', json_build_object('schema', n1.nspname, 'name', t1.typname),
  'target', json_build_object('schema', n2.nspname, 'name', t2.typname),
  'function', json_build_object('schema', pn.nspname, 'name', p.proname)
)::text
from pg_cast k
join pg_type t1 on t1.oid = k.castsource
join pg_namespace n1 on n1.oid = t1.typnamespace
join pg_type t2 on t2.oid = k.casttarget
join pg_namespace n2 on n2.oid = t2.typnamespace
join pg_proc p on p.oid = k.castfunc
join pg_namespace pn on pn.oid = p.pronamespace
where k.castcontext = 'i'
  and k.castmethod = 'f'
  and has_function_privilege(p.oid, 'execute')
  and (
    t1.typtype = 'd' and t2.oid in ('json'::regtype, 'text'::regtype)
    or t2.typtype = 'd' and t1.oid in ('json'::regtype, 'text'::regtype)
  )
