//! Secrets by what requests call them: a name, an ARN, or an ARN without the six letters at its end.

use crate::{model::Error, state::*};
use kit::{Arn, Context, Fault, Read, Scope, Tx};

/// Letters and digits behind the name in an ARN.
pub(crate) const SUFFIX: usize = 6;

/// Account and region of a secret, its name as far as it can be told, and the whole ARN where one was given.
pub(crate) fn place(cx: &Context, id: &str) -> (Scope, String, Option<String>) {
    let Some(arn) = Arn::parse(id).filter(|arn| arn.service == "secretsmanager") else {
        return (cx.scope().clone(), id.to_owned(), None);
    };
    let rest = arn.after("secret:").unwrap_or_default().to_owned();
    let scope = Scope::new(arn.account, arn.region);
    match rest.rsplit_once('-') {
        // What looks like AWS's letters is taken for them, as recorded: a name that ends so has to be given whole.
        Some((name, end)) if end.len() == SUFFIX && end.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (scope, name.to_owned(), Some(id.to_owned()))
        }
        _ => (scope, rest, None),
    }
}

/// A secret, whether it waits for its deletion or not.
pub(crate) fn any(read: &impl Read, cx: &Context, id: &str) -> Result<Secret, Fault> {
    let (scope, name, arn) = place(cx, id);
    let found = read.get(&SECRETS, &scope, &name)?;
    found.filter(|secret| arn.is_none_or(|arn| arn == secret.arn)).ok_or_else(missing)
}

/// A secret that does not wait for its deletion.
pub(crate) fn living(read: &impl Read, cx: &Context, id: &str) -> Result<Secret, Fault> {
    let secret = any(read, cx, id)?;
    match secret.deleted {
        None => Ok(secret),
        Some(_) => Err(Error::InvalidRequest.says("You can't perform this operation on the secret because it was marked for deletion.")),
    }
}

/// A secret by its whole ARN.
pub(crate) fn by_arn(cx: &Context, arn: &str) -> Option<Secret> {
    cx.store().read(|s| any(s, cx, arn)).ok().filter(|secret| secret.arn == arn)
}

/// Writes a secret back.
pub(crate) fn put(tx: &mut Tx<'_>, cx: &Context, secret: &Secret) -> Result<(), Fault> {
    let (scope, ..) = place(cx, &secret.arn);
    tx.put(&SECRETS, &scope, &secret.name, secret)
}

fn missing() -> Fault {
    Error::ResourceNotFound.says("Secrets Manager can't find the specified secret.")
}
