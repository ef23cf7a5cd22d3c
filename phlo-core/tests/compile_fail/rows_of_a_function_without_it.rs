use phlo_core::dsl::{Column, Fields, Item, Record, RowType, select};

#[derive(Clone, Copy)]
struct Found;

impl RowType for Found {
    type Row = Row;
}

const ID: Column<Found, i64> = Column::new("id");

struct Row;

impl Record for Row {
    type Table = Found;
    const COLUMNS: &'static [Item] = &[ID.as_item()];

    fn read(_: &mut Fields<'_>) -> phlo_core::Result<Self> {
        Ok(Row)
    }
}

fn main() {
    let _ = select(Found);
}
