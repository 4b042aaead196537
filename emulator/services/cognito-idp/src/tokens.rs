//! Tokens: what stands in them, how they are made, and who a caller with an access token is.
//!
//! An id token and an access token are signed by different keys of the pool, as on AWS. A refresh token is opaque: its hash leads to the
//! sign-in it belongs to. Times in tokens are seconds of the cloud's clock.

use crate::{
    CognitoIdp, Issuer, attributes,
    keys::PoolSigners,
    model::*,
    names::Desk,
    state::*,
    triggers::{Metadata, Planned, Who},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Context, Fault, Read, Scope};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The scope of sign-ins by the API: the user's own operations.
pub(crate) const API_SCOPE: &str = "aws.cognito.signin.user.admin";

/// Claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Who calls with an access token.
pub(crate) struct Caller {
    /// In the pool's account and region.
    pub cx: Context,
    pub pool: Pool,
    pub client: Client,
    pub user: User,
}

impl Caller {
    /// The triggers of the caller's client.
    pub fn who<'a>(&'a self, metadata: &'a Metadata) -> Who<'a> {
        Who { cx: &self.cx, pool: &self.pool, client_id: self.client.id(), metadata }
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    Issuer,
    Signature,
    Expired,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::Issuer => "issuer",
            Refusal::Signature => "signature",
            Refusal::Expired => "expired",
        }
    }
}

/// A token whose signature, issuer and end were checked.
pub(crate) struct Verified {
    pub place: Place,
    pub claims: Claims,
}

impl CognitoIdp {
    /// The `iss` of a pool's tokens.
    pub(crate) fn issuer_of(&self, cx: &Context, region: &str, pool_id: &str) -> String {
        self.base(cx).map_or_else(|| aws_issuer(region, pool_id), |base| format!("{base}/{pool_id}"))
    }

    /// What URLs of the cloud begin with for others, where they are not to have AWS's form.
    pub(crate) fn base(&self, cx: &Context) -> Option<String> {
        let base = match &self.issuer {
            Issuer::Local => cx.cloud().endpoint(),
            Issuer::At(url) => url.clone(),
            Issuer::Aws => String::new(),
        };
        Some(base.trim_end_matches('/').to_owned()).filter(|base| !base.is_empty())
    }

    /// The answer to a successful sign-in or refresh; `refresh` is the new refresh token, where there is one.
    pub(crate) async fn result(
        &self,
        desk: &Desk,
        user: &User,
        sign_in: &SignIn,
        refresh: Option<String>,
        source: &str,
    ) -> Result<AuthenticationResultType, Fault> {
        let signers = self.signers.of(&desk.cx, &desk.pool.id).await?;
        let groups = desk.cx.store().read(|s| groups_of(s, desk.cx.scope(), &desk.pool, &user.key(&desk.pool)))?;
        let minutes = crate::clients::validity(&desk.client);
        let scopes = sign_in.oauth.as_ref().map_or_else(|| vec![API_SCOPE.to_owned()], |oauth| oauth.scopes.clone());
        let planned = Planned {
            source: if sign_in.oauth.is_some() && source == "Authentication" { "HostedAuth" } else { source },
            user: Some(user),
            groups: &groups,
            preferred_role: preferred_role(&groups),
            scopes: &scopes,
        };
        let overrides = desk.who().pre_token(planned).await?;
        let issued = Issued { service: self, desk, user, sign_in, groups: &groups };
        let mut access = issued.access(minutes.access_secs, &overrides.scopes(&scopes));
        overrides.change_access(&mut access);
        let access = sign(&signers, &access, false)?;
        let id = issued.wants_id().then(|| {
            let mut id = issued.id(minutes.id_secs);
            overrides.change_id(&mut id);
            // Clients of OAuth tell by it that the two belong together (OpenID Connect Core, 3.1.3.6).
            if sign_in.oauth.is_some() {
                id.insert("at_hash".into(), json!(URL_SAFE_NO_PAD.encode(&Sha256::digest(&access)[..16])));
            }
            id
        });
        Ok(AuthenticationResultType {
            access_token: Some(access),
            id_token: id.map(|id| sign(&signers, &id, true)).transpose()?,
            refresh_token: refresh,
            expires_in: Some(minutes.access_secs as i32),
            token_type: Some("Bearer".into()),
            new_device_metadata: None,
        })
    }

