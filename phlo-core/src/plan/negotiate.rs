//! Which media type answers, and who makes the body.

use crate::{
    error::{Code, Error, Result},
    plan::{BodyPlan, Context, CustomArgument, Element, Explain, ReadNode},
    request::{Action, Invocation, MediaType, Output, Representation},
    schema::{HandlerTarget, MediaHandler, QualifiedName, Routine},
};

/// The outcome of content negotiation.
pub(crate) struct Negotiated {
    pub(crate) media: MediaType,
    pub(crate) body: BodyPlan,
    pub(crate) explain: Option<Explain>,
}

impl Context<'_, '_> {
    /// The first acceptable media type that can be made.
    ///
    /// # Errors
    ///
    /// None can.
    pub(crate) fn negotiate(
        &self,
        relation: &QualifiedName,
        routine: Option<&Routine>,
        read: &ReadNode,
    ) -> Result<Negotiated> {
        let maker = Maker { context: self, relation, routine, default_select: is_default(read) };
        let found = self.request.accept.iter().find_map(|media| maker.make(media));
        let Some(mut negotiated) = found else {
            let names: Vec<_> = self.request.accept.iter().map(MediaType::to_string).collect();
            return Err(Error::new(
                Code::MediaType,
                format!("None of these media types are available: {}", names.join(", ")),
            ));
        };
        let shown = match &self.request.action {
            Action::Mutate { .. } => {
                self.request.preferences.representation == Some(Representation::Full)
            }
            Action::Read { output, .. }
            | Action::Call { invocation: Invocation::Read(output), .. } => *output == Output::Full,
            Action::Call { invocation: Invocation::Write, .. } => true,
        };
        if !shown {
            negotiated.body = BodyPlan::Nothing;
        }
        Ok(negotiated)
    }
}

struct Maker<'a> {
    context: &'a Context<'a, 'a>,
    relation: &'a QualifiedName,
    routine: Option<&'a Routine>,
    default_select: bool,
}

impl Maker<'_> {
    fn make(&self, media: &MediaType) -> Option<Negotiated> {
        let simple = |body| Some(Negotiated { media: media.clone(), body, explain: None });
        match media {
            // The vendor's media types have parameters of their own and can't be overridden.
            MediaType::Object { nulls_stripped } => simple(self.object(*nulls_stripped)),
            MediaType::ArrayStripped => simple(self.json(true)),
            MediaType::Plan { of, format, options } => {
                if !self.context.limits.explain {
                    return None;
                }
                let inner = self.make(of)?;
                Some(Negotiated {
                    media: media.clone(),
                    body: inner.body,
                    explain: Some(Explain { format: *format, options: options.clone() }),
                })
            }
            MediaType::Json
            | MediaType::GeoJson
            | MediaType::Csv
            | MediaType::Text
            | MediaType::Xml
            | MediaType::OpenApi
            | MediaType::Form
            | MediaType::OctetStream
            | MediaType::JsonLines { .. }
            | MediaType::Any
            | MediaType::Other(_) => self.overridable(media),
        }
    }

    /// The user's handlers first, then what is built in.
    fn overridable(&self, media: &MediaType) -> Option<Negotiated> {
        let own = HandlerTarget::Relation(self.relation.clone());
        if self.default_select {
            let handlers = self.context.schema.media_handlers(&own);
            if let Some(handler) = find(handlers, &MediaType::Any).or_else(|| find(handlers, media))
            {
                return Some(self.custom(handler, CustomArgument::RowOf(self.relation.clone())));
            }
        }
        let handlers = self.context.schema.media_handlers(&HandlerTarget::AnyElement);
        if let Some(handler) = find(handlers, media) {
            return Some(self.custom(handler, CustomArgument::Row));
        }
        let (media, body) = match media {
            MediaType::Any | MediaType::Json => (MediaType::Json, self.json(false)),
            MediaType::Csv => (MediaType::Csv, BodyPlan::Csv),
            MediaType::GeoJson => (MediaType::GeoJson, BodyPlan::GeoJson),
            MediaType::JsonLines { .. }
            | MediaType::Text
            | MediaType::Xml
            | MediaType::OpenApi
            | MediaType::Form
            | MediaType::OctetStream
            | MediaType::ArrayStripped
            | MediaType::Object { .. }
            | MediaType::Plan { .. }
            | MediaType::Other(_) => return None,
        };
        Some(Negotiated { media, body, explain: None })
    }

    fn custom(&self, handler: &MediaHandler, argument: CustomArgument) -> Negotiated {
        let argument = if self.routine.is_some_and(Routine::returns_scalar) {
            CustomArgument::Scalar
        } else {
            argument
        };
        Negotiated {
            media: MediaType::from_name(&handler.resolved_media_type),
            body: match &handler.function {
                Some(function) => BodyPlan::Custom { function: function.clone(), argument },
                None => BodyPlan::Value,
            },
            explain: None,
        }
    }

    fn object(&self, nulls_stripped: bool) -> BodyPlan {
        let element = match self.routine {
            Some(routine) if routine.returns_scalar() => Element::Scalar,
            Some(_) | None => Element::Row,
        };
        BodyPlan::Json { element, single: true, nulls_stripped }
    }

    fn json(&self, nulls_stripped: bool) -> BodyPlan {
        let (element, single) = match self.routine {
            Some(routine) if routine.returns_scalar() => (Element::Scalar, true),
            Some(routine) if routine.returns_set_of_scalar() => (Element::Scalar, false),
            Some(routine) if routine.returns_single_composite() => (Element::Row, true),
            Some(_) | None => (Element::Row, false),
        };
        BodyPlan::Json { element, single, nulls_stripped }
    }
}

fn find<'a>(handlers: &'a [MediaHandler], media: &MediaType) -> Option<&'a MediaHandler> {
    handlers.iter().find(|handler| MediaType::from_name(&handler.media_type) == *media)
}

/// Whether every column is selected and nothing else: handlers take whole rows.
fn is_default(read: &ReadNode) -> bool {
    match read.select.as_slice() {
        [only] => read.embeds.is_empty() && only.field.name == "*",
        _ => false,
    }
}
