//! Who may pass: the API's resource policy, IAM for signed requests, tokens of user pools, and functions that judge.

use super::{
    Edge,
    answers::Refusal,
    call::{Call, formatted},
    lambda_authorizer,
};
use crate::{authorizers::header_of, model::*, rest_apis::is_private};
use frontdoor::verdict::Judged;
use kit::{Decision, Need, Principal, RefusedSignature, Timestamp};
use serde_json::{Map, Value};

/// Refuses the request, or notes who makes it.
pub(crate) async fn check(edge: &Edge, call: &mut Call) -> Result<(), Refusal> {
    let kind = call.method.authorization_type.clone().unwrap_or_default();
    let policy = call.api.settings.policy.clone().filter(|p| !p.is_empty());
    // A private API without a policy is open to nobody, whoever they are.
    let closed = policy.is_none() && is_private(&call.api.settings);
    let began = call.cx.now();
    let checked = match kind.as_str() {
        "COGNITO_USER_POOLS" => {
            let claims = token_claims(call)?;
            call.authorizer = Some(Map::from_iter([("claims".to_owned(), Value::Object(claims))]));
            policy.map_or(Ok(()), |policy| ask(call, false, Some(&policy)))
        }
        "CUSTOM" => custom(edge, call, policy.as_deref()).await,
        // Only methods that ask for a signature look at one.
        "AWS_IAM" => match call.head.extensions.get::<RefusedSignature>() {
            Some(RefusedSignature(fault)) => Err(Refusal::signature(fault)),
            None if *call.cx.principal() == Principal::Anonymous => Err(Refusal::missing_token()),
            None => ask(call, true, policy.as_deref()),
        },
        _ => policy.map_or(Ok(()), |policy| ask(call, false, Some(&policy))),
    };
    if matches!(kind.as_str(), "CUSTOM" | "COGNITO_USER_POOLS") {
        call.authorizer_ms = Some((call.cx.now().unix_ns - began.unix_ns) as f64 / 1e6);
    }
    checked.and_then(|()| if closed { ask(call, false, None) } else { Ok(()) })
}

/// A function's verdict together with the API's resource policy: first whether the policy denies, then whether one of the two allows.
async fn custom(edge: &Edge, call: &mut Call, policy: Option<&str>) -> Result<(), Refusal> {
    let by_policy = policy.map(|policy| decide(call, false, Some(policy)));
    if let Some(decision) = by_policy.as_ref().filter(|d| !d.allowed && d.message.contains("explicit deny")) {
        return Err(refused(call, decision));
    }
    let authorizer = call.method.authorizer_id.as_ref().and_then(|id| call.api.authorizers.get(id)).cloned();
    let authorizer = authorizer.ok_or_else(Refusal::authorizer_configuration)?;
    let verdict = lambda_authorizer::verdict(edge, call, &authorizer).await?;
    let ip = call.cx.source().ip.map(|ip| ip.to_string());
    let judged = verdict.judge(&call.arn(), ip.as_deref());
    let mut told = verdict.context.clone();
    told.insert("principalId".into(), Value::String(verdict.principal.clone()));
    told.insert("integrationLatency".into(), Value::from(0));
    call.authorizer = Some(told);
    call.usage_key = verdict.usage_key.clone();
    match judged {
        Judged::Allowed => Ok(()),
        Judged::Denied => Err(Refusal::denied("User is not authorized to access this resource with an explicit deny")),
        Judged::Silent if by_policy.is_some_and(|decision| decision.allowed) => Ok(()),
        Judged::Silent => Err(Refusal::denied("User is not authorized to access this resource")),
    }
}

/// Asks the decider for execute-api:Invoke.
fn ask(call: &Call, signed: bool, policy: Option<&str>) -> Result<(), Refusal> {
    let decision = decide(call, signed, policy);
    if decision.allowed { Ok(()) } else { Err(refused(call, &decision)) }
}

