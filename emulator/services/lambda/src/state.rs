//! What Lambda keeps: functions, published versions, aliases and settings of asynchronous invocation. Names no process.

use crate::{AliasRoutingConfiguration, DestinationConfig, Error, LoggingConfig, layers::Used, names::Name};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, store::BlobRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Functions by name.
pub(crate) const FUNCTIONS: Table<String, Function> = Table::new("lambda.functions", TableScope::Region);
/// Published versions by function and number.
pub(crate) const VERSIONS: Table<(String, u64), Config> = Table::new("lambda.versions", TableScope::Region);
/// Aliases by function and name.
pub(crate) const ALIASES: Table<(String, String), Alias> = Table::new("lambda.aliases", TableScope::Region);
/// Settings of asynchronous invocation by function and qualifier (`$LATEST` for none).
pub(crate) const EVENT_SETTINGS: Table<(String, String), EventSettings> = Table::new("lambda.event-settings", TableScope::Region);

/// The qualifier of what is not published.
pub(crate) const LATEST: &str = "$LATEST";

/// A function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    pub name: String,
    /// What `$LATEST` is now.
    pub latest: Config,
    /// Number of the newest published version.
    pub published: u64,
    /// The description that `$LATEST` had then; the version's own may be another.
    pub published_description: String,
    /// The revision of `$LATEST` where it is of the newest publication, and not of a change.
    pub published_revision: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Concurrency reserved for it.
    pub reserved: Option<i32>,
    /// Resource policies by qualifier; the function's own under the empty text.
    pub policies: BTreeMap<String, Policy>,
    /// Whether it may run in a loop (RecursiveLoop Allow).
    pub loops: bool,
    /// UpdateRuntimeOn by version, where it isn't Auto.
    pub runtime_updates: BTreeMap<String, String>,
}

/// What a version is: its code and how it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    /// `$LATEST` or a number.
    pub version: String,
    pub runtime: String,
    pub role: String,
    pub handler: String,
    pub description: String,
    pub timeout_secs: i32,
    pub memory_mb: i32,
    pub ephemeral_mb: i32,
    pub architecture: String,
    /// `None` where the function was made without.
    pub variables: Option<BTreeMap<String, String>>,
    pub dead_letter_arn: Option<String>,
    pub tracing: Option<String>,
    #[serde(with = "wire::kept")]
    pub logging: Option<LoggingConfig>,
    pub code: Option<Code>,
    /// What lies on /opt, in this order, later over earlier.
    pub layers: Vec<Used>,
    pub modified: Timestamp,
    pub revision: String,
    /// The key of the customer's that the variables are under.
    pub kms_key_arn: Option<String>,
    /// The variables under that key, in the place of `variables`.
    pub sealed: Option<Sealed>,
}

/// Environment variables under a key of KMS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sealed {
    pub key_arn: String,
    /// The data key under the KMS key.
    #[serde(with = "kit::store::raw_bytes")]
    pub data_key: Vec<u8>,
    #[serde(with = "kit::store::raw_bytes")]
    pub nonce: Vec<u8>,
    #[serde(with = "kit::store::raw_bytes")]
    pub text: Vec<u8>,
}

/// A deployment package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// SHA-256, base 64.
    pub sha256: String,
    /// Bytes of the zip.
    pub bytes: u64,
    pub zip: BlobRef,
}

/// A resource policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    /// Statements as JSON texts, in the order they were added.
    pub statements: Vec<String>,
    pub revision: String,
}

/// An alias.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Alias {
    pub name: String,
    pub version: String,
    pub description: String,
    #[serde(with = "wire::kept")]
    pub routing: Option<AliasRoutingConfiguration>,
    pub revision: String,
}

/// How asynchronous invocations of a qualifier are treated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventSettings {
    pub retries: Option<i32>,
    pub age_secs: Option<i32>,
    #[serde(with = "wire::kept")]
    pub destinations: Option<DestinationConfig>,
    pub modified: Timestamp,
}

impl Function {
    /// The revision of `$LATEST` as callers know it.
    pub fn revision(&self) -> &str {
        self.published_revision.as_deref().unwrap_or(&self.latest.revision)
    }
}

impl Policy {
    /// The document.
    pub fn document(&self) -> String {
        format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{}]}}"#, self.statements.join(","))
    }
}

impl Config {
    /// The log group that lines go to.
    pub fn log_group(&self, function: &str) -> String {
        self.logging.as_ref().and_then(|l| l.log_group.clone()).unwrap_or_else(|| format!("/aws/lambda/{function}"))
    }
    /// The fields that make two versions different; what PublishVersion compares.
    pub fn same_as(&self, other: &Config) -> bool {
        let bare = |config: &Config| Config {
            version: String::new(),
            revision: String::new(),
            modified: Timestamp::default(),
            description: String::new(),
            code: None,
            ..config.clone()
        };
        let sha = |config: &Config| config.code.as_ref().map(|code| code.sha256.clone());
        bare(self) == bare(other) && sha(self) == sha(other)
    }
}

/// The ARN of a function, without a qualifier.
pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", scope.region, scope.account)
}

/// AWS's fault for a function that isn't there, with the ARN as it was asked for.
pub(crate) fn not_found(name: &Name) -> Fault {
    user(Error::ResourceNotFound.says(format!("Function not found: {}", name.arn())))
}

/// Marks a fault as the caller's, as Lambda does.
pub(crate) fn user(fault: Fault) -> Fault {
    fault.with("Type", "User")
}

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    user(Error::InvalidParameterValue.says(message))
}

pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what}."))
}

/// A function, or AWS's fault.
pub(crate) fn function(read: &impl Read, name: &Name) -> Result<Function, Fault> {
    read.get(&FUNCTIONS, &name.scope, &name.function)?.ok_or_else(|| not_found(name))
}

/// What a qualifier leads to: `$LATEST` (or none), a version, or an alias and its main version.
pub(crate) fn config(read: &impl Read, name: &Name, function: &Function) -> Result<Config, Fault> {
    let version = match name.qualifier.as_deref() {
        None | Some(LATEST) => return Ok(function.latest.clone()),
        Some(qualifier) if is_number(qualifier) => qualifier.to_owned(),
        Some(alias) => {
            let key = (name.function.clone(), alias.to_owned());
            read.get(&ALIASES, &name.scope, &key)?.ok_or_else(|| not_found(name))?.version
        }
    };
    version_config(read, name, function, &version)
}

/// A version by its number or `$LATEST`.
pub(crate) fn version_config(read: &impl Read, name: &Name, function: &Function, version: &str) -> Result<Config, Fault> {
    if version == LATEST {
        return Ok(function.latest.clone());
    }
    let number = version.parse().map_err(|_| not_found(name))?;
    read.get(&VERSIONS, &name.scope, &(name.function.clone(), number))?.ok_or_else(|| not_found(name))
}

pub(crate) fn is_number(qualifier: &str) -> bool {
    !qualifier.is_empty() && qualifier.bytes().all(|b| b.is_ascii_digit())
}

/// Refuses a change made on an older revision than there is.
pub(crate) fn same_revision(given: &Option<String>, current: &str, api: &str) -> Result<(), Fault> {
    match given {
        Some(revision) if revision != current => Err(user(Error::PreconditionFailed.says(format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {api} API to retrieve the latest Revision Id"
        )))),
        _ => Ok(()),
    }
}

/// A fresh revision id.
pub(crate) fn revision(cx: &Context) -> String {
    cx.ids().uuid()
}
