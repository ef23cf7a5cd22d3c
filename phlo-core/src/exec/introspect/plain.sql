-- Tables and views of the schemas $1 whose reading runs PostgreSQL's own code alone, and changes no
-- setting: one name a row.
with recursive
-- Functions of PostgreSQL that change settings or run a text as SQL, as the tree of a query names
-- them.
setters (pattern) as (
  select ' :funcid (' || string_agg(oid::text, '|') || ') '
  from pg_proc
  where pronamespace = 'pg_catalog'::regnamespace
    and (proname in ('set_config', 'ts_rewrite', 'ts_stat') or proname ~ '_to_xml')
),
-- What runs whenever a relation is read.
parts (relation, class, id, tree) as (
  select ev_class, 'pg_rewrite'::regclass, oid, ev_action::text
  from pg_rewrite
  where ev_type = '1'
  union all
  select polrelid, 'pg_policy'::regclass, oid, polqual::text
  from pg_policy
  where polcmd in ('r', '*')
  union all
  -- A generated column that isn't stored.
  select d.adrelid, 'pg_attrdef'::regclass, d.oid, d.adbin::text
  from pg_attrdef d
  join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  where a.attgenerated not in ('', 's')
),
-- What that depends on. Nothing is recorded to depend on what PostgreSQL itself brings.
needs (relation, class, id) as (
  select parts.relation, d.refclassid, d.refobjid
  from parts
  join pg_depend d on d.classid = parts.class and d.objid = parts.id
  where d.refobjid <> parts.relation
),
-- Relations whose reading may run other code: a function, an operator, the checks of a domain, a
-- foreign data wrapper, at any depth.
foreign_code (oid) as (
  select oid from pg_class where relkind = 'f'
  union
  select relation from parts, setters where tree ~ pattern
  union
  select relation
  from needs
  where class in ('pg_proc'::regclass, 'pg_operator'::regclass)
    or class = 'pg_type'::regclass and exists (
      select from pg_type t where t.oid = needs.id and t.typtype = 'd'
    )
  union
  select needs.relation
  from needs
  join foreign_code on needs.class = 'pg_class'::regclass and needs.id = foreign_code.oid
)
select n.nspname::text, c.relname::text
from pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
where n.nspname = any ($1::text[])
  and c.oid not in (select oid from foreign_code)
  -- Operators and functions of a type of somebody else may be anything. Those of enums and of
  -- domains are PostgreSQL's.
  and not exists (
    select
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_type below
      on below.oid = case t.typtype when 'd' then t.typbasetype else t.typelem end
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and t.oid >= 16384 and t.typtype <> 'e'
      and (below.oid is null or below.oid >= 16384 and below.typtype <> 'e')
  )
