//! The types of settings: each reads what PostgREST accepts and prints it back.
//!
//! Knows the rules of a value, not under which key it stands.

use std::fmt;

use http::HeaderName;
use phlo_core::schema::Ident;

/// Declares a choice between words: the type, the words, and reading and printing them.
macro_rules! choice {
    (
        $(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }

        impl $name {
            /// The words, as a list for a message.
            pub(crate) const ALLOWED: &'static str = choice!(@list $($text,)*);

            /// The choice of that word.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$word),)*
                    _ => None,
                }
            }

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }
    };
    (@list $first:literal, $($rest:literal,)*) => { concat!($first $(, ", ", $rest)*) };
}

choice! {
    /// How much is logged; each level includes those before it.
    LogLevel {
        /// Start, stop and the recovery of connections.
        Crit = "crit",
        /// Answers with a status of 500 and above too.
        Error = "error",
        /// Answers with a status of 400 and above too.
        Warn = "warn",
        /// Every request too.
        Info = "info",
        /// What helps to find a fault too.
        Debug = "debug",
    }
}

choice! {
    /// How logs look.
    LogFormat {
        /// One JSON object a line.
        Json = "json",
        /// PostgREST's lines: requests in Apache's combined format, everything else as text.
        Postgrest = "postgrest",
    }
}

choice! {
    /// What the OpenAPI document shows.
    OpenApiMode {
        /// What the role of the request may use.
        FollowPrivileges = "follow-privileges",
        /// Everything that is exposed.
        IgnorePrivileges = "ignore-privileges",
        /// There is no document.
        Disabled = "disabled",
    }
}

choice! {
    /// How a transaction ends, and whether `Prefer: tx` may change that.
    TxEnd {
        /// With a commit.
        Commit = "commit",
        /// With a commit, unless `tx=rollback` is preferred.
        CommitAllowOverride = "commit-allow-override",
        /// With a rollback.
        Rollback = "rollback",
        /// With a rollback, unless `tx=commit` is preferred.
        RollbackAllowOverride = "rollback-allow-override",
    }
}

impl TxEnd {
    /// Whether a transaction is rolled back when nothing else is preferred.
    pub const fn rolls_back(self) -> bool {
        matches!(self, Self::Rollback | Self::RollbackAllowOverride)
    }

    /// Whether `Prefer: tx` is obeyed.
    pub const fn allows_override(self) -> bool {
        matches!(self, Self::CommitAllowOverride | Self::RollbackAllowOverride)
    }
}

choice! {
    /// What an error tells the client.
    Verbosity {
        /// Code and message.
        Minimal = "minimal",
        /// Code, message, details and hint.
        Verbose = "verbose",
    }
}

/// Which addresses a server listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// `*`: any address.
    Any,
    /// `*4`: any address, IPv4 first.
    AnyV4First,
    /// `!4`: any IPv4 address.
    V4,
    /// `*6`: any address, IPv6 first.
    AnyV6First,
    /// `!6`: any IPv6 address.
    V6,
    /// The addresses of a name, or one address.
    Name(String),
}

impl Host {
    /// Reads a pattern or a name.
    pub fn parse(text: &str) -> Self {
        match text {
            "*" => Self::Any,
            "*4" => Self::AnyV4First,
            "!4" => Self::V4,
            "*6" => Self::AnyV6First,
            "!6" => Self::V6,
            name => Self::Name(name.to_owned()),
        }
    }

    /// The pattern or the name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::AnyV4First => "*4",
            Self::V4 => "!4",
            Self::AnyV6First => "*6",
            Self::V6 => "!6",
            Self::Name(name) => name,
        }
    }
}

/// The permissions of a Unix socket, between 600 and 777.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketMode(u32);

impl SocketMode {
    /// Read and write for the owner and the group.
    pub const DEFAULT: Self = Self(0o660);

    /// Reads octal digits, or says what they are not.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.bytes().all(|digit| digit.is_ascii_digit()) || text.is_empty() {
            return Err("not an octal");
        }
        match u32::from_str_radix(text, 8) {
            Ok(bits) if (0o600..=0o777).contains(&bits) => Ok(Self(bits)),
            Ok(_) => Err("needs to be between 600 and 777"),
            Err(_) => Err("not an octal"),
        }
    }

    /// The bits, as `chmod` takes them.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SocketMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:o}", self.0)
    }
}

