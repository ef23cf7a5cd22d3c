//! The way of a request whose rows come in batches. Takes a body that has begun; gives a reply, or
//! the body back if the request needs all of it at once.

use std::time::Instant;

use phlo_core::{
    Result, engine,
    parse::{self, Asked, Input},
    plan::Plan,
    request::{Caller, Request},
    schema::Schema,
};

use crate::{
    notes::{Notes, lap, statements},
    observe,
    respond::{self, Reply},
    state::{Live, State},
    upload::Upload,
};

/// What came of a body that has begun.
pub(crate) enum Inserted {
    /// Its rows were written.
    Reply(Box<Reply>),
    /// The request takes no rows one after the other.
    Not(Box<Upload>),
}

/// What is known about the request.
pub(crate) struct About<'a> {
    /// What the requests of the service share.
    pub state: &'a State,
    /// What is configured.
    pub live: &'a Live,
    /// The schema.
    pub schema: &'a Schema,
    /// The head of the request; its body is left aside.
    pub input: &'a Input<'a>,
    /// The head as HTTP has it.
    pub parts: &'a http::request::Parts,
}

/// Writes the rows of a body as they come, if they are rows.
pub(crate) async fn insert(
    about: About<'_>,
    mut caller: Caller,
    upload: Box<Upload>,
    notes: &mut Notes,
) -> Result<Inserted> {
    let About { state, live, schema, input, parts } = about;
    let mut clock = Instant::now();
    let Some((parsed, format)) = parse::request_without_rows(input, &live.parse)? else {
        return Ok(Inserted::Not(upload));
    };
    let Asked::Request(mut request) = parsed.asked else { return Ok(Inserted::Not(upload)) };
    if !engine::can_come_in_batches(&request) {
        return Ok(Inserted::Not(upload));
    }
    notes.timing.parse = lap(&mut clock);
    state.extensions().prepare(&mut request, &mut caller)?;
    let mut rows = upload.rows(format, &request, &live.parse.limits);
    let (pool, settings) = (state.pool(), &live.settings);
    let log = live.config.log_query;
    let begin = |request: &Request, plan: &Plan| {
        let first = engine::transaction(settings, request, &caller, plan);
        if log {
            notes.queries = statements(&first);
        }
        first
    };
    let limits = &settings.limits;
    let inserted = engine::insert_rows(pool, schema, limits, &mut request, begin, &mut rows).await;
    notes.timing.transaction = lap(&mut clock);
    let engine::Answer { plan, outcome } = inserted?;
    if live.settings.limits.legacy_target_names {
        observe::legacy_targets(&live.config, parts, &plan.legacy_targets);
    }
    let context = respond::Context {
        base_path: state.base_path(),
        canonical_query: "",
        schema_negotiated: parsed.schema_negotiated,
        verbosity: live.config.client_error_verbosity,
    };
    let reply = respond::respond(&context, &request, &plan, outcome)?;
    notes.timing.response = lap(&mut clock);
    Ok(Inserted::Reply(Box::new(reply)))
}
