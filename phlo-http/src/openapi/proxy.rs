//! The address behind which clients find the server: `openapi-server-proxy-uri`.
//!
//! Takes text, gives an address or refuses it by PostgREST's rules. Resolves nothing.

use std::net::Ipv6Addr;

/// The address of a proxy in front of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    scheme: &'static str,
    host: String,
    port: u16,
    path: String,
}

impl Proxy {
    /// Reads an absolute `http` or `https` URI that has a host, and neither a user, a query nor a
    /// fragment: `https://example.com:8443/basePath`. None if it is anything else.
    pub fn parse(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => ("http", 80),
            "https" => ("https", 443),
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => default_port,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port > 0)?
            }
            Some(_) => return None,
        };
        if !is_made_of(path, b":@/") {
            return None;
        }
        Some(Self { scheme, host: host.to_owned(), port, path: path.to_owned() })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The host; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, which is the scheme's own if none was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, which begins with a slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The address as a URL that paths are appended to: no port that goes without saying, no slash
    /// at its end.
    pub fn url(&self) -> String {
        let (scheme, host) = (self.scheme, &self.host);
        let path = self.path.trim_end_matches('/');
        match (scheme, self.port) {
            ("http", 80) | ("https", 443) => format!("{scheme}://{host}{path}"),
            (_, port) => format!("{scheme}://{host}:{port}{path}"),
        }
    }
}

/// Splits `host[:port]`; none if the host is empty or not one.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(literal) = authority.strip_prefix('[') {
        let (address, rest) = literal.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        let host = authority.strip_suffix(rest)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    (!host.is_empty() && is_made_of(host, b"")).then_some((host, port))
}

/// Whether text holds only what RFC 3986 allows in a name, percent-encoded octets, and the given
/// characters.
fn is_made_of(text: &str, more: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => {
                byte.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(&byte)
                    || more.contains(&byte)
            }
        };
        if !allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expect: Option<(&str, &str, u16, &str, &str)>) {
        let found = Proxy::parse(uri);
        let found = found.as_ref();
        let url = found.map(Proxy::url);
        let parts = found
            .zip(url.as_deref())
            .map(|(it, url)| (it.scheme(), it.host(), it.port(), it.path(), url));
        assert_eq!(parts, expect, "{uri}");
    }

    #[test]
    fn reads_what_postgrest_reads() {
        check(
            "https://postgrest.com/openapi.json",
            Some((
                "https",
                "postgrest.com",
                443,
                "/openapi.json",
                "https://postgrest.com/openapi.json",
            )),
        );
        check("HTTP://a.b", Some(("http", "a.b", 80, "/", "http://a.b")));
        check("https://a.b:8443/", Some(("https", "a.b", 8443, "/", "https://a.b:8443")));
        check("http://a:0080/x/", Some(("http", "a", 80, "/x/", "http://a/x")));
        check("http://[::1]:3000/x", Some(("http", "[::1]", 3000, "/x", "http://[::1]:3000/x")));
        check("http://[::1]", Some(("http", "[::1]", 80, "/", "http://[::1]")));
        check("http://a%20b/c%2Fd", Some(("http", "a%20b", 80, "/c%2Fd", "http://a%20b/c%2Fd")));
    }

    #[test]
    fn refuses_what_postgrest_refuses() {
        for uri in [
            "",
            "a.b",
            "/a",
            "ftp://a.b",
            "http:a.b",
            "http:///a",
            "http://",
            "http://u@a.b/",
            "http://@a.b/",
            "http://a.b:0/",
            "http://a.b:65536/",
            "http://a.b:/",
            "http://a.b:+80/",
            "http://a.b?c",
            "http://a.b/c?d=e",
            "http://a.b/#c",
            "http://a b/",
            "http://a/%zz",
            "http://a/%2",
            "http://[::1/",
            "http://[x]/",
            "http://[::1]8/",
        ] {
            check(uri, None);
        }
    }
}
