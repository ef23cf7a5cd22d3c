//! Tests of the whole 3.1 document: what it says, and that it holds together.

use std::collections::BTreeSet;

use phlo_core::schema::{Contents, Schema, Volatility};
use proptest::{collection::vec, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::openapi::{Document, Input, Proxy, document, fixture, v3::parameters};

fn written(input: &Input<'_>) -> Value {
    serde_json::to_value(document(input)).unwrap()
}

fn shop() -> Value {
    let schema = fixture::schema();
    written(&Input::everything(&schema, "shop", fixture::settings()))
}

/// Every operation with its path.
fn operations(document: &Value) -> Vec<(&str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(|it| (&**path, it)))
        .collect()
}

/// What a reference leads to, or the value itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref") {
        Some(reference) => {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

/// Calls with every value of the document.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(object) => object.values().for_each(|value| walk(value, visit)),
        Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_whole_document() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&shop()).unwrap());
}

#[test]
fn a_document_that_is_written_is_the_same_as_its_value() {
    let schema = fixture::schema();
    let proxy = Proxy::parse("https://example.com").unwrap();
    let mut input = Input::everything(&schema, "shop", fixture::settings());
    input.settings.proxy = Some(&proxy);
    for security_active in [true, false] {
        input.settings.security_active = security_active;
        assert_eq!(serde_json::to_value(Document::new(&input)).unwrap(), written(&input));
    }
}

/// Asserts what holds of every document: references lead somewhere, and names are unique and made
/// of what OpenAPI allows.
fn check_integrity(document: &Value) {
    let valid = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    let mut used = BTreeSet::new();
    walk(document, &mut |value| {
        used.extend(value.get("$ref").and_then(Value::as_str));
    });
    for reference in &used {
        assert!(
            document.pointer(reference.trim_start_matches('#')).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut schemas = BTreeSet::new();
    for kind in ["schemas", "parameters", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(valid(name), "{name}");
            assert!(kind != "schemas" || schemas.insert(name.to_ascii_lowercase()), "{name}");
        }
    }
    let tags = document["tags"].as_array().unwrap();
    let tags: BTreeSet<_> = tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, operation) in operations(document) {
        assert!(!path.contains(['{', '}', ' ']), "{path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(valid(id) && ids.insert(id.to_ascii_lowercase()), "{id}");
        assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{path}");
        for response in operation["responses"].as_object().unwrap().values() {
            assert!(resolve(document, response)["description"].is_string(), "{path}");
        }
        let mut seen = BTreeSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolve(document, parameter);
            let name = parameter["name"].as_str().unwrap();
            assert!(parameter["schema"].is_object(), "{path} {name}");
            assert!(seen.insert((parameter["in"].as_str().unwrap(), name)), "{path} {name}");
        }
    }
}

#[test]
fn the_document_holds_together() {
    check_integrity(&shop());
}

proptest! {
    #[test]
    fn names_of_any_kind_make_a_document_that_holds_together(
        tables in vec((".{0,6}", vec(".{0,4}|a b|A_B|order|limit", 0..5)), 0..6),
        functions in vec((".{0,4}|a|A", vec(".{0,4}|x|limit", 0..3)), 0..4),
    ) {
        let text = |name: &String| fixture::column(name, "text");
        let tables = tables
            .iter()
            .map(|(name, columns)| fixture::table(name, columns.iter().map(text).collect()))
            .collect();
        let function = |(name, arguments): &(String, Vec<String>)| {
            let arguments: BTreeSet<_> = arguments.iter().collect();
            let arguments = arguments.into_iter().map(|it| fixture::parameter(it, "text"));
            fixture::routine(name, arguments.collect(), Volatility::Stable, fixture::scalar("text"))
        };
        let routines = functions.iter().map(function).collect();
        let schema = Schema::new(Contents { tables, routines, ..Contents::default() });
        let input = Input::everything(&schema, "shop", fixture::settings());
        let document = written(&input);
        check_integrity(&document);
        prop_assert_eq!(serde_json::to_value(Document::new(&input)).unwrap(), document);
    }
}

