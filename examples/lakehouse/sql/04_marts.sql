-- The tables that the data platform publishes, with the names and types of its models.
--
-- They may be emptied and filled at any time, while requests are running.
set role lakehouse_owner;

create table if not exists marts.mrt_glucose_overview (
    reading_date                 date primary key,
    day_name                     text,
    week_of_year                 bigint,
    month                        bigint,
    year                         bigint,
    reading_count                bigint,
    avg_glucose_mg_dl            double precision,
    min_glucose_mg_dl            bigint,
    max_glucose_mg_dl            bigint,
    stddev_glucose_mg_dl         double precision,
    time_in_range_pct            double precision,
    time_below_range_pct         double precision,
    time_above_range_pct         double precision,
    estimated_a1c_pct            double precision,
    estimated_a1c_7d_avg         double precision,
    glucose_change_from_prev_day double precision,
    coefficient_of_variation     double precision
);
comment on table marts.mrt_glucose_overview is 'One row for each day with readings';

create table if not exists marts.mrt_glucose_hourly_patterns (
    hour_of_day           bigint,
    day_of_week           bigint,
    day_name              text,
    reading_count         bigint,
    avg_glucose_mg_dl     double precision,
    median_glucose_mg_dl  bigint,
    p25_glucose_mg_dl     bigint,
    p75_glucose_mg_dl     bigint,
    time_in_range_pct     numeric,
    stddev_glucose_mg_dl  double precision,
    primary key (day_of_week, hour_of_day)
);
comment on table marts.mrt_glucose_hourly_patterns is
    'One row for each hour of each weekday, over the last 30 days';

-- A table that others refer to can't be truncated. So they refer to this one, which remembers each
-- day that was ever published and outlives publications.
create table if not exists marts.days (reading_date date primary key);
comment on table marts.days is 'Every day that was ever published';

create or replace function marts.remember_days() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    insert into marts.days select p.reading_date from published p on conflict do nothing;
    return null;
end
$$;
comment on function marts.remember_days() is 'Adds the days of a publication to marts.days';

create or replace trigger remember_days after insert on marts.mrt_glucose_overview
referencing new table as published
for each statement execute function marts.remember_days();

reset role;
