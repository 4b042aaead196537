//! What a plan gets from us beside the engine's own rules: distinct texts counted, groups that the places of objects tell.
//! Plans alone: nothing here knows of the catalog, of requests or of how objects are read.

mod by_part;
mod distinct;
mod long;
mod parted;
mod short;

use datafusion::execution::SessionStateBuilder;
use std::sync::Arc;

/// A session with our rules behind the engine's.
pub(super) fn with_rules(builder: SessionStateBuilder) -> SessionStateBuilder {
    builder.with_optimizer_rule(Arc::new(distinct::CountTexts)).with_physical_optimizer_rule(Arc::new(by_part::ByPart))
}
