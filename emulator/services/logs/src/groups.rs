//! Log groups: made, listed, deleted in pages.

use crate::{Error, Logs, metric_filters, model::*, state::*, subscriptions};
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
                metric_filters::forget(tx, cx.scope(), &group)?;
                subscriptions::forget(tx, cx.scope(), &group)?;
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
            let counted = |group: Group| Ok((stored_bytes(s, cx.scope(), &group)?, metric_filters::count(s, cx.scope(), &group)?, group));
            kept.map(|group| group.and_then(counted)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.limit.unwrap_or(50) as usize;
        let page = kit::pages::page(rows, |(.., group)| group.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let mut groups: Vec<LogGroup> = page.items.into_iter().map(|(bytes, filters, group)| show(cx, group, bytes, filters)).collect();
        if input.log_group_name_pattern.is_some() {
            // AWS leaves these out where it searched by a pattern; recorded.
            groups.iter_mut().for_each(|group| (group.stored_bytes, group.deletion_protection_enabled) = (None, None));
        }
        Ok(DescribeLogGroupsOutput { log_groups: Some(groups), next_token: page.next })
    }
}

impl Logs {
    /// Groups in short, by a pattern of their names.
    pub async fn list_log_groups(&self, cx: &Context, input: ListLogGroupsInput) -> Result<ListLogGroupsOutput, Fault> {
        if input.account_identifiers.is_some() || input.include_linked_accounts == Some(true) {
            return Err(refused("log groups of linked accounts"));
        }
        if input.data_sources.is_some() || input.field_index_names.is_some() || input.log_group_tags.is_some() {
            return Err(refused("log groups by data sources, field indexes or tags (dataSources, fieldIndexNames, logGroupTags)"));
        }
        let pattern = input.log_group_name_pattern.as_deref().map(NamePattern::read).transpose()?;
        let keep = |group: &Group| {
            pattern.as_ref().is_none_or(|pattern| pattern.fits(&group.name))
                && input.log_group_class.is_none_or(|class| class == group.class.unwrap_or_default())
        };
        let rows = cx.store().read(|s| {
            let groups = s.scan(&GROUPS, cx.scope()).map(|row| row.map(|(_, group)| group));
            groups.filter(|group| group.as_ref().map_or(true, keep)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.limit.unwrap_or(50).clamp(1, 1000) as usize;
        let page = kit::pages::page(rows, |group| group.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let short = |group: Group| LogGroupSummary {
            log_group_arn: Some(arn(cx.scope(), &group.name)),
            log_group_class: Some(group.class.unwrap_or_default()),
            log_group_name: Some(group.name),
        };
        Ok(ListLogGroupsOutput { log_groups: Some(page.items.into_iter().map(short).collect()), next_token: page.next })
    }
}

/// A text in the name, or at its start behind `^`; several with `|` between them.
struct NamePattern(Vec<(bool, String)>);

impl NamePattern {
    fn read(text: &str) -> Result<NamePattern, Fault> {
        let parts = text.split('|').map(|part| match part.strip_prefix('^') {
            Some(start) => (true, start.to_owned()),
            None => (false, part.to_owned()),
        });
        let parts: Vec<_> = parts.collect();
        match parts.iter().all(|(_, part)| part.chars().count() >= 3) {
            true => Ok(NamePattern(parts)),
            false => Err(Error::InvalidParameter.says("Each part of logGroupNamePattern must have at least three characters.")),
        }
    }
    fn fits(&self, name: &str) -> bool {
        self.0.iter().any(|(start, part)| if *start { name.starts_with(part.as_str()) } else { name.contains(part.as_str()) })
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

fn show(cx: &Context, group: Group, bytes: u64, filters: i32) -> LogGroup {
    let arn = arn(cx.scope(), &group.name);
    LogGroup {
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        creation_time: Some(group.created_ms),
        deletion_protection_enabled: Some(false),
        log_group_class: Some(group.class.unwrap_or_default()),
        log_group_name: Some(group.name),
        metric_filter_count: Some(filters),
        retention_in_days: group.retention_days,
        stored_bytes: Some(bytes as i64),
        ..LogGroup::default()
    }
}
