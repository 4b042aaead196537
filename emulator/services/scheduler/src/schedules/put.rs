//! CreateSchedule, UpdateSchedule and DeleteSchedule.

use crate::{Scheduler, check, invoke, model::*, state::*, timing};
use kit::{Context, Fault, Read};

impl Scheduler {
    /// Makes a schedule.
    pub async fn create_schedule(&self, cx: &Context, input: CreateScheduleInput) -> Result<CreateScheduleOutput, Fault> {
        let new = self.read_schedule(cx, as_update(input), None).await?;
        cx.store()
            .write(|tx| {
                group(tx, cx.scope(), &new.group)?;
                if let Some(there) = tx.get(&SCHEDULES, cx.scope(), &new.key())? {
                    return match new.client_token.is_some() && there.client_token == new.client_token {
                        true => Ok(()),
                        false => Err(Error::Conflict.says(format!("Schedule {} already exists.", new.name))),
                    };
                }
                tx.put(&SCHEDULES, cx.scope(), &new.key(), &new)?;
                timing::plan(cx, tx, &new)
            })
            .await?;
        Ok(CreateScheduleOutput { schedule_arn: new.arn(cx.scope()) })
    }

    /// Puts a new schedule in place of the old: what is not given goes back to its default, as on AWS.
    pub async fn update_schedule(&self, cx: &Context, input: UpdateScheduleInput) -> Result<UpdateScheduleOutput, Fault> {
        let group_name = input.group_name.clone().unwrap_or_else(|| DEFAULT_GROUP.into());
        let old = cx.store().read(|s| {
            group(s, cx.scope(), &group_name)?;
            schedule(s, cx.scope(), &group_name, &input.name)
        })?;
        let new = self.read_schedule(cx, input, Some(&old)).await?;
        cx.store()
            .write(|tx| {
                schedule(tx, cx.scope(), &new.group, &new.name)?;
                timing::forget(tx, &new.arn(cx.scope()));
                tx.put(&SCHEDULES, cx.scope(), &new.key(), &new)?;
                timing::plan(cx, tx, &new)
            })
            .await?;
        Ok(UpdateScheduleOutput { schedule_arn: new.arn(cx.scope()) })
    }

    /// Deletes a schedule. Invocations that have begun go on.
    pub async fn delete_schedule(&self, cx: &Context, input: DeleteScheduleInput) -> Result<DeleteScheduleOutput, Fault> {
        let group_name = input.group_name.unwrap_or_else(|| DEFAULT_GROUP.into());
        cx.store()
            .write(|tx| {
                group(tx, cx.scope(), &group_name)?;
                let there = schedule(tx, cx.scope(), &group_name, &input.name)?;
                timing::forget(tx, &there.arn(cx.scope()));
                tx.delete(&SCHEDULES, cx.scope(), &there.key()).map(drop)
            })
            .await?;
        Ok(DeleteScheduleOutput {})
    }

    async fn read_schedule(&self, cx: &Context, input: UpdateScheduleInput, old: Option<&Schedule>) -> Result<Schedule, Fault> {
        if input.kms_key_arn.is_some() {
            return Err(check::not_implemented("customer managed keys (KmsKeyArn)"));
        }
        let mut target = input.target;
        let policy = target.retry_policy.get_or_insert_default();
        policy.maximum_event_age_in_seconds.get_or_insert(invoke::MOST_AGE_SECS);
        policy.maximum_retry_attempts.get_or_insert(invoke::MOST_RETRIES);
        let zone = input.schedule_expression_timezone.unwrap_or_else(|| "UTC".into());
        // A change of something else leaves the beat of a rate as it is.
        let same = old.filter(|old| old.expression == input.schedule_expression && old.zone == zone && old.start == input.start_date);
        let anchor = same.map(|old| old.anchor).or(input.start_date).unwrap_or_else(|| cx.now());
        let new = Schedule {
            id: cx.ids().hex(16),
            group: input.group_name.unwrap_or_else(|| DEFAULT_GROUP.into()),
            name: input.name,
            description: input.description,
            expression: input.schedule_expression,
            zone,
            start: input.start_date,
            end: input.end_date,
            enabled: input.state != Some(ScheduleState::Disabled),
            window: input.flexible_time_window,
            target,
            after: Some(input.action_after_completion.unwrap_or(ActionAfterCompletion::None)),
            client_token: input.client_token,
            anchor,
            created: old.map_or_else(|| cx.now(), |old| old.created),
            modified: cx.now(),
        };
        check::schedule(cx, &new, old)?;
        invoke::assume(cx, &new)
            .await
            .map_err(|_| check::invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role."))?;
        Ok(new)
    }
}

fn as_update(input: CreateScheduleInput) -> UpdateScheduleInput {
    UpdateScheduleInput {
        action_after_completion: input.action_after_completion,
        client_token: input.client_token,
        description: input.description,
        end_date: input.end_date,
        flexible_time_window: input.flexible_time_window,
        group_name: input.group_name,
        kms_key_arn: input.kms_key_arn,
        name: input.name,
        schedule_expression: input.schedule_expression,
        schedule_expression_timezone: input.schedule_expression_timezone,
        start_date: input.start_date,
        state: input.state,
        target: input.target,
    }
}
