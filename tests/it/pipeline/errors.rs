//! The first error is the answer, nothing of the transaction is kept, and the connection goes on.

use std::sync::Arc;

use phlo_core::plan::{Access, Guard};
use phlo_core::{
    Code,
    exec::{End, Executor, Transaction, pipeline::Pool},
    schema::Isolation,
    sql::Param,
};

use super::support::{ask, database_and_pool, read, run, settings, sql, statement, value, write};

/// The code of the error, after which the same connection works.
async fn fails(pool: &Pool, transaction: &Transaction) -> String {
    let pid = run(pool, "select pg_backend_pid()").await.unwrap();
    let error = pool.run(transaction).await.unwrap_err();
    assert_eq!(run(pool, "select pg_backend_pid()").await.unwrap(), pid, "{error:?}");
    error.code().to_owned()
}

#[tokio::test]
async fn each_step_can_fail() {
    let (uri, pool) = database_and_pool("errors", 1).await;
    sql(
        &uri,
        "create table t(id int primary key); insert into t values (1);
         create function boom() returns void language plpgsql as
         $$ begin raise sqlstate 'PT402' using message = 'm', detail = 'd', hint = 'h'; end $$",
    )
    .await;

    for isolation in [None, Some(Isolation::RepeatableRead)] {
        for round in ["cold", "warm"] {
            let select = Transaction { isolation, ..read("postgres", "select 1, 1", &[]) };
            let nobody =
                Transaction { settings: settings("nobody_at_all", "{}"), ..select.clone() };
            assert_eq!(fails(&pool, &nobody).await, "22023", "{round}");
            let main = Transaction {
                main: Arc::new(statement("select * from nothing", &[])),
                ..select.clone()
            };
            assert_eq!(fails(&pool, &main).await, "42P01", "{round}");
            let pre = Transaction {
                pre_request: Some(statement("select boom()", &[])),
                ..select.clone()
            };
            assert_eq!(fails(&pool, &pre).await, "PT402", "{round}");
            let after = Transaction { after: Some(statement("select 1/0", &[])), ..select.clone() };
            assert_eq!(fails(&pool, &after).await, "22012", "{round}");
            let insert = "insert into t values (2) returning id, 1";
            let read_only =
                Transaction { main: Arc::new(statement(insert, &[])), ..select.clone() };
            assert_eq!(fails(&pool, &read_only).await, "25006", "{round}");
            let value =
                Transaction { main: Arc::new(statement("select $1::int", &["x"])), ..select };
            assert_eq!(fails(&pool, &value).await, "22P02", "{round}");
        }
    }
    assert_eq!(ask(&uri, "select count(*) from t").await, "1");
}

#[tokio::test]
async fn the_server_s_words_are_kept() {
    let (uri, pool) = database_and_pool("errors_words", 1).await;
    sql(
        &uri,
        "create table t(id int constraint positive check (id > 0));
         create function boom() returns void language plpgsql as
         $$ begin raise sqlstate 'PT402' using message = 'm', detail = 'd', hint = 'h'; end $$",
    )
    .await;
    let error = pool.run(&read("postgres", "select boom()", &[])).await.unwrap_err();
    assert_eq!(error.kind(), Code::Database);
    assert_eq!((error.code(), error.message()), ("PT402", "m"));
    assert_eq!(error.details().and_then(|it| it.as_str()), Some("d"));
    assert_eq!(error.hint(), Some("h"));
    let error = pool.run(&write("postgres", "insert into t values (0)", &[])).await.unwrap_err();
    let database = error.as_database().unwrap();
    assert_eq!((error.code(), database.constraint.as_deref()), ("23514", Some("positive")));
}

#[tokio::test]
async fn a_deferred_constraint_fails_at_the_end() {
    let (uri, pool) = database_and_pool("errors_deferred", 1).await;
    sql(
        &uri,
        "create table a(id int primary key);
         create table b(a int references a deferrable initially deferred)",
    )
    .await;
    let insert = write("postgres", "insert into b values (7) returning a, 1", &[]);
    assert_eq!(fails(&pool, &insert).await, "23503");
    let undone = Transaction { end: End::Rollback, ..insert.clone() };
    assert_eq!(fails(&pool, &undone).await, "23503");
    let guarded = Transaction { guard: Some(Guard::Singular), ..insert.clone() };
    assert_eq!(fails(&pool, &guarded).await, "23503");
    let isolated = Transaction { isolation: Some(Isolation::Serializable), ..insert };
    assert_eq!(fails(&pool, &isolated).await, "23503");
    assert_eq!(ask(&uri, "select count(*) from b").await, "0");
}

