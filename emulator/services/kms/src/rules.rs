//! Small checks that many operations share: dry runs, grant tokens, members that aren't honoured, contexts, pages.

use crate::{Error, GrantListEntry, RecipientInfo, state::GRANTS};
use kit::{Context, Fault, Read, pages::Page, ports::EncryptionContext};
use std::collections::BTreeMap;

/// All names and values of an encryption context together, in bytes. AWS publishes no limit; this is far above what its services send.
const LARGEST_CONTEXT: usize = 8192;

/// The general fault for a value.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", 400, message)
}

/// A member or value that AWS knows and windtunnel doesn't.
pub(crate) fn refused(operation: &str, what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} of kms:{operation}"))
}

/// Nitro enclaves don't exist here.
pub(crate) fn no_recipient(operation: &str, recipient: &Option<RecipientInfo>) -> Result<(), Fault> {
    recipient.as_ref().map_or(Ok(()), |_| Err(refused(operation, "member Recipient")))
}

/// The answer of a dry run that would have gone well. AWS answers 412 for it; sentence from its documentation.
pub(crate) fn dry_run(asked: Option<bool>) -> Result<(), Fault> {
    match asked {
        Some(true) => Err(Error::DryRunOperation.says("The request would have succeeded, but the DryRun option is set.").status(412)),
        _ => Ok(()),
    }
}

/// Grants are in force at once here, so a token adds nothing; one that names no grant is refused as on AWS.
pub(crate) fn grant_tokens(cx: &Context, tokens: &Option<Vec<String>>) -> Result<(), Fault> {
    let known = |token: &String| -> Result<bool, Fault> {
        cx.store().read(|s| s.scan_all_scopes(&GRANTS).try_fold(false, |found, row| Ok(found || row?.2.token == *token)))
    };
    for token in tokens.iter().flatten() {
        if !known(token)? {
            return Err(Error::InvalidGrantToken.says("The grant token is not valid."));
        }
    }
    Ok(())
}

/// The encryption context of a request.
pub(crate) fn context(given: &Option<BTreeMap<String, String>>) -> Result<EncryptionContext, Fault> {
    let context = given.clone().unwrap_or_default();
    match context.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST_CONTEXT {
        true => Err(invalid(format!("The encryption context is larger than {LARGEST_CONTEXT} bytes"))),
        false => Ok(context),
    }
}

/// Limit as AWS's lists have it: 1 to 1000, and a default.
pub(crate) fn limit(given: Option<i32>, default: usize) -> usize {
    given.map_or(default, |n| n.clamp(1, 1000) as usize)
}

/// A page of sorted items.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    marker: &Option<String>,
    limit: usize,
) -> Result<Page<T>, Fault> {
    kit::pages::page(items, key, marker.as_deref(), limit, || Error::InvalidMarker.says("Could not deserialize marker"))
}

/// Key of a grant in a list that spans keys.
pub(crate) fn grant_order(grant: &GrantListEntry) -> String {
    format!("{}/{}", grant.key_id.as_deref().unwrap_or_default(), grant.grant_id.as_deref().unwrap_or_default())
}
