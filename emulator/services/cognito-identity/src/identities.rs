//! Identities: who brings the same login is the same identity of the pool.

use crate::{CognitoIdentity, Error, logins::Login, model::*, pools::bad_token, state::*};
use kit::{Context, Fault, Read};

impl CognitoIdentity {
    /// The identity of these logins; a fresh one for a stranger, each time.
    pub async fn get_id(&self, cx: &Context, input: GetIdInput) -> Result<GetIdOutput, Fault> {
        let place = place(cx, &input.identity_pool_id)?.filter(|place| place.pool_id == input.identity_pool_id);
        let place = place.ok_or_else(|| no_such_pool(&input.identity_pool_id))?;
        if input.account_id.as_ref().is_some_and(|account| *account != place.account) {
            return Err(no_such_pool(&input.identity_pool_id));
        }
        let cx = cx.in_scope(place.scope());
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.identity_pool_id))?;
        let (logins, own) = self.check_logins(&cx, &pool, input.logins)?;
        if let Some(own) = own {
            return Ok(GetIdOutput { identity_id: Some(own.subject) });
        }
        if logins.is_empty() {
            unauthenticated_allowed(&pool)?;
        }
        let id = cx
            .store()
            .write(|tx| {
                let mut found = None;
                for login in &logins {
                    let known = by_login(tx, cx.scope(), pool.id(), &login.key())?;
                    found = same(found, known, login)?;
                }
                let keys: Vec<(String, String)> = logins.iter().map(Login::key).collect();
                match found {
                    Some(mut identity) => {
                        add(&cx, tx, &mut identity, keys)?;
                        Ok(identity.id)
                    }
                    None => Ok(new_identity(&cx, tx, &pool, keys)?.id),
                }
            })
            .await?;
        Ok(GetIdOutput { identity_id: Some(id) })
    }

    /// Which providers an identity has logins of.
    pub async fn describe_identity(&self, cx: &Context, input: DescribeIdentityInput) -> Result<DescribeIdentityOutput, Fault> {
        let (there, _, identity) = found(cx, &input.identity_id)?;
        match there.account() == cx.account() {
            true => Ok(identity.shown()),
            false => Err(no_such_identity(&input.identity_id)),
        }
    }

    /// The identities of a pool.
    pub async fn list_identities(&self, cx: &Context, input: ListIdentitiesInput) -> Result<ListIdentitiesOutput, Fault> {
        let id = input.identity_pool_id;
        let most = input.max_results.max(1) as usize;
        let hide = input.hide_disabled == Some(true);
        let after = input.next_token.as_deref().map(|token| kit::pages::key_of(token).ok_or_else(bad_token)).transpose()?;
        let mut items = Vec::new();
        cx.store().read(|s| {
            pool(s, cx.scope(), &id)?;
            let mut rows = s.scan(&IDENTITIES, cx.scope()).prefix(&(id.clone(),));
            if let Some(after) = after {
                rows = rows.after(&(id.clone(), after));
            }
            for row in rows {
                let (_, identity) = row?;
                if !(hide && identity.disabled) {
                    items.push(identity);
                }
                if items.len() > most {
                    break;
                }
            }
            Ok::<_, Fault>(())
        })?;
        let more = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| more).map(|last| kit::pages::token(&last.id));
        let shown = items.iter().map(Identity::shown).collect();
        Ok(ListIdentitiesOutput { identity_pool_id: Some(id), identities: Some(shown), next_token: next })
    }

    /// Deletes identities; ones that are not there are fine, as on AWS, ones of other accounts are not touched.
    pub async fn delete_identities(&self, cx: &Context, input: DeleteIdentitiesInput) -> Result<DeleteIdentitiesOutput, Fault> {
        let unprocessed = cx
            .store()
            .write(|tx| {
                let mut unprocessed = Vec::new();
                for id in input.identity_ids_to_delete {
                    let Some(place) = tx.get(&NAMES, cx.scope(), &id)?.filter(|place| place.pool_id != id) else { continue };
                    if place.scope() != *cx.scope() {
                        unprocessed.push(UnprocessedIdentityId { identity_id: Some(id), error_code: Some(ErrorCode::AccessDenied) });
                        continue;
                    }
                    tx.delete(&IDENTITIES, cx.scope(), &(place.pool_id, id.clone()))?;
                    tx.delete(&NAMES, cx.scope(), &id)?;
                }
                Ok(unprocessed)
            })
            .await?;
        Ok(DeleteIdentitiesOutput { unprocessed_identity_ids: Some(unprocessed) })
    }

    /// Takes logins from an identity. Who asks must hold one of its logins.
    pub async fn unlink_identity(&self, cx: &Context, input: UnlinkIdentityInput) -> Result<UnlinkIdentityOutput, Fault> {
        let (cx, pool, identity) = found(cx, &input.identity_id)?;
        let (logins, _) = self.check_logins(&cx, &pool, Some(input.logins))?;
        if !logins.iter().any(|login| identity.logins.contains(&login.key())) {
            return Err(mismatch());
        }
        cx.store()
            .write(|tx| {
                let mut identity = crate::state::identity(tx, cx.scope(), pool.id(), &input.identity_id)?;
                identity.logins.retain(|(provider, _)| !input.logins_to_remove.contains(provider));
                // An identity without logins is nobody's any more.
                identity.disabled = identity.logins.is_empty();
                put(&cx, tx, &mut identity)
            })
            .await?;
        Ok(UnlinkIdentityOutput {})
    }
}

