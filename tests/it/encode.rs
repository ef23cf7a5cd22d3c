//! What phlo writes from plain rows against what PostgreSQL itself writes, byte for byte.
//!
//! Values of every type that has an encoder are asked for twice: as text, and as `to_json`,
//! `json_agg` or `row::text` gives them.

#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use bytes::BytesMut;
use phlo_core::{
    encode::{CsvRows, JsonRows, Kind, Layout, Nulls, Scalar},
    schema::QualifiedName,
};
use phlo_postgres::Server;
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgRow};

mod literals;

use literals::literals;

/// Random literals of each type.
const RANDOM: usize = 250;

/// Values of an array.
const LENGTH: usize = 5;

/// Sessions that write values differently. What `to_json` writes must follow.
const SESSIONS: [&str; 5] = [
    "set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; \
     set extra_float_digits = 1; set bytea_output = 'hex'",
    "set timezone = 'Asia/Kathmandu'; set datestyle = 'ISO, DMY'; \
     set intervalstyle = 'iso_8601'; set bytea_output = 'escape'",
    "set timezone = 'America/St_Johns'; set datestyle = 'ISO, YMD'; \
     set intervalstyle = 'sql_standard'; set extra_float_digits = 3; set search_path = ''",
    "set timezone = '<X>-167:00'; set intervalstyle = 'postgres_verbose'; \
     set extra_float_digits = -3; set xmloption = 'document'; set quote_all_identifiers = on",
    "set timezone = 'Africa/Monrovia'; set xmlbinary = 'hex'; set lc_monetary = 'C'",
];

/// Keeps the valid ones of a type's literals, and arrays of them.
const LOADER: &str = r#"
create schema "shop.of things";
create table "shop.of things"."a ""b\" ();
create function load(type_name text, literals text[]) returns bigint language plpgsql as $$
declare
    probe text := 'probe ' || type_name;
    literal text;
    kept bigint;
begin
    execute format('create table public.%I (n int, v pg_catalog.%I)', probe, type_name);
    foreach literal in array literals loop
        begin
            execute format(
                'insert into public.%I select 1 + (select count(*) from public.%1$I), %L::pg_catalog.%I',
                probe, literal, type_name);
        exception when others then null;
        end;
    end loop;
    execute format('select count(*) from public.%I', probe) into kept;
    return kept;
end $$;
create function load_arrays(type_name text, length int) returns bigint language plpgsql as $$
declare
    probe text := 'probe ' || type_name;
    arrays text := 'probe _' || type_name;
    kept bigint;
begin
    execute format('create table public.%I (n serial, v pg_catalog.%I)', arrays, '_' || type_name);
    execute format(
        'insert into public.%I (v) select array_agg(v order by n) from public.%I group by n / %s',
        arrays, probe, length);
    execute format(
        'insert into public.%I (v) select array_append(v, null) from public.%1$I', arrays);
    execute format(
        'insert into public.%I (v) select array[v, v] from public.%1$I where n %% 3 = 0', arrays);
    execute format('insert into public.%I (v) values (''{}''), (''{NULL}''), (null)', arrays);
    begin
        execute format(
            'insert into public.%I (v) select (''[-3:1]='' || v::text)::pg_catalog.%I from '
            'public.%1$I where array_dims(v) = ''[1:5]''', arrays, '_' || type_name);
    exception when others then null;
    end;
    execute format('select count(*) from public.%I', arrays) into kept;
    return kept;
end $$;
"#;

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_written_as_postgresql_writes_them() {
    let server = tokio::task::spawn_blocking(|| Server::start().unwrap()).await.unwrap();
    let mut connection = PgConnection::connect(&server.uri("postgres")).await.unwrap();
    let types = types(&mut connection).await;
    load(&mut connection, &types).await;
    let mut compared = 0;
    for session in SESSIONS {
        sqlx::raw_sql(session).execute(&mut connection).await.unwrap();
        compared += check_values(&mut connection, &types).await;
        sqlx::raw_sql("set search_path = public").execute(&mut connection).await.unwrap();
        check_rows(&mut connection, &types).await;
    }
    assert!(compared > 50_000, "only {compared} values were compared");
    check_other_date_styles(&mut connection).await;
    connection.close().await.unwrap();
    tokio::task::spawn_blocking(|| server.stop().unwrap()).await.unwrap();
}

