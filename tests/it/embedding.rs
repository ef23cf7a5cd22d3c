//! Embeds: rows of other tables within rows, by every kind of relationship.

use phlo_tests::Service;
use serde_json::json;

#[tokio::test]
async fn foreign_keys_lead_both_ways() {
    let library = Service::reading().await;
    library
        .get("/books?select=title,authors(name)&id=eq.1")
        .await
        .gives(json!([{"title": "The Quiet Orchard", "authors": {"name": "Iris Alder"}}]));
    library
        .get("/authors?select=name,works:books(title)&order=id&works.order=title&id=in.(1,4)")
        .await
        .gives(json!([
            {"name": "Iris Alder", "works": [{"title": "A Ladder of Salt"}, {"title": "The Quiet Orchard"}]},
            {"name": "Dov Dunne", "works": []},
        ]));
    // By the column or the constraint that holds the key, and to a single row.
    library
        .get("/books?select=id,author_id(name),who:books_author(name),covers(artist)&id=in.(1,2)&order=id")
        .await
        .gives(json!([
            {"id": 1, "author_id": {"name": "Iris Alder"}, "who": {"name": "Iris Alder"}, "covers": {"artist": "Ada"}},
            {"id": 2, "author_id": {"name": "Iris Alder"}, "who": {"name": "Iris Alder"}, "covers": null},
        ]));
    library
        .get("/covers?select=artist,books(title)&book_id=eq.1")
        .await
        .gives(json!([{"artist": "Ada", "books": {"title": "The Quiet Orchard"}}]));
}

#[tokio::test]
async fn tables_between_are_passed_through() {
    let library = Service::reading().await;
    library.get("/subjects?select=name,books(id)&order=id&books.order=id.desc").await.gives(
        json!([
            {"name": "nature", "books": [{"id": 4}, {"id": 2}, {"id": 1}]},
            {"name": "engineering", "books": [{"id": 4}, {"id": 3}]},
            {"name": "mathematics", "books": [{"id": 5}]},
            {"name": "unused", "books": []},
        ]),
    );
    library
        .get("/books?select=id,subjects!inner(name)&subjects.name=eq.engineering&order=id")
        .await
        .gives(json!([
            {"id": 3, "subjects": [{"name": "engineering"}]},
            {"id": 4, "subjects": [{"name": "engineering"}]},
        ]));
}

#[tokio::test]
async fn a_table_may_lead_to_itself() {
    let library = Service::reading().await;
    library.get("/staff?select=name,boss:boss_id(name)&order=id").await.gives(json!([
        {"name": "Ruth", "boss": null},
        {"name": "Sam", "boss": {"name": "Ruth"}},
        {"name": "Tess", "boss": {"name": "Ruth"}},
        {"name": "Uli", "boss": {"name": "Sam"}},
    ]));
    library
        .get("/staff?select=name,team:staff!boss_id(name,team:staff!boss_id(name))&id=eq.1&team.order=id")
        .await
        .gives(json!([{
            "name": "Ruth",
            "team": [{"name": "Sam", "team": [{"name": "Uli"}]}, {"name": "Tess", "team": []}],
        }]));
}

#[tokio::test]
async fn several_ways_need_a_hint() {
    let library = Service::reading().await;
    let answer = library.get("/transfers?select=id,branches(name)").await;
    answer.refuses(
        300,
        json!({
            "code": "PGRST201",
            "message": "Could not embed because more than one relationship was found for \
                        'transfers' and 'branches'",
            "details": [
                {
                    "cardinality": "many-to-one",
                    "embedding": "transfers with branches",
                    "relationship": "transfers_from using transfers(from_branch) and branches(id)",
                },
                {
                    "cardinality": "many-to-one",
                    "embedding": "transfers with branches",
                    "relationship": "transfers_to using transfers(to_branch) and branches(id)",
                },
            ],
            "hint": "Try changing 'branches' to one of the following: 'branches!transfers_from', \
                     'branches!transfers_to'. Find the desired relationship in the 'details' key.",
        }),
    );
    library
        .get("/transfers?select=from:branches!transfers_from(name),to:branches!to_branch(name)&id=eq.2")
        .await
        .gives(json!([{"from": {"name": "Harbour"}, "to": {"name": "Hill"}}]));
}

#[tokio::test]
async fn where_no_way_leads_the_nearest_is_named() {
    let library = Service::reading().await;
    library.get("/books?select=id,author(name)").await.refuses(
        400,
        json!({
            "code": "PGRST200",
            "message": "Could not find a relationship between 'books' and 'author' in the schema cache",
            "details": "Searched for a foreign key relationship between 'books' and 'author' in the \
                        schema 'library', but no matches were found.",
            "hint": "Perhaps you meant 'authors' instead of 'author'.",
        }),
    );
    let answer = library.get("/books?select=id,authors!nothing(name)").await;
    let json = answer.is(400).json();
    assert_eq!(json["code"], "PGRST200");
    assert_eq!(
        json["details"],
        "Searched for a foreign key relationship between 'books' and 'authors' using the hint \
         'nothing' in the schema 'library', but no matches were found."
    );
    assert_eq!(library.get("/guestbook?select=books(id)").await.is(400).code(), "PGRST200");
}

