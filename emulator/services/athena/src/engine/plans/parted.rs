//! An aggregate whose groups are told by the objects: one plan without groups for each share of the objects, its row with the group's values
//! put in front of it.

use super::by_part::{parted, reading};
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    common::{Result, ScalarValue, cast::as_int64_array, internal_datafusion_err, tree_node::TreeNodeRecursion},
    datasource::listing::PartitionedFile,
    execution::{SendableRecordBatchStream, TaskContext},
    functions_aggregate::count::count_udaf,
    physical_expr::{PhysicalExpr, aggregate::AggregateExprBuilder, expressions::Literal},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
        aggregates::{AggregateExec, PhysicalGroupBy},
        collect,
        stream::RecordBatchStreamAdapter,
    },
};
use futures_util::stream;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Objects of one group.
#[derive(Debug)]
pub(super) struct Share {
    /// A value for each expression of GROUP BY.
    pub group: Arc<[ScalarValue]>,
    pub files: Vec<PartitionedFile>,
}

/// The aggregate; shares go to whichever stream is free.
#[derive(Debug)]
pub(super) struct Parted {
    whole: Arc<dyn ExecutionPlan>,
    /// The same without groups, over all files; a count of its rows is its last column.
    each: Arc<AggregateExec>,
    shares: Arc<Vec<Share>>,
    next: Arc<AtomicUsize>,
}

impl Parted {
    /// `whole` is an [`AggregateExec`], `input` what it reads; the shares are of the files that it reads.
    pub(super) fn new(whole: Arc<dyn ExecutionPlan>, input: Arc<dyn ExecutionPlan>, shares: Vec<Share>) -> Result<Parted> {
        let aggregate = whole.downcast_ref::<AggregateExec>().ok_or_else(|| internal_datafusion_err!("no aggregate"))?;
        let one: Arc<dyn PhysicalExpr> = Arc::new(Literal::new(ScalarValue::Int64(Some(1))));
        let rows = AggregateExprBuilder::new(count_udaf(), vec![one]).schema(input.schema()).alias("$rows").build()?;
        let aggregates = aggregate.aggr_expr().iter().cloned().chain([Arc::new(rows)]).collect();
        let filters = aggregate.filter_expr().iter().cloned().chain([None]).collect();
        let none = PhysicalGroupBy::new_single(Vec::new());
        let schema = input.schema();
        let each = Arc::new(AggregateExec::try_new(*aggregate.mode(), none, aggregates, filters, input, schema)?);
        Ok(Parted { whole, each, shares: Arc::new(shares), next: Arc::default() })
    }
}

/// The row of a share; `None` where no row of its objects is left.
async fn row(each: &AggregateExec, share: &Share, schema: &SchemaRef, context: &Arc<TaskContext>) -> Result<Option<RecordBatch>> {
    let input = reading(each.input(), share.files.clone())?;
    let (aggregates, filters) = (each.aggr_expr().to_vec(), each.filter_expr().to_vec());
    let none = PhysicalGroupBy::new_single(Vec::new());
    let plan = AggregateExec::try_new(*each.mode(), none, aggregates, filters, input, each.input_schema())?;
    let batches = collect(Arc::new(plan), context.clone()).await?;
    let made = batches.iter().find(|b| b.num_rows() == 1).ok_or_else(|| internal_datafusion_err!("an aggregate without a row"))?;
    let (rows, states) = made.columns().split_last().ok_or_else(|| internal_datafusion_err!("an aggregate without columns"))?;
    if as_int64_array(rows)?.value(0) == 0 {
        return Ok(None);
    }
    let group = share.group.iter().map(ScalarValue::to_array).collect::<Result<Vec<_>>>()?;
    Ok(Some(RecordBatch::try_new(schema.clone(), [&group, states].concat())?))
}

impl DisplayAs for Parted {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.each.aggr_expr().iter().rev().skip(1).rev().map(|a| a.name()).collect();
        write!(f, "PartedAggregate: shares={}, aggr=[{}]", self.shares.len(), names.join(", "))
    }
}

impl ExecutionPlan for Parted {
    fn name(&self) -> &str {
        "PartedAggregate"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        self.whole.properties()
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.whole.children()
    }
    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let whole = datafusion::physical_plan::replace_children_if_necessary(self.whole.clone(), children)?;
        Ok(parted(&whole)?.unwrap_or(whole))
    }
    fn apply_expressions(&self, f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        self.whole.apply_expressions(f)
    }
    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let (each, shares, next, made) = (self.each.clone(), self.shares.clone(), self.next.clone(), schema.clone());
        let rows = stream::try_unfold((), move |()| {
            let (each, shares, next, schema, context) = (each.clone(), shares.clone(), next.clone(), made.clone(), context.clone());
            async move {
                while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(row) = row(&each, share, &schema, &context).await? {
                        return Ok(Some((row, ())));
                    }
                }
                Ok(None)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
