//! What a program adds to the API that it mounts: functions of its own beside those of the database,
//! and a say before a request is planned and after it was answered.
//!
//! Takes closures, keeps them by name. Knows neither the state nor how requests come in.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin};

use bytes::Bytes;
use http::{Method, Response, request::Parts};
use phlo_core::{
    Code, Error, Result,
    request::{Caller, Request},
    schema::{Ident, Parameter, QualifiedName, ReturnKind, Returns, Routine, Schema, Volatility},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::body::Body;

type Running = Pin<Box<dyn Future<Output = Result<Bytes>> + Send>>;
type Run = Box<dyn Fn(Caller, Value) -> Running + Send + Sync>;
type Before = Box<dyn Fn(&mut Request, &mut Caller) -> Result<()> + Send + Sync>;
type After = Box<dyn Fn(&Parts, &mut Response<Body>) + Send + Sync>;

/// What a program adds to an API.
///
/// ```
/// use phlo_core::request::Caller;
/// use phlo_http::extension::{Argument, Extensions};
///
/// #[derive(serde::Deserialize)]
/// struct Greet {
///     name: String,
/// }
///
/// let extensions = Extensions::new()
///     .function(
///         "greet",
///         [Argument::required("name", "text")],
///         |caller: Caller, Greet { name }| async move {
///             Ok(format!("Hello {name}, says {}", caller.role))
///         },
///     )
///     .after(|_, response| {
///         response.headers_mut().insert("x-served-by", http::HeaderValue::from_static("films"));
///     });
/// ```
#[derive(Default)]
pub struct Extensions {
    functions: BTreeMap<String, Function>,
    before: Vec<Before>,
    after: Vec<After>,
}

struct Function {
    arguments: Vec<Argument>,
    run: Run,
}

/// An argument of a program's function, as documents describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    name: &'static str,
    type_name: &'static str,
    required: bool,
}

impl Argument {
    /// An argument that must be given. Its type is named as PostgreSQL would: `text`, `int4`.
    pub const fn required(name: &'static str, type_name: &'static str) -> Self {
        Self { name, type_name, required: true }
    }

    /// An argument that may be left out.
    pub const fn optional(name: &'static str, type_name: &'static str) -> Self {
        Self { name, type_name, required: false }
    }
}

