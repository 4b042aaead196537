//! Who may pass: tokens of user pools, functions that judge, IAM for signed requests.

use super::{Edge, answer::Refusal, call::Call, event, integrate, mapping};
use crate::{authorizers::pool_of, integrations::function_of, model::*};
use frontdoor::verdict::{Judged, Verdict};
use kit::{Bytes, Need, Principal, Timestamp};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};

/// How long a function may take, AWS's limit.
const LONGEST_MS: i128 = 10_000;
/// Simple answers that are held.
const MOST_HELD: usize = 10_000;

/// Simple answers of functions (yes or no, and what is told of the caller), until they are too old.
#[derive(Default)]
pub(crate) struct Simple {
    held: Mutex<HashMap<String, (Timestamp, bool, Map<String, Value>)>>,
}

impl Simple {
    /// Forgets answers whose key begins so.
    pub fn forget(&self, prefix: &str) {
        self.held.lock().retain(|key, _| !key.starts_with(prefix));
    }
}

/// Refuses the request, or notes who makes it.
pub(crate) async fn check(edge: &Edge, call: &mut Call) -> Result<(), Refusal> {
    let authorizer = call.route.authorizer_id.as_ref().and_then(|id| call.api.authorizers.get(id)).cloned();
    match (call.route.authorization_type, authorizer) {
        (Some(AuthorizationType::AwsIam), _) => signed(call),
        (Some(AuthorizationType::Jwt), Some(authorizer)) => token(call, &authorizer),
        (Some(AuthorizationType::Custom), Some(authorizer)) => function(edge, call, &authorizer).await,
        (Some(AuthorizationType::Jwt | AuthorizationType::Custom), None) => Err(Refusal::internal()),
        _ => Ok(()),
    }
}

fn signed(call: &mut Call) -> Result<(), Refusal> {
    if *call.cx.principal() == Principal::Anonymous {
        return Err(Refusal::forbidden());
    }
    let need = Need::on("execute-api:Invoke", call.arn()).owned_by(call.cx.account());
    let decision = call.cx.cloud().decider().decide(&call.cx, &need, None);
    call.cx.cloud().journal().decision(&call.cx, &need, &decision);
    if !decision.allowed {
        return Err(Refusal::forbidden());
    }
    let who = call.cx.principal();
    let iam = json!({ "accessKey": call.cx.source().access_key, "accountId": who.account(), "callerId": who.user_id(), "cognitoIdentity": null, "principalOrgId": null, "userArn": who.arn(), "userId": who.user_id() });
    call.authorizer = Some(Map::from_iter([("iam".to_owned(), iam)]));
    Ok(())
}

fn token(call: &mut Call, authorizer: &Authorizer) -> Result<(), Refusal> {
    let wanted = call.route.authorization_scopes.clone().unwrap_or_default();
    let source = authorizer.identity_source.as_ref().and_then(|sources| sources.first()).cloned().unwrap_or_default();
    let text = mapping::value(call, &source).unwrap_or_default();
    let token = text.strip_prefix("Bearer ").or(text.strip_prefix("bearer ")).unwrap_or(&text).trim();
    if token.is_empty() {
        let challenge = Some(if wanted.is_empty() { "Bearer".into() } else { format!("Bearer scope=\"{}\"", wanted.join(" ")) });
        return Err(Refusal { challenge, ..Refusal::unauthorized() });
    }
    let invalid = |why: &str| Refusal::invalid_token(why, &wanted);
    let jwt = authorizer.jwt_configuration.clone().unwrap_or_default();
    let issuer = jwt.issuer.unwrap_or_default();
    let pool = pool_of(&issuer).ok_or_else(Refusal::internal)?;
    let pools = call.cx.cloud().ports().user_pools().map_err(|_| Refusal::internal())?;
    // An issuer says nothing of accounts: the pool may be anybody's.
    let arns: Vec<String> = pools.arn(&call.cx, pool).into_iter().collect();
    let claims = pools.verify(&call.cx, &arns, token).map_err(|why| match why.as_str() {
        "expired" => invalid("the token has expired"),
        "signature" => invalid("signature verification failed"),
        _ => invalid("the token is not valid"),
    })?;
    // Id tokens say whom they are for, access tokens which client got them.
    let audience = claims.get("aud").or(claims.get("client_id")).and_then(Value::as_str).unwrap_or_default();
    if !jwt.audience.iter().flatten().any(|one| one == audience) {
        return Err(invalid("the token does not have a valid audience"));
    }
    let scope = claims.get("scope").or(claims.get("scp")).and_then(Value::as_str).unwrap_or_default();
    if !wanted.is_empty() && !scope.split(' ').any(|scope| wanted.iter().any(|w| w == scope)) {
        let challenge = format!(
            "Bearer scope=\"{}\" error=\"insufficient_scope\" error_description=\"the token does not have a valid scope\"",
            wanted.join(" ")
        );
        return Err(Refusal { challenge: Some(challenge), ..Refusal::forbidden() });
    }
    let claims: Map<String, Value> = claims.iter().map(|(name, value)| (name.clone(), as_text(value).into())).collect();
    let scopes = if wanted.is_empty() { Value::Null } else { json!(wanted) };
    call.authorizer = Some(Map::from_iter([("jwt".to_owned(), json!({ "claims": claims, "scopes": scopes }))]));
    Ok(())
}

