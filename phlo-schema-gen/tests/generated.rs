//! Generated modules: as they were reviewed, laid out as `rustfmt` would, the same every time, and
//! good Rust. The reviewed ones are compiled with this file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{fs, path::PathBuf, process::Command, time::Instant};

use phlo_core::schema::{Contents, Ident, Link, QualifiedName, Schema};
use phlo_schema_gen::{Generator, Visibility};
use serde_json::json;

#[allow(dead_code, unreachable_pub, clippy::module_inception, reason = "it is compiled, and read in part")]
#[rustfmt::skip]
#[path = "golden/films.rs"]
mod films;
#[allow(dead_code, unreachable_pub, reason = "it is only compiled")]
#[rustfmt::skip]
#[path = "golden/shop.rs"]
mod shop;
#[allow(dead_code, unreachable_pub, reason = "it is only compiled")]
#[rustfmt::skip]
#[path = "golden/strange.rs"]
mod strange;
#[allow(dead_code, unreachable_pub, reason = "it is compiled, and read in part")]
#[rustfmt::skip]
#[path = "golden/kinds.rs"]
mod kinds;
#[allow(dead_code, unreachable_pub, reason = "it is compiled, and read in part")]
#[rustfmt::skip]
#[path = "golden/kinds_chrono.rs"]
mod kinds_chrono;
#[allow(dead_code, unreachable_pub, reason = "it is only compiled")]
#[rustfmt::skip]
#[path = "golden/kinds_jiff.rs"]
mod kinds_jiff;
#[allow(dead_code, unreachable_pub, reason = "it is only compiled")]
#[rustfmt::skip]
#[path = "golden/kinds_time.rs"]
mod kinds_time;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn snapshot(name: &str) -> Schema {
    let path = directory().join("fixtures").join(name).with_extension("json");
    Schema::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

fn generator(name: &str) -> Generator {
    Generator::new().snapshot_included_as(format!("../fixtures/{name}.json"))
}

/// Compares with the reviewed file; where they differ, what is generated now lies beside it.
fn check(name: &str, generated: &str) {
    let path = directory().join("golden").join(name).with_extension("rs");
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let new = path.with_extension("rs.new");
    if generated == reviewed {
        let _ = fs::remove_file(new);
    } else {
        fs::write(&new, generated).unwrap();
        panic!("{} is not what is generated now: see {}", path.display(), new.display());
    }
    // Not the workspace's own layout, but the one that users have.
    let formatted = Command::new("rustfmt")
        .args(["--check", "--edition", "2024", "--config-path", "/dev/null"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
}

#[test]
fn films_are_as_reviewed() {
    check("films", &generator("films").generate(&snapshot("films")).unwrap());
}

#[test]
fn a_shop_of_everything_is_as_reviewed() {
    check("shop", &generator("shop").generate(&snapshot("shop")).unwrap());
}

/// Names that are keywords, collide, or try to end what they are written in; two schemas at once.
#[test]
fn strange_names_are_as_reviewed() {
    check("strange", &generator("strange").generate(&snapshot("strange")).unwrap());
}

/// Types of other crates, and what is derived for `serde` and `utoipa`.
#[test]
fn options_are_as_reviewed() {
    let schema = snapshot("kinds");
    let check_with = |name, change: fn(Generator) -> Generator| {
        check(name, &change(generator("kinds")).generate(&schema).unwrap());
    };
    check_with("kinds", |it| it.serde().utoipa());
    check_with("kinds_chrono", |it| it.chrono().rust_decimal().uuid().serde().utoipa());
    check_with("kinds_jiff", |it| it.jiff().serde().include("kinds.times"));
    check_with("kinds_time", |it| it.time().serde().include("kinds.times"));
}

#[test]
fn the_snapshot_is_found() {
    assert_eq!(films::schema().unwrap(), snapshot("films"));
}

#[test]
fn options_change_what_is_written() {
    let schema = snapshot("films");
    let text = Generator::new()
        .include("api.*")
        .exclude("api.dir*")
        .exclude("api.secret")
        .rename("api.films", "movies")
        .rename("api.films.title", "type")
        .map_type("pg_catalog.int8", "crate::Id")
        .map_type("api.films.year", "crate::Year")
        .map_type("api.search_films.id", "i64")
        .not_null("api.search_films.id")
        .rename("api.search_films", "hits")
        .rename("api.search_films.title", "heading")
        .chrono()
        .derive("Eq")
        .utoipa()
        .visibility(Visibility::Crate)
        .generate(&schema)
        .unwrap();
    for expected in [
        "pub(crate) mod movies {",
        "pub(crate) const TYPE: dsl::Column<Movies, String> = dsl::Column::new(\"title\");",
        "pub(crate) r#type: String,",
        "pub(crate) id: crate::Id,",
        "pub(crate) year: Option<crate::Year>,",
        "pub(crate) added_at: dsl::chrono::DateTime<dsl::chrono::Utc>,",
        "#[derive(Clone, Debug, PartialEq, utoipa::ToSchema, Eq)]",
        "#[schema(value_type = Option<String>, format = DateTime)]",
        "pub(crate) id: i64,",
        "pub(crate) const HEADING: dsl::Column<Hits, Option<String>> = dsl::Column::new(\"title\");",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("irectors"), "{text}");
    assert!(!text.contains("Secret"), "{text}");
    let text = Generator::new().serde().generate(&schema).unwrap();
    assert!(text.contains("#[serde(from = \"String\", into = \"String\")]"), "{text}");
}

/// What `utoipa` makes of generated structs says what their JSON is, under names that don't clash.
#[test]
fn schemas_describe_the_json() {
    #[derive(utoipa::OpenApi)]
    #[openapi(components(schemas(
        kinds::samples::Row,
        kinds::samples::Insert,
        kinds::samples::Update,
        kinds_chrono::times::Row,
    )))]
    struct Document;
    let document = serde_json::to_value(<Document as utoipa::OpenApi>::openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let names: Vec<_> = schemas.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "Birthday",
        "Email",
        "Rating",
        "Ratio",
        "SamplesInsert",
        "SamplesRow",
        "SamplesUpdate",
        "Size",
        "TimesRow",
    ];
    assert_eq!(names, expected);

    let member = |of: &str, name: &str| schemas[of]["properties"][name].clone();
    for (of, name, expected) in [
        ("SamplesRow", "flag", json!({"type": "boolean"})),
        ("SamplesRow", "whole", json!({"type": "integer", "format": "int32"})),
        ("SamplesRow", "maybe_double", json!({"type": ["number", "null"], "format": "double"})),
        ("SamplesRow", "amount", json!({"type": "number", "format": "double"})),
        ("SamplesRow", "doc", json!({})),
        ("SamplesRow", "day", json!({"type": "string", "format": "date"})),
        ("SamplesRow", "stamp", json!({"type": "string"})),
        ("SamplesRow", "maybe_moment", json!({"type": ["string", "null"], "format": "date-time"})),
        ("SamplesRow", "key", json!({"type": "string", "format": "uuid"})),
        ("SamplesRow", "rating", json!({"$ref": "#/components/schemas/Rating"})),
        (
            "SamplesRow",
            "amounts",
            json!({"type": "array", "items": {"type": "number", "format": "double"}}),
        ),
        ("SamplesRow", "Full Name", json!({"type": ["string", "null"]})),
        ("TimesRow", "moment", json!({"type": "string", "format": "date-time"})),
        ("TimesRow", "days", json!({"type": "array", "items": {"type": "string"}})),
    ] {
        let mut shown = member(of, name);
        let _ = shown.as_object_mut().unwrap().remove("description");
        assert_eq!(shown, expected, "{of} {name}");
    }
    assert_eq!(
        schemas["Rating"],
        json!({"type": "string", "enum": ["bad", "good", "best of all"]})
    );
    assert_eq!(schemas["Birthday"]["format"], "date");

    let required = |of: &str| schemas[of]["required"].as_array().map_or(0, Vec::len);
    let all = schemas["SamplesRow"]["properties"].as_object().unwrap().len();
    assert_eq!((all, required("SamplesRow")), (45, 45));
    assert_eq!(required("SamplesUpdate"), 0);
    let must = schemas["SamplesInsert"]["required"].as_array().unwrap();
    assert!(must.contains(&"flag".into()) && !must.contains(&"maybe_amount".into()), "{must:?}");
    assert!(!must.contains(&"moment_or_now".into()), "{must:?}");
}

