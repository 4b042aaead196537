//! Triggers: what starts crawlers, on demand, by the clock, when other crawls have ended, or when events come.

pub(crate) mod events;
pub(crate) mod fire;
pub(crate) mod state;

use crate::{Glue, crawlers, model::*, pages, workflows};
use kit::{Context, Fault, Read};
use state::{Row, TRIGGERS, must_find};

impl Glue {
    /// Makes a trigger.
    pub async fn create_trigger(&self, cx: &Context, input: CreateTriggerInput) -> Result<CreateTriggerOutput, Fault> {
        let start = input.start_on_creation == Some(true);
        if start && input.r#type == TriggerType::OnDemand {
            return Err(Error::InvalidInput.says("StartOnCreation is not supported for ON_DEMAND triggers."));
        }
        let trigger = Trigger {
            name: Some(input.name.clone()),
            workflow_name: input.workflow_name,
            r#type: Some(input.r#type),
            state: Some(if start { TriggerState::Activated } else { TriggerState::Created }),
            description: input.description,
            schedule: input.schedule,
            actions: Some(input.actions),
            predicate: input.predicate,
            event_batching_condition: input.event_batching_condition,
            ..Trigger::default()
        };
        let tags = crate::tags::checked(input.tags.unwrap_or_default())?;
        let row = Row { trigger, tags, met: Default::default() };
        cx.store()
            .write(|tx| {
                if tx.exists(&TRIGGERS, cx.scope(), &input.name)? {
                    return Err(Error::AlreadyExists.says(format!("Trigger {} already exists", input.name)));
                }
                check(tx, cx, &row)?;
                fire::plan(cx, tx, &row)?;
                tx.put(&TRIGGERS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(CreateTriggerOutput { name: Some(input.name) })
    }

    /// A trigger.
    pub async fn get_trigger(&self, cx: &Context, input: GetTriggerInput) -> Result<GetTriggerOutput, Fault> {
        Ok(GetTriggerOutput { trigger: Some(cx.store().read(|s| must_find(s, cx, &input.name))?.trigger) })
    }

    /// All triggers, by name.
    pub async fn get_triggers(&self, cx: &Context, input: GetTriggersInput) -> Result<GetTriggersOutput, Fault> {
        no_jobs(input.dependent_job_name.as_deref())?;
        let all = cx.store().read(|s| state::all(s, cx, None))?;
        let page = pages::cut(all, |row| row.name().to_owned(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetTriggersOutput { triggers: Some(page.items.into_iter().map(|row| row.trigger).collect()), next_token: page.next })
    }

    /// Triggers by name; tells which are not there.
    pub async fn batch_get_triggers(&self, cx: &Context, input: BatchGetTriggersInput) -> Result<BatchGetTriggersOutput, Fault> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in input.trigger_names {
            match cx.store().read(|s| s.get(&TRIGGERS, cx.scope(), &name))? {
                Some(row) => found.push(row.trigger),
                None => missing.push(name),
            }
        }
        Ok(BatchGetTriggersOutput { triggers: Some(found), triggers_not_found: Some(missing) })
    }

    /// Names of triggers, of those with all of the given tags.
    pub async fn list_triggers(&self, cx: &Context, input: ListTriggersInput) -> Result<ListTriggersOutput, Fault> {
        no_jobs(input.dependent_job_name.as_deref())?;
        let wanted = input.tags.unwrap_or_default();
        let all = cx.store().read(|s| state::all(s, cx, None))?;
        let fits = |row: &&Row| wanted.iter().all(|(key, value)| row.tags.get(key) == Some(value));
        let names: Vec<String> = all.iter().filter(fits).map(|row| row.name().to_owned()).collect();
        let page = pages::cut(names, |n| n.clone(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(ListTriggersOutput { trigger_names: Some(page.items), next_token: page.next })
    }

    /// Changes what is given.
    pub async fn update_trigger(&self, cx: &Context, input: UpdateTriggerInput) -> Result<UpdateTriggerOutput, Fault> {
        let update = input.trigger_update;
        if update.name.as_ref().is_some_and(|name| *name != input.name) {
            return Err(unbuilt("new names for triggers"));
        }
        let trigger = cx
            .store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                if row.trigger.state == Some(TriggerState::Activated) {
                    return Err(Error::InvalidInput.says(format!("Trigger {} is activated; stop it before it is changed.", input.name)));
                }
                let trigger = &mut row.trigger;
                trigger.description = update.description.or(trigger.description.take());
                trigger.schedule = update.schedule.or(trigger.schedule.take());
                trigger.actions = update.actions.or(trigger.actions.take());
                trigger.predicate = update.predicate.or(trigger.predicate.take());
                trigger.event_batching_condition = update.event_batching_condition.or(trigger.event_batching_condition.take());
                row.met.clear();
                check(tx, cx, &row)?;
                tx.put(&TRIGGERS, cx.scope(), &input.name, &row)?;
                Ok(row.trigger)
            })
            .await?;
        Ok(UpdateTriggerOutput { trigger: Some(trigger) })
    }

    /// Removes a trigger; one that isn't there is fine.
    pub async fn delete_trigger(&self, cx: &Context, input: DeleteTriggerInput) -> Result<DeleteTriggerOutput, Fault> {
        cx.store()
            .write(|tx| {
                fire::forget(tx, cx, &input.name)?;
                tx.delete(&TRIGGERS, cx.scope(), &input.name).map(drop)
            })
            .await?;
        Ok(DeleteTriggerOutput { name: Some(input.name) })
    }

    /// Fires a trigger on demand, or lets another wait for its moment.
    pub async fn start_trigger(&self, cx: &Context, input: StartTriggerInput) -> Result<StartTriggerOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                if row.trigger.r#type == Some(TriggerType::OnDemand) {
                    return fire::begin(cx, tx, &row);
                }
                row.trigger.state = Some(TriggerState::Activated);
                fire::plan(cx, tx, &row)?;
                tx.put(&TRIGGERS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(StartTriggerOutput { name: Some(input.name) })
    }

    /// Lets a trigger wait no more.
    pub async fn stop_trigger(&self, cx: &Context, input: StopTriggerInput) -> Result<StopTriggerOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                row.trigger.state = Some(TriggerState::Deactivated);
                row.met.clear();
                fire::forget(tx, cx, &input.name)?;
                tx.put(&TRIGGERS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(StopTriggerOutput { name: Some(input.name) })
    }
}

fn unbuilt(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel's Glue has no {what}."))
}

/// Jobs are not built, so nothing depends on one.
fn no_jobs(name: Option<&str>) -> Result<(), Fault> {
    if name.is_some() { Err(unbuilt("jobs")) } else { Ok(()) }
}

/// Checks a trigger as a whole.
fn check(store: &impl Read, cx: &Context, row: &Row) -> Result<(), Fault> {
    let invalid = |text: String| Err(Error::InvalidInput.says(text));
    let trigger = &row.trigger;
    let actions = trigger.actions.as_deref().unwrap_or_default();
    if actions.is_empty() {
        return invalid("A trigger needs an action.".into());
    }
    for action in actions {
        let others = action.arguments.is_some() || action.timeout.is_some() || action.security_configuration.is_some();
        if action.job_name.is_some() || others || action.notification_property.is_some() {
            return Err(unbuilt("jobs: actions of triggers start crawlers"));
        }
        let crawler = action.crawler_name.as_deref().unwrap_or_default();
        crawlers::state::must_find(store, cx, crawler)?;
    }
    let conditions = trigger.predicate.iter().flat_map(|p| p.conditions.iter().flatten());
    for condition in conditions.clone() {
        if condition.job_name.is_some() || condition.state.is_some() {
            return Err(unbuilt("jobs: conditions of triggers are about crawls"));
        }
        if condition.crawler_name.is_none() || condition.crawl_state.is_none() {
            return invalid("A condition needs CrawlerName and CrawlState.".into());
        }
        if condition.logical_operator.is_some_and(|o| o != LogicalOperator::Equals) {
            return invalid("Conditions compare with EQUALS.".into());
        }
    }
    match trigger.r#type {
        Some(TriggerType::Scheduled) => crawlers::schedule::expression(trigger.schedule.as_deref().unwrap_or_default()).map(drop)?,
        Some(TriggerType::Event) if trigger.workflow_name.is_none() => {
            return invalid("A trigger of type EVENT needs a workflow, which events are sent to.".into());
        }
        Some(TriggerType::Conditional) if conditions.count() == 0 => return invalid("A conditional trigger needs a predicate.".into()),
        _ => {}
    }
    if trigger.event_batching_condition.is_some() && trigger.r#type != Some(TriggerType::Event) {
        return invalid("EventBatchingCondition is for triggers of type EVENT.".into());
    }
    if let Some(workflow) = &trigger.workflow_name {
        workflows::state::must_find(store, cx, workflow)?;
        let others = state::all(store, cx, Some(workflow))?;
        if row.starts() && others.iter().any(|other| other.name() != row.name() && other.starts()) {
            return invalid(format!("Workflow {workflow} has a start trigger already."));
        }
    }
    Ok(())
}
