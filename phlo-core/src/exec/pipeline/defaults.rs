//! Completes a connection string with the environment, the password file and libpq's defaults.
//! Reads files only for the password and to see whether a server's socket is there.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    exec::pipeline::{
        config::{
            Address, ChannelBinding, Config, Host, Keepalive, Lookup, SslMode, TargetSession, Tls,
        },
        conninfo::{self, Settings, invalid},
        passfile,
    },
};

/// The keywords that have a variable.
const VARIABLES: &[(&str, &str)] = &[
    ("application_name", "PGAPPNAME"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("dbname", "PGDATABASE"),
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("options", "PGOPTIONS"),
    ("passfile", "PGPASSFILE"),
    ("password", "PGPASSWORD"),
    ("port", "PGPORT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("user", "PGUSER"),
];

/// Where servers put their sockets: Debian's folder and that of PostgreSQL itself.
const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp"];

/// Reads a connection string and fills in what it doesn't say.
pub(super) fn complete(text: &str, env: Lookup<'_>) -> Result<Config> {
    let mut settings = conninfo::split(text)?;
    settings.retain(|_, value| !value.is_empty());
    for (key, variable) in VARIABLES {
        if !settings.contains_key(*key)
            && let Some(value) = env(variable).filter(|value| !value.is_empty())
        {
            settings.insert((*key).to_owned(), value);
        }
    }

    let user = take(&mut settings, "user")
        .or_else(|| env("USER"))
        .or_else(|| env("LOGNAME"))
        .ok_or_else(|| invalid("no user name was given"))?;
    let database = take(&mut settings, "dbname").unwrap_or_else(|| user.clone());
    let mut hosts = hosts(&settings)?;
    add_passwords(&mut hosts, &settings, &user, &database, env);

    let fallback_name = take(&mut settings, "fallback_application_name");
    Ok(Config {
        hosts,
        user,
        database,
        application_name: take(&mut settings, "application_name").or(fallback_name),
        options: take(&mut settings, "options"),
        // libpq: zero and negative numbers mean no limit.
        connect_timeout: number(&settings, "connect_timeout")?
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
        tls: tls(&settings, env)?,
        channel_binding: match settings.get("channel_binding").map(String::as_str) {
            None | Some("prefer") => ChannelBinding::Prefer,
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            Some(_) => return Err(invalid_value("channel_binding")),
        },
        target: match settings.get("target_session_attrs").map(String::as_str) {
            None | Some("any") => TargetSession::Any,
            Some("read-write") => TargetSession::ReadWrite,
            Some("read-only") => TargetSession::ReadOnly,
            Some("primary") => TargetSession::Primary,
            Some("standby") => TargetSession::Standby,
            Some("prefer-standby") => TargetSession::PreferStandby,
            Some(_) => return Err(invalid_value("target_session_attrs")),
        },
        keepalive: keepalive(&settings)?,
    })
}

fn tls(settings: &Settings, env: Lookup<'_>) -> Result<Tls> {
    let system = settings.get("sslrootcert").is_some_and(|it| it == "system");
    let root_cert = match settings.get("sslrootcert") {
        Some(_) if system => None,
        Some(path) => Some(PathBuf::from(path)),
        None => env("HOME")
            .map(|home| Path::new(&home).join(".postgresql/root.crt"))
            .filter(|path| path.exists()),
    };
    let mode = match settings.get("sslmode").map(String::as_str) {
        // libpq: the system's root certificates are of use only if the host's name is checked.
        None if system => SslMode::VerifyFull,
        None | Some("prefer") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("allow") => SslMode::Allow,
        // libpq: with a root certificate, to require encryption means to check it.
        Some("require") if root_cert.is_some() => SslMode::VerifyCa,
        Some("require") => SslMode::Require,
        Some("verify-ca") => SslMode::VerifyCa,
        Some("verify-full") => SslMode::VerifyFull,
        Some(_) => return Err(invalid_value("sslmode")),
    };
    if system && mode != SslMode::VerifyFull {
        return Err(invalid("a weak sslmode may not be used with sslrootcert=system"));
    }
    let path = |key: &str| settings.get(key).map(PathBuf::from);
    Ok(Tls { mode, root_cert, client_cert: path("sslcert"), client_key: path("sslkey") })
}

fn keepalive(settings: &Settings) -> Result<Option<Keepalive>> {
    if number(settings, "keepalives")? == Some(0) {
        return Ok(None);
    }
    let seconds = |key| -> Result<Option<Duration>> {
        let given = number(settings, key)?.and_then(|it| u64::try_from(it).ok());
        Ok(given.filter(|it| *it > 0).map(Duration::from_secs))
    };
    Ok(Some(Keepalive {
        idle: seconds("keepalives_idle")?,
        interval: seconds("keepalives_interval")?,
        count: number(settings, "keepalives_count")?
            .and_then(|it| u32::try_from(it).ok())
            .filter(|it| *it > 0),
    }))
}

fn hosts(settings: &Settings) -> Result<Vec<Host>> {
    let list = |key: &str| -> Vec<&str> {
        settings.get(key).map(|it| it.split(',').map(str::trim).collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = names.len().max(addresses.len()).max(1);
    for (key, given) in [("host", names.len()), ("hostaddr", addresses.len())] {
        if given != 0 && given != count {
            return Err(invalid(format!(
                "could not match {given} entries of {key} to {count} hosts"
            )));
        }
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(invalid(format!("could not match {} ports to {count} hosts", ports.len())));
    }

    (0..count)
        .map(|i| {
            let port = match ports.get(i).or_else(|| ports.first()).filter(|it| !it.is_empty()) {
                // PostgreSQL has no port zero.
                Some(text) => match text.parse() {
                    Ok(port) if port > 0 => port,
                    _ => return Err(invalid_value("port")),
                },
                None => 5432,
            };
            let ip = match addresses.get(i).filter(|it| !it.is_empty()) {
                Some(text) => Some(text.parse().map_err(|_| invalid_value("hostaddr"))?),
                None => None,
            };
            let name = names.get(i).copied().unwrap_or_default();
            Ok(Host { address: address(name, ip, port), port, password: None })
        })
        .collect()
}

fn address(name: &str, ip: Option<IpAddr>, port: u16) -> Address {
    match (name, ip) {
        ("", Some(ip)) => Address::Tcp { name: ip.to_string(), ip: Some(ip) },
        ("", None) => default_address(port),
        (name, ip) if name.starts_with('/') && ip.is_none() => Address::Unix(PathBuf::from(name)),
        (name, ip) => Address::Tcp { name: name.to_owned(), ip: ip.or_else(|| name.parse().ok()) },
    }
}

fn default_address(port: u16) -> Address {
    let here = |folder: &&&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    match SOCKET_FOLDERS.iter().find(here) {
        Some(folder) if cfg!(unix) => Address::Unix(PathBuf::from(folder)),
        _ => Address::Tcp { name: "localhost".to_owned(), ip: None },
    }
}

fn add_passwords(
    hosts: &mut [Host],
    settings: &Settings,
    user: &str,
    database: &str,
    env: Lookup<'_>,
) {
    if let Some(password) = settings.get("password") {
        for host in hosts {
            host.password = Some(password.clone());
        }
        return;
    }
    let path = match (settings.get("passfile"), env("HOME")) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(home)) => Path::new(&home).join(".pgpass"),
        (None, None) => return,
    };
    // A password file that isn't there, or that others may read, is as good as none.
    let Some(text) = passfile::read(&path) else { return };
    for host in hosts {
        let name = match &host.address {
            Address::Tcp { name, .. } => name.as_str(),
            Address::Unix(folder) => match folder.to_str() {
                // libpq: `localhost` stands for the socket in its usual place.
                Some(folder) if SOCKET_FOLDERS.contains(&folder) => "localhost",
                Some(folder) => folder,
                None => continue,
            },
        };
        host.password = passfile::find(&text, name, host.port, database, user);
    }
}

fn take(settings: &mut Settings, key: &str) -> Option<String> {
    settings.remove(key)
}

fn number(settings: &Settings, key: &'static str) -> Result<Option<i64>> {
    settings.get(key).map(|it| it.trim().parse().map_err(|_| invalid_value(key))).transpose()
}

fn invalid_value(key: &str) -> Error {
    invalid(format!("invalid value of \"{key}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn tcp(name: &str) -> Address {
        Address::Tcp { name: name.to_owned(), ip: name.parse().ok() }
    }

    #[test]
    fn what_is_missing_has_a_default() {
        let config = complete("host=h user=u", &none).unwrap();
        assert_eq!(config.hosts, [Host { address: tcp("h"), port: 5432, password: None }]);
        assert_eq!((config.user.as_str(), config.database.as_str()), ("u", "u"));
        assert_eq!((config.tls.mode, config.target), (SslMode::Prefer, TargetSession::Any));
        assert_eq!(config.keepalive, Some(Keepalive::default()));
        let error = complete("host=h", &none).unwrap_err();
        assert_eq!(error.details().unwrap(), "no user name was given");
    }

    #[test]
    fn the_environment_comes_after_the_string() {
        let env = |name: &str| {
            let value = match name {
                "PGHOST" => "e",
                "PGPORT" => "7",
                "PGUSER" => "eu",
                "PGPASSWORD" => "ep",
                "PGDATABASE" => "ed",
                "PGSSLMODE" => "verify-full",
                "PGAPPNAME" => "ea",
                "PGOPTIONS" => "-c geqo=off",
                "PGCONNECT_TIMEOUT" => "3",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let config = complete("postgresql://u@/?fallback_application_name=f", &env).unwrap();
        let host = Host { address: tcp("e"), port: 7, password: Some("ep".to_owned()) };
        assert_eq!(config.hosts, [host]);
        assert_eq!((config.user.as_str(), config.database.as_str()), ("u", "ed"));
        assert_eq!(config.application_name.as_deref(), Some("ea"));
        assert_eq!(config.options.as_deref(), Some("-c geqo=off"));
        assert_eq!(config.connect_timeout, Some(Duration::from_secs(3)));
        assert_eq!(config.tls.mode, SslMode::VerifyFull);
    }

    #[test]
    fn several_hosts_have_their_own_ports() {
        let config = complete("host=a,/run/x,10.0.0.1 port=1,,3 user=u", &none).unwrap();
        let places: Vec<_> = config.hosts.into_iter().map(|it| (it.address, it.port)).collect();
        let folder = Address::Unix(PathBuf::from("/run/x"));
        assert_eq!(places, [(tcp("a"), 1), (folder, 5432), (tcp("10.0.0.1"), 3)]);

        let config = complete("host=a,b port=9 user=u hostaddr=10.0.0.1,::1", &none).unwrap();
        let last = Address::Tcp { name: "b".to_owned(), ip: Some("::1".parse().unwrap()) };
        assert_eq!(config.hosts.last().map(|it| (it.address.clone(), it.port)), Some((last, 9)));
    }

    #[test]
    fn a_root_certificate_is_used() {
        let mode = |text: &str| complete(&format!("user=u host=h {text}"), &none).map(|it| it.tls);
        assert_eq!(mode("sslmode=require").unwrap().mode, SslMode::Require);
        assert_eq!(mode("sslmode=require sslrootcert=/r").unwrap().mode, SslMode::VerifyCa);
        let system = mode("sslrootcert=system").unwrap();
        assert_eq!((system.mode, system.root_cert), (SslMode::VerifyFull, None));
        assert!(mode("sslrootcert=system sslmode=require").is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "port=0",
            "port=x",
            "port=1,2",
            "hostaddr=x",
            "host=a,b hostaddr=::1",
            "sslmode=maybe",
            "connect_timeout=soon",
            "target_session_attrs=none",
            "channel_binding=x",
        ] {
            assert!(complete(&format!("user=u {text}"), &none).is_err(), "{text}");
        }
    }

    #[test]
    fn no_password_is_printed() {
        let config = complete("postgres://u:hush@h", &none).unwrap();
        assert_eq!(config.hosts.first().and_then(|it| it.password.as_deref()), Some("hush"));
        assert!(!format!("{config:?}").contains("hush"));
    }
}
