//! The lakehouse sample in a real database: who sees what, and what stays hidden.
//!
//! Everything is asked through `psql`, as the service would: logged in as `authenticator`, with the
//! role and the claims set for one transaction. No part of the service is involved.

mod reading;
mod rights;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

use phlo_http::demo::sample::SCRIPTS;
use phlo_tests::{Database, LAKEHOUSE_PASSWORD, cluster, load_lakehouse};

const ANON: Caller<'_> = Caller { role: "anon", claims: r#"{"role":"anon"}"# };
const USER: Caller<'_> = Caller {
    role: "authenticated",
    claims: r#"{"role":"authenticated","sub":"someone","user_id":"someone_001"}"#,
};
const ANALYST: Caller<'_> = Caller {
    role: "analyst",
    claims: r#"{"role":"analyst","sub":"analyst","username":"analyst","user_id":"analyst_001","email":"analyst@phlo.local"}"#,
};
const ADMIN: Caller<'_> = Caller {
    role: "admin",
    claims: r#"{"role":"admin","sub":"admin","username":"admin","user_id":"admin_001","email":"admin@phlo.local"}"#,
};

/// Who asks.
#[derive(Clone, Copy)]
struct Caller<'a> {
    role: &'a str,
    claims: &'a str,
}

/// A database that holds the sample.
struct Sample(Database);

/// A fresh copy of the sample.
fn sample() -> Sample {
    Sample(Database::lakehouse())
}

impl Sample {
    /// As the owner of the cluster.
    fn ask(&self, sql: &str) -> String {
        self.0.execute(sql)
    }

    /// As the service does it: in a transaction with the caller's role and claims.
    fn try_as(&self, caller: Caller<'_>, sql: &str) -> Result<String, String> {
        let Caller { role, claims } = caller;
        self.try_as_authenticator(&format!(
            "begin;
             set local role {role};
             select set_config('request.jwt.claims', '{claims}', true) \\g /dev/null
             {sql};
             commit;"
        ))
    }

    fn ask_as(&self, caller: Caller<'_>, sql: &str) -> String {
        self.try_as(caller, sql).unwrap()
    }

    /// The code of the error that the database answers with.
    fn refusal(&self, caller: Caller<'_>, sql: &str) -> String {
        match self.try_as(caller, sql) {
            Ok(rows) => panic!("{} may {sql}: {rows}", caller.role),
            Err(error) => code(&error),
        }
    }

    /// As the service before it takes on a role.
    fn try_as_authenticator(&self, sql: &str) -> Result<String, String> {
        let mut psql = cluster().psql(self.0.name()).unwrap();
        psql.env("PGUSER", "authenticator").env("PGPASSWORD", LAKEHOUSE_PASSWORD);
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-"]);
        run(psql, sql)
    }
}

/// Runs `psql` with a script, and returns what it prints, or what it complains about.
fn run(mut psql: Command, sql: &str) -> Result<String, String> {
    let mut child =
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap().trim_end().to_owned());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

/// From `psql:<stdin>:4: ERROR:  42501: permission denied ...`.
fn code(error: &str) -> String {
    let (_, rest) = error.split_once("ERROR:  ").unwrap_or_else(|| panic!("{error}"));
    rest.split(':').next().unwrap().to_owned()
}

const READABLE: [&str; 4] = [
    "api.glucose_readings",
    "api.glucose_daily_summary",
    "api.glucose_hourly_patterns",
    "api.annotations",
];

#[test]
fn loading_it_again_changes_nothing() {
    let sample = sample();
    // Everything that matters about roles, objects, rights and rows.
    let state = "
        select rolname, rolcanlogin, rolinherit, rolconfig from pg_roles order by 1;
        select roleid::regrole, member::regrole from pg_auth_members order by 1, 2;
        select nspname, nspowner::regrole, nspacl from pg_namespace order by 1;
        select oid::regclass, relowner::regrole, relacl, relrowsecurity, reloptions from pg_class
            where relnamespace::regnamespace::text in ('api', 'auth', 'marts') order by 1;
        select attrelid::regclass, attname, attacl from pg_attribute where attacl is not null
            and attrelid::regclass::text like 'api.%' order by 1, 2;
        select oid::regprocedure, proowner::regrole, proacl from pg_proc
            where pronamespace::regnamespace::text in ('api', 'auth', 'marts') order by 1;
        select * from pg_policies order by 1, 2, 3;
        select tgrelid::regclass, tgname from pg_trigger where not tgisinternal order by 1, 2;
        table auth.users order by 1;
        table api.annotations order by 1;
        table marts.mrt_glucose_overview order by 1;
        table marts.mrt_glucose_hourly_patterns order by 1, 2;
        table marts.days order by 1;";
    let before = sample.ask(state);
    load_lakehouse(sample.0.name()).unwrap();
    assert_eq!(sample.ask(state), before);
    assert!(before.lines().count() > 730 + 168 + 730);
}

#[test]
fn each_script_can_be_sent_as_one_query() {
    // No password for the service is set here: the server keeps the one that it has.
    let sample = Sample(Database::empty());
    for (name, sql) in SCRIPTS {
        let mut psql = cluster().psql(sample.0.name()).unwrap();
        // With -c the text goes to the server as it is.
        psql.args(["-Xq", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        run(psql, "").unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(sample.ask_as(ANALYST, "select count(*) from api.glucose_readings"), "730");
}

#[test]
fn several_databases_of_a_cluster_can_be_loaded_at_once() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| load_lakehouse(Database::empty().name()).unwrap());
        }
    });
}

#[test]
fn it_survives_publications() {
    let sample = sample();
    let embed = "select count(*) from api.annotations a join api.glucose_readings r using
                 (reading_date)";
    assert_eq!(sample.ask_as(ADMIN, embed), "3");

    // As the platform does it.
    sample.ask(
        "begin;
         create temporary table staged as select * from marts.mrt_glucose_overview;
         truncate marts.mrt_glucose_overview;
         insert into marts.mrt_glucose_overview select * from staged;
         insert into marts.mrt_glucose_overview (reading_date, reading_count, avg_glucose_mg_dl)
         select max(reading_date) + 1, 288, 100 from staged;
         commit;",
    );
    let count = "select count(*) from api.glucose_readings";
    assert_eq!(sample.ask_as(ADMIN, count), "731");
    assert_eq!(sample.ask_as(USER, count), "91");
    assert_eq!(sample.refusal(ANON, count), "42501");
    assert_eq!(sample.ask_as(ADMIN, embed), "3");
    let tomorrow = "insert into api.annotations (reading_date, body)
                    select max(reading_date), 'New' from api.glucose_readings returning 1";
    assert_eq!(sample.ask_as(ANALYST, tomorrow), "1");

    // Days that are published no longer keep their annotations, but are not seen.
    sample.ask("call marts.publish_sample((now() at time zone 'utc')::date - 400, 100)");
    assert_eq!(sample.ask_as(ADMIN, count), "100");
    assert_eq!(sample.ask_as(USER, count), "0");
    assert_eq!(sample.ask_as(ADMIN, "select count(*) from api.annotations"), "4");
    assert_eq!(sample.ask_as(ADMIN, embed), "0");
}

#[test]
fn the_same_last_day_gives_the_same_readings() {
    let sample = sample();
    let digest = "call marts.publish_sample('2025-06-30', 50);
                  select md5(string_agg(t::text, '' order by reading_date))
                  from marts.mrt_glucose_overview t";
    assert_eq!(sample.ask(digest), sample.ask(digest));
}
