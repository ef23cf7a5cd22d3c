//! What is read: the tree of the request, each level tied to its table and to the level around it.

use std::collections::BTreeSet;

use crate::{
    error::{Code, DatabaseError, Error, Result},
    plan::{
        Condition, Context, EmbedName, EmbedPlace, EmbedPlan, EmbedShape, JoinCondition,
        LegacyTarget, ReadNode, Source, SpreadColumn,
        draft::Draft,
        filter::Embeds,
        spread::{self, Lifted},
    },
    request::{Action, JoinKind, Output},
    schema::{Ident, Link, QualifiedName, Relationship, Table},
};

/// Where the rows of a level come from, and what they are called.
struct Level<'s> {
    from: Source,
    alias: Ident,
    /// The name that relationships know the rows by; for functions, that of what they return.
    name: Ident,
    table: Option<&'s Table>,
    joins: Vec<JoinCondition>,
    junction: Option<(QualifiedName, Ident)>,
    /// Whether a constraint allows one row at most for each row around it.
    single: bool,
    /// How many levels are around it.
    depth: usize,
}

/// How the rows of a level appear in the level around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    No,
    One,
    Many,
}

/// Makes names within the statement: short, and never twice the same.
struct Names(usize);

impl Names {
    fn next(&mut self, base: &str) -> Ident {
        self.0 += 1;
        // PostgreSQL cuts identifiers at 63 bytes; a number that was cut off would be missed.
        let short: String = base.chars().take(12).collect();
        let base = if base.len() > 48 { &short } else { base };
        Ident::new(&format!("{base}_{}", self.0))
    }
}

impl<'s> Context<'s, '_> {
    /// The whole tree below a table, a changed table or a function's result.
    pub(crate) fn plan_tree(
        &self,
        name: &QualifiedName,
        output: Output,
    ) -> Result<(ReadNode, Vec<LegacyTarget>)> {
        let draft = Draft::new(self.request, self.limits.legacy_target_names)?;
        let root = Level {
            from: match self.request.action {
                Action::Read { .. } => Source::Table(name.clone()),
                Action::Mutate { .. } | Action::Call { .. } => Source::Result,
            },
            alias: name.name.clone(),
            name: name.name.clone(),
            table: self.schema.table(name),
            joins: Vec::new(),
            junction: None,
            single: false,
            depth: 0,
        };
        let (mut node, _) = self.plan_level(&draft, root, false, Spread::No, &mut Names(0))?;
        node.output = output;
        Ok((node, draft.legacy_targets()))
    }

    /// One level, and what a spread of it lifts into the level around it.
    fn plan_level(
        &self,
        draft: &Draft<'_>,
        level: Level<'s>,
        expand: bool,
        spread: Spread,
        names: &mut Names,
    ) -> Result<(ReadNode, Vec<SpreadColumn>)> {
        let own_aggregate = draft.fields.iter().any(|field| field.aggregate.is_some());
        if own_aggregate && !self.limits.aggregates {
            return Err(Error::new(
                Code::AggregatesDisabled,
                "Use of aggregate functions is not allowed",
            ));
        }
        let expand = expand || own_aggregate || spread == Spread::Many;
        let mut embeds = Vec::with_capacity(draft.children.len());
        for child in &draft.children {
            embeds.push(self.plan_embed(child, &level, expand, names)?);
        }
        check_names(&level, &embeds)?;
        let lifted_aggregate = spread != Spread::One && embeds.iter().any(spread::is_aggregated);

        let mut select = Vec::with_capacity(draft.fields.len());
        for field in &draft.fields {
            select.push(self.plan_select(level.table, field)?);
        }
        self.expand_stars(
            &mut select,
            level.table,
            expand || lifted_aggregate,
            spread != Spread::No,
        );

        let lifted = match spread {
            Spread::No => Vec::new(),
            Spread::One => spread::lift(&mut select, &mut embeds, Lifted::WithAggregates),
            Spread::Many => spread::lift(&mut select, &mut embeds, Lifted::AsTheyAre),
        };

        let known = Embeds { drafts: &draft.children, plans: &embeds };
        let filters = draft.filters.iter().map(|it| self.plan_filter(level.table, it, &known));
        let logic = draft.logic.iter().map(|it| self.plan_logic(level.table, it, &known));
        let conditions: Vec<_> = filters.chain(logic).collect();
        let mut order = Vec::with_capacity(draft.order.len());
        for term in draft.order {
            order.push(self.plan_order(level.table, &level.name, term, &known)?);
        }
        let range = match self.request.action {
            Action::Mutate { .. } => draft.range,
            // One row can't be too many, and the database joins what has no limit as it likes.
            Action::Read { .. } | Action::Call { .. } if level.single => draft.range,
            Action::Read { .. } | Action::Call { .. } => draft.range.capped(self.limits.max_rows),
        };
        let grouped = select.iter().any(|item| item.aggregate.is_some()) || lifted_aggregate;
        if !grouped && !order.is_empty() && range.limit.is_some() {
            for embed in embeds.iter_mut().filter(|embed| can_be_column(embed, &conditions)) {
                embed.place = EmbedPlace::Column;
            }
        }
        let node = ReadNode {
            from: level.from,
            alias: level.alias,
            select,
            embeds,
            joins: level.joins,
            junction: level.junction,
            conditions,
            order,
            range,
            grouped,
            output: Output::Full,
        };
        Ok((node, lifted))
    }

    fn plan_embed(
        &self,
        draft: &Draft<'_>,
        parent: &Level<'s>,
        expand: bool,
        names: &mut Names,
    ) -> Result<EmbedPlan> {
        let Some(embed) = draft.embed else {
            return Err(Error::new(Code::Internal, "A level without an embed is not the root"));
        };
        let way = self.resolve_relationship(&parent.name, embed)?;
        let level = self.enter(way, parent, names);
        let alias = names.next("phlo");
        let spread = match (embed.spread, way.is_to_one()) {
            (false, _) => Spread::No,
            (true, true) => Spread::One,
            (true, false) => Spread::Many,
        };
        let (mut node, columns) = self.plan_level(draft, level, expand, spread, names)?;
        let name = || match draft.name() {
            Some(name) if !is_empty(&node) => EmbedName::Shown(name.clone()),
            _ => EmbedName::Hidden,
        };
        let shape = match spread {
            Spread::No if way.is_to_one() => EmbedShape::Object(name()),
            Spread::No => EmbedShape::Array(name()),
            Spread::One => EmbedShape::SpreadOne(columns),
            Spread::Many => spread::many(&alias, &mut node, columns)?,
        };
        let join = embed.join.unwrap_or(JoinKind::Left);
        Ok(EmbedPlan { node, alias, join, shape, place: EmbedPlace::Join })
    }

    /// The level at the end of a relationship.
    fn enter(&self, way: &'s Relationship, parent: &Level<'s>, names: &mut Names) -> Level<'s> {
        let alias = names.next(&way.target.name);
        let side = |alias: &Ident, column: &Ident| (alias.clone(), column.clone());
        let mut level = Level {
            from: Source::Table(way.target.clone()),
            alias: alias.clone(),
            name: way.target.name.clone(),
            table: self.schema.table(&way.target),
            joins: Vec::new(),
            junction: None,
            single: way.is_to_one()
                && !way.target_is_view
                && !matches!(way.link, Link::Computed { .. }),
            depth: parent.depth + 1,
        };
        match &way.link {
            Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
                level.joins.extend(key.columns.iter().map(|(source, target)| JoinCondition {
                    left: side(&alias, target),
                    right: side(&parent.alias, source),
                }));
            }
            Link::ManyToMany(junction) => {
                let between = names.next(&junction.table.name);
                let to_target = junction.target_columns.iter().map(|(target, column)| {
                    JoinCondition { left: side(&between, column), right: side(&alias, target) }
                });
                let to_source =
                    junction.source_columns.iter().map(|(source, column)| JoinCondition {
                        left: side(&between, column),
                        right: side(&parent.alias, source),
                    });
                level.joins.extend(to_target.chain(to_source));
                level.junction = Some((junction.table.clone(), between));
            }
            Link::Computed { function, .. } => {
                level.from = Source::Function {
                    function: function.clone(),
                    row_type: way.source.clone(),
                    row: parent.alias.clone(),
                };
            }
        }
        level
    }

    /// Replaces `*` by the columns where they must be told apart: to group by them, to lift them
    /// one by one, or to show one of them in another form.
    fn expand_stars(
        &self,
        select: &mut Vec<crate::plan::SelectPlan>,
        table: Option<&Table>,
        expand: bool,
        is_spread: bool,
    ) {
        let Some(table) = table else { return };
        if !expand && !self.has_output_transform(table) {
            return;
        }
        let items = std::mem::take(select);
        for mut item in items {
            let is_star = item.field.name == "*" && item.field.path.is_empty();
            match item.aggregate {
                None if is_star => select.extend(self.plan_all_columns(table)),
                Some(_) if is_star && is_spread => {
                    item.whole_row = true;
                    select.push(item);
                }
                None | Some(_) => select.push(item),
            }
        }
    }
}

