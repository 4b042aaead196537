//! The port by which front doors check tokens.

use crate::{CognitoIdp, state::*, tokens};
use kit::{Arn, Context, Read, Scope, ports::UserPools};
use serde_json::{Map, Value};

impl UserPools for CognitoIdp {
    /// Accepts both forms of issuer: a pool is known by its id, whatever the text around it. What the token is for (`token_use`), its
    /// scopes and its audience are the caller's to ask. Revocation is not looked at: on AWS, API Gateway doesn't know of it either.
    fn verify(&self, cx: &Context, pool_arns: &[String], token: &str) -> Result<Map<String, Value>, String> {
        let verified = self.verify_token(cx, token).map_err(|refusal| refusal.as_str().to_owned())?;
        let arn = arn(&verified.place.scope(), &verified.place.pool_id);
        match pool_arns.contains(&arn) {
            true => Ok(verified.claims),
            false => Err("issuer".into()),
        }
    }

    fn exists(&self, cx: &Context, pool_arn: &str) -> bool {
        let Some(arn) = Arn::parse(pool_arn).filter(|a| a.service == "cognito-idp") else { return false };
        let Some(id) = arn.after("userpool/") else { return false };
        cx.store().read(|s| s.exists(&POOLS, &Scope::new(arn.account, arn.region), &id.to_owned())).unwrap_or(false)
    }

    fn arn(&self, cx: &Context, pool_id: &str) -> Option<String> {
        let place = place(cx, pool_id).ok().flatten().filter(|place| place.pool_id == pool_id)?;
        Some(arn(&place.scope(), pool_id))
    }

    fn is_revoked(&self, cx: &Context, pool_arn: &str, claims: &Map<String, Value>) -> bool {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(arn) = Arn::parse(pool_arn) else { return true };
        let (Some(pool_id), scope) = (arn.after("userpool/"), Scope::new(arn.account, arn.region)) else { return true };
        cx.store().read(|s| {
            let by_sub = s.by_index(&USERS, &scope, "sub", &(pool_id, text("sub"))).first();
            let Some((_, user)) = by_sub.ok().flatten().filter(|(_, user)| !user.disabled) else { return true };
            let Ok(pool) = pool(s, &scope, pool_id) else { return true };
            !tokens::stands(s, &scope, &pool, &user, claims).unwrap_or(false)
        })
    }
}
