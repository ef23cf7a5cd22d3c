-- Views of the exposed schemas $1 and of the search path $2: one JSON object in the form of
-- `views::ViewRow`, and the parse tree of the query that each stands for.
select
  json_build_object(
    'oid', c.oid::bigint,
    'name', json_build_object('schema', n.nspname, 'name', c.relname),
    'exposed', n.nspname = any ($1::text[]),
    'columns', (
      select json_object_agg(a.attnum, a.attname)
      from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )
  )::text,
  r.ev_action::text
from pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relkind in ('v', 'm')
join pg_rewrite r on r.ev_class = c.oid and r.ev_type = '1'
where n.nspname = any ($1::text[] || $2::text[])
