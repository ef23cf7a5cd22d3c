//! Requests that come again with other bodies: their plans are kept, their values are not.

use phlo_tests::Service;
use serde_json::json;

/// How often the same is asked: a plan is kept from the second time on.
const TIMES: u32 = 4;

#[tokio::test]
async fn each_body_writes_its_own_values() {
    let library = Service::library().await;
    for id in 10..10 + TIMES {
        let row = json!({"id": id, "name": format!("subject {id}")});
        library.post("/subjects", &row).librarian().await.is(201);
        let rows = json!([{"name": format!("a{id}"), "id": id + 100}, {"id": id + 200, "name": format!("b{id}")}]);
        let full = library.post("/subjects", &rows).librarian().prefer("return=representation");
        let answer = full.await;
        let first = json!({"id": id + 100, "name": format!("a{id}")});
        answer.is(201).gives(json!([first, {"id": id + 200, "name": format!("b{id}")}]));
        // The keys are the same in another order, the shape is another.
        let row = json!({"name": format!("c{id}"), "id": id + 300});
        library.post("/subjects", &row).librarian().await.is(201);
        let put = json!({"id": id, "name": format!("put {id}")});
        let target = format!("/subjects?id=eq.{id}");
        library.put(&target, &put).librarian().await.is(204);
        let name = json!({"name": format!("patch {id}")});
        library.patch("/subjects?id=eq.10", &name).librarian().await.is(204);
    }
    let names = "select string_agg(name, ',' order by id) from library.subjects where id >= 10";
    assert_eq!(
        library.execute(names),
        "patch 13,put 11,put 12,put 13,a10,a11,a12,a13,b10,b11,b12,b13,c10,c11,c12,c13"
    );
}

#[tokio::test]
async fn each_call_has_its_own_arguments() {
    let library = Service::reading().await;
    for n in 1..=TIMES {
        library.post("/rpc/area", &json!({"side": n})).await.is(200).gives(json!(n * n));
        let sides = json!({"height": n, "width": 10});
        library.post("/rpc/area", &sides).await.is(200).gives(json!(n * 10));
        let body = json!({"a": n, "b": [n]});
        library.post("/rpc/whole_json", &body).await.is(200).gives(body);
        let words = json!({"words": [n.to_string(), "x"]});
        library.post("/rpc/join_words", &words).await.is(200).gives(json!(format!("{n} x")));
        let found =
            library.post("/rpc/listing?select=title&order=title", &json!({"longer_than": 500 * n}));
        let counted = library.get(&format!("/books?select=title&pages=gt.{}&order=title", 500 * n));
        found.await.is(200).gives(counted.await.json());
    }
}

#[tokio::test]
async fn a_body_is_read_as_if_it_came_first() {
    let library = Service::library().await;
    let code = async |body: &'static str| {
        library
            .post("/subjects", &json!({}))
            .body("application/json", body)
            .librarian()
            .await
            .code()
    };
    for _ in 0..TIMES {
        assert_eq!(code("{\"id\":1,\"name\":\"x\"}").await, "23505");
        assert_eq!(code("{\"id\":1,\"name\":\"x\"").await, "PGRST102");
        assert_eq!(code("[{\"id\":1,\"name\":\"x\"},{\"id\":2}]").await, "PGRST102");
        assert_eq!(code("{\"id\":\"one\",\"name\":\"x\"}").await, "22P02");
        assert_eq!(code("{\"id\":1,\"title\":\"x\"}").await, "PGRST204");
    }
}

/// What was kept for a table as it was isn't used for what it has become.
#[tokio::test]
async fn a_reload_forgets_what_was_kept() {
    let library = Service::library().await;
    let post =
        |id: u32| library.post("/subjects", &json!({"id": id, "name": id.to_string()})).librarian();
    for id in 10..10 + TIMES {
        post(id).await.is(201);
    }
    library.execute("alter table library.subjects alter name type int using id");
    library.load().await;
    post(20).await.is(201);
    assert_eq!(library.execute("select name + 1 from library.subjects where id = 20"), "21");
}

