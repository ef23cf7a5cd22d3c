//! How `to_json` treats a type, by the type's name.
//!
//! Takes the name of a base type and gives the way to write its values, or nothing where phlo can't
//! write them as PostgreSQL does. Knows nothing of enums, ranges and domains of the user.

use crate::schema::QualifiedName;

/// How the values of a column are written as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Scalar(Scalar),
    /// An array of them, of any number of dimensions; its delimiter is the comma.
    Array(Scalar),
}

/// How one value is written as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `t` and `f`.
    Bool,
    /// Written as it stands if it is finite, else as a string.
    Number,
    /// Is JSON, written as it stands.
    Json,
    /// A string of any text.
    Text,
    /// A string; a date in ISO style.
    Date,
    /// A string with a `T` between date and time.
    Timestamp,
    /// A string with a `T` between date and time, and minutes in the offset.
    TimestampTz,
}

impl Kind {
    /// What is JSON already, as `to_json(..)` gives it for types without a kind.
    pub const JSON: Self = Self::Scalar(Scalar::Json);

    /// What becomes a string: most types, and every enum or range type of the user unless the user
    /// has given it a cast to `json`, which `to_json` would use.
    pub const TEXT: Self = Self::Scalar(Scalar::Text);

    /// The kind of a type that is below all domains.
    ///
    /// `None` for what isn't of `pg_catalog`, and for the types of `pg_catalog` whose JSON can't be
    /// made from their text, like records. Let PostgreSQL write `to_json(..)` of those and take the
    /// result for [`Kind::JSON`].
    pub fn of(base_type: &QualifiedName) -> Option<Self> {
        if base_type.schema != "pg_catalog" {
            return None;
        }
        let name = base_type.name.as_str();
        match name.strip_prefix('_') {
            // The boxes of an array are set apart by semicolons.
            Some("box") => None,
            Some(element) => scalar(element).map(Self::Array),
            None => scalar(name).map(Self::Scalar),
        }
    }

    /// Whether nulls may hide inside a value, so that [`Nulls::Stripped`](super::Nulls::Stripped)
    /// needs `json_strip_nulls(to_json(..))` of the column, taken for [`Kind::JSON`].
    pub fn may_hold_objects(self) -> bool {
        matches!(self, Self::Scalar(Scalar::Json) | Self::Array(Scalar::Json))
    }
}

/// The table of types. `to_json` knows only the first groups and makes strings of all others.
fn scalar(name: &str) -> Option<Scalar> {
    Some(match name {
        "bool" => Scalar::Bool,
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" => Scalar::Number,
        "json" | "jsonb" => Scalar::Json,
        "date" => Scalar::Date,
        "timestamp" => Scalar::Timestamp,
        "timestamptz" => Scalar::TimestampTz,
        "text" | "varchar" | "bpchar" | "name" | "char" | "xml" | "refcursor" => Scalar::Text,
        "bytea" | "bit" | "varbit" | "uuid" | "money" => Scalar::Text,
        "interval" | "time" | "timetz" => Scalar::Text,
        "inet" | "cidr" | "macaddr" | "macaddr8" => Scalar::Text,
        "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" => Scalar::Text,
        "int4range" | "int8range" | "numrange" | "daterange" | "tsrange" | "tstzrange" => {
            Scalar::Text
        }
        "int4multirange" | "int8multirange" | "nummultirange" | "datemultirange"
        | "tsmultirange" | "tstzmultirange" => Scalar::Text,
        "tsvector" | "tsquery" | "jsonpath" => Scalar::Text,
        "oid" | "xid" | "xid8" | "cid" | "tid" | "pg_lsn" | "pg_snapshot" | "txid_snapshot"
        | "aclitem" => Scalar::Text,
        "regclass" | "regcollation" | "regconfig" | "regdictionary" | "regnamespace"
        | "regoper" | "regoperator" | "regproc" | "regprocedure" | "regrole" | "regtype" => {
            Scalar::Text
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<Kind> {
        Kind::of(&QualifiedName::new("pg_catalog", name))
    }

    #[test]
    fn types_are_known_by_name() {
        assert_eq!(kind("numeric"), Some(Kind::Scalar(Scalar::Number)));
        assert_eq!(kind("oid"), Some(Kind::TEXT));
        assert_eq!(kind("_timestamptz"), Some(Kind::Array(Scalar::TimestampTz)));
        assert_eq!(kind("box"), Some(Kind::TEXT));
    }

    #[test]
    fn what_is_not_proven_has_no_kind() {
        for name in ["_box", "record", "_record", "int2vector", "oidvector", "__int4", "_", ""] {
            assert_eq!(kind(name), None, "{name}");
        }
        assert_eq!(Kind::of(&QualifiedName::new("public", "int4")), None);
    }

    #[test]
    fn only_json_hides_nulls() {
        assert!(Kind::JSON.may_hold_objects());
        assert!(Kind::Array(Scalar::Json).may_hold_objects());
        assert!(!Kind::Array(Scalar::Text).may_hold_objects());
    }
}
