//! The rows of the function `api.search_films`.

use phlo_core::dsl;

/// The rows of the function `api.search_films`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchFilms;

impl dsl::RowType for SearchFilms {
    type Row = Row;
}

/// `id`: `bigint`.
pub const ID: dsl::Column<SearchFilms, Option<i64>> = dsl::Column::new("id");
/// `title`: `text`.
pub const TITLE: dsl::Column<SearchFilms, Option<String>> = dsl::Column::new("title");

/// A row of `api.search_films`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `id`: `bigint`.
    pub id: Option<i64>,
    /// `title`: `text`.
    pub title: Option<String>,
}

impl dsl::Record for Row {
    type Table = SearchFilms;
    const COLUMNS: &'static [dsl::Item] = &[ID.as_item(), TITLE.as_item()];

    fn read(fields: &mut dsl::Fields<'_>) -> phlo_core::Result<Self> {
        Ok(Self { id: fields.next()?, title: fields.next()? })
    }
}
