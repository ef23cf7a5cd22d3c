//! Looks a password up in libpq's password file. Never tells why there is none.

use std::{fs, path::Path};

/// The text of a password file, if it is a file that nobody else may read.
pub(super) fn read(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || !is_private(&about) {
        return None;
    }
    fs::read_to_string(path).ok()
}

#[cfg(unix)]
fn is_private(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &fs::Metadata) -> bool {
    true
}

/// The password of the first line that fits: `host:port:database:user:password`.
pub(super) fn find(
    text: &str,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> Option<String> {
    let port = port.to_string();
    let wanted = [host, &port, database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for value in wanted {
            let (field, after) = field(rest)?;
            if field.written != "*" && field.meant != value {
                return None;
            }
            rest = after;
        }
        // The password is the last field: a colon that isn't escaped ends it all the same.
        Some(field(rest).map_or_else(|| unescape(rest), |(field, _)| field.meant))
            .filter(|password| !password.is_empty())
    })
}

struct Field<'a> {
    written: &'a str,
    meant: String,
}

/// The text before the next colon that isn't escaped, and what comes after it.
fn field(text: &str) -> Option<(Field<'_>, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            ':' if !escaped => {
                let (written, after) = text.split_at_checked(at)?;
                let field = Field { written, meant: unescape(written) };
                return Some((field, after.strip_prefix(':')?));
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# comment\n\
        db.example:5432:films:ada:first\n\
        *:*:films:ada:second\n\
        a\\:b:1:*:x\\\\y:col\\:on\n\
        short:line\n\
        *:*:*:nobody:\n";

    #[test]
    fn the_first_line_that_fits_wins() {
        let check = |host, port, database, user, expected: Option<&str>| {
            assert_eq!(
                find(TEXT, host, port, database, user).as_deref(),
                expected,
                "{host} {user}"
            );
        };
        check("db.example", 5432, "films", "ada", Some("first"));
        check("db.example", 5433, "films", "ada", Some("second"));
        check("a:b", 1, "any", "x\\y", Some("col:on"));
        check("a:b", 2, "any", "x\\y", None);
        check("short", 1, "line", "u", None);
        check("h", 1, "d", "nobody", None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_no_password_file() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("phlo-passfile-{}", std::process::id()));
        fs::write(&path, "*:*:*:*:p").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let open = read(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let private = read(&path);
        fs::remove_file(&path).unwrap();
        assert_eq!((open, private.as_deref()), (None, Some("*:*:*:*:p")));
    }
}
