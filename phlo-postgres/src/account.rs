//! Decides which user of the operating system runs the server. Starts nothing.
//!
//! PostgreSQL refuses to run as root; root starts it as somebody else.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use crate::error::{Error, Result};

/// Who runs the server when root starts it, the best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The user that runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// Whoever runs this program.
    Current,
    /// Another user, by number; needs root.
    Other {
        /// The user.
        uid: u32,
        /// The user's primary group; other groups are given up.
        gid: u32,
    },
}

impl Account {
    /// The user called `wanted`; without a wish, the current one, or a harmless one for root.
    pub(crate) fn choose(wanted: Option<&str>) -> Result<Self> {
        if id(&["-u"])? != Some(0) {
            return match wanted {
                None => Ok(Self::Current),
                Some(name) => Err(Error::NotRoot { name: name.to_owned() }),
            };
        }
        let names: Vec<&str> = wanted.map_or_else(|| CANDIDATES.to_vec(), |name| vec![name]);
        for name in &names {
            if let (Some(uid), Some(gid)) = (id(&["-u", name])?, id(&["-g", name])?)
                && uid != 0
            {
                return Ok(Self::Other { uid, gid });
            }
        }
        Err(Error::NoAccount { tried: names.join(" or ") })
    }

    /// Makes the command run as this user.
    pub(crate) fn apply(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }
}

/// The number that `id` prints; none if it doesn't know the user.
fn id(arguments: &[&str]) -> Result<Option<u32>> {
    let output = Command::new("id").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(Error::io("could not run `id`"))?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.trim().parse().map_err(|error| {
        Error::io("`id` printed no number")(io::Error::new(io::ErrorKind::InvalidData, error))
    })?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> bool {
        id(&["-u"]).unwrap() == Some(0)
    }

    #[test]
    fn root_is_never_chosen() {
        match Account::choose(None).unwrap() {
            Account::Current => assert!(!root()),
            Account::Other { uid, .. } => assert!(root() && uid != 0),
        }
    }

    #[test]
    fn a_user_that_does_not_exist_is_an_error_that_names_it() {
        let error = Account::choose(Some("no-such-user-here")).unwrap_err();
        assert!(matches!(error, Error::NoAccount { .. } | Error::NotRoot { .. }), "{error}");
        assert!(error.to_string().contains("no-such-user-here"), "{error}");
    }

    #[test]
    fn asking_for_root_itself_is_refused() {
        assert!(Account::choose(Some("root")).is_err());
    }
}
