//! Endpoints that are not the API: what clients need to check tokens, and the inbox of messages.

use crate::{
    CognitoIdp, inbox,
    keys::Signer,
    oauth,
    state::{place, pool},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Read};
use serde_json::{Value, json};
use wire::{Body, ReplyBody};

/// `/{poolId}/.well-known/jwks.json` and `/{poolId}/.well-known/openid-configuration`, under any host name that leads here.
pub(crate) struct Discovery(pub CognitoIdp);

impl Door for Discovery {
    fn name(&self) -> &'static str {
        "cognito-discovery"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        matches!(asked(head.uri.path()), Some((_, "jwks.json" | "openid-configuration")))
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let Some((pool_id, document)) = asked(head.uri.path()) else { return not_found() };
            let Some(place) = place(&cx, pool_id).ok().flatten().filter(|p| p.pool_id == pool_id) else { return not_found() };
            let cx = cx.in_scope(place.scope());
            match document {
                "jwks.json" => match self.0.signers.of(&cx, pool_id).await {
                    Ok(signers) => json_answer(200, &json!({ "keys": signers.all().map(|s| jwk(s)).collect::<Vec<_>>() })),
                    Err(fault) => json_answer(500, &json!({ "message": fault.message })),
                },
                _ => {
                    let domain = cx.store().read(|s| pool(s, cx.scope(), pool_id)).ok();
                    let domain = domain.and_then(|pool| pool.settings.domain.or(pool.settings.custom_domain));
                    json_answer(200, &configuration(&self.0.issuer_of(&cx, cx.region(), pool_id), self.0.domain_url(&cx, domain)))
                }
            }
        })
    }
}

fn asked(path: &str) -> Option<(&str, &str)> {
    let (pool_id, document) = path.strip_prefix('/')?.split_once("/.well-known/")?;
    let (region, name) = pool_id.split_once('_')?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain(region) && plain(name)).then_some((pool_id, document))
}

fn jwk(signer: &Signer) -> Value {
    let (n, e) = signer.public();
    let encode = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "alg": "RS256", "e": encode(e), "kid": signer.kid, "kty": "RSA", "n": encode(n), "use": "sig" })
}

/// What AWS's document says of a pool; without a domain there are no endpoints to sign in by.
fn configuration(issuer: &str, domain: Option<String>) -> Value {
    let mut document = json!({
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    let endpoints = [
        ("authorization_endpoint", "/oauth2/authorize"),
        ("token_endpoint", "/oauth2/token"),
        ("userinfo_endpoint", "/oauth2/userInfo"),
        ("revocation_endpoint", "/oauth2/revoke"),
        ("end_session_endpoint", "/logout"),
    ];
    for (name, path) in endpoints {
        if let Some(domain) = &domain {
            document[name] = format!("{domain}{path}").into();
        }
    }
    document
}

impl CognitoIdp {
    /// The URL of a pool's domain, in the form that the issuer has: AWS's, or one that leads here whatever names the machine resolves.
    pub(crate) fn domain_url(&self, cx: &Context, domain: Option<String>) -> Option<String> {
        let domain = domain?;
        Some(match self.base(cx) {
            Some(base) => format!("{base}{}{domain}", oauth::PATH_FORM),
            // A domain of the owner's own.
            None if domain.contains('.') => format!("https://{domain}"),
            None => format!("https://{domain}.auth.{}.amazoncognito.com", cx.region()),
        })
    }
}

/// `GET /_windtunnel/cognito/messages?user=...&pool=...`: what was sent, newest first. `user` is a user name, a sub or an address.
pub(crate) struct Inbox;

impl Door for Inbox {
    fn name(&self) -> &'static str {
        "cognito-inbox"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path() == "/_windtunnel/cognito/messages"
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let query = head.uri.query().unwrap_or_default();
            let (user, pool) = (parameter(query, "user"), parameter(query, "pool"));
            let fits = |m: &inbox::Message| {
                user.as_ref().is_none_or(|u| [&m.username, &m.sub, &m.destination].contains(&u))
                    && pool.as_ref().is_none_or(|p| *p == m.pool_id)
            };
            let found: Result<Vec<Value>, kit::Fault> = cx.store().read(|s| {
                let rows = s.scan(&inbox::MESSAGES, cx.scope()).reverse();
                rows.filter(|row| row.as_ref().map_or(true, |(_, m)| fits(m)))
                    .map(|row| row.map(|(sequence, m)| shown(sequence, m)))
                    .collect()
            });
            match found {
                Ok(messages) => json_answer(200, &json!({ "messages": messages })),
                Err(fault) => json_answer(500, &json!({ "message": fault.message })),
            }
        })
    }
}

/// `POST /_windtunnel/cognito/rotate-keys?pool=...`: other signing keys for a pool, as AWS may give it any day.
pub(crate) struct Rotation;

impl Door for Rotation {
    fn name(&self) -> &'static str {
        "cognito-rotation"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path() == "/_windtunnel/cognito/rotate-keys" && head.method == http::Method::POST
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let pool = parameter(head.uri.query().unwrap_or_default(), "pool").unwrap_or_default();
            let Some(place) = place(&cx, &pool).ok().flatten().filter(|p| p.pool_id == pool) else { return not_found() };
            match crate::keys::rotate(&cx.in_scope(place.scope()), &pool).await {
                Ok(()) => json_answer(200, &json!({ "userPoolId": pool })),
                Err(fault) => json_answer(500, &json!({ "message": fault.message })),
            }
        })
    }
}

fn shown(sequence: u64, m: inbox::Message) -> Value {
    json!({
        "sequence": sequence, "sentAt": kit::time::iso_millis(m.sent), "account": m.account, "region": m.region, "userPoolId": m.pool_id,
        "username": m.username, "sub": m.sub, "purpose": m.purpose, "medium": m.medium, "destination": m.destination,
        "subject": m.subject, "message": m.message, "code": m.code,
    })
}

/// A parameter of a query string, percent-decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            // A plus is left alone: it stands in phone numbers and addresses, and nobody writes blanks here.
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn not_found() -> Response<ReplyBody> {
    json_answer(404, &json!({ "code": "ResourceNotFoundException", "message": "User pool does not exist." }))
}

fn json_answer(status: u16, value: &Value) -> Response<ReplyBody> {
    let body = ReplyBody::Bytes(serde_json::to_vec(value).unwrap_or_default().into());
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        // Browsers fetch the keys from pages of any origin.
        .header("access-control-allow-origin", "*")
        .header("cache-control", "no-store");
    answer.body(body).unwrap_or_default()
}
