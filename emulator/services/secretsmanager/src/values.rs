//! Values read. Each reading is noted by its day, as AWS does.

use crate::{
    SecretsManager, access, crypt, find,
    model::*,
    state::{self, Secret, Version},
};
use kit::{Context, Fault};

impl SecretsManager {
    /// The value of a version: the one that is named, the one with a label, or the current one.
    pub async fn get_secret_value(&self, cx: &Context, input: GetSecretValueInput) -> Result<GetSecretValueOutput, Fault> {
        let (secret, version) = read(cx, &input.secret_id, input.version_id.as_deref(), input.version_stage.as_deref())?;
        let (text, bytes) = revealed(cx, &secret, &version).await?;
        Ok(GetSecretValueOutput {
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: Some(version.id),
            secret_binary: bytes,
            secret_string: text,
            version_stages: Some(version.stages.into_iter().collect()),
            created_date: Some(version.created),
        })
    }

    /// The current values of several secrets; what can't be read is told beside.
    pub async fn batch_get_secret_value(&self, cx: &Context, input: BatchGetSecretValueInput) -> Result<BatchGetSecretValueOutput, Fault> {
        if input.filters.is_some() || input.next_token.is_some() || input.max_results.is_some() {
            let message = "windtunnel does not implement BatchGetSecretValue with Filters or pages: name the secrets in SecretIdList.";
            return Err(Fault::new("NotImplemented", 501, message));
        }
        let ids = input.secret_id_list.filter(|ids| !ids.is_empty());
        let ids = ids.ok_or_else(|| Error::InvalidParameter.says("You must provide either Filters or SecretIdList."))?;
        let mut out = BatchGetSecretValueOutput { secret_values: Some(Vec::new()), errors: Some(Vec::new()), next_token: None };
        for id in ids {
            match self.one(cx, &id).await {
                Ok(entry) => out.secret_values.get_or_insert_default().push(entry),
                Err(fault) => {
                    let error =
                        APIErrorType { secret_id: Some(id), error_code: Some(fault.code.to_string()), message: Some(fault.message) };
                    out.errors.get_or_insert_default().push(error);
                }
            }
        }
        Ok(out)
    }

    /// One of several: each needs the permission that GetSecretValue would ask for.
    async fn one(&self, cx: &Context, id: &str) -> Result<SecretValueEntry, Fault> {
        cx.grant(&access::value(cx, id, None)).map_err(|f| Fault::new("AccessDeniedException", 400, f.message))?;
        let (secret, version) = read(cx, id, None, None)?;
        let (text, bytes) = revealed(cx, &secret, &version).await?;
        Ok(SecretValueEntry {
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: Some(version.id),
            secret_binary: bytes,
            secret_string: text,
            version_stages: Some(version.stages.into_iter().collect()),
            created_date: Some(version.created),
        })
    }
}

/// Finds a version; sentences as recorded.
pub(crate) fn read(cx: &Context, id: &str, version: Option<&str>, stage: Option<&str>) -> Result<(Secret, Version), Fault> {
    let secret = cx.store().read(|s| find::living(s, cx, id))?;
    let none = |what: String| Error::ResourceNotFound.says(format!("Secrets Manager can't find the specified secret value for {what}"));
    let found = match version {
        Some(id) => secret.versions.iter().find(|v| v.id == id).ok_or_else(|| none(format!("VersionId: {id}")))?,
        None => {
            let stage = stage.unwrap_or(state::CURRENT);
            secret.staged(stage).ok_or_else(|| none(format!("staging label: {stage}")))?
        }
    };
    if stage.is_some_and(|stage| !found.stages.contains(stage)) {
        return Err(Error::InvalidRequest.says("You provided a VersionStage that is not associated to the provided VersionId."));
    }
    let found = found.clone();
    Ok((secret, found))
}

/// A version's value, as text or as bytes, its reading noted.
pub(crate) async fn revealed(cx: &Context, secret: &Secret, version: &Version) -> Result<(Option<String>, Option<kit::Bytes>), Fault> {
    let value = crypt::open(cx, secret, version).await?;
    note(cx, secret, version).await?;
    match version.text {
        true => Ok((Some(String::from_utf8(value).map_err(|_| Fault::internal("a text is none"))?), None)),
        false => Ok((None, Some(value.into()))),
    }
}

/// Writes down the day, where it is a new one.
async fn note(cx: &Context, secret: &Secret, version: &Version) -> Result<(), Fault> {
    let today = Some(state::day(cx.now()));
    if secret.accessed == today && version.accessed == today {
        return Ok(());
    }
    cx.store()
        .write(|tx| {
            let mut secret = find::any(tx, cx, &secret.arn)?;
            secret.accessed = today;
            secret.versions.iter_mut().filter(|v| v.id == version.id).for_each(|v| v.accessed = today);
            find::put(tx, cx, &secret)
        })
        .await
}
