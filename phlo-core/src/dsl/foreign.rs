//! Types of other crates as values of columns, each behind a feature with the name of its crate.
//!
//! Dates and times are read from the binary format: days or microseconds from the year 2000 on.
//! `infinity` has no place in them; a column that holds it needs another type.

#![cfg(any(
    feature = "chrono",
    feature = "jiff",
    feature = "rust_decimal",
    feature = "time",
    feature = "uuid"
))]

use std::borrow::Cow;

#[cfg(any(feature = "chrono", feature = "jiff", feature = "rust_decimal", feature = "time"))]
use crate::dsl::types::Extreme;
use crate::dsl::{
    types::Ordered,
    value::{Scalar, Unreadable},
};

fn wrong(error: impl std::fmt::Display) -> Unreadable {
    Unreadable::new(error.to_string())
}

/// What dates and times have in common.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod moments {
    use crate::dsl::{scalars::sized, value::Unreadable};

    /// Seconds from 1970 to 2000.
    const EPOCH_SECONDS: i64 = 946_684_800;
    /// Days from 1970 to 2000.
    const EPOCH_DAYS: i32 = 10_957;

    /// Microseconds from 1970 on.
    pub(super) fn micros(bytes: &[u8]) -> Result<i64, Unreadable> {
        let since_2000 = i64::from_be_bytes(sized(bytes)?);
        if matches!(since_2000, i64::MAX | i64::MIN) {
            return Err(Unreadable::new("it is infinite"));
        }
        since_2000.checked_add(EPOCH_SECONDS * 1_000_000).ok_or_else(too_far)
    }

    /// Days from 1970 on.
    pub(super) fn days(bytes: &[u8]) -> Result<i32, Unreadable> {
        let since_2000 = i32::from_be_bytes(sized(bytes)?);
        if matches!(since_2000, i32::MAX | i32::MIN) {
            return Err(Unreadable::new("it is infinite"));
        }
        since_2000.checked_add(EPOCH_DAYS).ok_or_else(too_far)
    }

    /// Microseconds from midnight on.
    pub(super) fn micros_of_day(bytes: &[u8]) -> Result<u64, Unreadable> {
        u64::try_from(i64::from_be_bytes(sized(bytes)?)).map_err(|_| too_far())
    }

    pub(super) fn too_far() -> Unreadable {
        Unreadable::new("it is out of range")
    }

    /// ISO 8601, with the `T` that PostgreSQL writes in JSON alone.
    pub(super) fn iso(text: &str) -> String {
        text.replacen(' ', "T", 1)
    }

    /// As `to_json` writes it: with a `T`, with no zeros at the end, and with UTC as an offset.
    pub(super) fn shown(text: &str) -> String {
        let text = iso(text);
        let utc = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"));
        let (moment, zone) = utc.map_or((text.as_str(), ""), |moment| (moment, "+00:00"));
        let short = moment.trim_end_matches('0').trim_end_matches('.');
        format!("{}{zone}", if moment.contains('.') { short } else { moment })
    }
}

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
macro_rules! scalar {
    ($type:ty, |$text:ident| $read:expr, |$value:ident| $write:expr, |$bytes:ident| $binary:expr) => {
        impl Scalar for $type {
            fn from_text($text: &str) -> Result<Self, Unreadable> {
                $read
            }

            fn to_text(&self) -> Cow<'_, str> {
                let $value = self;
                Cow::Owned($write)
            }

            fn from_binary($bytes: &[u8]) -> Result<Self, Unreadable> {
                $binary
            }

            fn write_json(&self, to: &mut String) {
                let shown = super::moments::shown(&self.to_text());
                crate::dsl::value::push_json_text(to, &shown);
            }
        }

        #[diagnostic::do_not_recommend]
        impl Ordered for $type {}
    };
}

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
macro_rules! extremes {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Extreme for $type {}
    )*};
}

#[cfg(feature = "chrono")]
mod of_chrono {
    use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};

    use super::{
        Cow, Extreme, Ordered, Scalar, Unreadable,
        moments::{days, iso, micros, micros_of_day, too_far},
        wrong,
    };

    fn moment(bytes: &[u8]) -> Result<DateTime<Utc>, Unreadable> {
        DateTime::from_timestamp_micros(micros(bytes)?).ok_or_else(too_far)
    }

    scalar!(NaiveDate, |text| text.parse().map_err(wrong), |date| date.to_string(), |bytes| {
        let days = days(bytes)?;
        let distance = Days::new(u64::from(days.unsigned_abs()));
        let epoch = NaiveDate::default();
        let date = if days < 0 {
            epoch.checked_sub_days(distance)
        } else {
            epoch.checked_add_days(distance)
        };
        date.ok_or_else(too_far)
    });
    scalar!(NaiveTime, |text| text.parse().map_err(wrong), |time| time.to_string(), |bytes| {
        let micros = micros_of_day(bytes)?;
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        u32::try_from(seconds)
            .ok()
            .zip(u32::try_from(rest * 1_000).ok())
            .and_then(|(seconds, nanos)| Self::from_num_seconds_from_midnight_opt(seconds, nanos))
            .ok_or_else(too_far)
    });
    scalar!(
        NaiveDateTime,
        |text| iso(text).parse().map_err(wrong),
        |moment| moment.to_string(),
        |bytes| Ok(moment(bytes)?.naive_utc())
    );
    scalar!(
        DateTime<Utc>,
        |text| DateTime::parse_from_rfc3339(&iso(text)).map(|it| it.to_utc()).map_err(wrong),
        |moment| moment.to_rfc3339(),
        |bytes| moment(bytes)
    );
    extremes!(NaiveDate, NaiveTime, NaiveDateTime, DateTime<Utc>);
}

