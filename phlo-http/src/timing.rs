//! How long the parts of a request took.

use std::{fmt, time::Duration};

/// How long the parts of a request took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Verifying the token.
    pub jwt: Duration,
    /// Reading the request.
    pub parse: Duration,
    /// Resolving its names.
    pub plan: Duration,
    /// The transaction, waiting for a connection included.
    pub transaction: Duration,
    /// Writing the response.
    pub response: Duration,
}

impl fmt::Display for Timing {
    /// The value of a `Server-Timing` header, in milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("jwt", self.jwt),
            ("parse", self.parse),
            ("plan", self.plan),
            ("transaction", self.transaction),
            ("response", self.response),
        ];
        for (index, (name, duration)) in parts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name};dur={:.1}", duration.as_secs_f64() * 1000.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_milliseconds() {
        let timing = Timing { parse: Duration::from_micros(1250), ..Timing::default() };
        assert_eq!(
            timing.to_string(),
            "jwt;dur=0.0, parse;dur=1.2, plan;dur=0.0, transaction;dur=0.0, response;dur=0.0"
        );
    }
}
