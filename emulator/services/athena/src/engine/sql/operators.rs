//! Operators whose Trino meaning is not the engine's: checked whole numbers, decimal division, intervals, `||`.

use crate::engine::trino::ty::Ty;
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

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
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
