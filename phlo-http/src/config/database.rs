//! Settings that the database holds: of the connection's own role, of the function that
//! `db-pre-config` names, and of the roles that requests can have.
//!
//! Runs its own constant statements, and hands on what it reads as plain values.

use std::collections::BTreeMap;

use phlo_core::schema::Isolation;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::config::{keys::KEYS, values::FunctionName};

/// What the database says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Settings, named without their prefix: `db_schemas`. A name stands here once.
    pub settings: Vec<(String, String)>,
    /// What holds for requests of each role.
    pub roles: BTreeMap<String, RoleSettings>,
}

/// What `ALTER ROLE ... SET` says of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Parameters and values, to be set before the role is taken on: some need a permission that
    /// the connection's role has and the request's may not have.
    pub settings: Vec<(String, String)>,
    /// Its `default_transaction_isolation`, which is not among the settings.
    pub isolation: Option<Isolation>,
}

/// The settings that `ALTER ROLE` gives the connection's own role; those for this database win.
const OWN_SETTINGS: &str = "\
select distinct on (name) name, value
from pg_catalog.pg_db_role_setting s
  cross join lateral unnest(s.setconfig) as setting
  cross join lateral (
    select
      substr(setting, 1, strpos(setting, '=') - 1),
      substr(setting, strpos(setting, '=') + 1)
  ) as pair(name, value)
where s.setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and s.setdatabase in (
    0, (select oid from pg_catalog.pg_database where datname = current_database())
  )
  and name = any($1)
order by name, s.setdatabase desc";

/// The settings that are in force in the transaction.
const CURRENT_SETTINGS: &str = "\
select name, current_setting(name, true) as value
from unnest($1) as name
where current_setting(name, true) is not null";

/// The settings of the roles that the connection's role is a member of, as far as it may set them.
const ROLE_SETTINGS: &str = "\
select r.rolname::text, pair.name, pair.value
from pg_catalog.pg_auth_members m
  join pg_catalog.pg_roles r on r.oid = m.roleid
  cross join lateral unnest(r.rolconfig) as setting
  cross join lateral (
    select
      substr(setting, 1, strpos(setting, '=') - 1),
      substr(setting, strpos(setting, '=') + 1)
  ) as pair(name, value)
  join pg_catalog.pg_settings p on p.name = pair.name
where m.member = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and (p.context = 'user' or ";

/// PostgreSQL 15 can grant a single parameter to a role.
const GRANTED: &str = "has_parameter_privilege(current_user, p.name, 'set'))
order by r.rolname, pair.name";

/// Before that, only what all may set.
const NOT_GRANTED: &str = "false)
order by r.rolname, pair.name";

/// Reads everything that the database says.
///
/// A setting counts that stands, first found first: with the role for this database, with the role,
/// or in what the function has set with `set_config('pgrst.<name>', <value>, true)`. The function
/// may not write. What it has set stays known to its connection as empty text, so that a
/// connection that is opened for this is the best one to use.
///
/// # Errors
///
/// What the database says, such as that there is no such function.
pub async fn read(
    connection: &mut PgConnection,
    pre_config: Option<&FunctionName>,
) -> Result<DatabaseSettings, sqlx::Error> {
    let mut transaction = connection.begin_with("begin read only").await?;
    let names: Vec<_> = KEYS
        .iter()
        .filter(|key| key.in_database)
        .map(|key| format!("pgrst.{}", key.name.replace('-', "_")))
        .collect();
    let mut found = Vec::new();
    if let Some(function) = pre_config {
        // OK because the name is quoted; there is no other way to call a function by its name.
        let call = AssertSqlSafe(format!("select * from {}()", function.quoted()));
        sqlx::query(call).execute(&mut *transaction).await?;
        found = sqlx::query_as::<_, (String, String)>(CURRENT_SETTINGS)
            .bind(&names)
            .fetch_all(&mut *transaction)
            .await?;
    }
    let own = sqlx::query_as::<_, (String, String)>(OWN_SETTINGS)
        .bind(&names)
        .fetch_all(&mut *transaction)
        .await?;
    let (version,) =
        sqlx::query_as::<_, (i32,)>("select current_setting('server_version_num')::int4")
            .fetch_one(&mut *transaction)
            .await?;
    let granted = if version >= 150_000 { GRANTED } else { NOT_GRANTED };
    let roles = sqlx::query_as(AssertSqlSafe(format!("{ROLE_SETTINGS}{granted}")))
        .fetch_all(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    Ok(DatabaseSettings { settings: merge(found, own), roles: by_role(roles) })
}

/// Puts what counts more over what counts less, and takes the prefix off.
fn merge(less: Vec<(String, String)>, more: Vec<(String, String)>) -> Vec<(String, String)> {
    let merged: BTreeMap<_, _> = less.into_iter().chain(more).collect();
    let plain = |name: String| name.strip_prefix("pgrst.").map(str::to_owned).unwrap_or(name);
    merged.into_iter().map(|(name, value)| (plain(name), value)).collect()
}

/// Sorts rows of role, parameter and value.
fn by_role(rows: Vec<(String, String, String)>) -> BTreeMap<String, RoleSettings> {
    let mut roles = BTreeMap::<_, RoleSettings>::new();
    for (role, name, value) in rows {
        let role = roles.entry(role).or_default();
        if name == "default_transaction_isolation" {
            // PostgreSQL treats `read uncommitted`, the level left over, as `read committed`.
            role.isolation = Some(Isolation::parse(&value).unwrap_or(Isolation::ReadCommitted));
        } else {
            role.settings.push((name, value));
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_role_wins_over_the_function() {
        let function = pairs(&[("pgrst.db_anon_role", "f"), ("pgrst.jwt_aud", "f")]);
        let role = pairs(&[("pgrst.db_tx_end", "r"), ("pgrst.jwt_aud", "r")]);
        assert_eq!(
            merge(function, role),
            pairs(&[("db_anon_role", "f"), ("db_tx_end", "r"), ("jwt_aud", "r")])
        );
    }

    #[test]
    fn isolation_is_set_apart() {
        let rows = [
            ("a", "statement_timeout", "5s"),
            ("a", "work_mem", "3MB"),
            ("b", "default_transaction_isolation", "REPEATABLE READ"),
            ("c", "default_transaction_isolation", "read uncommitted"),
        ];
        let rows = rows.map(|(role, name, value)| (role.into(), name.into(), value.into()));
        let roles = by_role(rows.to_vec());
        assert_eq!(
            roles["a"],
            RoleSettings {
                settings: pairs(&[("statement_timeout", "5s"), ("work_mem", "3MB")]),
                isolation: None
            }
        );
        assert_eq!(roles["b"].isolation, Some(Isolation::RepeatableRead));
        assert_eq!(roles["c"].isolation, Some(Isolation::ReadCommitted));
        assert!(roles["b"].settings.is_empty());
    }
}
