//! The module of a schema's functions.

use crate::{
    emit::{Emitter, nullable},
    model::{FunctionModel, FunctionResult, SchemaModel},
    write::{Writer, code, plain, text},
};

impl Emitter<'_> {
    pub(super) fn functions(&self, to: &mut Writer, schema: &SchemaModel) {
        to.doc(&format!("The functions of {}.", code(&schema.name)));
        to.block(&format!("{} mod functions", self.visible), |to| {
            to.line("use phlo_core::dsl;");
            for function in &schema.functions {
                to.gap();
                self.function(to, schema, function);
            }
        });
    }

    fn function(&self, to: &mut Writer, schema: &SchemaModel, function: &FunctionModel) {
        let FunctionModel { name, rust, parameters, .. } = function;
        match &function.description {
            Some(description) => {
                to.doc(&format!("{}: {}", code(&name.to_string()), plain(description)));
            }
            None => to.doc(&format!("The function {}.", code(&name.to_string()))),
        }
        let all_optional = parameters.iter().all(|parameter| !parameter.required);
        let mut derives = vec!["Clone", "Debug"];
        derives.extend(all_optional.then_some("Default"));
        derives.push("PartialEq");
        to.line(&format!("#[derive({})]", derives.join(", ")));
        if parameters.is_empty() {
            to.line(&format!("{} struct {rust};", self.visible));
        } else if let (Some(_), [only]) = (function.whole, parameters.as_slice()) {
            let (visible, only) = (self.visible, &only.rust);
            to.line(&format!("{visible} struct {rust}({visible} {only});"));
        } else {
            to.block(&format!("{} struct {rust}", self.visible), |to| {
                for parameter in parameters {
                    let default = if parameter.required { "" } else { ", may be left out" };
                    let (name, label) = (code(&parameter.name), code(&parameter.label));
                    to.doc(&format!("{name}: {label}{default}."));
                    let rust = nullable(&parameter.rust, !parameter.required);
                    to.line(&format!("{} {}: {rust},", self.visible, parameter.field));
                }
            });
        }
        to.gap();
        to.block(&format!("impl dsl::Function for {rust}"), |to| {
            to.assign("const SCHEMA: &'static str", &text(&name.schema));
            to.assign("const NAME: &'static str", &text(&name.name));
            to.gap();
            let to_name = if parameters.is_empty() { "_" } else { "to" };
            to.block(&format!("fn write(&self, {to_name}: &mut dsl::Members)"), |to| {
                if let Some(method) = function.whole {
                    to.line(&format!("to.{method}(&self.0);"));
                    return;
                }
                for parameter in parameters {
                    let method = if parameter.required { "to.value" } else { "to.given" };
                    let field = format!("&self.{}", parameter.field);
                    to.call(method, &[text(&parameter.name), field]);
                }
            });
        });
        to.gap();
        let (implemented, member, result) = match &function.returns {
            FunctionResult::Rows(table) => {
                let path = self.model.path(&schema.name, table);
                ("TableFunction", "Table", path.unwrap_or_default())
            }
            FunctionResult::Records(path) => ("TableFunction", "Table", path.clone()),
            FunctionResult::Value(rust) => ("ValueFunction", "Output", rust.clone()),
        };
        to.block(&format!("impl dsl::{implemented} for {rust}"), |to| {
            to.line(&format!("type {member} = {result};"));
        });
    }
}
