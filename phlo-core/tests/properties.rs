//! What holds for every request, however it was made: nothing of it is ever taken for SQL, and
//! planning always returns.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[allow(dead_code, reason = "the snapshots need more of it")]
#[path = "golden/cases.rs"]
mod cases;
#[path = "properties/choices.rs"]
mod choices;
#[path = "properties/requests.rs"]
mod requests;
#[path = "properties/tokens.rs"]
mod tokens;

use std::{collections::BTreeSet, sync::LazyLock};

use bytes::Bytes;
use phlo_core::{
    engine::{self, RoleSettings, Settings},
    parse::{self, Asked, Input, Options},
    plan::{self, Limits, Parameters},
    request::{Caller, Request},
    schema::{
        Column, Contents, ForeignKey, Generated, Ident, Link, QualifiedName, Relationship, Schema,
        Table, TableKind,
    },
    sql::{self, Statement},
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree};

use cases::{TOPICS, cases};
use choices::{Choices, MARK};
use requests::Maker;
use tokens::{Token, tokens};

static SCHEMA: LazyLock<Schema> = LazyLock::new(cases::schema);

fn limits(parameters: Parameters) -> Limits {
    Limits { parameters, ..cases::limits() }
}

fn request(numbers: &[u16]) -> (Request, BTreeSet<String>) {
    let mut choices = Choices::new(numbers);
    let request = Maker { schema: &SCHEMA }.request(&mut choices);
    (request, choices.given)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing of a request is taken for SQL: it is bound, or it is a quoted name.
    #[test]
    fn no_text_of_a_request_is_sql(numbers in vec(any::<u16>(), 0..160)) {
        let (request, given) = request(&numbers);
        for parameters in [Parameters::Untyped, Parameters::Text] {
            let Ok(plan) = plan::plan(&SCHEMA, &request, &limits(parameters)) else { continue };
            let mut statements =
                vec![sql::render(&plan), sql::render_rows(&plan), sql::render_estimate(&plan)];
            statements.extend(plan.rows.as_ref().map(|rows| sql::render_for_writer(&plan, rows)));
            for statement in statements {
                check(&statement, &given, parameters)?;
            }
        }
    }

    /// Neither is anything of who asks, or of the configuration.
    #[test]
    fn no_text_of_a_caller_is_sql(numbers in vec(any::<u16>(), 0..40)) {
        let (request, _) = request(&[]);
        let mut choices = Choices::new(&numbers);
        let mut pairs = || (choices.text(), choices.text());
        let role = RoleSettings { settings: vec![pairs(), pairs()], isolation: None };
        let app_settings = vec![pairs(), pairs()];
        let (role_name, _) = pairs();
        let (schema, name) = pairs();
        let mut caller = Caller::new(role_name.clone());
        (caller.method, caller.path) = pairs();
        (caller.headers, caller.cookies) = pairs();
        let mut settings = Settings {
            limits: limits(Parameters::Untyped),
            app_settings,
            pre_request: Some(QualifiedName::new(schema.as_str(), name.as_str())),
            ..Settings::default()
        };
        if choices.once_in(2) {
            settings.roles.insert(role_name, role);
        }
        let request = Request { schema: choices.text().as_str().into(), ..request };
        let plan = plan::plan(&SCHEMA, &self::request(&[]).0, &settings.limits).unwrap();
        let transaction = engine::transaction(&settings, &request, &caller, &plan);
        let function = QualifiedName::new(choices.text().as_str(), choices.text().as_str());
        let argument = choices.text();
        for statement in [
            transaction.settings,
            transaction.pre_request.unwrap(),
            sql::call_with_text(&function, &[&argument]),
        ] {
            check(&statement, &choices.given, Parameters::Untyped)?;
        }
    }

    /// A request that was changed anywhere is planned, or refused with an error that says why.
    #[test]
    fn planning_returns(numbers in vec(any::<u16>(), 1..24)) {
        let mut choices = Choices::new(&numbers);
        let (_, topic) = choices.of(TOPICS);
        let all: Vec<_> = cases(topic).collect();
        let case = &all[choices.below(all.len())];
        let (mut target, mut body) = (case.encoded_target(), case.body.to_owned());
        for _ in 0..=choices.below(5) {
            if choices.once_in(4) && !body.is_empty() {
                mutate(&mut choices, &mut body);
            } else {
                mutate(&mut choices, &mut target);
            }
        }
        read_and_plan(case.method, &target, &body)?;
    }

    /// A table that a request doesn't name has no effect on its SQL.
    #[test]
    fn other_tables_change_nothing(
        numbers in vec(any::<u16>(), 0..160),
        keyed in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let (request, _) = request(&numbers);
        let more = with_one_more_table(keyed);
        let limits = limits(Parameters::Untyped);
        match (plan::plan(&SCHEMA, &request, &limits), plan::plan(&more, &request, &limits)) {
            (Ok(before), Ok(after)) => prop_assert_eq!(sql::render(&before), sql::render(&after)),
            (Err(before), Err(after)) => prop_assert_eq!(before.code(), after.code()),
            (before, after) => prop_assert!(false, "{:?}\n{:?}", before, after),
        }
    }
}

