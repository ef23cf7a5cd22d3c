//! Tests of the whole 3.1 document: what it says, and that it holds together.

use std::collections::BTreeSet;

use phlo_core::schema::Schema;
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

#[test]
fn references_lead_somewhere_and_every_component_is_referred_to() {
    let document = shop();
    let mut used = BTreeSet::new();
    walk(&document, &mut |value| {
        resolve(&document, value);
        used.extend(value.get("$ref").and_then(Value::as_str));
    });
    for kind in ["schemas", "parameters", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
            assert!(name.chars().all(valid), "{name}");
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&*reference), "{reference}");
        }
    }
}

#[test]
fn operations_have_unique_names_known_tags_and_answers() {
    let document = shop();
    let tags = document["tags"].as_array().unwrap();
    let tags: BTreeSet<_> = tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{id}");
        assert!(ids.insert(id.to_ascii_lowercase()), "{id}");
        assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{path}");
        for response in operation["responses"].as_object().unwrap().values() {
            assert!(resolve(&document, response)["description"].is_string(), "{path}");
        }
    }
    assert_eq!(ids.len(), 45);
}

#[test]
fn an_operation_has_each_parameter_once() {
    let document = shop();
    for (path, operation) in operations(&document) {
        let mut seen = BTreeSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolve(&document, parameter);
            let name = parameter["name"].as_str().unwrap();
            let key = (parameter["in"].as_str().unwrap(), parameters::identifier(name));
            assert!(parameter["schema"].is_object(), "{path} {key:?}");
            assert!(seen.insert(key), "{path} {name}");
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
fn paths_hold_no_template() {
    let document = shop();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.iter().all(|path| !path.contains(['{', '}', ' '])), "{paths:?}");
    assert!(paths.iter().any(|path| *path == "/100%25%20done"), "{paths:?}");
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
