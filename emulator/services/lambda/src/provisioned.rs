//! Provisioned concurrency: environments of a version or alias that stand ready. Asked for now, there a little later on the clock.

use crate::{
    Lambda, concurrency,
    functions::bad_marker,
    invoke::{
        run::{self, Call},
        target,
    },
    model::*,
    names::Name,
    state::*,
};
use kit::{
    BoxFuture, Context, Fault, Grant, Read, Scope, Table, TableScope, Timestamp, Tx,
    ports::{ProvisionedCapacity, ScaledFunctions},
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// Provisioned concurrency by function and qualifier.
pub(crate) const PROVISIONED: Table<(String, String), Provisioned> = Table::new("lambda.provisioned", TableScope::Region);
/// Kind of the rows that say when environments are ready.
pub(crate) const KIND: &str = "provision";
/// AWS takes a minute or two; what a caller waits for is that it isn't at once.
const READY_SECS: i128 = 30;
/// Processes that are started beforehand; what is provisioned beyond is started by its first event. A machine is not to run hundreds of idle
/// processes because a template, written for AWS, says so.
const MOST_STARTED: i32 = 16;

/// What was asked for, and what there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Provisioned {
    pub requested: i32,
    pub allocated: i32,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    pub status: String,
    pub reason: Option<String>,
    pub modified: Timestamp,
    /// Which request it was: rows of earlier ones have nothing to say.
    pub stamp: u64,
}

#[derive(Serialize, Deserialize)]
struct Ready {
    function: String,
    qualifier: String,
    stamp: u64,
}

impl Lambda {
    /// Asks for environments.
    pub async fn put_provisioned_concurrency_config(
        &self,
        cx: &Context,
        input: PutProvisionedConcurrencyConfigInput,
    ) -> Result<PutProvisionedConcurrencyConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, Some(&input.qualifier))?;
        if input.qualifier == LATEST {
            return Err(invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions."));
        }
        let made = put(cx, &name, input.provisioned_concurrent_executions).await?;
        Ok(PutProvisionedConcurrencyConfigOutput {
            requested_provisioned_concurrent_executions: Some(made.requested),
            available_provisioned_concurrent_executions: Some(made.allocated),
            allocated_provisioned_concurrent_executions: Some(made.allocated),
            status: ProvisionedConcurrencyStatusEnum::parse(&made.status),
            status_reason: made.reason,
            last_modified: Some(moment(made.modified)),
        })
    }

    /// What there is of a qualifier.
    pub async fn get_provisioned_concurrency_config(
        &self,
        cx: &Context,
        input: GetProvisionedConcurrencyConfigInput,
    ) -> Result<GetProvisionedConcurrencyConfigOutput, Fault> {
        let name = published(cx, &input.function_name, &input.qualifier)?;
        let found = cx.store().read(|s| {
            there(s, &name)?;
            s.get(&PROVISIONED, &name.scope, &key(&name))
        })?;
        let found = found.ok_or_else(|| {
            user(Error::ProvisionedConcurrencyConfigNotFound.says("No Provisioned Concurrency Config found for this function"))
        })?;
        let busy = self.pools.provisioned_running(&name);
        Ok(GetProvisionedConcurrencyConfigOutput {
            requested_provisioned_concurrent_executions: Some(found.requested),
            available_provisioned_concurrent_executions: Some((found.allocated - busy).max(0)),
            allocated_provisioned_concurrent_executions: Some(found.allocated),
            status: ProvisionedConcurrencyStatusEnum::parse(&found.status),
            status_reason: found.reason,
            last_modified: Some(moment(found.modified)),
        })
    }

    /// All of a function.
    pub async fn list_provisioned_concurrency_configs(
        &self,
        cx: &Context,
        input: ListProvisionedConcurrencyConfigsInput,
    ) -> Result<ListProvisionedConcurrencyConfigsOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let rows = cx.store().read(|s| {
            function(s, &name)?;
            s.scan(&PROVISIONED, &name.scope).prefix(&(name.function.as_str(),)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows, |((_, q), _)| q.clone(), input.marker.as_deref(), limit, bad_marker)?;
        let item = |((_, qualifier), found): ((String, String), Provisioned)| {
            let name = name.with(&qualifier);
            ProvisionedConcurrencyConfigListItem {
                function_arn: Some(name.arn()),
                requested_provisioned_concurrent_executions: Some(found.requested),
                available_provisioned_concurrent_executions: Some((found.allocated - self.pools.provisioned_running(&name)).max(0)),
                allocated_provisioned_concurrent_executions: Some(found.allocated),
                status: ProvisionedConcurrencyStatusEnum::parse(&found.status),
                status_reason: found.reason,
                last_modified: Some(moment(found.modified)),
            }
        };
        let configs = page.items.into_iter().map(item).collect();
        Ok(ListProvisionedConcurrencyConfigsOutput { provisioned_concurrency_configs: Some(configs), next_marker: page.next })
    }

    /// Gives the environments back; none there is fine.
    pub async fn delete_provisioned_concurrency_config(
        &self,
        cx: &Context,
        input: DeleteProvisionedConcurrencyConfigInput,
    ) -> Result<DeleteProvisionedConcurrencyConfigOutput, Fault> {
        let name = published(cx, &input.function_name, &input.qualifier)?;
        remove(cx, &name).await?;
        self.pools.remove_provisioned(&name);
        Ok(DeleteProvisionedConcurrencyConfigOutput {})
    }

    /// A row says that environments are ready: some are started, to see that they can be.
    pub(crate) async fn provision(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        let row: Ready = task.payload()?;
        let name = Name { scope: task.scope.clone(), function: row.function.clone(), qualifier: Some(row.qualifier.clone()) };
        let key = key(&name);
        let current = cx.store().read(|s| s.get(&PROVISIONED, &name.scope, &key))?.filter(|p| p.stamp == row.stamp);
        let Some(current) = current else { return Ok(()) };
        let Ok(target) = target::resolve(cx, &name) else { return Ok(()) };
        let mut failed = false;
        for _ in 0..current.requested.min(MOST_STARTED) {
            let call = Call {
                name: name.clone(),
                payload: Default::default(),
                request_id: cx.ids().uuid(),
                client_context: None,
                tail: false,
                sink: None,
            };
            if !run::prepare(&self.pools, cx, target.clone(), call).await? {
                failed = true;
                break;
            }
        }
        cx.store()
            .write(|tx| {
                let Some(mut now) = tx.get(&PROVISIONED, &name.scope, &key)?.filter(|p| p.stamp == row.stamp) else { return Ok(()) };
                match failed {
                    true => {
                        now.status = "FAILED".into();
                        now.reason = Some("FUNCTION_ERROR_INIT_FAILURE".into());
                        now.allocated = 0;
                    }
                    false => {
                        now.status = "READY".into();
                        now.allocated = now.requested;
                    }
                }
                tx.put(&PROVISIONED, &name.scope, &key, &now)
            })
            .await
    }
}

