//! `api.screenings`: a table with ranges, arrays and JSON.

use phlo_core::dsl;

use super::films::Films;

/// The table `api.screenings`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screenings;

impl dsl::Table for Screenings {
    const SCHEMA: &'static str = "api";
    const NAME: &'static str = "screenings";
    type Row = Row;
}

impl dsl::Deletable for Screenings {}

/// `id`: `bigint`, the primary key.
pub const ID: dsl::Column<Screenings, i64> = dsl::Column::new("id");
/// `film_id`: `bigint`.
pub const FILM_ID: dsl::Column<Screenings, i64> = dsl::Column::new("film_id");
/// `during`: `daterange`.
pub const DURING: dsl::Column<Screenings, dsl::Range> = dsl::Column::new("during");
/// `prices`: `integer[]`.
pub const PRICES: dsl::Column<Screenings, Vec<i32>> = dsl::Column::new("prices");
/// `terms`: `json`.
pub const TERMS: dsl::Column<Screenings, Option<dsl::PlainJson>> = dsl::Column::new("terms");
/// `open`: `boolean`.
pub const OPEN: dsl::Column<Screenings, bool> = dsl::Column::new("open");
/// `pauses`: `datemultirange`.
pub const PAUSES: dsl::Column<Screenings, Option<dsl::Multirange>> = dsl::Column::new("pauses");

/// The row of `api.films` that `film_id` refers to.
pub const FILM: dsl::ToOne<Screenings, Films> =
    dsl::Relation::via("film", "films", "screenings_film_id_fkey");

/// A row of `api.screenings`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `id`: `bigint`, the primary key.
    pub id: i64,
    /// `film_id`: `bigint`.
    pub film_id: i64,
    /// `during`: `daterange`.
    pub during: dsl::Range,
    /// `prices`: `integer[]`.
    pub prices: Vec<i32>,
    /// `terms`: `json`.
    pub terms: Option<dsl::PlainJson>,
    /// `open`: `boolean`.
    pub open: bool,
    /// `pauses`: `datemultirange`.
    pub pauses: Option<dsl::Multirange>,
}

impl dsl::Record for Row {
    type Table = Screenings;
    const COLUMNS: &'static [dsl::Item] = &[
        ID.as_item(),
        FILM_ID.as_item(),
        DURING.as_item(),
        PRICES.as_item(),
        TERMS.as_item(),
        OPEN.as_item(),
        PAUSES.as_item(),
    ];

    fn read(fields: &mut dsl::Fields<'_>) -> phlo_core::Result<Self> {
        Ok(Self {
            id: fields.next()?,
            film_id: fields.next()?,
            during: fields.next()?,
            prices: fields.next()?,
            terms: fields.next()?,
            open: fields.next()?,
            pauses: fields.next()?,
        })
    }
}

/// A new row of `api.screenings`.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// `film_id`: required.
    pub film_id: i64,
    /// `during`: required.
    pub during: dsl::Range,
    /// `prices`: required.
    pub prices: Vec<i32>,
    /// `terms`: null if not given.
    pub terms: Option<dsl::PlainJson>,
    /// `open`: `true` if not given.
    pub open: Option<bool>,
    /// `pauses`: null if not given.
    pub pauses: Option<dsl::Multirange>,
}

impl dsl::NewRow for Insert {
    type Table = Screenings;

    fn write(&self, to: &mut dsl::Members) {
        to.value("film_id", &self.film_id);
        to.value("during", &self.during);
        to.value("prices", &self.prices);
        to.given("terms", &self.terms);
        to.given("open", &self.open);
        to.given("pauses", &self.pauses);
    }
}
