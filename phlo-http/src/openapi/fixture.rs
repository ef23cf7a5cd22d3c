//! A small schema for the tests of the documents: a shop with clients, projects and functions.
//!
//! Each table, column and function is there for a rule that some test checks.

use phlo_core::schema::{
    Column, Contents, ForeignKey, Generated, Ident, Junction, Link, Parameter, QualifiedName,
    Relationship, ReturnKind, Returns, Routine, Schema, Table, TableKind, Volatility,
};

use crate::openapi::Settings;

pub(super) fn settings() -> Settings<'static> {
    Settings { security_active: true, max_rows: Some(1000), ..Settings::default() }
}

pub(super) fn schema() -> Schema {
    let comment = "The shop\n\nEverything that is sold,\nand to whom.".to_owned();
    Schema::new(Contents {
        server_version: 150_018,
        tables: tables(),
        relationships: relationships(),
        routines: routines(),
        descriptions: [(Ident::new("shop"), comment)].into(),
        ..Contents::default()
    })
}

pub(super) fn table(name: &str, columns: Vec<Column>) -> Table {
    Table {
        name: QualifiedName::new("shop", name),
        kind: TableKind::Table,
        description: None,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: vec![Ident::new("id")],
        unique: Vec::new(),
        columns: columns.into_iter().map(|column| (column.name.clone(), column)).collect(),
    }
}

pub(super) fn column(name: &str, label: &str) -> Column {
    Column {
        name: Ident::new(name),
        description: None,
        type_name: type_name(label),
        base_type: type_name(label),
        type_label: label.to_owned(),
        nominal_type_label: label.to_owned(),
        nullable: true,
        max_length: None,
        default: None,
        enum_labels: Vec::new(),
        generated: Generated::No,
    }
}

fn type_name(label: &str) -> QualifiedName {
    let name = match label {
        "integer" => "int4",
        "integer[]" => "_int4",
        "bigint" => "int8",
        "boolean" => "bool",
        "text[]" => "_text",
        other => other,
    };
    match name.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => QualifiedName::new("pg_catalog", name),
    }
}

fn with_default(mut column: Column, default: &str) -> Column {
    column.default = Some(serde_json::from_value(default.into()).unwrap());
    column
}

fn required(mut column: Column) -> Column {
    column.nullable = false;
    column
}

fn tables() -> Vec<Table> {
    let mut id = required(with_default(column("id", "bigint"), "nextval('shop.ids'::regclass)"));
    id.description = Some("Number of the project".to_owned());
    let mut mood = with_default(column("mood", "shop.mood"), "'happy'::shop.mood");
    mood.enum_labels = vec!["happy".to_owned(), "sad".to_owned()];
    let mut code = required(with_default(column("code", "character"), "'it''s'::bpchar"));
    code.max_length = Some(4);
    let mut total = column("total", "numeric");
    total.generated = Generated::Expression;
    let mut projects = table(
        "projects",
        vec![
            id,
            required(column("client_id", "integer")),
            column("name", "text"),
            mood,
            code,
            total,
            with_default(column("price", "numeric"), "0.5"),
            with_default(column("done", "boolean"), "false"),
            with_default(column("tags", "text[]"), "'{}'::text[]"),
            with_default(column("data", "jsonb"), "'{\"a\": 1}'::jsonb"),
            with_default(column("made", "timestamp with time zone"), "now()"),
            column("due date", "date"),
            column("order", "integer"),
            column("place", "public.geometry"),
        ],
    );
    projects.description = Some("Projects\n\nWhat we are paid for.".to_owned());

    let mut client_id = required(column("id", "integer"));
    client_id.generated = Generated::IdentityAlways;
    let clients = table("clients", vec![client_id, required(column("name", "text"))]);

    let mut view = table("100% done", vec![column("id", "integer"), column("a.b", "text")]);
    view.kind = TableKind::View;
    (view.insertable, view.updatable, view.deletable) = (false, false, false);

    let mut clients_view = table("clients_view", vec![column("id", "integer")]);
    clients_view.kind = TableKind::View;
    clients_view.primary_key.clear();

    let mut links = table(
        "Project",
        vec![required(column("project_id", "bigint")), required(column("client_id", "integer"))],
    );
    links.primary_key = vec![Ident::new("client_id"), Ident::new("project_id")];

    let twin = table("a b", vec![column("id", "integer")]);
    let other_twin = table("a_b", vec![column("id", "integer")]);
    let mut elsewhere = table("projects", Vec::new());
    elsewhere.name = QualifiedName::new("private", "projects");
    vec![projects, clients, view, clients_view, links, twin, other_twin, elsewhere]
}

