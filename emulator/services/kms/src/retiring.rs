//! The end of grants by those who hold them: RetireGrant and ListRetirableGrants.

use crate::{Error, Kms, find, grants, model::*, policies, rules, rules::invalid, state::*};
use kit::{Arn, Context, Fault, Principal, Read, Scope};

impl Kms {
    /// Ends a grant that is no longer needed.
    pub async fn retire_grant(&self, cx: &Context, input: RetireGrantInput) -> Result<RetireGrantOutput, Fault> {
        cx.store()
            .write(|tx| {
                let grant = named(tx, cx, &input)?;
                find::not_pending(&find::by_id(tx, &scope(&grant), &grant.key_id)?)?;
                tx.delete(&GRANTS, &scope(&grant), &(grant.key_id.clone(), grant.id.clone()))?;
                rules::dry_run(input.dry_run)
            })
            .await?;
        Ok(RetireGrantOutput {})
    }

    /// Grants that a principal may retire, of keys of all accounts in the region.
    pub async fn list_retirable_grants(&self, cx: &Context, input: ListRetirableGrantsInput) -> Result<ListRetirableGrantsOutput, Fault> {
        if Arn::parse(&input.retiring_principal).is_none() {
            return Err(Error::InvalidArn.says(format!("Invalid arn {}", input.retiring_principal)));
        }
        let mut found: Vec<GrantListEntry> = cx.store().read(|s| {
            let all = s.scan_all_scopes(&GRANTS).map(|row| row.map(|(scope, _, grant)| (scope, grant)));
            let fits = |scope: &Scope, grant: &StoredGrant| {
                *scope.region == *cx.region() && grant.retirer.as_ref() == Some(&input.retiring_principal)
            };
            all.filter(|row| row.as_ref().map_or(true, |(scope, grant)| fits(scope, grant)))
                .map(|row| row.map(|(_, grant)| grants::entry(grant)))
                .collect::<Result<_, Fault>>()
        })?;
        found.sort_by_key(rules::grant_order);
        grants::listed(found, &input.marker, input.limit)
    }
}

fn scope(grant: &StoredGrant) -> Scope {
    Arn::parse(&grant.key_arn).map_or_else(|| Scope::new("", ""), |arn| Scope::new(arn.account, arn.region))
}

/// The grant of a request: by its token, or by key and id.
pub(crate) fn named(read: &impl Read, cx: &Context, input: &RetireGrantInput) -> Result<StoredGrant, Fault> {
    match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), None, None) => {
            let found = read.scan_all_scopes(&GRANTS).find(|row| row.as_ref().map_or(true, |(_, _, grant)| grant.token == *token));
            match found.transpose()? {
                Some((scope, _, grant)) if *scope.region == *cx.region() => Ok(grant),
                _ => Err(Error::InvalidGrantToken.says("The grant token is not valid.")),
            }
        }
        (None, Some(key), Some(id)) => {
            let key = find::by_id_or_arn(read, cx, key)?;
            read.get(&GRANTS, &key.scope(), &(key.id, id.clone()))?.ok_or_else(|| grants::missing(id))
        }
        _ => Err(invalid("Must provide either a grant token, or a key ID and a grant ID")),
    }
}

/// Whether the caller may retire a grant without any policy: the retiring principal may, and the root of the account that made it.
pub(crate) fn may(cx: &Context, grant: &StoredGrant) -> bool {
    let principal = cx.principal();
    let arn = principal.arn();
    let is_retirer = grant.retirer.as_ref().is_some_and(|retirer| match principal {
        Principal::Session(session) => *retirer == arn || *retirer == policies::role_arn(session),
        _ => *retirer == arn,
    });
    is_retirer || (matches!(principal, Principal::Root { .. }) && arn == grant.issuer)
}
