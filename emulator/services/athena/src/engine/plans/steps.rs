//! Recursion has an end: WITH RECURSIVE takes so many steps and no more, where the engine would go on for ever.

use super::super::trino::udf::fail;
use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, recursive_query::RecursiveQueryExec, replace_children_if_necessary,
        stream::RecordBatchStreamAdapter,
    },
};
use futures_util::StreamExt;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Trino's default, which Athena gives no way to change.
const MOST_STEPS: usize = 10;

/// Puts [`Steps`] into recursive queries.
#[derive(Debug)]
pub(super) struct Bounded;

impl PhysicalOptimizerRule for Bounded {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|node| {
            let children: Vec<_> = node.children().into_iter().cloned().collect();
            match (node.downcast_ref::<RecursiveQueryExec>(), children.as_slice()) {
                (Some(_), [first, each]) => {
                    let each = Arc::new(Steps { each: each.clone(), done: Arc::default() });
                    Ok(Transformed::yes(replace_children_if_necessary(node, vec![first.clone(), each])?))
                }
                _ => Ok(Transformed::no(node)),
            }
        })?;
        Ok(done.data)
    }
    fn name(&self) -> &str {
        "bounded_recursion"
    }
    fn schema_check(&self) -> bool {
        true
    }
}

/// What is done in each step; counts them.
#[derive(Debug)]
struct Steps {
    each: Arc<dyn ExecutionPlan>,
    done: Arc<AtomicUsize>,
}

impl DisplayAs for Steps {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecursionSteps: most={MOST_STEPS}")
    }
}

impl ExecutionPlan for Steps {
    fn name(&self) -> &str {
        "RecursionSteps"
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        self.each.properties()
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.each]
    }
    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let each = children.pop().unwrap_or_else(|| self.each.clone());
        Ok(Arc::new(Steps { each, done: self.done.clone() }))
    }
    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let before = self.done.fetch_add(1, Ordering::Relaxed);
        let rows = self.each.execute(partition, context)?;
        if before < MOST_STEPS {
            return Ok(rows);
        }
        let schema = rows.schema();
        let none = rows.map(|batch| match batch {
            Ok(batch) if batch.num_rows() > 0 => Err(fail(format!(
                "NOT_SUPPORTED: Recursion depth limit exceeded ({MOST_STEPS}). Use 'max_recursion_depth' session property to modify the limit."
            ))),
            other => other,
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, none)))
    }
}
