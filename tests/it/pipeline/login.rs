//! Passwords and encryption.

use phlo_core::{
    Code,
    exec::pipeline::{Pool, PoolOptions},
};

use super::support::{ask, config, database, pool, run, sql};

#[tokio::test]
async fn a_password_is_checked() {
    let uri = database("login").await;
    sql(&uri, "create role ada login password 'sesame'").await;
    let method = "select auth_method from pg_hba_file_rules where 'host' = type limit 1";
    assert_eq!(ask(&uri, method).await, "scram-sha-256");
    let authority = uri.split_once("://").and_then(|(_, rest)| rest.split_once('@')).unwrap();
    let login = |login: &str| format!("postgresql://{login}@{}", authority.1);
    let user = "select current_user";
    let ask_as = |login: String| async move {
        let pool = Pool::new(config(&login), PoolOptions::default()).unwrap();
        run_as_login(&pool, user).await
    };
    assert_eq!(ask_as(login("ada:sesame")).await.unwrap().as_deref(), Some("ada"));

    for (wrong, reason) in [
        ("ada:wrong", "FATAL: password authentication failed for user \"ada\""),
        ("bob:sesame", "FATAL: password authentication failed for user \"bob\""),
        ("ada", "no password supplied"),
    ] {
        let error = ask_as(login(wrong)).await.unwrap_err();
        assert_eq!(error.kind(), Code::Connection);
        let details = error.details().and_then(|it| it.as_str()).unwrap().to_owned();
        assert!(details.ends_with(reason), "{details}");
        assert!(!format!("{error:?}").contains("sesame"));
    }
    let late = config(&login("ada")).with_password("sesame");
    let pool = Pool::new(late, PoolOptions::default()).unwrap();
    assert_eq!(run_as_login(&pool, user).await.unwrap().as_deref(), Some("ada"));
}

/// Without changing the role.
async fn run_as_login(pool: &Pool, query: &str) -> phlo_core::Result<Option<String>> {
    use super::support::{statement, value, write};
    use phlo_core::exec::{Executor, Transaction};
    let transaction = Transaction { settings: statement("select 1", &[]), ..write("", query, &[]) };
    Ok(value(&pool.run(&transaction).await?).map(str::to_owned))
}

#[tokio::test]
async fn encryption_is_as_asked_for() {
    let uri = database("login_tls").await;
    let encrypted = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";
    let with = |options: &str| pool(&format!("{uri}?{options}"), 1);
    let error = run(&with("sslmode=require"), encrypted).await.unwrap_err();
    let details = error.details().and_then(|it| it.as_str()).unwrap();
    assert!(details.ends_with("server does not support SSL, but SSL was required"), "{details}");
    for mode in ["disable", "allow", "prefer"] {
        let answer = run(&with(&format!("sslmode={mode}")), encrypted).await.unwrap();
        assert_eq!(answer.as_deref(), Some("false"), "{mode}");
    }

    let files = tempfile::tempdir().unwrap();
    let (key, cert) = (files.path().join("key.pem"), files.path().join("cert.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    turn_on_tls(&uri, &key, &cert).await;

    let root = format!("sslrootcert={}", cert.display());
    let local =
        |options: &str| pool(&format!("{}?{options}", uri.replace("127.0.0.1", "localhost")), 1);
    for (options, expected) in [
        ("sslmode=disable".to_owned(), "false"),
        ("sslmode=prefer".to_owned(), "true"),
        ("sslmode=require".to_owned(), "true"),
        ("sslmode=require&channel_binding=require".to_owned(), "true"),
        (format!("sslmode=require&{root}"), "true"),
        (format!("sslmode=verify-ca&{root}"), "true"),
    ] {
        let answer = run(&with(&options), encrypted).await.unwrap();
        assert_eq!(answer.as_deref(), Some(expected), "{options}");
    }
    let full = format!("sslmode=verify-full&{root}");
    assert_eq!(run(&local(&full), encrypted).await.unwrap().as_deref(), Some("true"));

    let wrong_host = run(&with(&full), encrypted).await.unwrap_err();
    let details = wrong_host.details().and_then(|it| it.as_str()).unwrap();
    assert!(details.contains("certificate not valid for name"), "{details}");
    let untrusted = run(&local("sslmode=verify-full"), encrypted).await.unwrap_err();
    let details = untrusted.details().and_then(|it| it.as_str()).unwrap();
    assert!(details.contains("invalid peer certificate"), "{details}");
    assert!(run(&with("sslmode=disable&channel_binding=require"), encrypted).await.is_err());

    // A request that is given up is stopped over an encrypted connection, too.
    let pool = with("sslmode=require");
    let pid = run(&pool, "select pg_backend_pid()").await.unwrap();
    let slow = run(&pool, "select pg_sleep(30)::text");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), slow).await.is_err());
    assert_eq!(run(&pool, "select pg_backend_pid()").await.unwrap(), pid);
    // And much goes through it.
    let much = run(&pool, "select repeat('x', 5000000)").await.unwrap().unwrap();
    assert_eq!(much.len(), 5_000_000);
}

/// Has the server write its key and certificate itself, so that they belong to whom they must.
async fn turn_on_tls(uri: &str, key: &std::path::Path, cert: &std::path::Path) {
    let folder = ask(uri, "current_setting('data_directory')").await;
    for (name, path) in [("test.key", key), ("test.crt", cert)] {
        let text = std::fs::read_to_string(path).unwrap();
        sql(
            uri,
            &format!(
                "copy (select unnest(string_to_array('{}', chr(10)))) \
                 to program 'umask 077; cat > ''{folder}/{name}'''",
                text.trim_end()
            ),
        )
        .await;
    }
    sql(uri, "alter system set ssl_key_file = 'test.key'").await;
    sql(uri, "alter system set ssl_cert_file = 'test.crt'").await;
    sql(uri, "alter system set ssl = on").await;
    sql(uri, "select pg_reload_conf()").await;
    for _ in 0..100 {
        if ask(uri, "current_setting('ssl')").await == "on" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the server did not turn encryption on");
}
