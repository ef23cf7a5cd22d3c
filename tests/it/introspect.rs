//! What introspection finds in a small shop that has one of everything.

use phlo_core::{
    Code,
    exec::introspect::{Options, introspect},
    schema::{
        Generated, HandlerTarget, Ident, Isolation, Link, QualifiedName, Relationship, ReturnKind,
        Routine, Schema, Table, TableKind, Volatility,
    },
};
use phlo_tests::Database;

const SHOP: &str = include_str!("../fixtures/introspect.sql");

/// Everything that the catalogue says about the shop is in the schema.
#[tokio::test]
async fn finds_everything() {
    let database = Database::empty();
    let connection = &mut database.connect().await;
    sqlx::raw_sql(SHOP).execute(&mut *connection).await.unwrap();
    let schema = introspect(connection, &options()).await.unwrap();
    check_tables(&schema);
    check_columns(&schema);
    check_relationships(&schema);
    check_routines(&schema);
    check_representations(&schema);
    check_types(&schema);
    assert_eq!(schema.description("shop"), Some("What customers see"));
    assert!(schema.server_version() >= 140_000);
    // A snapshot has everything but what is only known of a database that is there.
    let snapshot = schema.to_json();
    assert_eq!(Schema::from_json(&snapshot).unwrap().to_json(), snapshot);
}

/// A schema that is to be exposed must exist; one of the search path may be missing.
#[tokio::test]
async fn exposed_schemas_must_exist() {
    let database = Database::empty();
    let connection = &mut database.connect().await;
    sqlx::raw_sql(SHOP).execute(&mut *connection).await.unwrap();
    let mut options = options();
    options.extra_search_path.push(Ident::new("nowhere"));
    introspect(connection, &options).await.unwrap();
    options.schemas.push(Ident::new("Now\"here"));
    let error = introspect(connection, &options).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Code::Database, "3F000"));
}

/// The settings of introspection end with it, also after an error.
#[tokio::test]
async fn the_connection_stays_as_it_was() {
    let database = Database::empty();
    let connection = &mut database.connect().await;
    sqlx::raw_sql("create schema shop; set search_path = shop; set timezone = 'Asia/Tokyo'")
        .execute(&mut *connection)
        .await
        .unwrap();
    let mut options = Options { schemas: vec!["shop".into()], ..options() };
    introspect(connection, &options).await.unwrap();
    options.schemas = vec!["nowhere".into()];
    introspect(connection, &options).await.unwrap_err();
    let (path, zone, writes): (String, String, String) = sqlx::query_as(
        "select current_setting('search_path'), current_setting('timezone'), \
         current_setting('transaction_read_only')",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    assert_eq!((path.as_str(), zone.as_str(), writes.as_str()), ("shop", "Asia/Tokyo", "off"));
}

fn options() -> Options {
    Options {
        schemas: vec!["shop".into()],
        extra_search_path: vec!["public".into(), "tools".into()],
        ..Options::default()
    }
}

fn shop(name: &str) -> QualifiedName {
    QualifiedName::new("shop", name)
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.table(&shop(name)).unwrap_or_else(|| panic!("no table {name}"))
}

fn routine<'a>(schema: &'a Schema, name: &str) -> &'a Routine {
    let [routine] = schema.routines(&shop(name)) else { panic!("not one function {name}") };
    routine
}

