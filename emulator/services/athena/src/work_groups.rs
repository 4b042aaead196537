//! Work groups, their settings and tags.

use crate::{
    Athena, capacity, data_catalogs, destination,
    engines::ENGINES,
    model::*,
    state::{BY_TIME, DATA_CATALOGS, EXECUTIONS, GroupRow, NAMED, PREPARED, PRIMARY, WORK_GROUPS, invalid},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, wire::kept::Kept};
use std::collections::BTreeMap;

impl Athena {
    /// Makes a work group.
    pub async fn create_work_group(&self, cx: &Context, input: CreateWorkGroupInput) -> Result<CreateWorkGroupOutput, Fault> {
        if input.name == PRIMARY {
            return Err(invalid("INVALID_INPUT", "WorkGroup primary already exists"));
        }
        let configuration = complete(input.configuration.unwrap_or_default())?;
        destination::check(cx, configuration.result_configuration.as_ref())?;
        warn(cx, &configuration);
        let group = WorkGroup {
            name: input.name.clone(),
            state: Some(WorkGroupState::Enabled),
            configuration: Some(configuration),
            description: input.description,
            creation_time: Some(cx.now()),
            identity_center_application_arn: None,
        };
        let row = GroupRow { group: Kept(group), tags: tags(input.tags) };
        cx.store()
            .write(|tx| {
                if tx.exists(&WORK_GROUPS, cx.scope(), &input.name)? {
                    return Err(invalid("INVALID_INPUT", "WorkGroup is already created"));
                }
                tx.put(&WORK_GROUPS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(CreateWorkGroupOutput {})
    }

    /// A work group.
    pub async fn get_work_group(&self, cx: &Context, input: GetWorkGroupInput) -> Result<GetWorkGroupOutput, Fault> {
        let row = cx.store().read(|s| must_find(s, cx, &input.work_group))?;
        Ok(GetWorkGroupOutput { work_group: Some(row.group.0) })
    }

    /// Changes a work group.
    pub async fn update_work_group(&self, cx: &Context, input: UpdateWorkGroupInput) -> Result<UpdateWorkGroupOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.work_group)?;
                let group = &mut row.group.0;
                group.description = input.description.or(group.description.take());
                group.state = input.state.or(group.state);
                if let Some(updates) = input.configuration_updates {
                    let configuration = group.configuration.get_or_insert_default();
                    update(configuration, updates)?;
                    destination::check(cx, configuration.result_configuration.as_ref())?;
                    warn(cx, configuration);
                }
                tx.put(&WORK_GROUPS, cx.scope(), &input.work_group, &row)
            })
            .await?;
        Ok(UpdateWorkGroupOutput {})
    }

    /// Removes a work group; one that holds queries of any kind, past ones too, only when asked to take them along.
    pub async fn delete_work_group(&self, cx: &Context, input: DeleteWorkGroupInput) -> Result<DeleteWorkGroupOutput, Fault> {
        if input.work_group == PRIMARY {
            return Err(invalid("INVALID_INPUT", "Primary WorkGroup could not be deleted"));
        }
        let mut stopped: Vec<String> = Vec::new();
        cx.store()
            .write(|tx| {
                must_find(tx, cx, &input.work_group)?;
                let held = Held::of(tx, cx, &input.work_group)?;
                if !held.is_empty() && input.recursive_delete_option != Some(true) {
                    return Err(invalid("INVALID_INPUT", format!("WorkGroup {} is not empty", input.work_group)));
                }
                stopped = held.executions.iter().map(|(_, id)| id.clone()).collect();
                held.delete(tx, cx, &input.work_group)?;
                tx.delete(&WORK_GROUPS, cx.scope(), &input.work_group).map(drop)
            })
            .await?;
        stopped.iter().for_each(|id| self.running.stop(id));
        Ok(DeleteWorkGroupOutput {})
    }

    /// Work groups by name.
    pub async fn list_work_groups(&self, cx: &Context, input: ListWorkGroupsInput) -> Result<ListWorkGroupsOutput, Fault> {
        let mut all: Vec<WorkGroup> =
            cx.store().read(|s| s.scan(&WORK_GROUPS, cx.scope()).map(|row| row.map(|(_, g)| g.group.0)).collect::<Result<_, Fault>>())?;
        if all.iter().all(|g| g.name != PRIMARY) {
            all.push(primary().group.0);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page = pages::page(
            all,
            |g| g.name.clone(),
            input.next_token.as_deref(),
            limit,
            || invalid("MALFORMED_TOKEN", "Malformed nextPageToken"),
        )?;
        let summary = |g: WorkGroup| WorkGroupSummary {
            name: Some(g.name),
            state: g.state,
            description: g.description,
            creation_time: g.creation_time,
            engine_version: g.configuration.and_then(|c| c.engine_version),
            identity_center_application_arn: None,
        };
        Ok(ListWorkGroupsOutput { work_groups: Some(page.items.into_iter().map(summary).collect()), next_token: page.next })
    }

    /// Adds tags to a work group.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let new = tags(Some(input.tags));
        change_tags(cx, &input.resource_arn, |tags| tags.extend(new)).await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags off a work group.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change_tags(cx, &input.resource_arn, |tags| tags.retain(|k, _| !input.tag_keys.contains(k))).await?;
        Ok(UntagResourceOutput {})
    }

    /// Tags of a work group or a data catalog.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let tags = cx.store().read(|s| match tagged(&input.resource_arn)? {
            Tagged::Group(name) => must_find(s, cx, name).map(|row| row.tags),
            Tagged::Catalog(name) => data_catalogs::find(s, cx, name).map(|row| row.tags),
        })?;
        let tags = tags.into_iter().map(|(k, v)| Tag { key: Some(k), value: Some(v) }).collect();
        Ok(ListTagsForResourceOutput { tags: Some(tags), next_token: None })
    }
}

