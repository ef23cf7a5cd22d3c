//! The time as logs show it: in the zone of the process for people, in UTC for machines.

use jiff::{Timestamp, ZonedDateTime};

/// `28/Nov/2026:17:00:39 +0000`, as in Apache's logs.
pub(super) fn local() -> String {
    ZonedDateTime::now().strftime("%d/%b/%Y:%T %z").to_string()
}

/// `2026-11-28T17:00:39.736607Z`.
pub(super) fn utc() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_has_apaches_form() {
        let time = local();
        let parsed = ZonedDateTime::strptime("%d/%b/%Y:%T %z", &time);
        assert!(parsed.is_ok(), "{time}: {parsed:?}");
    }

    #[test]
    fn universal_time_is_a_timestamp_with_microseconds() {
        let time = utc();
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
        assert_eq!(time.len(), "2026-11-28T17:00:39.736607Z".len(), "{time}");
    }
}