impl ScaledFunctions for Lambda {
    fn provisioned<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        qualified_arn: &'a str,
    ) -> BoxFuture<'a, Result<Option<ProvisionedCapacity>, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:GetProvisionedConcurrencyConfig", qualified_arn)?;
            let name = of_arn(cx, qualified_arn)?;
            let found = cx.store().read(|s| {
                there(s, &name)?;
                s.get(&PROVISIONED, &name.scope, &key(&name))
            })?;
            Ok(found
                .map(|found| ProvisionedCapacity { requested: found.requested.max(0) as u32, allocated: found.allocated.max(0) as u32 }))
        })
    }
    fn provision<'a>(&'a self, cx: &'a Context, grant: Grant, qualified_arn: &'a str, wanted: u32) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("lambda:PutProvisionedConcurrencyConfig", qualified_arn)?;
            let name = of_arn(cx, qualified_arn)?;
            if wanted == 0 {
                remove(cx, &name).await?;
                self.pools.remove_provisioned(&name);
                return Ok(());
            }
            let wanted = i32::try_from(wanted).map_err(|_| invalid("More environments than an account can have."))?;
            put(cx, &name, wanted).await.map(drop)
        })
    }
}

/// A qualified ARN of a version or an alias.
fn of_arn(cx: &Context, arn: &str) -> Result<Name, Fault> {
    let name = Name::read(cx.scope(), arn).filter(|name| name.qualifier.as_deref().is_some_and(|qualifier| qualifier != LATEST));
    name.ok_or_else(|| invalid("The function resource provided must be an alias or a published version."))
}

/// Asks for environments of an alias or version that is checked here.
pub(crate) async fn put(cx: &Context, name: &Name, wanted: i32) -> Result<Provisioned, Fault> {
    cx.store()
        .write(|tx| {
            there(tx, name)?;
            conflicts(tx, name)?;
            let function = function(tx, name)?;
            let own = tx.get(&PROVISIONED, &name.scope, &key(name))?;
            let others = total(tx, &name.scope, &name.function)? - own.as_ref().map_or(0, |p| p.requested);
            fits(tx, name, &function, others, wanted)?;
            let mut made = own.unwrap_or_default();
            made.requested = wanted;
            begin(cx, tx, name, &mut made)?;
            Ok(made)
        })
        .await
}

