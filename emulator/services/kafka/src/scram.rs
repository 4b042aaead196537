//! Secrets with users and passwords that a cluster's SCRAM listener knows ([`crate::users`]).
//!
//! Association writes MSK into the secret's policy and lends it the key, on the caller's `kms:CreateGrant`, as AWS documents ("Sign-in credentials
//! authentication with AWS Secrets Manager"; KafkaServiceRolePolicy). A secret that can't be used is told in the answer, and the others count.

use crate::{
    Kafka,
    clusters::check::bad,
    model::*,
    state::{self, ListenerKind, SECRETS, ScramRow},
    users,
};
use kit::{
    Arn, Context, Fault, Read,
    ports::{EncryptionContext, key_need},
};
use serde_json::json;

/// MSK, as policies and grants name it.
pub(crate) const SERVICE: &str = "kafka.amazonaws.com";
/// What names of secrets begin with.
const PREFIX: &str = "AmazonMSK_";
/// The statement that lets MSK read a secret.
const SID: &str = "AWSKafkaResourcePolicy";
/// Secrets of one request; AWS's limit.
const MOST_AT_ONCE: usize = 10;
/// Users of one cluster; AWS's limit.
const MOST: usize = 1000;

impl Kafka {
    /// Lets the users of secrets sign in to a cluster.
    pub async fn batch_associate_scram_secret(
        &self,
        cx: &Context,
        input: BatchAssociateScramSecretInput,
    ) -> Result<BatchAssociateScramSecretOutput, Fault> {
        self.ready(cx, &input.cluster_arn, &input.secret_arn_list)?;
        let mut unprocessed = Vec::new();
        for arn in &input.secret_arn_list {
            if let Err(fault) = associate(cx, &input.cluster_arn, arn).await {
                unprocessed.push(refused(arn, fault)?);
            }
        }
        Ok(BatchAssociateScramSecretOutput { cluster_arn: Some(input.cluster_arn), unprocessed_scram_secrets: Some(unprocessed) })
    }

    /// Takes users of secrets away from a cluster.
    pub async fn batch_disassociate_scram_secret(
        &self,
        cx: &Context,
        input: BatchDisassociateScramSecretInput,
    ) -> Result<BatchDisassociateScramSecretOutput, Fault> {
        self.ready(cx, &input.cluster_arn, &input.secret_arn_list)?;
        let mut unprocessed = Vec::new();
        for arn in &input.secret_arn_list {
            if let Err(fault) = disassociate(cx, &input.cluster_arn, arn).await {
                unprocessed.push(refused(arn, fault)?);
            }
        }
        Ok(BatchDisassociateScramSecretOutput { cluster_arn: Some(input.cluster_arn), unprocessed_scram_secrets: Some(unprocessed) })
    }

    /// ARNs of a cluster's secrets.
    pub async fn list_scram_secrets(&self, cx: &Context, input: ListScramSecretsInput) -> Result<ListScramSecretsOutput, Fault> {
        cx.store().read(|s| state::cluster(s, cx, &input.cluster_arn))?;
        let all = known(cx, &input.cluster_arn)?.into_iter().map(|(arn, _)| arn);
        let page = kit::pages::page(all, String::clone, input.next_token.as_deref(), state::limit(input.max_results), state::bad_token)?;
        Ok(ListScramSecretsOutput { next_token: page.next, secret_arn_list: Some(page.items) })
    }

    /// Whether a cluster has users of secrets at all.
    fn ready(&self, cx: &Context, cluster: &str, secrets: &[String]) -> Result<(), Fault> {
        let row = cx.store().read(|s| state::cluster(s, cx, cluster))?;
        if self.external.is_some() {
            return Err(state::not_implemented("SCRAM secrets for brokers outside"));
        }
        if !row.listeners.iter().any(|(kind, _)| *kind == ListenerKind::Scram) {
            return Err(bad("clusterArn", "The cluster has not enabled SASL/SCRAM authentication."));
        }
        match secrets.is_empty() || secrets.len() > MOST_AT_ONCE {
            true => Err(bad("secretArnList", format!("Between 1 and {MOST_AT_ONCE} secrets can be given."))),
            false => Ok(()),
        }
    }
}

/// A secret's own refusal is told in the answer; what went wrong in the house is not.
fn refused(arn: &str, fault: Fault) -> Result<UnprocessedScramSecret, Fault> {
    match fault.status {
        500.. => Err(fault),
        _ => Ok(UnprocessedScramSecret {
            error_code: Some(fault.code.into_owned()),
            error_message: Some(fault.message),
            secret_arn: Some(arn.to_owned()),
        }),
    }
}

/// AWS's code for secrets that it can't use.
fn unfit(why: impl Into<String>) -> Fault {
    Fault::new("InvalidSecretArn", 400, why)
}

