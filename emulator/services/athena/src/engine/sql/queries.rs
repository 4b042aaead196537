//! Queries of Trino's as queries that the engine plans: joins with UNNEST and USING bracketed, ordinals and frames bare, FETCH as LIMIT.

use super::{
    rewrite::{at, bare, integer},
    usings::using,
};
use datafusion::sql::sqlparser::ast::*;
use std::ops::ControlFlow;

pub(super) fn query(query: &mut Query) -> Result<(), String> {
    places(query);
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

/// `SELECT DISTINCT a, b + 1 ... ORDER BY b + 1`: the engine takes the places of such columns, and not what they are made of.
fn places(query: &mut Query) {
    let (SetExpr::Select(select), Some(OrderBy { kind: OrderByKind::Expressions(all), .. })) = (query.body.as_ref(), &mut query.order_by)
    else {
        return;
    };
    let told = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if select.distinct.is_none() || !select.projection.iter().all(told) {
        return;
    }
    for one in all.iter_mut().filter(|one| !matches!(one.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Cast { .. })) {
        let same = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => *expr == one.expr,
            _ => false,
        };
        if let Some(at) = select.projection.iter().position(same) {
            one.expr = integer(&(at + 1).to_string());
        }
    }
}

/// `TABLE t` is `SELECT * FROM t`. Chains of UNION nest to the left, and may be long.
fn set(mut body: &mut SetExpr) {
    while let SetExpr::SetOperation { left, right, .. } = body {
        set(right);
        body = left;
    }
    if let SetExpr::Table(table) = body {
        let parts = [&table.schema_name, &table.table_name].into_iter().flatten().map(|n| Ident::new(n.clone())).collect::<Vec<_>>();
        let mut select = empty_select();
        select.from = vec![TableWithJoins { relation: table_factor(parts), joins: Vec::new() }];
        *body = SetExpr::Select(Box::new(select));
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
    for NamedWindowDefinition(_, window) in &mut select.named_window {
        if let NamedWindowExpr::WindowSpec(spec) = window {
            frame(spec)?;
        }
    }
    let windows = select.named_window.clone();
    if let ControlFlow::Break(error) = VisitMut::visit(&mut select.projection, &mut Windows(&windows)) {
        return Err(error);
    }
    for from in &mut select.from {
        nest(from);
        for relation in std::iter::once(&from.relation).chain(from.joins.iter().map(|j| &j.relation)) {
            check(relation)?;
        }
        if from.joins.iter().any(|j| natural(&j.join_operator)) {
            return Err("NOT_SUPPORTED: line 1:1: Natural join not supported".into());
        }
    }
    // `FROM t, UNNEST(a)`: the comma is a cross join.
    while let Some(at) = select.from.iter().position(|f| matches!(f.relation, TableFactor::UNNEST { .. })).filter(|at| *at > 0) {
        let unnest = select.from.remove(at);
        let before = &mut select.from[at - 1];
        before.joins.push(Join { relation: unnest.relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) });
        before.joins.extend(unnest.joins);
        nest(before);
    }
    Ok(())
}

fn natural(operator: &JoinOperator) -> bool {
    use JoinOperator::*;
    matches!(operator, Join(c) | Inner(c) | Left(c) | LeftOuter(c) | Right(c) | RightOuter(c) | FullOuter(c) if *c == JoinConstraint::Natural)
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

/// `a JOIN b CROSS JOIN UNNEST(x) JOIN c` becomes `(a JOIN b CROSS JOIN UNNEST(x)) JOIN c`: the planners [`super::Unnests`] and
/// [`super::Usings`] take brackets that end so.
pub(super) fn nest(from: &mut TableWithJoins) {
    let special = |j: &Join| matches!(j.relation, TableFactor::UNNEST { .. }) || using(&j.join_operator).is_some();
    while let Some(at) = from.joins.iter().position(special) {
        let rest = from.joins.split_off(at + 1);
        let inner = TableWithJoins { relation: from.relation.clone(), joins: std::mem::take(&mut from.joins) };
        from.relation = TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: None };
        from.joins = rest;
    }
}

/// The engine reads a frame's offsets itself: as they were written.
pub(super) fn frame(spec: &mut WindowSpec) -> Result<(), String> {
    let Some(frame) = &mut spec.window_frame else { return Ok(()) };
    for bound in std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound) {
        let (WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset))) = bound else { continue };
        bare(offset);
        match &mut **offset {
            Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) => {}
            Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) if name.to_string() == "\"$interval\"" => {
                **offset = interval(list)?;
            }
            other => {
                return Err(format!("NOT_SUPPORTED: line {}: windtunnel runs window frames with constant offsets only", at(other.span())));
            }
        }
    }
    Ok(())
}

/// `OVER (w ROWS ...)` has what the window `w` says beside what it says itself; the engine would not look at the name.
struct Windows<'a>(&'a [NamedWindowDefinition]);

impl VisitorMut for Windows<'_> {
    type Break = String;
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let Expr::Function(Function { over: Some(WindowType::WindowSpec(spec)), .. }) = expr else { return ControlFlow::Continue(()) };
        // A window may stand on another one, as often as there are windows.
        for _ in self.0 {
            let Some(name) = spec.window_name.take() else { break };
            let base = self.0.iter().find(|w| w.0.value.eq_ignore_ascii_case(&name.value));
            let Some(NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(base))) = base else {
                spec.window_name = Some(name);
                break;
            };
            spec.window_name = base.window_name.clone();
            spec.partition_by = base.partition_by.clone();
            if spec.order_by.is_empty() {
                spec.order_by = base.order_by.clone();
            }
            spec.window_frame = spec.window_frame.take().or_else(|| base.window_frame.clone());
        }
        match &spec.window_name {
            Some(name) => {
                ControlFlow::Break(format!("INVALID_WINDOW_REFERENCE: line {}: Cannot resolve WINDOW name {name}", at(name.span)))
            }
            None => ControlFlow::Continue(()),
        }
    }
}

/// `INTERVAL '1' DAY` again, of the call that was made of it.
fn interval(list: &mut FunctionArgumentList) -> Result<Expr, String> {
    let mut parts = list.args.iter_mut().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(v))) => v.value.clone().into_string().unwrap_or_default(),
        _ => String::new(),
    });
    let (value, unit) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let leading_field = match unit.as_str() {
        "second" => DateTimeField::Second,
        "minute" => DateTimeField::Minute,
        "hour" => DateTimeField::Hour,
        "day" => DateTimeField::Day,
        "month" => DateTimeField::Month,
        "year" => DateTimeField::Year,
        _ => return Err("NOT_SUPPORTED: line 1:1: windtunnel does not run window frames over such intervals yet".into()),
    };
    Ok(Expr::Interval(Interval {
        value: Box::new(super::rewrite::text(&value)),
        leading_field: Some(leading_field),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }))
}
