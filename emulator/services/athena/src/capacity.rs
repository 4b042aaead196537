//! EngineConfiguration of SQL: how many DPUs a query may take of a capacity reservation. Checked; kept of work groups,
//! warned of with queries: those outside of reservations don't heed it on AWS either, and reservations are not built. What it says to Spark is refused by name. Bounds are AWS's documentation.

use crate::{
    model::{Classification, EngineConfiguration},
    state::invalid,
};
use kit::Fault;

/// The one classification of SQL.
const NAME: &str = "athena-query-engine-properties";

/// Checks what is given of a work group or a query.
pub(crate) fn check(given: Option<&EngineConfiguration>) -> Result<(), Fault> {
    let Some(given) = given else { return Ok(()) };
    let of_spark = [
        ("CoordinatorDpuSize", given.coordinator_dpu_size.is_some()),
        ("MaxConcurrentDpus", given.max_concurrent_dpus.is_some()),
        ("DefaultExecutorDpuSize", given.default_executor_dpu_size.is_some()),
        ("AdditionalConfigs", given.additional_configs.is_some()),
        ("SparkProperties", given.spark_properties.is_some()),
    ];
    if let Some((member, _)) = of_spark.iter().find(|(_, given)| *given) {
        let message =
            format!("windtunnel does not take {member} in EngineConfiguration yet: it has no Spark; Classifications of SQL it takes.");
        return Err(Fault::new("NotImplemented", 501, message));
    }
    given.classifications.iter().flatten().try_for_each(classification)
}

fn classification(given: &Classification) -> Result<(), Fault> {
    let name = given.name.as_deref().unwrap_or_default();
    if name != NAME {
        return Err(invalid("INVALID_INPUT", format!("{name} is not a classification of EngineConfiguration; {NAME} is")));
    }
    let properties = given.properties.clone().unwrap_or_default();
    if let Some(other) = properties.keys().find(|k| !["min-dpu-count", "max-dpu-count"].contains(&k.as_str())) {
        return Err(invalid("INVALID_INPUT", format!("{other} is not a property of {NAME}; min-dpu-count and max-dpu-count are")));
    }
    let count = |key: &str| {
        let Some(text) = properties.get(key) else { return Ok(None) };
        let found = text.parse::<u32>().ok().filter(|n| (4..=124).contains(n) && n % 4 == 0);
        found.map(Some).ok_or_else(|| invalid("INVALID_INPUT", format!("{key} must be between 4 and 124 in steps of 4")))
    };
    match (count("min-dpu-count")?, count("max-dpu-count")?) {
        (Some(min), Some(max)) if min > max => Err(invalid("INVALID_INPUT", "min-dpu-count must not be larger than max-dpu-count")),
        _ => Ok(()),
    }
}
