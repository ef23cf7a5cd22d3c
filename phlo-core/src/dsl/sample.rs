//! A module as `phlo-schema-gen` writes it, for the examples and tests of this crate.

use phlo_core::dsl;

pub mod functions;
pub mod screenings;
pub mod search_films;

/// `api.films`: Films that were shown somewhere.
pub mod films {
    use phlo_core::dsl;

    use super::{Rating, directors::Directors};

    /// The table `api.films`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Films;

    impl dsl::Table for Films {
        const SCHEMA: &'static str = "api";
        const NAME: &'static str = "films";
        type Row = Row;
    }

    impl dsl::Deletable for Films {}

    /// `id`: `bigint`, the primary key.
    pub const ID: dsl::Column<Films, i64> = dsl::Column::new("id");
    /// `title`: `text`.
    pub const TITLE: dsl::Column<Films, String> = dsl::Column::new("title");
    /// `year`: `integer`.
    pub const YEAR: dsl::Column<Films, Option<i32>> = dsl::Column::new("year");
    /// `rating`: `api.rating`.
    pub const RATING: dsl::Column<Films, Option<Rating>> = dsl::Column::new("rating");
    /// `director_id`: `bigint`.
    pub const DIRECTOR_ID: dsl::Column<Films, Option<i64>> = dsl::Column::new("director_id");
    /// `added_at`: `timestamp with time zone`.
    pub const ADDED_AT: dsl::Column<Films, dsl::Timestamptz> = dsl::Column::new("added_at");

    /// The row of `api.directors` that `director_id` refers to.
    pub const DIRECTOR: dsl::ToOne<Films, Directors> =
        dsl::Relation::via("director", "directors", "films_director_id_fkey");

    /// A row of `api.films`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Row {
        /// `id`: `bigint`, the primary key.
        pub id: i64,
        /// `title`: `text`.
        pub title: String,
        /// `year`: `integer`.
        pub year: Option<i32>,
        /// `rating`: `api.rating`.
        pub rating: Option<Rating>,
        /// `director_id`: `bigint`.
        pub director_id: Option<i64>,
        /// `added_at`: `timestamp with time zone`.
        pub added_at: dsl::Timestamptz,
    }

    impl dsl::Record for Row {
        type Table = Films;
        const COLUMNS: &'static [dsl::Item] = &[
            ID.as_item(),
            TITLE.as_item(),
            YEAR.as_item(),
            RATING.as_item(),
            DIRECTOR_ID.as_item(),
            ADDED_AT.as_item(),
        ];

        fn read(fields: &mut dsl::Fields<'_>) -> phlo_core::Result<Self> {
            Ok(Self {
                id: fields.next()?,
                title: fields.next()?,
                year: fields.next()?,
                rating: fields.next()?,
                director_id: fields.next()?,
                added_at: fields.next()?,
            })
        }
    }

    /// A new row of `api.films`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Insert {
        /// `title`: required.
        pub title: String,
        /// `year`: null if not given.
        pub year: Option<i32>,
        /// `rating`: null if not given.
        pub rating: Option<Rating>,
        /// `director_id`: null if not given.
        pub director_id: Option<i64>,
        /// `added_at`: `now()` if not given.
        pub added_at: Option<dsl::Timestamptz>,
    }

    impl Insert {
        /// A row with what is required.
        pub fn new(title: impl Into<String>) -> Self {
            Self {
                title: title.into(),
                year: None,
                rating: None,
                director_id: None,
                added_at: None,
            }
        }
    }

    impl dsl::NewRow for Insert {
        type Table = Films;

        fn write(&self, to: &mut dsl::Members) {
            to.value("title", &self.title);
            to.given("year", &self.year);
            to.given("rating", &self.rating);
            to.given("director_id", &self.director_id);
            to.given("added_at", &self.added_at);
        }
    }

    /// New values for rows of `api.films`; `None` leaves a column as it is.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Update {
        /// `title`.
        pub title: Option<String>,
        /// `year`; `Some(None)` for null.
        pub year: Option<Option<i32>>,
        /// `rating`; `Some(None)` for null.
        pub rating: Option<Option<Rating>>,
        /// `director_id`; `Some(None)` for null.
        pub director_id: Option<Option<i64>>,
        /// `added_at`.
        pub added_at: Option<dsl::Timestamptz>,
    }

    impl dsl::Changes for Update {
        type Table = Films;

        fn write(&self, to: &mut dsl::Members) {
            to.given("title", &self.title);
            to.given("year", &self.year);
            to.given("rating", &self.rating);
            to.given("director_id", &self.director_id);
            to.given("added_at", &self.added_at);
        }
    }
}

