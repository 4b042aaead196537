//! The plan: a change set, waited for and read.

use super::{DeployError, Deployment};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{
    Client,
    error::ProvideErrorMetadata,
    types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag},
};
use std::collections::BTreeMap;

/// What a deployment would do.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Plan {
    /// Stack name.
    pub stack: String,
    /// ARN of the change set.
    pub change_set: String,
    /// The stack does not exist yet.
    pub creates_stack: bool,
    /// Resources in the order AWS lists them; empty when there is nothing to do.
    pub changes: Vec<Change>,
}

/// What happens to one resource.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// `Add`, `Modify`, `Remove`.
    pub action: String,
    /// Logical id.
    pub logical_id: String,
    /// `AWS::S3::Bucket`
    pub resource_type: String,
    /// `True`, `False`, `Conditional`, or nothing.
    pub replacement: Option<String>,
}

pub(super) async fn plan(target: &SdkConfig, deployment: &Deployment, parameters: BTreeMap<String, String>) -> Result<Plan, DeployError> {
    let client = Client::new(target);
    let status = super::stack::status(&client, &deployment.stack).await?;
    let creates_stack = matches!(status.as_deref(), None | Some("REVIEW_IN_PROGRESS") | Some("DELETE_COMPLETE"));
    let url = super::upload::template(target, &deployment.code_bucket, &deployment.template).await?;
    let body = url.is_none().then(|| deployment.template.clone());
    let parameter = |(k, v)| Parameter::builder().parameter_key(k).parameter_value(v).build();
    let tag = |(k, v): (&String, &String)| Tag::builder().key(k).value(v).build();
    let request = |name: String| {
        let parameters = parameters.clone().into_iter().map(parameter).collect();
        let kind = if creates_stack { ChangeSetType::Create } else { ChangeSetType::Update };
        let set = client.create_change_set().stack_name(&deployment.stack).change_set_name(name).change_set_type(kind);
        let set = set.set_template_body(body.clone()).set_template_url(url.clone()).set_parameters(Some(parameters));
        let set = set.set_tags(Some(deployment.tags.iter().map(tag).collect()));
        set.capabilities(Capability::CapabilityIam).capabilities(Capability::CapabilityNamedIam).send()
    };
    let name = format!("windtunnel-{:08x}", seed(&deployment.template, &parameters));
    let made = match request(name.clone()).await {
        // A plan of the same content that nobody executed; it may be about a stack that has changed since.
        Err(error) if error.code() == Some("AlreadyExistsException") => {
            let now = kit::Clock::new(None, kit::ClockMode::Running).now();
            request(format!("{name}-{}", now.millis())).await
        }
        made => made,
    };
    let made = made.map_err(DeployError::call("cloudformation:CreateChangeSet"))?;
    let change_set = made.id().unwrap_or_default().to_owned();
    read(&client, deployment, change_set, creates_stack).await
}

async fn read(client: &Client, deployment: &Deployment, change_set: String, creates_stack: bool) -> Result<Plan, DeployError> {
    let mut changes = Vec::new();
    let mut token = None;
    loop {
        let described = client
            .describe_change_set()
            .change_set_name(&change_set)
            .set_next_token(token.take())
            .send()
            .await
            .map_err(DeployError::call("cloudformation:DescribeChangeSet"))?;
        match described.status() {
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                super::stack::pause().await;
                continue;
            }
            Some(ChangeSetStatus::Failed) => {
                let reason = described.status_reason().unwrap_or_default().to_owned();
                if reason.contains("didn't contain changes") || reason.contains("No updates are to be performed") {
                    // It holds nothing and can't be executed; left behind, it would count towards AWS's limit.
                    let _ = client.delete_change_set().change_set_name(&change_set).send().await;
                    return Ok(Plan { stack: deployment.stack.clone(), change_set, creates_stack, changes: Vec::new() });
                }
                return Err(DeployError::Stack {
                    stack: deployment.stack.clone(),
                    status: "change set FAILED".into(),
                    reasons: vec![reason],
                });
            }
            _ => {}
        }
        for change in described.changes().iter().filter_map(|c| c.resource_change()) {
            changes.push(Change {
                action: change.action().map(|a| a.as_str().to_owned()).unwrap_or_default(),
                logical_id: change.logical_resource_id().unwrap_or_default().to_owned(),
                resource_type: change.resource_type().unwrap_or_default().to_owned(),
                replacement: change.replacement().map(|r| r.as_str().to_owned()),
            });
        }
        token = described.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(Plan { stack: deployment.stack.clone(), change_set, creates_stack, changes });
        }
    }
}

/// A name for the change set that differs whenever what it says differs.
fn seed(template: &str, parameters: &BTreeMap<String, String>) -> u32 {
    let text = parameters.iter().flat_map(|(k, v)| [k.as_str(), "=", v.as_str(), ";"]).chain([template]);
    text.flat_map(str::bytes).fold(0x811c_9dc5_u32, |h, b| (h ^ b as u32).wrapping_mul(0x0100_0193))
}
