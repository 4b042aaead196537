//! Logins: the tokens that a request brings, checked with whoever made them.

use crate::{CognitoIdentity, state::*};
use kit::{Context, Fault};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The provider name under which a developer's own tokens come back.
pub(crate) const OWN: &str = "cognito-identity.amazonaws.com";

/// A login whose token was checked.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// As it stands in the request.
    pub provider: String,
    pub subject: String,
    pub claims: Map<String, Value>,
}

impl Login {
    pub fn key(&self) -> (String, String) {
        (self.provider.clone(), self.subject.clone())
    }
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

impl CognitoIdentity {
    /// Checks all tokens of a request. A token of a developer's own identity is one of this service's; it comes apart, as its identity's id.
    pub(crate) fn check_logins(
        &self,
        cx: &Context,
        pool: &Pool,
        logins: Option<BTreeMap<String, String>>,
    ) -> Result<(Vec<Login>, Option<Login>), Fault> {
        let (mut checked, mut own) = (Vec::new(), None);
        for (provider, token) in logins.into_iter().flatten() {
            match provider == OWN {
                true => own = Some(self.own(cx, pool, &token)?),
                false => checked.push(login(cx, pool, provider, &token)?),
            }
        }
        Ok((checked, own))
    }

    /// A token that this pool made for a developer's user.
    fn own(&self, cx: &Context, pool: &Pool, token: &str) -> Result<Login, Fault> {
        let claims = self.verify_own(cx, token).map_err(|why| refusal(cx, &why, token))?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match text("aud") == pool.id() {
            true => Ok(Login { provider: OWN.into(), subject: text("sub"), claims }),
            false => Err(not_authorized("Invalid login token. Token is not from a supported provider of this identity pool.")),
        }
    }
}

fn login(cx: &Context, pool: &Pool, provider: String, token: &str) -> Result<Login, Fault> {
    let settings = &pool.settings;
    let of_pool = |name: &str| settings.cognito_identity_providers.iter().flatten().any(|p| p.provider_name.as_deref() == Some(name));
    let open_id =
        |name: &str| settings.open_id_connect_provider_arns.iter().flatten().find(|arn| arn.ends_with(&format!("oidc-provider/{name}")));
    if of_pool(&provider) {
        return user_pool_login(cx, pool, provider, token);
    }
    if let Some(arn) = open_id(&provider) {
        return open_id_login(cx, arn, &provider, token);
    }
    if settings.saml_provider_arns.iter().flatten().any(|arn| *arn == provider) {
        let message = "windtunnel does not read SAML assertions in Logins of cognito-identity yet, so they are refused.";
        return Err(Fault::new("NotImplemented", 501, message));
    }
    if settings.supported_login_providers.as_ref().is_some_and(|known| known.contains_key(&provider)) {
        // The provider is on the internet, and nobody offline knows its keys.
        return Err(not_authorized("Invalid login token. Couldn't verify signed token."));
    }
    Err(not_authorized("Token is not from a supported provider of this identity pool."))
}

/// A token of a user pool that the identity pool trusts, for one of the clients it names.
fn user_pool_login(cx: &Context, pool: &Pool, provider: String, token: &str) -> Result<Login, Fault> {
    let pools = cx.cloud().ports().user_pools()?;
    let arn = provider.rsplit('/').next().and_then(|id| pools.arn(cx, id));
    let arn = arn.ok_or_else(|| not_authorized("Invalid login token. Couldn't verify signed token."))?;
    let claims = pools.verify(cx, std::slice::from_ref(&arn), token).map_err(|why| refusal(cx, &why, token))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("token_use") != "id" {
        return Err(not_authorized("Invalid login token. Not a valid OpenId Connect identity token."));
    }
    let (subject, audience) = (text("sub"), text("aud"));
    let trusted = pool
        .settings
        .cognito_identity_providers
        .iter()
        .flatten()
        .find(|p| p.provider_name.as_deref() == Some(&provider) && p.client_id.as_deref() == Some(&audience));
    let Some(trusted) = trusted else { return Err(not_authorized("Invalid login token. Incorrect client ID")) };
    if trusted.server_side_token_check == Some(true) && pools.is_revoked(cx, &arn, &claims) {
        return Err(not_authorized("Invalid login token. Token has been revoked"));
    }
    Ok(Login { provider, subject, claims })
}

/// A token of an OpenID Connect provider of the account; offline only user pools' keys are known.
fn open_id_login(cx: &Context, provider_arn: &str, provider: &str, token: &str) -> Result<Login, Fault> {
    let unknown = || not_authorized("Invalid login token. Couldn't verify signed token.");
    let clients = cx.cloud().ports().roles()?.open_id_clients(cx, provider_arn).ok_or_else(unknown)?;
    let pools = cx.cloud().ports().user_pools()?;
    let arn = provider.starts_with("cognito-idp.").then(|| provider.rsplit('/').next().and_then(|id| pools.arn(cx, id))).flatten();
    let claims = pools.verify(cx, &[arn.ok_or_else(unknown)?], token).map_err(|why| refusal(cx, &why, token))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match clients.contains(&text("aud")) {
        true => Ok(Login { provider: provider.to_owned(), subject: text("sub"), claims }),
        false => Err(not_authorized("Invalid login token. Incorrect client ID")),
    }
}

/// Why a token is not taken, in AWS's words.
fn refusal(cx: &Context, why: &str, token: &str) -> Fault {
    match why {
        "expired" => {
            let end = crate::open_id::unchecked(token).and_then(|claims| claims.get("exp")?.as_i64()).unwrap_or_default();
            not_authorized(format!("Invalid login token. Token expired: {} >= {end}", cx.now().secs()))
        }
        "issuer" => not_authorized("Invalid login token. Issuer doesn't match providerName"),
        "signature" => not_authorized("Invalid login token. Couldn't verify signed token."),
        _ => not_authorized("Invalid login token. Not a valid OpenId Connect identity token."),
    }
}
