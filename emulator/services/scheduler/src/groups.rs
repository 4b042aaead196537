//! Schedule groups: made, read, listed, deleted with all that is in them.

use crate::{Scheduler, check, model::*, state::*, timing};
use kit::{Context, Fault, Read};

/// AWS's quota.
const MOST_GROUPS: usize = 500;

impl Scheduler {
    /// Makes a group.
    pub async fn create_schedule_group(&self, cx: &Context, input: CreateScheduleGroupInput) -> Result<CreateScheduleGroupOutput, Fault> {
        let tags = check::tags(input.tags.unwrap_or_default())?;
        let new = Group { name: input.name, tags, client_token: input.client_token, created: cx.now(), modified: cx.now() };
        cx.store()
            .write(|tx| {
                let there = tx.get(&GROUPS, cx.scope(), &new.name)?;
                if there.as_ref().is_some_and(|there| there.client_token.is_some() && there.client_token == new.client_token) {
                    return Ok(());
                }
                if there.is_some() || new.name == DEFAULT_GROUP {
                    return Err(Error::Conflict.says(format!("Schedule group {} already exists.", new.name)));
                }
                if tx.count(&GROUPS, cx.scope())? >= MOST_GROUPS {
                    return Err(Error::ServiceQuotaExceeded.says(format!("At most {MOST_GROUPS} schedule groups are allowed.")));
                }
                tx.put(&GROUPS, cx.scope(), &new.name, &new)
            })
            .await?;
        Ok(CreateScheduleGroupOutput { schedule_group_arn: group_arn(cx.scope(), &new.name) })
    }

    /// Describes a group.
    pub async fn get_schedule_group(&self, cx: &Context, input: GetScheduleGroupInput) -> Result<GetScheduleGroupOutput, Fault> {
        let group = cx.store().read(|s| group(s, cx.scope(), &input.name))?;
        Ok(GetScheduleGroupOutput {
            arn: Some(group_arn(cx.scope(), &group.name)),
            creation_date: Some(group.created),
            last_modification_date: Some(group.modified),
            name: Some(group.name),
            state: Some(ScheduleGroupState::Active),
        })
    }

    /// Deletes a group and its schedules. AWS takes a while over it; here it is done at once.
    pub async fn delete_schedule_group(&self, cx: &Context, input: DeleteScheduleGroupInput) -> Result<DeleteScheduleGroupOutput, Fault> {
        if input.name == DEFAULT_GROUP {
            return Err(check::invalid("The default schedule group can't be deleted."));
        }
        cx.store()
            .write(|tx| {
                group(tx, cx.scope(), &input.name)?;
                let rows = tx.scan(&SCHEDULES, cx.scope()).prefix(&(input.name.as_str(),)).map(|row| row.map(|(_, schedule)| schedule));
                let schedules: Vec<Schedule> = rows.collect::<Result<_, Fault>>()?;
                for schedule in &schedules {
                    timing::forget(tx, &schedule.arn(cx.scope()));
                    tx.delete(&SCHEDULES, cx.scope(), &schedule.key())?;
                }
                tx.delete(&GROUPS, cx.scope(), &input.name).map(drop)
            })
            .await?;
        Ok(DeleteScheduleGroupOutput {})
    }

    /// Groups by name.
    pub async fn list_schedule_groups(&self, cx: &Context, input: ListScheduleGroupsInput) -> Result<ListScheduleGroupsOutput, Fault> {
        let prefix = input.name_prefix.unwrap_or_default();
        let rows =
            cx.store().read(|s| s.scan(&GROUPS, cx.scope()).map(|row| row.map(|(_, group)| group)).collect::<Result<Vec<_>, Fault>>());
        let mut all: Vec<Group> = rows?;
        if let Err(at) = all.binary_search_by(|group| group.name.as_str().cmp(DEFAULT_GROUP)) {
            all.insert(at, default_group());
        }
        let named = all.into_iter().filter(|group| group.name.starts_with(&prefix));
        let limit = check::limit(input.max_results);
        let page = kit::pages::page(named, |g| g.name.clone(), input.next_token.as_deref(), limit, check::bad_token)?;
        let show = |group: Group| ScheduleGroupSummary {
            arn: Some(group_arn(cx.scope(), &group.name)),
            creation_date: Some(group.created),
            last_modification_date: Some(group.modified),
            name: Some(group.name),
            state: Some(ScheduleGroupState::Active),
        };
        Ok(ListScheduleGroupsOutput { schedule_groups: page.items.into_iter().map(show).collect(), next_token: page.next })
    }
}
