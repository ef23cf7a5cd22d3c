//! Reads the catalogue of a database into a [`Schema`].
//!
//! One transaction, one query a topic (the `*.sql` files beside this one), one row an object. The
//! rows come as JSON in the form of the schema's own types and are taken one at a time, so that
//! memory is needed for the result alone. What the catalogue doesn't say itself (relationships
//! through views, ways back, junctions) is derived here, without the database. Knows nothing of
//! roles and requests.

mod catalog;
mod intern;
mod node_tree;
mod relationships;
mod routines;
mod views;

use std::collections::BTreeMap;

use sqlx::{Connection, PgConnection};

pub(crate) use self::catalog::failure;
use self::{
    catalog::{object, objects, rows},
    intern::Interner,
    relationships::{ComputedRow, Deriver, ForeignKeyRow},
    routines::in_order,
    views::{PrimaryKeyRow, Views},
};
use crate::{
    error::{Code, Error, Result},
    schema::{Contents, Ident, MediaHandler, QualifiedName, Relationship, Routine, Schema, Table},
};

/// What is read of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The schemas whose tables and functions are exposed. Each must exist.
    pub schemas: Vec<Ident>,
    /// Schemas that are searched besides: views in them are looked through on the way to tables,
    /// and their types can be cast to. One that doesn't exist is passed over.
    pub extra_search_path: Vec<Ident>,
    /// Names of settings which, if a function has them, are to hold for its whole transaction.
    pub hoisted_settings: Vec<String>,
}

