//! Full-text search: what is looked for, and how it is meant.

use crate::{
    dsl::{
        column::{Column, Place},
        filter::Filter,
        types::Searchable,
        value::Value,
    },
    request::{FtsOperator, Operation},
};

/// What to search for. Text by itself is meant as [`Search::typed`].
///
/// ```
/// # use phlo_core::dsl::{Search, select, sample::films::{self, Films}};
/// let query = select(Films)
///     .columns(films::ID)
///     .filter(films::TITLE.search(Search::phrase("blade runners").in_language("english")));
/// assert_eq!(query.to_query_string(), "select=id&title=phfts(english).blade%20runners");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    operator: FtsOperator,
    language: Option<String>,
    query: String,
}

impl Search {
    /// As one types it into a search box: words, phrases in quotes, `or`, and `-` for what must not
    /// be there.
    pub fn typed(query: impl Into<String>) -> Self {
        Self::new(FtsOperator::WebSearch, query)
    }

    /// All of some words, wherever they are.
    pub fn words(words: impl Into<String>) -> Self {
        Self::new(FtsOperator::Plain, words)
    }

    /// Words that follow one another.
    pub fn phrase(words: impl Into<String>) -> Self {
        Self::new(FtsOperator::Phrase, words)
    }

    /// A query in PostgreSQL's own form, such as `alien & !(ripley | prometheus:*)`.
    pub fn tsquery(query: impl Into<String>) -> Self {
        Self::new(FtsOperator::Fts, query)
    }

    fn new(operator: FtsOperator, query: impl Into<String>) -> Self {
        Self { operator, language: None, query: query.into() }
    }

    /// Takes words as they are in a language, which is a text search configuration of the database.
    #[must_use]
    pub fn in_language(self, language: impl Into<String>) -> Self {
        Self { language: Some(language.into()), ..self }
    }
}

impl From<&str> for Search {
    fn from(query: &str) -> Self {
        Self::typed(query)
    }
}

impl From<String> for Search {
    fn from(query: String) -> Self {
        Self::typed(query)
    }
}

impl From<&String> for Search {
    fn from(query: &String) -> Self {
        Self::typed(query)
    }
}

/// For text, JSON and documents.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The text has the words that are searched for.
    pub fn search(self, search: impl Into<Search>) -> Filter<T>
    where
        V::Scalar: Searchable,
    {
        let Search { operator, language, query } = search.into();
        self.holds(Operation::FullText(operator, language, query))
    }

    /// The text has the words that are searched for, as they are in a language.
    pub fn search_in(self, language: impl Into<String>, search: impl Into<Search>) -> Filter<T>
    where
        V::Scalar: Searchable,
    {
        self.search(search.into().in_language(language))
    }
}
