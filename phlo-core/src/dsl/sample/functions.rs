//! Functions: one that returns rows, and one whose parameter has no name.

use phlo_core::dsl;

/// The function `api.search_films`.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchFilms {
    /// `words`: `text`.
    pub words: String,
    /// `limit`: `integer`, may be left out.
    pub limit: Option<i32>,
}

impl dsl::Function for SearchFilms {
    const SCHEMA: &'static str = "api";
    const NAME: &'static str = "search_films";

    fn write(&self, to: &mut dsl::Members) {
        to.value("words", &self.words);
        to.given("limit", &self.limit);
    }
}

impl dsl::TableFunction for SearchFilms {
    type Table = super::search_films::SearchFilms;
}

/// The function `api.count_members`.
#[derive(Clone, Debug, PartialEq)]
pub struct CountMembers(pub dsl::Json);

impl dsl::Function for CountMembers {
    const SCHEMA: &'static str = "api";
    const NAME: &'static str = "count_members";

    fn write(&self, to: &mut dsl::Members) {
        to.whole_json(&self.0);
    }
}

impl dsl::ValueFunction for CountMembers {
    type Output = Option<i32>;
}
