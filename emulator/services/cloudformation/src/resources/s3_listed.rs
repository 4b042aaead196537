//! Configurations of which a bucket may have many, each under its id: what the template doesn't name is taken away, the rest is put.

use super::{Job, s3_shapes as shapes};
use kit::Fault;
use serde_json::{Value as Json, json};

/// A property that is a list, the operations of its items, and their shape in the API.
struct Listed {
    property: &'static str,
    /// What the operations' names have in common: `List...s`, `Put...`, `Delete...`.
    noun: &'static str,
    /// Member of an item in Put, and of the items in List.
    member: &'static str,
    shape: fn(&Json) -> Json,
}

const LISTED: &[Listed] = &[
    Listed {
        property: "AnalyticsConfigurations",
        noun: "BucketAnalyticsConfiguration",
        member: "AnalyticsConfiguration",
        shape: shapes::analytics,
    },
    Listed {
        property: "IntelligentTieringConfigurations",
        noun: "BucketIntelligentTieringConfiguration",
        member: "IntelligentTieringConfiguration",
        shape: shapes::tiering,
    },
    Listed {
        property: "InventoryConfigurations",
        noun: "BucketInventoryConfiguration",
        member: "InventoryConfiguration",
        shape: shapes::inventory,
    },
    Listed {
        property: "MetricsConfigurations",
        noun: "BucketMetricsConfiguration",
        member: "MetricsConfiguration",
        shape: shapes::metrics,
    },
];

/// Brings a bucket's lists to what the template says.
pub(super) async fn bring(job: &Job<'_>, bucket: &str) -> Result<(), Fault> {
    for listed in LISTED.iter().filter(|listed| job.changed(listed.property)) {
        let ids = |properties: &Json| -> Vec<Json> { properties.as_array().into_iter().flatten().map(|item| item["Id"].clone()).collect() };
        let wanted = ids(job.get(listed.property));
        for id in ids(job.was(listed.property)).into_iter().filter(|id| !wanted.contains(id)) {
            job.call_gone("s3", &format!("Delete{}", listed.noun), json!({ "Bucket": bucket, "Id": id })).await?;
        }
        for item in job.get(listed.property).as_array().into_iter().flatten() {
            let mut input = json!({ "Bucket": bucket, "Id": item["Id"] });
            input[listed.member] = (listed.shape)(item);
            job.call("s3", &format!("Put{}", listed.noun), input).await?;
        }
    }
    Ok(())
}
