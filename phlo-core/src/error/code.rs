//! The table of error codes: one row each, and nowhere else.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Which kind of error it was. The text of each is what clients see in `code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

codes! {
    /// No connection to the database could be made.
    Connection = "PGRST000",
    /// The connection was lost, or the server's answer made no sense.
    ConnectionLost = "PGRST001",
    /// The schema has not been read yet.
    NoSchema = "PGRST002",
    /// No connection of the pool became free in time.
    PoolTimeout = "PGRST003",
    /// The query string does not follow the grammar.
    Grammar = "PGRST100",
    /// A function was called with a method that functions don't take.
    FunctionMethod = "PGRST101",
    /// The body could not be read.
    Body = "PGRST102",
    /// A range that cannot be satisfied.
    Range = "PGRST103",
    /// PUT without exactly the primary key as `eq` filters.
    PutFilters = "PGRST105",
    /// A schema that is not exposed.
    UnknownSchema = "PGRST106",
    /// No acceptable media type.
    MediaType = "PGRST107",
    /// A filter, order or range on something that is not embedded.
    NotEmbedded = "PGRST108",
    /// `response.headers` was set to something else than a list of headers.
    ResponseHeaders = "PGRST111",
    /// `response.status` was set to something else than a status.
    ResponseStatus = "PGRST112",
    /// PUT with a limit or an offset.
    PutRange = "PGRST114",
    /// PUT whose body has another primary key than the URL.
    PutKey = "PGRST115",
    /// One object was asked for, and the result has none or several.
    Singular = "PGRST116",
    /// An HTTP method that tables don't take.
    Method = "PGRST117",
    /// Order by something to-many.
    RelatedOrder = "PGRST118",
    /// A filter on an embed that is neither `is.null` nor `not.is.null`.
    EmbedFilter = "PGRST120",
    /// `RAISE SQLSTATE 'PGRST'` with a message or detail that is not the expected JSON.
    RaiseFormat = "PGRST121",
    /// Invalid preferences under `handling=strict`.
    Preferences = "PGRST122",
    /// Aggregates while they are not enabled.
    AggregatesDisabled = "PGRST123",
    /// More rows affected than `max-affected` allows.
    MaxAffected = "PGRST124",
    /// A path that names nothing.
    Path = "PGRST125",
    /// The root while its document is disabled.
    RootDisabled = "PGRST126",
    /// Something the engine cannot do.
    NotImplemented = "PGRST127",
    /// `max-affected` on a function that doesn't return a set.
    MaxAffectedFunction = "PGRST128",
    /// A request beyond a limit of this server: too deep, too long, too large.
    TooLarge = "PGRST129",
    /// Too much of the same is under way; trying again later helps.
    Busy = "PGRST130",
    /// No relationship between two tables.
    NoRelationship = "PGRST200",
    /// Several relationships between two tables.
    AmbiguousRelationship = "PGRST201",
    /// No such function, or none with these arguments.
    UnknownFunction = "PGRST202",
    /// Several functions fit.
    AmbiguousFunction = "PGRST203",
    /// No such column.
    UnknownColumn = "PGRST204",
    /// No such table.
    UnknownTable = "PGRST205",
    /// No secret to verify tokens with.
    NoJwtSecret = "PGRST300",
    /// A token that cannot be decoded or verified.
    JwtInvalid = "PGRST301",
    /// No token, and no anonymous role.
    JwtRequired = "PGRST302",
    /// A token whose claims are not acceptable.
    JwtClaims = "PGRST303",
    /// A login with a wrong name or password.
    Credentials = "PGRST304",
    /// A bug in phlo.
    Internal = "PGRSTX00",
    /// The database's own error; clients see its SQLSTATE instead.
    Database = "database",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