/// What a work group holds.
struct Held {
    /// Ids of named queries.
    named: Vec<String>,
    /// Names of prepared statements.
    prepared: Vec<String>,
    /// Descending times and ids of executions.
    executions: Vec<(u64, String)>,
}

impl Held {
    fn of(store: &impl Read, cx: &Context, group: &str) -> Result<Held, Fault> {
        let mut named = Vec::new();
        for row in store.scan(&NAMED, cx.scope()) {
            let (id, query) = row?;
            if query.0.work_group.as_deref() == Some(group) {
                named.push(id);
            }
        }
        let of_group = &(group.to_owned(),);
        let prepared = store.scan(&PREPARED, cx.scope()).prefix(of_group).map(|row| row.map(|((_, name), _)| name));
        let executions = store.scan(&BY_TIME, cx.scope()).prefix(of_group).map(|row| row.map(|((_, at, id), ())| (at, id)));
        Ok(Held { named, prepared: prepared.collect::<Result<_, Fault>>()?, executions: executions.collect::<Result<_, Fault>>()? })
    }
    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.prepared.is_empty() && self.executions.is_empty()
    }
    fn delete(&self, tx: &mut kit::Tx<'_>, cx: &Context, group: &str) -> Result<(), Fault> {
        for id in &self.named {
            tx.delete(&NAMED, cx.scope(), id)?;
        }
        for name in &self.prepared {
            tx.delete(&PREPARED, cx.scope(), &(group.to_owned(), name.clone()))?;
        }
        for (at, id) in &self.executions {
            tx.delete(&BY_TIME, cx.scope(), &(group.to_owned(), *at, id.clone()))?;
            if let Some(row) = tx.get(&EXECUTIONS, cx.scope(), id)? {
                row.pages.iter().for_each(|page| tx.drop_blob(page));
                tx.delete(&EXECUTIONS, cx.scope(), id)?;
            }
        }
        Ok(())
    }
}

/// The work group, or AWS's sentence. `primary` is always there.
pub(crate) fn must_find(store: &impl Read, cx: &Context, name: &str) -> Result<GroupRow, Fault> {
    let row = store.get(&WORK_GROUPS, cx.scope(), &name.to_owned())?;
    row.or_else(|| (name == PRIMARY).then(primary)).ok_or_else(|| invalid("WORK_GROUP_NOT_FOUND", "WorkGroup is not found."))
}

