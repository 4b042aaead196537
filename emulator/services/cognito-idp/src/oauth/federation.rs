//! Signing in by another OpenID Connect issuer: there with a state that only this browser can bring back, and back with a code that is
//! exchanged for an id token. Its keys, issuer, audience, end and nonce are checked before its claims become a user.

use super::{
    ask::Ask,
    federated::{self, Claims, Told},
    fetch::fetch,
    grants,
    visit::{Answer, Pairs, Visit, html, query, redirect, with_query},
};
use crate::{model::*, pages, providers, seal, state::User};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How long a user may take at the other issuer.
const LIFE_SECS: i64 = 300;
const COOKIE: &str = "cognito-fl";

/// What `state` carries to the other issuer and back.
#[derive(Serialize, Deserialize)]
struct Trip {
    provider: String,
    /// The client's request, as a query string.
    query: String,
    nonce: String,
    expires: i64,
}

/// The issuer's endpoints and what the pool is there.
struct Issuer {
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    scopes: String,
    authorize: String,
    token: String,
    attributes: Option<String>,
    attributes_by_post: bool,
    keys: String,
    mapping: BTreeMap<String, String>,
}

/// Leads the browser to the other issuer.
pub(crate) async fn begin(visit: &Visit, ask: &Ask, name: &str) -> Answer {
    if !ask.providers().contains(&name) {
        return ask.refuse(("invalid_request", Some("Login option is not available. Please try another one")));
    }
    let issuer = match issuer(visit, name).await {
        Ok(issuer) => issuer,
        Err(why) => return ask.refuse(("invalid_request", Some(&why))),
    };
    let nonce = visit.cx.ids().hex(32);
    let carried = if visit.query.0.is_empty() { &visit.form } else { &visit.query };
    let query = carried.query_without(&["identity_provider", "idp_identifier"]);
    let trip = Trip { provider: name.into(), query, nonce: nonce.clone(), expires: visit.cx.now().secs() + LIFE_SECS };
    let state = seal::seal(&visit.pool.secret, "federation", &trip);
    let back = format!("{}/oauth2/idpresponse", visit.origin());
    let pairs = [
        ("client_id", issuer.client_id.as_str()),
        ("redirect_uri", &back),
        ("scope", &issuer.scopes),
        ("response_type", "code"),
        ("state", &state),
        ("nonce", &nonce),
    ];
    redirect(&with_query(&issuer.authorize, &pairs), &[visit.set_cookie(COOKIE, &nonce, Some(LIFE_SECS))])
}

/// `/oauth2/idpresponse`: the browser is back.
pub(crate) async fn returned(visit: &Visit) -> Answer {
    let lost =
        || html(400, &pages::error_page("The sign-in at the identity provider took too long, or was begun in another browser."), &[]);
    let Some(state) = visit.query.get("state") else { return lost() };
    let Some(trip) = seal::open::<Trip>(&visit.pool.secret, "federation", state) else { return lost() };
    if trip.expires <= visit.cx.now().secs() || visit.cookie(COOKIE) != Some(&trip.nonce) {
        return lost();
    }
    let asked = Visit { query: Pairs::read(&trip.query), form: Pairs::default(), ..again(visit) };
    let ask = match Ask::read(&asked) {
        Ok(ask) => ask,
        Err(answer) => return answer,
    };
    match user(visit, &ask, &trip).await {
        Ok(user) => {
            let cookies = vec![visit.set_cookie(COOKIE, "", Some(0))];
            grants::complete(&asked, &ask, &super::proven(user, None, Default::default()), cookies).await
        }
        Err(why) => ask.refuse(("invalid_request", Some(&why))),
    }
}

/// The same visit, to be given another query.
fn again(visit: &Visit) -> Visit {
    Visit {
        service: visit.service.clone(),
        cx: visit.cx.clone(),
        domain: visit.domain.clone(),
        pool: visit.pool.clone(),
        base: visit.base.clone(),
        path: visit.path.clone(),
        method: visit.method.clone(),
        headers: visit.headers.clone(),
        query: Pairs::default(),
        form: Pairs::default(),
    }
}

async fn user(visit: &Visit, ask: &Ask, trip: &Trip) -> Result<User, String> {
    if let Some(error) = visit.query.get("error") {
        return Err(visit.query.get("error_description").unwrap_or(error).to_owned());
    }
    let code = visit.query.get("code").ok_or("the identity provider sent no code")?;
    let issuer = issuer(visit, &trip.provider).await?;
    let (claims, received) = exchange(visit, &issuer, code, &trip.nonce).await?;
    let (provider, mapping) = (issuer.name, issuer.mapping);
    let told = Told { provider, kind: IdentityProviderTypeType::Oidc, mapping, id_claim: "sub", claims, received };
    federated::user(ask, told).await.map_err(|fault| fault.message)
}

