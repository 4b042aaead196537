//! GetSchedule and ListSchedules.

use crate::{Scheduler, check, model::*, state, state::*};
use kit::{Context, Fault, Read};

impl Scheduler {
    /// Describes a schedule.
    pub async fn get_schedule(&self, cx: &Context, input: GetScheduleInput) -> Result<GetScheduleOutput, Fault> {
        let group_name = input.group_name.unwrap_or_else(|| DEFAULT_GROUP.into());
        let found = cx.store().read(|s| {
            group(s, cx.scope(), &group_name)?;
            state::schedule(s, cx.scope(), &group_name, &input.name)
        })?;
        Ok(GetScheduleOutput {
            arn: Some(found.arn(cx.scope())),
            state: Some(state_of(&found)),
            action_after_completion: found.after,
            creation_date: Some(found.created),
            description: found.description,
            end_date: found.end,
            flexible_time_window: Some(found.window),
            group_name: Some(found.group),
            kms_key_arn: None,
            last_modification_date: Some(found.modified),
            name: Some(found.name),
            schedule_expression: Some(found.expression),
            schedule_expression_timezone: Some(found.zone),
            start_date: found.start,
            target: Some(found.target),
        })
    }

    /// Schedules of a group, or of all, by group and name.
    pub async fn list_schedules(&self, cx: &Context, input: ListSchedulesInput) -> Result<ListSchedulesOutput, Fault> {
        let prefix = input.name_prefix.unwrap_or_default();
        let all: Vec<Schedule> = cx.store().read(|s| {
            let scan = match &input.group_name {
                Some(name) => {
                    group(s, cx.scope(), name)?;
                    s.scan(&SCHEDULES, cx.scope()).prefix(&(name.as_str(),))
                }
                None => s.scan(&SCHEDULES, cx.scope()),
            };
            scan.map(|row| row.map(|(_, schedule)| schedule)).collect::<Result<_, Fault>>()
        })?;
        let wanted = |s: &Schedule| s.name.starts_with(&prefix) && input.state.is_none_or(|state| state == state_of(s));
        // The separator sorts before every character of a name, so that keys sort as rows do.
        let key = |s: &Schedule| format!("{}\u{1}{}", s.group, s.name);
        let limit = check::limit(input.max_results);
        let page = kit::pages::page(all.into_iter().filter(wanted), key, input.next_token.as_deref(), limit, check::bad_token)?;
        let show = |schedule: Schedule| ScheduleSummary {
            arn: Some(schedule.arn(cx.scope())),
            state: Some(state_of(&schedule)),
            creation_date: Some(schedule.created),
            group_name: Some(schedule.group),
            last_modification_date: Some(schedule.modified),
            name: Some(schedule.name),
            target: Some(TargetSummary { arn: schedule.target.arn }),
        };
        Ok(ListSchedulesOutput { schedules: page.items.into_iter().map(show).collect(), next_token: page.next })
    }
}

fn state_of(schedule: &Schedule) -> ScheduleState {
    match schedule.enabled {
        true => ScheduleState::Enabled,
        false => ScheduleState::Disabled,
    }
}