/// Takes away what a qualifier has.
pub(crate) async fn remove(cx: &Context, name: &Name) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            there(tx, name)?;
            tx.delete(&PROVISIONED, &name.scope, &key(name)).map(drop)
        })
        .await
}

/// An alias leads to another version now: its environments are made anew. What there was counts on until then, as recorded.
pub(crate) fn moved(cx: &Context, tx: &mut Tx<'_>, name: &Name) -> Result<(), Fault> {
    match tx.get(&PROVISIONED, &name.scope, &key(name))? {
        Some(mut there) => begin(cx, tx, name, &mut there),
        None => Ok(()),
    }
}

fn begin(cx: &Context, tx: &mut Tx<'_>, name: &Name, made: &mut Provisioned) -> Result<(), Fault> {
    made.allocated = made.allocated.min(made.requested);
    made.status = "IN_PROGRESS".into();
    made.reason = None;
    made.modified = cx.now();
    made.stamp = cx.ids().number();
    let (function, qualifier) = key(name);
    let row = Ready { function, qualifier, stamp: made.stamp };
    tx.put(&PROVISIONED, &name.scope, &key(name), made)?;
    let due = cx.now().plus_ns(READY_SECS * 1_000_000_000);
    tx.task(NewTask::new(&name.scope, "lambda", KIND, &row).at(due).cause(cx.ids().number()));
    Ok(())
}

/// What all qualifiers of a function have together.
pub(crate) fn total(read: &impl Read, scope: &Scope, function: &str) -> Result<i32, Fault> {
    read.scan(&PROVISIONED, scope).prefix(&(function,)).map(|row| row.map(|(_, p)| p.requested)).sum()
}

/// A version and an alias of it can't both have environments.
fn conflicts(read: &impl Read, name: &Name) -> Result<(), Fault> {
    let qualifier = name.qualifier.as_deref().unwrap_or_default();
    let has = |other: &str| read.exists(&PROVISIONED, &name.scope, &(name.function.clone(), other.to_owned()));
    if !is_number(qualifier) {
        let alias = read.get(&ALIASES, &name.scope, &(name.function.clone(), qualifier.to_owned()))?;
        return match alias.map(|alias| has(&alias.version)).transpose()? {
            Some(true) => Err(user(
                Error::ResourceConflict
                    .says("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"),
            )),
            _ => Ok(()),
        };
    }
    for row in read.scan(&ALIASES, &name.scope).prefix(&(name.function.as_str(),)) {
        let (_, alias) = row?;
        if alias.version == qualifier && has(&alias.name)? {
            return Err(user(Error::ResourceConflict.says("Version is pointed by a Provisioned Concurrency alias")));
        }
    }
    Ok(())
}

/// The function's reservation, or what the account has left, must hold it.
fn fits(read: &impl Read, name: &Name, function: &Function, others: i32, wanted: i32) -> Result<(), Fault> {
    if let Some(reserved) = function.reserved {
        return match others + wanted > reserved {
            true => Err(Error::InvalidParameterValue.says(format!(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function {}",
                name.function
            ))),
            false => Ok(()),
        };
    }
    let left = concurrency::ACCOUNT_LIMIT - concurrency::reserved(read, &name.scope)? + others;
    let own = others + wanted;
    if own > left {
        return Err(Error::InvalidParameterValue
            .says(format!("Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{left}].")));
    }
    match left - own < concurrency::LEAST_UNRESERVED {
        true => Err(Error::InvalidParameterValue.says(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{}].",
            concurrency::LEAST_UNRESERVED
        ))),
        false => Ok(()),
    }
}

fn published(cx: &Context, text: &str, qualifier: &str) -> Result<Name, Fault> {
    if qualifier == LATEST {
        return Err(invalid("The function resource provided must be an alias or a published version."));
    }
    Name::parse(cx, text, Some(qualifier))
}

/// The version or alias, or AWS's fault for each.
fn there(read: &impl Read, name: &Name) -> Result<(), Fault> {
    let qualifier = name.qualifier.as_deref().unwrap_or_default();
    if is_number(qualifier) {
        return version_config(read, name, &function(read, name)?, qualifier).map(drop);
    }
    match read.exists(&ALIASES, &name.scope, &(name.function.clone(), qualifier.to_owned()))? {
        true => Ok(()),
        false => Err(user(Error::ResourceNotFound.says(format!("Cannot find alias arn: {}", name.arn())))),
    }
}

fn key(name: &Name) -> (String, String) {
    (name.function.clone(), name.qualifier.clone().unwrap_or_default())
}

fn moment(at: Timestamp) -> String {
    kit::time::iso_secs(at).replace('Z', "+0000")
}
