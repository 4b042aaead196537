//! AND and OR from left to right: what can fail is computed only for rows that the rest leaves, as Trino does it. `b <> 0 AND a / b > 1` becomes
//! `b <> 0 AND CASE WHEN b <> 0 IS NOT FALSE THEN a / b > 1 ELSE false END`. It is done behind the engine's rules, so that they see and push
//! down what was written.

use crate::engine::trino;
use datafusion::{
    common::{
        Result,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        BinaryExpr, Case, Expr, LogicalPlan, Operator,
        expr_rewriter::NamePreserver,
        lit,
        utils::{conjunction, disjunction, split_binary_owned},
    },
};

/// Functions that give a value for all of theirs.
const CALM: &[&str] = &[
    "lower",
    "upper",
    "length",
    "trim",
    "ltrim",
    "rtrim",
    "substr",
    "substring",
    "strpos",
    "replace",
    "concat",
    "$concat",
    "$field",
    "$row",
    "$timestamp",
    "$interval",
    "starts_with",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "cardinality",
    "contains",
    "json_extract_scalar",
];

/// Whether an expression can fail for a row.
pub(crate) fn raises(expr: &Expr) -> bool {
    let found = expr.exists(|e| {
        Ok(match e {
            Expr::ScalarFunction(call) => {
                let name = call.name();
                !name.starts_with("try$") && !CALM.contains(&name) && trino::functions::ALL.contains_key(name)
            }
            Expr::HigherOrderFunction(_) => true,
            _ => false,
        })
    });
    found.unwrap_or(true)
}

/// The plan with its conditions guarded.
pub(crate) fn guarded(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| {
        if !matches!(node, LogicalPlan::Filter(_) | LogicalPlan::Join(_) | LogicalPlan::Projection(_)) {
            return Ok(Transformed::no(node));
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            if !raises(&expr) {
                return Ok(Transformed::no(expr));
            }
            let name = names.save(&expr);
            Ok(expr.transform_up(|e| Ok(guard(e)))?.update_data(|e| name.restore(e)))
        })
    });
    done.map(|done| done.data)
}

fn guard(expr: Expr) -> Transformed<Expr> {
    let op = match &expr {
        Expr::BinaryExpr(BinaryExpr { op: op @ (Operator::And | Operator::Or), .. }) => *op,
        _ => return Transformed::no(expr),
    };
    if !raises(&expr) {
        return Transformed::no(expr);
    }
    let together = |parts: Vec<Expr>| if op == Operator::And { conjunction(parts) } else { disjunction(parts) };
    let (wild, mut done): (Vec<Expr>, Vec<Expr>) =
        split_binary_owned(expr, op).into_iter().partition(|part| raises(part) && !is_guarded(part));
    for part in wild {
        let part = match together(done.clone()) {
            None => part,
            Some(before) if op == Operator::And => case(Expr::IsNotFalse(Box::new(before)), part, false),
            Some(before) => case(Expr::IsNotTrue(Box::new(before)), part, true),
        };
        done.push(part);
    }
    together(done).map_or_else(|| Transformed::yes(lit(op == Operator::And)), Transformed::yes)
}

fn case(when: Expr, then: Expr, otherwise: bool) -> Expr {
    Expr::Case(Case { expr: None, when_then_expr: vec![(Box::new(when), Box::new(then))], else_expr: Some(Box::new(lit(otherwise))) })
}

/// Whether an expression has its guard already.
fn is_guarded(expr: &Expr) -> bool {
    let Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(_) }) = expr else { return false };
    matches!(when_then_expr.as_slice(), [(when, _)] if matches!(**when, Expr::IsNotFalse(_) | Expr::IsNotTrue(_)))
}
