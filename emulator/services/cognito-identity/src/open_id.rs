//! Tokens of identities: what the classic flow brings to STS, and the keys by which others can check them.

use crate::{CognitoIdentity, Error, identities, logins::Login, model::*, principal_tags, state::*};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Fault};
use serde_json::{Map, Value, json};
use wire::{Body, ReplyBody};

/// Life of a token, AWS's: ten minutes; a developer's own fifteen unless asked otherwise.
const LIFE_SECS: i64 = 600;
const DEVELOPER_LIFE_SECS: i64 = 900;
const ISSUER: &str = "https://cognito-identity.amazonaws.com";

impl CognitoIdentity {
    /// A token for AssumeRoleWithWebIdentity; only where the pool allows the classic flow.
    pub async fn get_open_id_token(&self, cx: &Context, input: GetOpenIdTokenInput) -> Result<GetOpenIdTokenOutput, Fault> {
        let (cx, pool, identity) = found(cx, &input.identity_id)?;
        if pool.settings.allow_classic_flow != Some(true) {
            return Err(bad("Basic (classic) flow is not enabled, please use enhanced flow."));
        }
        let (logins, own) = self.check_logins(&cx, &pool, input.logins)?;
        let (id, claims) = match own {
            Some(own) if own.subject != identity.id => return Err(identities::mismatch()),
            Some(own) => {
                identity.check_open()?;
                (identity.id, own.claims)
            }
            None => {
                let identity = self.authenticated(&cx, &pool, identity, &logins).await?;
                let mut claims = claims(&pool, &identity, &logins);
                let tags = principal_tags::of_logins(&pool, &logins);
                if !tags.is_empty() {
                    claims.insert(principal_tags::CLAIM.into(), principal_tags::to_claim(tags));
                }
                (identity.id, claims)
            }
        };
        let token = self.signed(&cx, claims, LIFE_SECS).await?;
        Ok(GetOpenIdTokenOutput { identity_id: Some(id), token: Some(token) })
    }

    /// A token for a user of the developer's own; the identity is made at the first time.
    pub async fn get_open_id_token_for_developer_identity(
        &self,
        cx: &Context,
        input: GetOpenIdTokenForDeveloperIdentityInput,
    ) -> Result<GetOpenIdTokenForDeveloperIdentityOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.identity_pool_id))?;
        let developer = pool.developer().ok_or_else(|| bad("The identity pool has no developer provider."))?.to_owned();
        let mut given = input.logins;
        let user = given.remove(&developer).ok_or_else(|| bad("Please provide a valid developer provider login."))?;
        let (others, _) = self.check_logins(cx, &pool, Some(given))?;
        let mut keys = vec![(developer.clone(), user.clone())];
        keys.extend(others.iter().map(Login::key));
        let identity = cx
            .store()
            .write(|tx| {
                let known = by_login(tx, cx.scope(), pool.id(), &keys[0])?;
                let wanted = input.identity_id.as_deref().map(|id| identity(tx, cx.scope(), pool.id(), id)).transpose()?;
                let mut identity = match (known, wanted) {
                    (Some(known), Some(wanted)) if known.id != wanted.id => {
                        let message = "The developer user identifier is already registered with another identity.";
                        return Err(Error::DeveloperUserAlreadyRegistered.says(message));
                    }
                    (Some(there), _) | (None, Some(there)) => there,
                    (None, None) => new_identity(cx, tx, &pool, Vec::new())?,
                };
                for key in keys {
                    if !identity.logins.contains(&key) {
                        identity.logins.push(key);
                    }
                }
                put(cx, tx, &mut identity)?;
                Ok(identity)
            })
            .await?;
        let mut claims = claims_with(
            &pool,
            &identity.id,
            vec!["authenticated".into(), developer.clone(), format!("{developer}:{}:{}:{user}", cx.region(), pool.id())],
        );
        if let Some(tags) = input.principal_tags.filter(|tags| !tags.is_empty()) {
            claims.insert(principal_tags::CLAIM.into(), principal_tags::to_claim(tags));
        }
        let token = self.signed(cx, claims, input.token_duration.unwrap_or(DEVELOPER_LIFE_SECS)).await?;
        Ok(GetOpenIdTokenForDeveloperIdentityOutput { identity_id: Some(identity.id), token: Some(token) })
    }

    async fn signed(&self, cx: &Context, mut claims: Map<String, Value>, life_secs: i64) -> Result<String, Fault> {
        let now = cx.now().secs();
        claims.insert("iss".into(), json!(ISSUER));
        claims.insert("exp".into(), json!(now + life_secs));
        claims.insert("iat".into(), json!(now));
        let key = self.keys.get_or_make(cx).await?;
        let encode = |value: String| URL_SAFE_NO_PAD.encode(value);
        let head = encode(json!({ "kid": key.kid, "typ": "JWS", "alg": "RS512" }).to_string());
        let body = encode(Value::Object(claims).to_string());
        let signature = key.sign(format!("{head}.{body}").as_bytes())?;
        Ok(format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this service made and that has not ended.
    pub(crate) fn verify_own(&self, cx: &Context, token: &str) -> Result<Map<String, Value>, String> {
        let mut parts = token.rsplitn(2, '.');
        let (signature, signed) = (parts.next().unwrap_or_default(), parts.next().ok_or("malformed")?);
        let claims = unchecked(token).ok_or("malformed")?;
        if claims.get("iss").and_then(Value::as_str) != Some(ISSUER) {
            return Err("issuer".into());
        }
        let key = self.keys.known(cx).map_err(|fault| fault.message)?.ok_or("signature")?;
        let head: Value = signed.split('.').next().and_then(segment).ok_or("malformed")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "signature")?;
        if head.get("alg").and_then(Value::as_str) != Some("RS512") || !key.made(signed.as_bytes(), &signature) {
            return Err("signature".into());
        }
        match claims.get("exp").and_then(Value::as_i64) {
            Some(end) if cx.now().secs() < end => Ok(claims),
            _ => Err("expired".into()),
        }
    }
}