fn check_tables(schema: &Schema) {
    let found: Vec<_> = schema
        .tables()
        .map(|table| {
            let events = [table.insertable, table.updatable, table.deletable];
            (&*table.name.name, table.kind, events, table.primary_key.join(" "))
        })
        .collect();
    let (all, none) = ([true; 3], [false; 3]);
    assert_eq!(
        found,
        [
            ("anything", TableKind::View, none, ""),
            ("counted", TableKind::View, [true, false, false], ""),
            ("customers", TableKind::Table, all, "id"),
            ("maker_list", TableKind::MaterializedView, none, "id"),
            ("makers", TableKind::View, all, "id"),
            ("notes", TableKind::Table, all, ""),
            ("order_tags", TableKind::Table, all, "at order_id tag_id"),
            ("order_tags_view", TableKind::View, all, "order_id tag_id at"),
            ("orders", TableKind::Table, all, "id"),
            ("passports", TableKind::Table, all, "customer_id"),
            ("products", TableKind::View, all, "id"),
            ("tags", TableKind::Table, all, "id"),
            ("visits", TableKind::Partitioned, all, "customer_id day"),
        ]
        .map(|(name, kind, events, key)| (name, kind, events, key.to_owned()))
    );
    let customers = table(schema, "customers");
    assert_eq!(customers.description.as_deref(), Some("Who buys"));
    let unique: Vec<_> = customers.unique.iter().map(|columns| columns.join(" ")).collect();
    assert_eq!(unique, ["name born", "number"]);
}

