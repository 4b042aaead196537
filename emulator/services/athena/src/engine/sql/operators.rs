//! Operators whose Trino meaning is not the engine's: checked whole numbers, decimal division, intervals, `||`.

use crate::engine::trino::{ty::Ty, udf::fail};
use datafusion::{
    common::{DFSchema, Result},
    logical_expr::{
        Expr, ExprSchemable, ScalarUDF,
        expr::ScalarFunction,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
    },
    sql::sqlparser::ast::BinaryOperator,
};
use std::{collections::HashMap, sync::Arc};

/// Plans operators as functions of ours where the engine's own would answer otherwise.
#[derive(Debug)]
pub(crate) struct Operators(HashMap<String, Arc<ScalarUDF>>);

impl Operators {
    pub(crate) fn new(functions: &[Arc<ScalarUDF>]) -> Operators {
        Operators(functions.iter().filter(|f| f.name().starts_with('$')).map(|f| (f.name().to_owned(), f.clone())).collect())
    }
}

/// Kinds of values that Trino compares with their like alone, where the engine would cast one to the other.
pub(crate) fn kind(ty: &Ty) -> Option<u8> {
    match ty {
        ty if ty.is_numeric() => Some(1),
        ty if ty.is_text() => Some(2),
        Ty::Boolean => Some(3),
        Ty::Date | Ty::Timestamp(_) | Ty::TimestampTz(_) => Some(4),
        Ty::Varbinary => Some(5),
        Ty::Time => Some(6),
        Ty::Interval => Some(7),
        _ => None,
    }
}

/// Refuses to compare a text with a number, a date with a text and their like.
fn comparable(expr: &RawBinaryExpr, schema: &DFSchema) -> Result<()> {
    let ty = |e: &Expr| e.to_field(schema).map(|(_, f)| Ty::of(&f));
    let (left, right) = (ty(&expr.left)?, ty(&expr.right)?);
    if kind(&left).zip(kind(&right)).is_none_or(|(a, b)| a == b) {
        return Ok(());
    }
    // A text that is written out has the type of its length.
    let shown = |e: &Expr, ty: &Ty| match e {
        Expr::Literal(value, _) => value.try_as_str().flatten().map_or(ty.to_string(), |t| format!("varchar({})", t.chars().count())),
        _ => ty.to_string(),
    };
    let place = match &expr.left {
        Expr::Column(column) => column.spans.first().map(|s| format!("line {}:{}", s.start.line, s.start.column)),
        _ => None,
    };
    Err(fail(format!(
        "TYPE_MISMATCH: {}: Cannot apply operator: {} {} {}",
        place.unwrap_or_else(|| "{}".into()),
        shown(&expr.left, &left),
        expr.op,
        shown(&expr.right, &right)
    )))
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if let BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::Lt
        | BinaryOperator::LtEq
        | BinaryOperator::Gt
        | BinaryOperator::GtEq = expr.op
        {
            comparable(&expr, schema)?;
        }
        let name = match expr.op {
            BinaryOperator::Plus => "$add",
            BinaryOperator::Minus => "$subtract",
            BinaryOperator::Multiply => "$multiply",
            BinaryOperator::Divide => "$divide",
            BinaryOperator::Modulo => "$modulus",
            BinaryOperator::StringConcat => "$concat",
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let ty = |e: &Expr| e.to_field(schema).map(|(_, f)| Ty::of(&f));
        let (left, right) = (ty(&expr.left)?, ty(&expr.right)?);
        // The engine's kernels give what Trino gives for these, and faster.
        let double = |t: &Ty| matches!(t, Ty::Double | Ty::Real);
        let exact = |t: &Ty| matches!(t, Ty::Decimal(..));
        let native =
            (double(&left) && double(&right)) || (exact(&left) && exact(&right) && matches!(name, "$add" | "$subtract" | "$multiply"));
        match self.0.get(name) {
            Some(function) if !native => {
                let call = ScalarFunction::new_udf(function.clone(), vec![expr.left, expr.right]);
                Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
            }
            _ => Ok(PlannerResult::Original(expr)),
        }
    }
}
