//! From what a request calls a key (id, ARN, alias, alias ARN) to the key, and AWS's faults where there is none or it can't be used.

use crate::{Error, KeyState, state::*};
use kit::{Arn, Context, Fault, Read, Scope};

/// What a request calls a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// By id.
    Id(Scope, String),
    /// By alias.
    Alias(Scope, String),
}

/// Reads the name of a key. ARNs of another region are refused as AWS does (recorded through S3: `Invalid arn us-west-2`).
pub(crate) fn name(cx: &Context, text: &str) -> Result<Name, Fault> {
    if !text.starts_with("arn:") {
        return plain(cx.scope().clone(), text).ok_or_else(|| Error::NotFound.says(format!("Invalid keyId '{text}'")));
    }
    let invalid = || Error::InvalidArn.says(format!("Invalid arn {text}"));
    let arn = Arn::parse(text).filter(|arn| arn.service == "kms" && arn.partition == "aws").ok_or_else(invalid)?;
    if arn.region != cx.region() {
        return Err(Error::NotFound.says(format!("Invalid arn {}", arn.region)));
    }
    let scope = Scope::new(arn.account, arn.region);
    match arn.after("key/") {
        Some(id) => plain(scope, id).filter(|name| matches!(name, Name::Id(..))).ok_or_else(invalid),
        None if arn.resource.starts_with("alias/") => Ok(Name::Alias(scope, arn.resource.to_owned())),
        None => Err(invalid()),
    }
}

fn plain(scope: Scope, text: &str) -> Option<Name> {
    if text.starts_with("alias/") {
        return Some(Name::Alias(scope, text.to_owned()));
    }
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && hex(&text.replace('-', ""));
    let multi_region = text.strip_prefix("mrk-").is_some_and(|rest| rest.len() == 32 && hex(rest));
    (uuid || multi_region).then(|| Name::Id(scope, text.to_owned()))
}

/// A key by any name.
pub(crate) fn key(read: &impl Read, cx: &Context, text: &str) -> Result<Key, Fault> {
    match name(cx, text)? {
        Name::Id(scope, id) => by_id(read, &scope, &id),
        Name::Alias(scope, alias) => {
            let found = read.get(&ALIASES, &scope, &alias)?.ok_or_else(|| no_alias(&scope, &alias))?;
            by_id(read, &scope, &found.target)
        }
    }
}

/// A key by its id or ARN: operations that manage keys take no aliases.
pub(crate) fn by_id_or_arn(read: &impl Read, cx: &Context, text: &str) -> Result<Key, Fault> {
    match name(cx, text)? {
        Name::Id(scope, id) => by_id(read, &scope, &id),
        Name::Alias(..) if text.starts_with("arn:") => Err(Error::InvalidArn.says(format!("Invalid arn {text}"))),
        Name::Alias(..) => Err(Error::NotFound.says(format!("Invalid keyId '{text}'"))),
    }
}

/// A key of the caller's own account, by its id or ARN: what AWS's documentation calls "Cross-account use: No".
pub(crate) fn own(read: &impl Read, cx: &Context, text: &str) -> Result<Key, Fault> {
    let key = by_id_or_arn(read, cx, text)?;
    match &*key.scope().account == cx.account() {
        true => Ok(key),
        false => Err(Fault::new(
            "AccessDeniedException",
            400,
            format!("The operation cannot be performed on a KMS key of another account: {}", key.arn),
        )),
    }
}

pub(crate) fn by_id(read: &impl Read, scope: &Scope, id: &str) -> Result<Key, Fault> {
    // AWS's sentence, recorded through S3 (test_s3_sse_validate_kms_key).
    let missing = || Error::NotFound.says(format!("Key '{}' does not exist", key_arn(scope, id)));
    read.get(&KEYS, scope, &id.to_owned())?.ok_or_else(missing)
}

pub(crate) fn no_alias(scope: &Scope, alias: &str) -> Fault {
    Error::NotFound.says(format!("Alias {} is not found.", alias_arn(scope, alias)))
}

/// The key under an ARN, where there is one; whoever asks.
pub(crate) fn by_arn(cx: &Context, text: &str) -> Option<Key> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "kms")?;
    let (scope, id) = (Scope::new(arn.account, arn.region), arn.after("key/")?);
    cx.store().read(|s| s.get(&KEYS, &scope, &id.to_owned())).ok().flatten()
}

/// Refuses a key that can't be used now. Sentences recorded through S3 (test_s3_sse_validate_kms_key_state).
pub(crate) fn usable(key: &Key) -> Result<(), Fault> {
    match key.state() {
        KeyState::Enabled => Ok(()),
        KeyState::Disabled => Err(Error::Disabled.says(format!("{} is disabled.", key.arn))),
        _ => Err(pending(key)),
    }
}

/// Refuses a key that waits for its deletion.
pub(crate) fn not_pending(key: &Key) -> Result<(), Fault> {
    match key.deletion {
        None => Ok(()),
        Some(_) => Err(pending(key)),
    }
}

fn pending(key: &Key) -> Fault {
    Error::KMSInvalidState.says(format!("{} is pending deletion.", key.arn))
}

/// Refuses what customers may not do to AWS's own keys. Their policies forbid it already; this holds where no policies are asked.
pub(crate) fn of_customer(key: &Key) -> Result<(), Fault> {
    match key.manager {
        Manager::Customer => Ok(()),
        Manager::Aws => Err(Fault::new(
            "AccessDeniedException",
            400,
            format!("{} is an AWS managed key: it cannot be changed, disabled or deleted by customers", key.arn),
        )),
    }
}