fn relationship(source: &str, target: &str, link: Link) -> Relationship {
    let is_view = |name: &str| name.ends_with("_view");
    Relationship {
        source: QualifiedName::new("shop", source),
        target: QualifiedName::new("shop", target),
        is_self: source == target,
        source_is_view: is_view(source),
        target_is_view: is_view(target),
        link,
    }
}

fn key(constraint: &str, columns: &[(&str, &str)]) -> ForeignKey {
    let pair = |(source, target): &(&str, &str)| (Ident::new(source), Ident::new(target));
    ForeignKey { constraint: Ident::new(constraint), columns: columns.iter().map(pair).collect() }
}

fn relationships() -> Vec<Relationship> {
    let owner = |columns| key("projects_client_id_fkey", columns);
    let mut elsewhere = relationship(
        "projects",
        "projects",
        Link::ManyToOne(key("projects_copy_fkey", &[("name", "name")])),
    );
    elsewhere.target = QualifiedName::new("private", "projects");
    let junction = Junction {
        table: QualifiedName::new("shop", "Project"),
        source_constraint: Ident::new("Project_project_id_fkey"),
        target_constraint: Ident::new("Project_client_id_fkey"),
        source_columns: vec![(Ident::new("id"), Ident::new("project_id"))],
        target_columns: vec![(Ident::new("id"), Ident::new("client_id"))],
    };
    vec![
        elsewhere,
        relationship("projects", "clients_view", Link::ManyToOne(owner(&[("client_id", "id")]))),
        relationship("projects", "clients", Link::ManyToOne(owner(&[("client_id", "id")]))),
        relationship(
            "projects",
            "clients",
            Link::ManyToOne(key("projects_pair_fkey", &[("mood", "id"), ("code", "name")])),
        ),
        relationship("projects", "clients", Link::ManyToMany(junction)),
        relationship(
            "projects",
            "a_b",
            Link::Computed { function: QualifiedName::new("shop", "best"), to_one: true },
        ),
        relationship("clients", "projects", Link::OneToMany(owner(&[("id", "client_id")]))),
        relationship(
            "a_b",
            "a b",
            Link::OneToOne { key: key("a_fkey", &[("id", "id")]), target_holds_key: false },
        ),
        relationship(
            "a b",
            "a_b",
            Link::OneToOne { key: key("a_fkey", &[("id", "id")]), target_holds_key: true },
        ),
    ]
}

pub(super) fn routine(
    name: &str,
    parameters: Vec<Parameter>,
    volatility: Volatility,
    returns: Returns,
) -> Routine {
    Routine {
        name: QualifiedName::new("shop", name),
        description: None,
        parameters,
        returns,
        volatility,
        isolation: None,
        settings: Vec::new(),
    }
}

pub(super) fn parameter(name: &str, label: &str) -> Parameter {
    Parameter {
        name: Ident::new(name),
        type_name: type_name(label),
        type_label: label.to_owned(),
        required: true,
        variadic: false,
    }
}

pub(super) fn scalar(name: &str) -> Returns {
    let kind = ReturnKind::Scalar(QualifiedName::new("pg_catalog", name));
    Returns { is_set: false, kind, columns: Vec::new() }
}

fn set_of(name: &str) -> Returns {
    let kind = ReturnKind::Composite(QualifiedName::new("shop", name));
    Returns { is_set: true, kind, columns: Vec::new() }
}

fn routines() -> Vec<Routine> {
    use Volatility::{Immutable, Stable, Volatile};

    let mut limit = parameter("limit", "integer");
    limit.required = false;
    let mut search =
        routine("search", vec![parameter("query", "text"), limit], Stable, set_of("projects"));
    search.description = Some("Search\nBy name.".to_owned());
    let mut numbers = parameter("numbers", "integer[]");
    numbers.variadic = true;
    numbers.required = false;
    vec![
        search,
        routine("search", vec![parameter("query", "text")], Stable, set_of("projects")),
        routine("paint", vec![parameter("mood", "shop.mood")], Volatile, scalar("void")),
        routine("sum", vec![numbers], Immutable, scalar("numeric")),
        routine("upload", vec![parameter("", "bytea")], Volatile, scalar("_int4")),
        routine("hello world", Vec::new(), Stable, scalar("json")),
    ]
}
