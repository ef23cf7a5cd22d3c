//! The lakehouse sample as a program of its own: a report on glucose readings, as an analyst sees
//! them, and notes that the analyst makes.
//!
//! `cargo run -p phlo-example-lakehouse` starts a PostgreSQL of its own and loads the sample.

use std::error::Error;

use api::{
    annotations::{self, Annotations},
    functions::GlucoseStatistics,
    glucose_daily_summary::{self as summary, GlucoseDailySummary},
    glucose_hourly_patterns::{self as patterns, GlucoseHourlyPatterns},
    glucose_readings::{self as readings, GlucoseReadings},
};
use phlo_core::{
    db::Database,
    dsl::{count_rows, delete, insert, select, update},
    exec::pipeline::{Config, Pool, PoolOptions},
};
use serde_json::json;

phlo_core::include_schema!(mod api);

/// The sample, in the order of the numbers of its files.
const SCRIPTS: [&str; 9] = [
    include_str!("../sql/01_roles.sql"),
    include_str!("../sql/02_schemas.sql"),
    include_str!("../sql/03_users.sql"),
    include_str!("../sql/04_marts.sql"),
    include_str!("../sql/05_readings.sql"),
    include_str!("../sql/06_annotations.sql"),
    include_str!("../sql/07_views.sql"),
    include_str!("../sql/08_functions.sql"),
    include_str!("../sql/09_access.sql"),
];

const PASSWORD: &str = "only for this run";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = phlo_postgres::Server::start()?;
    let db = connect(&server).await?;
    for line in report(&db).await? {
        println(&line);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn println(line: &str) {
    println!("{line}");
}

/// Loads the sample and logs in as the service does: as a role that may do nothing but become
/// others.
async fn connect(server: &phlo_postgres::Server) -> Result<Database<Pool>, Box<dyn Error>> {
    let mut owner =
        <sqlx::PgConnection as sqlx::Connection>::connect(&server.uri("postgres")).await?;
    sqlx::query("select set_config('phlo.authenticator_password', $1, false)")
        .bind(PASSWORD)
        .execute(&mut owner)
        .await?;
    for script in SCRIPTS {
        sqlx::raw_sql(script).execute(&mut owner).await?;
    }
    let uri = server.uri_as("authenticator", Some(PASSWORD), "postgres");
    let pool = Pool::new(Config::parse(&uri, &|_| None)?, PoolOptions::default())?;
    Ok(Database::new(pool, api::schema()?))
}

/// What an analyst wants to know.
async fn report(db: &Database<Pool>) -> Result<Vec<String>, Box<dyn Error>> {
    let claims = json!({"username": "analyst", "user_id": "analyst_001"});
    let analyst = db.as_role("analyst").claims(claims.as_object().cloned().unwrap_or_default());
    let mut lines = Vec::new();

    let days = analyst.count(select(GlucoseReadings)).await?;
    lines.push(format!("{days} days of readings"));

    let worst = select(GlucoseReadings)
        .columns((readings::READING_DATE, readings::TIME_IN_RANGE_PCT))
        .filter(readings::TIME_IN_RANGE_PCT.lt(70.0))
        .order(readings::TIME_IN_RANGE_PCT.asc())
        .limit(3);
    for (day, in_range) in analyst.all(worst).await? {
        if let (Some(day), Some(in_range)) = (day, in_range) {
            lines.push(format!("a bad day: {day}, {in_range:.1} % in range"));
        }
    }

    let by_weekday = select(GlucoseDailySummary)
        .columns((summary::DAY_NAME, count_rows(), summary::AVG_GLUCOSE_MG_DL.avg()))
        .order(summary::DAY_NAME.asc());
    for (day, days, mean) in analyst.all(by_weekday).await? {
        let day = day.unwrap_or_default();
        lines.push(format!("{day}: {:.0} mg/dl on {days} days", mean.unwrap_or_default()));
    }

    let mornings = select(GlucoseHourlyPatterns)
        .columns((patterns::HOUR_OF_DAY, patterns::MEDIAN_GLUCOSE_MG_DL))
        .filter(patterns::HOUR_OF_DAY.gte(6) & patterns::HOUR_OF_DAY.lt(9))
        .order(patterns::HOUR_OF_DAY.asc())
        .limit(3);
    lines.push(format!("mornings: {:?}", analyst.all(mornings).await?));

    let statistics = analyst.call(GlucoseStatistics { period_days: Some(7) }).await?;
    let keys = statistics.as_ref().and_then(|it| it.as_object()).map_or(0, serde_json::Map::len);
    lines.push(format!("the last week in {keys} numbers"));

    let day = select(GlucoseReadings)
        .columns(readings::READING_DATE)
        .order(readings::READING_DATE.desc())
        .limit(1);
    if let Some(day) = analyst.one(day).await? {
        let note = annotations::Insert::new(day, "slept badly");
        let id = analyst.one(insert(note).returning(annotations::ID)).await?;
        let better = annotations::Update { body: Some("slept well".into()), ..Default::default() };
        let changed = update(better).filter(annotations::ID.eq(id));
        let (author, body) =
            analyst.one(changed.returning((annotations::AUTHOR, annotations::BODY))).await?;
        lines.push(format!("{author} notes: {body}"));
        let gone = analyst.execute(delete(Annotations).filter(annotations::ID.eq(id))).await?;
        lines.push(format!("{gone} note taken back"));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_report_is_that_of_an_analyst() {
        let server = phlo_postgres::Server::builder().oldest_version(15).start().unwrap();
        let db = connect(&server).await.unwrap();
        let lines = report(&db).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line.contains(" mg/dl on ")).count(), 7, "{lines:?}");
        let notes = ["analyst_001 notes: slept well", "1 note taken back"];
        assert_eq!(lines.iter().rev().take(2).rev().collect::<Vec<_>>(), notes);
        // Somebody who hasn't signed in sees no readings.
        let error = db.as_role("anon").count(select(GlucoseReadings)).await.unwrap_err();
        assert_eq!(error.code(), "42501");
    }

    /// The snapshot is what the scripts make.
    #[tokio::test]
    async fn the_snapshot_is_up_to_date() {
        use phlo_core::exec::introspect::{Options, introspect};
        let server = phlo_postgres::Server::builder().oldest_version(15).start().unwrap();
        connect(&server).await.unwrap();
        let uri = server.uri("postgres");
        let mut owner = <sqlx::PgConnection as sqlx::Connection>::connect(&uri).await.unwrap();
        let options = Options { schemas: vec!["api".into()], ..Options::default() };
        let now = introspect(&mut owner, &options).await.unwrap().contents();
        let then = api::schema().unwrap().contents();
        // Types and the version are those of the server, whichever it is.
        assert_eq!((now.tables, now.routines), (then.tables, then.routines));
    }
}
