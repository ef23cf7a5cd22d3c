//! What a transaction may do, and the condition without which it keeps nothing.

use crate::error::{Code, Error, Result};

/// Whether a transaction may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may not.
    ReadOnly,
    /// It may.
    ReadWrite,
}

/// A condition on the number of rows of the main statement, which its second column tells unless
/// the condition is one of the rows themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Exactly one row, since one object was asked for.
    Singular,
    /// At most so many rows.
    MaxAffected(u64),
    /// Exactly one row, or else the body's key was another than that of the URL.
    PutKey,
    /// So many rows of a statement that gives them as they are.
    Rows(RowCount),
}

/// How many rows there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowCount {
    /// One.
    One,
    /// One or none.
    AtMostOne,
    /// So many at most.
    AtMost(u64),
}

impl Guard {
    /// The error if a result with so many rows must not be kept.
    pub fn check(self, rows: u64) -> Result<()> {
        match self {
            Self::Singular if rows != 1 => {
                Err(Error::new(Code::Singular, "Cannot coerce the result to a single JSON object")
                    .with_details(format!("The result contains {rows} rows")))
            }
            Self::MaxAffected(most) | Self::Rows(RowCount::AtMost(most)) if rows > most => {
                Err(Error::new(
                    Code::MaxAffected,
                    "Query result exceeds max-affected preference constraint",
                )
                .with_details(format!("The query affects {rows} rows")))
            }
            Self::PutKey if rows != 1 => Err(Error::new(
                Code::PutKey,
                "Payload values do not match URL in primary key column(s)",
            )),
            Self::Rows(RowCount::One) if rows == 0 => {
                Err(Error::new(Code::Singular, "The query gives no row"))
            }
            Self::Rows(RowCount::One | RowCount::AtMostOne) if rows > 1 => {
                Err(Error::new(Code::Singular, "The query gives several rows"))
            }
            Self::Singular | Self::MaxAffected(_) | Self::PutKey | Self::Rows(_) => Ok(()),
        }
    }
}
