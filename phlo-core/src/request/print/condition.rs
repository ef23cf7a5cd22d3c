//! Conditions as text: comparisons and groups of them.

use crate::request::{
    Comparison, Filter, FtsOperator, IsValue, LogicOperator, LogicTree, Operation,
    QuantifiedOperator, Quantifier, SimpleOperator,
    print::{field, joined, quoted},
};

/// Where a comparison stands; decides how its value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// As the value of a parameter: as it is.
    Parameter,
    /// In a group: quoted where a comma or a parenthesis would end it.
    Member,
}

pub(super) fn comparison(to: &mut String, comparison: &Comparison, place: Place) {
    if comparison.negated {
        to.push_str("not.");
    }
    match &comparison.operation {
        Operation::Simple(operator, text) => {
            to.push_str(simple(*operator));
            to.push('.');
            value(to, text, place);
        }
        Operation::Quantified(operator, quantifier, text) => {
            to.push_str(quantified(*operator));
            to.push_str(match quantifier {
                None => "",
                Some(Quantifier::Any) => "(any)",
                Some(Quantifier::All) => "(all)",
            });
            to.push('.');
            value(to, text, place);
        }
        Operation::In(values) => {
            to.push_str("in.(");
            joined(to, values, |to, value| list_value(to, value));
            to.push(')');
        }
        Operation::Is(value) => {
            to.push_str(match value {
                IsValue::Null => "is.null",
                IsValue::NotNull => "is.not_null",
                IsValue::True => "is.true",
                IsValue::False => "is.false",
                IsValue::Unknown => "is.unknown",
            });
        }
        Operation::IsDistinctFrom(text) => {
            to.push_str("isdistinct.");
            value(to, text, place);
        }
        Operation::FullText(operator, language, text) => {
            to.push_str(full_text(*operator));
            if let Some(language) = language {
                to.push('(');
                // Nothing but a blank is an empty name.
                to.push_str(if language.is_empty() { " " } else { language });
                to.push(')');
            }
            to.push('.');
            value(to, text, place);
        }
    }
}

fn simple(operator: SimpleOperator) -> &'static str {
    match operator {
        SimpleOperator::NotEqual => "neq",
        SimpleOperator::Contains => "cs",
        SimpleOperator::ContainedIn => "cd",
        SimpleOperator::Overlaps => "ov",
        SimpleOperator::StrictlyLeft => "sl",
        SimpleOperator::StrictlyRight => "sr",
        SimpleOperator::NotRightOf => "nxr",
        SimpleOperator::NotLeftOf => "nxl",
        SimpleOperator::Adjacent => "adj",
    }
}

fn quantified(operator: QuantifiedOperator) -> &'static str {
    match operator {
        QuantifiedOperator::Equal => "eq",
        QuantifiedOperator::GreaterThanEqual => "gte",
        QuantifiedOperator::GreaterThan => "gt",
        QuantifiedOperator::LessThanEqual => "lte",
        QuantifiedOperator::LessThan => "lt",
        QuantifiedOperator::Like => "like",
        QuantifiedOperator::ILike => "ilike",
        QuantifiedOperator::Match => "match",
        QuantifiedOperator::IMatch => "imatch",
    }
}

fn full_text(operator: FtsOperator) -> &'static str {
    match operator {
        FtsOperator::Fts => "fts",
        FtsOperator::Plain => "plfts",
        FtsOperator::Phrase => "phfts",
        FtsOperator::WebSearch => "wfts",
    }
}

fn value(to: &mut String, text: &str, place: Place) {
    let ends = |char| matches!(char, ',' | ')');
    if place == Place::Member && (text.contains(ends) || text.starts_with(['"', '{'])) {
        quoted(to, text);
    } else {
        to.push_str(text);
    }
}

/// An empty text needs quotes, for `()` is a list without values, and blanks at its ends do.
fn list_value(to: &mut String, text: &str) {
    let ends = |char| matches!(char, ',' | ')');
    let blank = [' ', '\t'];
    if text.is_empty() || text.contains(ends) || text.starts_with('"') || text.starts_with(blank) {
        quoted(to, text);
    } else {
        to.push_str(text);
    }
}

/// `not.or`.
pub(super) fn logic_operator(to: &mut String, negated: bool, operator: LogicOperator) {
    if negated {
        to.push_str("not.");
    }
    to.push_str(match operator {
        LogicOperator::And => "and",
        LogicOperator::Or => "or",
    });
}

/// `(a.eq.1,or(b.is.null,c.gt.2))`.
pub(super) fn group(to: &mut String, members: &[LogicTree]) {
    to.push('(');
    joined(to, members, |to, member| match member {
        LogicTree::Filter(Filter { field: of, comparison: with }) => {
            field(to, of);
            to.push('.');
            comparison(to, with, Place::Member);
        }
        LogicTree::Group { negated, operator, members } => {
            logic_operator(to, *negated, *operator);
            group(to, members);
        }
    });
    to.push(')');
}
