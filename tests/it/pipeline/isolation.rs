//! Nothing of one request reaches another: roles, claims, rows, permissions, settings.

use phlo_core::exec::{Executor, Transaction};

use super::support::{ask, database_and_pool, read, run, settings, sql, statement, value};

#[tokio::test]
async fn permissions_are_not_inherited_with_a_statement() {
    let (uri, pool) = database_and_pool("isolation_roles", 1).await;
    sql(
        &uri,
        "create role may; create role may_not;
         create function f() returns setof int language sql stable as 'select 42';
         revoke execute on function f() from public;
         grant execute on function f() to may",
    )
    .await;
    let call = |role| read(role, "select * from f()", &[]);
    for _ in 0..8 {
        assert_eq!(value(&pool.run(&call("may")).await.unwrap()), Some("42"));
        assert_eq!(pool.run(&call("may_not")).await.unwrap_err().code(), "42501");
    }
}

#[tokio::test]
async fn users_see_their_own_rows_only() {
    let (uri, pool) = database_and_pool("isolation_rows", 3).await;
    sql(
        &uri,
        "create role isolated;
         create table t(owner text, n int);
         insert into t select 'u' || (n % 8), n from generate_series(1, 800) n;
         alter table t enable row level security;
         create policy own on t using
           (owner = current_setting('request.jwt.claims')::json ->> 'sub');
         grant select on t to isolated",
    )
    .await;
    let mut users = tokio::task::JoinSet::new();
    for user in 0..8 {
        let pool = pool.clone();
        users.spawn(async move {
            let claims = format!("{{\"sub\":\"u{user}\"}}");
            let transaction = Transaction {
                settings: settings("isolated", &claims),
                ..read("isolated", "select owner, n from t", &[])
            };
            let me = format!("u{user}");
            for _ in 0..200 {
                let results = pool.run(&transaction).await.unwrap();
                assert_eq!(results.main.len(), 100);
                for row in &results.main {
                    assert_eq!(row[0].as_deref(), Some(me.as_bytes()));
                }
            }
        });
    }
    while let Some(user) = users.join_next().await {
        user.unwrap();
    }
    assert!(pool.status().opened <= 3);
}

#[tokio::test]
async fn settings_end_with_the_transaction() {
    let (uri, pool) = database_and_pool("isolation_settings", 1).await;
    sql(&uri, "create role visitor").await;
    let state = "select current_user || ',' || current_setting('search_path') || ',' || \
                 coalesce(current_setting('request.jwt.claims', true), '')";
    for _ in 0..2 {
        let results = pool.run(&read("visitor", state, &[])).await.unwrap();
        assert_eq!(value(&results), Some("visitor,public,{}"));
        let plain = Transaction { settings: statement("select 1", &[]), ..read("", state, &[]) };
        let results = pool.run(&plain).await.unwrap();
        assert_eq!(value(&results), Some("postgres,\"$user\", public,"));
    }
}

#[tokio::test]
async fn what_a_function_leaves_in_the_session_decides_nothing() {
    let (uri, pool) = database_and_pool("isolation_leftovers", 1).await;
    sql(
        &uri,
        "create role first_guest; create role second_guest; create table t(id int);
         create schema evil; grant usage on schema evil to public;
         create function evil.set_config(text, text, boolean) returns text language sql
           as 'insert into public.t values (1) returning null::text'",
    )
    .await;
    // A function may set parameters for the session, its role and search path among them.
    let leave = read(
        "first_guest",
        "select set_config('request.jwt.claims', '{\"sub\":\"mallory\"}', false), \
         set_config('app.note', 'left', false), set_config('role', 'first_guest', false), \
         set_config('search_path', 'evil, pg_catalog', false)",
        &[],
    );
    let state = "select current_user || ',' || current_setting('search_path') || ',' || \
                 current_setting('request.jwt.claims') || ',' || \
                 current_setting('transaction_read_only') || ',' || \
                 coalesce(current_setting('app.note', true), '')";
    for _ in 0..2 {
        pool.run(&leave).await.unwrap();
        let results = pool.run(&read("second_guest", state, &[])).await.unwrap();
        assert_eq!(value(&results), Some("second_guest,public,{},on,left"));
    }
    assert_eq!(ask(&uri, "select count(*) from t").await, "0");
    assert_eq!(pool.status().opened, 1);
}

#[tokio::test]
async fn a_time_limit_among_the_settings_holds() {
    let (_, pool) = database_and_pool("isolation_timeout", 1).await;
    let limited = |milliseconds, query| Transaction {
        settings: statement("select set_config('statement_timeout', $1, true)", &[milliseconds]),
        ..read("postgres", query, &[])
    };
    for _ in 0..2 {
        let slow = limited("50", "select pg_sleep(5)");
        assert_eq!(pool.run(&slow).await.unwrap_err().code(), "57014");
        pool.run(&limited("5000", "select pg_sleep(0.1)")).await.unwrap();
    }
    let limit = run(&pool, "select current_setting('statement_timeout')").await.unwrap();
    assert_eq!(limit.as_deref(), Some("0"));
}