/// Callers who are not judged by IAM count as anybody to the resource policy.
fn decide(call: &Call, signed: bool, policy: Option<&str>) -> Decision {
    let cx = if signed { call.cx.clone() } else { call.cx.with_principal(Principal::Anonymous) };
    let need = Need::on("execute-api:Invoke", call.arn()).owned_by(call.cx.account());
    let policy = policy.map(|p| call.memo.policy(p, &call.arn_prefix()));
    let decision = cx.cloud().decider().decide(&cx, &need, policy.as_deref());
    cx.cloud().journal().decision(&cx, &need, &decision);
    decision
}

fn refused(call: &Call, decision: &Decision) -> Refusal {
    Refusal::denied(&masked(&decision.message, &call.arn(), call.cx.account()))
}

/// API Gateway hides all but the last four digits of the account in the resource.
fn masked(message: &str, resource: &str, account: &str) -> String {
    let hidden = format!("********{}", &account[account.len().saturating_sub(4)..]);
    message.replace(resource, &resource.replacen(account, &hidden, 1))
}

fn token_claims(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let authorizer =
        call.method.authorizer_id.as_ref().and_then(|id| call.api.authorizers.get(id)).ok_or_else(Refusal::authorizer_configuration)?;
    claims_by(call, authorizer, call.method.authorization_scopes.as_deref().unwrap_or_default())
}

/// The claims of the request's token, where an authorizer takes it for one of these scopes.
pub(super) fn claims_by(call: &Call, authorizer: &Authorizer, scopes: &[String]) -> Result<Map<String, Value>, Refusal> {
    let header = header_of(authorizer).ok_or_else(Refusal::authorizer_configuration)?;
    let text = call.header(header).unwrap_or_default();
    let token = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if token.is_empty() {
        return Err(Refusal::unauthorized());
    }
    let pools = call.cx.cloud().ports().user_pools().map_err(|_| Refusal::authorizer_configuration())?;
    let arns = authorizer.provider_arns.as_deref().unwrap_or_default();
    let claims = pools.verify(&call.cx, arns, token).map_err(|why| match why.as_str() {
        "expired" => Refusal::token_expired(),
        _ => Refusal::unauthorized(),
    })?;
    match fits(call, authorizer, scopes, &claims) {
        true => Ok(claims.iter().map(|(name, value)| (name.clone(), Value::String(as_text(name, value)))).collect()),
        false => Err(Refusal::unauthorized()),
    }
}

/// Without scopes an id token is wanted; with scopes an access token that has one of them.
fn fits(call: &Call, authorizer: &Authorizer, wanted: &[String], claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let right_kind = match wanted.is_empty() {
        true => text("token_use") == "id",
        false => text("token_use") == "access" && text("scope").split(' ').any(|scope| wanted.iter().any(|w| w == scope)),
    };
    let audience = if text("token_use") == "id" { text("aud") } else { text("client_id") };
    let expression = authorizer.identity_validation_expression.as_deref().filter(|e| !e.is_empty());
    right_kind && expression.is_none_or(|e| call.memo.fits(e, audience))
}

/// Claims reach functions as texts: lists joined by commas, the moments of a token as Java writes dates.
fn as_text(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| as_text("", item)).collect::<Vec<_>>().join(","),
        Value::Number(n) if matches!(name, "exp" | "iat") => {
            formatted(Timestamp::from_secs(n.as_i64().unwrap_or_default()), "%a %b %d %H:%M:%S UTC %Y")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_texts() {
        assert_eq!(as_text("cognito:groups", &json!(["a", "b"])), "a,b");
        assert_eq!(as_text("email_verified", &json!(true)), "true");
        assert_eq!(as_text("auth_time", &json!(1_700_000_000)), "1700000000");
        assert_eq!(as_text("exp", &json!(1_700_000_000)), "Tue Nov 14 22:13:20 UTC 2023");
    }

    #[test]
    fn the_account_is_hidden_in_the_resource_only() {
        let resource = "arn:aws:execute-api:us-east-1:123456789012:abc/live/GET/x";
        let message =
            format!("User: arn:aws:iam::123456789012:user/ann is not authorized to perform: execute-api:Invoke on resource: {resource}");
        let shown = masked(&message, resource, "123456789012");
        assert!(shown.ends_with("arn:aws:execute-api:us-east-1:********9012:abc/live/GET/x"), "{shown}");
        assert!(shown.contains("arn:aws:iam::123456789012:user/ann"));
    }
}
