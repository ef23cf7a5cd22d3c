//! What each caller reads and writes through the views, functions and annotations of the sample.

use super::{ADMIN, ANALYST, ANON, Caller, READABLE, USER, sample};

#[test]
fn anonymous_callers_see_nothing_but_that_it_lives() {
    let sample = sample();
    for relation in READABLE.into_iter().chain(["api.user_me"]) {
        assert_eq!(sample.refusal(ANON, &format!("table {relation}")), "42501", "{relation}");
    }
    for call in ["api.glucose_statistics()", "api.user_info()", "api.user_me()"] {
        assert_eq!(sample.refusal(ANON, &format!("select {call}")), "42501", "{call}");
    }
    assert_eq!(
        sample.ask_as(ANON, "select api.health()"),
        r#"{"status" : "healthy", "service" : "phlo-api"}"#
    );
}

#[test]
fn each_role_sees_its_rows() {
    let sample = sample();
    let counts = |caller| {
        READABLE.map(|relation| sample.ask_as(caller, &format!("select count(*) from {relation}")))
    };
    assert_eq!(counts(USER), ["90", "90", "168", "0"]);
    assert_eq!(counts(ANALYST), ["730", "730", "168", "2"]);
    assert_eq!(counts(ADMIN), ["730", "730", "168", "3"]);
    // A time zone ahead of UTC must not move the window.
    let sql = "set local timezone = 'Pacific/Kiritimati'; select count(*), max(reading_date) =
               (now() at time zone 'utc')::date from api.glucose_readings";
    assert_eq!(sample.ask_as(USER, sql), "90|t");
}

#[test]
fn tables_below_the_views_cannot_be_reached_by_clients() {
    let sample = sample();
    for caller in [ANON, USER, ANALYST, ADMIN] {
        for table in ["marts.mrt_glucose_overview", "marts.days", "auth.users"] {
            assert_eq!(sample.refusal(caller, &format!("table {table}")), "42501");
        }
        for view in ["api.glucose_readings", "api.glucose_hourly_patterns"] {
            assert_ne!(sample.refusal(caller, &format!("delete from {view}")), "");
        }
    }
}

#[test]
fn views_are_in_their_order() {
    let sample = sample();
    let sql = "select array_agg(reading_date) = array_agg(reading_date order by reading_date desc)
               from api.glucose_daily_summary";
    assert_eq!(sample.ask_as(ANALYST, sql), "t");
    let sql = "select array_agg(day_of_week * 24 + hour_of_day) =
               array_agg(day_of_week * 24 + hour_of_day order by day_of_week, hour_of_day)
               from api.glucose_hourly_patterns";
    assert_eq!(sample.ask_as(USER, sql), "t");
}

#[test]
fn the_readings_make_sense() {
    let sample = sample();
    let sql = "select count(*), max(reading_date) - min(reading_date),
                      max(reading_date) = (now() at time zone 'utc')::date
               from api.glucose_readings
               where min_glucose_mg_dl between 40 and avg_glucose_mg_dl
                 and max_glucose_mg_dl between avg_glucose_mg_dl and 400
                 and reading_count between 1 and 288
                 and abs(time_in_range_pct + time_below_range_pct + time_above_range_pct - 100)
                     < 0.05
                 and day_name = to_char(reading_date, 'FMDay')
                 and year = extract(year from reading_date)";
    assert_eq!(sample.ask_as(ADMIN, sql), "730|729|t");
    let sql = "select count(distinct (hour_of_day, day_name)) from api.glucose_hourly_patterns
               where p25_glucose_mg_dl < median_glucose_mg_dl
                 and median_glucose_mg_dl < p75_glucose_mg_dl
                 and hour_of_day between 0 and 23 and day_of_week between 1 and 7
                 and time_in_range_pct between 0 and 100";
    assert_eq!(sample.ask_as(ADMIN, sql), "168");
}

