//! JOIN ... USING, planned as Trino means it: the columns of both sides are one, which stands first and has the value of the side that has one.

use crate::engine::trino::udf::fail;
use datafusion::{
    common::{Column, JoinType, Result},
    functions::core::expr_fn::coalesce,
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::sqlparser::ast::{Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableFactor, TableWithJoins},
};

/// Plans the brackets that end with a join by USING.
#[derive(Debug)]
pub(crate) struct Usings;

/// A join by USING: its kind, and the columns' names.
pub(super) fn using(operator: &JoinOperator) -> Option<(JoinType, &[ObjectName])> {
    use JoinOperator::*;
    let (kind, constraint) = match operator {
        Join(c) | Inner(c) => (JoinType::Inner, c),
        Left(c) | LeftOuter(c) => (JoinType::Left, c),
        Right(c) | RightOuter(c) => (JoinType::Right, c),
        FullOuter(c) => (JoinType::Full, c),
        _ => return None,
    };
    if let JoinConstraint::Using(names) = constraint { Some((kind, names)) } else { None }
}

impl RelationPlanner for Usings {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        let original = |relation| Ok(RelationPlanning::Original(Box::new(relation)));
        let TableFactor::NestedJoin { table_with_joins, alias: None } = relation else { return original(relation) };
        let TableWithJoins { relation: first, mut joins } = *table_with_joins;
        let Some(Join { relation, join_operator, .. }) = joins.pop_if(|join| using(&join.join_operator).is_some()) else {
            let table_with_joins = Box::new(TableWithJoins { relation: first, joins });
            return original(TableFactor::NestedJoin { table_with_joins, alias: None });
        };
        let before = match joins.is_empty() {
            true => first,
            false => TableFactor::NestedJoin { table_with_joins: Box::new(TableWithJoins { relation: first, joins }), alias: None },
        };
        let (left, right) = (context.plan(before)?, context.plan(relation)?);
        let Some((kind, names)) = using(&join_operator) else { unreachable!("it was looked at") };
        let names = names.iter().filter_map(|n| n.0.last().and_then(ObjectNamePart::as_ident)).cloned();
        let names: Vec<String> = names.map(|n| context.normalize_ident(n)).collect();
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(joined(left, right, kind, &names)?, None))))
    }
}

fn joined(left: LogicalPlan, right: LogicalPlan, kind: JoinType, names: &[String]) -> Result<LogicalPlan> {
    let keys = |plan: &LogicalPlan, side: &str| names.iter().map(|name| key(plan, name, side)).collect::<Result<Vec<Column>>>();
    let (ours, theirs) = (keys(&left, "left")?, keys(&right, "right")?);
    let merged = ours.iter().zip(&theirs).map(|(l, r)| {
        let value = match kind {
            JoinType::Right => Expr::Column(r.clone()),
            JoinType::Full => coalesce(vec![Expr::Column(l.clone()), Expr::Column(r.clone())]),
            _ => return Expr::Column(l.clone()),
        };
        value.alias_qualified(l.relation.clone(), l.name())
    });
    let rest = left.schema().columns().into_iter().chain(right.schema().columns());
    let rest = rest.filter(|c| !ours.contains(c) && !theirs.contains(c)).map(Expr::Column);
    let columns: Vec<Expr> = merged.chain(rest).collect();
    LogicalPlanBuilder::from(left).join(right, kind, (ours.clone(), theirs.clone()), None)?.project(columns)?.build()
}

/// The column of a side that a name means.
fn key(plan: &LogicalPlan, name: &str, side: &str) -> Result<Column> {
    match plan.schema().columns_with_unqualified_name(name).as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(fail(format!("COLUMN_NOT_FOUND: {{}}: Column '{name}' is missing from {side} side of join"))),
        _ => Err(fail(format!("AMBIGUOUS_NAME: {{}}: Column '{name}' is ambiguous"))),
    }
}