/// A change that is sent as it is tells as much as one in an envelope.
#[tokio::test]
async fn bare_changes_are_counted_and_heard() {
    let library = Service::library().await;
    library.execute(
        "create table library.heard (id int primary key, note text);
         create function library.be_heard() returns trigger language plpgsql as $$ begin
             perform set_config('response.headers',
                 json_build_array(json_build_object('x-heard', tg_op || ' ' || tg_when))::text, true);
             if tg_op = 'DELETE' then perform set_config('response.status', '202', true); end if;
             return coalesce(new, old); end $$;
         create trigger early before insert on library.heard for each row
             execute function library.be_heard();
         create trigger late after update or delete on library.heard for each row
             execute function library.be_heard();
         grant all on library.heard to librarian;
         grant execute on function library.be_heard to librarian;",
    );
    library.load().await;
    for id in (0..10 * TIMES).step_by(10) {
        let rows = json!([{"id": id}, {"id": id + 1}, {"id": id + 2}]);
        let counted = library.post("/heard", &rows).librarian().prefer("count=exact").await;
        counted.is(201).has("content-range", "*/3").has("x-heard", "INSERT BEFORE");
        let ignored = "resolution=ignore-duplicates, count=exact";
        let rows = json!([{"id": id}, {"id": id + 3}]);
        let again = library.post("/heard", &rows).librarian().prefer(ignored).await;
        again.is(201).has("content-range", "*/1");

        let note = json!({"note": "x"});
        let few = format!("/heard?id=gte.{id}&id=lt.{}", id + 10);
        let changed = library.patch(&few, &note).librarian().await;
        changed.is(204).has("content-range", "0-3/*").has("x-heard", "UPDATE AFTER");
        let none = library.patch("/heard?id=lt.0", &note).librarian().prefer("count=exact").await;
        none.is(204).has("content-range", "*/0");

        let deleted = library.delete(&few).librarian().prefer("count=exact").await;
        deleted.is(202).has("content-range", "*/4").has("x-heard", "DELETE AFTER");
    }
}

/// What has a value of each type: those of PostgreSQL, an enum, a domain, an array and a composite.
const TYPES: [&str; 30] = [
    "text",
    "varchar",
    "varchar(3)",
    "char(3)",
    "name",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "numeric(4,1)",
    "boolean",
    "date",
    "time",
    "timestamp",
    "timestamp(0)",
    "timestamptz",
    "interval",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "inet",
    "bit(3)",
    "int4range",
    "mood",
    "short",
    "integer[]",
    "pair",
];

/// JSON values that a client may send, good and bad.
const VALUES: [&str; 33] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "1.5",
    "1.50e2",
    "12.25",
    "123456789012345678901",
    "\"\"",
    "\"x\"",
    "\" x \"",
    "\"abcd\"",
    "\"a\\\"b\\\\c\\n\\u00e9\\ud83d\\ude00\"",
    "\"1\"",
    "\"1e2\"",
    "\"NaN\"",
    "\"t\"",
    "\"2024-02-29\"",
    "\"2024-02-29T12:30:15.678Z\"",
    "\"12:30:15.678\"",
    "\"1 day 2 hours\"",
    "\"2d1f4c7e-8e1b-4f5a-9a55-0c4cf1a0e3d1\"",
    "\"\\\\x00ff\"",
    "\"10.0.0.1/8\"",
    "\"101\"",
    "\"[1,5)\"",
    "\"calm\"",
    "\"{1,2}\"",
    "[1, 2]",
    "{\"a\": 1, \"b\": \"x\"}",
    "\"a\\u0000b\"",
];

/// Where the values of a row are bound one by one, the row is the one that PostgreSQL reads from
/// JSON, and so is the error.
#[tokio::test]
async fn values_are_those_that_postgres_reads() {
    let library = Service::library().await;
    let columns: Vec<_> =
        TYPES.iter().enumerate().map(|(at, name)| format!("c{at} {name}")).collect();
    library.execute(&format!(
        "set search_path to library;
         create type mood as enum ('calm', 'wild');
         create domain short as text check (length(value) < 4);
         create type pair as (a int, b text);
         create table kinds_of_values (id int generated always as identity, {});
         grant all on kinds_of_values to librarian;",
        columns.join(", ")
    ));
    library.load().await;
    let mut written = 0;
    for (at, name) in TYPES.iter().enumerate() {
        for value in VALUES {
            let body = format!("{{\"c{at}\": {value}}}");
            let post = |preference: &'static str| {
                let ask = library.post("/kinds_of_values?select=id", &json!({})).librarian();
                ask.body("application/json", body.clone()).prefer(preference)
            };
            // The first is planned, the others are not; the last is read by PostgreSQL.
            let answers = [
                post("return=minimal").await,
                post("return=minimal").await,
                post("return=minimal").await,
                post("return=representation").await,
            ];
            let [first, .., last] = &answers;
            for answer in &answers {
                assert_eq!(answer.status, last.status, "{name}: {body}: {}", answer.text());
            }
            if last.status != 201 {
                for answer in &answers {
                    assert_eq!(answer.text(), first.text(), "{name}: {body}");
                }
                assert_eq!(first.text(), last.text(), "{name}: {body}");
                continue;
            }
            written += 1;
            let different = format!(
                "select count(distinct coalesce(c{at}::text, 'null')) from
                 (select c{at} from library.kinds_of_values order by id desc limit 4) as last"
            );
            assert_eq!(library.execute(&different), "1", "{name}: {body}");
        }
    }
    assert!(written > 300, "{written}");
}