    /// An access token for a client itself (client_credentials); the client stands where a user would.
    pub(crate) async fn machine_token(&self, desk: &Desk, scopes: &[String]) -> Result<AuthenticationResultType, Fault> {
        let signers = self.signers.of(&desk.cx, &desk.pool.id).await?;
        let (cx, now) = (&desk.cx, desk.cx.now().secs());
        let secs = crate::clients::validity(&desk.client).access_secs;
        let planned = Planned { source: "ClientCredentials", user: None, groups: &[], preferred_role: None, scopes };
        let overrides = desk.who().pre_token(planned).await?;
        let scopes = overrides.scopes(scopes);
        let claims = [
            ("sub", json!(desk.client.id())),
            ("token_use", json!("access")),
            ("scope", json!(scopes.join(" "))),
            ("auth_time", json!(now)),
            ("iss", json!(self.issuer_of(cx, cx.region(), &desk.pool.id))),
            ("exp", json!(now + secs)),
            ("iat", json!(now)),
            ("version", json!(2)),
            ("jti", json!(cx.ids().uuid())),
            ("client_id", json!(desk.client.id())),
        ];
        let mut claims: Claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        overrides.change_access(&mut claims);
        Ok(AuthenticationResultType {
            access_token: Some(sign(&signers, &claims, false)?),
            expires_in: Some(secs as i32),
            token_type: Some("Bearer".into()),
            ..Default::default()
        })
    }

    /// Checks issuer, signature and end; what the token is for is the caller's to ask.
    pub(crate) fn verify_token(&self, cx: &Context, token: &str) -> Result<Verified, Refusal> {
        let parts: Vec<&str> = token.split('.').collect();
        let [head, body, signature] = parts[..] else { return Err(Refusal::Malformed) };
        let header: Value = segment(head).ok_or(Refusal::Malformed)?;
        let claims: Claims = segment(body).ok_or(Refusal::Malformed)?;
        let issuer = claims.get("iss").and_then(Value::as_str).ok_or(Refusal::Issuer)?;
        let pool_id = issuer.rsplit('/').next().unwrap_or_default();
        let place = place(cx, pool_id).ok().flatten().filter(|p| p.pool_id == pool_id).ok_or(Refusal::Issuer)?;
        // Tokens of an earlier start may have another form than those that are made now.
        let bases = [self.base(cx), Some(cx.cloud().endpoint().trim_end_matches('/').to_owned()).filter(|url| !url.is_empty())];
        let ours = bases.iter().flatten().any(|base| issuer.strip_prefix(base.as_str()).is_some_and(|rest| rest == format!("/{pool_id}")));
        if !ours && issuer != aws_issuer(&place.region, pool_id) {
            return Err(Refusal::Issuer);
        }
        let signers = self.signers.known(cx, &place.scope(), pool_id).ok().flatten().ok_or(Refusal::Signature)?;
        let kid = header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let signer = signers.all().find(|s| s.kid == kid).ok_or(Refusal::Signature)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Signature)?;
        if header.get("alg").and_then(Value::as_str) != Some("RS256") || !signer.made(format!("{head}.{body}").as_bytes(), &signature) {
            return Err(Refusal::Signature);
        }
        match claims.get("exp").and_then(Value::as_i64) {
            Some(exp) if cx.now().secs() < exp => Ok(Verified { place, claims }),
            _ => Err(Refusal::Expired),
        }
    }

    /// Who calls with this access token; the faults are AWS's.
    pub(crate) fn caller(&self, cx: &Context, token: &str) -> Result<Caller, Fault> {
        let verified = self.verify_token(cx, token).map_err(|refusal| match refusal {
            Refusal::Malformed | Refusal::Issuer => not_authorized("Invalid Access Token"),
            Refusal::Signature => not_authorized("Could not verify signature for Access Token"),
            Refusal::Expired => not_authorized("Access Token has expired"),
        })?;
        let text = |name: &str| verified.claims.get(name).and_then(Value::as_str);
        if text("token_use") != Some("access") {
            return Err(not_authorized("Invalid Access Token"));
        }
        if !text("scope").is_some_and(|scopes| scopes.split(' ').any(|s| s == API_SCOPE)) {
            return Err(not_authorized("Access Token does not have required scopes"));
        }
        let cx = cx.in_scope(verified.place.scope());
        cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &verified.place.pool_id)?;
            let client = client(s, cx.scope(), &pool.id, text("client_id").unwrap_or_default())?;
            let key = (pool.id.clone(), pool.user_key(text("username").unwrap_or_default()));
            let user = s.get(&USERS, cx.scope(), &key)?.filter(|u| Some(u.sub.as_str()) == text("sub")).ok_or_else(no_such_user)?;
            if user.disabled {
                return Err(not_authorized("User is disabled."));
            }
            match stands(s, cx.scope(), &pool, &user, &verified.claims)? {
                true => Ok(Caller { cx: cx.clone(), pool, client, user }),
                false => Err(not_authorized("Access Token has been revoked")),
            }
        })
    }
}