#[test]
fn every_component_is_referred_to() {
    let document = shop();
    let mut used = BTreeSet::new();
    walk(&document, &mut |value| {
        used.extend(value.get("$ref").and_then(Value::as_str));
    });
    for kind in ["schemas", "parameters", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&*reference), "{reference}");
        }
    }
}

#[test]
fn clients_can_tell_the_parameters_of_an_operation_apart() {
    let document = shop();
    for (path, operation) in operations(&document) {
        let mut seen = BTreeSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolve(&document, parameter);
            let name = parameters::identifier(parameter["name"].as_str().unwrap());
            assert!(seen.insert((parameter["in"].as_str().unwrap(), name)), "{path} {parameter}");
        }
    }
}

#[test]
fn required_properties_exist() {
    let document = shop();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(schema["properties"].get(required.as_str().unwrap()).is_some(), "{name}");
        }
    }
}

#[test]
fn names_in_paths_are_encoded() {
    let document = shop();
    assert!(document["paths"].get("/100%25%20done").is_some());
    assert!(document["paths"].get("/rpc/hello%20world").is_some());
}

#[test]
fn methods_are_those_that_the_table_allows() {
    let document = shop();
    let methods = |path: &str| {
        let item = document["paths"][path].as_object().unwrap();
        item.keys().map(String::as_str).collect::<BTreeSet<_>>()
    };
    let all = ["delete", "get", "head", "patch", "post", "put"];
    assert_eq!(methods("/projects"), all.into());
    assert_eq!(methods("/100%25%20done"), ["get", "head"].into());
    // Without a primary key there is nothing to put a row by.
    assert_eq!(methods("/clients_view"), ["delete", "get", "head", "patch", "post"].into());
    assert_eq!(methods("/rpc/search"), ["get", "post"].into());
    assert_eq!(methods("/rpc/paint"), ["post"].into());
}

#[test]
fn a_proxy_is_the_server_and_no_proxy_is_where_the_document_came_from() {
    let schema = fixture::schema();
    let mut input = Input::everything(&schema, "shop", fixture::settings());
    assert_eq!(written(&input).get("servers"), None);
    input.settings.base_path = "/api";
    assert_eq!(written(&input)["servers"], json!([{ "url": "/api" }]));
    let proxy = Proxy::parse("https://example.com:8443/api/").unwrap();
    input.settings.proxy = Some(&proxy);
    assert_eq!(written(&input)["servers"], json!([{ "url": "https://example.com:8443/api" }]));
}

#[test]
fn a_schema_that_clients_must_name_is_a_required_header() {
    let schema = fixture::schema();
    let mut input = Input::everything(&schema, "shop", fixture::settings());
    input.settings.profile = Some("shop");
    let document = written(&input);
    for (path, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let profiles: Vec<_> = parameters
            .map(|parameter| resolve(&document, parameter))
            .filter(|it| it["name"].as_str().unwrap().ends_with("-Profile"))
            .map(|it| (&it["required"], &it["schema"]["enum"]))
            .collect();
        assert_eq!(profiles, [(&json!(true), &json!(["shop"]))], "{path}");
    }
}

#[test]
fn a_schema_without_a_comment_has_the_title_of_the_settings() {
    let schema = Schema::default();
    let mut input = Input::everything(&schema, "shop", fixture::settings());
    assert_eq!(written(&input)["info"]["title"], "REST API");
    input.settings.title = Some("Orders");
    assert_eq!(written(&input)["info"]["title"], "Orders");
}

#[test]
fn security_is_told_when_it_is_active() {
    let schema = Schema::default();
    let mut input = Input::everything(&schema, "shop", fixture::settings());
    assert_eq!(written(&input)["security"], json!([{ "bearerAuth": [] }]));
    input.settings.security_active = false;
    let document = written(&input);
    assert_eq!(document.get("security"), None);
    assert_eq!(document["components"].get("securitySchemes"), None);
}
