//! Splits a connection string, a URI or `keyword=value` pairs, into its settings. Knows libpq's
//! grammar and its keywords; knows nothing about defaults, the environment or files.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::error::{Code, Error, Result};

/// Settings by keyword. Lists of hosts are still one text, separated by commas.
pub(super) type Settings = BTreeMap<String, String>;

/// Keywords whose values are used.
const USED: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "options",
    "passfile",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

/// Keywords of libpq that change nothing here: they are about protocols that are not spoken, or
/// about details that have one way only.
const IGNORED: &[&str] = &[
    "client_encoding",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcompression",
    "sslsni",
    "tcp_user_timeout",
];

/// Splits a connection string.
pub(super) fn split(text: &str) -> Result<Settings> {
    let text = text.trim();
    let uri = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"));
    let settings = match uri {
        Some(rest) => split_uri(rest)?,
        None => split_pairs(text)?,
    };
    match settings
        .keys()
        .find(|key| !USED.contains(&key.as_str()) && !IGNORED.contains(&key.as_str()))
    {
        Some(unknown) => Err(invalid(format!("invalid connection option \"{unknown}\""))),
        None => Ok(settings),
    }
}

/// The error of a connection string that can't be used. Never give it the string itself: there may
/// be a password in it.
pub(super) fn invalid(details: impl Into<String>) -> Error {
    Error::new(Code::Connection, "Invalid database connection string.").with_details(details.into())
}

fn split_uri(rest: &str) -> Result<Settings> {
    let mut settings = Settings::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (login, hosts),
        None => ("", authority),
    };

    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let (hosts, ports) = split_hosts(hosts)?;
    let parts = [
        ("user", Some(user)),
        ("password", password),
        ("host", Some(hosts.as_str())),
        ("port", Some(ports.as_str())),
        ("dbname", Some(database)),
    ];
    for (key, value) in parts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            settings.insert(key.to_owned(), decode(value)?);
        }
    }

    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(invalid("missing \"=\" in the parameters of the URI"));
        };
        let (key, value) = (decode(key)?, decode(value)?);
        // libpq takes `ssl=true`, as other drivers write it.
        if key == "ssl" && value == "true" {
            settings.insert("sslmode".to_owned(), "require".to_owned());
        } else {
            settings.insert(key, value);
        }
    }
    Ok(settings)
}

/// `a:1,[::1],c` as a list of hosts and a list of ports.
fn split_hosts(text: &str) -> Result<(String, String)> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, ""),
                Some((host, rest)) => match rest.strip_prefix(':') {
                    Some(port) => (host, port),
                    None => return Err(invalid("something other than a port follows \"]\"")),
                },
                None => return Err(invalid("an IPv6 address without its \"]\"")),
            },
            None => one.split_once(':').unwrap_or((one, "")),
        };
        hosts.push(host);
        ports.push(port);
    }
    let named = |list: &[&str]| list.iter().any(|one| !one.is_empty());
    let join = |list: Vec<&str>| if named(&list) { list.join(",") } else { String::new() };
    Ok((join(hosts), join(ports)))
}

fn decode(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(invalid("a percent-encoded part of the URI is not text")),
    }
}

fn split_pairs(text: &str) -> Result<Settings> {
    let mut settings = Settings::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            key.push(c);
        }
        if key.is_empty() && chars.peek().is_none() {
            return Ok(settings);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            // The key is not repeated: in a broken string it may be part of a password.
            return Err(invalid("missing \"=\" after a keyword"));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}

        let mut value = String::new();
        let quoted = chars.next_if_eq(&'\'').is_some();
        loop {
            match chars.next() {
                Some('\\') => value.extend(chars.next()),
                Some('\'') if quoted => break,
                Some(c) if c.is_whitespace() && !quoted => break,
                Some(c) => value.push(c),
                None if quoted => return Err(invalid("a quoted value without its end")),
                None => break,
            }
        }
        settings.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Settings =
            expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(split(text).unwrap(), expected, "{text}");
    }

    fn refuse(text: &str, details: &str) {
        let error = split(text).unwrap_err();
        assert_eq!(error.details().and_then(|it| it.as_str()), Some(details), "{text}");
    }

    #[test]
    fn splits_uris() {
        check("postgresql://", &[]);
        check("postgres://h", &[("host", "h")]);
        check(
            "postgres://u%40x:p%3Aw@h:1234/d%2Fb?application_name=a%20b",
            &[
                ("user", "u@x"),
                ("password", "p:w"),
                ("host", "h"),
                ("port", "1234"),
                ("dbname", "d/b"),
                ("application_name", "a b"),
            ],
        );
        check("postgres://a:1,[::1]:2,c/", &[("host", "a,::1,c"), ("port", "1,2,")]);
        check("postgres://%2Ftmp/d", &[("host", "/tmp"), ("dbname", "d")]);
        check(
            "postgres://u@/d?host=/tmp&ssl=true",
            &[("user", "u"), ("dbname", "d"), ("host", "/tmp"), ("sslmode", "require")],
        );
        check("postgres://u:p@w@h", &[("user", "u"), ("password", "p@w"), ("host", "h")]);
    }

    #[test]
    fn splits_pairs() {
        check("", &[]);
        check(
            r"host = h  port=1 password = 'a \'b\\ c' user=x\ y",
            &[("host", "h"), ("port", "1"), ("password", r"a 'b\ c"), ("user", "x y")],
        );
        check("dbname='' user=u", &[("dbname", ""), ("user", "u")]);
    }

    #[test]
    fn refuses_what_libpq_refuses() {
        refuse("mydb", "missing \"=\" after a keyword");
        refuse("host='x", "a quoted value without its end");
        refuse("hots=x", "invalid connection option \"hots\"");
        refuse("postgres://h?service=x", "invalid connection option \"service\"");
        refuse("postgres://h?a", "missing \"=\" in the parameters of the URI");
        refuse("postgres://[::1", "an IPv6 address without its \"]\"");
        refuse("postgres://[::1]x", "something other than a port follows \"]\"");
        refuse("postgres://%ff", "a percent-encoded part of the URI is not text");
    }
}
