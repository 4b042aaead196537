//! Functions that judge callers: TOKEN and REQUEST authorizers. A verdict is kept by the identity that led to it and serves every method.

use super::{Edge, answers::Refusal, call::Call, event, proxy};
use crate::{
    authorizers::{header_of, sources_of},
    integrations::function_of,
    model::*,
};
use frontdoor::verdict::Verdict;
use kit::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// How long a function may take, AWS's limit.
const LONGEST_MS: i128 = 10_000;
/// The longest answer that is read.
const MOST_BYTES: usize = 1 << 20;

/// What the function says of the caller, now or a while ago.
pub(crate) async fn verdict(edge: &Edge, call: &Call, authorizer: &Authorizer) -> Result<Arc<Verdict>, Refusal> {
    let ttl = i64::from(authorizer.authorizer_result_ttl_in_seconds.unwrap_or(300));
    let identity = identity(call, authorizer, ttl)?;
    let id = authorizer.id.as_deref().unwrap_or_default();
    let key = format!("{}/{}/{id}/{}", call.address.api_id, call.address.stage, identity.join("\u{1f}"));
    if ttl > 0
        && !identity.is_empty()
        && let Some(held) = edge.verdicts.get(&key, call.cx.now())
    {
        return Ok(held);
    }
    let event = match authorizer.r#type {
        Some(AuthorizerType::Token) => json!({ "type": "TOKEN", "authorizationToken": identity[0], "methodArn": call.arn() }),
        _ => event::of_authorizer(call),
    };
    let verdict = Arc::new(ask(call, authorizer, &event).await?);
    if !identity.is_empty() {
        edge.verdicts.put(key, call.cx.now(), ttl, verdict.clone());
    }
    Ok(verdict)
}

/// The values of the identity sources. One that is missing is refused without asking the function; without a cache REQUEST asks anyway.
fn identity(call: &Call, authorizer: &Authorizer, ttl: i64) -> Result<Vec<String>, Refusal> {
    if authorizer.r#type == Some(AuthorizerType::Token) {
        let header = header_of(authorizer).ok_or_else(Refusal::authorizer_configuration)?;
        let token = call.header(header).filter(|token| !token.is_empty()).ok_or_else(Refusal::unauthorized)?;
        let expression = authorizer.identity_validation_expression.as_deref().filter(|e| !e.is_empty());
        let fits = expression.is_none_or(|e| call.memo.fits(e, token));
        return if fits { Ok(vec![token.to_owned()]) } else { Err(Refusal::unauthorized()) };
    }
    let mut values = Vec::new();
    for source in sources_of(authorizer) {
        let value = crate::mapping::Source::of_request(source).and_then(|source| call.values(source).into_iter().next());
        match value.filter(|value| !value.is_empty()) {
            Some(value) => values.push(value),
            None if ttl > 0 => return Err(Refusal::unauthorized()),
            None => {}
        }
    }
    Ok(values)
}

async fn ask(call: &Call, authorizer: &Authorizer, event: &Value) -> Result<Verdict, Refusal> {
    let uri = call.filled(authorizer.authorizer_uri.as_deref().unwrap_or_default()).split_whitespace().collect::<String>();
    let function = function_of(&uri).ok_or_else(Refusal::authorizer_configuration)?.to_owned();
    // The function's policy is asked for the authorizer, not for the method that is called.
    let arn = format!("{}authorizers/{}", call.arn_prefix(), authorizer.id.as_deref().unwrap_or_default());
    let cx = match authorizer.authorizer_credentials.as_deref() {
        Some(role) => proxy::as_role_or_service(call, Some(role)).await.map_err(|_| Refusal::authorizer_configuration())?,
        None => call.cx.as_service("apigateway.amazonaws.com", &arn, call.cx.account()),
    };
    let due = call.cx.now().plus_ns(LONGEST_MS * 1_000_000);
    let payload = Bytes::from(event.to_string());
    let invoked = proxy::invoke(cx, function, payload, due, false).await.map_err(|_| Refusal::authorizer_configuration())?;
    if invoked.payload.len() > MOST_BYTES {
        return Err(Refusal::authorizer_configuration());
    }
    let answer: Value = serde_json::from_slice(&invoked.payload).unwrap_or_default();
    if invoked.function_error.is_some() {
        // The one error that has a meaning.
        return Err(match answer["errorMessage"] == "Unauthorized" {
            true => Refusal::unauthorized(),
            false => Refusal::authorizer_failure(),
        });
    }
    Verdict::read(&answer).ok_or_else(Refusal::authorizer_configuration)
}
