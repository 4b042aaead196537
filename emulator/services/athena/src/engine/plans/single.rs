//! A subquery that is a value: NULL without a row, an error with more than one. It becomes an aggregate, which the engine takes wherever it
//! stands, and whatever the query around tells it.

use super::super::trino::udf::fail;
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Field, FieldRef},
    },
    common::{
        Result, ScalarValue,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::first_last::first_value,
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, Expr, FetchType, Limit, LogicalPlan, LogicalPlanBuilder, Signature, SkipType,
        SortExpr, Subquery, Volatility,
        expr_rewriter::NamePreserver,
        function::{AccumulatorArgs, StateFieldsArgs},
    },
};
use std::sync::{Arc, LazyLock};

static SINGLE: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::new_from_impl(Single { signature: Signature::any(1, Volatility::Immutable) })));

/// A node whose values of subqueries are aggregates.
pub(super) fn values(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    let done = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let made = expr.transform_up(|e| match e {
            Expr::ScalarSubquery(subquery) if !is_one(&subquery.subquery) => {
                let plan = one(subquery.subquery.as_ref(), !subquery.outer_ref_columns.is_empty())?;
                Ok(Transformed::yes(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery })))
            }
            other => Ok(Transformed::no(other)),
        })?;
        Ok(made.update_data(|e| name.restore(e)))
    })?;
    if done.transformed { done.map_data(LogicalPlan::recompute_schema) } else { Ok(done) }
}

/// Whether a plan has one row, whatever it reads.
fn is_one(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_one(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one(&alias.input),
        _ => false,
    }
}

fn one(plan: &LogicalPlan, correlated: bool) -> Result<LogicalPlan> {
    let value = Expr::Column(plan.schema().columns()[0].clone());
    let (rows, aggregate) = match correlated.then(|| first(plan, value.clone())).flatten() {
        Some((rows, value, order)) => (rows, first_value(value, order)),
        None => (plan, SINGLE.call(vec![value])),
    };
    LogicalPlanBuilder::from(rows.clone()).aggregate(Vec::<Expr>::new(), vec![aggregate])?.build()
}

/// `... ORDER BY x LIMIT 1`: the rows, the value and its order. A limit would be one of all rows together.
fn first(plan: &LogicalPlan, value: Expr) -> Option<(&LogicalPlan, Expr, Vec<SortExpr>)> {
    let LogicalPlan::Limit(limit) = plan else { return None };
    if !is_of_one(limit) {
        return None;
    }
    match limit.input.as_ref() {
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => Some((&sort.input, value, sort.expr.clone())),
        // What orders the rows isn't among the columns.
        LogicalPlan::Projection(projection) => match projection.input.as_ref() {
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                Some((&sort.input, projection.expr.first()?.clone().unalias(), sort.expr.clone()))
            }
            _ => Some((&limit.input, value, Vec::new())),
        },
        rows => Some((rows, value, Vec::new())),
    }
}

fn is_of_one(limit: &Limit) -> bool {
    let none = matches!(limit.get_skip_type(), Ok(SkipType::Literal(0)));
    none && matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(1))))
}

/// The only value there is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Single {
    signature: Signature,
}

impl AggregateUDFImpl for Single {
    fn name(&self) -> &str {
        "$single"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given[0].clone())
    }
    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(given[0].as_ref().clone().with_name(self.name()).with_nullable(true)))
    }
    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let value = Field::new(format!("{}[value]", args.name), args.return_field.data_type().clone(), true);
        Ok(vec![Arc::new(value), Arc::new(Field::new(format!("{}[found]", args.name), DataType::Boolean, false))])
    }
    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Found { value: ScalarValue::try_from(args.return_field.data_type())?, found: false }))
    }
}

#[derive(Debug)]
struct Found {
    value: ScalarValue,
    found: bool,
}

impl Found {
    fn take(&mut self, values: &ArrayRef, at: usize) -> Result<()> {
        if self.found {
            return Err(fail("SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows".into()));
        }
        (self.value, self.found) = (ScalarValue::try_from_array(values, at)?, true);
        Ok(())
    }
}

impl Accumulator for Found {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        // The second is the error, if there are more.
        (0..values[0].len().min(2)).try_for_each(|at| self.take(&values[0], at))
    }
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let found = states[1].as_boolean();
        (0..found.len()).filter(|at| found.value(*at)).try_for_each(|at| self.take(&states[0], at))
    }
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::Boolean(Some(self.found))])
    }
    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }
    fn size(&self) -> usize {
        size_of_val(self) + self.value.size() - size_of::<ScalarValue>()
    }
}