#[cfg(feature = "time")]
mod of_time {
    use time::{
        Date, Duration, OffsetDateTime, PrimitiveDateTime, Time,
        format_description::well_known::{Iso8601, Rfc3339},
        macros::format_description,
    };

    use super::{
        Cow, Extreme, Ordered, Scalar, Unreadable,
        moments::{days, iso, micros, micros_of_day, too_far},
        wrong,
    };

    fn moment(bytes: &[u8]) -> Result<OffsetDateTime, Unreadable> {
        let nanos = i128::from(micros(bytes)?) * 1_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(wrong)
    }

    scalar!(
        Date,
        |text| Self::parse(text, &Iso8601::DATE).map_err(wrong),
        |date| date.to_string(),
        |bytes| {
            let epoch = OffsetDateTime::UNIX_EPOCH.date();
            epoch.checked_add(Duration::days(i64::from(days(bytes)?))).ok_or_else(too_far)
        }
    );
    scalar!(
        Time,
        |text| Self::parse(text, &Iso8601::TIME).map_err(wrong),
        |time| {
            let form = format_description!("[hour]:[minute]:[second].[subsecond digits:6]");
            time.format(form).unwrap_or_else(|_| time.to_string())
        },
        |bytes| {
            let micros = micros_of_day(bytes)?;
            let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
            let part = |number: u64| u8::try_from(number).map_err(|_| too_far());
            let rest = u32::try_from(rest).map_err(|_| too_far())?;
            let (hour, minute) = (part(seconds / 3_600)?, part(seconds / 60 % 60)?);
            Self::from_hms_micro(hour, minute, part(seconds % 60)?, rest).map_err(wrong)
        }
    );
    scalar!(
        PrimitiveDateTime,
        |text| Self::parse(&iso(text), &Iso8601::DATE_TIME).map_err(wrong),
        |moment| format!("{} {}", moment.date(), moment.time().to_text()),
        |bytes| {
            let moment = moment(bytes)?;
            Ok(Self::new(moment.date(), moment.time()))
        }
    );
    scalar!(
        OffsetDateTime,
        |text| Self::parse(&iso(text), &Rfc3339).map_err(wrong),
        |moment| moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string()),
        |bytes| moment(bytes)
    );
    extremes!(Date, Time, PrimitiveDateTime, OffsetDateTime);
}

#[cfg(feature = "jiff")]
mod of_jiff {
    use jiff::{
        Span, Timestamp,
        civil::{Date, DateTime, Time},
        tz::TimeZone,
    };

    use super::{
        Cow, Extreme, Ordered, Scalar, Unreadable,
        moments::{days, micros, micros_of_day},
        wrong,
    };

    fn moment(bytes: &[u8]) -> Result<Timestamp, Unreadable> {
        Timestamp::from_microsecond(micros(bytes)?).map_err(wrong)
    }

    scalar!(Date, |text| text.parse().map_err(wrong), |date| date.to_string(), |bytes| {
        let epoch = TimeZone::UTC.to_datetime(Timestamp::UNIX_EPOCH).date();
        let distance = Span::new().try_days(days(bytes)?).map_err(wrong)?;
        epoch.checked_add(distance).map_err(wrong)
    });
    scalar!(Time, |text| text.parse().map_err(wrong), |time| time.to_string(), |bytes| {
        let micros = i64::try_from(micros_of_day(bytes)?).map_err(wrong)?;
        let distance = Span::new().try_microseconds(micros).map_err(wrong)?;
        Self::midnight().checked_add(distance).map_err(wrong)
    });
    scalar!(DateTime, |text| text.parse().map_err(wrong), |moment| moment.to_string(), |bytes| Ok(
        TimeZone::UTC.to_datetime(moment(bytes)?)
    ));
    scalar!(Timestamp, |text| text.parse().map_err(wrong), |moment| moment.to_string(), |bytes| {
        moment(bytes)
    });
    extremes!(Date, Time, DateTime, Timestamp);
}

