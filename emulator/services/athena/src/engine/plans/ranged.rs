//! Values of subqueries that are not told by an equality: `(SELECT max(v) FROM u WHERE u.k < t.k)` becomes a join whose rows are put together again.

use datafusion::{
    common::{
        Column, JoinType, Result,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    functions_window::expr_fn::row_number,
    logical_expr::{
        BinaryExpr, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Subquery,
        expr::AggregateFunction,
        expr_rewriter::NamePreserver,
        lit,
        utils::{conjunction, split_conjunction_owned},
    },
};
use std::sync::Arc;

/// `(SELECT max(v) FROM u WHERE u.k < t.k)`: each row of the query with those of `u` that it means, put together by the row's number.
pub(super) fn ranged(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let (mut input, expressions) = match &node {
        LogicalPlan::Projection(p) => (p.input.as_ref().clone(), p.expr.clone()),
        LogicalPlan::Filter(f) => (f.input.as_ref().clone(), vec![f.predicate.clone()]),
        _ => return Ok(Transformed::no(node)),
    };
    let before = input.schema().columns();
    let mut made = Vec::new();
    let names = NamePreserver::new(&node);
    for expression in expressions {
        let name = names.save(&expression);
        let new = expression.transform_down(|e| {
            let Expr::ScalarSubquery(subquery) = &e else { return Ok(Transformed::no(e)) };
            let Some(shape) = Shape::of(subquery)? else { return Ok(Transformed::no(e)) };
            let Some((plan, column)) = shape.joined(&input, &format!("$ranged_{}", input.schema().fields().len()))? else {
                return Ok(Transformed::no(e));
            };
            input = plan;
            Ok(Transformed::new(Expr::Column(column), true, TreeNodeRecursion::Jump))
        })?;
        made.push(new.update_data(|e| name.restore(e)));
    }
    if !made.iter().any(|m| m.transformed) {
        return Ok(Transformed::no(node));
    }
    let mut made: Vec<Expr> = made.into_iter().map(|m| m.data).collect();
    let plan = match node {
        LogicalPlan::Filter(_) => {
            let filtered = LogicalPlan::Filter(Filter::try_new(made.remove(0), Arc::new(input))?);
            LogicalPlanBuilder::from(filtered).project(before.into_iter().map(Expr::Column))?.build()?
        }
        _ => LogicalPlan::Projection(Projection::try_new(made, Arc::new(input))?),
    };
    Ok(Transformed::yes(plan))
}

/// A subquery that is one value: an aggregate of rows that a condition with the query around takes.
struct Shape {
    /// What is made of the aggregate's columns.
    value: Expr,
    aggregates: Vec<Expr>,
    rows: LogicalPlan,
    condition: Expr,
}

impl Shape {
    /// `None` where the engine has a plan, or we have none either.
    fn of(subquery: &Subquery) -> Result<Option<Shape>> {
        let mut plan = subquery.subquery.as_ref();
        let mut value = None;
        if let LogicalPlan::Projection(p) = plan
            && let [one] = p.expr.as_slice()
        {
            value = Some(one.clone());
            plan = &p.input;
        }
        let LogicalPlan::Aggregate(aggregate) = plan else { return Ok(None) };
        let mut rows = aggregate.input.as_ref();
        // Under the names that they have behind the join.
        let mut aggregates: Vec<Expr> = aggregate.aggr_expr.iter().map(|a| a.clone().alias(a.schema_name().to_string())).collect();
        let mut conditions = Vec::new();
        while !rows.all_out_ref_exprs().is_empty() {
            rows = match rows {
                LogicalPlan::Filter(filter) => {
                    conditions.extend(split_conjunction_owned(filter.predicate.clone()));
                    &filter.input
                }
                LogicalPlan::Projection(p) if !p.expr.iter().any(Expr::contains_outer) => {
                    for expr in aggregates.iter_mut().chain(&mut conditions) {
                        *expr = below(expr.clone(), p)?;
                    }
                    &p.input
                }
                _ => return Ok(None),
            };
        }
        let (with, without): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(Expr::contains_outer);
        if !aggregate.group_expr.is_empty() || with.iter().all(is_key) {
            return Ok(None);
        }
        let mut rows = LogicalPlanBuilder::from(rows.clone());
        if let Some(own) = conjunction(without) {
            rows = rows.filter(own)?;
        }
        let Some(condition) = conjunction(with) else { return Ok(None) };
        let inner = condition.transform(|e| {
            Ok(match e {
                Expr::OuterReferenceColumn(_, column) => Transformed::yes(Expr::Column(column)),
                other => Transformed::no(other),
            })
        })?;
        let value = value.unwrap_or_else(|| Expr::Column(aggregate.schema.columns()[0].clone()));
        Ok(Some(Shape { value, aggregates, rows: rows.build()?, condition: inner.data }))
    }

    /// The rows of a query, each with the subquery's value beside it.
    fn joined(&self, input: &LogicalPlan, name: &str) -> Result<Option<(LogicalPlan, Column)>> {
        let own = input.schema().columns();
        let theirs = self.rows.schema().columns();
        // Outer columns that are not of this query, or that a column of the subquery would hide.
        if self.condition.column_refs().iter().any(|c| !own.contains(c) && !theirs.contains(c)) || own.iter().any(|c| theirs.contains(c)) {
            return Ok(None);
        }
        let (row, hit) = (format!("{name}_row"), format!("{name}_hit"));
        let numbered = LogicalPlanBuilder::from(input.clone()).window(vec![row_number().alias(&row)])?.build()?;
        let hits = theirs.into_iter().map(Expr::Column).chain([lit(true).alias(&hit)]);
        let right = LogicalPlanBuilder::from(self.rows.clone()).project(hits)?.build()?;
        let groups: Vec<Expr> = numbered.schema().columns().into_iter().map(Expr::Column).collect();
        let aggregates: Vec<Expr> = self.aggregates.iter().map(|a| of_hits(a.clone(), &hit)).collect::<Result<_>>()?;
        let together =
            LogicalPlanBuilder::from(numbered).join_on(right, JoinType::Left, [self.condition.clone()])?.aggregate(groups, aggregates)?;
        let columns = own.into_iter().map(Expr::Column).chain([self.value.clone().unalias().alias(name)]);
        Ok(Some((together.project(columns)?.build()?, Column::from_name(name))))
    }
}

/// An expression over a projection's columns as one over what it reads.
fn below(expr: Expr, projection: &Projection) -> Result<Expr> {
    let columns = projection.schema.columns();
    let made = expr.transform_up(|e| {
        let at = if let Expr::Column(column) = &e { columns.iter().position(|c| c == column) } else { None };
        Ok(match at {
            Some(at) => Transformed::yes(projection.expr[at].clone().unalias()),
            None => Transformed::no(e),
        })
    })?;
    Ok(made.data)
}

/// Whether a condition says of a column what it equals: by such ones the engine groups the rows.
fn is_key(condition: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return false };
    let key = |a: &Expr, b: &Expr| matches!(a, Expr::Column(_)) && !b.any_column_refs();
    key(left, right) || key(right, left)
}

/// An aggregate of the rows that the join found.
fn of_hits(aggregate: Expr, hit: &str) -> Result<Expr> {
    let made = aggregate.transform_down(|e| {
        let Expr::AggregateFunction(AggregateFunction { func, mut params }) = e else { return Ok(Transformed::no(e)) };
        let hit = Expr::Column(Column::from_name(hit)).is_true();
        params.filter = Some(Box::new(match params.filter.take() {
            Some(own) => hit.and(*own),
            None => hit,
        }));
        Ok(Transformed::new(Expr::AggregateFunction(AggregateFunction { func, params }), true, TreeNodeRecursion::Jump))
    })?;
    Ok(made.data)
}
