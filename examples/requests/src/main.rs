//! Requests as text, answered in process: method, path, query, headers and body in; status, headers
//! and body out. No socket is involved, and for the first half no database either.
//!
//! `cargo run -p phlo-example-requests`: it starts a PostgreSQL of its own.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use phlo_core::{
    parse::{self, Asked, Input, Options},
    plan::{self, Limits},
    schema::Schema,
    sql,
};
use phlo_http::{
    config::{Config, DbUri},
    service::Api,
    state::State,
};

const FILMS: &str = include_str!("../../embed/films.sql");

/// What is in there, as `phlo-schema-gen pull` has written it down.
const SNAPSHOT: &str = include_str!("../../embed/phlo-schema.json");

/// A request, before anybody has looked at it.
#[derive(Clone, Copy, Debug)]
struct Text {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const OLD_FILMS: Text = Text {
    method: "GET",
    path: "/films",
    query: "select=title,director:directors(name)&year=lt.1980",
    headers: &[],
    body: "",
};

const A_NEW_FILM: Text = Text {
    method: "POST",
    path: "/films",
    query: "columns=title,year",
    headers: &[("content-type", "application/json"), ("prefer", "return=headers-only")],
    body: r#"{"title": "Alien 3", "year": 1992}"#,
};

const A_MISTAKE: Text = Text { path: "/flims", ..OLD_FILMS };

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in run().await? {
        println(&line);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn println(line: &str) {
    println!("{line}");
}

/// Does one of everything, and says what came of it.
async fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let mut told = Vec::new();

    // Only what a request would do: pure functions, which need neither a feature of the engine, nor
    // a runtime, nor a database.
    let schema = Schema::from_json(SNAPSHOT)?;
    for text in [OLD_FILMS, A_NEW_FILM, A_MISTAKE] {
        told.push(match statement(&schema, text) {
            Ok(sql) => sql,
            Err(error) => format!("{}: {error}", error.code()),
        });
    }

    // The same requests to the API that the server serves, as a value.
    let server = phlo_postgres::Server::start()?;
    server.execute("postgres", FILMS)?;
    let mut config = Config::default();
    config.db_uri = DbUri::new(server.uri("postgres"));
    config.db_schemas = vec!["api".into()];
    config.db_anon_role = Some("postgres".into());
    let state = State::new(config, None)?;
    state.set_schema(schema);
    let api = Api::new(Arc::new(state));
    for text in [OLD_FILMS, A_NEW_FILM, A_MISTAKE] {
        let (status, place, body) = ask(&api, text).await?;
        told.push(format!("{}: {place}: {body}", status.as_u16()));
    }
    Ok(told)
}

/// The statement that a request stands for.
fn statement(schema: &Schema, text: Text) -> phlo_core::Result<String> {
    let options = Options { schemas: vec!["api".into()], ..Options::default() };
    let body = Bytes::from_static(text.body.as_bytes());
    let Text { method, path, query, headers, .. } = text;
    let input = Input { method, path, query, headers, body: &body };
    let Asked::Request(request) = parse::request(&input, &options)?.asked else {
        return Ok("a request for a document or a description".to_owned());
    };
    let plan = plan::plan(schema, &request, &Limits::default())?;
    Ok(sql::render(&plan).sql.to_string())
}

/// Asks the API, and gives the status, where it says that the answer is found, and the body.
async fn ask(api: &Api, text: Text) -> Result<(StatusCode, String, String), Box<dyn Error>> {
    let mut request =
        Request::builder().method(text.method).uri(format!("{}?{}", text.path, text.query));
    for (name, value) in text.headers {
        request = request.header(*name, *value);
    }
    let response =
        api.answer(request.body(Full::new(Bytes::from_static(text.body.as_bytes())))?).await;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let place = header("location").or_else(|| header("content-location"));
    let (status, place) = (response.status(), place.unwrap_or("nowhere").to_owned());
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, place, String::from_utf8(body.into())?))
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn everything_is_as_told() {
        let told = super::run().await.unwrap();
        let contained = [
            r#"WHERE "films"."year" < $"#,
            r#"INSERT INTO "api"."films" ("title", "year")"#,
            "PGRST205: Could not find the table 'api.flims'",
            r#"year=lt.1980: [{"title":"Alien","director":{"name":"Scott"}}]"#,
            "201: /films?id=eq.4: ",
            "404: nowhere: {",
        ];
        assert_eq!(told.len(), contained.len());
        for (told, contained) in told.iter().zip(contained) {
            assert!(told.contains(contained), "{contained}\n{told}");
        }
    }
}
