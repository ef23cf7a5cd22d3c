-- What can be read. Each view runs with the rights of whoever reads it (security_invoker), so that
-- the row security of the tables below it holds; a view runs with those of its owner otherwise.
set role lakehouse_owner;

-- The day comes from marts.days, the table that annotations refer to: this is how the service
-- knows that annotations belong to the rows of these two views.
create or replace view api.glucose_readings with (security_invoker = true) as
select
    d.reading_date,
    o.day_name,
    o.week_of_year,
    o.month,
    o.year,
    o.reading_count,
    o.avg_glucose_mg_dl,
    o.min_glucose_mg_dl,
    o.max_glucose_mg_dl,
    o.time_in_range_pct,
    o.time_below_range_pct,
    o.time_above_range_pct,
    o.estimated_a1c_pct,
    o.coefficient_of_variation
from marts.mrt_glucose_overview o
join marts.days d on d.reading_date = o.reading_date;

comment on view api.glucose_readings is
'Glucose readings by day
One row for each day with readings. Signed-in users see the last 90 days, analysts and administrators all of them.';
comment on column api.glucose_readings.reading_date is 'The day';
comment on column api.glucose_readings.day_name is 'Its name: Monday to Sunday';
comment on column api.glucose_readings.week_of_year is 'Its ISO week: 1 to 53';
comment on column api.glucose_readings.month is 'Its month: 1 to 12';
comment on column api.glucose_readings.year is 'Its year';
comment on column api.glucose_readings.reading_count is 'How many readings there were; one every five minutes makes 288';
comment on column api.glucose_readings.avg_glucose_mg_dl is 'Their mean, in mg/dL';
comment on column api.glucose_readings.min_glucose_mg_dl is 'The lowest, in mg/dL';
comment on column api.glucose_readings.max_glucose_mg_dl is 'The highest, in mg/dL';
comment on column api.glucose_readings.time_in_range_pct is 'Percentage between 70 and 180 mg/dL';
comment on column api.glucose_readings.time_below_range_pct is 'Percentage below 70 mg/dL';
comment on column api.glucose_readings.time_above_range_pct is 'Percentage above 180 mg/dL';
comment on column api.glucose_readings.estimated_a1c_pct is 'Glucose management indicator, in percent: 3.31 + 0.02392 x mean';
comment on column api.glucose_readings.coefficient_of_variation is 'Standard deviation in percent of the mean';

create or replace view api.glucose_daily_summary with (security_invoker = true) as
select
    d.reading_date,
    o.day_name,
    o.week_of_year,
    o.month,
    o.year,
    o.reading_count,
    o.avg_glucose_mg_dl,
    o.time_in_range_pct,
    o.estimated_a1c_pct,
    o.estimated_a1c_7d_avg
from marts.mrt_glucose_overview o
join marts.days d on d.reading_date = o.reading_date
order by d.reading_date desc;

comment on view api.glucose_daily_summary is
'Summary of each day, the newest first
The rows are those of glucose_readings.';
comment on column api.glucose_daily_summary.reading_date is 'The day';
comment on column api.glucose_daily_summary.day_name is 'Its name: Monday to Sunday';
comment on column api.glucose_daily_summary.week_of_year is 'Its ISO week: 1 to 53';
comment on column api.glucose_daily_summary.month is 'Its month: 1 to 12';
comment on column api.glucose_daily_summary.year is 'Its year';
comment on column api.glucose_daily_summary.reading_count is 'How many readings there were';
comment on column api.glucose_daily_summary.avg_glucose_mg_dl is 'Their mean, in mg/dL';
comment on column api.glucose_daily_summary.time_in_range_pct is 'Percentage between 70 and 180 mg/dL';
comment on column api.glucose_daily_summary.estimated_a1c_pct is 'Glucose management indicator, in percent';
comment on column api.glucose_daily_summary.estimated_a1c_7d_avg is 'Its mean over this day and the six before';

create or replace view api.glucose_hourly_patterns with (security_invoker = true) as
select
    hour_of_day,
    day_of_week,
    day_name,
    reading_count,
    avg_glucose_mg_dl,
    median_glucose_mg_dl,
    p25_glucose_mg_dl,
    p75_glucose_mg_dl,
    time_in_range_pct,
    stddev_glucose_mg_dl
from marts.mrt_glucose_hourly_patterns
order by day_of_week, hour_of_day;

comment on view api.glucose_hourly_patterns is
'Glucose by hour and weekday
168 rows over the last 30 days, Monday first. Every signed-in user sees all of them.';
comment on column api.glucose_hourly_patterns.hour_of_day is 'The hour: 0 to 23';
comment on column api.glucose_hourly_patterns.day_of_week is 'The weekday: 1 for Monday to 7 for Sunday';
comment on column api.glucose_hourly_patterns.day_name is 'Its name';
comment on column api.glucose_hourly_patterns.reading_count is 'How many readings there were';
comment on column api.glucose_hourly_patterns.avg_glucose_mg_dl is 'Their mean, in mg/dL';
comment on column api.glucose_hourly_patterns.median_glucose_mg_dl is 'Their median, in mg/dL';
comment on column api.glucose_hourly_patterns.p25_glucose_mg_dl is 'A quarter of them were lower, in mg/dL';
comment on column api.glucose_hourly_patterns.p75_glucose_mg_dl is 'A quarter of them were higher, in mg/dL';
comment on column api.glucose_hourly_patterns.time_in_range_pct is 'Percentage between 70 and 180 mg/dL';
comment on column api.glucose_hourly_patterns.stddev_glucose_mg_dl is 'Their standard deviation, in mg/dL';

reset role;