impl CognitoIdentity {
    /// The identity that a request for credentials or a token speaks of, with the logins it brought. New logins are linked to it; where a
    /// login has an identity already, a stranger's identity gives way to it.
    pub(crate) async fn authenticated(&self, cx: &Context, pool: &Pool, identity: Identity, logins: &[Login]) -> Result<Identity, Fault> {
        if logins.is_empty() {
            if !identity.logins.is_empty() {
                return Err(not_authorized(format!("Access to Identity '{}' is forbidden.", identity.id)));
            }
            identity.check_open()?;
            unauthenticated_allowed(pool)?;
            return Ok(identity);
        }
        let keys: Vec<(String, String)> = logins.iter().map(Login::key).collect();
        // The usual case: nothing to write.
        if keys.iter().all(|key| identity.logins.contains(key)) {
            return Ok(identity);
        }
        cx.store()
            .write(|tx| {
                let mut identity = crate::state::identity(tx, cx.scope(), pool.id(), &identity.id)?;
                let mut known = None;
                for login in logins {
                    known = same(known, by_login(tx, cx.scope(), pool.id(), &login.key())?, login)?;
                }
                match known {
                    Some(mut other) if other.id != identity.id => {
                        if !identity.logins.is_empty() {
                            return Err(mismatch());
                        }
                        identity.disabled = true;
                        put(cx, tx, &mut identity)?;
                        add(cx, tx, &mut other, keys)?;
                        Ok(other)
                    }
                    None if !identity.logins.is_empty() => Err(mismatch()),
                    _ => {
                        identity.check_open()?;
                        add(cx, tx, &mut identity, keys)?;
                        Ok(identity)
                    }
                }
            })
            .await
    }
}

/// Adds logins that an identity does not have yet.
fn add(cx: &Context, tx: &mut kit::Tx<'_>, identity: &mut Identity, keys: Vec<(String, String)>) -> Result<(), Fault> {
    let before = identity.logins.len();
    for key in keys {
        if !identity.logins.contains(&key) {
            identity.logins.push(key);
        }
    }
    match identity.logins.len() == before {
        true => Ok(()),
        false => put(cx, tx, identity),
    }
}

fn same(found: Option<Identity>, known: Option<Identity>, login: &Login) -> Result<Option<Identity>, Fault> {
    match (found, known) {
        (Some(found), Some(known)) if found.id != known.id => {
            Err(Error::ResourceConflict.says(format!("The login of {} is linked to another identity.", login.provider)))
        }
        (found, known) => Ok(found.or(known)),
    }
}

pub(crate) fn unauthenticated_allowed(pool: &Pool) -> Result<(), Fault> {
    match pool.settings.allow_unauthenticated_identities {
        true => Ok(()),
        false => Err(not_authorized("Unauthenticated access is not supported for this identity pool.")),
    }
}

/// The fault for logins of somebody else.
pub(crate) fn mismatch() -> Fault {
    not_authorized("Logins don't match. Please include at least one valid login for this identity or identity pool.")
}
