//! What comes after a sign-in: fresh tokens for a refresh token, revocation, and signing out everywhere.

use crate::{CognitoIdp, Error, auth::required, clients, model::*, names::Desk, state::*, tokens};
use kit::{Context, Fault, Read, Scope};
use std::collections::BTreeMap;

impl CognitoIdp {
    /// REFRESH_TOKEN_AUTH: fresh id and access tokens; the refresh token stays.
    pub(crate) async fn by_refresh_token(
        &self,
        desk: &Desk,
        parameters: BTreeMap<String, String>,
    ) -> Result<AuthenticationResultType, Fault> {
        let token = required(&parameters, "REFRESH_TOKEN")?;
        let device_key = parameters.get("DEVICE_KEY").map(String::as_str);
        let (sign_in, user) = desk.cx.store().read(|s| current(s, desk, token, device_key))?;
        // The hash is made over the real user name, which bites who signed in by an alias; AWS does the same.
        desk.check_secret(&user.username, parameters.get("SECRET_HASH").map(String::as_str))?;
        self.result(desk, &user, &sign_in, None, "RefreshTokens").await
    }

    /// Fresh tokens; a fresh refresh token too where the client rotates them.
    pub async fn get_tokens_from_refresh_token(
        &self,
        cx: &Context,
        input: GetTokensFromRefreshTokenInput,
    ) -> Result<GetTokensFromRefreshTokenOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_client_secret(input.client_secret.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        let device_key = input.device_key.as_deref();
        let (sign_in, user) = cx.store().read(|s| current(s, &desk, &input.refresh_token, device_key))?;
        let rotation = desk.client.settings.refresh_token_rotation.clone().filter(|_| clients::rotates(&desk.client));
        let fresh = rotation.is_some().then(|| tokens::refresh_token(cx, pool));
        // Tokens first: where a function keeps them back, the refresh token is not used up.
        let result = self.result(&desk, &user, &sign_in, fresh.clone(), "RefreshTokens").await?;
        if let (Some(rotation), Some(fresh)) = (&rotation, &fresh) {
            let grace_secs = rotation.retry_grace_period_seconds.unwrap_or(0);
            cx.store()
                .write(|tx| {
                    let (mut sign_in, _) = current(tx, &desk, &input.refresh_token, device_key)?;
                    let (used, until) = (tokens::hash(&input.refresh_token), cx.now().plus_ns(seconds(grace_secs.into())));
                    let last = std::mem::replace(&mut sign_in.token, tokens::hash(fresh));
                    // One that is asked with again within its grace gives another token; what it gave before is good until it is used itself.
                    sign_in.before.iter_mut().filter(|(hash, _)| *hash == used).for_each(|(_, end)| *end = until.min(*end));
                    let end = if last == used { until } else { sign_in.expires };
                    sign_in.before.insert(0, (last, end));
                    // Older ones are still known, to be told from tokens that never were.
                    sign_in.before.truncate(20);
                    tx.put(&SIGN_INS, cx.scope(), &(pool.id.clone(), sign_in.origin_jti.clone()), &sign_in)
                })
                .await?;
        }
        Ok(GetTokensFromRefreshTokenOutput { authentication_result: Some(result) })
    }

    /// Ends the sign-in of a refresh token; its access tokens end with it.
    pub async fn revoke_token(&self, cx: &Context, input: RevokeTokenInput) -> Result<RevokeTokenOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        desk.check_client_secret(input.client_secret.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        if desk.client.settings.enable_token_revocation == Some(false) {
            return Err(Error::UnsupportedOperation.says("Token revocation is not enabled for this client."));
        }
        if self.verify_token(cx, &input.token).is_ok() {
            return Err(Error::UnsupportedTokenType.says("Unsupported token type."));
        }
        cx.store()
            .write(|tx| {
                let hash = tokens::hash(&input.token);
                let found = tx.by_index(&SIGN_INS, cx.scope(), "token", &(pool.id.as_str(), hash.as_str())).first()?;
                match found {
                    Some((_, sign_in)) if sign_in.client_id != desk.client.id() => {
                        Err(Error::Unauthorized.says("The token does not belong to this client."))
                    }
                    Some((key, _)) => tx.delete(&SIGN_INS, cx.scope(), &key).map(drop),
                    None => Ok(()),
                }
            })
            .await?;
        Ok(RevokeTokenOutput {})
    }

    /// Ends all sign-ins of the caller.
    pub async fn global_sign_out(&self, cx: &Context, input: GlobalSignOutInput) -> Result<GlobalSignOutOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let (cx, pool) = (&caller.cx, &caller.pool);
        cx.store().write(|tx| tokens::end_sign_ins(tx, cx.scope(), &pool.id, &caller.user.key(pool))).await?;
        Ok(GlobalSignOutOutput {})
    }

    /// Ends all sign-ins of a user.
    pub async fn admin_user_global_sign_out(
        &self,
        cx: &Context,
        input: AdminUserGlobalSignOutInput,
    ) -> Result<AdminUserGlobalSignOutOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let user = user(tx, cx.scope(), &pool, &input.username)?;
                tokens::end_sign_ins(tx, cx.scope(), &pool.id, &user.key(&pool))
            })
            .await?;
        Ok(AdminUserGlobalSignOutOutput {})
    }
}

/// The sign-in of a refresh token, and its user.
fn current(read: &impl Read, desk: &Desk, token: &str, device_key: Option<&str>) -> Result<(SignIn, User), Fault> {
    let (scope, pool): (&Scope, &Pool) = (desk.cx.scope(), &desk.pool);
    let hash = tokens::hash(token);
    let found = read.by_index(&SIGN_INS, scope, "token", &(pool.id.as_str(), hash.as_str())).first()?;
    let invalid = || not_authorized("Invalid Refresh Token");
    let Some((_, sign_in)) = found else {
        // A token of this pool that is not known was revoked; anything else never was one.
        return Err(if tokens::is_of(pool, token) { not_authorized("Refresh Token has been revoked") } else { invalid() });
    };
    // A sign-in on a device is refreshed by that device only.
    let elsewhere =
        pool.settings.device_configuration.is_some() && sign_in.device_key.as_deref().is_some_and(|key| device_key != Some(key));
    if sign_in.client_id != desk.client.id() || elsewhere {
        return Err(invalid());
    }
    if sign_in.expires <= desk.cx.now() {
        return Err(not_authorized("Refresh Token has expired"));
    }
    if let Some((_, until)) = sign_in.before.iter().find(|(old, _)| *old == hash)
        && *until <= desk.cx.now()
    {
        return Err(Error::RefreshTokenReuse.says("Refresh token has been used already."));
    }
    let user = read.get(&USERS, scope, &(pool.id.clone(), sign_in.user_key.clone()))?.ok_or_else(invalid)?;
    match user.disabled {
        true => Err(not_authorized("User is disabled.")),
        false => Ok((sign_in, user)),
    }
}