struct Issued<'a> {
    service: &'a CognitoIdp,
    desk: &'a Desk,
    user: &'a User,
    sign_in: &'a SignIn,
    groups: &'a [GroupType],
}

impl Issued<'_> {
    fn common(&self, token_use: &str, secs: i64) -> Claims {
        let (cx, now) = (&self.desk.cx, self.desk.cx.now().secs());
        let mut claims = Claims::new();
        claims.insert("sub".into(), json!(self.user.sub));
        if !self.groups.is_empty() {
            claims.insert("cognito:groups".into(), self.groups.iter().map(|g| json!(g.group_name)).collect());
        }
        claims.insert("iss".into(), json!(self.service.issuer_of(cx, cx.region(), &self.desk.pool.id)));
        if self.desk.client.settings.enable_token_revocation != Some(false) {
            claims.insert("origin_jti".into(), json!(self.sign_in.origin_jti));
        }
        claims.insert("event_id".into(), json!(self.sign_in.event_id));
        claims.insert("token_use".into(), json!(token_use));
        claims.insert("auth_time".into(), json!(self.sign_in.auth_time));
        claims.insert("exp".into(), json!(now + secs));
        claims.insert("iat".into(), json!(now));
        claims.insert("jti".into(), json!(cx.ids().uuid()));
        claims
    }

    fn access(&self, secs: i64, scopes: &[String]) -> Claims {
        let mut claims = self.common("access", secs);
        claims.insert("client_id".into(), json!(self.desk.client.id()));
        claims.insert("scope".into(), json!(scopes.join(" ")));
        if self.sign_in.oauth.is_some() {
            claims.insert("version".into(), json!(2));
        }
        if let Some(key) = &self.sign_in.device_key {
            claims.insert("device_key".into(), json!(key));
        }
        claims.insert("username".into(), json!(self.user.username));
        claims
    }

    fn id(&self, secs: i64) -> Claims {
        let mut claims = self.common("id", secs);
        claims.insert("aud".into(), json!(self.desk.client.id()));
        claims.insert("cognito:username".into(), json!(self.user.username));
        let roles: Vec<&str> = self.groups.iter().filter_map(|g| g.role_arn.as_deref()).collect();
        if !roles.is_empty() {
            claims.insert("cognito:roles".into(), json!(roles));
        }
        if let Some(role) = preferred_role(self.groups) {
            claims.insert("cognito:preferred_role".into(), json!(role));
        }
        if let Some(nonce) = self.sign_in.oauth.as_ref().and_then(|oauth| oauth.nonce.as_ref()) {
            claims.insert("nonce".into(), json!(nonce));
        }
        if !self.user.identities.is_empty() {
            claims.insert("identities".into(), self.user.identities.iter().map(identity_claim).collect());
        }
        for (name, value) in attributes::readable(&self.desk.client, &self.user.attributes) {
            if in_scopes(self.sign_in.oauth.as_ref(), name) {
                claims.insert(name.clone(), attribute_claim(name, value));
            }
        }
        claims
    }

    /// OAuth clients get an id token only where they ask for `openid`.
    fn wants_id(&self) -> bool {
        self.sign_in.oauth.as_ref().is_none_or(|oauth| oauth.has("openid"))
    }
}

/// The role of the most important group, unless two groups are equally important and differ.
fn preferred_role(groups: &[GroupType]) -> Option<&str> {
    let first = groups.iter().find(|g| g.role_arn.is_some())?;
    let rivals = groups.iter().filter(|g| g.role_arn.is_some() && g.precedence == first.precedence);
    let same = rivals.into_iter().all(|g| g.role_arn == first.role_arn);
    first.role_arn.as_deref().filter(|_| same)
}

/// Whether the scopes cover an attribute. `openid` alone covers all; beside `email`, `phone` or `profile` it covers what those name.
pub(crate) fn in_scopes(oauth: Option<&OAuthGrant>, name: &str) -> bool {
    let Some(oauth) = oauth else { return true };
    if !["email", "phone", "profile"].iter().any(|scope| oauth.has(scope)) {
        return true;
    }
    match name {
        "email" | "email_verified" => oauth.has("email"),
        "phone_number" | "phone_number_verified" => oauth.has("phone"),
        _ => oauth.has("profile"),
    }
}

