//! Subqueries and set operations where the engine has no plan for them, or one that answers otherwise than Trino. On plans as they are written,
//! before any rule.

use super::{beside, many, ranged::ranged, single};
use datafusion::{
    common::{Column, Result, tree_node::Transformed},
    functions_window::expr_fn::row_number,
    logical_expr::{Expr, ExprFunctionExt, Join, JoinType, LogicalPlan, LogicalPlanBuilder},
};
use std::sync::Arc;

/// The plan with them.
pub(super) fn rewritten(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(plan.transform_up_with_subqueries(node)?.data)
}

/// One node, of which all that is below it is done already.
pub(super) fn node(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let node = match node {
        LogicalPlan::Join(join) if is_all(&join) => Transformed::yes(numbered(join)?),
        node => Transformed::no(node),
    };
    let node = node.transform_data(single::values)?.transform_data(beside::below)?;
    let node = match node.data {
        LogicalPlan::Filter(_) => node.transform_data(many::conditions)?,
        LogicalPlan::Join(_) => node,
        _ => node.transform_data(many::counted)?,
    };
    node.transform_data(ranged)
}

/// EXCEPT ALL and INTERSECT ALL as the engine plans them: as if one row there answered for all here. Without ALL the left side is DISTINCT.
fn is_all(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftAnti | JoinType::LeftSemi)
        && join.null_equality == datafusion::common::NullEquality::NullEqualsNull
        && join.filter.is_none()
        && join.on.len() == join.left.schema().fields().len()
        && !matches!(*join.left, LogicalPlan::Distinct(_))
}

/// Equal rows are numbered on both sides: the n-th here meets the n-th there.
fn numbered(join: Join) -> Result<LogicalPlan> {
    const NTH: &str = "$nth";
    let side = |plan: Arc<LogicalPlan>| {
        let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let nth = row_number().partition_by(columns).build()?.alias(NTH);
        LogicalPlanBuilder::from(Arc::unwrap_or_clone(plan)).window(vec![nth])?.build()
    };
    let own = join.left.schema().columns();
    let there = join.right.schema().columns();
    let (left, right) = (side(join.left)?, side(join.right)?);
    let nth = || Column::from_name(NTH);
    let on = (own.iter().cloned().chain([nth()]).collect::<Vec<_>>(), there.into_iter().chain([nth()]).collect::<Vec<_>>());
    LogicalPlanBuilder::from(left)
        .join_detailed(right, join.join_type, on, None, join.null_equality)?
        .project(own.into_iter().map(Expr::Column))?
        .build()
}