/// Every type of the catalogue that has an encoder, without the arrays.
///
/// Each must have literals here, and each array must be what its name says.
async fn types(connection: &mut PgConnection) -> Vec<String> {
    let found = fetch(
        connection,
        "select t.typname, e.typname, e.typdelim::text from pg_type t left join pg_type e \
         on e.oid = t.typelem and e.typarray = t.oid \
         where t.typnamespace = 'pg_catalog'::regnamespace order by 1",
    )
    .await;
    let mut types = Vec::new();
    for row in &found {
        let name = text(row, 0).unwrap();
        match kind(&name) {
            None => {}
            Some(Kind::Scalar(_)) => {
                assert_eq!(text(row, 1), None, "{name} is an array");
                assert!(!literals(&name, 0).is_empty(), "{name} has no literals");
                types.push(name);
            }
            Some(Kind::Array(_)) => {
                assert_eq!(text(row, 1).map(|element| format!("_{element}")), Some(name));
                assert_eq!(text(row, 2).as_deref(), Some(","));
            }
        }
    }
    assert!(types.len() > 60, "{types:?}");
    types
}

async fn load(connection: &mut PgConnection, types: &[String]) {
    sqlx::raw_sql(LOADER).execute(&mut *connection).await.unwrap();
    for name in types {
        let kept: i64 = sqlx::query_scalar("select load($1, $2)")
            .bind(name)
            .bind(literals(name, RANDOM))
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        // A server may have been built without libxml.
        assert!(kept >= 50 || name == "xml", "{name}: only {kept} literals are valid");
        let kept: i64 = sqlx::query_scalar("select load_arrays($1, $2)")
            .bind(name)
            .bind(i32::try_from(LENGTH).unwrap())
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(kept > 20 || name == "xml", "{name}: only {kept} arrays are valid");
    }
    wide_table(connection, types).await;
}

