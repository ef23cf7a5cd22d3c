//! The endpoint of a table or view.
//!
//! Takes a table, gives its operations, which refer to components by name.

use phlo_core::schema::Table;
use utoipa::openapi::{
    PathItem, Ref, RefOr, Required, ResponsesBuilder,
    path::{Operation, Parameter},
};

use crate::openapi::v3::{
    Context,
    bodies::{self, TableNames},
    embeds,
    parameters::{self, LOGIC, PAGE, Profile},
    schemas,
};

/// The operations on a table.
pub(super) fn item(context: &Context<'_>, table: &Table, names: &TableNames) -> PathItem {
    let filters = parameters::filters(table, &names.row);
    let choose = filters
        .iter()
        .map(|(name, _)| name.as_str())
        .chain(LOGIC)
        .map(parameters::reference)
        .collect();
    let endpoint = Endpoint { context, table, names, choose };
    let mut item = PathItem::default();
    item.get = Some(endpoint.read());
    item.head = Some(endpoint.count());
    if table.insertable {
        item.post = Some(endpoint.insert());
    }
    if table.updatable {
        item.patch = Some(endpoint.update());
    }
    if table.insertable && table.updatable && !table.primary_key.is_empty() {
        item.put = Some(endpoint.put());
    }
    if table.deletable {
        item.delete = Some(endpoint.delete());
    }
    item
}

/// What the operations on a table have in common.
struct Endpoint<'a> {
    context: &'a Context<'a>,
    table: &'a Table,
    names: &'a TableNames,
    /// The parameters that choose rows.
    choose: Vec<Ref>,
}

impl Endpoint<'_> {
    fn read(&self) -> Operation {
        let mut operation = self.look("read", "Read rows of", &self.rows());
        let embeds = embeds::describe(self.context.input, &self.context.tables, self.table);
        let parts = [operation.description.take(), embeds];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        operation.description = (!parts.is_empty()).then(|| parts.join("\n\n"));
        operation
    }

    fn count(&self) -> Operation {
        self.look("head", "Count rows of", &bodies::response("counted"))
    }

    fn look(&self, verb: &str, summary: &str, found: &Ref) -> Operation {
        let shared = PAGE.iter().chain(&["preferRead"]);
        let parameters = self.parameters(Profile::Accept, &self.choose, shared);
        let mut operation = self.begin(verb, summary, parameters);
        operation.responses = bodies::pages(found);
        operation
    }

    fn insert(&self) -> Operation {
        let shared = ["columns", "onConflict", "select", "preferInsert"];
        let parameters = self.parameters(Profile::Content, &[], shared.iter());
        let mut operation = self.begin("insert", "Insert rows into", parameters);
        operation.request_body = Some(bodies::insert_body(self.names).into());
        let mut merged = self.rows();
        merged.description = "The rows were there already, and were updated".to_owned();
        operation.responses = bodies::with_errors()
            .response("200", merged)
            .response("201", bodies::created(self.names))
            .build();
        operation
    }

    fn update(&self) -> Operation {
        let shared = ["columns", "select", "order", "preferUpdate"];
        let parameters = self.parameters(Profile::Content, &self.choose, shared.iter());
        let mut operation = self.begin("update", "Update rows of", parameters);
        let body = schemas::reference(&self.names.update);
        operation.request_body = Some(bodies::object_body(body, Required::True).into());
        operation.responses = self.changed().build();
        operation
    }

    fn put(&self) -> Operation {
        let shared = ["columns", "select", "preferPut"];
        let mut parameters = self.parameters(Profile::Content, &[], shared.iter());
        let keys = self.table.primary_key.iter();
        parameters.extend(keys.map(|name| parameters::key_filter(name).into()));
        let mut operation = self.begin("upsert", "Insert or replace a row of", parameters);
        let body = schemas::reference(&self.names.insert);
        operation.request_body = Some(bodies::object_body(body, Required::True).into());
        let mut created = self.rows();
        created.description = "Created".to_owned();
        operation.responses = self.changed().response("201", created).build();
        operation
    }

    fn delete(&self) -> Operation {
        let shared = ["select", "order", "preferDelete"];
        let parameters = self.parameters(Profile::Content, &self.choose, shared.iter());
        let mut operation = self.begin("delete", "Delete rows of", parameters);
        operation.responses = self.changed().build();
        operation
    }

    fn begin(&self, verb: &str, summary: &str, parameters: Vec<RefOr<Parameter>>) -> Operation {
        let name = &self.table.name.name;
        let mut operation = Operation::new();
        operation.operation_id = Some(format!("{verb}_{}", self.names.row));
        operation.tags = Some(vec![name.to_string()]);
        operation.summary = Some(format!("{summary} {name}"));
        operation.description.clone_from(&self.table.description);
        operation.parameters = Some(parameters);
        operation
    }

    /// References to parameters: the schema, if it must be named, then those that are given.
    fn parameters<'a>(
        &self,
        profile: Profile,
        choose: &[Ref],
        shared: impl Iterator<Item = &'a &'a str>,
    ) -> Vec<RefOr<Parameter>> {
        let has_profile = self.context.input.settings.profile.is_some();
        let profile = has_profile.then(|| profile.component());
        let shared = profile.into_iter().chain(shared.copied()).map(parameters::reference);
        // A parameter takes a kilobyte even if it is a reference: there should be none to spare.
        let mut all = Vec::with_capacity(choose.len() + shared.size_hint().1.unwrap_or_default());
        all.extend(choose.iter().cloned().chain(shared).map(RefOr::Ref));
        all
    }

    fn rows(&self) -> Ref {
        bodies::response(&bodies::rows_name(self.names))
    }

    fn changed(&self) -> ResponsesBuilder {
        bodies::with_errors()
            .response("200", self.rows())
            .response("204", bodies::response("empty"))
    }
}