/// The provider's endpoints: as its details name them, or else as the issuer's own document does.
async fn issuer(visit: &Visit, name: &str) -> Result<Issuer, String> {
    let found = visit.cx.store().read(|s| providers::provider(s, visit.cx.scope(), &visit.pool.id, name));
    let settings = found.map_err(|fault| fault.message)?.settings;
    if settings.provider_type != Some(IdentityProviderTypeType::Oidc) {
        let kind = settings.provider_type.map_or("", |kind| kind.as_str());
        return Err(format!("windtunnel signs nobody in by {name} ({kind}): only OIDC providers of this machine are asked"));
    }
    let details = settings.provider_details.unwrap_or_default();
    let detail = |name: &str| details.get(name).cloned().filter(|text| !text.is_empty());
    let base = detail("oidc_issuer").ok_or("the provider has no oidc_issuer")?;
    let told = match [detail("authorize_url"), detail("token_url"), detail("jwks_uri")] {
        [Some(_), Some(_), Some(_)] => Value::Null,
        _ => document(visit, &format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'))).await?,
    };
    let endpoint = |detail: Option<String>, member: &str| {
        detail.or_else(|| told[member].as_str().map(str::to_owned)).ok_or_else(|| format!("{base} tells no {member}"))
    };
    Ok(Issuer {
        name: name.to_owned(),
        client_id: detail("client_id").unwrap_or_default(),
        client_secret: detail("client_secret"),
        scopes: detail("authorize_scopes").unwrap_or_else(|| "openid".into()),
        authorize: endpoint(detail("authorize_url"), "authorization_endpoint")?,
        token: endpoint(detail("token_url"), "token_endpoint")?,
        attributes: endpoint(detail("attributes_url"), "userinfo_endpoint").ok(),
        attributes_by_post: detail("attributes_request_method").as_deref() == Some("POST"),
        keys: endpoint(detail("jwks_uri"), "jwks_uri")?,
        mapping: settings.attribute_mapping.unwrap_or_default(),
        issuer: base.clone(),
    })
}

async fn document(visit: &Visit, url: &str) -> Result<Value, String> {
    match fetch(&visit.cx, url, None, None).await? {
        (200, bytes) => serde_json::from_slice(&bytes).map_err(|e| format!("{url}: {e}")),
        (status, _) => Err(format!("{url} answered {status}")),
    }
}

/// The claims of the user: those of the id token, and the issuer's userInfo; and both as they were received.
async fn exchange(visit: &Visit, issuer: &Issuer, code: &str, nonce: &str) -> Result<(Claims, Value), String> {
    let back = format!("{}/oauth2/idpresponse", visit.origin());
    let mut pairs =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &back), ("client_id", issuer.client_id.as_str())];
    pairs.extend(issuer.client_secret.as_deref().map(|secret| ("client_secret", secret)));
    let (status, bytes) = fetch(&visit.cx, &issuer.token, None, Some(query(&pairs))).await?;
    let answer: Value = serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", issuer.token))?;
    if status != 200 {
        return Err(format!("{} Error - {status} {}", issuer.name, answer["error"].as_str().unwrap_or_default()));
    }
    let token = answer["id_token"].as_str().ok_or("the identity provider sent no id_token")?;
    let keys = document(visit, &issuer.keys).await?;
    let mut claims = verified(token, &keys).ok_or("Invalid id_token signature")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let audience = match claims.get("aud") {
        Some(Value::Array(many)) => many.iter().any(|one| one == issuer.client_id.as_str()),
        one => one.and_then(Value::as_str) == Some(&issuer.client_id),
    };
    let end = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    if text("iss").trim_end_matches('/') != issuer.issuer.trim_end_matches('/') {
        return Err("Bad id_token issuer".into());
    }
    if !audience || end <= visit.cx.now().secs() || text("nonce") != nonce {
        return Err("Invalid id_token: its audience, end or nonce is not ours".into());
    }
    let mut received = json!({ "tokenResponse": answer, "idToken": claims });
    if let (Some(url), Some(access)) = (&issuer.attributes, answer["access_token"].as_str()) {
        let form = issuer.attributes_by_post.then(String::new);
        if let (200, bytes) = fetch(&visit.cx, url, Some(access), form).await?
            && let Ok(Value::Object(more)) = serde_json::from_slice(&bytes)
            && more.get("sub") == claims.get("sub")
        {
            received["userInfo"] = json!(more);
            claims.extend(more);
        }
    }
    Ok((claims, received))
}

/// The claims of a token that one of the keys signed (RS256, which is what AWS takes from most issuers).
fn verified(token: &str, keys: &Value) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, body) = signed.split_once('.')?;
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    if head["alg"] != "RS256" {
        return None;
    }
    let key = keys["keys"].as_array()?.iter().find(|key| key["kid"] == head["kid"] && key["kty"] == "RSA")?;
    let number = |name: &str| Some(BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok()?));
    let key = RsaPublicKey::new(number("n")?, number("e")?).ok()?;
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(signed), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}
