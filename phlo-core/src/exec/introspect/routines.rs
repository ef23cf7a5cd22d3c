//! The order of functions of one name, which is that of the candidates in an error.

use std::cmp::Ordering;

use crate::schema::{Parameter, Routine};

/// Fewer parameters first, then by comment and parameters, as PostgREST 16 sorts overloads.
pub(super) fn in_order(a: &Routine, b: &Routine) -> Ordering {
    rank(a).cmp(&rank(b))
}

fn rank(routine: &Routine) -> impl Ord + '_ {
    let parameters: Vec<_> = routine.parameters.iter().map(rank_parameter).collect();
    (&routine.name, parameters.len(), &routine.description, parameters)
}

fn rank_parameter(parameter: &Parameter) -> impl Ord + '_ {
    (&parameter.name, &parameter.type_label, parameter.required, parameter.variadic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{QualifiedName, ReturnKind, Returns, Volatility};

    fn routine(description: Option<&str>, parameters: &[(&str, &str)]) -> Routine {
        Routine {
            name: QualifiedName::new("api", "f"),
            description: description.map(str::to_owned),
            parameters: parameters
                .iter()
                .map(|(name, label)| Parameter {
                    name: (*name).into(),
                    type_name: QualifiedName::new("pg_catalog", *label),
                    type_label: (*label).to_owned(),
                    required: true,
                    variadic: false,
                })
                .collect(),
            returns: Returns {
                is_set: false,
                kind: ReturnKind::Scalar(QualifiedName::new("pg_catalog", "void")),
                columns: Vec::new(),
            },
            volatility: Volatility::Stable,
            isolation: None,
            settings: Vec::new(),
        }
    }

    #[test]
    fn overloads_are_listed_by_parameters() {
        let expected = [
            routine(Some("z"), &[]),
            routine(None, &[("a", "json")]),
            routine(None, &[("a", "xml")]),
            routine(None, &[("b", "int4")]),
            routine(Some("a"), &[("a", "text")]),
            routine(None, &[("a", "int4"), ("b", "int4")]),
        ];
        let mut routines = expected.clone();
        routines.reverse();
        routines.sort_by(in_order);
        assert_eq!(routines, expected);
    }
}
