//! Filters: each operator by the rows that it finds.

use phlo_tests::Service;
use serde_json::json;

/// The ids of the books that a query string finds, in order.
async fn found(library: &Service, query: &str) -> String {
    let answer = library.get(&format!("/books?select=id&order=id&{query}")).await;
    let rows = answer.is(200).json();
    let ids = rows.as_array().unwrap().iter().map(|row| row["id"].to_string());
    ids.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn operators_find_their_rows() {
    let library = Service::reading().await;
    for (query, expected) in [
        ("id=eq.3", "3"),
        ("id=neq.3", "1 2 4 5 6"),
        ("price=gt.12.5", "3 5"),
        ("price=gte.12.5", "1 3 5"),
        ("price=lt.8.00", "6"),
        ("price=lte.8", "2 6"),
        ("title=like.*Bridges*", "3 4"),
        ("title=like.bridges*", ""),
        ("title=ilike.bridges*", "4"),
        ("title=match.^(A|T)", "1 2"),
        ("title=imatch.NIGHT$", "5"),
        ("title=like(any).{The*,*Night}", "1 5"),
        ("title=ilike(all).{*bridges*,*history*}", "3"),
        ("id=eq(any).{1,2,9}", "1 2"),
        ("id=gt(all).{1,2}", "3 4 5 6"),
        ("id=in.(1,3,5)", "1 3 5"),
        ("id=in.()", ""),
        ("id=not.in.(1,3,5)", "2 4 6"),
        ("title=in.(\"Bridges, Continued\",\"100%25 Wool, * and _\")", "4 6"),
        ("genre=is.null", "6"),
        ("genre=is.not_null", "1 2 3 4 5"),
        ("genre=not.is.null", "1 2 3 4 5"),
        ("price=isdistinct.8", "1 3 4 5 6"),
        ("genre=not.isdistinct.novel", "1"),
        ("keywords=cs.{bridges}", "3 4"),
        ("keywords=cd.{bridges,sea,rivers}", "2 3 4 5"),
        ("keywords=ov.{sea,apples}", "1 2"),
        ("keywords=eq.{\"a,b\",\"c\\\"d\"}", "6"),
        ("details=cs.{\"signed\":true}", "1"),
        ("lent=cs.[2024-02-15,2024-02-16)", "2"),
        ("lent=ov.[2024-02-25,2024-02-26]", "2 3"),
        ("lent=sl.[2024-06-01,)", "2"),
        ("lent=sr.[2024-01-01,2024-02-10]", "3"),
        ("lent=nxr.(,2024-03-01)", "2"),
        ("lent=nxl.[2024-02-10,)", "3"),
        ("lent=adj.[2024-03-01,2024-04-01)", "2"),
        ("search=fts.bridge", "3 4"),
        ("search=fts(english).history %26 bridges", "3"),
        ("search=plfts.quiet orchards", "1"),
        ("search=phfts(english).short history", "3"),
        ("search=wfts.bridges -history", "4"),
        ("title=fts(simple).orchard", "1"),
        ("title=not.fts(simple).orchard", "2 3 4 5 6"),
        ("details->>signed=eq.true", "1"),
        ("details->signed=is.null", "2 3 4 5 6"),
        ("details->langs->>0=eq.en", "1 2"),
    ] {
        assert_eq!(found(&library, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn wildcards_and_quotes_in_values_are_values() {
    let library = Service::reading().await;
    for (query, expected) in [
        ("title=eq.100%25 Wool, * and _", "6"),
        ("title=like.100%25*", "6"),
        ("title=like.100\\%25*", "6"),
        ("title=like.*\\_", "6"),
        ("title=eq.x' or true --", ""),
        ("title=eq.\"quoted\"", ""),
        ("title=eq.null", ""),
        ("title=eq.", ""),
    ] {
        assert_eq!(found(&library, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn conditions_are_joined() {
    let library = Service::reading().await;
    for (query, expected) in [
        ("or=(id.eq.1,id.eq.2)", "1 2"),
        ("and=(id.gt.1,id.lt.4)", "2 3"),
        ("not.or=(id.eq.1,id.eq.2)", "3 4 5 6"),
        ("or=(id.eq.1,and(genre.eq.history,price.is.null))", "1 4"),
        ("or=(id.eq.1,not.and(id.gt.0,id.lt.6))", "1 6"),
        ("or=(title.eq.\"Bridges, Continued\",id.eq.5)", "4 5"),
        ("or=(id.in.(1,2),keywords.cs.{rivers})", "1 2 3"),
        ("or=(id.eq.1,id.eq.2)&or=(id.eq.2,id.eq.3)", "2"),
        ("id=gt.1&id=lt.5&id=neq.3", "2 4"),
    ] {
        assert_eq!(found(&library, query).await, expected, "{query}");
    }
}

/// A filter that got lost here would change rows that were not meant.
#[tokio::test]
async fn every_filter_on_a_column_counts_also_for_changes() {
    let library = Service::library().await;
    let sum =
        "select string_agg(number || state, ',' order by book_id, number) from library.copies";
    library.execute("insert into library.copies select 2, n from generate_series(1, 6) n");
    let filter = "book_id=eq.2&number=gt.1&number=lt.6&number=neq.3";
    library.patch(&format!("/copies?{filter}"), &json!({"state": "new"})).librarian().await.is(204);
    assert_eq!(library.execute(sum), "1good,2worn,1good,2new,3good,4new,5new,6good,1good");
    library.delete("/copies?book_id=eq.2&number=gte.2&number=lte.4").librarian().await.is(204);
    assert_eq!(library.execute(sum), "1good,2worn,1good,5new,6good,1good");
    library
        .delete("/copies?book_id=eq.2&or=(number.eq.1,number.eq.5)&or=(number.eq.5,number.eq.6)")
        .librarian()
        .await
        .is(204);
    assert_eq!(library.execute(sum), "1good,2worn,1good,6good,1good");
    // Without a filter every row is meant, as PostgREST has it.
    library.delete("/copies").librarian().await.is(204);
    assert_eq!(library.execute("select count(*) from library.copies"), "0");
}

#[tokio::test]
async fn values_that_do_not_fit_are_the_databases_to_refuse() {
    let library = Service::reading().await;
    for (query, code, message) in [
        ("id=eq.x", "22P02", "invalid input syntax for type integer: \"x\""),
        ("id=eq.99999999999", "22003", "value \"99999999999\" is out of range for type integer"),
        ("genre=eq.opera", "22P02", "invalid input value for enum genre: \"opera\""),
        ("title=match.(", "2201B", "invalid regular expression: parentheses () not balanced"),
        ("keywords=cs.x", "22P02", "malformed array literal: \"x\""),
        ("search=fts.a b", "42601", "syntax error in tsquery: \"a b\""),
        ("search=fts(klingon).a", "42704", "text search configuration \"klingon\" does not exist"),
    ] {
        let answer = library.get(&format!("/books?{query}")).await;
        let json = answer.is(400).json();
        assert_eq!((&json["code"], &json["message"]), (&json!(code), &json!(message)), "{query}");
    }
    let answer = library.get("/books?id=fts.a").await;
    answer.refuses(
        404,
        json!({
            "code": "42883",
            "message": "function to_tsvector(integer) does not exist",
            "details": null,
            "hint": "No function matches the given name and argument types. You might need to add \
                     explicit type casts.",
        }),
    );
}
