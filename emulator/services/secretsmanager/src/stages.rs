//! Staging labels moved by hand.

use crate::{
    SecretsManager,
    model::*,
    state::{self, Secret},
    write::change,
};
use kit::{Context, Fault};

/// Labels of a secret: AWS's quota counts those of all versions together.
const MOST_STAGES: usize = 20;

impl SecretsManager {
    /// Moves a label from a version to another, or takes it away.
    pub async fn update_secret_version_stage(
        &self,
        cx: &Context,
        input: UpdateSecretVersionStageInput,
    ) -> Result<UpdateSecretVersionStageOutput, Fault> {
        let secret = change(cx, &input.secret_id, |secret| {
            move_stage(secret, &input.version_stage, input.remove_from_version_id.as_deref(), input.move_to_version_id.as_deref())?;
            secret.changed = cx.now();
            Ok(())
        })
        .await?;
        Ok(UpdateSecretVersionStageOutput { arn: Some(secret.arn), name: Some(secret.name) })
    }
}

fn move_stage(secret: &mut Secret, stage: &str, from: Option<&str>, to: Option<&str>) -> Result<(), Fault> {
    let invalid = |why: String| Err(Error::InvalidParameter.says(why));
    let holder = secret.staged(stage).map(|version| version.id.clone());
    if let Some(to) = to.filter(|to| !secret.versions.iter().any(|v| v.id == **to)) {
        return Err(Error::ResourceNotFound.says(format!("Secrets Manager can't find the specified secret value for VersionId: {to}")));
    }
    match (&holder, from) {
        (Some(holder), Some(from)) if holder != from => {
            return invalid(format!(
                "The parameter RemoveFromVersionId must name the version that holds the staging label {stage}: {holder}"
            ));
        }
        (Some(holder), None) if to.is_some_and(|to| to != holder) => {
            return invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            ));
        }
        (None, Some(_)) => return invalid(format!("The staging label {stage} is attached to no version.")),
        _ => {}
    }
    match (to, &holder) {
        (Some(to), _) => secret.stage(stage, to),
        (None, _) if stage == state::CURRENT => {
            return invalid(
                "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.".into(),
            );
        }
        (None, Some(holder)) if from.is_some() => {
            secret.versions.iter_mut().filter(|v| v.id == *holder).for_each(|v| v.stages.retain(|s| s != stage));
        }
        (None, _) => return invalid("One of RemoveFromVersionId and MoveToVersionId must be given.".into()),
    }
    within_quota(secret)
}

/// Refuses what would give a secret more labels than it may have.
pub(crate) fn within_quota(secret: &Secret) -> Result<(), Fault> {
    match secret.versions.iter().map(|v| v.stages.len()).sum::<usize>() > MOST_STAGES {
        true => Err(Error::LimitExceeded.says(format!("A secret can have at most {MOST_STAGES} staging labels."))),
        false => Ok(()),
    }
}
