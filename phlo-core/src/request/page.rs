//! Which rows of a result: an offset and a limit.

/// Which rows of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// How many rows to skip.
    pub offset: u64,
    /// How many rows to return at most; none for all.
    pub limit: Option<u64>,
}

impl Range {
    /// Every row.
    pub const ALL: Self = Self { offset: 0, limit: None };

    /// Whether it leaves rows as they are.
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// At most `limit` rows of it.
    #[must_use]
    pub fn capped(self, limit: Option<u64>) -> Self {
        let limit = match (self.limit, limit) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { limit, ..self }
    }
}
