//! Responses whose body comes in pieces: what can be said of them before the body. Takes what was
//! asked, planned and known beforehand; never touches the pieces.

use http::StatusCode;
use phlo_core::{
    Result,
    exec::{BodyStream, Head},
    plan::Plan,
    request::Request,
};

use crate::{
    body::Body,
    respond::{self, Context, Reply, headers},
};

/// The response to what is being read.
///
/// It has neither a `Content-Length` nor a `Content-Range`: both tell how much there is, and that is
/// known only at the end. Everything else is as in the response to a short result.
///
/// # Errors
///
/// A function has set `response.headers` or `response.status` to something that makes no response.
pub fn respond_in_pieces(
    context: &Context<'_>,
    request: &Request,
    plan: &Plan,
    head: &Head,
    pieces: BodyStream,
) -> Result<Reply> {
    let headers = head.response_headers.as_deref().map(headers::parse).transpose()?;
    let status = head.response_status.as_deref().map(headers::parse_status).transpose()?;
    let mut reply = Reply::new(StatusCode::OK);
    respond::content_location(&mut reply, context, request);
    reply.body = Body::pieces(pieces);
    respond::content_type(&mut reply, context, request, &plan.media);
    respond::preferences(&mut reply, plan);
    respond::finish(&mut reply, plan, status, headers);
    Ok(reply)
}
