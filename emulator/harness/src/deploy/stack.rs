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

/// Hears of each event once.
pub type Tell<'a> = dyn FnMut(&Progress) + Send + 'a;

impl Plan {
    /// Executes the change set and waits for the stack; `tell` hears of each event once.
    pub async fn execute(&self, target: &SdkConfig, tell: &mut Tell<'_>) -> Result<Deployed, DeployError> {
        let client = Client::new(target);
        let mut log = Log::default();
        // What happened before is not news, and a status from before is no end.
        log.read(&client, &self.stack, &mut |_| {}).await;
        if !self.changes.is_empty() {
            log.awaits_news = true;
            let execute = client.execute_change_set().change_set_name(&self.change_set).send();
            execute.await.map_err(DeployError::call("cloudformation:ExecuteChangeSet"))?;
        }
        let status = log.follow(&client, &self.stack, tell).await?.unwrap_or_default();
        let stands = match status.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" => true,
            // Nothing was to be done on a stack that had found its way back.
            "UPDATE_ROLLBACK_COMPLETE" => self.changes.is_empty(),
            _ => false,
        };
        if !stands {
            return Err(DeployError::Stack { stack: self.stack.clone(), status, reasons: log.reasons });
        }
        Ok(Deployed { stack: self.stack.clone(), status, outputs: outputs(&client, &self.stack).await? })
    }
}

/// Deletes a stack and waits until it is gone.
pub async fn destroy(target: &SdkConfig, stack: &str, tell: &mut Tell<'_>) -> Result<(), DeployError> {
    let client = Client::new(target);
    let mut log = Log::default();
    log.read(&client, stack, &mut |_| {}).await;
    log.awaits_news = !log.seen.is_empty();
    client.delete_stack().stack_name(stack).send().await.map_err(DeployError::call("cloudformation:DeleteStack"))?;
    match log.follow(&client, stack, tell).await? {
        None => Ok(()),
        Some(status) if status == "DELETE_COMPLETE" => Ok(()),
        Some(status) => Err(DeployError::Stack { stack: stack.into(), status, reasons: log.reasons }),
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

/// Looks without news after which a target is believed to have nothing more to say.
const MOST_QUIET_LOOKS: usize = 60;

/// A stack's events as they come.
#[derive(Default)]
struct Log {
    seen: HashSet<String>,
    /// What failed, oldest first.
    reasons: Vec<String>,
    /// Something was asked for, and no event has told of it yet: the target takes its time, the status is still the old one.
    awaits_news: bool,
}

impl Log {
    /// The status in which the stack came to rest; `None` when it is gone.
    async fn follow(&mut self, client: &Client, stack: &str, tell: &mut Tell<'_>) -> Result<Option<String>, DeployError> {
        let mut quiet_looks = 0;
        loop {
            // Events before status: a status that is read after news is not older than the news.
            let news = self.read(client, stack, tell).await;
            self.awaits_news &= !news;
            let Some(now) = status(client, stack).await? else { return Ok(None) };
            quiet_looks = if self.awaits_news { quiet_looks + 1 } else { 0 };
            let moving = now.ends_with("_IN_PROGRESS") && now != "REVIEW_IN_PROGRESS";
            if !moving && (!self.awaits_news || quiet_looks > MOST_QUIET_LOOKS) {
                self.read(client, stack, tell).await;
                return Ok(Some(now));
            }
            pause().await;
        }
    }

    /// Tells events that were not told before; whether there were any.
    async fn read(&mut self, client: &Client, stack: &str, tell: &mut Tell<'_>) -> bool {
        let mut news = Vec::new();
        let mut token = None;
        // Newest first: back to one that is known. A page that can't be had costs lines on the screen, nothing else.
        loop {
            let page = client.describe_stack_events().stack_name(stack).set_next_token(token.take()).send().await;
            let Ok(page) = page else { break };
            let known = page.stack_events().iter().any(|e| self.seen.contains(e.event_id().unwrap_or_default()));
            token = page.next_token().map(str::to_owned).filter(|_| !known);
            news.extend(page.stack_events.unwrap_or_default());
            if token.is_none() {
                break;
            }
        }
        let before = self.seen.len();
        for event in news.iter().rev() {
            if !self.seen.insert(event.event_id().unwrap_or_default().to_owned()) {
                continue;
            }
            let progress = Progress {
                status: event.resource_status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
                logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
                resource_type: event.resource_type().unwrap_or_default().to_owned(),
                reason: event.resource_status_reason().map(str::to_owned),
            };
            if progress.status.ends_with("_FAILED") {
                let reason = progress.reason.as_deref().unwrap_or("no reason given");
                self.reasons.push(format!("{} {}: {reason}", progress.logical_id, progress.status));
            }
            tell(&progress);
        }
        self.seen.len() > before
    }
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
