//! Deletion: it waits for some days, in which the secret can be had back, unless the request says otherwise.

use crate::{
    SecretsManager, find,
    model::*,
    state::{SECRETS, Secret},
};
use kit::{
    Context, Fault, Read, Timestamp,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

const KIND: &str = "delete";
const DAY_NS: i128 = 86_400 * 1_000_000_000;

#[derive(Serialize, Deserialize)]
struct Due {
    name: String,
    arn: String,
    at: Timestamp,
}

impl SecretsManager {
    /// Marks a secret for deletion in 7 to 30 days, or deletes it at once.
    pub async fn delete_secret(&self, cx: &Context, input: DeleteSecretInput) -> Result<DeleteSecretOutput, Fault> {
        let force = input.force_delete_without_recovery == Some(true);
        let invalid = |why: &str| Err(Error::InvalidParameter.says(why));
        if force && input.recovery_window_in_days.is_some() {
            return invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
        }
        let days = input.recovery_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            return invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
        }
        let (now, id) = (cx.now(), &input.secret_id);
        let due = if force { now } else { now.plus_ns(i128::from(days) * DAY_NS) };
        let secret = cx
            .store()
            .write(|tx| {
                let mut secret = match find::any(tx, cx, id) {
                    Err(fault) if force && fault.code == Error::ResourceNotFound.code() => return Ok(never_there(cx, id)),
                    found => found?,
                };
                if force {
                    let (scope, ..) = find::place(cx, &secret.arn);
                    tx.delete(&SECRETS, &scope, &secret.name)?;
                    return Ok(secret);
                }
                if secret.deleted.is_some() {
                    let why = "You can't perform this operation on the secret because it was already scheduled for deletion.";
                    return Err(Error::InvalidRequest.says(why));
                }
                secret.deleted = Some((now, due));
                find::put(tx, cx, &secret)?;
                let row = Due { name: secret.name.clone(), arn: secret.arn.clone(), at: due };
                let (scope, ..) = find::place(cx, &secret.arn);
                tx.task(NewTask::new(&scope, "secretsmanager", KIND, &row).at(due).cause(cx.ids().number()));
                Ok(secret)
            })
            .await?;
        Ok(DeleteSecretOutput { arn: Some(secret.arn), name: Some(secret.name), deletion_date: Some(due) })
    }

    /// Takes the mark away again.
    pub async fn restore_secret(&self, cx: &Context, input: RestoreSecretInput) -> Result<RestoreSecretOutput, Fault> {
        let restored = |secret: Secret| Secret { deleted: None, ..secret };
        let secret = cx
            .store()
            .write(|tx| {
                let secret = restored(find::any(tx, cx, &input.secret_id)?);
                find::put(tx, cx, &secret)?;
                Ok(secret)
            })
            .await?;
        Ok(RestoreSecretOutput { arn: Some(secret.arn), name: Some(secret.name) })
    }
}

/// What a forced deletion tells of a secret that isn't there: AWS doesn't refuse it, so that retries are harmless. Its ARN is the one given, or
/// one without the six letters, which nobody drew.
fn never_there(cx: &Context, id: &str) -> Secret {
    let (scope, name, arn) = find::place(cx, id);
    let arn = arn.unwrap_or_else(|| format!("arn:aws:secretsmanager:{}:{}:secret:{name}", scope.region, scope.account));
    Secret { name, arn, ..Secret::default() }
}

/// Deletes a secret whose days are over, if it still waits for that.
pub(crate) async fn when_due(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    if task.kind != KIND {
        return Err(Fault::internal(format!("secretsmanager has no task {}", task.kind)));
    }
    let due: Due = task.payload()?;
    cx.store()
        .write(|tx| {
            let found = tx.get(&SECRETS, &task.scope, &due.name)?;
            match found.is_some_and(|s| s.arn == due.arn && s.deleted.is_some_and(|(_, at)| at == due.at)) {
                true => tx.delete(&SECRETS, &task.scope, &due.name).map(drop),
                false => Ok(()),
            }
        })
        .await
}
