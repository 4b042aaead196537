//! Log groups: made, listed, deleted in pages.

use crate::{Error, Logs, model::*, state::*};
use kit::{Context, Fault, Read, Scope, Tx, store::NewTask};
use serde::{Deserialize, Serialize};

/// Rows that one transaction deletes.
pub(crate) const PAGE: usize = 5000;

/// The task that removes what a deleted group held.
#[derive(Serialize, Deserialize)]
pub(crate) struct Clear {
    pub group_id: String,
}

impl Logs {
    /// Makes a group.
    pub async fn create_log_group(&self, cx: &Context, input: CreateLogGroupInput) -> Result<CreateLogGroupOutput, Fault> {
        if input.kms_key_id.is_some() {
            return Err(refused("log groups encrypted under your own key (kmsKeyId)"));
        }
        if input.deletion_protection_enabled == Some(true) {
            return Err(refused("deletion protection of log groups (deletionProtectionEnabled)"));
        }
        if input.log_group_class.is_some_and(|class| class != LogGroupClass::Standard) {
            cx.warn("member logGroupClass has no effect: every class answers every operation");
        }
        cx.store().write(|tx| create(cx, tx, &input.log_group_name, input.log_group_class, input.tags.unwrap_or_default())).await?;
        Ok(CreateLogGroupOutput {})
    }

    /// Deletes a group; its events go in pages behind it.
    pub async fn delete_log_group(&self, cx: &Context, input: DeleteLogGroupInput) -> Result<DeleteLogGroupOutput, Fault> {
        cx.store()
            .write(|tx| {
                let group = group(tx, cx, &input.log_group_name)?;
                tx.delete(&GROUPS, cx.scope(), &group.name)?;
                tx.cancel_keyed("logs", "sweep", &group.id);
                tx.task(NewTask::new(cx.scope(), "logs", "clear", &Clear { group_id: group.id.clone() }).key(group.id));
                Ok(())
            })
            .await?;
        Ok(DeleteLogGroupOutput {})
    }

    /// Groups by name.
    pub async fn describe_log_groups(&self, cx: &Context, input: DescribeLogGroupsInput) -> Result<DescribeLogGroupsOutput, Fault> {
        if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
            return Err(Error::InvalidParameter.says("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
        }
        if input.account_identifiers.is_some() || input.include_linked_accounts == Some(true) {
            return Err(refused("log groups of linked accounts"));
        }
        let wanted: Option<Vec<&str>> = input.log_group_identifiers.as_ref().map(|ids| ids.iter().map(|id| name_of(id)).collect());
        let keep = |group: &Group| {
            let class = group.class.unwrap_or_default();
            input.log_group_name_pattern.as_ref().is_none_or(|p| group.name.to_lowercase().contains(&p.to_lowercase()))
                && input.log_group_class.is_none_or(|asked| asked == class)
                && wanted.as_ref().is_none_or(|names| names.contains(&group.name.as_str()))
        };
        let prefix = input.log_group_name_prefix.as_deref().unwrap_or("");
        let rows = cx.store().read(|s| {
            let groups = s.scan(&GROUPS, cx.scope()).text_prefix(prefix);
            let kept = groups.map(|row| row.map(|(_, group)| group)).filter(|group| group.as_ref().map_or(true, keep));
            kept.map(|group| group.and_then(|group| Ok((stored_bytes(s, cx.scope(), &group)?, group)))).collect::<Result<Vec<_>, _>>()
        })?;
        let limit = input.limit.unwrap_or(50) as usize;
        let page = kit::pages::page(rows, |(_, group)| group.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let groups = page.items.into_iter().map(|(bytes, group)| show(cx, group, bytes)).collect();
        Ok(DescribeLogGroupsOutput { log_groups: Some(groups), next_token: page.next })
    }
}

/// Makes a group in a transaction.
pub(crate) fn create(
    cx: &Context,
    tx: &mut Tx<'_>,
    name: &str,
    class: Option<LogGroupClass>,
    tags: std::collections::BTreeMap<String, String>,
) -> Result<(), Fault> {
    if tx.exists(&GROUPS, cx.scope(), &name.to_owned())? {
        return Err(Error::ResourceAlreadyExists.says("The specified log group already exists"));
    }
    crate::tags::check(&tags)?;
    let group = Group { id: cx.ids().lower(16), name: name.to_owned(), created_ms: cx.now().millis(), retention_days: None, class, tags };
    tx.put(&GROUPS, cx.scope(), &group.name, &group)
}

pub(crate) fn refused(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what}."))
}

pub(crate) fn bad_token() -> Fault {
    Error::InvalidParameter.says("The specified nextToken is invalid.")
}

fn stored_bytes(s: &impl Read, scope: &Scope, group: &Group) -> Result<u64, Fault> {
    s.scan(&STREAMS, scope).prefix(&(group.id.as_str(),)).map(|row| row.map(|(_, stream)| stream.bytes)).sum()
}

fn show(cx: &Context, group: Group, bytes: u64) -> LogGroup {
    let arn = arn(cx.scope(), &group.name);
    LogGroup {
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        creation_time: Some(group.created_ms),
        deletion_protection_enabled: Some(false),
        log_group_class: Some(group.class.unwrap_or_default()),
        log_group_name: Some(group.name),
        metric_filter_count: Some(0),
        retention_in_days: group.retention_days,
        stored_bytes: Some(bytes as i64),
        ..LogGroup::default()
    }
}