impl Default for Options {
    /// What PostgREST does without configuration.
    fn default() -> Self {
        Self {
            schemas: vec![Ident::new("public")],
            extra_search_path: vec![Ident::new("public")],
            hoisted_settings: [
                "statement_timeout",
                "plan_filter.statement_cost_limit",
                "default_transaction_isolation",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

/// Reads the schema of the database that a connection leads to.
///
/// Needs no privileges besides connecting. The connection must not be in a transaction; its
/// settings are left as they were.
///
/// ```no_run
/// use phlo_core::exec::introspect::{Options, introspect};
/// use sqlx::{Connection, PgConnection};
///
/// # async fn read() -> Result<(), Box<dyn std::error::Error>> {
/// let mut connection = PgConnection::connect("postgres://localhost/shop").await?;
/// let options = Options { schemas: vec!["api".into()], ..Options::default() };
/// let schema = introspect(&mut connection, &options).await?;
/// for table in schema.tables() {
///     println!("{} has {} columns", table.name, table.columns.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The database's own error, among them `3F000` for an exposed schema that doesn't exist; a lost
/// connection.
pub async fn introspect(connection: &mut PgConnection, options: &Options) -> Result<Schema> {
    let mut transaction = connection
        .begin_with("begin transaction isolation level repeatable read, read only")
        .await
        .map_err(failure)?;
    sqlx::raw_sql(include_str!("session.sql")).execute(&mut *transaction).await.map_err(failure)?;
    let contents = read(&mut transaction, options).await?;
    transaction.commit().await.map_err(failure)?;
    Ok(Schema::new(contents))
}

async fn read(connection: &mut PgConnection, options: &Options) -> Result<Contents> {
    let exposed = texts(&options.schemas);
    let path = texts(&options.extra_search_path);
    let mut names = Interner::default();
    let mut contents = Contents {
        server_version: read_server_version(connection).await?,
        descriptions: read_descriptions(connection, &exposed).await?,
        ..Contents::default()
    };
    let mut tables = read_tables(connection, &exposed, &mut names).await?;
    let views = read_views(connection, &exposed, &path, &mut tables).await?;
    let mut relationships = read_relationships(connection, options, &views, &tables).await?;
    relationships.iter_mut().for_each(|relationship| names.relationship(relationship));
    contents.relationships = relationships;
    contents.tables = tables.into_values().collect();
    contents.routines = read_routines(connection, &exposed, options, &mut names).await?;
    objects(connection, include_str!("representations.sql"), &[], |representation| {
        contents.representations.push(representation);
    })
    .await?;
    contents.media_handlers = read_media_handlers(connection, &exposed).await?;
    rows(connection, include_str!("plain.sql"), &[&exposed], |(schema, name)| {
        let (schema, name): (String, String) = (schema, name);
        contents.plain.insert(QualifiedName::new(schema, name));
        Ok(())
    })
    .await?;
    let searched = [exposed, path].concat();
    rows(connection, include_str!("types.sql"), &[&searched], |(schema, name)| {
        let (schema, name): (String, String) = (schema, name);
        let mut name = QualifiedName::new(schema, name);
        names.qualified(&mut name);
        contents.types.insert(name);
        Ok(())
    })
    .await?;
    Ok(contents)
}

async fn read_server_version(connection: &mut PgConnection) -> Result<u32> {
    let mut version = None;
    rows(connection, include_str!("server_version.sql"), &[], |(text,): (String,)| {
        version = text.parse().ok();
        Ok(())
    })
    .await?;
    version.ok_or_else(|| Error::new(Code::Internal, "The server has no version"))
}

async fn read_descriptions(
    connection: &mut PgConnection,
    exposed: &[String],
) -> Result<BTreeMap<Ident, String>> {
    let mut found = BTreeMap::new();
    rows(connection, include_str!("schemas.sql"), &[exposed], |(schema, description)| {
        let (schema, description): (String, Option<String>) = (schema, description);
        found.extend(description.map(|text| (Ident::from(schema), text)));
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn read_tables(
    connection: &mut PgConnection,
    exposed: &[String],
    names: &mut Interner,
) -> Result<BTreeMap<QualifiedName, Table>> {
    let mut tables = BTreeMap::new();
    objects(connection, include_str!("tables.sql"), &[exposed], |mut table: Table| {
        names.table(&mut table);
        tables.insert(table.name.clone(), table);
    })
    .await?;
    Ok(tables)
}

/// Reads what views show, and writes the primary keys of views into their tables.
async fn read_views(
    connection: &mut PgConnection,
    exposed: &[String],
    path: &[String],
    tables: &mut BTreeMap<QualifiedName, Table>,
) -> Result<Views> {
    let mut views = Views::default();
    rows(connection, include_str!("views.sql"), &[exposed, path], |(json, tree)| {
        let (json, tree): (String, String) = (json, tree);
        views.add(object(&json)?, &tree);
        Ok(())
    })
    .await?;
    views.resolve();
    let shown: Vec<String> = views.tables().map(|oid| oid.to_string()).collect();
    let mut keys: Vec<PrimaryKeyRow> = Vec::new();
    objects(connection, include_str!("primary_keys.sql"), &[&shown], |key| keys.push(key)).await?;
    views.add_primary_keys(keys, tables);
    Ok(views)
}

async fn read_relationships(
    connection: &mut PgConnection,
    options: &Options,
    views: &Views,
    tables: &BTreeMap<QualifiedName, Table>,
) -> Result<Vec<Relationship>> {
    let mut deriver = Deriver::new(&options.schemas, views);
    objects(connection, include_str!("foreign_keys.sql"), &[], |key: ForeignKeyRow| {
        deriver.add(&key);
    })
    .await?;
    let mut computed: Vec<ComputedRow> = Vec::new();
    let exposed = texts(&options.schemas);
    objects(connection, include_str!("computed.sql"), &[&exposed], |row| computed.push(row))
        .await?;
    Ok(deriver.finish(tables, computed))
}

async fn read_routines(
    connection: &mut PgConnection,
    exposed: &[String],
    options: &Options,
    names: &mut Interner,
) -> Result<Vec<Routine>> {
    let settings: Vec<_> = options.hoisted_settings.iter().map(|it| it.to_lowercase()).collect();
    let mut routines = Vec::new();
    let sql = include_str!("routines.sql");
    objects(connection, sql, &[exposed, &settings], |mut routine: Routine| {
        names.routine(&mut routine);
        routines.push(routine);
    })
    .await?;
    routines.sort_by(in_order);
    Ok(routines)
}

async fn read_media_handlers(
    connection: &mut PgConnection,
    exposed: &[String],
) -> Result<Vec<MediaHandler>> {
    let mut handlers: Vec<MediaHandler> = Vec::new();
    let sql = include_str!("media_handlers.sql");
    objects(connection, sql, &[exposed], |handler| handlers.push(handler)).await?;
    handlers.sort_by(|a, b| {
        (&a.target, &a.media_type, &a.function).cmp(&(&b.target, &b.media_type, &b.function))
    });
    handlers.dedup();
    Ok(handlers)
}

fn texts(names: &[Ident]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
