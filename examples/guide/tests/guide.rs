//! The guide is true: its script loads, its snapshot is what the script makes, its program prints
//! what it says, and so does everything that follows.

#![allow(
    clippy::unnecessary_operation,
    clippy::unwrap_used,
    reason = "a test may panic, and the guide's pieces are blocks within blocks"
)]

use std::{error::Error, process::Command};

use phlo_core::{
    db::Database,
    dsl::select,
    exec::introspect::{Options, introspect},
};
use phlo_postgres::Server;
use sqlx::PgPool;

phlo_core::include_schema!(mod api);
use api::films::{self, Films};

#[tokio::test]
async fn the_guide_is_true() {
    let server = Server::start().unwrap();
    server.execute("postgres", include_str!(concat!(env!("OUT_DIR"), "/films.sql"))).unwrap();
    let uri = server.uri("postgres");

    let program = Command::new(env!("CARGO_BIN_EXE_phlo-example-guide"))
        .env("DATABASE_URL", &uri)
        .output()
        .unwrap();
    let printed = String::from_utf8(program.stdout).unwrap();
    assert_eq!(printed, include_str!(concat!(env!("OUT_DIR"), "/main.txt")));

    let pool = PgPool::connect(&uri).await.unwrap();
    let options = Options { schemas: vec!["api".into()], ..Options::default() };
    let schema = introspect(&mut pool.acquire().await.unwrap(), &options).await.unwrap();
    let snapshot = api::schema().unwrap();
    assert!(schema.tables().eq(snapshot.tables()), "pull the snapshot again");
    assert!(schema.all_routines().eq(snapshot.all_routines()), "pull the snapshot again");

    let mut told = String::new();
    rest(Database::new(pool, snapshot), &mut told).await.unwrap();
    assert_eq!(told, include_str!(concat!(env!("OUT_DIR"), "/rest.txt")));
}

/// Everything after the program, in one go.
async fn rest(db: Database<PgPool>, told: &mut String) -> Result<(), Box<dyn Error>> {
    macro_rules! println {
        ($($what:tt)*) => {{
            told.push_str(&format!($($what)*));
            told.push('\n');
        }};
    }
    include!(concat!(env!("OUT_DIR"), "/rest.rs"));
    Ok(())
}
