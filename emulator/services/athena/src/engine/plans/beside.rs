//! Subqueries where the engine takes none: what aggregates, groups and orders ask of them is computed for each row below, as a column beside the
//! others.

use super::listed;
use datafusion::{
    common::{
        Column, Result,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, expr_rewriter::NamePreserver},
};
use std::sync::Arc;

/// A plan that gets more columns.
pub(super) struct Beside(LogicalPlan);

impl Beside {
    pub(super) fn of(plan: LogicalPlan) -> Beside {
        Beside(plan)
    }
    /// A column with the value of an expression over those that are there.
    pub(super) fn put(&mut self, value: Expr) -> Result<Column> {
        let plan = std::mem::take(&mut self.0);
        let name = format!("$beside_{}", plan.schema().fields().len());
        let own = plan.schema().columns().into_iter().map(Expr::Column);
        let all = own.chain([value.alias(&name)]).collect();
        self.0 = listed::node(LogicalPlan::Projection(Projection::try_new(all, Arc::new(plan))?))?.data;
        Ok(Column::from_name(name))
    }
    pub(super) fn schema(&self) -> &datafusion::common::DFSchema {
        self.0.schema()
    }
    pub(super) fn plan(self) -> LogicalPlan {
        self.0
    }
}

/// Whether an expression is a subquery that only conditions and SELECT lists may have.
fn asks(expr: &Expr) -> bool {
    match expr {
        Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => true,
        Expr::ScalarSubquery(subquery) => !subquery.outer_ref_columns.is_empty(),
        _ => false,
    }
}

/// Whether an expression has a subquery in it.
pub(super) fn holds(expr: &Expr) -> bool {
    let is = |e: &Expr| matches!(e, Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) | Expr::ScalarSubquery(_));
    expr.exists(|e| Ok(is(e))).unwrap_or(true)
}

/// The expressions of a node.
pub(super) fn expressions(node: &LogicalPlan) -> Result<Vec<Expr>> {
    let mut all = Vec::new();
    node.apply_expressions(|e| {
        all.push(e.clone());
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(all)
}

/// An aggregate, a window or an order without such subqueries.
pub(super) fn below(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let keeps = matches!(node, LogicalPlan::Sort(_) | LogicalPlan::Window(_));
    let found = |e: &Expr| e.exists(|e| Ok(asks(e))).unwrap_or(false);
    if !(keeps || matches!(node, LogicalPlan::Aggregate(_))) || !expressions(&node)?.iter().any(found) {
        return Ok(Transformed::no(node));
    }
    let columns = node.schema().columns();
    let Some(input) = node.inputs().first().map(|input| (*input).clone()) else { return Ok(Transformed::no(node)) };
    let (names, mut more) = (NamePreserver::new(&node), Beside::of(input));
    let is_sort = matches!(node, LogicalPlan::Sort(_));
    let made = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let made = expr.transform_down(|e| match asks(&e) {
            true => Ok(Transformed::new(Expr::Column(more.put(e)?), true, TreeNodeRecursion::Jump)),
            false => Ok(Transformed::no(e)),
        })?;
        Ok(if is_sort { made } else { made.update_data(|e| name.restore(e)) })
    })?;
    let all = expressions(&made.data)?;
    let made = made.data.with_new_exprs(all, vec![more.plan()])?.recompute_schema()?;
    Ok(Transformed::yes(match keeps {
        true => LogicalPlanBuilder::from(made).project(columns.into_iter().map(Expr::Column))?.build()?,
        false => made,
    }))
}
