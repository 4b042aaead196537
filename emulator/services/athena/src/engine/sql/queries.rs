//! Queries of Trino's as queries that the engine plans: joins with UNNEST bracketed, ordinals bare, FETCH as LIMIT, columns named.

use super::rewrite::{bare, integer};
use datafusion::sql::sqlparser::ast::*;

pub(super) fn query(query: &mut Query) -> Result<(), String> {
    if let Some(order) = &mut query.order_by
        && let OrderByKind::Expressions(all) = &mut order.kind
    {
        all.iter_mut().for_each(|o| bare(&mut o.expr));
    }
    if let Some(fetch) = query.fetch.take() {
        if fetch.with_ties || fetch.percent {
            return Err("NOT_SUPPORTED: line 1:1: windtunnel does not run FETCH FIRST with TIES or PERCENT yet".into());
        }
        let offset = match query.limit_clause.take() {
            Some(LimitClause::LimitOffset { offset, .. }) => offset,
            _ => None,
        };
        let limit = Some(fetch.quantity.unwrap_or_else(|| integer("1")));
        query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
        if matches!(limit, Some(Expr::Identifier(all)) if all.value.eq_ignore_ascii_case("all")) {
            *limit = None;
        }
        limit.iter_mut().for_each(bare);
        offset.iter_mut().for_each(|o| bare(&mut o.value));
    }
    set(&mut query.body);
    Ok(())
}

/// `TABLE t` is `SELECT * FROM t`.
fn set(body: &mut SetExpr) {
    match body {
        SetExpr::Table(table) => {
            let parts = [&table.schema_name, &table.table_name].into_iter().flatten().map(|n| Ident::new(n.clone())).collect::<Vec<_>>();
            let mut select = empty_select();
            select.from = vec![TableWithJoins { relation: table_factor(parts), joins: Vec::new() }];
            *body = SetExpr::Select(Box::new(select));
        }
        SetExpr::SetOperation { left, right, .. } => {
            set(left);
            set(right);
        }
        _ => {}
    }
}

fn table_factor(parts: Vec<Ident>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(parts),
        alias: None,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

fn empty_select() -> Select {
    let parsed = super::read("SELECT * FROM x", &[]);
    match parsed.map(|q| *q.body) {
        Ok(SetExpr::Select(select)) => *select,
        _ => unreachable!("the text is a select"),
    }
}

pub(super) fn select(select: &mut Select) -> Result<(), String> {
    match &mut select.group_by {
        GroupByExpr::Expressions(all, _) => all.iter_mut().for_each(grouped),
        GroupByExpr::All(_) => {}
    }
    for from in &mut select.from {
        nest_unnests(from);
        for relation in std::iter::once(&from.relation).chain(from.joins.iter().map(|j| &j.relation)) {
            check(relation)?;
        }
    }
    // `FROM t, UNNEST(a)`: the comma is a cross join.
    while let Some(at) = select.from.iter().position(|f| matches!(f.relation, TableFactor::UNNEST { .. })).filter(|at| *at > 0) {
        let unnest = select.from.remove(at);
        let before = &mut select.from[at - 1];
        before.joins.push(Join { relation: unnest.relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) });
        before.joins.extend(unnest.joins);
        nest_unnests(before);
    }
    Ok(())
}

fn grouped(expr: &mut Expr) {
    bare(expr);
    if let Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) = expr {
        sets.iter_mut().flatten().for_each(bare);
    }
}

fn check(relation: &TableFactor) -> Result<(), String> {
    let what = match relation {
        TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
        TableFactor::JsonTable { .. } => "JSON_TABLE",
        TableFactor::Table { version: Some(_), .. } => "this form of time travel",
        TableFactor::Table { sample: Some(_), .. } => "this form of TABLESAMPLE",
        TableFactor::TableFunction { .. } | TableFactor::Function { .. } => "table functions",
        TableFactor::Table { args: Some(_), .. } => "table functions",
        _ => return Ok(()),
    };
    Err(format!("NOT_SUPPORTED: line 1:1: windtunnel does not run {what} yet"))
}

/// `t TABLESAMPLE BERNOULLI (10)`: each row with that chance. SYSTEM, of which Trino says only that it takes parts of a table of its choice, takes
/// rows, too.
pub(super) fn sample(relation: &mut TableFactor) -> Result<(), String> {
    let TableFactor::Table { name, alias, sample, .. } = relation else { return Ok(()) };
    let Some(TableSampleKind::AfterTableAlias(asked)) = sample.as_ref() else { return Ok(()) };
    let TableSample { name: method, quantity, seed: None, bucket: None, offset: None, .. } = asked.as_ref() else { return Ok(()) };
    // What is left as it is, is refused when the query is looked at.
    let (Some(TableSampleMethod::Bernoulli | TableSampleMethod::System), Some(TableSampleQuantity { value, unit: None, .. })) =
        (method, quantity)
    else {
        return Ok(());
    };
    let percent = value.clone();
    *sample = None;
    let own = name.0.last().and_then(ObjectNamePart::as_ident).cloned();
    let named = alias.take().or(own.map(|name| TableAlias { explicit: true, name, columns: Vec::new(), at: None }));
    let mut subquery = super::read("SELECT * FROM x WHERE random() * 1e2 < 1", &[])?;
    let SetExpr::Select(select) = subquery.body.as_mut() else { unreachable!("the text is a select") };
    if let Some(Expr::BinaryOp { right, .. }) = &mut select.selection {
        **right = percent;
    }
    select.from[0].relation = relation.clone();
    *relation = TableFactor::Derived { lateral: false, subquery: Box::new(subquery), alias: named, sample: None };
    Ok(())
}

/// `a JOIN b CROSS JOIN UNNEST(x) JOIN c` becomes `(a JOIN b CROSS JOIN UNNEST(x)) JOIN c`: the planner of [`super::Unnests`] takes such brackets.
fn nest_unnests(from: &mut TableWithJoins) {
    while let Some(at) = from.joins.iter().position(|j| matches!(j.relation, TableFactor::UNNEST { .. })) {
        let rest = from.joins.split_off(at + 1);
        let inner = TableWithJoins { relation: from.relation.clone(), joins: std::mem::take(&mut from.joins) };
        from.relation = TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: None };
        from.joins = rest;
    }
}

/// Names the columns of a result that have no name: `_col` and its place, counted from 0. The left side of a set operation names them.
pub(super) fn name_columns(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            for (place, item) in select.projection.iter_mut().enumerate() {
                match item {
                    SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => {}
                    SelectItem::UnnamedExpr(expr) => {
                        let alias = Ident::new(format!("_col{place}"));
                        *item = SelectItem::ExprWithAlias { expr: std::mem::replace(expr, Expr::Identifier(alias.clone())), alias };
                    }
                    SelectItem::ExprWithAlias { .. } | SelectItem::ExprWithAliases { .. } => {}
                    // How many columns a `*` stands for is not known here: what follows keeps the engine's names.
                    SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => break,
                }
            }
        }
        SetExpr::SetOperation { left, .. } => name_columns(left),
        SetExpr::Query(query) => name_columns(&mut query.body),
        _ => {}
    }
}