/// The generator reaches what it is meant to reach: most requests can be planned, and every kind of
/// statement is among them.
#[test]
fn requests_are_worth_checking() {
    const PARTS: &[&str] = &[
        "INSERT",
        "UPDATE",
        "DELETE",
        "ON CONFLICT",
        "LATERAL",
        "GROUP BY",
        "@@",
        "CAST",
        "\"library\".\"echo\"",
        "json_agg",
        "EXISTS",
        "ORDER BY",
    ];
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut planned, mut marked) = (0, 0);
    let mut seen = BTreeSet::new();
    for _ in 0..4000 {
        let numbers = vec(any::<u16>(), 60..160).new_tree(&mut runner).unwrap().current();
        let (request, _) = request(&numbers);
        let Ok(plan) = plan::plan(&SCHEMA, &request, &limits(Parameters::Untyped)) else {
            continue;
        };
        planned += 1;
        let sql = sql::render(&plan).sql;
        marked += usize::from(sql.contains(MARK));
        for part in PARTS {
            if sql.contains(part) {
                seen.insert(part);
            }
        }
    }
    assert!(planned > 1000, "{planned}");
    assert!(marked > 700, "{marked}");
    assert_eq!(seen.len(), PARTS.len(), "{seen:?}");
}

/// As deep as the grammar lets it be, and deeper.
#[test]
fn deep_requests_are_planned_or_refused() {
    for depth in [1, 8, 31, 32, 33, 200, 5000] {
        let mut select = "id".to_owned();
        for level in 0..depth {
            let name = if level % 2 == 0 { "books" } else { "authors" };
            select = format!("{name}({select})");
        }
        let root = if depth % 2 == 0 { "books" } else { "authors" };
        let not = "not.and(".repeat(depth) + "id.eq.1" + &")".repeat(depth);
        let path = "books.authors.".repeat(depth);
        for target in [
            format!("/{root}?select={select}"),
            format!("/books?or=({not})"),
            format!("/books?select=details{}", "->a".repeat(depth)),
            format!("/books?order=details{}", "->0".repeat(depth)),
            format!("/books?{path}id=eq.1"),
        ] {
            read_and_plan("GET", &target, "").unwrap();
        }
        let depth = depth * 100;
        let body = "[".repeat(depth) + &"]".repeat(depth);
        read_and_plan("POST", "/rpc/whole_json", &body).unwrap();
        read_and_plan("POST", "/books", &body).unwrap();
    }
}

/// As wide as the head of a request can be.
#[test]
fn wide_requests_are_planned_or_refused() {
    const MANY: usize = 30_000;
    let columns = vec!["id"; MANY].join(",");
    let filters = vec!["id=gt.0"; 1020].join("&");
    let members = vec!["id.gt.0"; MANY].join(",");
    let embeds: Vec<_> = (0..2000).map(|n| format!("a{n}:authors(name)")).collect();
    for target in [
        format!("/books?select={columns}"),
        format!("/books?order={columns}"),
        format!("/books?id=in.({columns})"),
        format!("/books?{filters}"),
        format!("/books?or=({members})"),
        format!("/books?select={}", embeds.join(",")),
        format!("/rpc/join_words?{}", vec!["words=a"; 1020].join("&")),
    ] {
        read_and_plan("GET", &target, "").unwrap();
    }
    let rows = format!("[{}]", vec!["{\"id\":1}"; MANY].join(","));
    read_and_plan("POST", "/subjects", &rows).unwrap();
    let empty = format!("[{}]", vec!["{}"; MANY].join(","));
    read_and_plan("POST", "/subjects", &empty).unwrap();
}

