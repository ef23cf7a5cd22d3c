//! `POST /rpc/login`: a name and a password for a token.
//!
//! Passwords are checked here and not in the database, so that hashes never meet the role of a
//! client; the secret that signs tokens isn't in the database at all.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use phlo_core::{
    Code, Error, Result,
    exec::{End, Executor, Row, Transaction},
    plan::Access,
    schema::{Ident, QualifiedName},
    sql::{self, Statement},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    auth::{
        self,
        password::{PasswordError, Verdict},
    },
    respond::Reply,
    state::{Live, State},
};

/// The settings of a transaction that asks on the server's own account.
const READ_ONLY: &str = "SELECT set_config('search_path', '', true), \
                         set_config('transaction_read_only', 'on', true)";
const READ_WRITE: &str = "SELECT set_config('search_path', '', true)";

/// Whether a request is a login.
pub(crate) fn is_login(live: &Live, method: &Method, path: &str) -> bool {
    live.config.login_schema.is_some() && method == Method::POST && path == "/rpc/login"
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// What the database knows of a user.
struct User {
    user_id: String,
    username: String,
    email: Option<String>,
    role: String,
    password_hash: String,
    active: bool,
}

/// Answers a login.
///
/// # Errors
///
/// The body isn't a JSON object with `username` and `password`; one of them is wrong; too many
/// passwords are being verified; there is no secret to sign with.
pub(crate) async fn login(state: &State, live: &Live, body: &Bytes) -> Result<Reply> {
    let credentials: Credentials = serde_json::from_slice(body).map_err(|error| {
        Error::new(Code::Body, "A login takes a JSON object with 'username' and 'password'")
            .with_details(error.to_string())
            .with_hint("Send {\"username\": \"..\", \"password\": \"..\"}.")
    })?;
    let users = Users { state, live };
    let user = users.find(&credentials.username).await?;
    let password = credentials.password.as_bytes();
    // A name that nobody has costs as much time as one that somebody has.
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let hasher = state.hasher().map_err(refused)?;
    let verdict = match hasher.verify(password, stored).await {
        Ok(verdict) => verdict,
        Err(PasswordError::Unsupported(why)) => {
            tracing::error!(username = credentials.username, "a stored hash is no use: {why}");
            Verdict::Wrong
        }
        Err(error) => return Err(refused(error)),
    };
    match user {
        Some(user) if user.active && verdict != Verdict::Wrong => {
            if verdict == Verdict::OkNeedsRehash {
                let hash = hasher.hash(password).await.map_err(refused)?;
                users.note("login_upgrade", &[&user.user_id, &user.password_hash, &hash]).await?;
            }
            users.note("login_succeeded", &[&user.user_id]).await?;
            token(live, &user)
        }
        Some(user) => {
            users.note("login_failed", &[&user.user_id]).await?;
            Err(wrong())
        }
        None => Err(wrong()),
    }
}

/// The same for an unknown name, a wrong password and a user who may not sign in.
fn wrong() -> Error {
    Error::new(Code::Credentials, "Incorrect username or password")
        .with_hint("Check both; upper and lower case are distinguished.")
}

fn refused(error: PasswordError) -> Error {
    match error {
        PasswordError::TooLong => Error::new(Code::Body, error.to_string()),
        PasswordError::Busy => {
            Error::new(Code::Busy, error.to_string()).with_hint("Try again in a few seconds.")
        }
        PasswordError::Unsupported(_) | PasswordError::Options | PasswordError::Failed => {
            Error::new(Code::Internal, "The password could not be verified").with_source(error)
        }
    }
}

/// The functions of the login schema, called as the login role: clients can't call them.
struct Users<'a> {
    state: &'a State,
    live: &'a Live,
}

impl Users<'_> {
    async fn find(&self, username: &str) -> Result<Option<User>> {
        let rows = self.call("login_lookup", &[username], Access::ReadOnly).await?;
        rows.into_iter().next().map(read_user).transpose()
    }

    async fn note(&self, function: &str, arguments: &[&str]) -> Result<()> {
        self.call(function, arguments, Access::ReadWrite).await.map(|_| ())
    }

    async fn call(&self, function: &str, arguments: &[&str], access: Access) -> Result<Vec<Row>> {
        let schema = self.live.config.login_schema.clone().unwrap_or_else(|| Ident::new(""));
        let settings = match access {
            Access::ReadOnly => READ_ONLY,
            Access::ReadWrite => READ_WRITE,
        };
        let transaction = Transaction {
            role: String::new(),
            access,
            isolation: None,
            settings: Statement::constant(settings),
            pre_request: None,
            main: Arc::new(sql::call_with_text(&QualifiedName::new(schema, function), arguments)),
            writer: None,
            after: None,
            end: End::Commit,
            guard: None,
        };
        Ok(self.state.pool().run(&transaction).await?.main)
    }
}

fn read_user(row: Row) -> Result<User> {
    let mut columns = row
        .into_iter()
        .map(|column| column.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    let mut next = || columns.next().flatten();
    let mut needed = |what: &str| {
        next().ok_or_else(|| Error::new(Code::Internal, format!("login_lookup gave no {what}")))
    };
    let user_id = needed("user_id")?;
    let username = needed("username")?;
    let email = needed("email").ok();
    Ok(User {
        user_id,
        username,
        email,
        role: needed("role")?,
        password_hash: needed("password_hash")?,
        active: needed("active")? == "t",
    })
}

fn token(live: &Live, user: &User) -> Result<Reply> {
    let lifetime = live.config.login_token_lifetime.as_secs();
    let now = auth::unix_now();
    let expires = now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
    let claims = json!({
        "sub": user.username,
        "username": user.username,
        "user_id": user.user_id,
        "email": user.email,
        "role": user.role,
        "iat": now,
        "exp": expires,
        "https://hasura.io/jwt/claims": {
            "x-hasura-allowed-roles": [user.role],
            "x-hasura-default-role": user.role,
            "x-hasura-user-id": user.user_id,
        },
    });
    let claims = if let Value::Object(claims) = claims { claims } else { Map::new() };
    let token = live.authenticator.sign(&claims)?;
    let body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": lifetime,
        "user": {
            "user_id": user.user_id,
            "username": user.username,
            "email": user.email,
            "role": user.role,
        },
    })
    .to_string();
    let mut reply = Reply::new(StatusCode::OK);
    reply.add(header::CONTENT_TYPE, "application/json; charset=utf-8");
    reply.add(header::CACHE_CONTROL, "no-store");
    reply.add(header::CONTENT_LENGTH, body.len().to_string());
    reply.body = Bytes::from(body).into();
    Ok(reply)
}