/// A table with a column of each type, of their arrays, and of types of the user.
async fn wide_table(connection: &mut PgConnection, types: &[String]) {
    let mut columns = Vec::new();
    for (at, name) in types.iter().enumerate() {
        for name in [name.clone(), format!("_{name}")] {
            columns.push(format!(
                "(select v from \"probe {name}\" where n = 1 + (p.n * 7 + {at}) % 290) \
                 as \"{name} \\ \"\"\t\u{e9}\""
            ));
        }
    }
    let script = format!(
        r#"
        create type mood as enum ('so so', 'it''s "fine"', 'back\slash', 'plain', 'null');
        create type span as range (subtype = timestamptz);
        create type pair as (a text, b timestamptz);
        create domain moment as timestamptz;
        create domain moments as timestamptz[];
        create table wide as select p.n, {},
            (enum_range(null::mood))[p.n % 7] as mood,
            enum_range(null::mood) as moods,
            span('-infinity', v) as span,
            array[span(v, 'infinity'), null] as spans,
            v::moment as moment,
            array[v, null]::moments as moments
            from "probe timestamptz" p where n <= 200;
        create table strange as select p.n, v as plain, row(v, now())::pair as pair,
            array[row(v, now())::pair] as pairs, '{{(1,2),(3,4);(5,6),(7,8)}}'::box[] as boxes,
            '1 2 3'::int2vector as vector, null::text as nothing, v as "with,comma"
            from "probe text" p;
        create table nothing as select * from wide where false"#,
        columns.join(", ")
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(connection).await.unwrap();
}

/// Compares `to_json` of each value, and gives their number.
async fn check_values(connection: &mut PgConnection, types: &[String]) -> usize {
    let mut compared = 0;
    for name in types.iter().flat_map(|name| [name.clone(), format!("_{name}")]) {
        let Some(kind) = kind(&name) else {
            assert_eq!(name, "_box");
            continue;
        };
        let query = format!("select v, to_json(v)::text from public.\"probe {name}\" order by n");
        for row in fetch(connection, &query).await {
            let (value, expected) = (bytes(&row, 0), bytes(&row, 1).unwrap_or(b"null"));
            let mut out = BytesMut::new();
            let mut writer = JsonRows::new([("v", kind)], Layout::Single, Nulls::Kept);
            writer.push([value], &mut out).unwrap_or_else(|error| {
                panic!("{name} {}: {error}", String::from_utf8_lossy(value.unwrap_or_default()))
            });
            let expected = [b"{\"v\":", expected, b"}"].concat();
            assert_same(&name, &out, &expected);
            compared += 1;
        }
    }
    compared
}

/// Compares whole tables in every layout.
async fn check_rows(connection: &mut PgConnection, types: &[String]) {
    let mut kinds = vec![kind("int4").unwrap()];
    for name in types {
        // What has no kind comes as JSON.
        kinds.extend([kind(name).unwrap(), kind(&format!("_{name}")).unwrap_or(Kind::JSON)]);
    }
    kinds.extend([Kind::TEXT, Kind::Array(Scalar::Text), Kind::TEXT, Kind::Array(Scalar::Text)]);
    kinds.extend([Kind::Scalar(Scalar::TimestampTz), Kind::Array(Scalar::TimestampTz)]);
    let wide = Table::read(connection, "wide", kinds.clone(), Nulls::Kept).await;
    wide.check(connection, Layout::Array, "coalesce(json_agg(t), '[]')").await;
    wide.check(connection, Layout::Single, "coalesce(json_agg(t)->0, 'null')").await;
    let lines = "string_agg(translate(row_to_json(t)::text, E'\\n\\r', '  ') || E'\\n', '')";
    wide.check(connection, Layout::Lines, lines).await;

    let stripped = Table::read(connection, "wide", kinds, Nulls::Stripped).await;
    let expected = "coalesce(json_strip_nulls(json_agg(t)), '[]')";
    stripped.check(connection, Layout::Array, expected).await;
    let expected = "coalesce(json_strip_nulls(json_agg(t))->0, 'null')";
    stripped.check(connection, Layout::Single, expected).await;

    let kinds =
        [&[kind("int4").unwrap(), Kind::TEXT], &[Kind::JSON; 4][..], &[Kind::TEXT; 2]].concat();
    let strange = Table::read(connection, "strange", kinds.clone(), Nulls::Kept).await;
    strange.check(connection, Layout::Array, "coalesce(json_agg(t), '[]')").await;
    let strange = Table::read(connection, "strange", kinds, Nulls::Stripped).await;
    strange.check(connection, Layout::Array, "json_strip_nulls(json_agg(t))").await;

    for table in ["wide", "strange", "nothing"] {
        check_csv(connection, table).await;
    }
}

/// Rows of a table, asked for as the writer of JSON needs them.
struct Table {
    from: String,
    names: Vec<String>,
    kinds: Vec<Kind>,
    nulls: Nulls,
    rows: Vec<PgRow>,
}

impl Table {
    async fn read(
        connection: &mut PgConnection,
        table: &str,
        mut kinds: Vec<Kind>,
        nulls: Nulls,
    ) -> Self {
        let names = names(connection, table).await;
        assert_eq!(names.len(), kinds.len());
        let mut columns = Vec::new();
        for (name, kind) in names.iter().zip(&mut kinds) {
            let column = format!("\"{}\"", name.replace('"', "\"\""));
            columns.push(if nulls == Nulls::Stripped && kind.may_hold_objects() {
                *kind = Kind::JSON;
                format!("json_strip_nulls(to_json({column}))")
            } else if *kind == Kind::JSON {
                format!("to_json({column})")
            } else {
                column
            });
        }
        let columns = columns.join(", ");
        let rows = fetch(connection, &format!("select {columns} from {table} order by n")).await;
        assert!(rows.len() > 100);
        Self { from: format!("(select * from {table} order by n) t"), names, kinds, nulls, rows }
    }

    /// Compares what is written with what PostgreSQL's own expression gives.
    async fn check(&self, connection: &mut PgConnection, layout: Layout, own: &str) {
        let columns = self.names.iter().map(String::as_str).zip(self.kinds.iter().copied());
        let mut writer = JsonRows::new(columns, layout, self.nulls);
        let mut out = BytesMut::new();
        for row in &self.rows {
            writer.push(values(row), &mut out).unwrap();
        }
        writer.finish(&mut out);
        let expected = fetch(connection, &format!("select ({own})::text from {}", self.from)).await;
        assert_same(own, &out, bytes(&expected[0], 0).unwrap());
    }
}

/// Compares with the expression that PostgREST makes CSV with.
async fn check_csv(connection: &mut PgConnection, table: &str) {
    let names = names(connection, table).await;
    let mut writer = CsvRows::new(names.iter().map(String::as_str));
    let mut out = BytesMut::new();
    for row in fetch(connection, &format!("select * from {table} order by n")).await {
        writer.push(values(&row), &mut out).unwrap();
    }
    writer.finish(&mut out);
    let own = format!(
        "with r as (select * from {table} order by n) select (select coalesce(string_agg(k, ','), \
         '') from (select json_object_keys(h) k from (select row_to_json(r) h from r limit 1) f) g) \
         || E'\\n' || coalesce(string_agg(substring(r::text, 2, length(r::text) - 2), E'\\n'), '') \
         from r"
    );
    let expected = fetch(connection, &own).await;
    assert_same(table, &out, bytes(&expected[0], 0).unwrap());
}

/// In any style but ISO, dates and timestamps are refused, never written wrong.
async fn check_other_date_styles(connection: &mut PgConnection) {
    for style in ["SQL", "German", "Postgres"] {
        for order in ["MDY", "DMY", "YMD"] {
            let set = format!("set datestyle = '{style}, {order}'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(&mut *connection).await.unwrap();
            for name in ["date", "timestamp", "timestamptz", "_date", "_timestamp", "_timestamptz"]
            {
                let query = format!("select v from public.\"probe {name}\" where v is not null");
                for row in fetch(connection, &query).await {
                    let value = bytes(&row, 0).unwrap();
                    let column = [("v", kind(name).unwrap())];
                    let mut writer = JsonRows::new(column, Layout::Single, Nulls::Kept);
                    let refused = writer.push([Some(value)], &mut BytesMut::new()).is_err();
                    let is_written_alike = !value.iter().any(u8::is_ascii_digit);
                    let text = String::from_utf8_lossy(value);
                    assert_ne!(refused, is_written_alike, "{style}, {order}: {text}");
                }
            }
        }
    }
}

fn kind(name: &str) -> Option<Kind> {
    Kind::of(&QualifiedName::new("pg_catalog", name))
}

/// The names of a table's columns, in order.
async fn names(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let query = format!(
        "select attname from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 \
         order by attnum"
    );
    fetch(connection, &query).await.iter().filter_map(|row| text(row, 0)).collect()
}

/// Rows in the text format, as the simple protocol gives them.
async fn fetch(connection: &mut PgConnection, query: &str) -> Vec<PgRow> {
    let query = sqlx::AssertSqlSafe(query.to_owned());
    sqlx::raw_sql(query).fetch_all(connection).await.unwrap()
}

fn values(row: &PgRow) -> impl Iterator<Item = Option<&[u8]>> {
    (0..row.len()).map(|at| bytes(row, at))
}

fn bytes(row: &PgRow, at: usize) -> Option<&[u8]> {
    let value = row.try_get_raw(at).unwrap();
    (!sqlx::ValueRef::is_null(&value)).then(|| value.as_bytes().unwrap())
}

fn text(row: &PgRow, at: usize) -> Option<String> {
    bytes(row, at).map(|text| String::from_utf8(text.to_vec()).unwrap())
}

/// Compares long texts, and shows only where they part.
fn assert_same(what: &str, found: &[u8], expected: &[u8]) {
    if found != expected {
        let alike = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let near = |text: &[u8]| {
            let end = text.len().min(alike + 80);
            String::from_utf8_lossy(&text[alike.saturating_sub(80)..end]).into_owned()
        };
        panic!("{what}: at {alike}\n   found {:?}\nexpected {:?}", near(found), near(expected));
    }
}