/// The name of a header that is handed through, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    name: HeaderName,
    text: String,
}

impl TraceHeader {
    /// Reads the name of a header.
    pub fn parse(text: &str) -> Option<Self> {
        let name = HeaderName::from_bytes(text.as_bytes()).ok()?;
        Some(Self { name, text: text.to_owned() })
    }

    /// The name, to look for in a request.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The name with the case that it was written in.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The name of a function, with a schema if one was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The schema; without one the search path decides.
    pub schema: Option<Ident>,
    /// The name within it.
    pub name: Ident,
}

impl FunctionName {
    /// Reads `schema.name` or `name`; all after the first dot is the name.
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) if !name.is_empty() => {
                let schema = (!schema.is_empty()).then(|| Ident::new(schema));
                Self { schema, name: Ident::new(name) }
            }
            Some((name, _)) => Self { schema: None, name: Ident::new(name) },
            None => Self { schema: None, name: Ident::new(text) },
        }
    }

    /// The name as SQL reads it: `"schema"."name"`.
    pub fn quoted(&self) -> String {
        let quote = |ident: &Ident| format!("\"{}\"", ident.replace('"', "\"\""));
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.name)),
            None => quote(&self.name),
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// How to reach the database: a URI or `key=value` pairs. Never printed whole, since it may hold a
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct DbUri(String);

impl DbUri {
    /// Takes a connection string.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The connection string, with its password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DbUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DbUri(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_and_print() {
        assert_eq!(LogLevel::parse("warn"), Some(LogLevel::Warn));
        assert_eq!(LogLevel::parse("Warn"), None);
        assert_eq!(LogLevel::ALLOWED, "crit, error, warn, info, debug");
        assert!(LogLevel::Crit < LogLevel::Debug);
        assert_eq!(OpenApiMode::Disabled.as_str(), "disabled");
        assert!(TxEnd::RollbackAllowOverride.rolls_back());
        assert!(TxEnd::CommitAllowOverride.allows_override());
        assert!(!TxEnd::Commit.rolls_back() && !TxEnd::Commit.allows_override());
    }

    #[test]
    fn hosts_print_what_they_read() {
        for text in ["*", "*4", "!4", "*6", "!6", "127.0.0.1", "::1", "localhost"] {
            assert_eq!(Host::parse(text).as_str(), text);
        }
        assert_eq!(Host::parse("!4"), Host::V4);
    }

    #[test]
    fn socket_modes() {
        for (text, expected) in [
            ("660", Ok(0o660)),
            ("600", Ok(0o600)),
            ("777", Ok(0o777)),
            ("599", Err("not an octal")),
            ("577", Err("needs to be between 600 and 777")),
            ("778", Err("not an octal")),
            ("1777", Err("needs to be between 600 and 777")),
            ("800", Err("not an octal")),
            ("+660", Err("not an octal")),
            ("", Err("not an octal")),
        ] {
            assert_eq!(SocketMode::parse(text).map(SocketMode::bits), expected, "{text}");
        }
        assert_eq!(SocketMode::DEFAULT.to_string(), "660");
    }

    #[test]
    fn function_names_are_quoted() {
        for (text, quoted, printed) in [
            ("f", "\"f\"", "f"),
            ("s.f", "\"s\".\"f\"", "s.f"),
            ("s.f.g", "\"s\".\"f.g\"", "s.f.g"),
            ("f.", "\"f\"", "f"),
            (".f", "\"f\"", "f"),
            ("s.a\"b", "\"s\".\"a\"\"b\"", "s.a\"b"),
        ] {
            let name = FunctionName::parse(text);
            assert_eq!(name.quoted(), quoted, "{text}");
            assert_eq!(name.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn trace_headers_keep_their_case() {
        let header = TraceHeader::parse("X-Request-Id").unwrap();
        assert_eq!(header.as_str(), "X-Request-Id");
        assert_eq!(header.name(), "x-request-id");
        assert_eq!(TraceHeader::parse("no spaces"), None);
    }

    #[test]
    fn connection_strings_are_not_printed() {
        assert_eq!(format!("{:?}", DbUri::new("postgres://u:hush@h")), "DbUri(..)");
    }
}
