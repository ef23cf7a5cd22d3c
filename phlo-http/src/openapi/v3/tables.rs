//! The endpoint of a table or view.
//!
//! Takes a table, gives its operations, and adds the components that they refer to.

use phlo_core::schema::Table;
use utoipa::openapi::{
    PathItem, Ref, Required, ResponsesBuilder,
    path::{Operation, OperationBuilder},
    schema::Components,
};

use crate::openapi::v3::{
    Context,
    bodies::{self, TableNames},
    embeds,
    parameters::{self, Access, LOGIC, PAGE},
    schemas::{self, Purpose},
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

fn add_components(
    context: &Context<'_>,
    table: &Table,
    names: &TableNames,
    components: &mut Components,
) {
    let input = context.input;
    let schemas = &mut components.schemas;
    schemas.insert(names.row.clone(), schemas::row(input, table).into());
    if table.updatable {
        let row = schemas::written_row(input, table, Purpose::Update);
        schemas.insert(names.update.clone(), row.into());
    }
    if table.insertable {
        let row = schemas::written_row(input, table, Purpose::Insert);
        schemas.insert(names.insert.clone(), row.into());
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
        let operation = self.begin(verb, summary, Access::Read);
        with(operation, &self.choose, PAGE.iter().chain(&["preferRead"]))
            .responses(bodies::pages(found))
            .build()
    }

    fn insert(&self) -> Operation {
        let operation = self.begin("insert", "Insert rows into", Access::Write);
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
        let operation = self.begin("update", "Update rows of", Access::Write);
        let body = schemas::reference(&self.names.update);
        with(operation, &self.choose, ["columns", "select", "order", "preferUpdate"].iter())
            .request_body(Some(bodies::object_body(body, Required::True)))
            .responses(self.changed())
            .build()
    }

    fn put(&self) -> Operation {
        let operation = self.begin("upsert", "Insert or replace a row of", Access::Write);
        let keys = self.table.primary_key.iter().map(|name| parameters::key_filter(name));
        let operation = keys.fold(operation, OperationBuilder::parameter);
        let body = schemas::reference(&self.names.insert);
        let mut created = self.rows();
        created.description = "Created".to_owned();
        with(operation, &[], ["columns", "select", "preferPut"].iter())
            .request_body(Some(bodies::object_body(body, Required::True)))
            .responses(self.changed().response("201", created))
            .build()
    }

    fn delete(&self) -> Operation {
        let operation = self.begin("delete", "Delete rows of", Access::Write);
        with(operation, &self.choose, ["select", "order", "preferDelete"].iter())
            .responses(self.changed())
            .build()
    }

    fn begin(&self, verb: &str, summary: &str, access: Access) -> OperationBuilder {
        let name = &self.table.name.name;
        let operation = OperationBuilder::new()
            .operation_id(Some(format!("{verb}_{}", self.names.row)))
            .tag(&**name)
            .summary(Some(format!("{summary} {name}")))
            .description(self.table.description.as_deref());
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

    fn changed(&self) -> ResponsesBuilder {
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
