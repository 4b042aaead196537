//! The one deploy path: package, upload, change set, plan, execute; through AWS's SDK, against the emulator or AWS. The target is an
//! endpoint and credentials, nothing else.

mod changes;
mod empty;
pub mod guards;
mod stack;
pub mod targets;
mod upload;

pub use changes::{Change, Plan};
pub use empty::empty_buckets;
pub use stack::{Deployed, Progress, Tell, destroy, find_by_run};
pub use upload::code_key;

use crate::{
    Emulator,
    package::{PackageError, PipelineBinaries},
};
use aws_config::SdkConfig;
use std::{collections::BTreeMap, path::Path};

/// What is deployed.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Stack name.
    pub stack: String,
    /// Text of the template.
    pub template: String,
    /// Parameters beside those of the code.
    pub parameters: BTreeMap<String, String>,
    /// Functions to package; the template gets their keys as `PresignCodeKey` and so on, and the bucket as `CodeBucket`.
    pub binaries: Option<PipelineBinaries>,
    /// Bucket for packages, and for a template of more than 51,200 bytes; made when it isn't there.
    pub code_bucket: String,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
}

/// Why a deployment did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The functions could not be packed.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The target refused a call.
    #[error("{call}: {reason}")]
    Call {
        /// Service and operation.
        call: &'static str,
        /// The target's own words.
        reason: String,
    },
    /// A guard says no: nothing was sent, or nothing that changes anything.
    #[error("{0}")]
    Guard(String),
    /// The stack ended in another state than complete.
    #[error("the stack {stack} ended as {status}:{}", .reasons.iter().map(|r| format!("\n  {r}")).collect::<String>())]
    Stack {
        /// Stack name.
        stack: String,
        /// Last status.
        status: String,
        /// What failed, oldest first.
        reasons: Vec<String>,
    },
}

impl DeployError {
    pub(crate) fn call<E, R>(call: &'static str) -> impl Fn(aws_sdk_sts::error::SdkError<E, R>) -> DeployError
    where
        E: aws_sdk_sts::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        move |error| {
            let meta = aws_sdk_sts::error::ProvideErrorMetadata::meta(&error);
            let said = meta.code().map(|code| format!("{code}: {}", meta.message().unwrap_or_default()));
            DeployError::Call { call, reason: said.unwrap_or_else(|| format!("{}", aws_sdk_sts::error::DisplayErrorContext(&error))) }
        }
    }
}

impl Deployment {
    /// The pipeline as a stack named `pipeline`.
    pub fn pipeline(template: &Path, binaries: PipelineBinaries, account: &str) -> Result<Deployment, DeployError> {
        let text = std::fs::read_to_string(template).map_err(|e| PackageError::Io(template.display().to_string(), e))?;
        Ok(Deployment {
            stack: "pipeline".into(),
            template: text,
            parameters: BTreeMap::new(),
            binaries: Some(binaries),
            code_bucket: format!("windtunnel-code-{account}-{}", kit::DEFAULT_REGION),
            tags: BTreeMap::new(),
        })
    }

    /// Uploads the packages and makes the change set; nothing of the stack has changed yet.
    pub async fn plan(&self, target: &SdkConfig) -> Result<Plan, DeployError> {
        let mut parameters = self.parameters.clone();
        if let Some(binaries) = &self.binaries {
            parameters.extend(upload::packages(target, &self.code_bucket, binaries).await?);
        }
        changes::plan(target, self, parameters).await
    }
}

/// Outputs of a stack.
pub type Outputs = BTreeMap<String, String>;

/// Deploys the pipeline into an emulator and gives the outputs, the API's URL in its local form.
pub async fn deploy_pipeline(
    emulator: &Emulator,
    template: &Path,
    binaries: &PipelineBinaries,
    parameters: BTreeMap<String, String>,
) -> Result<Outputs, DeployError> {
    let mut deployment = Deployment::pipeline(template, binaries.clone(), kit::DEFAULT_ACCOUNT)?;
    deployment.parameters = parameters;
    let target = emulator.sdk_config();
    let plan = deployment.plan(&target).await?;
    let deployed = plan.execute(&target, &mut |_| {}).await?;
    Ok(local_urls(deployed.outputs, &emulator.endpoint()))
}

/// Rewrites `https://ID.execute-api.REGION.amazonaws.com/STAGE` to the address under which the emulator answers for it.
pub fn local_urls(outputs: Outputs, endpoint: &str) -> Outputs {
    let local = |value: String| {
        let Some((id, rest)) = value.strip_prefix("https://").and_then(|v| v.split_once(".execute-api.")) else { return value };
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        format!("{endpoint}/restapis/{id}/{path}/_user_request_")
    };
    outputs.into_iter().map(|(key, value)| (key, local(value))).collect()
}
