create schema api;

create type api.rating as enum ('all', 'adults');

create table api.directors (
    id bigint primary key generated always as identity,
    name text not null unique
);

create table api.films (
    id bigint primary key generated always as identity,
    title text not null unique,
    year integer,
    rating api.rating not null default 'all',
    director_id bigint references api.directors
);
comment on table api.films is 'Films that were shown somewhere.';

create function api.films_of_decade(decade integer) returns setof api.films language sql stable
    as 'select * from api.films where year between decade and decade + 9';

create function api.average_year() returns numeric language sql stable
    as 'select avg(year) from api.films';

insert into api.directors (name) values ('Scott'), ('Cameron');
insert into api.films (title, year, rating, director_id) values
    ('Alien', 1979, 'adults', 1),
    ('Blade Runner', 1982, 'all', 1),
    ('Aliens', 1986, 'adults', 2);

-- Whoever is a viewer sees what is for all.
do $$ begin create role viewer; exception when duplicate_object then null; end $$;
grant usage on schema api to viewer;
grant select on api.films, api.directors to viewer;
alter table api.films enable row level security;
create policy for_viewers on api.films for select to viewer using (rating = 'all');
