//! Scheduled actions: bounds that change at moments of the clock.

use crate::{ApplicationAutoScaling, adjust, check, model::*, state::*, targets};
use kit::schedules::{Expression, TimeZone};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// The task of a moment.
pub(crate) const KIND: &str = "moment";
/// Actions by resource and name.
const ACTIONS: Table<(String, String), Action> = Table::new("application-autoscaling.actions", TableScope::Region);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Action {
    id: String,
    #[serde(with = "wire::kept")]
    put: PutScheduledActionInput,
    created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Moment {
    resource: String,
    name: String,
}

impl Action {
    fn task_key(&self) -> String {
        format!("{}/{}", self.put.resource_id, self.put.scheduled_action_name)
    }
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let expression = Expression::parse(self.put.schedule.as_deref()?)?;
        let from = self.put.start_time.map_or(after, |start| after.max(start.plus_ns(-1)));
        let next = expression.next(from, self.put.start_time.unwrap_or(self.created), &TimeZone::UTC)?;
        self.put.end_time.is_none_or(|end| next <= end).then_some(next)
    }
    fn wait(&self, tx: &mut Tx<'_>, scope: &Scope, after: Timestamp) {
        let Some(due) = self.next(after) else { return };
        let moment = Moment { resource: self.put.resource_id.clone(), name: self.put.scheduled_action_name.clone() };
        tx.task(NewTask::new(scope, "application-autoscaling", KIND, &moment).at(due).key(self.task_key()));
    }
}

