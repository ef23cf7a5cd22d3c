//! Shares equal names, so that a name that stands in ten thousand tables is in memory once.
//!
//! Takes parts of a schema as they were read and replaces their names by shared ones.

use std::collections::BTreeSet;

use crate::schema::{
    ForeignKey, Ident, Junction, Link, QualifiedName, Relationship, ReturnKind, Routine, Table,
};

/// The names seen so far.
#[derive(Debug, Default)]
pub(super) struct Interner(BTreeSet<Ident>);

impl Interner {
    /// Shares the names of a table.
    pub(super) fn table(&mut self, table: &mut Table) {
        self.qualified(&mut table.name);
        table.primary_key.iter_mut().chain(table.unique.iter_mut().flatten()).for_each(|it| {
            self.ident(it);
        });
        table.columns = std::mem::take(&mut table.columns)
            .into_iter()
            .map(|(_, mut column)| {
                self.ident(&mut column.name);
                self.qualified(&mut column.type_name);
                self.qualified(&mut column.base_type);
                (column.name.clone(), column)
            })
            .collect();
    }

    /// Shares the names of a relationship.
    pub(super) fn relationship(&mut self, relationship: &mut Relationship) {
        self.qualified(&mut relationship.source);
        self.qualified(&mut relationship.target);
        match &mut relationship.link {
            Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
                let ForeignKey { constraint, columns } = key;
                self.ident(constraint);
                self.pairs(columns);
            }
            Link::ManyToMany(Junction {
                table,
                source_constraint,
                target_constraint,
                source_columns,
                target_columns,
            }) => {
                self.qualified(table);
                self.ident(source_constraint);
                self.ident(target_constraint);
                self.pairs(source_columns);
                self.pairs(target_columns);
            }
            Link::Computed { function, .. } => self.qualified(function),
        }
    }

    /// Shares the names of a function.
    pub(super) fn routine(&mut self, routine: &mut Routine) {
        self.qualified(&mut routine.name);
        for parameter in &mut routine.parameters {
            self.ident(&mut parameter.name);
            self.qualified(&mut parameter.type_name);
        }
        match &mut routine.returns.kind {
            ReturnKind::Scalar(name) | ReturnKind::Composite(name) => self.qualified(name),
        }
    }

    /// Shares the two parts of a name.
    pub(super) fn qualified(&mut self, name: &mut QualifiedName) {
        self.ident(&mut name.schema);
        self.ident(&mut name.name);
    }

    fn pairs(&mut self, pairs: &mut [(Ident, Ident)]) {
        for (a, b) in pairs {
            self.ident(a);
            self.ident(b);
        }
    }

    fn ident(&mut self, ident: &mut Ident) {
        match self.0.get(&**ident) {
            Some(known) => *ident = known.clone(),
            None => {
                self.0.insert(ident.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_become_one() {
        let mut names = Interner::default();
        let (mut a, mut b) = (QualifiedName::new("api", "x"), QualifiedName::new("api", "y"));
        assert_ne!(a.schema.as_ptr(), b.schema.as_ptr());
        names.qualified(&mut a);
        names.qualified(&mut b);
        assert_eq!(a.schema.as_ptr(), b.schema.as_ptr());
        assert_eq!((a, b), (QualifiedName::new("api", "x"), QualifiedName::new("api", "y")));
    }
}
