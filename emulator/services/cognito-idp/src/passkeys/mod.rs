//! Passkeys: what is kept of them, and how users see, name and forget them. Registration and sign-in stand beside this; the rules of Web
//! Authentication in `web_authn.rs`.

mod cbor;
mod register;
mod sign_in;
mod web_authn;

use crate::{CognitoIdp, Error, model::*, pools::bad_token, state::*};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, Tx, store::key_bytes};
use serde::{Deserialize, Serialize};

/// Passkeys by pool, user and credential id.
pub(crate) const PASSKEYS: Table<(String, String, String), Passkey> = Table::new("cognito-idp.passkeys", TableScope::Region)
    .indexes(&[Index { name: "credential", keys: |p| vec![key_bytes(&(p.pool_id.as_str(), p.id.as_str()))] }]);
/// AWS's quota of one user.
const MOST: usize = 20;

/// A passkey.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Passkey {
    pub pool_id: String,
    pub user_key: String,
    /// Credential id, base64url.
    pub id: String,
    rp_id: String,
    key: web_authn::Key,
    /// What the authenticator counted last; zero where it does not count.
    sign_count: u32,
    /// `platform` or `cross-platform`.
    attachment: Option<String>,
    transports: Vec<String>,
    created: Timestamp,
}

impl CognitoIdp {
    /// Passkeys of the caller, by credential id.
    pub async fn list_web_authn_credentials(
        &self,
        cx: &Context,
        input: ListWebAuthnCredentialsInput,
    ) -> Result<ListWebAuthnCredentialsOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let all = caller.cx.store().read(|s| of_user(s, caller.cx.scope(), &caller.pool.id, &caller.user.key(&caller.pool)))?;
        let limit = input.max_results.filter(|n| *n > 0).unwrap_or(20) as usize;
        let page = kit::pages::page(all, |p| p.id.clone(), input.next_token.as_deref(), limit, bad_token)?;
        Ok(ListWebAuthnCredentialsOutput { credentials: page.items.into_iter().map(Passkey::described).collect(), next_token: page.next })
    }

    /// Forgets a passkey of the caller.
    pub async fn delete_web_authn_credential(
        &self,
        cx: &Context,
        input: DeleteWebAuthnCredentialInput,
    ) -> Result<DeleteWebAuthnCredentialOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let key = (caller.pool.id.clone(), caller.user.key(&caller.pool), input.credential_id);
        caller
            .cx
            .store()
            .write(|tx| match tx.exists(&PASSKEYS, caller.cx.scope(), &key)? {
                true => tx.delete(&PASSKEYS, caller.cx.scope(), &key).map(drop),
                false => Err(Error::ResourceNotFound.says("Requested resource does not exist.")),
            })
            .await?;
        Ok(DeleteWebAuthnCredentialOutput {})
    }
}

impl Passkey {
    fn described(self) -> WebAuthnCredentialDescription {
        // AWS names them after the maker of the authenticator, which is not known without attestation.
        let name = match self.attachment.as_deref() {
            Some("platform") => "Passkey of this device",
            Some("cross-platform") => "Security key",
            _ => "Passkey",
        };
        WebAuthnCredentialDescription {
            credential_id: self.id,
            friendly_credential_name: name.into(),
            relying_party_id: self.rp_id,
            authenticator_attachment: self.attachment,
            authenticator_transports: self.transports,
            created_at: Some(self.created),
        }
    }
}

/// Passkeys of a user, by credential id.
pub(crate) fn of_user(read: &impl Read, scope: &Scope, pool_id: &str, user_key: &str) -> Result<Vec<Passkey>, Fault> {
    read.scan(&PASSKEYS, scope).prefix(&(pool_id, user_key)).map(|row| row.map(|(_, passkey)| passkey)).collect()
}

/// Whether a user has a passkey.
pub(crate) fn has_any(cx: &Context, pool: &Pool, user: &User) -> Result<bool, Fault> {
    let first = cx.store().read(|s| s.scan(&PASSKEYS, cx.scope()).prefix(&(pool.id.as_str(), user.key(pool))).keys().next().transpose())?;
    Ok(first.is_some())
}

/// Passkeys of a deleted user go with him.
pub(crate) fn forget_all(tx: &mut Tx<'_>, scope: &Scope, pool_id: &str, user_key: &str) -> Result<(), Fault> {
    let passkeys = of_user(tx, scope, pool_id, user_key)?;
    let keys = passkeys.into_iter().map(|p| (p.pool_id, p.user_key, p.id));
    keys.into_iter().try_for_each(|key| tx.delete(&PASSKEYS, scope, &key).map(drop))
}

/// Whether the pool lets users sign in by passkeys.
pub(crate) fn allowed(pool: &Pool) -> bool {
    pool.first_factors().contains(&AuthFactorType::WebAuthn)
}

/// Whether a passkey whose user was verified counts as two factors.
pub(crate) fn is_multi_factor(pool: &Pool) -> bool {
    let config = pool.mfa.web_authn_configuration.as_ref();
    config.and_then(|c| c.factor_configuration) == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification)
}

/// The name that passkeys are made for: the pool's setting, or else its domain.
fn rp_id(cx: &Context, pool: &Pool) -> Option<String> {
    let config = pool.mfa.web_authn_configuration.as_ref().and_then(|c| c.relying_party_id.clone());
    let prefixed = || pool.settings.domain.as_ref().map(|domain| format!("{domain}.auth.{}.amazoncognito.com", cx.region()));
    config.or(pool.settings.custom_domain.clone()).or_else(prefixed)
}

/// What the pool wants of authenticators: `required` or `preferred`.
fn verification(pool: &Pool) -> UserVerificationType {
    let config = pool.mfa.web_authn_configuration.as_ref();
    let wanted = config.and_then(|c| c.user_verification).unwrap_or(UserVerificationType::Preferred);
    if is_multi_factor(pool) { UserVerificationType::Required } else { wanted }
}

/// 32 bytes that nobody can guess, base64url.
fn challenge(cx: &Context) -> String {
    URL_SAFE_NO_PAD.encode(cx.ids().bytes())
}