#[cfg(feature = "uuid")]
mod of_uuid {
    use uuid::Uuid;

    use super::{Cow, Ordered, Scalar, Unreadable, wrong};
    use crate::dsl::scalars::sized;

    impl Scalar for Uuid {
        fn from_text(text: &str) -> Result<Self, Unreadable> {
            text.parse().map_err(wrong)
        }

        fn to_text(&self) -> Cow<'_, str> {
            Cow::Owned(self.to_string())
        }

        fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
            Ok(Self::from_bytes(sized(bytes)?))
        }
    }

    impl Ordered for Uuid {}
}

#[cfg(feature = "rust_decimal")]
mod of_rust_decimal {
    use rust_decimal::Decimal;

    use super::{Cow, Extreme, Ordered, Scalar, Unreadable, wrong};
    use crate::dsl::types::Summable;

    /// Read from text: the binary format counts in digits of 10,000, which is no faster to convert.
    impl Scalar for Decimal {
        const CAST: Option<&'static str> = Some("text");

        fn from_text(text: &str) -> Result<Self, Unreadable> {
            text.parse().map_err(wrong)
        }

        fn to_text(&self) -> Cow<'_, str> {
            Cow::Owned(self.to_string())
        }

        fn write_json(&self, to: &mut String) {
            to.push_str(&self.to_string());
        }
    }

    #[diagnostic::do_not_recommend]
    impl Ordered for Decimal {}
    #[diagnostic::do_not_recommend]
    impl Extreme for Decimal {}

    #[diagnostic::do_not_recommend]
    impl Summable for Decimal {
        type Sum = Self;
        type Mean = Self;
    }
}

#[cfg(test)]
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod tests {
    use super::*;

    /// The bytes that PostgreSQL 15 sends for 1999-12-31 23:59:58.5, and for its day.
    const MOMENT: [u8; 8] = (-1_500_000_i64).to_be_bytes();
    const DAY: [u8; 4] = (-1_i32).to_be_bytes();
    const TIME: [u8; 8] = (86_398_500_000_i64).to_be_bytes();

    fn check<S: Scalar + PartialEq + std::fmt::Debug>(binary: &[u8], text: &str, json: &str) {
        let value = S::from_binary(binary).unwrap();
        assert_eq!(S::from_text(text).unwrap(), value);
        assert_eq!(S::from_json(json).unwrap(), value);
        assert_eq!(S::from_text(&value.to_text()).unwrap(), value);
        let mut written = String::new();
        value.write_json(&mut written);
        assert_eq!(written, json);
        assert!(S::from_text("yesterday").is_err());
        let infinite = [[0x7f].as_slice(), &vec![0xff; binary.len() - 1]].concat();
        assert!(S::from_binary(&infinite).is_err());
        assert!(S::from_binary(&[0]).is_err());
    }

    #[test]
    #[cfg(feature = "chrono")]
    fn chrono_reads_both_formats() {
        use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
        check::<NaiveDate>(&DAY, "1999-12-31", "\"1999-12-31\"");
        check::<NaiveTime>(&TIME, "23:59:58.5", "\"23:59:58.5\"");
        check::<NaiveDateTime>(&MOMENT, "1999-12-31 23:59:58.5", "\"1999-12-31T23:59:58.5\"");
        let json = "\"1999-12-31T23:59:58.5+00:00\"";
        check::<DateTime<Utc>>(&MOMENT, "2000-01-01 00:59:58.5+01:00", json);
    }

    #[test]
    #[cfg(feature = "time")]
    fn time_reads_both_formats() {
        use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
        check::<Date>(&DAY, "1999-12-31", "\"1999-12-31\"");
        check::<Time>(&TIME, "23:59:58.5", "\"23:59:58.5\"");
        check::<PrimitiveDateTime>(&MOMENT, "1999-12-31 23:59:58.5", "\"1999-12-31T23:59:58.5\"");
        let json = "\"1999-12-31T23:59:58.5+00:00\"";
        check::<OffsetDateTime>(&MOMENT, "1999-12-31 23:59:58.5+00:00", json);
    }

    #[test]
    #[cfg(feature = "jiff")]
    fn jiff_reads_both_formats() {
        use jiff::{
            Timestamp,
            civil::{Date, DateTime, Time},
        };
        check::<Date>(&DAY, "1999-12-31", "\"1999-12-31\"");
        check::<Time>(&TIME, "23:59:58.5", "\"23:59:58.5\"");
        check::<DateTime>(&MOMENT, "1999-12-31 23:59:58.5", "\"1999-12-31T23:59:58.5\"");
        let json = "\"1999-12-31T23:59:58.5+00:00\"";
        check::<Timestamp>(&MOMENT, "1999-12-31 23:59:58.5+00", json);
    }
}
