//! Media types of answers and bodies.

/// A media type that phlo knows something about, or any other by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/geo+json`
    GeoJson,
    /// `text/csv`
    Csv,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/openapi+json`
    OpenApi,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/octet-stream`
    OctetStream,
    /// `*/*`
    Any,
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    ArrayStripped,
    /// `application/vnd.pgrst.object+json`: exactly one row, as an object.
    Object {
        /// Whether keys with null values are left out.
        nulls_stripped: bool,
    },
    /// `application/vnd.pgrst.plan`: how the database would make an answer.
    Plan {
        /// The media type of that answer.
        of: Box<Self>,
        /// How the plan is written.
        format: PlanFormat,
        /// What else it shows.
        options: Vec<PlanOption>,
    },
    /// Any other, as it came.
    Other(String),
}

/// How an execution plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanFormat {
    /// As text.
    Text,
    /// As JSON.
    Json,
}

/// What an execution plan shows besides the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanOption {
    /// Run the statement, show times and row counts.
    Analyze,
    /// Output columns and schema names.
    Verbose,
    /// Settings that differ from their defaults.
    Settings,
    /// Buffer usage.
    Buffers,
    /// Write-ahead log usage.
    Wal,
}
