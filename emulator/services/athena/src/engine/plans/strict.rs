//! What Trino refuses to bring to one type, where the engine would: values of another kind in IN, BETWEEN, CASE, COALESCE, UNION and USING.

use crate::engine::{
    sql::kind,
    trino::{ty::Ty, udf::fail},
};
use datafusion::{
    common::{
        DFSchema, Result,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Between, Case, Expr, ExprSchemable, LogicalPlan,
        expr::{InList, InSubquery},
    },
};
use std::sync::Arc;

/// Refuses a plan with such values.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Union(union) = node {
            columns(&union.inputs)?;
        }
        let Some(schema) = schema(node)? else { return Ok(TreeNodeRecursion::Continue) };
        node.apply_expressions(|expr| {
            expr.apply(|e| {
                expression(e, &schema)?;
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        if let LogicalPlan::Join(join) = node {
            for (left, right) in &join.on {
                let types = [typed(left, &schema), typed(right, &schema)];
                if let [Some((a, _)), Some((b, _))] = &types
                    && differ(a, b)
                {
                    return Err(fail(format!("TYPE_MISMATCH: {{}}: Cannot apply operator: {a} = {b}")));
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// What a node's expressions speak of.
fn schema(node: &LogicalPlan) -> Result<Option<DFSchema>> {
    Ok(match node.inputs().as_slice() {
        [] => None,
        [one] => Some(one.schema().as_ref().clone()),
        [left, right] => left.schema().join(right.schema()).ok(),
        _ => None,
    })
}

/// The type of an expression, and its name in messages: a text that is written out has the type of its length.
fn typed(expr: &Expr, schema: &DFSchema) -> Option<(Ty, String)> {
    let ty = Ty::of(&expr.to_field(schema).ok()?.1);
    let shown = match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(|t| format!("varchar({})", t.chars().count())),
        _ => None,
    };
    Some((ty.clone(), shown.unwrap_or_else(|| ty.to_string())))
}

fn differ(a: &Ty, b: &Ty) -> bool {
    kind(a).zip(kind(b)).is_some_and(|(a, b)| a != b)
}

fn expression(expr: &Expr, schema: &DFSchema) -> Result<()> {
    match expr {
        Expr::InList(InList { expr, list, .. }) => alike("IN value and list items", std::iter::once(&**expr).chain(list), schema),
        Expr::Case(Case { when_then_expr, else_expr, .. }) => {
            let results = when_then_expr.iter().map(|(_, then)| &**then).chain(else_expr.as_deref());
            alike("All CASE results", results, schema)
        }
        Expr::ScalarFunction(call) if call.name() == "coalesce" => alike("All COALESCE operands", call.args.iter(), schema),
        Expr::InSubquery(InSubquery { expr, subquery, .. }) => {
            let found = subquery.subquery.schema().fields().first().map(|f| Ty::of(f));
            match (typed(expr, schema), found) {
                (Some((x, shown)), Some(found)) if differ(&x, &found) => Err(fail(format!(
                    "TYPE_MISMATCH: {{}}: value and result of subquery must be of the same type for IN expression: {shown} vs {found}"
                ))),
                _ => Ok(()),
            }
        }
        Expr::Between(Between { expr, low, high, .. }) => {
            let all = [typed(expr, schema), typed(low, schema), typed(high, schema)];
            match &all {
                [Some((x, is)), Some((a, from)), Some((b, to))] if differ(x, a) || differ(x, b) => {
                    Err(fail(format!("TYPE_MISMATCH: {{}}: Cannot check if {is} is BETWEEN {from} and {to}")))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn alike<'a>(what: &str, all: impl Iterator<Item = &'a Expr>, schema: &DFSchema) -> Result<()> {
    let types: Vec<(Ty, String)> = all.filter_map(|e| typed(e, schema)).filter(|(ty, _)| *ty != Ty::Unknown).collect();
    let Some((first, first_shown)) = types.first() else { return Ok(()) };
    let Some((_, other)) = types.iter().find(|(ty, _)| differ(first, ty)) else { return Ok(()) };
    let mut names: Vec<&str> = Vec::new();
    for (_, shown) in &types {
        if !names.contains(&shown.as_str()) {
            names.push(shown);
        }
    }
    Err(fail(format!(
        "TYPE_MISMATCH: {{}}: {what} must be the same type or coercible to a common type. Cannot find common type between {first_shown} and {other}, all types (without duplicates): [{}]",
        names.join(", ")
    )))
}

/// The columns of a UNION's sides.
fn columns(inputs: &[Arc<LogicalPlan>]) -> Result<()> {
    let Some((first, rest)) = inputs.split_first() else { return Ok(()) };
    for other in rest {
        for (at, (a, b)) in first.schema().fields().iter().zip(other.schema().fields()).enumerate() {
            let (a, b) = (Ty::of(a), Ty::of(b));
            if differ(&a, &b) {
                return Err(fail(format!("TYPE_MISMATCH: {{}}: column {} in UNION query has incompatible types: {a}, {b}", at + 1)));
            }
        }
    }
    Ok(())
}
