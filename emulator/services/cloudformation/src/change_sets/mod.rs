//! Change sets: a plan that is shown first and executed later.

mod create;
mod delete;
mod describe;
mod execute;

use crate::{
    Error,
    state::{self, CHANGE_SETS, ChangeSet, Stack},
    template::invalid,
};
use kit::{Fault, Read, Scope, Tx};

/// A change set by ARN, or by name and stack.
pub(crate) fn find(read: &impl Read, scope: &Scope, name_or_arn: &str, stack_name: Option<&str>) -> Result<ChangeSet, Fault> {
    let missing = || Error::ChangeSetNotFound.says(format!("ChangeSet [{name_or_arn}] does not exist"));
    if name_or_arn.starts_with("arn:") {
        for row in read.scan(&CHANGE_SETS, scope) {
            let (_, set) = row?;
            if set.arn(scope) == name_or_arn {
                return Ok(set);
            }
        }
        return Err(missing());
    }
    let stack_name = stack_name.ok_or_else(|| invalid("StackName must be specified if ChangeSetName is not specified as an ARN."))?;
    let stack = state::stack(read, scope, stack_name)?;
    // One that was executed keeps its id, but no longer its name where a newer one has it.
    let sets = of_stack(read, scope, &stack)?;
    let by_name = || sets.iter().rev().filter(|set| set.name == name_or_arn);
    by_name().find(|set| !set.is_executed()).or_else(|| by_name().next()).cloned().ok_or_else(missing)
}

/// The change sets of a stack, oldest first.
pub(crate) fn of_stack(read: &impl Read, scope: &Scope, stack: &Stack) -> Result<Vec<ChangeSet>, Fault> {
    let rows = read.scan(&CHANGE_SETS, scope).prefix(&(stack.uuid.clone(),));
    let mut sets: Vec<ChangeSet> = rows.into_iter().map(|row| row.map(|(_, set)| set)).collect::<Result<_, _>>()?;
    sets.sort_by(|a, b| (a.created, &a.uuid).cmp(&(b.created, &b.uuid)));
    Ok(sets)
}

/// Another operation than their own has begun on the stack: its change sets no longer say what would happen.
pub(crate) fn make_obsolete(tx: &mut Tx<'_>, scope: &Scope, stack: &Stack) -> Result<(), Fault> {
    for mut set in of_stack(tx, scope, stack)? {
        if set.execution_status == "AVAILABLE" {
            set.execution_status = "OBSOLETE".into();
            tx.put(&CHANGE_SETS, scope, &set.key(), &set)?;
        }
    }
    Ok(())
}
