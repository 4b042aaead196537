//! Conditions on their way down. The engine's rule takes columns by their names once a condition goes below a step: where a join has two columns
//! of one name it would ask the wrong one. So the rule is asked below such joins, and none of its conditions comes from above them.

use datafusion::{
    common::{Result, config::ConfigOptions},
    physical_optimizer::{PhysicalOptimizerRule, optimizer::PhysicalOptimizer},
    physical_plan::{ExecutionPlan, replace_children_if_necessary},
};
use std::{collections::HashSet, sync::Arc};

/// The engine's rules, in which those that push conditions down heed names.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let heeding = |rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>| match rule.name().starts_with("FilterPushdown") {
        true => Arc::new(Heeding(rule)) as Arc<dyn PhysicalOptimizerRule + Send + Sync>,
        false => rule,
    };
    PhysicalOptimizer::new().rules.into_iter().map(heeding).collect()
}

#[derive(Debug)]
struct Heeding(Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for Heeding {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if clear(&plan) {
            return self.0.optimize(plan, config);
        }
        let children = plan.children().into_iter().map(|child| self.optimize(child.clone(), config)).collect::<Result<Vec<_>>>()?;
        replace_children_if_necessary(plan, children)
    }
    fn name(&self) -> &str {
        self.0.name()
    }
    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// Whether no step below a plan has two columns of one name.
fn clear(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.children().into_iter().all(|child| {
        let schema = child.schema();
        let mut names = HashSet::with_capacity(schema.fields().len());
        schema.fields().iter().all(|field| names.insert(field.name().as_str())) && clear(child)
    })
}
