//! The way from a snapshot to a file, for build scripts and the command.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use phlo_core::schema::Schema;

use crate::{
    emit,
    error::{Error, Result},
    model::Model,
    options::{Options, Visibility},
};

/// The file that a snapshot is in unless another is named.
const SNAPSHOT: &str = "phlo-schema.json";

/// The generated file in the directory that cargo gives build scripts.
const OUTPUT: &str = "phlo.rs";

/// The variable that makes a build read the schema from a database; with the feature `live` alone.
const DATABASE_URL: &str = "PHLO_DATABASE_URL";

/// Generates a module of typed resources.
///
/// ```
/// let schema = phlo_core::schema::Schema::default();
/// let text = phlo_schema_gen::Generator::new().generate(&schema)?;
/// assert!(text.contains("pub fn schema()"));
/// # Ok::<(), phlo_schema_gen::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    snapshot: PathBuf,
    included_as: Option<String>,
    options: Options,
}

impl Default for Generator {
    fn default() -> Self {
        Self { snapshot: PathBuf::from(SNAPSHOT), included_as: None, options: Options::default() }
    }
}

impl Generator {
    /// Everything that is in `phlo-schema.json`, beside `Cargo.toml`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads another snapshot. A relative path is one from the package's directory.
    #[must_use]
    pub fn snapshot(mut self, path: impl Into<PathBuf>) -> Self {
        self.snapshot = path.into();
        self
    }

