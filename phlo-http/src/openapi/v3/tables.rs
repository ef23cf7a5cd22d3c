//! The endpoint of a table or view.
//!
//! Takes a table, gives its operations, and adds the components that they refer to.

use phlo_core::schema::Table;
use utoipa::openapi::{
    HttpMethod, PathItem, Ref,
    path::{Operation, OperationBuilder},
    schema::Components,
};

use crate::openapi::{
    text,
    v3::{
        Context,
        bodies::{self, TableNames},
        embeds,
        parameters::{self, Access, LOGIC, PAGE},
        schemas,
    },
};

/// The operations on a table.
pub(super) fn item(
    context: &Context<'_>,
    table: &Table,
    names: &TableNames,
    components: &mut Components,
) -> PathItem {
    let filters = parameters::filters(table, &names.row);
    let choose: Vec<Ref> = filters
        .iter()
        .map(|(name, _)| name.as_str())
        .chain(LOGIC)
        .map(parameters::reference)
        .collect();
    add_components(context, table, names, components);
    components
        .parameters
        .extend(filters.into_iter().map(|(name, parameter)| (name, parameter.into())));

    let endpoint = Endpoint { context, table, names, choose };
    let mut item = PathItem::default();
    item.get = Some(endpoint.read(HttpMethod::Get));
    item.head = Some(endpoint.read(HttpMethod::Head));
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

fn add_components(
    context: &Context<'_>,
    table: &Table,
    names: &TableNames,
    components: &mut Components,
) {
    let input = context.input;
    let schemas = &mut components.schemas;
    schemas.insert(names.row.clone(), schemas::row(input, table).into());
    if table.insertable || table.updatable {
        schemas.insert(names.update.clone(), schemas::update(input, table).into());
    }
    if table.insertable {
        schemas.insert(names.insert.clone(), schemas::insert(table, &names.update).into());
    }
    let handlers = bodies::handlers(input.schema, &table.name);
    let rows = bodies::rows(names, &handlers);
    components.responses.insert(bodies::rows_name(names), rows.into());
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
    fn read(&self, method: HttpMethod) -> Operation {
        let counted = bodies::response("counted");
        let (verb, pages) = match method {
            HttpMethod::Head => ("head", bodies::pages(&counted)),
            _ => ("read", bodies::pages(&self.rows())),
        };
        let operation = self.begin(verb, Access::Read);
        let operation = with(operation, &self.choose, PAGE.iter().chain(&["preferRead"]));
        let mut operation = operation.responses(pages).build();
        if verb == "read" {
            let embeds = embeds::describe(self.context.input, &self.context.tables, self.table);
            let parts = [operation.description.take(), embeds];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            operation.description = (!parts.is_empty()).then(|| parts.join("\n\n"));
        }
        operation
    }

    fn insert(&self) -> Operation {
        let operation = self.begin("insert", Access::Write);
        let mut merged = self.rows();
        merged.description = "The rows were there already, and were updated".to_owned();
        with(operation, &[], ["columns", "onConflict", "select", "preferInsert"].iter())
            .request_body(Some(bodies::insert_body(self.names)))
            .responses(
                bodies::with_errors()
                    .response("200", merged)
                    .response("201", bodies::created(self.names)),
            )
            .build()
    }

    fn update(&self) -> Operation {
        let operation = self.begin("update", Access::Write);
        let body = schemas::reference(&self.names.update);
        with(operation, &self.choose, ["columns", "select", "order", "preferUpdate"].iter())
            .request_body(Some(bodies::object_body(body, utoipa::openapi::Required::True)))
            .responses(self.changed())
            .build()
    }

    fn put(&self) -> Operation {
        let operation = self.begin("upsert", Access::Write);
        let keys = self.table.primary_key.iter().map(|name| parameters::key_filter(name));
        let operation = keys.fold(operation, OperationBuilder::parameter);
        let body = schemas::reference(&self.names.insert);
        let mut created = self.rows();
        created.description = "Created".to_owned();
        with(operation, &[], ["columns", "select", "preferPut"].iter())
            .request_body(Some(bodies::object_body(body, utoipa::openapi::Required::True)))
            .responses(self.changed().response("201", created))
            .build()
    }

    fn delete(&self) -> Operation {
        let operation = self.begin("delete", Access::Write);
        with(operation, &self.choose, ["select", "order", "preferDelete"].iter())
            .responses(self.changed())
            .build()
    }

    fn begin(&self, verb: &str, access: Access) -> OperationBuilder {
        let comment = self.table.description.as_deref().map(text::split_comment);
        let rest = comment.map(|(_, rest)| rest).filter(|rest| !rest.is_empty());
        let operation = OperationBuilder::new()
            .operation_id(Some(format!("{verb}_{}", self.names.row)))
            .tag(&*self.table.name.name)
            .summary(comment.map(|(first, _)| first))
            .description(rest);
        match self.context.input.settings.profile {
            Some(_) => {
                operation.parameter_ref(parameters::reference(parameters::profile_of(access)))
            }
            None => operation,
        }
    }

    fn rows(&self) -> Ref {
        bodies::response(&bodies::rows_name(self.names))
    }

    fn changed(&self) -> utoipa::openapi::ResponsesBuilder {
        bodies::with_errors()
            .response("200", self.rows())
            .response("204", bodies::response("empty"))
    }
}

/// An operation with references to parameters.
fn with<'a>(
    operation: OperationBuilder,
    choose: &[Ref],
    shared: impl Iterator<Item = &'a &'a str>,
) -> OperationBuilder {
    let shared = shared.map(|name| parameters::reference(name));
    choose.iter().cloned().chain(shared).fold(operation, OperationBuilder::parameter_ref)
}