/// `api.directors`.
pub mod directors {
    use phlo_core::dsl;

    use super::films::Films;

    /// The table `api.directors`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Directors;

    impl dsl::Table for Directors {
        const SCHEMA: &'static str = "api";
        const NAME: &'static str = "directors";
        type Row = Row;
    }

    /// `id`: `bigint`, the primary key.
    pub const ID: dsl::Column<Directors, i64> = dsl::Column::new("id");
    /// `name`: `text`.
    pub const NAME: dsl::Column<Directors, String> = dsl::Column::new("name");
    /// `notes`: `jsonb`.
    pub const NOTES: dsl::Column<Directors, Option<dsl::Json>> = dsl::Column::new("notes");

    /// The rows of `api.films` whose `director_id` refers to the row.
    pub const FILMS: dsl::ToMany<Directors, Films> =
        dsl::Relation::via("films", "films", "films_director_id_fkey");

    /// A row of `api.directors`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Row {
        /// `id`: `bigint`, the primary key.
        pub id: i64,
        /// `name`: `text`.
        pub name: String,
        /// `notes`: `jsonb`.
        pub notes: Option<dsl::Json>,
    }

    impl dsl::Record for Row {
        type Table = Directors;
        const COLUMNS: &'static [dsl::Item] = &[ID.as_item(), NAME.as_item(), NOTES.as_item()];

        fn read(fields: &mut dsl::Fields<'_>) -> phlo_core::Result<Self> {
            Ok(Self { id: fields.next()?, name: fields.next()?, notes: fields.next()? })
        }
    }
}

/// A label of `api.rating`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    /// `all`
    All,
    /// `adults`
    Adults,
    /// A label that the type didn't have when this was generated.
    Unknown(String),
}

impl Rating {
    /// The label.
    pub fn label(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Adults => "adults",
            Self::Unknown(label) => label,
        }
    }
}

impl dsl::Scalar for Rating {
    fn from_text(label: &str) -> Result<Self, dsl::Unreadable> {
        Ok(match label {
            "all" => Self::All,
            "adults" => Self::Adults,
            _ => Self::Unknown(label.to_owned()),
        })
    }

    fn to_text(&self) -> std::borrow::Cow<'_, str> {
        self.label().into()
    }
}

impl dsl::Ordered for Rating {}

impl dsl::Extreme for Rating {}

/// The view `api.film_years`.
pub mod years {
    use phlo_core::dsl;

    /// The view `api.film_years`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct FilmYears;

    impl dsl::Table for FilmYears {
        const SCHEMA: &'static str = "api";
        const NAME: &'static str = "film_years";
        type Row = Row;
    }

    /// `year`: `integer`.
    pub const YEAR: dsl::Column<FilmYears, Option<i32>> = dsl::Column::new("year");
    /// `films`: `bigint`.
    pub const FILMS: dsl::Column<FilmYears, Option<i64>> = dsl::Column::new("films");

    /// A row of `api.film_years`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Row {
        /// `year`: `integer`.
        pub year: Option<i32>,
        /// `films`: `bigint`.
        pub films: Option<i64>,
    }

    impl dsl::Record for Row {
        type Table = FilmYears;
        const COLUMNS: &'static [dsl::Item] = &[YEAR.as_item(), FILMS.as_item()];

        fn read(fields: &mut dsl::Fields<'_>) -> phlo_core::Result<Self> {
            Ok(Self { year: fields.next()?, films: fields.next()? })
        }
    }
}
