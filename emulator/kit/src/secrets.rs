//! How services reach secrets (Secrets Manager) and lend themselves the key that a secret lies under. Nothing here knows how a value is kept.

use crate::{Context, Fault, Grant, Need};
use futures_util::future::BoxFuture;

/// Secrets of other services' customers. Grant of [`value`](Secrets::value): what [`need`](Secrets::need) asks for.
pub trait Secrets: Send + Sync {
    /// What reading a value needs to be allowed: `secretsmanager:GetSecretValue` on the secret's ARN with the condition keys of the request. A
    /// secret that isn't there is asked about under the name given, so that its absence is told to those only who may ask.
    fn need(&self, cx: &Context, secret: &SecretVersion) -> Need;
    /// What stands about a secret, by name, ARN, or ARN without its last letters. None, and one that waits for its deletion, is Secrets
    /// Manager's own fault.
    fn about(&self, cx: &Context, id: &str) -> Result<SecretInfo, Fault>;
    /// A value: UTF-8 where it is a text. Where it lies under a key of KMS, the principal of `cx` is asked for `kms:Decrypt` too.
    fn value<'a>(&'a self, cx: &'a Context, grant: Grant, secret: &'a SecretVersion) -> BoxFuture<'a, Result<SecretValue, Fault>>;
    /// Writes a statement (JSON object with a `Sid`) into the secret's policy, in the place of one with the same Sid. Nobody is asked: services
    /// do so by the role that is linked to them.
    fn admit<'a>(&'a self, cx: &'a Context, secret_arn: &'a str, statement: serde_json::Value) -> BoxFuture<'a, Result<(), Fault>>;
    /// Takes the statement with this Sid out of the secret's policy, and the policy with its last statement. A secret that is gone is fine.
    fn expel<'a>(&'a self, cx: &'a Context, secret_arn: &'a str, sid: &'a str) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A version of a secret, as requests name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretVersion {
    /// Name, ARN, or ARN without its last letters.
    pub secret: String,
    /// Staging label; `AWSCURRENT` where neither it nor an id is given.
    pub stage: Option<String>,
    /// Id of the version.
    pub id: Option<String>,
}

impl SecretVersion {
    /// The current version.
    pub fn current(secret: impl Into<String>) -> SecretVersion {
        SecretVersion { secret: secret.into(), ..SecretVersion::default() }
    }
}

/// What stands about a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretInfo {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Key of the customer's own that it lies under, as it was named; `None` for AWS's own key.
    pub kms_key: Option<String>,
}

/// A value. No `Debug`: values stay out of logs.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretValue {
    /// SecretString.
    Text(String),
    /// SecretBinary.
    Binary(wire::Bytes),
}