/// Claims reach functions as texts; lists as `[a b]`.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(as_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// A function's verdict. Simple answers are a yes or a no for one request; policies serve every route that is asked within their time.
async fn function(edge: &Edge, call: &mut Call, authorizer: &Authorizer) -> Result<(), Refusal> {
    let mut identity = Vec::new();
    for source in authorizer.identity_source.iter().flatten() {
        match mapping::value(call, source).filter(|value| !value.is_empty()) {
            Some(value) => identity.push(value),
            None => return Err(Refusal::unauthorized()),
        }
    }
    let id = authorizer.authorizer_id.as_deref().unwrap_or_default();
    let key = format!("{}/{}/{id}/{}", call.address.api_id, call.stage.stage_name, identity.join("\u{1f}"));
    let ttl = i64::from(authorizer.authorizer_result_ttl_in_seconds.unwrap_or(0));
    let ttl = if identity.is_empty() { 0 } else { ttl };
    match authorizer.enable_simple_responses == Some(true) {
        true => simple(edge, call, authorizer, key, ttl).await,
        false => by_policy(edge, call, authorizer, key, ttl).await,
    }
}

async fn simple(edge: &Edge, call: &mut Call, authorizer: &Authorizer, key: String, ttl: i64) -> Result<(), Refusal> {
    let now = call.cx.now();
    let held = edge.simple.held.lock().get(&key).filter(|(until, ..)| now < *until).cloned();
    let (allowed, told) = match held {
        Some((_, allowed, told)) => (allowed, told),
        None => {
            let answer = ask(call, authorizer).await?;
            let allowed = answer["isAuthorized"].as_bool().ok_or_else(Refusal::internal)?;
            let told = answer["context"].as_object().cloned().unwrap_or_default();
            if ttl > 0 {
                let mut held = edge.simple.held.lock();
                if held.len() >= MOST_HELD {
                    held.clear();
                }
                held.insert(key, (now.plus_ns(i128::from(ttl) * 1_000_000_000), allowed, told.clone()));
            }
            (allowed, told)
        }
    };
    call.authorizer = Some(Map::from_iter([("lambda".to_owned(), Value::Object(told))]));
    if allowed { Ok(()) } else { Err(Refusal::forbidden()) }
}

async fn by_policy(edge: &Edge, call: &mut Call, authorizer: &Authorizer, key: String, ttl: i64) -> Result<(), Refusal> {
    let now = call.cx.now();
    let verdict = match edge.verdicts.get(&key, now) {
        Some(held) => held,
        None => {
            let answer = ask(call, authorizer).await?;
            let verdict = Arc::new(Verdict::read(&answer).ok_or_else(Refusal::internal)?);
            edge.verdicts.put(key, now, ttl, verdict.clone());
            verdict
        }
    };
    let ip = call.cx.source().ip.map(|ip| ip.to_string());
    let mut told = verdict.context.clone();
    if authorizer.authorizer_payload_format_version.as_deref() == Some("1.0") {
        told.insert("principalId".into(), verdict.principal.clone().into());
    }
    call.authorizer = Some(Map::from_iter([("lambda".to_owned(), Value::Object(told))]));
    match verdict.judge(&call.arn(), ip.as_deref()) {
        Judged::Allowed => Ok(()),
        Judged::Denied | Judged::Silent => Err(Refusal::forbidden()),
    }
}

async fn ask(call: &Call, authorizer: &Authorizer) -> Result<Value, Refusal> {
    let version = authorizer.authorizer_payload_format_version.as_deref().unwrap_or("2.0");
    let mut event = event::of(call, version);
    if let Some(members) = event.as_object_mut() {
        members.remove("body");
        members.remove("isBase64Encoded");
        members.insert("type".into(), "REQUEST".into());
        let identity: Vec<String> = authorizer.identity_source.iter().flatten().filter_map(|source| mapping::value(call, source)).collect();
        match version {
            "1.0" => {
                members.insert("methodArn".into(), call.arn().into());
                members.insert("identitySource".into(), identity.join(",").into());
            }
            _ => {
                members.insert("routeArn".into(), call.arn().into());
                members.insert("identitySource".into(), json!(identity));
            }
        }
    }
    let uri = call.filled(authorizer.authorizer_uri.as_deref().unwrap_or_default());
    let function = function_of(&uri).ok_or_else(Refusal::internal)?;
    let arn = format!("{}authorizers/{}", call.arn_prefix(), authorizer.authorizer_id.as_deref().unwrap_or_default());
    let cx = integrate::caller(call, authorizer.authorizer_credentials_arn.as_deref(), &arn).await.map_err(|_| Refusal::internal())?;
    let due = call.cx.now().plus_ns(LONGEST_MS * 1_000_000);
    let invoked = integrate::invoke(cx, function, Bytes::from(event.to_string()), due).await.map_err(|_| Refusal::internal())?;
    if invoked.function_error.is_some() {
        let answer: Value = serde_json::from_slice(&invoked.payload).unwrap_or_default();
        return Err(if answer["errorMessage"] == "Unauthorized" { Refusal::unauthorized() } else { Refusal::internal() });
    }
    serde_json::from_slice(&invoked.payload).map_err(|_| Refusal::internal())
}
