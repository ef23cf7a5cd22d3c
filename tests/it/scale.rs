//! What embeds cost where there are many rows, told by the rows that the database reads for them:
//! time would depend on the machine.

use phlo_tests::{Database, Service};
use serde_json::Value;

/// Ten thousand orders of one to five lines of one to three parcels; customers of a hundred orders
/// each. Every foreign key has an index.
const TABLES: &str = "
create table library.customers (id int primary key, name text);
create table library.orders (
    id int primary key, customer_id int references library.customers, note text);
create table library.lines (
    id int primary key, order_id int references library.orders, name text);
create table library.parcels (
    id int primary key, line_id int references library.lines, name text);
insert into library.customers select id, 'customer ' || id from generate_series(1, 100) as id;
insert into library.orders
    select id, 1 + id % 100, md5(id::text) from generate_series(1, 10000) as id;
insert into library.lines
    select row_number() over (), id, 'line ' || n
    from library.orders, lateral generate_series(1, 1 + id % 5) as n;
insert into library.parcels
    select row_number() over (), id, 'parcel ' || n
    from library.lines, lateral generate_series(1, 1 + id % 3) as n;
create index on library.orders (customer_id);
create index on library.lines (order_id);
create index on library.parcels (line_id);
grant select on library.customers, library.orders, library.lines, library.parcels to visitor;
analyze library.customers, library.orders, library.lines, library.parcels;
";

async fn service(settings: &[(&str, &str)]) -> Service {
    let mut all = vec![("db-plan-enabled", "true")];
    all.extend_from_slice(settings);
    let service = Service::unloaded_library(Database::library(), &all);
    service.execute(TABLES);
    service.load().await;
    service
}

/// A scan of a table, as it was run.
struct Scan {
    table: String,
    times: f64,
    rows: f64,
}

/// The scans that a request took.
async fn scans(service: &Service, target: &str) -> Vec<Scan> {
    let plan = "application/vnd.pgrst.plan+json; options=analyze";
    let answer = service.get(target).accept(plan).await;
    let mut scans = Vec::new();
    collect(&answer.is(200).json()[0]["Plan"], &mut scans);
    scans
}

fn collect(node: &Value, scans: &mut Vec<Scan>) {
    let number = |key: &str| node[key].as_f64().unwrap_or(0.0);
    if let Some(table) = node["Relation Name"].as_str() {
        let times = number("Actual Loops");
        // Both are means over the times that it was run, rounded before PostgreSQL 18.
        let rows = times * (number("Actual Rows") + number("Rows Removed by Filter"));
        scans.push(Scan { table: table.to_owned(), times, rows });
    }
    for inner in node["Plans"].as_array().into_iter().flatten() {
        collect(inner, scans);
    }
}

fn rows(scans: &[Scan]) -> f64 {
    scans.iter().map(|scan| scan.rows).sum()
}

fn rows_of(scans: &[Scan], table: &str) -> f64 {
    assert!(scans.iter().any(|scan| scan.table == table), "{table} isn't read");
    scans.iter().filter(|scan| scan.table == table).map(|scan| scan.rows).sum()
}

#[tokio::test]
async fn three_levels_of_embeds_take_rows_in_proportion() {
    let service = service(&[]).await;
    let tree = "/orders?select=id,lines(id,parcels(id))";
    let all = rows(&scans(&service, tree).await);
    let tenth = rows(&scans(&service, &format!("{tree}&id=lte.1000")).await);
    // Each row of the three tables once, but for the rounding of means.
    let stored = service.execute(
        "select (select count(*) from library.orders) + (select count(*) from library.lines)
             + (select count(*) from library.parcels)",
    );
    let stored: f64 = stored.trim().parse().unwrap();
    assert!((0.8..1.2).contains(&(all / stored)), "{all} of {stored}");
    assert!((9.0..11.0).contains(&(all / tenth)), "{all} and {tenth}");
}

#[tokio::test]
async fn embeds_are_read_for_the_rows_that_are_left() {
    let service = service(&[]).await;
    // No index has this order: all orders must be looked at, but not their lines and parcels.
    let tree = "/orders?select=id,lines(id,parcels(id))&lines.order=id&lines.parcels.order=id";
    let first = format!("{tree}&order=note&limit=5");
    let scans_of_first = scans(&service, &first).await;
    assert!(rows_of(&scans_of_first, "orders") >= 10_000.0);
    assert!(rows_of(&scans_of_first, "lines") <= 25.0);
    assert!(rows_of(&scans_of_first, "parcels") <= 75.0);
    // The same within an embed.
    let inside = "/orders?select=id,lines(id,parcels(id))&lines.order=name.desc&lines.limit=1";
    let scans_inside = scans(&service, inside).await;
    assert!(rows_of(&scans_inside, "lines") >= 25_000.0);
    assert!(rows_of(&scans_inside, "parcels") <= 30_000.0);
    // What they give is what is read for each of them alone.
    let together = service.get(&first).await.is(200).json();
    let together = together.as_array().unwrap();
    assert_eq!(together.len(), 5);
    for order in together {
        let alone = format!("{tree}&id=eq.{}", order["id"]);
        service.get(&alone).await.gives(Value::Array(vec![order.clone()]));
    }
    let alone = service.get(&format!("{inside}&id=eq.4")).await.is(200).json();
    assert_eq!(alone[0]["lines"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_other_ends_of_many_keys_are_found_at_once() {
    // A limit of the server's own doesn't keep the database from it.
    let service = service(&[("db-max-rows", "20000")]).await;
    let scans = scans(&service, "/lines?select=id,orders(note,customers(name))").await;
    for table in ["orders", "customers"] {
        let times: f64 =
            scans.iter().filter(|scan| scan.table == table).map(|scan| scan.times).sum();
        assert!((1.0..=1.0).contains(&times), "{table}: {times} times");
    }
}
