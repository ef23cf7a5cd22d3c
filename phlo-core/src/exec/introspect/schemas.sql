-- The schemas $1 with their comments; the cast fails for one that does not exist.
select n.nspname::text, obj_description(n.oid, 'pg_namespace')
from unnest($1::text[]) as exposed (name)
join pg_namespace n on n.oid = quote_ident(exposed.name)::regnamespace
