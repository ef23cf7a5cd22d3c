-- Invented readings: two years up to today. The same last day gives the same rows, because all
-- noise comes from a hash of what it is for.
set role lakehouse_owner;

-- Nearly normal, mean 0, deviation 1: four uniform numbers from the four quarters of a hash.
create or replace function marts.noise(label text) returns double precision
language sql immutable strict parallel safe
return sqrt(3) * (
    ('x' || substr(md5(label), 1, 8))::bit(32)::bigint / 4294967296.0
    + ('x' || substr(md5(label), 9, 8))::bit(32)::bigint / 4294967296.0
    + ('x' || substr(md5(label), 17, 8))::bit(32)::bigint / 4294967296.0
    + ('x' || substr(md5(label), 25, 8))::bit(32)::bigint / 4294967296.0
    - 2
);
comment on function marts.noise(text) is
    'Noise of mean 0 and deviation 1 that depends on its label alone';

-- Rounds a double precision number, which the function of PostgreSQL doesn't.
create or replace function marts.rounded(value double precision, digits int)
returns double precision
language sql immutable strict parallel safe
return round(value::numeric, digits)::double precision;
comment on function marts.rounded(double precision, int) is
    'A number rounded to some decimal places';

-- A logistic curve, near enough to that of a normal distribution.
create or replace function marts.share_below(
    value double precision, mean double precision, deviation double precision
) returns double precision
language sql immutable strict parallel safe
return 100 / (1 + exp(1.702 * (mean - value) / deviation));
comment on function marts.share_below(double precision, double precision, double precision) is
    'Percentage of readings below a value';

create or replace function marts.bump(
    value double precision, peak double precision, width double precision
) returns double precision
language sql immutable strict parallel safe
return exp(-power((value - peak) / width, 2));
comment on function marts.bump(double precision, double precision, double precision) is
    'A bell curve of height 1';

create or replace procedure marts.publish_sample(last_day date, days int)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    truncate marts.mrt_glucose_overview, marts.mrt_glucose_hourly_patterns;

    insert into marts.mrt_glucose_overview
    with day as (
        select last_day - i as reading_date, i from generate_series(0, days - 1) i
    ), shape as materialized (
        select
            reading_date,
            -- It gets better over two years, is worse in winter and at weekends.
            marts.rounded(
                136 + 12.0 * i / 730
                + 6 * cos(2 * pi() * extract(doy from reading_date)::float8 / 365.25)
                + case when extract(isodow from reading_date) >= 6 then 4 else 0 end
                + 9 * marts.noise('mean ' || reading_date), 1) as mean,
            marts.rounded(
                greatest(38 + 6 * marts.noise('deviation ' || reading_date), 14), 1) as deviation,
            -- One reading every five minutes; the sensor misses some.
            288 - floor(8 * marts.noise('missed ' || reading_date) ^ 2)::bigint as readings
        from day
    ), share as (
        select
            shape.*,
            marts.rounded(marts.share_below(70, mean, deviation), 1) as below,
            marts.rounded(100 - marts.share_below(180, mean, deviation), 1) as above,
            marts.rounded(3.31 + 0.02392 * mean, 2) as a1c
        from shape
    )
    select
        reading_date,
        to_char(reading_date, 'FMDay'),
        extract(week from reading_date),
        extract(month from reading_date),
        extract(year from reading_date),
        readings,
        mean,
        greatest(40, floor(mean - deviation * (2.2 + 0.2 * marts.noise('low ' || reading_date)))),
        least(400, ceil(mean + deviation * (2.8 + 0.3 * marts.noise('high ' || reading_date)))),
        deviation,
        marts.rounded(100 - below - above, 1),
        below,
        above,
        a1c,
        marts.rounded(avg(a1c) over (order by reading_date rows 6 preceding), 2),
        marts.rounded(mean - lag(mean) over (order by reading_date), 1),
        marts.rounded(100 * deviation / mean, 1)
    from share
    order by reading_date;

    insert into marts.mrt_glucose_hourly_patterns
    with shape as materialized (
        select
            hour, weekday,
            138 - 14 * marts.bump(hour, 3, 2.5)     -- the night
                + 16 * marts.bump(hour, 6, 2.0)     -- the rise before waking
                + 24 * marts.bump(hour, 9, 1.6)     -- breakfast
                + 20 * marts.bump(hour, 14, 1.8)    -- lunch
                + 26 * marts.bump(hour, 20, 2.0)    -- dinner
                + case when weekday >= 6 then 5 else 0 end
                + 4 * marts.noise(format('mean %s %s', weekday, hour)) as mean,
            34 + 5 * marts.noise(format('deviation %s %s', weekday, hour)) as deviation,
            54 + floor(2 * marts.noise(format('missed %s %s', weekday, hour))) as readings
        from generate_series(0, 23) hour, generate_series(1, 7) weekday
    )
    select
        hour,
        weekday,
        to_char(date '2024-01-01' + (weekday - 1), 'FMDay'),
        readings,
        marts.rounded(mean, 1),
        round(mean - 2),
        round(mean - 0.674 * deviation),
        round(mean + 0.674 * deviation),
        round((marts.share_below(180, mean, deviation)
               - marts.share_below(70, mean, deviation))::numeric, 1),
        marts.rounded(deviation, 1)
    from shape
    order by weekday, hour;
end
$$;
comment on procedure marts.publish_sample(date, int) is
    'Replaces what is published by invented readings of some days up to the last one';

call marts.publish_sample((now() at time zone 'utc')::date, 730);
analyze marts.mrt_glucose_overview, marts.mrt_glucose_hourly_patterns, marts.days;

reset role;