#[tokio::test]
async fn a_guard_that_is_not_met_undoes_the_write() {
    let (uri, pool) = database_and_pool("errors_guard", 1).await;
    sql(&uri, "create table t(id int); insert into t values (1), (2)").await;
    let delete = "with d as (delete from t where id <= $1 returning 1) \
                  select null, (select count(*) from d)";
    let guarded = |most: &str, guard| Transaction {
        guard: Some(guard),
        ..write("postgres", delete, &[most])
    };
    assert_eq!(fails(&pool, &guarded("2", Guard::Singular)).await, "PGRST116");
    assert_eq!(fails(&pool, &guarded("2", Guard::MaxAffected(1))).await, "PGRST124");
    assert_eq!(fails(&pool, &guarded("0", Guard::PutKey)).await, "PGRST115");
    assert_eq!(ask(&uri, "select count(*) from t").await, "2");
    let undone = Transaction { end: End::Rollback, ..guarded("2", Guard::Singular) };
    assert_eq!(fails(&pool, &undone).await, "PGRST116");

    // An error comes before the guard.
    let broken = Transaction { guard: Some(Guard::Singular), ..write("postgres", "x", &[]) };
    assert_eq!(fails(&pool, &broken).await, "42601");
    pool.run(&guarded("1", Guard::Singular)).await.unwrap();
    assert_eq!(ask(&uri, "select count(*) from t").await, "1");
    let select = "select null, count(*) from t where id > $1";
    let reading = |guard| Transaction { guard: Some(guard), ..read("postgres", select, &["5"]) };
    assert_eq!(fails(&pool, &reading(Guard::Singular)).await, "PGRST116");
}

#[tokio::test]
async fn isolation_levels_are_those_asked_for() {
    let (_, pool) = database_and_pool("errors_isolation", 1).await;
    let show = "select current_setting('transaction_isolation') || ',' || \
                current_setting('transaction_read_only')";
    for (isolation, expected) in [
        (None, "read committed"),
        (Some(Isolation::ReadCommitted), "read committed"),
        (Some(Isolation::RepeatableRead), "repeatable read"),
        (Some(Isolation::Serializable), "serializable"),
    ] {
        for (access, read_only) in [(Access::ReadOnly, "on"), (Access::ReadWrite, "off")] {
            for end in [End::Commit, End::Rollback] {
                let plain = match access {
                    Access::ReadOnly => read("postgres", show, &[]),
                    Access::ReadWrite => write("postgres", show, &[]),
                };
                let transaction = Transaction { isolation, end, ..plain };
                let results = pool.run(&transaction).await.unwrap();
                let expected = format!("{expected},{read_only}");
                assert_eq!(value(&results), Some(expected.as_str()));
            }
        }
    }
}

#[tokio::test]
async fn a_reader_cannot_make_itself_a_writer() {
    let (uri, pool) = database_and_pool("errors_reader", 1).await;
    sql(
        &uri,
        "create table t(id int);
         create function sneak() returns void language plpgsql as $$ begin
           perform set_config('transaction_read_only', 'off', true);
           insert into t values (1);
         end $$",
    )
    .await;
    assert_eq!(fails(&pool, &read("postgres", "select sneak()", &[])).await, "25001");
    assert_eq!(ask(&uri, "select count(*) from t").await, "0");
}

#[tokio::test]
async fn parameters_arrive_as_they_are() {
    let (_, pool) = database_and_pool("errors_params", 1).await;
    let mut transaction = read("postgres", "select $1::bytea, $2::text, $3::int, $4::text", &[]);
    Arc::make_mut(&mut transaction.main).params = vec![
        Param::Binary(vec![0, 1, 255]),
        Param::Text("'; drop table t; -- é".to_owned()),
        Param::Null,
        Param::Text(String::new()),
    ];
    let results = pool.run(&transaction).await.unwrap();
    let row: Vec<_> = results.main[0].iter().map(Option::as_deref).collect();
    let text = "'; drop table t; -- é".as_bytes();
    assert_eq!(row, [Some(br"\x0001ff".as_ref()), Some(text), None, Some(b"".as_ref())]);
    // The server refuses what no text of its can hold.
    Arc::make_mut(&mut transaction.main).params[1] = Param::Text("a\0b".to_owned());
    assert_eq!(fails(&pool, &transaction).await, "22021");
}
