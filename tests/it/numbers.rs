//! Numbers go through as they are written, however large: no step on the way makes them floats.

use phlo_tests::Service;
use serde_json::json;

const WIDE: &str = "1234567890123456789012345678901234567890.0123456789";
const TINY: &str = "-0.000000000000000000000000000000000000001";

#[tokio::test]
async fn numbers_come_out_whole() {
    let library = Service::reading().await;
    let answer = library.get("/numbers?select=exact,wide,rough&order=id").await;
    assert_eq!(
        answer.text(),
        format!(
            "[{{\"exact\":{WIDE},\"wide\":9223372036854775807,\"rough\":0.1}}, \n \
             {{\"exact\":{TINY},\"wide\":-9223372036854775808,\"rough\":1e+300}}]"
        )
    );
    let csv = library.get("/numbers?select=exact,wide&id=eq.1").accept("text/csv").await;
    assert_eq!(csv.text(), format!("exact,wide\n{WIDE},9223372036854775807"));
    let object = library.get("/numbers?select=exact&id=eq.1").object().await;
    assert_eq!(object.text(), format!("{{\"exact\":{WIDE}}}"));
}

#[tokio::test]
async fn numbers_go_in_whole() {
    let library = Service::library().await;
    let read = |id: u32| {
        library.execute(&format!("select exact, wide from library.numbers where id = {id}"))
    };
    for preference in ["return=representation", "return=representation, missing=default"] {
        let body = format!("{{\"id\":10,\"exact\":{WIDE},\"wide\":9223372036854775807}}");
        let answer = library
            .ask("POST", "/numbers?select=exact,wide")
            .body("application/json", body)
            .librarian()
            .prefer(preference)
            .await;
        assert_eq!(
            answer.is(201).text(),
            format!("[{{\"exact\":{WIDE},\"wide\":9223372036854775807}}]"),
            "{preference}"
        );
        assert_eq!(read(10), format!("{WIDE}|9223372036854775807"));
        let body = format!("{{\"exact\":{TINY},\"wide\":-9223372036854775808}}");
        library
            .ask("PATCH", "/numbers?id=eq.10")
            .body("application/json", body)
            .librarian()
            .prefer(preference)
            .await
            .is(200);
        assert_eq!(read(10), format!("{TINY}|-9223372036854775808"));
        library.delete("/numbers?id=eq.10").librarian().await.is(204);
    }
    for (media_type, body) in [
        ("text/csv", format!("id,exact,wide\n11,{WIDE},9223372036854775807")),
        (
            "application/x-www-form-urlencoded",
            format!("id=11&exact={WIDE}&wide=9223372036854775807"),
        ),
    ] {
        library.ask("POST", "/numbers").body(media_type, body).librarian().await.is(201);
        assert_eq!(read(11), format!("{WIDE}|9223372036854775807"), "{media_type}");
        library.delete("/numbers?id=eq.11").librarian().await.is(204);
    }
    let beyond = "{\"id\":12,\"wide\":9223372036854775808}";
    let answer = library.ask("POST", "/numbers").body("application/json", beyond).librarian().await;
    answer.refuses(
        400,
        json!({
            "code": "22003",
            "message": "value \"9223372036854775808\" is out of range for type bigint",
            "details": null,
            "hint": null,
        }),
    );
}

#[tokio::test]
async fn filters_compare_numbers_whole() {
    let library = Service::reading().await;
    for (query, expected) in [
        (format!("exact=eq.{WIDE}"), 1),
        // The two differ in the last digit, which a float doesn't have.
        (format!("exact=eq.{}1", WIDE.trim_end_matches('9')), 0),
        (format!("exact=gt.{}8", WIDE.trim_end_matches('9')), 1),
        (format!("exact=in.({WIDE},{TINY})"), 2),
        (format!("or=(exact.eq.{TINY},exact.eq.{WIDE})"), 2),
        ("wide=eq.9223372036854775807".to_owned(), 1),
        ("wide=eq.9223372036854775806".to_owned(), 0),
        ("wide=lt.-9223372036854775807".to_owned(), 1),
    ] {
        let rows = library.get(&format!("/numbers?select=id&{query}")).await.is(200).json();
        assert_eq!(rows.as_array().unwrap().len(), expected, "{query}");
    }
}

#[tokio::test]
async fn arguments_are_numbers_whole() {
    let library = Service::reading().await;
    let expected = format!("\"number\" : {WIDE},");
    let by_query = library.get(&format!("/rpc/echo?number={WIDE}")).await;
    assert!(by_query.is(200).text().contains(&expected), "{}", by_query.text());
    let body = format!("{{\"number\": {WIDE}, \"document\": {{\"n\": {WIDE}}}}}");
    let by_body = library.ask("POST", "/rpc/echo").body("application/json", body).await;
    assert!(by_body.is(200).text().contains(&expected), "{}", by_body.text());
    let document = format!("{{\"n\": {WIDE}}}");
    assert!(by_body.text().contains(&document), "{}", by_body.text());
    let whole = format!("{{\"a\": [{WIDE}, {TINY}]}}");
    for function in ["whole_json", "whole_jsonb"] {
        let target = format!("/rpc/{function}");
        let answer = library.ask("POST", &target).body("application/json", whole.clone()).await;
        assert_eq!(answer.is(200).text(), whole, "{function}");
    }
}
