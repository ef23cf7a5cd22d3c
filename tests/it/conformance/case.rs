//! Cases and rows as they stand in `tests/conformance`: their form, and how they are read.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// What `rows.json` says of the features of one section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    /// The file that holds its cases, without its ending.
    pub(super) file: String,
    #[serde(rename = "title")]
    _title: String,
    /// Its features.
    pub(super) rows: Vec<Row>,
}

/// A feature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// A letter or two for the section, and a number.
    pub(super) id: String,
    #[serde(rename = "feature")]
    _feature: String,
    /// How phlo's compares to PostgREST's.
    pub(super) status: Status,
    /// Why it isn't the same.
    pub(super) reason: Option<String>,
}

/// How a feature of phlo compares to PostgREST's.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Nobody can tell them apart.
    Same,
    /// Something is different on purpose.
    Differs,
    /// It isn't there.
    Absent,
    /// It does all that PostgREST's does, and more; or PostgREST doesn't have it.
    Extended,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// The row and a number.
    pub(super) id: String,
    /// The feature it belongs to.
    pub(super) row: String,
    /// What is shown.
    pub(super) title: String,
    /// The page of PostgREST's manual that says so, or the module that does it.
    #[serde(rename = "source")]
    _source: String,
    /// Settings beyond those of the library, by their names in the file.
    #[serde(default)]
    pub(super) config: BTreeMap<String, String>,
    /// What is asked; nothing where HTTP can't show it.
    request: Option<Asked>,
    /// What has to come back.
    expect: Option<Expected>,
    /// What is asked next, of the same database.
    #[serde(default)]
    then: Vec<Step>,
    /// Why the last answer isn't PostgREST's.
    pub(super) differs: Option<String>,
    /// What PostgREST answers there.
    pub(super) postgrest: Option<Expected>,
    /// The tests that show it where HTTP can't, as `file: name`.
    #[serde(default)]
    pub(super) covered_by: Vec<String>,
}

impl Case {
    /// The requests, in this order, each with what has to come back.
    pub(super) fn steps(&self) -> Vec<(&Asked, &Expected)> {
        let first = self.request.as_ref().zip(self.expect.as_ref());
        let then = self.then.iter().map(|step| (&step.request, &step.expect));
        first.into_iter().chain(then).collect()
    }
}

/// A request and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What is asked.
    request: Asked,
    /// What has to come back.
    expect: Expected,
}

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The method; `GET` if none is given.
    #[serde(default = "get")]
    pub(super) method: String,
    /// The path and the query string. What no URI can hold is encoded on the way.
    pub(super) path: String,
    /// Headers, with lower-case names; a list for a header that is there several times.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Values>,
    /// A JSON body, or a body of the media type that the headers name.
    pub(super) body: Option<Value>,
    /// A body as it is.
    pub(super) text: Option<String>,
    /// The role that a token is made for; without a token if there is none.
    #[serde(rename = "as")]
    pub(super) role: Option<String>,
    /// The claims of a token, in place of a role.
    pub(super) claims: Option<Value>,
}

/// One value or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Values {
    /// All of them.
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What has to come back.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// The status.
    pub(super) status: Option<u16>,
    /// Headers and their values; several of a name are joined by `, `.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// What headers have in them.
    #[serde(default)]
    pub(super) headers_with: BTreeMap<String, String>,
    /// Headers that have to be there.
    #[serde(default)]
    pub(super) present: Vec<String>,
    /// Headers that must not be there.
    #[serde(default)]
    pub(super) absent: Vec<String>,
    /// The body, as JSON.
    #[serde(default, deserialize_with = "given")]
    pub(super) body: Option<Value>,
    /// What a JSON body has to hold among others: the members of objects that are named here.
    pub(super) includes: Option<Value>,
    /// The body, to the letter.
    pub(super) text: Option<String>,
    /// What a body of text has to hold among others.
    pub(super) text_with: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

/// `null` is a body, too.
fn given<'a, D: serde::Deserializer<'a>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// The root of the repository.
pub(super) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The features, section by section.
pub(super) fn sections() -> Vec<Section> {
    read("rows")
}

/// The cases of all sections.
pub(super) fn cases() -> Vec<Case> {
    sections().iter().flat_map(|section| read::<Vec<Case>>(&section.file)).collect()
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let path: PathBuf = root().join("tests/conformance").join(format!("{file}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}.json: {error}"))
}
