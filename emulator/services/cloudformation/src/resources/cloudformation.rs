//! CloudFormation's own types.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "AWS::CloudFormation::WaitConditionHandle",
    made_by: None,
    properties: &[],
    attributes: &["Id"],
    handler: &WaitConditionHandle,
}];

/// Stands for nothing, and is used as a resource that does nothing.
struct WaitConditionHandle;

#[async_trait]
impl Handler for WaitConditionHandle {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let id = job.generated(255);
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, _: &Job<'_>) -> Result<(), Fault> {
        Ok(())
    }
}
