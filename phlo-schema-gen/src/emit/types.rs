//! The module of enums and domains.

use crate::{
    emit::Emitter,
    types::{DomainModel, EnumModel},
    write::{Writer, code, text},
};

impl Emitter<'_> {
    pub(super) fn types(&self, to: &mut Writer) {
        let types = &self.model.types;
        if types.enums.is_empty() && types.domains.is_empty() {
            return;
        }
        to.gap();
        to.doc("Enums and domains.");
        to.block(&format!("{} mod types", self.visible), |to| {
            to.line("use phlo_core::dsl;");
            for item in &types.enums {
                to.gap();
                self.labels(to, item);
            }
            for item in &types.domains {
                to.gap();
                self.domain(to, item);
            }
        });
    }

    fn labels(&self, to: &mut Writer, item: &EnumModel) {
        let EnumModel { rust, labels, unknown, .. } = item;
        to.doc(&format!("A label of {}.", code(&item.name.to_string())));
        let mut derives = vec!["Clone", "Debug", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash"];
        // What `utoipa` would derive has a case for unknown labels.
        derives.extend(self.derived().into_iter().filter(|name| *name != "utoipa::ToSchema"));
        to.derive(&derives);
        if self.options.serde {
            to.line("#[serde(from = \"String\", into = \"String\")]");
        }
        to.block(&format!("{} enum {rust}", self.visible), |to| {
            for (label, variant) in labels {
                to.doc(&code(label));
                to.line(&format!("{variant},"));
            }
            to.doc("A label that the type didn't have when this was generated.");
            to.line(&format!("{unknown}(String),"));
        });
        to.gap();
        to.block(&format!("impl {rust}"), |to| {
            to.doc("The label.");
            to.block(&format!("{} fn label(&self) -> &str", self.visible), |to| {
                to.block("match self", |to| {
                    for (label, variant) in labels {
                        to.line(&format!("Self::{variant} => {},", text(label)));
                    }
                    to.line(&format!("Self::{unknown}(label) => label,"));
                });
            });
        });
        to.gap();
        to.block(&format!("impl From<&str> for {rust}"), |to| {
            to.block("fn from(label: &str) -> Self", |to| {
                to.block("match label", |to| {
                    for (label, variant) in labels {
                        to.line(&format!("{} => Self::{variant},", text(label)));
                    }
                    to.line(&format!("_ => Self::{unknown}(label.to_owned()),"));
                });
            });
        });
        to.gap();
        to.block(&format!("impl dsl::Scalar for {rust}"), |to| {
            let returns = "Result<Self, dsl::Unreadable>";
            to.block(&format!("fn from_text(label: &str) -> {returns}"), |to| {
                to.line("Ok(label.into())");
            });
            to.gap();
            to.block("fn to_text(&self) -> std::borrow::Cow<'_, str>", |to| {
                to.line("self.label().into()");
            });
        });
        to.gap();
        to.line(&format!("impl dsl::Ordered for {rust} {{}}"));
        to.gap();
        to.line(&format!("impl dsl::Extreme for {rust} {{}}"));
        self.enum_schema(to, item);
        if self.options.serde {
            to.gap();
            to.block(&format!("impl From<String> for {rust}"), |to| {
                to.block("fn from(label: String) -> Self", |to| to.line("label.as_str().into()"));
            });
            to.gap();
            to.block(&format!("impl From<{rust}> for String"), |to| {
                to.block(&format!("fn from(label: {rust}) -> Self"), |to| {
                    to.line("label.label().to_owned()");
                });
            });
        }
    }

    fn domain(&self, to: &mut Writer, item: &DomainModel) {
        let DomainModel { rust, inner, .. } = item;
        to.doc(&format!(
            "A value of the domain {}, which is one of {}.",
            code(&item.name.to_string()),
            code(&item.label)
        ));
        let derives = ["Clone", "Debug", "PartialEq"].into_iter().chain(self.derived());
        to.derive(&derives.collect::<Vec<_>>());
        self.domain_struct(to, rust, inner);
        to.gap();
        to.block(&format!("impl dsl::Newtype for {rust}"), |to| {
            to.line(&format!("type Inner = {inner};"));
            to.gap();
            to.block(&format!("fn wrap(inner: {inner}) -> Self"), |to| to.line("Self(inner)"));
            to.gap();
            to.block(&format!("fn inner(&self) -> &{inner}"), |to| to.line("&self.0"));
        });
        to.gap();
        to.block(&format!("impl From<{inner}> for {rust}"), |to| {
            to.block(&format!("fn from(inner: {inner}) -> Self"), |to| to.line("Self(inner)"));
        });
    }
}