fn primary() -> GroupRow {
    let configuration = complete(WorkGroupConfiguration { enforce_work_group_configuration: Some(false), ..Default::default() });
    let group =
        WorkGroup { name: PRIMARY.into(), state: Some(WorkGroupState::Enabled), configuration: configuration.ok(), ..WorkGroup::default() };
    GroupRow { group: Kept(group), tags: BTreeMap::new() }
}

/// What AWS fills in, and what has no effect here refused.
fn complete(mut given: WorkGroupConfiguration) -> Result<WorkGroupConfiguration, Fault> {
    let unbuilt = [
        ("ManagedQueryResultsConfiguration", given.managed_query_results_configuration.as_ref().is_some_and(|m| m.enabled)),
        ("ExecutionRole", given.execution_role.is_some()),
        ("AdditionalConfiguration", given.additional_configuration.is_some()),
        ("MonitoringConfiguration", given.monitoring_configuration.is_some()),
        ("CustomerContentEncryptionConfiguration", given.customer_content_encryption_configuration.is_some()),
        ("IdentityCenterConfiguration", given.identity_center_configuration.is_some()),
        ("QueryResultsS3AccessGrantsConfiguration", given.query_results_s3_access_grants_configuration.is_some()),
    ];
    if let Some((member, _)) = unbuilt.iter().find(|(_, given)| *given) {
        return Err(Fault::new("NotImplemented", 501, format!("windtunnel does not take {member} in work groups yet.")));
    }
    capacity::check(given.engine_configuration.as_ref())?;
    given.enforce_work_group_configuration.get_or_insert(true);
    given.publish_cloud_watch_metrics_enabled.get_or_insert(false);
    given.requester_pays_enabled.get_or_insert(false);
    given.enable_minimum_encryption_configuration.get_or_insert(false);
    given.result_configuration.get_or_insert_default();
    let selected = given.engine_version.take().and_then(|e| e.selected_engine_version).unwrap_or_else(|| "AUTO".into());
    if !ENGINES.contains(&selected.as_str()) {
        return Err(invalid("INVALID_INPUT", format!("{selected} is not an engine version; {} are", ENGINES.join(" and "))));
    }
    given.engine_version =
        Some(EngineVersion { selected_engine_version: Some(selected), effective_engine_version: Some("Athena engine version 3".into()) });
    Ok(given)
}

/// What is kept and has no effect.
fn warn(cx: &Context, configuration: &WorkGroupConfiguration) {
    if configuration.requester_pays_enabled == Some(true) {
        cx.warn("RequesterPaysEnabled has no effect: nobody pays for requests here, and buckets of other accounts are read as their policies say");
    }
    if configuration.enable_minimum_encryption_configuration == Some(true) {
        cx.warn("EnableMinimumEncryptionConfiguration has no effect: results are encrypted as their bucket says");
    }
}

fn update(into: &mut WorkGroupConfiguration, updates: WorkGroupConfigurationUpdates) -> Result<(), Fault> {
    if updates.managed_query_results_configuration_updates.as_ref().is_some_and(|m| m.enabled == Some(true)) {
        return Err(Fault::new("NotImplemented", 501, "windtunnel does not take ManagedQueryResultsConfigurationUpdates yet."));
    }
    // There is never one to be removed, so RemoveCustomerContentEncryptionConfiguration is done already.
    if let Some(r) = updates.result_configuration_updates {
        update_result(into.result_configuration.get_or_insert_default(), r);
    }
    into.enforce_work_group_configuration = updates.enforce_work_group_configuration.or(into.enforce_work_group_configuration);
    into.requester_pays_enabled = updates.requester_pays_enabled.or(into.requester_pays_enabled);
    into.publish_cloud_watch_metrics_enabled = updates.publish_cloud_watch_metrics_enabled.or(into.publish_cloud_watch_metrics_enabled);
    if updates.remove_bytes_scanned_cutoff_per_query == Some(true) {
        into.bytes_scanned_cutoff_per_query = None;
    }
    into.bytes_scanned_cutoff_per_query = updates.bytes_scanned_cutoff_per_query.or(into.bytes_scanned_cutoff_per_query);
    into.enable_minimum_encryption_configuration =
        updates.enable_minimum_encryption_configuration.or(into.enable_minimum_encryption_configuration);
    into.engine_version = updates.engine_version.or(into.engine_version.take());
    into.engine_configuration = updates.engine_configuration.or(into.engine_configuration.take());
    let next = WorkGroupConfiguration {
        managed_query_results_configuration: None,
        execution_role: updates.execution_role,
        additional_configuration: updates.additional_configuration,
        monitoring_configuration: updates.monitoring_configuration,
        customer_content_encryption_configuration: updates.customer_content_encryption_configuration,
        query_results_s3_access_grants_configuration: updates.query_results_s3_access_grants_configuration,
        ..std::mem::take(into)
    };
    *into = complete(next)?;
    Ok(())
}