    /// Takes these schemas alone. With several, each has a module of its own.
    #[must_use]
    pub fn schemas<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options.schemas.extend(names.into_iter().map(Into::into));
        self
    }

    /// Takes these tables and functions alone: `api.films`, or a pattern such as `api.film*`.
    #[must_use]
    pub fn include(mut self, pattern: impl Into<String>) -> Self {
        self.options.include.push(pattern.into());
        self
    }

    /// Leaves out tables and functions: `api.films`, or a pattern such as `api.old_*`.
    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.options.exclude.push(pattern.into());
        self
    }

    /// Gives a table (`api.films`), a column (`api.films.ttl`) or a function another name in Rust.
    #[must_use]
    pub fn rename(mut self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.options.renames.insert(name.into(), to.into());
        self
    }

    /// Has a type of the database (`pg_catalog.uuid`, `api.email`) or a column (`api.films.title`)
    /// stand for a type of Rust, which must implement [`phlo_core::dsl::Scalar`].
    ///
    /// The path of the type must be one that is good from any module, such as `crate::Email`. With
    /// [`serde`](Self::serde) or [`utoipa`](Self::utoipa) the type must have their traits as well.
    #[must_use]
    pub fn map_type(mut self, name: impl Into<String>, rust: impl Into<String>) -> Self {
        self.options.types.insert(name.into(), rust.into());
        self
    }

    fn map_types(self, types: &[(&str, &str)]) -> Self {
        types.iter().fold(self, |it, (name, rust)| it.map_type(format!("pg_catalog.{name}"), *rust))
    }

    /// Has dates and times be those of `chrono`; with the feature `chrono` of `phlo-core`.
    #[must_use]
    pub fn chrono(self) -> Self {
        self.map_types(&[
            ("date", "dsl::chrono::NaiveDate"),
            ("time", "dsl::chrono::NaiveTime"),
            ("timestamp", "dsl::chrono::NaiveDateTime"),
            ("timestamptz", "dsl::chrono::DateTime<dsl::chrono::Utc>"),
        ])
    }

    /// Has dates and times be those of `time`; with the feature `time` of `phlo-core`.
    #[must_use]
    pub fn time(self) -> Self {
        self.map_types(&[
            ("date", "dsl::time::Date"),
            ("time", "dsl::time::Time"),
            ("timestamp", "dsl::time::PrimitiveDateTime"),
            ("timestamptz", "dsl::time::OffsetDateTime"),
        ])
    }

    /// Has dates and times be those of `jiff`; with the feature `jiff` of `phlo-core`.
    #[must_use]
    pub fn jiff(self) -> Self {
        self.map_types(&[
            ("date", "dsl::jiff::civil::Date"),
            ("time", "dsl::jiff::civil::Time"),
            ("timestamp", "dsl::jiff::civil::DateTime"),
            ("timestamptz", "dsl::jiff::Timestamp"),
        ])
    }

    /// Has exact numbers be those of `rust_decimal`; with the feature `rust_decimal` of `phlo-core`.
    #[must_use]
    pub fn rust_decimal(self) -> Self {
        self.map_types(&[("numeric", "dsl::rust_decimal::Decimal")])
    }

    /// Has UUIDs be those of `uuid`; with the feature `uuid` of `phlo-core`.
    #[must_use]
    pub fn uuid(self) -> Self {
        self.map_types(&[("uuid", "dsl::uuid::Uuid")])
    }

    /// Says of a view's column that it is never null, which the database doesn't know.
    #[must_use]
    pub fn not_null(mut self, column: impl Into<String>) -> Self {
        self.options.not_null.push(column.into());
        self
    }

    /// Derives another trait for `Row`, `Insert` and `Update`.
    #[must_use]
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.options.derives.push(path.into());
        self
    }

    /// Derives `serde::Serialize` and `serde::Deserialize`, also for enums and domains; the crate
    /// must depend on `serde` with its feature `derive`.
    ///
    /// A `Row` is written as the HTTP API sends it, an `Insert` or `Update` as it takes it: members
    /// have the names of columns, values are what `to_json` makes of them, and what isn't given is
    /// left out. When an `Update` is read, a null sets null, and what isn't there stays as it is.
    #[must_use]
    pub fn serde(mut self) -> Self {
        self.options.serde = true;
        self
    }

    /// Derives `utoipa::ToSchema` for `Row`, `Insert` and `Update`, enums and domains; the crate must
    /// depend on `utoipa`.
    ///
    /// Schemas describe the JSON that [`serde`](Self::serde) gives. A table's are called after it,
    /// such as `FilmsRow`.
    #[must_use]
    pub fn utoipa(mut self) -> Self {
        self.options.utoipa = true;
        self
    }

    /// Says who sees the generated items.
    #[must_use]
    pub fn visibility(mut self, visibility: Visibility) -> Self {
        self.options.visibility = visibility;
        self
    }

    /// Says under which path the generated file finds the snapshot, from its own directory.
    #[must_use]
    pub fn snapshot_included_as(mut self, path: impl Into<String>) -> Self {
        self.included_as = Some(path.into());
        self
    }

    /// The module for a schema, as a file of Rust.
    ///
    /// # Errors
    ///
    /// An option names something that the schema doesn't have.
    pub fn generate(&self, schema: &Schema) -> Result<String> {
        let model = Model::new(schema, &self.options)?;
        let snapshot = self.included_as.as_deref().unwrap_or(SNAPSHOT);
        Ok(emit::file(&model, &self.options, snapshot))
    }

    /// Generates the module from the snapshot, within a build script: for
    /// `phlo_core::include_schema!`.
    ///
    /// An error ends the build script, after telling cargo what was wrong and what to do.
    pub fn build(&self) {
        if let Err(error) = self.try_build() {
            tell(&format!("cargo::error={error}"));
        }
    }

    /// Like [`build`](Self::build), for build scripts that see to errors themselves.
    ///
    /// # Errors
    ///
    /// There is no snapshot, or it is none; an option names what isn't in it; a file can't be
    /// written.
    pub fn try_build(&self) -> Result<()> {
        let out_dir = PathBuf::from(build_variable("OUT_DIR")?);
        let package = PathBuf::from(build_variable("CARGO_MANIFEST_DIR")?);
        let path = package.join(&self.snapshot);
        tell("cargo::rerun-if-changed=build.rs");
        tell(&format!("cargo::rerun-if-changed={}", path.display()));
        tell(&format!("cargo::rerun-if-env-changed={DATABASE_URL}"));
        let (schema, json) = self.read(&path)?;
        let text = Self { included_as: None, ..self.clone() }.generate(&schema)?;
        write(&out_dir.join(SNAPSHOT), &json)?;
        write(&out_dir.join(OUTPUT), &text)
    }

    #[cfg(feature = "live")]
    fn read(&self, path: &Path) -> Result<(Schema, String)> {
        // Documentation is built without any network.
        match variable(DATABASE_URL).filter(|_| variable("DOCS_RS").is_none()) {
            Some(url) => {
                let schema = crate::live::read(&url, &self.options.schemas)?;
                let json = schema.to_json();
                Ok((schema, json))
            }
            None => read_snapshot(path),
        }
    }

    #[cfg(not(feature = "live"))]
    fn read(&self, path: &Path) -> Result<(Schema, String)> {
        if variable(DATABASE_URL).is_some() {
            tell(&format!(
                "cargo::warning={DATABASE_URL} is set, but phlo-schema-gen was built without its \
                 feature `live`: the snapshot is used"
            ));
        }
        read_snapshot(path)
    }
}

/// The schema in a snapshot, and its text.
pub(crate) fn read_snapshot(path: &Path) -> Result<(Schema, String)> {
    let json = fs::read_to_string(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            Error::NoSnapshot { path: path.to_owned() }
        } else {
            Error::file("could not read", path)(error)
        }
    })?;
    let schema = Schema::from_json(&json).map_err(|error| {
        let details = error.details().and_then(|it| it.as_str().map(str::to_owned));
        let message = match details {
            Some(details) => format!("{error}: {details}"),
            None => error.to_string(),
        };
        Error::Snapshot { path: path.to_owned(), message }
    })?;
    Ok((schema, json))
}

/// Writes a file unless it is there already: what depends on its time then needs no new build.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    fs::write(path, text).map_err(Error::file("could not write", path))
}

/// Says a line to cargo.
#[expect(clippy::print_stdout, reason = "cargo listens to what build scripts print")]
fn tell(line: &str) {
    println!("{line}");
}

fn build_variable(name: &'static str) -> Result<String> {
    variable(name).ok_or(Error::NotABuildScript { name })
}

#[expect(clippy::disallowed_methods, reason = "cargo talks to build scripts by the environment")]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