fn identity_claim(identity: &Identity) -> Value {
    json!({
        "userId": identity.user_id,
        "providerName": identity.provider,
        "providerType": identity.provider_type,
        "issuer": identity.issuer,
        "primary": identity.primary.to_string(),
        "dateCreated": identity.made.millis().to_string(),
    })
}

pub(crate) fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(value == "true"),
        "address" => json!({ "formatted": value }),
        "updated_at" => value.parse::<i64>().map_or_else(|_| json!(value), |n| json!(n)),
        _ => json!(value),
    }
}

fn sign(signers: &PoolSigners, claims: &Claims, id: bool) -> Result<String, Fault> {
    let signer = if id { &signers.id } else { &signers.access };
    let encode = |value: String| URL_SAFE_NO_PAD.encode(value);
    let head = encode(json!({ "kid": signer.kid, "alg": "RS256" }).to_string());
    let body = encode(serde_json::to_string(claims).map_err(|e| Fault::internal(e.to_string()))?);
    let signature = signer.sign(format!("{head}.{body}").as_bytes())?;
    Ok(format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn segment<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    // No token of ours is longer; what is longer is not worth reading.
    let bytes = (text.len() <= 64 << 10).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

fn aws_issuer(region: &str, pool_id: &str) -> String {
    format!("https://cognito-idp.{region}.amazonaws.com/{pool_id}")
}

/// A fresh refresh token: looks like the encrypted JWT that AWS sends, and says as little. Its last part shows that it is of this pool.
pub(crate) fn refresh_token(cx: &Context, pool: &Pool) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
    let random = |blocks: usize| URL_SAFE_NO_PAD.encode((0..blocks).flat_map(|_| cx.ids().bytes()).collect::<Vec<u8>>());
    let front = format!("{head}.{}.{}.{}", random(8), &random(1)[..16], random(24));
    let tag = refresh_tag(pool, &front);
    format!("{front}.{tag}")
}

/// Whether a refresh token was made for this pool, whatever became of it.
pub(crate) fn is_of(pool: &Pool, token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(front, tag)| refresh_tag(pool, front).as_bytes().ct_eq(tag.as_bytes()).into())
}

fn refresh_tag(pool: &Pool, front: &str) -> String {
    URL_SAFE_NO_PAD.encode(&crate::seal::derive(&pool.secret, "refresh", front.as_bytes())[..16])
}

/// What is kept of a refresh token.
pub(crate) fn hash(token: &str) -> String {
    kit::hex(&Sha256::digest(token.as_bytes()))
}

/// Whether the sign-in that a token came of still stands. Tokens name it, so that a user may have any number of them; only those of clients
/// without revocation don't, and there the event leads to it.
pub(crate) fn stands(read: &impl Read, scope: &Scope, pool: &Pool, user: &User, claims: &Claims) -> Result<bool, Fault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let key = user.key(pool);
    let same = |sign_in: &SignIn| sign_in.user_key == key && Some(sign_in.event_id.as_str()) == text("event_id");
    match text("origin_jti") {
        Some(jti) => Ok(read.get(&SIGN_INS, scope, &(pool.id.clone(), jti.to_owned()))?.is_some_and(|sign_in| same(&sign_in))),
        None => {
            let mut sign_ins = read.by_index(&SIGN_INS, scope, "user", &(pool.id.as_str(), key.as_str()));
            Ok(sign_ins.any(|row| row.is_ok_and(|(_, sign_in)| same(&sign_in))))
        }
    }
}

/// Ends all sign-ins of a user: their refresh tokens are refused, and so are their access tokens by Cognito itself.
pub(crate) fn end_sign_ins(tx: &mut kit::Tx<'_>, scope: &Scope, pool_id: &str, user_key: &str) -> Result<(), Fault> {
    let rows: Vec<(String, String)> =
        tx.by_index(&SIGN_INS, scope, "user", &(pool_id, user_key)).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    rows.iter().try_for_each(|key| tx.delete(&SIGN_INS, scope, key).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, precedence: i32, role: &str) -> GroupType {
        GroupType { group_name: Some(name.into()), precedence: Some(precedence), role_arn: Some(role.into()), ..Default::default() }
    }

    #[test]
    fn equally_important_groups_with_different_roles_give_no_preferred_role() {
        assert_eq!(preferred_role(&[group("a", 1, "r1"), group("b", 2, "r2")]), Some("r1"));
        assert_eq!(preferred_role(&[group("a", 1, "r1"), group("b", 1, "r2")]), None);
        assert_eq!(preferred_role(&[group("a", 1, "r1"), group("b", 1, "r1")]), Some("r1"));
        assert_eq!(preferred_role(&[]), None);
    }
}
