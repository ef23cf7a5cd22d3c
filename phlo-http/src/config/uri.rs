//! Tells whether text is a URI (RFC 3986), and one that a document can be served from.
//!
//! Checks characters and structure only; resolves and normalises nothing.

/// Whether text is an absolute URI, perhaps with a fragment: `https://a.b/c` or `urn:a:b`.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut characters = scheme.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && rest.split('#').count() <= 2
        && has_uri_characters(rest)
}

/// Whether text is an absolute `http` or `https` URI with a host, and with neither user, query
/// nor fragment; a port is between 1 and 65535.
pub(super) fn is_base(text: &str) -> bool {
    if !is_uri(text) || text.contains(['?', '#']) {
        return false;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        // The colons within brackets are those of an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let is_port = |port: &str| {
        port.bytes().all(|digit| digit.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    ["http", "https"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        && !host.is_empty()
        && !authority.contains('@')
        && (port.is_empty() || is_port(port))
}

fn has_uri_characters(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
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

    #[test]
    fn uris() {
        for text in ["https://postgrest.org", "urn:a:b", "a+b:", "http://h/%20?q#f"] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "foo://%%$$^^.com",
            "http://%%localhorst.invalid",
            ":a",
            "1a:b",
            "a b:c",
            "a:b c",
            "a:#b#c",
            "a:%2",
            "plain",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn bases() {
        for text in [
            "http://postgrest.com/openapi.json",
            "https://postgrest.com:8080/openapi.json",
            "https://example.com:8443/basePath",
            "HTTPS://h",
            "http://[::1]:3000/",
            "http://[::1]",
            "http://h:",
        ] {
            assert!(is_base(text), "{text}");
        }
        for text in [
            "htp:/@@localhorst.invalid",
            "ftp://h",
            "http:/h",
            "http://",
            "http:///path",
            "http://u@h",
            "http://h?q",
            "http://h#f",
            "http://h:0",
            "http://h:65536",
            "http://h:+1",
            "/path",
        ] {
            assert!(!is_base(text), "{text}");
        }
    }
}
