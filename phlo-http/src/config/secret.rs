//! The secret of tokens as a value: where it came from, its bytes, and the keys in it.
//!
//! Reads `@file` and base64. Sees no token.

use std::{fmt, fs, path::Path};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use crate::config::{
    error::{ConfigError, Warning},
    jwk::{self, Key},
};

/// What verifies tokens. Never printed whole.
#[derive(Clone)]
pub struct JwtSecret {
    origin: String,
    bytes: Vec<u8>,
    keys: Vec<Key>,
    symmetric: Option<Vec<u8>>,
}

/// Whether a secret is text or base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    Base64,
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl JwtSecret {
    /// Reads a secret: text, base64, a key, a set of keys, or `@` and the file with one of these.
    ///
    /// A pipe gives its bytes only once; so a secret from the same pipe as `running` is kept.
    pub(super) fn read(
        text: &str,
        encoding: Encoding,
        running: Option<&Self>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, ConfigError> {
        let content = match text.strip_prefix('@') {
            None => text.as_bytes().to_vec(),
            Some(file) => {
                let is_file = fs::metadata(file).is_ok_and(|metadata| metadata.is_file());
                if let Some(running) = running.filter(|running| !is_file && running.origin == text)
                {
                    return Ok(running.clone());
                }
                let content = fs::read(Path::new(file)).map_err(|error| {
                    ConfigError::new(format!("jwt-secret: cannot read the file {file}: {error}"))
                })?;
                content.strip_suffix(b"\n").map_or(content.clone(), <[u8]>::to_vec)
            }
        };
        let bytes = match encoding {
            Encoding::Text => content,
            Encoding::Base64 => decode(&content).ok_or_else(|| {
                ConfigError::new(
                    "jwt-secret is not valid base64, which jwt-secret-is-base64 = true asks for",
                )
            })?,
        };
        Self::with_origin(text, bytes, warnings)
    }

    /// Takes a plain secret of at least 32 bytes, a JSON Web Key or a set of them.
    ///
    /// # Errors
    ///
    /// The secret is too short; a key is not a good one.
    pub fn from_bytes(secret: &[u8]) -> Result<Self, ConfigError> {
        Self::with_origin("", secret.to_vec(), &mut Vec::new())
    }

    fn with_origin(
        origin: &str,
        bytes: Vec<u8>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, ConfigError> {
        let found = jwk::parse(&bytes, warnings).map_err(|error| {
            let key = if error.starts_with("The ") { "" } else { "jwt-secret: " };
            ConfigError::new(format!("{key}{error}"))
        })?;
        let origin = origin.to_owned();
        Ok(Self { origin, bytes, keys: found.keys, symmetric: found.symmetric })
    }

    /// The keys, to verify with.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The bytes to sign with by HS256: the plain secret, or the first symmetric key.
    pub fn symmetric(&self) -> Option<&[u8]> {
        self.symmetric.as_deref()
    }

    /// The secret as the configuration is dumped: the bytes, in base64 if they came so.
    pub(super) fn dump(&self, encoding: Encoding) -> String {
        match encoding {
            Encoding::Text => String::from_utf8_lossy(&self.bytes).into_owned(),
            Encoding::Base64 => STANDARD.encode(&self.bytes),
        }
    }
}

/// Reads base64 in either alphabet; `.` stands for the padding in some of the second.
fn decode(content: &[u8]) -> Option<Vec<u8>> {
    let standard: Vec<u8> = content
        .trim_ascii()
        .iter()
        .map(|byte| match byte {
            b'_' => b'/',
            b'-' => b'+',
            b'.' => b'=',
            other => *other,
        })
        .collect();
    LENIENT.decode(standard).ok()
}

impl PartialEq for JwtSecret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl fmt::Debug for JwtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSecret").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "reallyreallyreallyreallyverysafe";

    fn read(text: &str, encoding: Encoding) -> Result<JwtSecret, ConfigError> {
        JwtSecret::read(text, encoding, None, &mut Vec::new())
    }

    #[test]
    fn text_and_base64() {
        let secret = read(PLAIN, Encoding::Text).unwrap();
        assert_eq!(secret.symmetric(), Some(PLAIN.as_bytes()));
        assert_eq!(secret.dump(Encoding::Text), PLAIN);
        let encoded = "c2VjdXJpdHl0aHJvdWdob2JzY3VyaXR5aW5iYXNlNjQ=";
        for written in [
            encoded,
            &encoded.replace('=', "."),
            encoded.trim_end_matches('='),
            &format!(" {encoded}\n"),
        ] {
            let secret = read(written, Encoding::Base64).unwrap();
            assert_eq!(
                secret.symmetric(),
                Some(&b"securitythroughobscurityinbase64"[..]),
                "{written}"
            );
            assert_eq!(secret.dump(Encoding::Base64), encoded);
        }
    }

    #[test]
    fn files_lose_one_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, expected) in [
            (format!("{PLAIN}\n"), PLAIN.to_owned()),
            (format!("{PLAIN}\n\n"), format!("{PLAIN}\n")),
            (PLAIN.to_owned(), PLAIN.to_owned()),
        ] {
            fs::write(&path, content).unwrap();
            let secret = read(&format!("@{}", path.display()), Encoding::Text).unwrap();
            assert_eq!(secret.symmetric(), Some(expected.as_bytes()));
        }
    }

    #[test]
    fn pipes_are_read_once() {
        let running =
            JwtSecret { origin: "@/dev/stdin".to_owned(), ..read(PLAIN, Encoding::Text).unwrap() };
        let again = JwtSecret::read("@/dev/stdin", Encoding::Text, Some(&running), &mut Vec::new());
        assert_eq!(again.unwrap(), running);
    }

    #[test]
    fn errors_do_not_repeat_the_secret() {
        for (text, encoding, expected) in [
            ("short_secret", Encoding::Text, "The JWT secret must be at least 32 characters long."),
            (
                "no base-64!",
                Encoding::Base64,
                "jwt-secret is not valid base64, which jwt-secret-is-base64 = true asks for",
            ),
            (
                "{\"kty\":\"RSA\",\"d\":\"hush\"}",
                Encoding::Text,
                "jwt-secret: key 1: `n` is missing",
            ),
        ] {
            assert_eq!(read(text, encoding).unwrap_err().message(), expected);
        }
        let error = read("@/no/such/file", Encoding::Text).unwrap_err();
        assert!(error.message().starts_with("jwt-secret: cannot read the file /no/such/file: "));
    }

    #[test]
    fn debug_hides_the_bytes() {
        let debug = format!("{:?}", read(PLAIN, Encoding::Text).unwrap());
        assert!(!debug.contains("really") && debug.contains("keys"), "{debug}");
    }
}