fn update_result(into: &mut ResultConfiguration, updates: ResultConfigurationUpdates) {
    /// A new value, or none where that is asked, or what there was.
    fn change<T>(into: &mut Option<T>, new: Option<T>, remove: Option<bool>) {
        let old = into.take().filter(|_| remove != Some(true));
        *into = new.or(old);
    }
    change(&mut into.output_location, updates.output_location, updates.remove_output_location);
    change(&mut into.encryption_configuration, updates.encryption_configuration, updates.remove_encryption_configuration);
    change(&mut into.expected_bucket_owner, updates.expected_bucket_owner, updates.remove_expected_bucket_owner);
    change(&mut into.acl_configuration, updates.acl_configuration, updates.remove_acl_configuration);
}

pub(crate) fn check_location(location: Option<&str>) -> Result<(), Fault> {
    match location {
        Some(location) if crate::engine::location::parse(location).is_none() => {
            Err(invalid("INVALID_INPUT", "outputLocation is not a valid S3 path."))
        }
        _ => Ok(()),
    }
}

pub(crate) fn tags(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    tags.unwrap_or_default().into_iter().filter_map(|t| Some((t.key?, t.value.unwrap_or_default()))).collect()
}

/// What has tags here.
enum Tagged<'a> {
    Group(&'a str),
    Catalog(&'a str),
}

fn tagged(arn: &str) -> Result<Tagged<'_>, Fault> {
    let parsed = kit::Arn::parse(arn);
    let after = |what: &str| parsed.as_ref().and_then(|arn| arn.after(what));
    match (after("workgroup/"), after("datacatalog/")) {
        (Some(name), _) => Ok(Tagged::Group(name)),
        (_, Some(name)) => Ok(Tagged::Catalog(name)),
        _ => Err(invalid("INVALID_INPUT", format!("{arn} is not the ARN of a work group or a data catalog; only those have tags here."))),
    }
}

async fn change_tags(cx: &Context, arn: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| match tagged(arn)? {
            Tagged::Group(name) => {
                let mut row = must_find(tx, cx, name)?;
                change(&mut row.tags);
                tx.put(&WORK_GROUPS, cx.scope(), &name.to_owned(), &row)
            }
            Tagged::Catalog(name) => {
                let mut row = data_catalogs::registered(tx, cx, name)?;
                change(&mut row.tags);
                tx.put(&DATA_CATALOGS, cx.scope(), &name.to_lowercase(), &row)
            }
        })
        .await
}

/// The ARN of a work group.
pub(crate) fn group_arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:athena:{}:{}:workgroup/{name}", cx.region(), cx.account())
}

macro_rules! on_group {
    ($($input:ident . $name:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, cx: &Context) -> Access {
                Access::on($action, group_arn(cx, &self.$name))
            }
        }
    )*};
}
on_group! {
    CreateWorkGroupInput.name => "athena:CreateWorkGroup";
    GetWorkGroupInput.work_group => "athena:GetWorkGroup";
    UpdateWorkGroupInput.work_group => "athena:UpdateWorkGroup";
    DeleteWorkGroupInput.work_group => "athena:DeleteWorkGroup";
}
impl Authorize<Athena> for ListWorkGroupsInput {
    fn access(&self, _: &Athena, _: &Context) -> Access {
        Access::any("athena:ListWorkGroups")
    }
}
macro_rules! on_arn {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, _: &Context) -> Access {
                Access::on($action, self.resource_arn.clone())
            }
        }
    )*};
}
on_arn! {
    TagResourceInput => "athena:TagResource";
    UntagResourceInput => "athena:UntagResource";
    ListTagsForResourceInput => "athena:ListTagsForResource";
}
