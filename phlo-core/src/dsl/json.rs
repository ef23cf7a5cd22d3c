//! JSON: columns that PostgreSQL can't compare, and ways into JSON, of any depth.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::{
    dsl::{
        column::{Column, Inside, Place},
        scalars::Json,
        value::{Cell, Operand, Scalar, Unreadable, Value},
    },
    request::{JsonKey, JsonStep},
};

/// A value of a `json` column, which PostgreSQL keeps as it was written and can't compare.
///
/// A `jsonb` is a [`Json`], which it can. What is inside a `json` can be compared as text: see
/// [`text_at`](Column::text_at).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlainJson(pub Json);

impl From<Json> for PlainJson {
    fn from(json: Json) -> Self {
        Self(json)
    }
}

impl Deref for PlainJson {
    type Target = Json;

    fn deref(&self) -> &Json {
        &self.0
    }
}

// No `Scalar`, by which it would be comparable.
impl Value for PlainJson {
    type Scalar = Json;

    fn read(cell: Cell<'_>) -> Result<Self, Unreadable> {
        Json::read(cell).map(Self)
    }

    fn as_scalar(&self) -> Option<&Json> {
        Some(&self.0)
    }
}

impl Value for Option<PlainJson> {
    type Scalar = Json;

    fn read(cell: Cell<'_>) -> Result<Self, Unreadable> {
        Option::<Json>::read(cell).map(|json| json.map(PlainJson))
    }

    fn as_scalar(&self) -> Option<&Json> {
        self.as_ref().map(|json| &json.0)
    }
}

macro_rules! operands {
    ($($type:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Operand<Json> for $type {
            fn into_operand(self) -> String {
                Json::from(self).to_text().into_owned()
            }
        }
    )*};
}

operands!(bool, i16, i32, i64, f32, f64, &str, String);

/// Values with parts inside, each a `Part`: JSON, and arrays, which are looked into as JSON is.
#[diagnostic::on_unimplemented(
    message = "there is nothing inside values of type `{Self}`",
    label = "`at` and `text_at` need JSON or an array"
)]
pub trait Document<Part: Value>: Value {}

#[diagnostic::do_not_recommend]
impl Document<Self> for Option<Json> {}
#[diagnostic::do_not_recommend]
impl Document<Option<Self>> for Json {}
#[diagnostic::do_not_recommend]
impl Document<Self> for Option<PlainJson> {}
#[diagnostic::do_not_recommend]
impl Document<Option<Self>> for PlainJson {}
#[diagnostic::do_not_recommend]
impl<V: Value> Document<Option<Json>> for Vec<V> {}
#[diagnostic::do_not_recommend]
impl<V: Value> Document<Option<Json>> for Option<Vec<V>> {}

/// A step into JSON: the name of an object's member, or the place of an array's element, counted
/// from 0, or from the end with -1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no step into JSON",
    label = "the name of a member or the place of an element is wanted here"
)]
pub trait Step {
    /// Where it leads.
    fn into_key(self) -> JsonKey;
}

#[diagnostic::do_not_recommend]
impl Step for &str {
    fn into_key(self) -> JsonKey {
        JsonKey::Name(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl Step for String {
    fn into_key(self) -> JsonKey {
        JsonKey::Name(self)
    }
}

#[diagnostic::do_not_recommend]
impl Step for i32 {
    fn into_key(self) -> JsonKey {
        JsonKey::Index(self.to_string())
    }
}

/// A place within the JSON of a column of table `T`, as JSON.
pub type JsonPart<T, V = Json> = Column<T, Option<V>, Inside>;

/// A place within the JSON of a column of table `T`, as text.
pub type JsonText<T> = Column<T, Option<String>, Inside>;

/// For JSON, and for arrays.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// A place inside, as JSON; null where there is none.
    ///
    /// It can be filtered by, ordered by, and selected, as a column can.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::directors::{self, Directors}};
    /// let query = select(Directors)
    ///     .columns((directors::NAME, directors::NOTES.at("lived").at(0).text_at("city")))
    ///     .filter(directors::NOTES.at("born").gte(1930))
    ///     .order(directors::NOTES.at("born").desc());
    /// assert_eq!(
    ///     query.to_query_string(),
    ///     "select=name,city:notes-%3Elived-%3E0-%3E%3Ecity&order=notes-%3Eborn.desc\
    ///      &notes-%3Eborn=gte.1930",
    /// );
    /// ```
    pub fn at<Part: Value>(self, step: impl Step) -> Column<T, Part, Inside>
    where
        V: Document<Part>,
    {
        self.step(JsonStep::Arrow(step.into_key()))
    }

    /// A place inside, as text; null where there is none.
    pub fn text_at<Part: Value>(self, step: impl Step) -> JsonText<T>
    where
        V: Document<Part>,
    {
        self.step(JsonStep::DoubleArrow(step.into_key()))
    }
}
