//! A table's module: its type, columns, relations and structs.

use crate::{
    emit::{Emitter, members::Role, nullable},
    model::{ColumnModel, Given, Origin, SchemaModel, TableModel},
    write::{Writer, code, plain, text},
};

impl Emitter<'_> {
    pub(super) fn table(&self, to: &mut Writer, schema: &SchemaModel, table: &TableModel) {
        let name = code(&table.name.to_string());
        match &table.description {
            Some(description) => to.doc(&format!("{name}: {}", plain(description))),
            None => to.doc(&format!("The {} {name}.", table.kind)),
        }
        to.block(&format!("{} mod {}", self.visible, table.module), |to| {
            to.line("use phlo_core::dsl;");
            to.gap();
            self.marker(to, table);
            for column in &table.columns {
                self.column(to, table, column);
            }
            to.gap();
            self.relations(to, schema, table);
            self.row(to, &schema.module, table);
            if table.insertable {
                self.insert(to, &schema.module, table);
            }
            if table.updatable {
                self.update(to, &schema.module, table);
            }
        });
    }

    fn marker(&self, to: &mut Writer, table: &TableModel) {
        let TableModel { name, marker, .. } = table;
        to.doc(&format!("The {} {}.", table.kind, code(&name.to_string())));
        to.line("#[derive(Clone, Copy, Debug, Default)]");
        to.line(&format!("{} struct {marker};", self.visible));
        to.gap();
        if table.origin == Origin::Function {
            to.block(&format!("impl dsl::RowType for {marker}"), |to| to.line("type Row = Row;"));
            to.gap();
            return;
        }
        to.block(&format!("impl dsl::Table for {marker}"), |to| {
            to.assign("const SCHEMA: &'static str", &text(&name.schema));
            to.assign("const NAME: &'static str", &text(&name.name));
            to.line("type Row = Row;");
        });
        if table.deletable {
            to.gap();
            to.line(&format!("impl dsl::Deletable for {marker} {{}}"));
        }
        to.gap();
    }

    fn column(&self, to: &mut Writer, table: &TableModel, column: &ColumnModel) {
        document(to, column);
        let rust = nullable(&column.rust, column.nullable);
        let head = format!(
            "{} const {}: dsl::Column<{}, {rust}>",
            self.visible, column.constant, table.marker
        );
        to.assign_call(&head, "dsl::Column::new", &[text(&column.name)]);
    }

    fn relations(&self, to: &mut Writer, schema: &SchemaModel, table: &TableModel) {
        for relation in &table.relations {
            let Some(target) = self.model.path(&schema.name, &relation.table) else { continue };
            to.doc(&relation.description);
            let target = if relation.table == table.name { table.marker.clone() } else { target };
            let kind = if relation.to_one { "ToOne" } else { "ToMany" };
            let head = format!(
                "{} const {}: dsl::{kind}<{}, {target}>",
                self.visible, relation.constant, table.marker
            );
            let mut arguments = vec![text(&relation.name), text(&relation.target)];
            let function = match &relation.hint {
                Some(hint) => {
                    arguments.push(text(hint));
                    "dsl::Relation::via"
                }
                None => "dsl::Relation::new",
            };
            to.assign_call(&head, function, &arguments);
        }
        to.gap();
    }

    fn row(&self, to: &mut Writer, module: &str, table: &TableModel) {
        to.doc(&format!("A row of {}.", code(&table.name.to_string())));
        self.derives(to, &["Clone", "Debug", "PartialEq"]);
        self.title(to, module, &table.marker, Role::Row);
        to.block(&format!("{} struct Row", self.visible), |to| {
            for column in &table.columns {
                document(to, column);
                self.attributes(to, column, Role::Row);
                let rust = nullable(&column.rust, column.nullable);
                to.line(&format!("{} {}: {rust},", self.visible, column.field));
            }
        });
        to.gap();
        to.block("impl dsl::Record for Row", |to| {
            to.line(&format!("type Table = {};", table.marker));
            let items: Vec<_> = table
                .columns
                .iter()
                .map(|column| format!("{}.as_item()", column.constant))
                .collect();
            to.assign_array("const COLUMNS: &'static [dsl::Item]", &items);
            to.gap();
            let fields = if table.columns.is_empty() { "_" } else { "fields" };
            let parameters = [format!("{fields}: &mut dsl::Fields<'_>")];
            to.function("fn read", &parameters, "phlo_core::Result<Self>", |to| {
                let members: Vec<_> = table
                    .columns
                    .iter()
                    .map(|column| format!("{}: fields.next()?", column.field))
                    .collect();
                to.literal("Ok(Self", &members, ")");
            });
        });
    }

    fn insert(&self, to: &mut Writer, module: &str, table: &TableModel) {
        let columns: Vec<_> =
            table.columns.iter().filter(|column| column.given != Given::Never).collect();
        let required: Vec<_> =
            columns.iter().filter(|column| column.given == Given::Required).collect();
        to.gap();
        to.doc(&format!("A new row of {}.", code(&table.name.to_string())));
        let mut derives = vec!["Clone", "Debug"];
        derives.extend(required.is_empty().then_some("Default"));
        derives.push("PartialEq");
        self.derives(to, &derives);
        self.title(to, module, &table.marker, Role::Insert);
        to.block(&format!("{} struct Insert", self.visible), |to| {
            for column in &columns {
                let name = code(&column.name);
                let rust = match &column.given {
                    Given::OrDefault(default) => {
                        to.doc(&format!("{name}: {} if not given.", code(default)));
                        nullable(&nullable(&column.rust, column.nullable), true)
                    }
                    Given::OrNull => {
                        to.doc(&format!("{name}: null if not given."));
                        nullable(&column.rust, true)
                    }
                    Given::Required | Given::Never => {
                        to.doc(&format!("{name}: required."));
                        column.rust.clone()
                    }
                };
                self.attributes(to, column, Role::Insert);
                to.line(&format!("{} {}: {rust},", self.visible, column.field));
            }
        });
        if !required.is_empty() {
            to.gap();
            to.block("impl Insert", |to| {
                to.doc("A row with what is required.");
                let parameters: Vec<_> = required
                    .iter()
                    .map(|column| match column.rust.as_str() {
                        "String" => format!("{}: impl Into<String>", column.field),
                        rust => format!("{}: {rust}", column.field),
                    })
                    .collect();
                let name = format!("{} fn new", self.visible);
                if required.len() > 7 {
                    to.line("#[allow(clippy::too_many_arguments, reason = \"all are required\")]");
                }
                to.function(&name, &parameters, "Self", |to| {
                    let members: Vec<_> = columns
                        .iter()
                        .map(|ColumnModel { field, rust, given, .. }| match given {
                            Given::Required if rust == "String" => {
                                format!("{field}: {field}.into()")
                            }
                            Given::Required => field.clone(),
                            Given::OrNull | Given::OrDefault(_) | Given::Never => {
                                format!("{field}: None")
                            }
                        })
                        .collect();
                    to.literal("Self", &members, "");
                });
            });
        }
        self.members(to, "NewRow", "Insert", table, &columns, |column| {
            if column.given == Given::Required { "value" } else { "given" }
        });
    }

    fn update(&self, to: &mut Writer, module: &str, table: &TableModel) {
        let columns: Vec<_> =
            table.columns.iter().filter(|column| column.given != Given::Never).collect();
        to.gap();
        to.doc(&format!(
            "New values for rows of {}; `None` leaves a column as it is.",
            code(&table.name.to_string())
        ));
        self.derives(to, &["Clone", "Debug", "Default", "PartialEq"]);
        self.title(to, module, &table.marker, Role::Update);
        to.block(&format!("{} struct Update", self.visible), |to| {
            for column in &columns {
                let null = if column.nullable { "; `Some(None)` for null." } else { "." };
                to.doc(&format!("{}{null}", code(&column.name)));
                self.attributes(to, column, Role::Update);
                let rust = nullable(&nullable(&column.rust, column.nullable), true);
                to.line(&format!("{} {}: {rust},", self.visible, column.field));
            }
        });
        self.members(to, "Changes", "Update", table, &columns, |_| "given");
    }

    fn members(
        &self,
        to: &mut Writer,
        implemented: &str,
        of: &str,
        table: &TableModel,
        columns: &[&ColumnModel],
        method: impl Fn(&ColumnModel) -> &'static str,
    ) {
        to.gap();
        to.block(&format!("impl dsl::{implemented} for {of}"), |to| {
            to.line(&format!("type Table = {};", table.marker));
            to.gap();
            let parameter = if columns.is_empty() { "_" } else { "to" };
            to.block(&format!("fn write(&self, {parameter}: &mut dsl::Members)"), |to| {
                for column in columns {
                    let arguments = [text(&column.name), format!("&self.{}", column.field)];
                    to.call(&format!("to.{}", method(column)), &arguments);
                }
            });
        });
    }
}

fn document(to: &mut Writer, column: &ColumnModel) {
    let key = if column.is_key { ", of the primary key" } else { "" };
    to.doc(&format!("{}: {}{key}.", code(&column.name), code(&column.label)));
    if let Some(description) = &column.description {
        to.doc(&format!("\n{}", plain(description)));
    }
}
