//! Media types of answers and bodies.

use std::fmt;

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
    /// `application/x-ndjson`: each row as an object on a line of its own. It is asked for as
    /// `application/jsonl` as well.
    JsonLines {
        /// Whether keys with null values are left out.
        nulls_stripped: bool,
    },
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

impl MediaType {
    /// The media type of a name without parameters, in any case.
    pub fn from_name(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "application/json" => Self::Json,
            "application/geo+json" => Self::GeoJson,
            "text/csv" => Self::Csv,
            "text/plain" => Self::Text,
            "text/xml" => Self::Xml,
            "application/openapi+json" => Self::OpenApi,
            "application/x-www-form-urlencoded" => Self::Form,
            "application/octet-stream" => Self::OctetStream,
            "*/*" => Self::Any,
            "application/x-ndjson" | "application/jsonl" => {
                Self::JsonLines { nulls_stripped: false }
            }
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Whether answers of this type say that they are UTF-8.
    pub fn has_charset(&self) -> bool {
        !matches!(self, Self::OctetStream | Self::JsonLines { .. } | Self::Other(_))
    }
}

/// The media type as it stands in a header, without a character set.
///
/// ```
/// use phlo_core::request::MediaType;
///
/// let object = MediaType::Object { nulls_stripped: true };
/// assert_eq!(object.to_string(), "application/vnd.pgrst.object+json;nulls=stripped");
/// ```
impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "application/json",
            Self::GeoJson => "application/geo+json",
            Self::Csv => "text/csv",
            Self::Text => "text/plain",
            Self::Xml => "text/xml",
            Self::OpenApi => "application/openapi+json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::OctetStream => "application/octet-stream",
            Self::Any => "*/*",
            Self::ArrayStripped => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::JsonLines { nulls_stripped: true } => "application/x-ndjson;nulls=stripped",
            Self::JsonLines { nulls_stripped: false } => "application/x-ndjson",
            Self::Object { nulls_stripped: true } => {
                "application/vnd.pgrst.object+json;nulls=stripped"
            }
            Self::Object { nulls_stripped: false } => "application/vnd.pgrst.object+json",
            Self::Plan { of, format, options } => {
                write!(f, "application/vnd.pgrst.plan+{}; for=\"{of}\"", format.as_str())?;
                for (index, option) in options.iter().enumerate() {
                    let before = if index == 0 { "; options=" } else { "|" };
                    write!(f, "{before}{}", option.as_str())?;
                }
                return Ok(());
            }
            Self::Other(name) => name,
        })
    }
}

impl PlanFormat {
    /// The word for it in a media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl PlanOption {
    /// The word for it in a media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Verbose => "verbose",
            Self::Settings => "settings",
            Self::Buffers => "buffers",
            Self::Wal => "wal",
        }
    }
}
