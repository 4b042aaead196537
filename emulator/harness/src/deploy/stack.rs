//! Carrying a plan out: execute, follow the events, read the outputs; and taking a stack down.

use super::{DeployError, Outputs, Plan};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::{Client, error::ProvideErrorMetadata};
use std::{collections::HashSet, time::Duration};

/// A stack that stands.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Deployed {
    /// Stack name.
    pub stack: String,
    /// Last status.
    pub status: String,
    /// Its outputs.
    pub outputs: Outputs,
}

/// Something that happened to a resource while a stack changes.
#[derive(Clone, Debug)]
pub struct Progress {
    /// `CREATE_COMPLETE` and the like.
    pub status: String,
    /// Logical id.
    pub logical_id: String,
    /// `AWS::S3::Bucket`
    pub resource_type: String,
    /// Why, where AWS says so.
    pub reason: Option<String>,
}

impl Plan {
    /// Executes the change set and waits for the stack; `tell` hears of each event once.
    pub async fn execute(&self, target: &SdkConfig, tell: &mut (dyn FnMut(&Progress) + Send)) -> Result<Deployed, DeployError> {
        let client = Client::new(target);
        if !self.changes.is_empty() {
            let execute = client.execute_change_set().change_set_name(&self.change_set).send();
            execute.await.map_err(DeployError::call("cloudformation:ExecuteChangeSet"))?;
        }
        let (status, reasons) = follow(&client, &self.stack, tell).await?;
        let status = status.unwrap_or_default();
        if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
            return Err(DeployError::Stack { stack: self.stack.clone(), status, reasons });
        }
        Ok(Deployed { stack: self.stack.clone(), status, outputs: outputs(&client, &self.stack).await? })
    }
}

/// Deletes a stack and waits until it is gone.
pub async fn destroy(target: &SdkConfig, stack: &str, tell: &mut (dyn FnMut(&Progress) + Send)) -> Result<(), DeployError> {
    let client = Client::new(target);
    client.delete_stack().stack_name(stack).send().await.map_err(DeployError::call("cloudformation:DeleteStack"))?;
    match follow(&client, stack, tell).await? {
        (None, _) => Ok(()),
        (Some(status), _) if status == "DELETE_COMPLETE" => Ok(()),
        (Some(status), reasons) => Err(DeployError::Stack { stack: stack.into(), status, reasons }),
    }
}

/// Last status of a stack; `None` when there is no such stack.
pub(super) async fn status(client: &Client, stack: &str) -> Result<Option<String>, DeployError> {
    match client.describe_stacks().stack_name(stack).send().await {
        Ok(found) => Ok(found.stacks().first().and_then(|s| s.stack_status()).map(|s| s.as_str().to_owned())),
        Err(error) if error.message().is_some_and(|m| m.contains("does not exist")) => Ok(None),
        Err(error) => Err(DeployError::call("cloudformation:DescribeStacks")(error)),
    }
}

async fn outputs(client: &Client, stack: &str) -> Result<Outputs, DeployError> {
    let found = client.describe_stacks().stack_name(stack).send().await.map_err(DeployError::call("cloudformation:DescribeStacks"))?;
    let outputs = found.stacks().first().map(|s| s.outputs()).unwrap_or_default();
    Ok(outputs.iter().filter_map(|o| Some((o.output_key()?.to_owned(), o.output_value()?.to_owned()))).collect())
}

async fn follow(
    client: &Client,
    stack: &str,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<(Option<String>, Vec<String>), DeployError> {
    let mut seen = HashSet::new();
    let mut reasons = Vec::new();
    loop {
        let now = status(client, stack).await?;
        let Some(now) = now else { return Ok((None, reasons)) };
        events(client, stack, &mut seen, &mut reasons, tell).await?;
        if !now.ends_with("_IN_PROGRESS") || now == "REVIEW_IN_PROGRESS" {
            return Ok((Some(now), reasons));
        }
        pause().await;
    }
}

async fn events(
    client: &Client,
    stack: &str,
    seen: &mut HashSet<String>,
    reasons: &mut Vec<String>,
    tell: &mut (dyn FnMut(&Progress) + Send),
) -> Result<(), DeployError> {
    // The newest page is enough between two looks; a missing event costs a line on the screen, nothing else.
    let Ok(page) = client.describe_stack_events().stack_name(stack).send().await else { return Ok(()) };
    for event in page.stack_events().iter().rev() {
        if !seen.insert(event.event_id().unwrap_or_default().to_owned()) {
            continue;
        }
        let progress = Progress {
            status: event.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
            logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            reason: event.resource_status_reason().map(str::to_owned),
        };
        if progress.status.ends_with("_FAILED") {
            reasons.push(format!(
                "{} {}: {}",
                progress.logical_id,
                progress.status,
                progress.reason.as_deref().unwrap_or("no reason given")
            ));
        }
        tell(&progress);
    }
    Ok(())
}

/// Between two looks at a target in real time; the emulator answers waiters late, so it rarely comes to this.
#[allow(clippy::disallowed_methods)]
pub(super) async fn pause() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// Stacks that carry this run id; on AWS they end with their run, here too.
pub async fn find_by_run(target: &SdkConfig, run_id: &str) -> Result<Vec<String>, DeployError> {
    let client = Client::new(target);
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = client.describe_stacks().set_next_token(token.take()).send().await;
        let page = page.map_err(DeployError::call("cloudformation:DescribeStacks"))?;
        for stack in page.stacks() {
            let ours = stack.tags().iter().any(|t| t.key() == Some(super::guards::RUN_ID) && t.value() == Some(run_id));
            found.extend(ours.then(|| stack.stack_name().unwrap_or_default().to_owned()));
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}
