-- What is measured: a carrier's parcels, a river's levels, members' messages, and scans.
-- The same rows on every machine: everything is made of row numbers.

create role visitor nologin;
create role member nologin;
-- pgbench prepares its statements before it takes a role, so that this one needs the rights of both.
create role authenticator inherit login password 'throw-away';
grant visitor, member to authenticator;

create schema api;
grant usage on schema api to visitor, member;

create table api.carriers (
    id int primary key,
    name text not null,
    town text not null,
    rating numeric(3, 2) not null,
    fleet int not null,
    founded date not null,
    contact jsonb not null
);
insert into api.carriers
select n, 'Carrier ' || n, 'Town ' || n % 23, 1 + n % 400 / 100.0, 3 + n * 7 % 90,
    date '1950-01-01' + n * 37,
    jsonb_build_object('phone', '+49 ' || 100000 + n * 977, 'desk', n % 5)
from generate_series(1, 1000) n;

create table api.routes (
    id int primary key,
    carrier_id int not null references api.carriers,
    name text not null
);
insert into api.routes
select n, 1 + (n - 1) / 10, 'Route ' || n from generate_series(1, 500) n;
create index on api.routes (carrier_id);

create table api.parcels (
    id int primary key,
    route_id int not null references api.routes,
    label text not null,
    state text not null,
    weight_kg numeric(6, 2) not null
);
insert into api.parcels
select n, 1 + (n - 1) % 500, 'Parcel ' || left(md5(n::text), 8),
    (array['waiting', 'on its way', 'delivered', 'returned'])[1 + n % 4], n % 3000 / 100.0
from generate_series(1, 20000) n;
create index on api.parcels (route_id);

create table api.levels (
    day date primary key,
    samples int not null,
    mean_cm numeric(6, 2) not null,
    low_cm numeric(6, 2) not null,
    high_cm numeric(6, 2) not null,
    flow_m3s numeric(8, 3) not null,
    water_temp numeric(4, 1),
    rain_mm numeric(5, 1) not null,
    weekday text not null,
    week int not null,
    month int not null,
    year int not null
);
insert into api.levels
select d, 288 - n % 20, 180 + n * 131 % 9000 / 100.0, 150 + n * 17 % 3000 / 100.0,
    280 + n * 71 % 9000 / 100.0, 40 + n * 37 % 50000 / 1000.0,
    case when n % 31 <> 0 then 4 + n % 170 / 10.0 end, n * 13 % 300 / 10.0,
    trim(to_char(d, 'Day')), extract(week from d)::int, extract(month from d)::int,
    extract(year from d)::int
from (select n, date '2023-01-01' + n as d from generate_series(0, 729) n) days;

create function api.level_summary(days int) returns json language sql stable as $$
    select json_build_object(
        'days', count(*), 'mean_cm', round(avg(mean_cm), 2), 'lowest_cm', min(low_cm),
        'highest_cm', max(high_cm), 'rain_mm', sum(rain_mm)
    )
    from api.levels
    where day > (select max(day) from api.levels) - days
$$;

create table api.messages (
    id int primary key,
    owner text not null,
    subject text not null,
    body text not null,
    sent_at timestamptz not null
);
insert into api.messages
select n, 'm' || n % 100, 'Subject ' || n, 'The body of message ' || n || ', ' || md5(n::text),
    timestamptz '2024-01-01 00:00:00+00' + n * interval '7 minutes'
from generate_series(1, 20000) n;
create index on api.messages (owner, id);
alter table api.messages enable row level security;
create policy own on api.messages to member
using (owner = (select current_setting('request.jwt.claims', true)::json ->> 'member'));

create table api.scans (
    id bigint primary key,
    scanned_at timestamptz not null,
    place text not null,
    device text not null,
    operator int,
    took_ms numeric(8, 3) not null,
    ok boolean not null,
    note text not null,
    tags text[] not null,
    detail jsonb not null
);
insert into api.scans
select n, timestamptz '2024-06-01 00:00:00+00' + n * interval '11 seconds', 'Hall ' || n % 12,
    'scanner-' || n % 40, nullif(n % 17, 0), n % 5000 + n % 1000 / 1000.0, n % 9 <> 0,
    'Scan ' || md5(n::text) || ' said "fine", then stopped; na' || chr(239) || 've ' || n,
    array['t' || n % 7, 'tag ' || n % 13],
    jsonb_build_object(
        'belt', n % 256, 'codes', jsonb_build_array(n, n + 1), 'path', '/belt/' || n,
        'timing', jsonb_build_object('read', n % 90, 'sort', n % 70 + 0.5)
    )
from generate_series(1, 12000) n;

create table api.intake (
    id bigint generated always as identity primary key,
    label text not null,
    pieces int not null,
    weight_kg numeric(6, 2),
    received_at timestamptz not null default now(),
    detail jsonb
);

grant select on api.carriers, api.routes, api.parcels, api.levels, api.scans to visitor;
grant execute on function api.level_summary to visitor;
grant select on api.messages to member;
grant insert, select on api.intake to member;
