//! Chances stay where they were asked for: `FROM t CROSS JOIN UNNEST(a) WHERE random() < 0.25` is of each element, while the engine would ask for
//! each row of `t`, since the condition names no element. It gets the name of one.

use datafusion::{
    arrow::datatypes::DataType,
    common::{Column, DataFusionError, Result, tree_node::Transformed},
    logical_expr::{
        ColumnarValue, Expr, Filter, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
        expr::ScalarFunction,
        utils::{conjunction, split_conjunction_owned},
    },
};
use std::sync::{Arc, LazyLock};

static HELD: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(Held { signature: Signature::variadic_any(Volatility::Volatile) })));

/// The plan with such conditions held.
pub(super) fn held(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Filter(filter) = node else { return Ok(Transformed::no(node)) };
        if !filter.predicate.is_volatile() {
            return Ok(Transformed::no(LogicalPlan::Filter(filter)));
        }
        let Some(element) = element(&filter.input) else { return Ok(Transformed::no(LogicalPlan::Filter(filter))) };
        let hold = |e: Expr| match e.is_volatile() {
            true => Expr::ScalarFunction(ScalarFunction::new_udf(HELD.clone(), vec![e, Expr::Column(element.clone())])),
            false => e,
        };
        let all = split_conjunction_owned(filter.predicate.clone()).into_iter().map(hold);
        let predicate = conjunction(all).unwrap_or(filter.predicate);
        Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, filter.input)?)))
    })?;
    Ok(done.data)
}

/// A column of a plan that holds elements of arrays.
fn element(plan: &LogicalPlan) -> Option<Column> {
    match plan {
        LogicalPlan::Unnest(unnest) => unnest.list_type_columns.first().map(|(_, list)| list.output_column.clone()),
        LogicalPlan::Projection(projection) => {
            let below = element(&projection.input)?;
            let at = projection.expr.iter().position(|e| e.column_refs().contains(&below))?;
            projection.schema.columns().into_iter().nth(at)
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let below = element(&alias.input)?;
            let at = alias.input.schema().columns().iter().position(|c| *c == below)?;
            alias.schema.columns().into_iter().nth(at)
        }
        LogicalPlan::Filter(filter) => element(&filter.input),
        LogicalPlan::Join(join) => element(&join.left).or_else(|| element(&join.right)),
        _ => None,
    }
}

/// Its first argument, whatever the others are.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Held {
    signature: Signature,
}

impl ScalarUDFImpl for Held {
    fn name(&self) -> &str {
        "$held"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(|| DataFusionError::Internal("no condition is held".into()))
    }
}
