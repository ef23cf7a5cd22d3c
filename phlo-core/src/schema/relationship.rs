//! How tables refer to each other: what an embed can follow.

use serde::{Deserialize, Serialize};

use crate::schema::{Ident, QualifiedName};

/// A way from one table to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// Where the way starts.
    pub source: QualifiedName,
    /// Where it leads.
    pub target: QualifiedName,
    /// Whether both are the same table.
    pub is_self: bool,
    /// Whether the source is a view.
    pub source_is_view: bool,
    /// Whether the target is a view.
    pub target_is_view: bool,
    /// How many rows lie at its end, and what links them.
    pub link: Link,
}

/// What links the rows of two tables.
///
/// The order is that in which candidates are listed when a request is ambiguous.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Link {
    /// The target holds the foreign key.
    OneToMany(ForeignKey),
    /// The source holds the foreign key.
    ManyToOne(ForeignKey),
    /// The foreign key is unique: at most one row on either side.
    OneToOne {
        /// The key; columns are `(source, target)` whichever side holds it.
        key: ForeignKey,
        /// Whether the target holds the key.
        target_holds_key: bool,
    },
    /// Through a junction table with a key to either side.
    ManyToMany(Junction),
    /// By a function that takes a row of the source.
    Computed {
        /// The function.
        function: QualifiedName,
        /// Whether it gives at most one row.
        to_one: bool,
    },
}

/// A foreign key, seen from the source of a relationship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The name of the constraint.
    pub constraint: Ident,
    /// Pairs of equal columns: `(source, target)`.
    pub columns: Vec<(Ident, Ident)>,
}

/// A table between two others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Junction {
    /// The table between.
    pub table: QualifiedName,
    /// The constraint to the source.
    pub source_constraint: Ident,
    /// The constraint to the target.
    pub target_constraint: Ident,
    /// Pairs of equal columns: `(source, junction)`.
    pub source_columns: Vec<(Ident, Ident)>,
    /// Pairs of equal columns: `(target, junction)`.
    pub target_columns: Vec<(Ident, Ident)>,
}

impl Relationship {
    /// Whether there is at most one row at its end.
    pub fn is_to_one(&self) -> bool {
        match &self.link {
            Link::ManyToOne(_) | Link::OneToOne { .. } => true,
            Link::Computed { to_one, .. } => *to_one,
            Link::OneToMany(_) | Link::ManyToMany(_) => false,
        }
    }
}