impl kit::ports::IdentityTokens for CognitoIdentity {
    fn verify(&self, cx: &Context, token: &str) -> Result<Map<String, Value>, String> {
        self.verify_own(cx, token)
    }
}

/// What a token says of an identity, without its times.
pub(crate) fn claims(pool: &Pool, identity: &Identity, logins: &[Login]) -> Map<String, Value> {
    let Some(first) = logins.first() else { return claims_with(pool, &identity.id, vec!["unauthenticated".into()]) };
    let mut amr = vec!["authenticated".to_owned()];
    for login in logins {
        amr.push(login.provider.clone());
    }
    // As AWS writes it for user pools.
    if first.provider.starts_with("cognito-idp.") {
        amr.push(format!("{}:CognitoSignIn:{}", first.provider, first.subject));
    }
    claims_with(pool, &identity.id, amr)
}

fn claims_with(pool: &Pool, identity_id: &str, amr: Vec<String>) -> Map<String, Value> {
    let claims = json!({ "sub": identity_id, "aud": pool.id(), "amr": amr });
    claims.as_object().cloned().unwrap_or_default()
}

/// The claims of a token that nobody has checked.
pub(crate) fn unchecked(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, body, _) = (parts.next()?, parts.next()?, parts.next()?);
    segment(body)
}

fn segment<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// `/.well-known/jwks_uri` and `/.well-known/openid-configuration` of the identity pools' issuer, as `cognito-identity.amazonaws.com` has
/// them at its root.
pub(crate) struct Discovery(pub CognitoIdentity);

impl Door for Discovery {
    fn name(&self) -> &'static str {
        "cognito-identity-discovery"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        matches!(head.uri.path(), "/.well-known/jwks_uri" | "/.well-known/openid-configuration")
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let answer = match head.uri.path() {
                "/.well-known/jwks_uri" => {
                    self.0.keys.known(&cx).map(|key| json!({ "keys": key.iter().map(|k| k.jwk()).collect::<Vec<_>>() }))
                }
                _ => Ok(json!({
                    "issuer": ISSUER,
                    "jwks_uri": format!("{}/.well-known/jwks_uri", cx.cloud().endpoint()),
                    "authorization_endpoint": "none",
                    "response_types_supported": ["none"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS512"],
                    "claims_supported": ["sub", "iss", "aud", "amr"],
                })),
            };
            let (status, value) = match answer {
                Ok(value) => (200, value),
                Err(fault) => (500, json!({ "message": fault.message })),
            };
            let body = ReplyBody::Bytes(serde_json::to_vec(&value).unwrap_or_default().into());
            let head = Response::builder().status(status).header("content-type", "application/json");
            head.header("access-control-allow-origin", "*").body(body).unwrap_or_default()
        })
    }
}