#[test]
fn statistics_are_those_of_the_period() {
    let sample = sample();
    let expected = "select json_build_object(
            'period_days', 7,
            'avg_glucose_mg_dl', round(avg(avg_glucose_mg_dl)::numeric, 1),
            'min_glucose_mg_dl', min(min_glucose_mg_dl),
            'max_glucose_mg_dl', max(max_glucose_mg_dl),
            'avg_time_in_range_pct', round(avg(time_in_range_pct)::numeric, 1),
            'avg_estimated_a1c_pct', round(avg(estimated_a1c_pct)::numeric, 2),
            'readings_count', sum(reading_count))
        from (select * from marts.mrt_glucose_overview order by reading_date desc limit 8) newest";
    let seven = sample.ask_as(ANALYST, "select api.glucose_statistics(7)");
    assert_eq!(seven, sample.ask(expected));
    assert_eq!(
        sample.ask_as(ADMIN, "select api.glucose_statistics()"),
        sample.ask_as(ADMIN, "select api.glucose_statistics(period_days => 30)")
    );
    sample.ask_as(ANALYST, "select api.glucose_statistics(1), api.glucose_statistics(365)");
    for bad in ["0", "366", "-1", "null"] {
        let sql = format!("select api.glucose_statistics({bad})");
        assert_eq!(sample.refusal(ANALYST, &sql), "22023");
    }
    // They would be those of 90 days, whatever was asked for.
    assert_eq!(sample.refusal(USER, "select api.glucose_statistics()"), "42501");
}

#[test]
fn the_signed_in_user_is_who_the_token_says() {
    let sample = sample();
    let admin = r#"{"user_id" : "admin_001", "username" : "admin", "email" : "admin@phlo.local", "role" : "admin"}"#;
    assert_eq!(sample.ask_as(ADMIN, "select api.user_info()"), admin);
    assert_eq!(sample.ask_as(ADMIN, "select api.user_me()"), admin);
    assert_eq!(sample.ask_as(ADMIN, "table api.user_me"), "admin_001|admin|admin@phlo.local|admin");
    // A token of the earlier service has only `sub`.
    let name = sample.ask_as(USER, "select api.user_info() ->> 'username'");
    assert_eq!(name, "someone");
    let nameless = Caller { role: "analyst", claims: r#"{"role":"analyst"}"# };
    assert_eq!(sample.refusal(nameless, "select api.user_info()"), "PT401");
    let unset = Caller { role: "analyst", claims: "" };
    assert_eq!(sample.refusal(unset, "table api.user_me"), "PT401");
}

#[test]
fn annotations_belong_to_their_authors() {
    let sample = sample();
    let add = "insert into api.annotations (reading_date, body)
               select max(reading_date), 'Mine' from api.glucose_readings returning author";
    assert_eq!(sample.ask_as(ANALYST, add), "analyst_001");
    let authors = "select string_agg(distinct author, ' ' order by author) from api.annotations";
    assert_eq!(sample.ask_as(ANALYST, authors), "analyst_001");
    assert_eq!(sample.ask_as(ADMIN, authors), "admin_001 analyst_001");

    let change = "with changed as (update api.annotations set body = 'Changed' returning 1)
                  select count(*) from changed";
    assert_eq!(sample.ask_as(ANALYST, change), "3");
    assert_eq!(sample.ask("select count(*) from api.annotations where body = 'Changed'"), "3");
    assert_eq!(sample.ask_as(ADMIN, change), "4");
    let touched = "select count(*) from api.annotations where updated_at > created_at";
    assert_eq!(sample.ask(touched), "4");

    let steal = "insert into api.annotations (reading_date, author, body)
                 values (current_date, 'admin_001', 'Not mine')";
    assert_eq!(sample.refusal(ANALYST, steal), "42501");
    let give = "update api.annotations set author = 'admin_001'";
    assert_eq!(sample.refusal(ANALYST, give), "42501");

    let remove = "with gone as (delete from api.annotations returning 1)
                  select count(*) from gone";
    assert_eq!(sample.ask_as(USER, remove), "0");
    assert_eq!(sample.ask_as(ANALYST, remove), "3");
    assert_eq!(sample.ask_as(ADMIN, remove), "1");
}

#[test]
fn annotations_are_checked() {
    let sample = sample();
    let insert = |date: &str, body: &str| {
        format!("insert into api.annotations (reading_date, body) values ({date}, {body})")
    };
    let today = "(now() at time zone 'utc')::date";
    sample.ask_as(ANALYST, &insert(today, "'Fine'"));
    assert_eq!(sample.refusal(ANALYST, &insert(today, "''")), "23514");
    assert_eq!(sample.refusal(ANALYST, &insert(today, "repeat('x', 2001)")), "23514");
    assert_eq!(sample.refusal(ANALYST, &insert("'1999-01-01'", "'No such day'")), "23503");
    // Not a user of this service.
    assert_eq!(sample.refusal(USER, &insert(today, "'Nobody'")), "23503");
    let nameless = Caller { role: "analyst", claims: "{}" };
    assert_eq!(sample.refusal(nameless, &insert(today, "'Nobody'")), "42501");
}