impl Extensions {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `/rpc/<name>` with a function of the program, in place of one of the database.
    ///
    /// Arguments come as a JSON object by POST, or from the query string by GET.
    #[must_use]
    pub fn function<A, R, F, Fut>(
        mut self,
        name: impl Into<String>,
        arguments: impl IntoIterator<Item = Argument>,
        run: F,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Fn(Caller, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R>> + Send + 'static,
    {
        let run = move |caller, arguments| -> Running {
            let running = serde_json::from_value(arguments).map(|arguments| run(caller, arguments));
            Box::pin(async move {
                let result = running.map_err(|error| wrong_arguments(&error))?.await?;
                serde_json::to_vec(&result).map(Bytes::from).map_err(|error| {
                    Error::new(Code::Internal, "The result of a function could not be written")
                        .with_source(error)
                })
            })
        };
        let arguments = arguments.into_iter().collect();
        self.functions.insert(name.into(), Function { arguments, run: Box::new(run) });
        self
    }

    /// Sees each request for the database before it is planned, and may change it and its caller, or
    /// refuse it.
    #[must_use]
    pub fn before(
        mut self,
        hook: impl Fn(&mut Request, &mut Caller) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.before.push(Box::new(hook));
        self
    }

    /// Sees each response, and may change it.
    #[must_use]
    pub fn after(
        mut self,
        hook: impl Fn(&Parts, &mut Response<Body>) + Send + Sync + 'static,
    ) -> Self {
        self.after.push(Box::new(hook));
        self
    }

    /// Whether there are hooks that see requests.
    pub(crate) fn sees_requests(&self) -> bool {
        !self.before.is_empty()
    }

    /// Lets the hooks see a request.
    ///
    /// # Errors
    ///
    /// One of them refuses it.
    pub(crate) fn prepare(&self, request: &mut Request, caller: &mut Caller) -> Result<()> {
        self.before.iter().try_for_each(|hook| hook(request, caller))
    }

    /// Lets the hooks see a response.
    pub(crate) fn finish(&self, parts: &Parts, response: &mut Response<Body>) {
        self.after.iter().for_each(|hook| hook(parts, response));
    }

    /// Runs the program's function that a path names, if there is one.
    pub(crate) fn call(
        &self,
        parts: &Parts,
        body: &Bytes,
        caller: impl FnOnce() -> Caller,
    ) -> Option<Result<Running>> {
        let function = self.functions.get(parts.uri.path().strip_prefix("/rpc/")?)?;
        let arguments = if parts.method == Method::POST {
            match body.is_empty() {
                true => Ok(Value::Object(Map::new())),
                false => serde_json::from_slice(body).map_err(|error| wrong_arguments(&error)),
            }
        } else if parts.method == Method::GET {
            Ok(function.read(parts.uri.query().unwrap_or_default()))
        } else {
            let message = format!("Cannot use the {} method on RPC", parts.method);
            Err(Error::new(Code::FunctionMethod, message))
        };
        Some(arguments.map(|arguments| (function.run)(caller(), arguments)))
    }

    /// The schema with the program's functions in it, for documents; none if there are none.
    pub(crate) fn describe(&self, schema: &Schema, name: &Ident) -> Option<Schema> {
        if self.functions.is_empty() {
            return None;
        }
        let mut contents = schema.contents();
        contents.routines.retain(|routine| {
            routine.name.schema != *name || !self.functions.contains_key(routine.name.name.as_str())
        });
        contents.routines.extend(self.routines(name));
        Some(Schema::new(contents))
    }

    /// The program's functions as if they were of the database.
    pub(crate) fn routines(&self, schema: &Ident) -> impl Iterator<Item = Routine> {
        self.functions.iter().map(|(name, function)| Routine {
            name: QualifiedName::new(schema.clone(), name.as_str()),
            description: None,
            parameters: function.arguments.iter().map(parameter).collect(),
            returns: Returns {
                is_set: false,
                kind: ReturnKind::Scalar(QualifiedName::new("pg_catalog", "json")),
                columns: Vec::new(),
            },
            volatility: Volatility::Stable,
            isolation: None,
            settings: Vec::new(),
        })
    }
}

impl Function {
    /// Arguments of a query string: numbers and the like by their type, all else as text.
    fn read(&self, query: &str) -> Value {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let arguments = pairs.map(|(name, value)| {
            let (name, value) = (decode(name), decode(value));
            let known = self.arguments.iter().find(|argument| argument.name == name);
            let is_text = known.is_none_or(|argument| !is_json(argument.type_name));
            let value = match serde_json::from_str(&value) {
                Ok(json) if !is_text => json,
                Ok(_) | Err(_) => Value::String(value),
            };
            (name, value)
        });
        Value::Object(arguments.collect())
    }
}

fn is_json(type_name: &str) -> bool {
    let prefixes = ["int", "float", "numeric", "bool", "json", "_"];
    prefixes.iter().any(|prefix| type_name.starts_with(prefix))
}

fn parameter(argument: &Argument) -> Parameter {
    Parameter {
        name: argument.name.into(),
        type_name: QualifiedName::new("pg_catalog", argument.type_name),
        type_label: argument.type_name.to_owned(),
        required: argument.required,
        variadic: false,
    }
}

fn wrong_arguments(error: &serde_json::Error) -> Error {
    Error::new(Code::Body, "The arguments are not those of the function")
        .with_details(error.to_string())
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let functions: Vec<_> = self.functions.keys().collect();
        f.debug_struct("Extensions").field("functions", &functions).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Add {
        a: i32,
        #[serde(default)]
        b: i32,
        label: Option<String>,
    }

    fn extensions() -> Extensions {
        let arguments = [
            Argument::required("a", "int4"),
            Argument::optional("b", "int4"),
            Argument::optional("label", "text"),
        ];
        Extensions::new().function("add", arguments, |caller: Caller, add: Add| async move {
            Ok(format!("{}{} for {}", add.label.unwrap_or_default(), add.a + add.b, caller.role))
        })
    }

    async fn call(method: Method, target: &str, body: &'static str) -> Option<Result<String>> {
        let request = http::Request::builder().method(method).uri(target).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let caller = || Caller::new("ann");
        let running = extensions().call(&parts, &Bytes::from_static(body.as_bytes()), caller)?;
        let result = match running {
            Ok(running) => running.await,
            Err(error) => Err(error),
        };
        Some(result.map(|bytes| String::from_utf8(bytes.into()).unwrap()))
    }

    #[tokio::test]
    async fn functions_take_arguments_from_anywhere() {
        let answer =
            async |method, target, body| call(method, target, body).await.unwrap().unwrap();
        let found = answer(Method::POST, "/rpc/add", r#"{"a": 1, "b": 2}"#).await;
        assert_eq!(found, r#""3 for ann""#);
        let found = answer(Method::GET, "/rpc/add?a=1&label=1+%3D+", "").await;
        assert_eq!(found, r#""1 = 1 for ann""#);
        assert!(call(Method::GET, "/rpc/other", "").await.is_none());
        assert!(call(Method::GET, "/add", "").await.is_none());
    }

    #[tokio::test]
    async fn wrong_calls_are_refused() {
        let code = async |method, target, body| {
            call(method, target, body).await.unwrap().unwrap_err().kind()
        };
        assert_eq!(code(Method::POST, "/rpc/add", "").await, Code::Body);
        assert_eq!(code(Method::POST, "/rpc/add", "{").await, Code::Body);
        assert_eq!(code(Method::GET, "/rpc/add?a=x", "").await, Code::Body);
        assert_eq!(code(Method::PUT, "/rpc/add", "").await, Code::FunctionMethod);
    }

    #[test]
    fn documents_know_the_functions() {
        let schema = extensions().describe(&Schema::default(), &Ident::new("api")).unwrap();
        let routine = &schema.routines(&QualifiedName::new("api", "add"))[0];
        let required: Vec<_> = routine.parameters.iter().map(|it| it.required).collect();
        assert_eq!(required, [true, false, false]);
        assert!(Extensions::new().describe(&Schema::default(), &Ident::new("api")).is_none());
    }
}