/// Refuses two embeds of one name: of a JSON object with both, most clients would see one.
///
/// PostgREST leaves it to the database, which tells of a name that clients never see; they know the
/// error by its code.
fn check_names(level: &Level<'_>, embeds: &[EmbedPlan]) -> Result<()> {
    let mut names = BTreeSet::new();
    for embed in embeds {
        if let EmbedShape::Object(EmbedName::Shown(name))
        | EmbedShape::Array(EmbedName::Shown(name)) = &embed.shape
            && !names.insert(name)
        {
            let name = format!("{}_{name}_{}", level.name, level.depth + 1);
            let message = format!("table name \"{name}\" specified more than once");
            return Err(Error::database(DatabaseError::new("42712", message)));
        }
    }
    Ok(())
}

/// Whether an embed is one value in the answer, and nothing that rows are chosen by.
///
/// A single object isn't: PostgreSQL may find many of them at once where they are joined.
fn can_be_column(embed: &EmbedPlan, conditions: &[Condition]) -> bool {
    embed.join == JoinKind::Left
        && matches!(embed.shape, EmbedShape::Array(EmbedName::Shown(_)))
        && !conditions.iter().any(|condition| is_about(condition, &embed.alias))
}

fn is_about(condition: &Condition, embed: &Ident) -> bool {
    match condition {
        Condition::Group { members, .. } => members.iter().any(|member| is_about(member, embed)),
        Condition::Filter(_) => false,
        Condition::Embed { alias, .. } => alias == embed,
    }
}

/// Whether nothing of an embed is shown, at any depth.
fn is_empty(node: &ReadNode) -> bool {
    node.select.is_empty() && node.embeds.iter().all(|embed| is_empty(&embed.node))
}
