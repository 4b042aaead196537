//! The state of one run: a copy of the stack and its resources, and the only way in which they are written.

use super::{dynamic::Values, suffix};
use crate::{
    CloudFormation,
    resources::{self, Job, Kind},
    state::{self, EVENTS, Event, Operation, RESOURCES, Resource, STACKS, Stack},
};
use kit::{Context, Fault, Read, Scope, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// What the task of an operation carries.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    pub name: String,
    pub uuid: String,
}

/// One run of an operation.
pub(super) struct Run<'a> {
    service: &'a CloudFormation,
    cx: &'a Context,
    acting: Result<Context, String>,
    pub scope: Scope,
    /// Shared with whoever looks at it: it holds the template and all that was before.
    stack: Mutex<Arc<Stack>>,
    rows: Mutex<BTreeMap<String, Resource>>,
}

/// A change of status to be written.
pub(super) struct Step<'a> {
    pub status: &'static str,
    pub reason: Option<&'a str>,
}

/// A change of the stack that goes with a resource's.
pub(super) type Also<'a> = Box<dyn FnOnce(&mut Stack) + Send + 'a>;

impl<'a> Run<'a> {
    /// Reads the stack; `None` when there is nothing (left) to do.
    pub(super) async fn load(service: &'a CloudFormation, cx: &'a Context, payload: &Payload) -> Result<Option<Run<'a>>, Fault> {
        let scope = cx.scope().clone();
        let found = cx.store().read(|s| {
            let stack = s.get(&STACKS, &scope, &(payload.name.clone(), payload.uuid.clone()))?;
            stack.map(|stack| Ok((state::resources(s, &scope, &stack)?, stack))).transpose()
        });
        let Some((rows, stack)) = found.map_err(|fault: Fault| fault)? else { return Ok(None) };
        let Some(operation) = &stack.operation else { return Ok(None) };
        let acting = acting(cx, &stack, operation).await;
        Ok(Some(Run { service, cx, acting, scope, stack: Mutex::new(Arc::new(stack)), rows: Mutex::new(rows) }))
    }

    /// Why nobody can act for the stack, where its role cannot be assumed.
    pub(super) fn actor_fault(&self) -> Option<String> {
        self.acting.as_ref().err().cloned()
    }
    fn lock(&self) -> MutexGuard<'_, Arc<Stack>> {
        self.stack.lock().unwrap_or_else(|e| e.into_inner())
    }
    fn lock_rows(&self) -> MutexGuard<'_, BTreeMap<String, Resource>> {
        self.rows.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// The stack as it stands.
    pub(super) fn stack(&self) -> Arc<Stack> {
        self.lock().clone()
    }
    /// The operation under way.
    pub(super) fn operation(&self) -> Option<Operation> {
        self.lock().operation.clone()
    }
    /// The resources as they stand.
    pub(super) fn rows(&self) -> BTreeMap<String, Resource> {
        self.lock_rows().clone()
    }
    /// Looks at the resources where they stand.
    pub(super) fn with_rows<T>(&self, look: impl FnOnce(&BTreeMap<String, Resource>) -> T) -> T {
        look(&self.lock_rows())
    }
    /// One resource as it stands.
    pub(super) fn row(&self, logical_id: &str) -> Option<Resource> {
        self.lock_rows().get(logical_id).cloned()
    }
    pub(super) fn now(&self) -> wire::Timestamp {
        self.cx.now()
    }
    pub(super) fn store(&self) -> &kit::Store {
        self.cx.store()
    }

    /// A context for the work on one resource, with ids of its own whatever runs beside it.
    pub(super) fn context(&self, operation: &str, label: &str) -> Result<Context, Fault> {
        let acting = self.acting.as_ref().map_err(|message| Fault::new("AccessDenied", 403, message.clone()))?;
        let cause = suffix::cause(operation, label);
        let cx = Context::new(acting.cloud().clone(), acting.principal().clone(), acting.scope().clone(), cause)
            .with_trace(acting.trace().clone());
        Ok(if acting.called_via().is_some() { cx.via("cloudformation.amazonaws.com") } else { cx })
    }

    /// Changes the stack and writes it, with an event when its status moves.
    pub(super) async fn change(
        &self,
        step: Option<Step<'_>>,
        change: impl FnOnce(&mut Stack, &mut Tx<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut next = (*self.stack()).clone();
        let now = self.now();
        let event_id = self.cx.ids().uuid();
        let next = self
            .cx
            .store()
            .write(|tx| {
                // What others may change meanwhile stays theirs.
                if let Some(stored) = tx.get(&STACKS, &self.scope, &next.key())? {
                    next.termination_protection = stored.termination_protection;
                }
                change(&mut next, tx)?;
                if let Some(step) = &step {
                    next.status = step.status.to_owned();
                    next.reason = step.reason.map(str::to_owned);
                    write_event(tx, &self.scope, &next, stack_event(&self.scope, &next, event_id, now))?;
                }
                tx.put(&STACKS, &self.scope, &next.key(), &next)?;
                Ok(next)
            })
            .await?;
        *self.lock() = Arc::new(next);
        self.service.moved.notify_waiters();
        Ok(())
    }

    /// Writes a resource with the events of its steps; `also` changes the stack in the same transaction.
    pub(super) async fn record(&self, mut row: Resource, steps: &[Step<'_>], also: Option<Also<'_>>) -> Result<(), Fault> {
        row.updated = self.now();
        if let Some(last) = steps.last() {
            row.status = last.status.to_owned();
            row.reason = last.reason.map(str::to_owned);
        }
        let row = self
            .cx
            .store()
            .write(|tx| {
                let stack = self.stack_with(tx, also)?;
                for step in steps {
                    write_event(tx, &self.scope, &stack, resource_event(&row, step, self.now()))?;
                }
                tx.put(&RESOURCES, &self.scope, &(stack.uuid.clone(), row.logical_id.clone()), &row)?;
                Ok(row)
            })
            .await?;
        self.lock_rows().insert(row.logical_id.clone(), row);
        Ok(())
    }

    /// Writes the events of a resource that is no longer one of the stack's own.
    pub(super) async fn tell(&self, row: &Resource, steps: &[Step<'_>], also: Option<Also<'_>>) -> Result<(), Fault> {
        self.cx
            .store()
            .write(|tx| {
                let stack = self.stack_with(tx, also)?;
                steps.iter().try_for_each(|step| write_event(tx, &self.scope, &stack, resource_event(row, step, self.now())))
            })
            .await
    }

    /// The stack, changed and written where there is a change. Writers come one at a time: each sees the change before.
    fn stack_with(&self, tx: &mut Tx<'_>, also: Option<Also<'_>>) -> Result<Arc<Stack>, Fault> {
        let Some(also) = also else { return Ok(self.stack()) };
        let mut next = (*self.stack()).clone();
        also(&mut next);
        if let Some(stored) = tx.get(&STACKS, &self.scope, &next.key())? {
            next.termination_protection = stored.termination_protection;
        }
        tx.put(&STACKS, &self.scope, &next.key(), &next)?;
        let next = Arc::new(next);
        *self.lock() = next.clone();
        Ok(next)
    }

    /// Takes resources out of the stack, in the transaction of a change.
    pub(super) fn forget(&self, tx: &mut Tx<'_>, uuid: &str, logical_ids: &[String]) -> Result<(), Fault> {
        for id in logical_ids {
            tx.delete(&RESOURCES, &self.scope, &(uuid.to_owned(), id.clone()))?;
            self.lock_rows().remove(id);
        }
        Ok(())
    }

    /// Deletes a physical resource.
    pub(super) async fn delete(&self, operation: &Operation, row: &Resource) -> Result<(), Fault> {
        let cx = self.context(&operation.id, &format!("delete/{}/{}", row.logical_id, row.physical_id.as_deref().unwrap_or_default()))?;
        let kind = kind(&row.kind)?;
        let stack = self.stack();
        // A secret that is gone must not keep the resource: it is named by what it is, and seldom by what it was made of.
        let before = Values::of(&cx, &row.properties).await.unwrap_or_default().put_in_former(&row.kind, &row.properties);
        let job = Job {
            cx: &cx,
            stack_name: &stack.name,
            logical_id: &row.logical_id,
            physical_id: row.physical_id.as_deref(),
            suffix: "",
            before: &before,
            after: &Json::Null,
            attributes: &row.attributes,
            tags: &[],
            tags_before: &stack.definition.tags,
            again: false,
        };
        kind.handler.delete(&job).await
    }

    /// Makes a new physical resource.
    pub(super) async fn create(
        &self,
        operation: &Operation,
        logical_id: &str,
        kind_name: &str,
        properties: &Json,
        again: bool,
    ) -> Result<resources::Made, Fault> {
        let cx = self.context(&operation.id, logical_id)?;
        let stack = self.stack();
        let properties = &Values::of(&cx, properties).await?.put_in(kind_name, properties)?;
        let job = Job {
            cx: &cx,
            stack_name: &stack.name,
            logical_id,
            physical_id: None,
            suffix: &suffix::of(&operation.id, logical_id),
            before: &Json::Null,
            after: properties,
            attributes: &Map::new(),
            tags: &stack.definition.tags,
            tags_before: &[],
            again,
        };
        kind(kind_name)?.handler.create(&job).await
    }

    /// Changes a physical resource from one set of properties to another.
    pub(super) async fn update(
        &self,
        operation: &Operation,
        row: &Resource,
        before: &Json,
        after: &Json,
    ) -> Result<resources::Made, Fault> {
        let rolling_back = operation.phase == crate::state::Phase::Rollback;
        let cx = self.context(&operation.id, &format!("{}{}", if rolling_back { "back/" } else { "" }, row.logical_id))?;
        let stack = self.stack();
        // A reference that stays the same is no change, whatever the secret has become; one that goes may have nothing behind it any more.
        let values = Values::of(&cx, after).await?;
        let (before, after) = (&values.put_in_former(&row.kind, before), &values.put_in(&row.kind, after)?);
        let previous = operation.previous.as_ref().map(|p| p.tags.clone()).unwrap_or_default();
        let now = stack.definition.tags.clone();
        let (tags, tags_before) = if rolling_back { (previous, now) } else { (now, previous) };
        let job = Job {
            cx: &cx,
            stack_name: &stack.name,
            logical_id: &row.logical_id,
            physical_id: row.physical_id.as_deref(),
            suffix: &suffix::of(&operation.id, &row.logical_id),
            before,
            after,
            attributes: &row.attributes,
            tags: &tags,
            tags_before: &tags_before,
            again: false,
        };
        kind(&row.kind)?.handler.update(&job).await
    }
}

fn kind(name: &str) -> Result<&'static Kind, Fault> {
    resources::find(name).ok_or_else(|| Fault::internal(format!("a stack has a resource of type {name}, which this build does not know")))
}

/// Who acts: the stack's role where it has one, else whoever asked.
async fn acting(cx: &Context, stack: &Stack, operation: &Operation) -> Result<Context, String> {
    match &stack.definition.role_arn {
        None => Ok(operation.actor.context(cx)),
        Some(role) => assume(cx, role, &stack.arn(cx.scope())).await.map_err(|_| format!("Role {role} is invalid or cannot be assumed")),
    }
}

/// A context that acts as a stack's role.
pub(crate) async fn assume(cx: &Context, role: &str, stack_arn: &str) -> Result<Context, Fault> {
    let sessions = cx.cloud().ports().sessions()?;
    let house = cx.as_service("cloudformation.amazonaws.com", stack_arn, cx.account());
    let key = sessions.for_service(&house, role, "cloudformation.amazonaws.com", "AWSCloudFormation", 3600).await?;
    Ok(cx.as_role(Arc::new(key.session)))
}

/// Appends an event.
pub(crate) fn write_event(tx: &mut Tx<'_>, scope: &Scope, stack: &Stack, mut event: Event) -> Result<(), Fault> {
    event.token = stack.operation.as_ref().and_then(|o| o.token.clone());
    let seq = tx.next_seq("cloudformation.events");
    tx.put(&EVENTS, scope, &(stack.uuid.clone(), seq), &event)
}

/// The event of a stack's own status.
pub(crate) fn stack_event(scope: &Scope, stack: &Stack, id: String, at: wire::Timestamp) -> Event {
    Event {
        id,
        at,
        logical_id: stack.name.clone(),
        physical_id: stack.arn(scope),
        kind: "AWS::CloudFormation::Stack".into(),
        status: stack.status.clone(),
        reason: stack.reason.clone(),
        properties: None,
        token: None,
    }
}

fn resource_event(row: &Resource, step: &Step<'_>, at: wire::Timestamp) -> Event {
    Event {
        id: format!("{}-{}-{}", row.logical_id, step.status, kit::time::iso_millis(at)),
        at,
        logical_id: row.logical_id.clone(),
        physical_id: row.physical_id.clone().unwrap_or_default(),
        kind: row.kind.clone(),
        status: step.status.to_owned(),
        reason: step.reason.map(str::to_owned),
        properties: Some(row.properties.to_string()),
        token: None,
    }
}
