//! The port by which other services read secrets, and write themselves into the policies of those that they are given.

use crate::{SecretsManager, access, crypt, find, state::CURRENT, values, write::change};
use kit::{
    BoxFuture, Context, Fault, Grant, Need,
    ports::{SecretInfo, SecretValue, SecretVersion, Secrets},
};
use serde_json::{Value, json};

impl Secrets for SecretsManager {
    fn need(&self, cx: &Context, secret: &SecretVersion) -> Need {
        access::on(cx, "secretsmanager:GetSecretValue", &secret.secret)
            .key("secretsmanager:VersionStage", secret.stage.as_deref().unwrap_or(CURRENT))
    }

    fn about(&self, cx: &Context, id: &str) -> Result<SecretInfo, Fault> {
        let secret = cx.store().read(|s| find::living(s, cx, id))?;
        let kms_key = secret.kms_key.filter(|key| !crypt::managed(key));
        Ok(SecretInfo { arn: secret.arn, name: secret.name, kms_key })
    }

    fn value<'a>(&'a self, cx: &'a Context, grant: Grant, secret: &'a SecretVersion) -> BoxFuture<'a, Result<SecretValue, Fault>> {
        Box::pin(async move {
            // Whoever may not ask for a secret that isn't there was refused before: the need names what was asked for.
            grant.covers("secretsmanager:GetSecretValue", &self.need(cx, secret).resource)?;
            let (found, version) = values::read(cx, &secret.secret, secret.id.as_deref(), secret.stage.as_deref())?;
            let (text, bytes) = values::revealed(cx, &found, &version).await?;
            cx.cloud().journal().write(cx, kit::RecordKind::Event, "secretsmanager", "GetSecretValue", &found.arn, "ok", Value::Null);
            Ok(match text {
                Some(text) => SecretValue::Text(text),
                None => SecretValue::Binary(bytes.unwrap_or_default()),
            })
        })
    }

    fn admit<'a>(&'a self, cx: &'a Context, secret_arn: &'a str, statement: Value) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            change(cx, secret_arn, |secret| {
                let mut statements = others(secret.policy.as_deref(), statement["Sid"].as_str().unwrap_or_default());
                statements.push(statement.clone());
                secret.policy = Some(json!({ "Version": "2012-10-17", "Statement": statements }).to_string());
                Ok(())
            })
            .await
            .map(drop)
        })
    }

    fn expel<'a>(&'a self, cx: &'a Context, secret_arn: &'a str, sid: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            if find::by_arn(cx, secret_arn).is_none_or(|secret| secret.deleted.is_some()) {
                return Ok(());
            }
            change(cx, secret_arn, |secret| {
                let statements = others(secret.policy.as_deref(), sid);
                let policy = || json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
                secret.policy = (!statements.is_empty()).then(policy);
                Ok(())
            })
            .await
            .map(drop)
        })
    }
}

/// The statements of a policy but the one with this Sid.
fn others(policy: Option<&str>, sid: &str) -> Vec<Value> {
    let document: Value = policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let statements = match document["Statement"].clone() {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        one => vec![one],
    };
    statements.into_iter().filter(|statement| statement["Sid"] != sid).collect()
}
