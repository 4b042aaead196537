//! Users and the identity providers that know them: linked by an administrator, and unlinked.

use crate::{CognitoIdp, model::*, providers::provider, state::*};
use kit::{Context, Fault, Tx};

/// AWS's quota of providers of one user.
const MOST_LINKED: usize = 5;
/// How the subject of a provider is called.
const SUBJECT: &str = "Cognito_Subject";

impl CognitoIdp {
    /// Lets who comes by a provider be a user who is here already.
    pub async fn admin_link_provider_for_user(
        &self,
        cx: &Context,
        input: AdminLinkProviderForUserInput,
    ) -> Result<AdminLinkProviderForUserOutput, Fault> {
        let (wanted, source) = (input.destination_user, input.source_user);
        let (Some(name), Some(user_id)) = (source.provider_name, source.provider_attribute_value) else {
            return Err(bad("SourceUser needs ProviderName and ProviderAttributeValue."));
        };
        if source.provider_attribute_name.as_deref().is_none_or(|n| n != SUBJECT) {
            return Err(refused("AdminLinkProviderForUser", "SourceUser.ProviderAttributeName other than Cognito_Subject"));
        }
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let provider = provider(tx, cx.scope(), &pool.id, &name)?.settings;
                let mut user = named(tx, cx, &pool, &wanted)?;
                if by_identity(tx, cx.scope(), &pool.id, &name, &user_id)?.is_some() {
                    return Err(bad(
                        "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link",
                    ));
                }
                if user.identities.len() >= MOST_LINKED {
                    return Err(crate::Error::LimitExceeded.says(format!("A user can be linked to at most {MOST_LINKED} providers.")));
                }
                user.identities.push(Identity {
                    provider: name,
                    provider_type: provider.provider_type.map(|t| t.as_str().to_owned()).unwrap_or_default(),
                    user_id,
                    issuer: provider.provider_details.and_then(|d| d.get("oidc_issuer").cloned()),
                    primary: false,
                    made: cx.now(),
                });
                user.modified = cx.now();
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(&pool)), &user)
            })
            .await?;
        Ok(AdminLinkProviderForUserOutput {})
    }

    /// Keeps a user from coming by a provider: a link goes, a user who came by it is disabled, a password is taken away.
    pub async fn admin_disable_provider_for_user(
        &self,
        cx: &Context,
        input: AdminDisableProviderForUserInput,
    ) -> Result<AdminDisableProviderForUserOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let mut user = named(tx, cx, &pool, &input.user)?;
                let provider = input.user.provider_name.as_deref().unwrap_or_default();
                let value = input.user.provider_attribute_value.as_deref().unwrap_or_default();
                match user.identities.iter().position(|i| i.provider == provider && i.user_id == value) {
                    Some(at) if user.identities[at].primary => user.disabled = true,
                    Some(at) => drop(user.identities.remove(at)),
                    None => user.password = None,
                }
                user.modified = cx.now();
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(&pool)), &user)
            })
            .await?;
        Ok(AdminDisableProviderForUserOutput {})
    }
}

/// The user whom a provider, or the pool itself (`Cognito`), knows by a value.
fn named(tx: &Tx<'_>, cx: &Context, pool: &Pool, named: &ProviderUserIdentifierType) -> Result<User, Fault> {
    let (Some(name), Some(value)) = (&named.provider_name, &named.provider_attribute_value) else {
        return Err(bad("ProviderName and ProviderAttributeValue are needed."));
    };
    let found = match name.as_str() {
        "Cognito" => find_user(tx, cx.scope(), pool, value)?,
        provider => by_identity(tx, cx.scope(), &pool.id, provider, value)?,
    };
    found.ok_or_else(no_such_user)
}
