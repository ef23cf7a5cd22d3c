//! A schema as a JSON text, to be kept in a file and read without a database.
//!
//! The same schema gives the same bytes, laid out for review. Reads and writes texts only; knows
//! nothing of files.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Code, Error, Result},
    schema::{Contents, Schema},
};

/// The version of the form that snapshots have.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    schema: Contents,
}

/// As little of a snapshot as any version has.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Schema {
    /// The schema as a snapshot: indented JSON that ends with a line break.
    ///
    /// ```
    /// use phlo_core::schema::Schema;
    ///
    /// let snapshot = Schema::default().to_json();
    /// assert!(snapshot.starts_with("{\n  \"format\": 1,"));
    /// assert_eq!(Schema::from_json(&snapshot)?, Schema::default());
    /// # Ok::<(), phlo_core::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let snapshot = Snapshot { format: FORMAT, schema: self.contents() };
        // OK because every key is a string and no value has a serializer that fails.
        let mut text = serde_json::to_string_pretty(&snapshot).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The schema that a snapshot holds.
    ///
    /// # Errors
    ///
    /// [`Code::NoSchema`] for a text that is not a snapshot, or one of another version.
    pub fn from_json(text: &str) -> Result<Self> {
        let header: Header = serde_json::from_str(text).map_err(malformed)?;
        if header.format != FORMAT {
            return Err(Error::new(
                Code::NoSchema,
                format!("The schema snapshot has format {}, not {FORMAT}", header.format),
            )
            .with_hint("Make the snapshot again with this version"));
        }
        let snapshot: Snapshot = serde_json::from_str(text).map_err(malformed)?;
        for table in &snapshot.schema.tables {
            if let Some((key, _)) = table.columns.iter().find(|(key, column)| column.name != **key)
            {
                return Err(Error::new(
                    Code::NoSchema,
                    format!(
                        "The schema snapshot calls column '{key}' of '{}' otherwise inside",
                        table.name
                    ),
                ));
            }
        }
        Ok(Self::new(snapshot.schema))
    }
}

fn malformed(error: serde_json::Error) -> Error {
    Error::new(Code::NoSchema, "The schema snapshot could not be read")
        .with_details(error.to_string())
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::QualifiedName;

    const SNAPSHOT: &str = include_str!("../../tests/fixtures/snapshot.json");

    #[test]
    fn snapshots_survive_a_round_trip() {
        let schema = Schema::from_json(SNAPSHOT).unwrap();
        let table = schema.table(&QualifiedName::new("api", "films")).unwrap();
        assert_eq!(
            table.columns.keys().collect::<Vec<_>>(),
            ["id", "director_id", "year", "genre"]
        );
        assert_eq!(schema.relationships(&table.name).len(), 1);
        assert_eq!(schema.all_routines().count(), 2);
        assert_eq!(schema.to_json(), SNAPSHOT);
    }

    #[test]
    fn another_version_is_refused() {
        let error = Schema::from_json(r#"{"format": 2, "anything": {}}"#).unwrap_err();
        assert_eq!(error.kind(), Code::NoSchema);
        assert_eq!(error.message(), "The schema snapshot has format 2, not 1");
    }

    #[test]
    fn what_is_no_snapshot_says_where() {
        for (text, place) in [
            ("", "line 1 column 0"),
            ("{}", "missing field `format`"),
            (r#"{"format": 1}"#, "missing field `schema`"),
            (r#"{"format": 1, "schema": {"server_version": 150000, "tables": 1}}"#, "column 62"),
        ] {
            let error = Schema::from_json(text).unwrap_err();
            assert_eq!(error.message(), "The schema snapshot could not be read");
            let details = error.details().unwrap().as_str().unwrap();
            assert!(details.contains(place), "{details}");
        }
    }

    #[test]
    fn columns_stand_under_their_own_name() {
        let error = Schema::from_json(&SNAPSHOT.replacen("\"id\": {", "\"ID\": {", 1)).unwrap_err();
        assert!(error.message().contains("'ID' of 'api.directors'"), "{error}");
    }
}