#[test]
fn options_that_name_nothing_are_mistakes() {
    let schema = snapshot("films");
    let message = |generator: Generator| generator.generate(&schema).unwrap_err().to_string();
    for (generator, expected) in [
        (
            Generator::new().schemas(["apy"]),
            "`schemas` names the schema `apy`, which is not in the snapshot; perhaps `api` is meant",
        ),
        (
            Generator::new().rename("api.films.titel", "x"),
            "`rename` names the table, column or function `api.films.titel`, which is not in the \
             snapshot; perhaps `api.films.title` is meant",
        ),
        (
            Generator::new().not_null("api.films"),
            "`not_null` names the column `api.films`, which is not in the snapshot; perhaps \
             `api.films` is meant",
        ),
        (
            Generator::new().map_type("zzz", "X"),
            "`map_type` names the type or column `zzz`, which is not in the snapshot",
        ),
    ] {
        assert_eq!(message(generator), expected);
    }
}

/// A schema of many tables like those of films, each with a name of its own.
fn large(tables: usize) -> Schema {
    let small = snapshot("films").contents();
    let named = |name: &QualifiedName, number: usize| {
        QualifiedName::new(name.schema.clone(), format!("{}_{number}", name.name))
    };
    let mut large = Contents { types: small.types.clone(), ..Contents::default() };
    for number in 0..tables / 2 {
        for table in &small.tables {
            let mut table = table.clone();
            table.name = named(&table.name, number);
            large.tables.push(table);
        }
        for relationship in &small.relationships {
            let mut relationship = relationship.clone();
            relationship.source = named(&relationship.source, number);
            relationship.target = named(&relationship.target, number);
            if let Link::OneToMany(key) | Link::ManyToOne(key) = &mut relationship.link {
                key.constraint = Ident::new(&format!("{}_{number}", key.constraint));
            }
            large.relationships.push(relationship);
        }
    }
    Schema::new(large)
}

#[test]
fn large_schemas_are_quick_and_always_the_same() {
    let schema = large(500);
    let started = Instant::now();
    let text = Generator::new().generate(&schema).unwrap();
    let took = started.elapsed();
    assert!(took.as_secs() < 2, "{took:?}");
    let again = Schema::from_json(&schema.to_json()).unwrap();
    assert_eq!(Generator::new().generate(&again).unwrap(), text);
    // For those who want to know how long it takes to compile.
    if let Some(path) = option_env!("PHLO_LARGE_MODULE") {
        fs::write(path, text).unwrap();
    }
}
