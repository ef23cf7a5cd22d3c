//! What the caller prefers where there is a choice (RFC 7240).

/// The preferences of a request that phlo knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// What to do with rows that exist.
    pub resolution: Option<Resolution>,
    /// What to return of changed rows.
    pub representation: Option<Representation>,
    /// Whether to count all rows.
    pub count: Option<Count>,
    /// How to end the transaction; only where the server allows a choice.
    pub transaction: Option<TransactionEnd>,
    /// What a missing key in a body means.
    pub missing: Option<Missing>,
    /// Whether unknown preferences are errors.
    pub handling: Option<Handling>,
    /// The session's time zone.
    pub timezone: Option<String>,
    /// The most rows that a change may affect, under strict handling.
    pub max_affected: Option<u64>,
    /// Preferences that mean nothing here, as they came.
    pub invalid: Vec<String>,
}

/// What to do with rows that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Update them.
    MergeDuplicates,
    /// Leave them.
    IgnoreDuplicates,
}

/// What to return of changed rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// The rows.
    Full,
    /// Where a new row is.
    HeadersOnly,
    /// Nothing.
    Minimal,
}

/// How to count all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One by one.
    Exact,
    /// As the planner guesses.
    Planned,
    /// One by one up to the largest page, beyond it as the planner guesses.
    Estimated,
}

/// How to end a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionEnd {
    /// Keep its effects.
    Commit,
    /// Undo its effects, after checking deferred constraints.
    Rollback,
}

/// What a missing key in a body means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The column's default.
    Default,
    /// Null.
    Null,
}

/// Whether unknown preferences are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// They are.
    Strict,
    /// They are ignored.
    Lenient,
}