#[tokio::test]
async fn functions_of_a_row_are_relationships() {
    let library = Service::reading().await;
    library
        .get("/books?select=id,last_transfer(day),mates:shelf_mates(id)&id=in.(1,3)&order=id")
        .await
        .gives(json!([
            {"id": 1, "last_transfer": {"day": "2024-02-10"}, "mates": []},
            {"id": 3, "last_transfer": {"day": "2024-03-10"}, "mates": [{"id": 4}]},
        ]));
    library
        .get("/rpc/books_of?genre=history&select=id,last_transfer(to:branches!to_branch(name))&order=id")
        .await
        .gives(json!([
            {"id": 3, "last_transfer": {"to": {"name": "Hill"}}},
            {"id": 4, "last_transfer": null},
        ]));
}

#[tokio::test]
async fn views_have_the_relationships_of_their_tables() {
    let library = Service::reading().await;
    library
        .get("/book_titles?select=title,authors(name)&id=eq.3")
        .await
        .gives(json!([{"title": "Short History of Bridges", "authors": {"name": "Bruno Beck"}}]));
    library
        .get("/authors?select=name,book_titles(id)&id=eq.2&book_titles.order=id")
        .await
        .gives(json!([{"name": "Bruno Beck", "book_titles": [{"id": 3}, {"id": 4}]}]));
    let crates = library.get("/crates?select=label,books(title)&id=eq.1").librarian().await;
    crates.gives(json!([{"label": "top", "books": {"title": "Numbers at Night"}}]));
}

#[tokio::test]
async fn embeds_decide_about_the_rows_around_them() {
    let library = Service::reading().await;
    let ids = async |query: &str| {
        let rows = library.get(&format!("/{query}&order=id")).await.is(200).json();
        let ids = rows.as_array().unwrap().iter().map(|row| row["id"].to_string());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids("authors?select=id,books(id)&books.genre=eq.novel").await, "1 2 3 4");
    assert_eq!(ids("authors?select=id,books!inner(id)&books.genre=eq.novel").await, "1");
    assert_eq!(ids("authors?select=id,books()&books=is.null").await, "4");
    assert_eq!(ids("authors?select=id,books()&books=not.is.null").await, "1 2 3");
    assert_eq!(ids("books?select=id,covers()&covers=is.null").await, "2 4 5 6");
    assert_eq!(
        ids("books?select=id,covers(),subjects()&or=(covers.not.is.null,subjects.is.null)").await,
        "1 3 6"
    );
    assert_eq!(
        ids("books?select=id,covers!left(artist)&covers.artist=eq.Ada").await,
        "1 2 3 4 5 6"
    );
    // Counting sees the same.
    let counted = library
        .get("/authors?select=id,books!inner()&books.genre=eq.history&limit=1")
        .prefer("count=exact")
        .await;
    counted.is(200).has("content-range", "0-0/1");
    library
        .get("/authors?select=name,books(id)&books.limit=1&books.offset=1&books.order=id&id=eq.1")
        .await
        .gives(json!([{"name": "Iris Alder", "books": [{"id": 2}]}]));
}

#[tokio::test]
async fn columns_of_embeds_are_lifted() {
    let library = Service::reading().await;
    library
        .get("/books?select=title,...authors(author:name,...books!inner(others:id))&id=eq.3")
        .await
        .gives(json!([{
            "title": "Short History of Bridges", "author": "Bruno Beck", "others": [3, 4],
        }]));
    library
        .get("/authors?select=name,...books(titles:title,pages)&books.order=pages.desc&id=in.(2,4)&order=id")
        .await
        .gives(json!([
            {
                "name": "Bruno Beck",
                "titles": ["Short History of Bridges", "Bridges, Continued"],
                "pages": [512, 480],
            },
            {"name": "Dov Dunne", "titles": [], "pages": []},
        ]));
    // The first ones are the first in that order.
    for (order, expected) in
        [("pages", "Bridges, Continued"), ("pages.desc", "Short History of Bridges")]
    {
        library
            .get(&format!(
                "/authors?select=...books(title)&books.order={order}&books.limit=1&id=eq.2"
            ))
            .await
            .gives(json!([{"title": [expected]}]));
    }
}

#[tokio::test]
async fn what_is_said_of_an_embed_needs_the_embed() {
    let library = Service::reading().await;
    library.get("/books?authors.name=eq.x").await.refuses(
        400,
        json!({
            "code": "PGRST108",
            "message": "'authors' is not an embedded resource in this request",
            "details": null,
            "hint": "Verify that 'authors' is included in the 'select' query parameter.",
        }),
    );
    assert_eq!(library.get("/books?order=authors(name)").await.is(400).code(), "PGRST108");
    library.get("/authors?select=id,books(id)&order=books(id)").await.refuses(
        400,
        json!({
            "code": "PGRST118",
            "message": "A related order on 'books' is not possible",
            "details": "'authors' and 'books' do not form a many-to-one or one-to-one relationship",
            "hint": null,
        }),
    );
}

#[tokio::test]
async fn changed_rows_can_be_embedded_in() {
    let library = Service::library().await;
    let body = json!({"title": "New", "author_id": 4});
    let answer = library
        .post("/books?select=title,authors(name,books(title))", &body)
        .librarian()
        .prefer("return=representation")
        .await;
    // What else is in the database is seen as it was before.
    answer.gives(json!([{"title": "New", "authors": {"name": "Dov Dunne", "books": []}}]));
    let answer = library
        .patch("/books?id=eq.1&select=id,author_id,authors(id)", &json!({"author_id": 3}))
        .librarian()
        .prefer("return=representation")
        .await;
    answer.gives(json!([{"id": 1, "author_id": 3, "authors": {"id": 3}}]));
}
