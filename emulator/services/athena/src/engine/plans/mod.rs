//! What a plan gets from us beside the engine's own rules: distinct texts counted, groups that the places of objects tell, subqueries and set
//! operations as Trino has them, conditions that heed names, recursion that ends.
//! Plans alone: nothing here knows of the catalog, of requests or of how objects are read.

mod beside;
mod by_part;
mod distinct;
mod guarded;
mod held;
mod listed;
mod long;
mod many;
mod parted;
mod pushed;
mod ranged;
mod short;
mod single;
mod steps;
mod strict;

pub(super) use guarded::{guarded, raises};

use datafusion::{common::Result, execution::SessionStateBuilder, logical_expr::LogicalPlan};
use std::sync::Arc;

/// A session with our rules behind the engine's.
pub(super) fn with_rules(builder: SessionStateBuilder) -> SessionStateBuilder {
    builder
        .with_physical_optimizer_rules(pushed::rules())
        .with_optimizer_rule(Arc::new(distinct::CountTexts))
        .with_physical_optimizer_rule(Arc::new(by_part::ByPart))
        .with_physical_optimizer_rule(Arc::new(steps::Bounded))
}

/// A plan as it was written, made one that the engine takes; its types are held against Trino's rules before the engine bends them.
pub(super) fn prepared(plan: LogicalPlan) -> Result<LogicalPlan> {
    strict::check(&plan)?;
    held::held(listed::rewritten(plan)?)
}
