//! The API within an axum application: nested under `/api` beside a route with typed queries, both
//! behind the application's own authentication.
//!
//! `cargo run -p phlo-example-axum`, then
//! `curl -H 'x-user: ann' 'http://127.0.0.1:3000/api/films?select=title'` and
//! `curl -H 'x-user: ann' http://127.0.0.1:3000/decades/1980`.

use std::{error::Error, sync::Arc};

use api::{
    films::{self, Films},
    functions::FilmsOfDecade,
};
use axum::{
    Json, Router,
    extract::{Path, Request, State as Shared},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use phlo_core::{
    db::Database,
    dsl::{select, select_from},
    exec::pipeline::Pool,
    request::Caller,
};
use phlo_http::{
    auth::Identity,
    config::{Config, DbUri},
    extension::{Argument, Extensions},
    service::Api,
    state::State,
};
use serde_json::{Map, Value, json};

phlo_core::include_schema!(mod api);

/// Where the API is.
const PREFIX: &str = "/api";

/// What the routes of the application share.
#[derive(Clone)]
struct App {
    db: Database<Pool>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = phlo_postgres::Server::start()?;
    let uri = server.uri("postgres");
    load(&uri).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, router(&uri)?).await?;
    Ok(())
}

async fn load(uri: &str) -> Result<(), sqlx::Error> {
    let pool = sqlx::PgPool::connect(uri).await?;
    sqlx::raw_sql(include_str!("../films.sql")).execute(&pool).await?;
    Ok(())
}

/// The application.
fn router(uri: &str) -> phlo_core::Result<Router> {
    let mut config = Config::default();
    config.db_uri = DbUri::new(uri);
    config.db_schemas = vec!["api".into()];
    // `nest_service` takes the prefix away before the API sees it; clients have to get it back.
    let state = State::new(config, None)?.with_extensions(extensions()).with_base_path(PREFIX);
    // The schema that was compiled in: nothing is read from the database before the first request.
    state.set_schema(api::schema()?);
    // Typed queries share the connections of the API.
    let app = App { db: Database::new(state.pool().clone(), api::schema()?) };
    Ok(Router::new()
        .route("/decades/{decade}", get(decade))
        .route("/count", get(count))
        .with_state(app)
        .nest_service(PREFIX, Api::new(Arc::new(state)))
        .layer(middleware::from_fn(authenticate)))
}

/// What the API has besides the database: a function of Rust, and a word on each request.
fn extensions() -> Extensions {
    Extensions::new()
        .function(
            "greet",
            [Argument::required("greeting", "text")],
            |caller: Caller, Greet { greeting }: Greet| async move {
                let user = caller.claims.get("user").and_then(Value::as_str).unwrap_or("you");
                Ok(format!("{greeting} {user}"))
            },
        )
        .before(|request, _| {
            // Nobody counts all rows of a large table by accident here.
            request.preferences.count = None;
            Ok(())
        })
        .after(|_, response| {
            let name = HeaderName::from_static("x-served-by");
            response.headers_mut().insert(name, HeaderValue::from_static("films"));
        })
}

/// The arguments of `/rpc/greet`.
#[derive(serde::Deserialize)]
struct Greet {
    greeting: String,
}

/// Who asks, as this application knows it: here a header that a proxy sets.
///
/// An identity in a request's extensions is believed by the API, which then looks at no token.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    let Some(user) = user.map(str::to_owned) else {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    };
    let claims: Map<String, Value> = [("user".to_owned(), Value::from(user))].into_iter().collect();
    request.extensions_mut().insert(Arc::new(Identity::trusted("viewer", claims)));
    next.run(request).await
}

/// A route of the application's own, over a function of the database.
async fn decade(Shared(app): Shared<App>, Path(decade): Path<i32>) -> Result<Json<Value>, Problem> {
    let query = select_from(&FilmsOfDecade { decade })
        .columns((films::TITLE, films::YEAR))
        .order(films::YEAR.asc());
    let films = app.db.as_role("viewer").all(query).await?;
    let films: Vec<_> =
        films.into_iter().map(|(title, year)| json!({"title": title, "year": year})).collect();
    Ok(Json(Value::from(films)))
}

async fn count(Shared(app): Shared<App>) -> Result<String, Problem> {
    Ok(app.db.count(select(Films)).await?.to_string())
}

/// An error of the database as a response; its text is for the log.
struct Problem(phlo_core::Error);

impl From<phlo_core::Error> for Problem {
    fn from(error: phlo_core::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.code().to_owned()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(router: &Router, path: &str, user: Option<&str>) -> (u16, String) {
        let mut request = Request::builder().uri(path);
        if let Some(user) = user {
            request = request.header("x-user", user);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn routes_and_the_api_share_one_door() {
        let server = phlo_postgres::Server::start().unwrap();
        let uri = server.uri("postgres");
        load(&uri).await.unwrap();
        let router = router(&uri).unwrap();
        let ann = Some("ann");
        for (path, user, expected) in [
            ("/api/films?select=title", ann, (200, r#"[{"title":"Blade Runner"}]"#)),
            ("/api/films?select=title", None, (401, "who are you?")),
            ("/decades/1980", ann, (200, r#"[{"title":"Blade Runner","year":1982}]"#)),
            ("/count", ann, (200, "3")),
            ("/count", None, (401, "who are you?")),
            ("/api/rpc/greet?greeting=hello", ann, (200, r#""hello ann""#)),
            ("/api/rpc/average_year", ann, (200, "1982.0000000000000000")),
            ("/nothing", ann, (404, "")),
        ] {
            let (status, body) = ask(&router, path, user).await;
            assert_eq!((status, body.as_str()), expected, "{path} {user:?}");
        }
        assert_eq!(ask(&router, "/api/fims", ann).await.0, 404);
        places_have_the_prefix(&router, &uri).await;
        let (_, document) = ask(&router, "/api/", ann).await;
        assert!(document.contains("/rpc/greet"), "{document}");
        assert!(document.contains(r#""basePath":"/api""#), "{document}");
    }

    /// Where rows are said to be is where clients find them.
    async fn places_have_the_prefix(router: &Router, uri: &str) {
        let pool = sqlx::PgPool::connect(uri).await.unwrap();
        let grant = "grant insert on api.directors to viewer";
        sqlx::raw_sql(grant).execute(&pool).await.unwrap();
        let place = async |method: &str, path: &str, body: &'static str, header: &str| {
            let request = Request::builder().method(method).uri(path).header("x-user", "ann");
            let request = request.header("prefer", "return=headers-only");
            let request = request.header("content-type", "application/json");
            let request = request.body(Body::from(body)).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let place = response.headers().get(header).unwrap();
            (response.status().as_u16(), place.to_str().unwrap().to_owned())
        };
        let made = place("POST", "/api/directors", r#"{"name":"Fincher"}"#, "location").await;
        assert_eq!(made, (201, "/api/directors?id=eq.3".to_owned()));
        let found = place("GET", &made.1, "", "content-location").await;
        assert_eq!(found, (200, made.1));
    }
}
