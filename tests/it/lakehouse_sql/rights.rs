//! What nobody gets at: hashes, tables below the views, rights given by mistake.

use super::{ADMIN, ANALYST, ANON, READABLE, USER, code, sample};

#[test]
fn no_client_gets_at_hashes() {
    let sample = sample();
    for caller in [ANON, USER, ANALYST, ADMIN] {
        for sql in [
            "select password_hash from auth.users",
            "select * from auth.login_lookup('admin')",
            "select auth.login_upgrade('admin_001', 'a', 'b')",
            "select auth.login_succeeded('admin_001')",
            "select auth.login_failed('admin_001')",
        ] {
            assert_eq!(sample.refusal(caller, sql), "42501", "{} may {sql}", caller.role);
        }
    }
    assert_eq!(code(&sample.try_as_authenticator("table auth.users").unwrap_err()), "42501");
    // Even with rights that nobody meant to give.
    sample.ask(
        "grant usage on schema auth to anon, authenticated;
         grant all on auth.users to anon, authenticated;
         create policy careless on auth.users using (true);",
    );
    for caller in [ANON, USER, ANALYST, ADMIN] {
        assert_eq!(sample.ask_as(caller, "select count(*) from auth.users"), "0");
    }
}

#[test]
fn signing_in_finds_the_user_and_keeps_books() {
    let sample = sample();
    let ask = |sql: &str| sample.try_as_authenticator(sql).unwrap();
    let find = "select user_id, username, email, role, left(password_hash, 7), active
                from auth.login_lookup";
    assert_eq!(
        ask(&format!("{find}('admin')")),
        "admin_001|admin|admin@phlo.local|admin|$2b$12$|t"
    );
    assert_eq!(
        ask(&format!("{find}('inactive_user')")),
        "inactive_001|inactive_user|inactive@phlo.local|analyst|$2b$12$|f"
    );
    for name in ["Admin", "", "nobody", "admin' or true --"] {
        assert_eq!(ask(&format!("{find}('{}')", name.replace('\'', "''"))), "");
    }

    ask("select auth.login_failed('analyst_001'); select auth.login_failed('analyst_001')");
    let books = "select failed_logins, last_failed_at is not null, last_login_at is not null
                 from auth.users where user_id = 'analyst_001'";
    assert_eq!(sample.ask(books), "2|t|f");
    ask("select auth.login_succeeded('analyst_001')");
    assert_eq!(sample.ask(books), "0|t|t");

    let old = sample.ask("select password_hash from auth.users where user_id = 'admin_001'");
    let upgrade = |from: &str, to: &str| {
        ask(&format!("select auth.login_upgrade('admin_001', '{from}', '{to}')"))
    };
    assert_eq!(upgrade(&old, "$argon2id$v=19$new"), "t");
    assert_eq!(upgrade(&old, "$argon2id$v=19$late"), "f");
    let hash = "select password_hash from auth.login_lookup('admin')";
    assert_eq!(ask(hash), "$argon2id$v=19$new");
    let plain = "select auth.login_upgrade('admin_001', '$argon2id$v=19$new', 'admin123')";
    assert_eq!(code(&sample.try_as_authenticator(plain).unwrap_err()), "23514");
}

#[test]
fn the_service_has_no_rights_of_its_own() {
    let sample = sample();
    for relation in READABLE {
        let error = sample.try_as_authenticator(&format!("table {relation}")).unwrap_err();
        assert_eq!(code(&error), "42501");
    }
    let error = sample.try_as_authenticator("set role lakehouse_owner").unwrap_err();
    assert_eq!(code(&error), "42501");
    assert_eq!(sample.try_as_authenticator("show statement_timeout").unwrap(), "30s");
}

#[test]
fn nothing_is_left_open_by_mistake() {
    let sample = sample();
    let none = |what: &str, sql: &str| assert_eq!(sample.ask(sql), "", "{what}");
    let schemas = "('api', 'auth', 'marts')";
    none(
        "a table without row security",
        &format!(
            "select oid::regclass from pg_class where relkind in ('r', 'p')
             and relnamespace::regnamespace::text in {schemas} and not relrowsecurity"
        ),
    );
    none(
        "a table without a policy",
        &format!(
            "select oid::regclass from pg_class c where relkind in ('r', 'p')
             and relnamespace::regnamespace::text in {schemas}
             and not exists (select from pg_policy p where p.polrelid = c.oid)"
        ),
    );
    none(
        "a view that runs with the rights of its owner",
        &format!(
            "select oid::regclass from pg_class where relkind = 'v'
             and relnamespace::regnamespace::text in {schemas}
             and coalesce(not reloptions @> '{{security_invoker=true}}', true)"
        ),
    );
    none(
        "a routine that everyone may execute",
        &format!(
            "select oid::regprocedure from pg_proc
             where pronamespace::regnamespace::text in {schemas}
             and has_function_privilege('public', oid, 'execute')"
        ),
    );
    none(
        "a routine that lends rights without a search path of its own",
        &format!(
            "select oid::regprocedure from pg_proc
             where pronamespace::regnamespace::text in {schemas} and prosecdef
             and not coalesce(array_to_string(proconfig, ',') like '%search_path=%', false)"
        ),
    );
    none(
        "an object that a superuser owns",
        &format!(
            "select oid::regclass::text from pg_class
             where relnamespace::regnamespace::text in {schemas}
             and relowner::regrole::text <> 'lakehouse_owner'
             union all select oid::regprocedure::text from pg_proc
             where pronamespace::regnamespace::text in {schemas}
             and proowner::regrole::text <> 'lakehouse_owner'"
        ),
    );
}

#[test]
fn everything_exposed_is_explained() {
    let sample = sample();
    let sql = "select oid::regclass::text from pg_class
               where relnamespace = 'api'::regnamespace and relkind in ('r', 'v')
               and obj_description(oid, 'pg_class') is null
               union all
               select attrelid::regclass || '.' || attname from pg_attribute a
               join pg_class c on c.oid = attrelid
               where relnamespace = 'api'::regnamespace and relkind in ('r', 'v') and attnum > 0
               and not attisdropped and col_description(attrelid, attnum) is null
               union all
               select oid::regprocedure::text from pg_proc
               where pronamespace = 'api'::regnamespace
               and obj_description(oid, 'pg_proc') is null
               union all
               select nspname from pg_namespace
               where nspname in ('api', 'auth', 'marts')
               and obj_description(oid, 'pg_namespace') is null";
    assert_eq!(sample.ask(sql), "");
}

#[test]
fn every_role_of_a_request_has_a_time_limit() {
    let sample = sample();
    let sql = "select count(*) from pg_roles
               where rolname in ('authenticator', 'anon', 'authenticated', 'analyst', 'admin')
               and rolconfig @> '{statement_timeout=30s}'";
    assert_eq!(sample.ask(sql), "5");
}
