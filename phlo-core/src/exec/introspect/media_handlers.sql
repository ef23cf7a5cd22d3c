-- Aggregates and functions of the schemas $1 that return a domain named like a media type, in the
-- form of `schema::MediaHandler`.
with media_type as (
  select
    t.oid,
    lower(t.typname) as name,
    case t.typname when '*/*' then 'application/octet-stream' else t.typname end as resolved
  from pg_type t
  where t.typtype = 'd'
    and (t.typname = '*/*' or t.typname ~* '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$')
)
select json_build_object(
  'target', case
    when p.prokind = 'f' then json_build_object(
      'kind', 'relation', 'name', json_build_object('schema', n.nspname, 'name', p.proname)
    )
    when argument.oid = 'anyelement'::regtype then json_build_object('kind', 'any_element')
    else json_build_object(
      'kind', 'relation', 'name', json_build_object('schema', rn.nspname, 'name', r.relname)
    )
  end,
  'media_type', m.name,
  'resolved_media_type', m.resolved,
  'function', case when p.prokind = 'a' then
    json_build_object('schema', n.nspname, 'name', p.proname)
  end
)::text
from media_type m
join pg_proc p on p.prorettype = m.oid
join pg_namespace n on n.oid = p.pronamespace
left join pg_type argument on argument.oid = p.proargtypes[0]
left join pg_class r on r.oid = argument.typrelid and r.relkind in ('r', 'p', 'v', 'm', 'f')
left join pg_namespace rn on rn.oid = r.relnamespace
where n.nspname = any ($1::text[])
  and (
    p.prokind = 'f' and not p.proretset
    or p.prokind = 'a' and p.pronargs = 1
      and (r.oid is not null or argument.oid = 'anyelement'::regtype)
  )