/// A cluster's secrets.
fn known(cx: &Context, cluster: &str) -> Result<Vec<(String, ScramRow)>, Fault> {
    let scope = state::scope_of(cx, cluster)?;
    let rows = cx.store().read(|s| s.scan(&SECRETS, &scope).prefix(&(cluster,)).collect::<Result<Vec<_>, Fault>>())?;
    Ok(rows.into_iter().map(|((_, arn), row)| (arn, row)).collect())
}

/// What binds the grant of a key to a secret.
fn bound(arn: &str) -> EncryptionContext {
    [("SecretARN".to_owned(), arn.to_owned())].into()
}

async fn associate(cx: &Context, cluster: &str, arn: &str) -> Result<(), Fault> {
    let name = Arn::parse(arn).filter(|arn| arn.service == "secretsmanager").and_then(|arn| arn.after("secret:").map(str::to_owned));
    if !name.ok_or_else(|| unfit("The provided secret arn is not valid."))?.starts_with(PREFIX) {
        let why = format!("The provided secret arn cannot be used with Amazon MSK. Secret names must have the prefix '{PREFIX}'");
        return Err(unfit(why));
    }
    let there = known(cx, cluster)?;
    if there.iter().any(|(known, _)| known == arn) {
        return Ok(());
    }
    if there.len() >= MOST {
        return Err(unfit(format!("A cluster can have at most {MOST} users.")));
    }
    const SHUT: &str = "Amazon MSK wasn't able to access the provided secret.";
    let secrets = cx.cloud().ports().secrets()?;
    let secret = secrets.about(cx, arn).map_err(|_| unfit(SHUT))?;
    let Some(key) = secret.kms_key else {
        return Err(unfit("The provided secret is encrypted using the default key. You can't use this secret with Amazon MSK."));
    };
    let via = cx.via(SERVICE);
    let keys = cx.cloud().ports().keys()?;
    let key_arn = keys.resolve(&via, &key).await.map_err(|fault| unfit(format!("{SHUT} {}", fault.message)))?;
    let context = bound(&secret.arn);
    let need = key_need("kms:CreateGrant", &key_arn, &context)
        .key("kms:GrantIsForAWSResource", "true")
        .key("kms:GranteePrincipal", SERVICE)
        .keys("kms:GrantOperations", vec!["Decrypt".into()]);
    let grant = via.grant(&need).map_err(|fault| unfit(format!("{SHUT} {}", fault.message)))?;
    let lent = keys.lend(&via, grant, &key_arn, SERVICE, &context).await?;
    let statement = json!({ "Sid": SID, "Effect": "Allow", "Principal": { "Service": SERVICE },
        "Action": "secretsmanager:getSecretValue", "Resource": secret.arn });
    secrets.admit(cx, &secret.arn, statement).await?;
    match users::credentials(cx, cluster, &secret.arn).await {
        Ok((user, _)) => {
            let row = ScramRow { user, key: (key_arn, lent) };
            let scope = state::scope_of(cx, cluster)?;
            cx.store().write(|tx| tx.put(&SECRETS, &scope, &(cluster.to_owned(), secret.arn.clone()), &row)).await
        }
        Err(fault) => {
            release(cx, &secret.arn, &(key_arn, lent)).await?;
            Err(match fault.code.as_ref() {
                "InvalidSecretArn" => fault,
                _ => unfit(format!("{SHUT} {}", fault.message)),
            })
        }
    }
}

async fn disassociate(cx: &Context, cluster: &str, arn: &str) -> Result<(), Fault> {
    let found = known(cx, cluster)?.into_iter().find(|(known, _)| known == arn);
    let (_, row) = found.ok_or_else(|| unfit("The provided secret is not associated with the cluster."))?;
    let scope = state::scope_of(cx, cluster)?;
    cx.store().write(|tx| tx.delete(&SECRETS, &scope, &(cluster.to_owned(), arn.to_owned())).map(drop)).await?;
    release(cx, arn, &row.key).await
}

/// Ends what association brought, unless another cluster has the secret too.
async fn release(cx: &Context, arn: &str, (key_arn, lent): &(String, String)) -> Result<(), Fault> {
    let rows = cx.store().read(|s| s.scan_all_scopes(&SECRETS).collect::<Result<Vec<_>, Fault>>())?;
    if rows.iter().any(|(_, (_, other), _)| other == arn) {
        return Ok(());
    }
    if let Ok(secrets) = cx.cloud().ports().secrets() {
        secrets.expel(cx, arn, SID).await?;
    }
    let via = cx.via(SERVICE);
    // Who may take a user away but not end a grant leaves the grant, which opens nothing without the policy.
    match (cx.cloud().ports().keys(), via.grant(&key_need("kms:RetireGrant", key_arn, &bound(arn)))) {
        (Ok(keys), Ok(grant)) => keys.take_back(&via, grant, key_arn, lent).await,
        _ => Ok(()),
    }
}

/// Takes all users away from a cluster that is about to go.
pub(crate) async fn forget(cx: &Context, cluster: &str) -> Result<(), Fault> {
    for (arn, _) in known(cx, cluster)? {
        disassociate(cx, cluster, &arn).await?;
    }
    Ok(())
}