impl ApplicationAutoScaling {
    /// Makes or changes an action.
    pub async fn put_scheduled_action(&self, cx: &Context, input: PutScheduledActionInput) -> Result<PutScheduledActionOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        if input.timezone.as_deref().is_some_and(|zone| !matches!(zone, "UTC" | "Etc/UTC")) {
            return Err(check::not_implemented("Timezone of scheduled actions (other than UTC)"));
        }
        if input.schedule.as_deref().is_some_and(|text| Expression::parse(text).is_none()) {
            return Err(check::invalid("The schedule expression is not valid: at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields)"));
        }
        let key = (input.resource_id.clone(), input.scheduled_action_name.clone());
        cx.store()
            .write(|tx| {
                target(tx, cx.scope(), &key.0)?;
                let old = tx.get(&ACTIONS, cx.scope(), &key)?;
                let mut put = input;
                if let Some(old) = &old {
                    put.schedule = put.schedule.or_else(|| old.put.schedule.clone());
                    put.scalable_target_action = put.scalable_target_action.or_else(|| old.put.scalable_target_action.clone());
                }
                if put.schedule.is_none() || put.scalable_target_action.is_none() {
                    return Err(check::invalid("Schedule and ScalableTargetAction must be given for a new scheduled action"));
                }
                let (id, created) = old.map_or_else(|| (cx.ids().uuid(), cx.now()), |old| (old.id, old.created));
                let action = Action { id, put, created };
                tx.cancel_keyed("application-autoscaling", KIND, &action.task_key());
                action.wait(tx, cx.scope(), cx.now());
                tx.put(&ACTIONS, cx.scope(), &key, &action)
            })
            .await?;
        Ok(PutScheduledActionOutput {})
    }

    /// Deletes an action.
    pub async fn delete_scheduled_action(
        &self,
        cx: &Context,
        input: DeleteScheduledActionInput,
    ) -> Result<DeleteScheduledActionOutput, Fault> {
        check::resource(input.service_namespace, Some(input.scalable_dimension), &input.resource_id)?;
        let key = (input.resource_id, input.scheduled_action_name);
        cx.store()
            .write(|tx| match tx.delete(&ACTIONS, cx.scope(), &key)? {
                Some(action) => {
                    tx.cancel_keyed("application-autoscaling", KIND, &action.task_key());
                    Ok(())
                }
                None => Err(Error::ObjectNotFound.says(format!(
                    "No scheduled action found for service namespace: lambda, resource ID: {}, scalable dimension: \
                     lambda:function:ProvisionedConcurrency, scheduled action name: {}",
                    key.0, key.1
                ))),
            })
            .await?;
        Ok(DeleteScheduledActionOutput {})
    }

    /// Actions by resource and name.
    pub async fn describe_scheduled_actions(
        &self,
        cx: &Context,
        input: DescribeScheduledActionsInput,
    ) -> Result<DescribeScheduledActionsOutput, Fault> {
        check::namespace(input.service_namespace)?;
        let names = input.scheduled_action_names.unwrap_or_default();
        let rows = cx.store().read(|s| s.scan(&ACTIONS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let of = |resource: &str| input.resource_id.as_deref().is_none_or(|wanted| wanted == resource);
        let found = rows.into_iter().filter(|((resource, name), _)| of(resource) && (names.is_empty() || names.contains(name)));
        let key = |((resource, name), _): &((String, String), Action)| format!("{resource}\0{name}");
        let page = kit::pages::page(found, key, input.next_token.as_deref(), check::limit(input.max_results), check::bad_token)?;
        let arn = |id: &str, resource: &str, name: &str| {
            let (region, account) = (cx.region(), cx.account());
            format!("arn:aws:autoscaling:{region}:{account}:scheduledAction:{id}:resource/lambda/{resource}:scheduledActionName/{name}")
        };
        let show = |((resource, name), action): ((String, String), Action)| ScheduledAction {
            scheduled_action_arn: arn(&action.id, &resource, &name),
            scheduled_action_name: name,
            resource_id: resource,
            service_namespace: Some(ServiceNamespace::Lambda),
            scalable_dimension: targets::dimension(),
            schedule: action.put.schedule.unwrap_or_default(),
            timezone: action.put.timezone,
            start_time: action.put.start_time,
            end_time: action.put.end_time,
            scalable_target_action: action.put.scalable_target_action,
            creation_time: Some(action.created),
        };
        Ok(DescribeScheduledActionsOutput { scheduled_actions: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }
}

/// Forgets the actions of a target.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, resource: &str) -> Result<(), Fault> {
    let rows = tx.scan(&ACTIONS, scope).prefix(&(resource,)).collect::<Result<Vec<_>, Fault>>()?;
    for (key, action) in rows {
        tx.cancel_keyed("application-autoscaling", KIND, &action.task_key());
        tx.delete(&ACTIONS, scope, &key)?;
    }
    Ok(())
}

/// A moment has come: the target gets the action's bounds, and its capacity is brought into them.
pub(crate) async fn fire(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let moment: Moment = task.payload()?;
    let scope = &task.scope;
    cx.store()
        .write(|tx| {
            if tx.task_row(&task.id).is_none() {
                return Ok(());
            }
            let Some(action) = tx.get(&ACTIONS, scope, &(moment.resource.clone(), moment.name))? else { return Ok(()) };
            action.wait(tx, scope, task.due);
            let Some(mut target) = tx.get(&TARGETS, scope, &moment.resource)? else { return Ok(()) };
            let Some(bounds) = &action.put.scalable_target_action else { return Ok(()) };
            if target.suspended.2 {
                return Ok(());
            }
            target.min = bounds.min_capacity.unwrap_or(target.min);
            target.max = bounds.max_capacity.unwrap_or(target.max).max(target.min);
            tx.put(&TARGETS, scope, &target.resource, &target)?;
            adjust::plan(tx, scope, &target.resource);
            Ok(())
        })
        .await
}

/// When a cloud starts: moments of recurring actions that passed while it was off are not made up for.
pub(crate) async fn catch_up(cx: &Context) -> Result<(), Fault> {
    let now = cx.now();
    let missed: Vec<TaskRow> =
        cx.store().read(|s| s.tasks_of("application-autoscaling", KIND).into_iter().filter(|task| task.due < now).collect());
    if missed.is_empty() {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            for task in &missed {
                let moment: Moment = task.payload()?;
                let found = tx.get(&ACTIONS, &task.scope, &(moment.resource, moment.name))?;
                let once = |action: &Action| action.put.schedule.as_deref().is_some_and(|text| text.starts_with("at("));
                if let Some(action) = found.filter(|action| !once(action)) {
                    tx.cancel(&task.id);
                    action.wait(tx, &task.scope, now);
                }
            }
            Ok(())
        })
        .await
}
