//! What `serde` makes of generated structs is what `to_json` makes of the rows, and reads it back:
//! for every type that has a type of Rust, and for those of other crates.

use phlo_core::{
    db::Database,
    dsl::{Query, insert, select},
    exec::introspect::{Options, introspect},
    schema::Schema,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::PgPool;

use self::kinds::{samples, times};

#[allow(dead_code, unreachable_pub, reason = "it is used in part")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/kinds.rs"]
mod kinds;
#[allow(dead_code, unreachable_pub, reason = "it is used in part")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/kinds_chrono.rs"]
mod kinds_chrono;
#[allow(dead_code, unreachable_pub, reason = "it is used in part")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/kinds_jiff.rs"]
mod kinds_jiff;
#[allow(dead_code, unreachable_pub, reason = "it is used in part")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/kinds_time.rs"]
mod kinds_time;

const KINDS: &str = include_str!("../../phlo-schema-gen/tests/fixtures/kinds.sql");

struct Kinds {
    database: phlo_tests::Database,
    db: Database<PgPool>,
}

impl Kinds {
    async fn load() -> Self {
        let database = phlo_tests::Database::empty();
        database.execute(KINDS);
        // `to_json` writes moments in the zone of the session; those of Rust are in UTC.
        database.execute(&format!("alter database \"{}\" set timezone = 'UTC'", database.name()));
        let pool = PgPool::connect(&database.uri()).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        let options = Options { schemas: vec!["kinds".into()], ..Options::default() };
        let schema = introspect(&mut connection, &options).await.unwrap();
        Self { database, db: Database::new(pool, schema) }
    }

    /// The rows of a table in their order, each as `to_json` writes it.
    fn json(&self, table: &str) -> Vec<String> {
        let rows = self.database.execute(&format!("select to_json(t) from kinds.{table} t"));
        rows.lines().map(str::to_owned).collect()
    }

    /// Reads rows, and compares what `serde` makes of them with what the database does.
    async fn check<R>(&self, table: &str, query: impl Query<Output = R> + Send + Sync)
    where
        R: Serialize + DeserializeOwned + Send,
    {
        let rows = self.db.all(query).await.unwrap();
        let expected = self.json(table);
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(&expected) {
            let json = serde_json::to_string(row).unwrap();
            assert_eq!(value(&json), value(expected));
            // What is read from the database's JSON is written as before.
            let back: R = serde_json::from_str(expected).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), json);
        }
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_written_as_to_json_does() {
    let kinds = Kinds::load().await;
    kinds.check("samples", select(samples::Samples)).await;
    kinds.check("samples", select(kinds_chrono::samples::Samples)).await;
    kinds.check("times", select(times::Times)).await;
    kinds.check("times", select(kinds_chrono::times::Times)).await;
    kinds.check("times", select(kinds_jiff::times::Times)).await;
    kinds.check("times", select(kinds_time::times::Times)).await;
}

/// `serde_json` alone would read `12345678901234567890.12345678901234567890` as a float.
#[tokio::test(flavor = "multi_thread")]
async fn exact_numbers_keep_their_digits() {
    let kinds = Kinds::load().await;
    let rows = kinds.db.all(select(samples::Samples)).await.unwrap();
    let json = serde_json::to_string(&rows[0]).unwrap();
    for member in [
        "\"amount\":12345678901234567890.12345678901234567890,",
        "\"maybe_amount\":1.50,",
        "\"amounts\":[1.50,2],",
        "\"maybe_double\":\"NaN\",",
    ] {
        assert!(json.contains(member), "{member}\n{json}");
    }
    let back: samples::Row = serde_json::from_str(&json).unwrap();
    assert_eq!(back.amount, rows[0].amount);
}

/// A new row may be a row as the database writes it: what it lacks has its default, and a null that
/// is there is a null.
#[tokio::test(flavor = "multi_thread")]
async fn new_rows_are_read_from_what_to_json_writes() {
    let kinds = Kinds::load().await;
    for json in kinds.json("samples") {
        let new: samples::Insert = serde_json::from_str(&json).unwrap();
        let row = kinds.db.one(insert(new).returning(samples::Samples)).await.unwrap();
        let (mut expected, mut written) = (value(&json), serde_json::to_value(&row).unwrap());
        assert_ne!(expected["id"].take(), written["id"].take());
        assert_eq!(written, expected);

        let new: kinds_chrono::samples::Insert = serde_json::from_str(&json).unwrap();
        let row = insert(new).returning(kinds_chrono::samples::Samples);
        let row = kinds.db.one(row).await.unwrap();
        let mut written = serde_json::to_value(&row).unwrap();
        written["id"].take();
        assert_eq!(written, expected);
    }
    let mut some = value(&kinds.json("samples")[0]);
    let members = some.as_object_mut().unwrap();
    members.remove("double_or_one");
    members.remove("maybe_moment");
    members.insert("maybe_double_or_one".to_owned(), Value::Null);
    let new: samples::Insert = serde_json::from_value(some.clone()).unwrap();
    assert_eq!((new.double_or_one, new.maybe_double_or_one), (None, Some(None)));
    let row = kinds.db.one(insert(new).returning(samples::Samples)).await.unwrap();
    assert_eq!((row.double_or_one, row.maybe_double_or_one, row.maybe_moment), (1.0, None, None));

    for (member, wrong) in
        [("double_or_one", Value::Null), ("rating", 1.into()), ("key", true.into())]
    {
        let mut some = some.clone();
        some[member] = wrong;
        assert!(serde_json::from_value::<samples::Insert>(some).is_err(), "{member}");
    }
}

/// A change says what is to be changed, and nothing else.
#[test]
fn changes_are_what_is_there() {
    let json = r#"{"maybe_double":null,"rating":"good","type":"x","Double":"Infinity"}"#;
    let change: samples::Update = serde_json::from_str(json).unwrap();
    let expected = samples::Update {
        maybe_double: Some(None),
        rating: Some(kinds::types::Rating::Good),
        r#type: Some("x".to_owned()),
        double_2: Some(Some(f64::INFINITY)),
        ..Default::default()
    };
    assert_eq!(change, expected);
    assert_eq!(serde_json::to_string(&change).unwrap(), json);
}

/// The snapshot that the structs were generated from is that of the script.
#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_is_true() {
    let kinds = Kinds::load().await;
    let snapshot = include_str!("../../phlo-schema-gen/tests/fixtures/kinds.json");
    let [now, then] = [kinds.db.schema(), &Schema::from_json(snapshot).unwrap()];
    assert!(now.tables().eq(then.tables()));
}
