//! Enabled, disabled, waiting for deletion, gone.

use crate::{Error, Kms, find, keys::change, model::*, notices, rotation, rules::invalid, state::*};
use kit::{
    Context, Fault, Read, Tx,
    store::{NewTask, TaskRow},
};

/// The task that deletes a key; its payload is the key's id.
pub(crate) const DELETE: &str = "delete";

impl Kms {
    /// Lets a key be used again.
    pub async fn enable_key(&self, cx: &Context, input: EnableKeyInput) -> Result<EnableKeyOutput, Fault> {
        change(cx, &input.key_id, |tx, key| {
            find::not_pending(key)?;
            key.enabled = true;
            rotation::catch_up(cx, tx, key)
        })
        .await?;
        Ok(EnableKeyOutput {})
    }

    /// Lets nobody use a key until it is enabled.
    pub async fn disable_key(&self, cx: &Context, input: DisableKeyInput) -> Result<DisableKeyOutput, Fault> {
        change(cx, &input.key_id, |_, key| {
            find::not_pending(key)?;
            key.enabled = false;
            Ok(())
        })
        .await?;
        Ok(DisableKeyOutput {})
    }

    /// Deletes a key in 7 to 30 days.
    pub async fn schedule_key_deletion(&self, cx: &Context, input: ScheduleKeyDeletionInput) -> Result<ScheduleKeyDeletionOutput, Fault> {
        let window = input.pending_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&window) {
            return Err(invalid("PendingWindowInDays must be between 7 and 30 days."));
        }
        let at = cx.now().plus_ns(days(window));
        let key = change(cx, &input.key_id, |tx, key| {
            find::not_pending(key)?;
            key.deletion = Some(Deletion { at, days: window });
            tx.task(NewTask::new(cx.scope(), "kms", DELETE, &key.id).at(at).key(key.id.clone()).cause(cx.cause()));
            Ok(key.clone())
        })
        .await?;
        Ok(ScheduleKeyDeletionOutput {
            key_id: Some(key.arn.clone()),
            deletion_date: Some(at),
            key_state: Some(key.state()),
            pending_window_in_days: Some(window),
        })
    }

    /// Keeps a key that was to be deleted; it is disabled then.
    pub async fn cancel_key_deletion(&self, cx: &Context, input: CancelKeyDeletionInput) -> Result<CancelKeyDeletionOutput, Fault> {
        let arn = change(cx, &input.key_id, |tx, key| {
            if key.deletion.take().is_none() {
                return Err(Error::KMSInvalidState.says(format!("{} is not pending deletion.", key.arn)));
            }
            key.enabled = false;
            tx.cancel_keyed("kms", DELETE, &key.id);
            Ok(key.arn.clone())
        })
        .await?;
        Ok(CancelKeyDeletionOutput { key_id: Some(arn) })
    }
}

/// The moment has come: the key goes, with its aliases and grants. What it encrypted is lost.
pub(crate) async fn delete_when_due(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let id: String = task.payload()?;
    cx.store()
        .write(|tx| match tx.get(&KEYS, cx.scope(), &id)? {
            Some(key) if key.deletion.as_ref().is_some_and(|deletion| deletion.at <= cx.now()) => delete(tx, cx, &key),
            _ => Ok(()),
        })
        .await
}

fn delete(tx: &mut Tx<'_>, cx: &Context, key: &Key) -> Result<(), Fault> {
    let scope = key.scope();
    let aliases: Vec<String> =
        tx.by_index(&ALIASES, &scope, "target", &(key.id.as_str(),)).map(|row| row.map(|(name, _)| name)).collect::<Result<_, _>>()?;
    for alias in aliases {
        tx.delete(&ALIASES, &scope, &alias)?;
    }
    let grants: Vec<(String, String)> = tx.scan(&GRANTS, &scope).prefix(&(key.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    for grant in grants {
        tx.delete(&GRANTS, &scope, &grant)?;
    }
    tx.cancel_keyed("kms", rotation::ROTATE, &key.id);
    tx.delete(&KEYS, &scope, &key.id)?;
    notices::tell(tx, cx, key, "KMS CMK Deletion")
}