fn check_columns(schema: &Schema) {
    let customers = table(schema, "customers");
    let found: Vec<_> = customers
        .columns
        .values()
        .map(|column| {
            format!(
                "{} {} {} [{}] [{}]{}{}{}",
                column.name,
                column.type_name,
                column.base_type,
                column.type_label,
                column.nominal_type_label,
                if column.nullable { "" } else { " not null" },
                column.max_length.map(|most| format!(" at most {most}")).unwrap_or_default(),
                column
                    .default
                    .as_ref()
                    .map(|sql| format!(" = {}", sql.as_str()))
                    .unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "id pg_catalog.int8 pg_catalog.int8 [bigint] [bigint] not null",
            "number pg_catalog.int4 pg_catalog.int4 [integer] [integer] not null \
             = nextval('shop.customers_number_seq'::regclass)",
            "name pg_catalog.varchar pg_catalog.varchar [character varying] \
             [character varying(40)] not null at most 40 = 'nobody'::character varying",
            "flags pg_catalog.bit pg_catalog.bit [bit] [bit(3)] at most 3",
            "initials pg_catalog.bpchar pg_catalog.bpchar [character] [character(2)] at most 2",
            "size shop.size shop.size [shop.size] [shop.size]",
            "size_name shop.size_name shop.size [shop.size_name] [shop.size_name]",
            "code shop.short_code pg_catalog.varchar [character varying] [shop.short_code] \
             not null at most 8 = 'none'::character varying",
            "home shop.home shop.address [shop.home] [shop.home]",
            "aliases pg_catalog._text pg_catalog._text [text[]] [text[]]",
            "born pg_catalog.timestamptz pg_catalog.timestamptz [timestamp with time zone] \
             [timestamp with time zone] = '2001-02-03 04:05:06+00'::timestamp with time zone",
            "shout pg_catalog.text pg_catalog.text [text] [text]",
        ]
    );
    let column = |name| customers.column(name).unwrap();
    assert_eq!(column("name").description.as_deref(), Some("As they write it"));
    assert_eq!(column("size").enum_labels, ["small", "large", "huge"]);
    assert_eq!(column("size_name").enum_labels, ["small", "large", "huge"]);
    assert!(column("name").enum_labels.is_empty());
    assert_eq!(column("id").generated, Generated::IdentityAlways);
    assert_eq!(column("number").generated, Generated::IdentityByDefault);
    assert_eq!(column("shout").generated, Generated::Expression);
    assert_eq!(column("name").generated, Generated::No);
    assert!(table(schema, "passports").column("the \"number\"").is_some());
}

fn check_relationships(schema: &Schema) {
    let check = |source: &str, expected: &[&str]| {
        let found: Vec<_> = schema.relationships(&shop(source)).iter().map(print).collect();
        assert_eq!(found, expected, "from {source}");
    };
    check(
        "customers",
        &[
            "-> many orders by orders_buyer(id=customer_id)",
            "-> many orders by orders_payer(id=payer_id)",
            "-> one passports by passports_customer_id_fkey(id=customer_id), it has the key",
            "-> many visits by visits_customer_id_fkey(id=customer_id)",
            "-> many makers by tools.makers_of()",
            "-> one tags by shop.favourite()",
        ],
    );
    check("passports", &["-> one customers by passports_customer_id_fkey(customer_id=id)"]);
    // The ways through the junction table to `tags` have given way to the function `tags`.
    check(
        "orders",
        &[
            "-> one customers by orders_buyer(customer_id=id)",
            "-> one customers by orders_payer(payer_id=id)",
            "-> many notes by notes_order_id_fkey(id=order_id)",
            "-> many order_tags by order_tags_order_id_fkey(id=order_id)",
            "-> many order_tags_view by order_tags_order_id_fkey(id=order_id)",
            "-> many orders itself by orders_parent_fkey(id=parent)",
            "-> one orders itself by orders_parent_fkey(parent=id)",
            "-> many tags by shop.tags()",
        ],
    );
    check(
        "tags",
        &[
            "-> many notes by notes_tag_id_fkey(id=tag_id)",
            "-> many order_tags by order_tags_tag_id_fkey(id=tag_id)",
            "-> many order_tags_view by order_tags_tag_id_fkey(id=tag_id)",
            "-> many orders through order_tags by order_tags_tag_id_fkey(id=tag_id) \
             and order_tags_order_id_fkey(id=order_id)",
            "-> many orders through order_tags_view by order_tags_tag_id_fkey(id=tag_id) \
             and order_tags_order_id_fkey(id=order_id)",
        ],
    );
    // Both tables are private; the views lead to each other, through a view in the search path.
    check(
        "products",
        &[
            "-> one maker_list by products_maker_id_fkey(maker=id)",
            "-> one makers by products_maker_id_fkey(maker=id)",
            "-> one makers by products_maker_id_fkey(maker=same_id)",
        ],
    );
    check("maker_list", &["-> many products by products_maker_id_fkey(id=maker)"]);
    check("visits", &["-> one customers by visits_customer_id_fkey(customer_id=id)"]);
    for alone in ["anything", "counted", "visits_2024"] {
        check(alone, &[]);
    }
    let [to_list, ..] = schema.relationships(&shop("products")) else { panic!("no way") };
    assert!(to_list.source_is_view && to_list.target_is_view);
}

fn print(way: &Relationship) -> String {
    let columns = |pairs: &[(Ident, Ident)]| {
        pairs.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join(" ")
    };
    let by = match &way.link {
        Link::ManyToOne(key) | Link::OneToMany(key) => {
            format!("by {}({})", key.constraint, columns(&key.columns))
        }
        Link::OneToOne { key, target_holds_key } => {
            let holder = if *target_holds_key { ", it has the key" } else { "" };
            format!("by {}({}){holder}", key.constraint, columns(&key.columns))
        }
        Link::ManyToMany(junction) => format!(
            "through {} by {}({}) and {}({})",
            junction.table.name,
            junction.source_constraint,
            columns(&junction.source_columns),
            junction.target_constraint,
            columns(&junction.target_columns),
        ),
        Link::Computed { function, .. } => format!("by {function}()"),
    };
    let number = if way.is_to_one() { "one" } else { "many" };
    let itself = if way.is_self { " itself" } else { "" };
    format!("-> {number} {}{itself} {by}", way.target.name)
}

fn check_routines(schema: &Schema) {
    let found: Vec<_> = schema.all_routines().map(print_routine).collect();
    assert_eq!(
        found,
        [
            "at_home() Composite(shop.address)",
            "body( json) Scalar(pg_catalog.json)",
            "careful() Scalar(pg_catalog.int4)",
            "customer() set of Composite(shop.customers)",
            "labels(a character, b bit[], c shop.size) Scalar(pg_catalog.varchar)",
            "listed() set of Composite(pg_catalog.record)",
            "many(variadic words text[]) set of Scalar(pg_catalog.text)",
            "nothing() Scalar(pg_catalog.void)",
            "one_out(a integer) Composite(pg_catalog.record)",
            "outs(a integer) Composite(pg_catalog.record)",
            "picture() Scalar(pg_catalog.bytea)",
            "plain(a integer) Scalar(pg_catalog.int4)",
            "plain(a integer, b text?) Scalar(pg_catalog.int4)",
            // What the server made with the range type.
            "span_multirange() Scalar(shop.span_multirange)",
        ]
    );
    let careful = routine(schema, "careful");
    assert_eq!(careful.description.as_deref(), Some("Takes its time"));
    assert_eq!(careful.isolation, Some(Isolation::RepeatableRead));
    let settings: Vec<_> =
        careful.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(settings, ["default_transaction_isolation=REPEATABLE READ", "statement_timeout=5s"]);
    let volatility: Vec<_> =
        schema.routines(&shop("plain")).iter().map(|overload| overload.volatility).collect();
    assert_eq!(volatility, [Volatility::Stable, Volatility::Immutable]);
    let types: Vec<_> = routine(schema, "labels")
        .parameters
        .iter()
        .map(|parameter| parameter.type_name.to_string())
        .collect();
    assert_eq!(types, ["pg_catalog.bpchar", "pg_catalog._bit", "shop.size"]);
    assert!(routine(schema, "many").is_variadic());
    assert!(routine(schema, "nothing").returns_void());
}

fn print_routine(routine: &Routine) -> String {
    let parameters: Vec<_> = routine
        .parameters
        .iter()
        .map(|parameter| {
            format!(
                "{}{} {}{}",
                if parameter.variadic { "variadic " } else { "" },
                parameter.name,
                parameter.type_label,
                if parameter.required { "" } else { "?" },
            )
        })
        .collect();
    let set = if routine.returns.is_set { "set of " } else { "" };
    let returns = match &routine.returns.kind {
        ReturnKind::Scalar(name) => format!("Scalar({name})"),
        ReturnKind::Composite(name) => format!("Composite({name})"),
    };
    format!("{}({}) {set}{returns}", routine.name.name, parameters.join(", "))
}

fn check_representations(schema: &Schema) {
    let color = QualifiedName::new("tools", "color");
    let name = |name| QualifiedName::new("pg_catalog", name);
    let function = schema.representation(&color, &name("json"));
    assert_eq!(function, Some(&QualifiedName::new("tools", "json")));
    assert_eq!(schema.representation(&name("json"), &color), Some(&color));
    // This cast is not implicit.
    assert_eq!(schema.representation(&name("text"), &color), None);

    let handlers = |target| {
        let found: Vec<_> = schema
            .media_handlers(&target)
            .iter()
            .map(|it| (&*it.media_type, &*it.resolved_media_type, it.function.clone()))
            .collect();
        found
    };
    assert_eq!(
        handlers(HandlerTarget::Relation(shop("tags"))),
        [("text/vnd.shop", "Text/Vnd.Shop", Some(shop("as_shop")))]
    );
    assert_eq!(
        handlers(HandlerTarget::AnyElement),
        [("*/*", "application/octet-stream", Some(shop("as_bytes")))]
    );
    assert_eq!(
        handlers(HandlerTarget::Relation(shop("picture"))),
        [("*/*", "application/octet-stream", None)]
    );
    assert!(handlers(HandlerTarget::Relation(shop("orders"))).is_empty());
}

fn check_types(schema: &Schema) {
    for name in ["size", "code", "address", "span", "customers", "_size"] {
        assert!(schema.has_type(&shop(name)), "{name}");
    }
    for name in ["int4", "_int4", "text", "regclass", "int4range", "int4multirange"] {
        assert!(schema.has_type(&QualifiedName::new("pg_catalog", name)), "{name}");
    }
    assert!(schema.has_type(&QualifiedName::new("tools", "color")));
    for absent in [
        QualifiedName::new("store", "makers"),
        QualifiedName::new("pg_catalog", "pg_class"),
        QualifiedName::new("pg_catalog", "anyelement"),
        shop("_customers"),
    ] {
        assert!(!schema.has_type(&absent), "{absent}");
    }
}
