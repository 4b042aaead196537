//! Identities of a developer's own users: found by either name, merged and unlinked.

use crate::{CognitoIdentity, model::*, pools::bad_token, state::*};
use kit::{Context, Fault};

impl CognitoIdentity {
    /// The identity of a developer's user, or the users of an identity.
    pub async fn lookup_developer_identity(
        &self,
        cx: &Context,
        input: LookupDeveloperIdentityInput,
    ) -> Result<LookupDeveloperIdentityOutput, Fault> {
        let (developer, identity) =
            cx.store().read(|s| {
                let pool = pool(s, cx.scope(), &input.identity_pool_id)?;
                let developer = developer_of(&pool)?;
                let by_id = input.identity_id.as_deref().map(|id| identity(s, cx.scope(), pool.id(), id)).transpose()?;
                let by_user = match &input.developer_user_identifier {
                    Some(user) => Some(of_user(s, cx, &pool, &developer, user)?),
                    None => None,
                };
                match (by_id, by_user) {
                    (Some(one), Some(other)) if one.id != other.id => Err(crate::Error::ResourceConflict
                        .says("The developer user identifier is linked to another identity than the one given.")),
                    (Some(found), _) | (None, Some(found)) => Ok((developer, found)),
                    (None, None) => Err(bad("Either IdentityId or DeveloperUserIdentifier must be given.")),
                }
            })?;
        let mut users: Vec<String> =
            identity.logins.into_iter().filter(|(provider, _)| *provider == developer).map(|(_, user)| user).collect();
        users.sort();
        let most = input.max_results.unwrap_or(10).max(1) as usize;
        let page = kit::pages::page(users, String::clone, input.next_token.as_deref(), most, bad_token)?;
        Ok(LookupDeveloperIdentityOutput {
            identity_id: Some(identity.id),
            developer_user_identifier_list: Some(page.items),
            next_token: page.next,
        })
    }

    /// Makes two users one: the source's logins become the destination's, and the source's identity is disabled.
    pub async fn merge_developer_identities(
        &self,
        cx: &Context,
        input: MergeDeveloperIdentitiesInput,
    ) -> Result<MergeDeveloperIdentitiesOutput, Fault> {
        let id = cx
            .store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.identity_pool_id)?;
                let developer = named_developer(&pool, &input.developer_provider_name)?;
                let mut source = of_user(tx, cx, &pool, &developer, &input.source_user_identifier)?;
                let mut destination = of_user(tx, cx, &pool, &developer, &input.destination_user_identifier)?;
                if source.id != destination.id {
                    let logins = std::mem::take(&mut source.logins);
                    source.disabled = true;
                    put(cx, tx, &mut source)?;
                    destination.logins.extend(logins);
                    put(cx, tx, &mut destination)?;
                }
                Ok(destination.id)
            })
            .await?;
        Ok(MergeDeveloperIdentitiesOutput { identity_id: Some(id) })
    }

    /// Takes a developer's user from an identity.
    pub async fn unlink_developer_identity(
        &self,
        cx: &Context,
        input: UnlinkDeveloperIdentityInput,
    ) -> Result<UnlinkDeveloperIdentityOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.identity_pool_id)?;
                let developer = named_developer(&pool, &input.developer_provider_name)?;
                let mut identity = identity(tx, cx.scope(), pool.id(), &input.identity_id)?;
                let login = (developer, input.developer_user_identifier);
                if !identity.logins.contains(&login) {
                    return Err(no_such_identity(&input.identity_id));
                }
                identity.logins.retain(|one| *one != login);
                identity.disabled = identity.logins.is_empty();
                put(cx, tx, &mut identity)
            })
            .await?;
        Ok(UnlinkDeveloperIdentityOutput {})
    }
}

fn of_user(read: &impl kit::Read, cx: &Context, pool: &Pool, developer: &str, user: &str) -> Result<Identity, Fault> {
    let found = by_login(read, cx.scope(), pool.id(), &(developer.to_owned(), user.to_owned()))?;
    found.ok_or_else(|| crate::Error::ResourceNotFound.says(format!("Developer user identifier '{user}' not found.")))
}

fn developer_of(pool: &Pool) -> Result<String, Fault> {
    pool.developer().map(str::to_owned).ok_or_else(|| bad("The identity pool has no developer provider."))
}

fn named_developer(pool: &Pool, name: &str) -> Result<String, Fault> {
    let developer = developer_of(pool)?;
    match developer == name {
        true => Ok(developer),
        false => Err(bad(format!("{name} is not the developer provider of this identity pool."))),
    }
}
