//! EXISTS, IN and comparisons with ANY and ALL. In SELECT lists they become counts, which know NULL; in conditions NOT IN does where the engine's
//! own plan takes NULL for no.

use super::beside::{Beside, expressions, holds};
use datafusion::{
    common::{
        Column, DFSchema, ExprSchema, Result, ScalarValue,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::expr_fn::{count, max, min},
    logical_expr::{
        BinaryExpr, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr,
        expr::{Exists, InSubquery, SetComparison, SetQuantifier},
        expr_rewriter::NamePreserver,
        lit, not_exists, scalar_subquery,
        utils::{conjunction, split_conjunction_owned},
        when,
    },
};
use std::sync::Arc;

/// The column of a subquery that a value is compared with: by a name that the query around has not, be they of the same table.
const ITEM: &str = "$item";

/// A node none of whose expressions asks whether there are such rows.
pub(super) fn counted(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    let Some(input) = node.inputs().first().map(|input| (*input).clone()) else { return Ok(Transformed::no(node)) };
    let mut more = Beside::of(input);
    let done = node.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(valued(expr, &mut more)?.update_data(|e| name.restore(e)))
    })?;
    if !done.transformed {
        return Ok(done);
    }
    let all = expressions(&done.data)?;
    Ok(Transformed::yes(done.data.with_new_exprs(all, vec![more.plan()])?.recompute_schema()?))
}

/// An expression whose subqueries are counts.
fn valued(expr: Expr, more: &mut Beside) -> Result<Transformed<Expr>> {
    expr.transform_up(|e| {
        Ok(match e {
            Expr::Exists(Exists { subquery, negated }) => {
                let found = rows(&subquery)?.gt(lit(0i64));
                Transformed::yes(if negated { !found } else { found })
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let found = any(*expr, &subquery, Operator::Eq, more)?;
                Transformed::yes(if negated { !found } else { found })
            }
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => match (op, quantifier) {
                (op, SetQuantifier::Any) => Transformed::yes(any(*expr, &subquery, op, more)?),
                // All are so where none is otherwise.
                (op, SetQuantifier::All) => match op.negate() {
                    Some(other) => Transformed::yes(!any(*expr, &subquery, other, more)?),
                    None => Transformed::no(Expr::SetComparison(SetComparison { expr, subquery, op, quantifier })),
                },
            },
            other => Transformed::no(other),
        })
    })
}

/// How many rows a subquery has.
fn rows(subquery: &Subquery) -> Result<Expr> {
    value(LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()), count(lit(1i64)))
}

fn value(rows: LogicalPlanBuilder, aggregate: Expr) -> Result<Expr> {
    Ok(scalar_subquery(Arc::new(rows.aggregate(Vec::<Expr>::new(), vec![aggregate])?.build()?)))
}

/// The rows of a subquery, each its [`ITEM`].
fn items(subquery: &Subquery) -> Result<LogicalPlanBuilder> {
    let column = subquery.subquery.schema().columns()[0].clone();
    LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()).project(vec![Expr::Column(column).alias(ITEM)])
}

/// `x < ANY (...)`: NULL where it is true of none but may be of a NULL.
fn any(x: Expr, subquery: &Subquery, op: Operator, more: &mut Beside) -> Result<Expr> {
    let x = if holds(&x) { Expr::Column(more.put(x)?) } else { x };
    let item = || Expr::Column(Column::from_name(ITEM));
    let found = match op {
        Operator::Lt | Operator::LtEq => binary_expr(x.clone(), op, value(items(subquery)?, max(item()))?),
        Operator::Gt | Operator::GtEq => binary_expr(x.clone(), op, value(items(subquery)?, min(item()))?),
        _ => {
            let of = if is_constant(&x) { x.clone() } else { outer(x.clone(), more.schema())? };
            value(items(subquery)?.filter(binary_expr(item(), op, of))?, count(lit(1i64)))?.gt(lit(0i64))
        }
    };
    let nulls = value(items(subquery)?.filter(item().is_null())?, count(lit(1i64)))?.gt(lit(0i64));
    let unknown = nulls.or(x.is_null().and(rows(subquery)?.gt(lit(0i64))));
    when(found, lit(true)).when(unknown, lit(ScalarValue::Boolean(None))).otherwise(lit(false))
}

