//! What may set something for the response, and that it is heard where it may.

use phlo_core::{
    exec::introspect::{Options, introspect},
    schema::QualifiedName,
};
use phlo_tests::{Database, Service};

const RELATIONS: &str = "
    create schema plain;
    create schema hidden;
    create function hidden.touch(text) returns text language plpgsql as $$
        begin perform set_config('response.headers', '[{\"x-touched\": \"yes\"}]', true); return $1; end $$;
    create type plain.mood as enum ('calm', 'wild');
    create domain plain.short as text check (length(value) < 10);
    create type plain.pair as (a int, b int);
    create table plain.film (id int primary key, title text, mood plain.mood, moods plain.mood[],
                             tag plain.short, added timestamptz default now());
    create view plain.recent as select id, title from plain.film where added < now();
    create view plain.named as select current_setting('request.jwt.claims', true) as who, * from plain.recent;
    create materialized view plain.titles as select title from plain.film;
    create table plain.parts (id int, at date) partition by range (at);

    create view plain.touched as select id, hidden.touch(title) as title from plain.film;
    create view plain.above_touched as select t.id from plain.touched t join plain.film f using (id);
    create view plain.setter as select set_config('response.status', '201', true) as set, id from plain.film;
    create view plain.checked as select title::plain.short as tag from plain.film;
    create table plain.pairs (id int, pair plain.pair);
    create view plain.xml as select query_to_xml('select 1', true, true, '')::text as x;
    create operator plain.=== (leftarg = text, rightarg = text, function = texteq);
    create view plain.operated as select id from plain.film where title operator(plain.===) 'x';
    create table plain.guarded (id int);
    alter table plain.guarded enable row level security;
    create policy touching on plain.guarded using (hidden.touch('x') = 'x');
    create table plain.owned (id int, owner text);
    alter table plain.owned enable row level security;
    create policy own on plain.owned using (owner = current_setting('request.jwt.claims', true));
    create policy adding on plain.owned for insert with check (hidden.touch(owner) is not null);
";

/// Whatever runs code of somebody else, at any depth, is found out.
#[tokio::test]
async fn relations_are_plain_if_nothing_of_their_own_runs() {
    let database = Database::empty();
    let connection = &mut database.connect().await;
    sqlx::raw_sql(RELATIONS).execute(&mut *connection).await.unwrap();
    let options = Options { schemas: vec!["plain".into()], ..Options::default() };
    let schema = introspect(connection, &options).await.unwrap();
    let is_plain = |name: &str| schema.is_plain(&QualifiedName::new("plain", name));
    for name in ["film", "recent", "named", "titles", "parts", "owned"] {
        assert!(is_plain(name), "{name} is plain");
    }
    for name in
        ["touched", "above_touched", "setter", "checked", "pairs", "xml", "operated", "guarded"]
    {
        assert!(!is_plain(name), "{name} is not plain");
    }
}

/// What a view's function sets is in the response, of many rows and of one.
#[tokio::test]
async fn what_a_view_sets_is_heard() {
    let library = Service::library().await;
    library.execute(
        "create function library.touch(name text) returns text language plpgsql as $$
             begin perform set_config('response.headers', '[{\"x-touched\": \"yes\"}]', true);
             return name; end $$;
         create view library.touched as select id, library.touch(name) as name from library.subjects;
         grant select on library.touched to visitor; grant execute on function library.touch to visitor;",
    );
    library.load().await;
    for path in ["/touched?select=name", "/touched?id=eq.1", "/touched?limit=1"] {
        // A read that comes again is another way.
        for _ in 0..3 {
            let answer = library.get(path).await;
            assert_eq!(answer.is(200).header("x-touched"), "yes", "{path}");
        }
    }
    let answer = library.get("/subjects?id=eq.1").await;
    assert_eq!(answer.is(200).header("x-touched"), "");
}