/// The mark stands in quoted names that the request gave, and nowhere else; placeholders are
/// `$1..$n`, in order, each once.
fn check(
    statement: &Statement,
    given: &BTreeSet<String>,
    parameters: Parameters,
) -> Result<(), TestCaseError> {
    let tokens = match tokens(&statement.sql) {
        Ok(tokens) => tokens,
        Err(error) => {
            return Err(TestCaseError::fail(format!("{error}\n{}", statement.sql)));
        }
    };
    let names: BTreeSet<Ident> = given.iter().map(|text| Ident::new(text)).collect();
    let mut placeholders = 0;
    let mut outside = String::new();
    for token in tokens {
        match token {
            Token::Name(name) if name.contains(MARK) => {
                prop_assert!(names.contains(name.as_str()), "{:?}\n{}", name, statement.sql);
            }
            Token::Name(_) => {}
            Token::Literal(text) => {
                let may = parameters == Parameters::Text;
                prop_assert!(may || !text.contains(MARK), "{:?}\n{}", text, statement.sql);
            }
            Token::Placeholder(number) => {
                placeholders += 1;
                prop_assert_eq!(number, placeholders, "{}", statement.sql);
            }
            Token::Other(c) => outside.push(c),
        }
    }
    prop_assert!(!outside.contains(MARK), "{}", statement.sql);
    prop_assert_eq!(placeholders, statement.params.len(), "{}", statement.sql);
    Ok(())
}

fn read_and_plan(method: &str, target: &str, body: &str) -> Result<(), TestCaseError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = [("prefer", "return=representation, count=exact")];
    let body = Bytes::copy_from_slice(body.as_bytes());
    let input = Input { method, path, query, headers: &headers, body: &body };
    let options = Options { schemas: vec![Ident::new("library")], ..Options::default() };
    let Ok(parsed) = parse::request(&input, &options) else { return Ok(()) };
    let Asked::Request(request) = parsed.asked else { return Ok(()) };
    match plan::plan(&SCHEMA, &request, &limits(Parameters::Untyped)) {
        Ok(plan) => check(&sql::render(&plan), &BTreeSet::new(), Parameters::Untyped),
        Err(error) => {
            prop_assert!(!error.message().is_empty());
            prop_assert!(error.code() != "PGRSTX00", "{:?}", error);
            Ok(())
        }
    }
}

/// Takes a piece of a text away, or doubles it, or puts something else in its place.
fn mutate(choices: &mut Choices<'_>, text: &mut String) {
    const PIECES: [&str; 14] =
        ["", "(", ")", ",", ".", "%22", "!inner", "->", "...", "*", "=", "&", "not.", "books"];
    let start = floor(text, choices.below(text.len() + 1));
    let end = floor(text, (start + choices.below(6)).min(text.len()));
    let piece = match choices.below(3) {
        0 => choices.of(&PIECES).to_owned(),
        1 => text[start..end].repeat(2),
        _ => String::new(),
    };
    text.replace_range(start..end, &piece);
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The schema with one more table, which may have a key to one of the others.
fn with_one_more_table(keyed: Option<proptest::sample::Index>) -> Schema {
    let mut contents: Contents = SCHEMA.contents();
    let name = QualifiedName::new("library", "zz_newcomer");
    let type_name = QualifiedName::new("pg_catalog", "int4");
    let column = Column {
        name: "zz_ref".into(),
        description: None,
        type_name: type_name.clone(),
        base_type: type_name,
        type_label: "integer".to_owned(),
        nominal_type_label: "integer".to_owned(),
        nullable: true,
        max_length: None,
        default: None,
        enum_labels: Vec::new(),
        generated: Generated::No,
    };
    if let Some(index) = keyed {
        let other = index.get(&contents.tables).clone();
        let column = other.columns.keys().next().unwrap().clone();
        let way = |source: &QualifiedName, target: &QualifiedName, link| Relationship {
            source: source.clone(),
            target: target.clone(),
            is_self: false,
            source_is_view: false,
            target_is_view: false,
            link,
        };
        let key = |a: &Ident, b: &Ident| ForeignKey {
            constraint: "zz_key".into(),
            columns: vec![(a.clone(), b.clone())],
        };
        let own = Ident::new("zz_ref");
        contents.relationships.push(way(&name, &other.name, Link::ManyToOne(key(&own, &column))));
        contents.relationships.push(way(&other.name, &name, Link::OneToMany(key(&column, &own))));
    }
    contents.types.insert(name.clone());
    contents.tables.push(Table {
        name,
        kind: TableKind::Table,
        description: None,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: Vec::new(),
        unique: Vec::new(),
        columns: [(Ident::new("zz_ref"), column)].into_iter().collect(),
    });
    Schema::new(contents)
}