fn is_constant(x: &Expr) -> bool {
    !x.any_column_refs() && !x.contains_outer()
}

/// An expression of the query around, inside of the subquery.
fn outer(x: Expr, schema: &DFSchema) -> Result<Expr> {
    let made = x.transform(|e| {
        Ok(match e {
            Expr::Column(column) => {
                let field = schema.field_from_column(&column)?.clone();
                Transformed::yes(Expr::OuterReferenceColumn(field, column))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(made.data)
}

/// A filter whose NOT IN knows NULL. The engine's own does where it stands among conditions that are all asked, and nothing of its subquery is
/// told by the query around.
pub(super) fn conditions(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Filter(Filter { predicate, input, .. }) = &node else { return Ok(Transformed::no(node)) };
    let known = |e: &Expr| match e {
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) => {
            matches!(**expr, Expr::Column(_)) && subquery.outer_ref_columns.is_empty()
        }
        Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_) => true,
        e => !e.exists(|e| Ok(matches!(e, Expr::InSubquery(_)))).unwrap_or(true),
    };
    let plain = |e: Expr| match e {
        Expr::Not(e) => match *e {
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => Expr::InSubquery(InSubquery { expr, subquery, negated: !negated }),
            e => !e,
        },
        e => e,
    };
    let all: Vec<Expr> = split_conjunction_owned(predicate.clone()).into_iter().map(plain).collect();
    if all.iter().all(known) {
        return Ok(Transformed::no(node));
    }
    let own = input.schema().columns();
    let mut more = Beside::of(input.as_ref().clone());
    let one = |e: Expr| match e {
        e if known(&e) => Ok(e),
        // Of a column the engine's plan is right, of a constant it isn't.
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) if subquery.outer_ref_columns.is_empty() => {
            Ok(Expr::InSubquery(InSubquery { expr: Box::new(Expr::Column(more.put(*expr)?)), subquery, negated: true }))
        }
        e => truth(e, &mut more),
    };
    let all = all.into_iter().map(one).collect::<Result<Vec<_>>>()?;
    let predicate = conjunction(all).unwrap_or(lit(true));
    let made = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(more.plan()))?);
    let made = match made.schema().fields().len() == own.len() {
        true => made,
        false => LogicalPlanBuilder::from(made).project(own.into_iter().map(Expr::Column))?.build()?,
    };
    Ok(Transformed::yes(made))
}

/// A condition of which it matters only whether it is true.
fn truth(expr: Expr, more: &mut Beside) -> Result<Expr> {
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            binary_expr(truth(*left, more)?, op, truth(*right, more)?)
        }
        Expr::Not(inner) => match *inner {
            Expr::Not(inner) => truth(*inner, more)?,
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                truth(Expr::InSubquery(InSubquery { expr, subquery, negated: !negated }), more)?
            }
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let other = if op == Operator::And { Operator::Or } else { Operator::And };
                binary_expr(truth(!*left, more)?, other, truth(!*right, more)?)
            }
            inner => valued(!inner, more)?.data,
        },
        Expr::InSubquery(InSubquery { expr, subquery, negated: true }) if !subquery.outer_ref_columns.is_empty() => {
            let x = if holds(&expr) { Expr::Column(more.put(*expr)?) } else { *expr };
            let x = if is_constant(&x) { x } else { outer(x, more.schema())? };
            let item = Expr::Column(Column::from_name(ITEM));
            not_exists(Arc::new(items(&subquery)?.filter(item.eq(x).is_not_false())?.build()?))
        }
        expr @ (Expr::Exists(_) | Expr::SetComparison(_) | Expr::InSubquery(InSubquery { negated: false, .. })) => expr,
        expr => valued(expr, more)?.data,
    })
}
