//! The event that a function behind a proxy integration receives: payload format 1.0, member by member as AWS has it.

use super::call::Call;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Headers that belong to the connection, not to the request.
const OF_THE_CONNECTION: [&str; 7] = ["connection", "content-length", "transfer-encoding", "te", "trailer", "keep-alive", "upgrade"];
/// Headers whose names AWS writes in this way; what clients name themselves stays as it came.
const WELL_KNOWN: [&str; 24] = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Cookie",
    "Date",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Pragma",
    "Range",
    "Referer",
    "User-Agent",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Api-Key",
    "X-Requested-With",
];

/// The event of a request.
pub(crate) fn of(call: &Call) -> Value {
    let content_type = call.header("content-type").unwrap_or("application/json");
    let binary = call.is_binary(content_type);
    let body = match (call.body.is_empty(), binary) {
        (true, _) => Value::Null,
        (_, true) => json!(STANDARD.encode(&call.body)),
        _ => json!(String::from_utf8_lossy(&call.body)),
    };
    let headers = headers(call);
    let query = call.query();
    json!({
        "resource": call.resource.path,
        "path": call.address.path,
        "httpMethod": call.head.method.as_str(),
        "headers": last(&headers),
        "multiValueHeaders": all(&headers),
        "queryStringParameters": last(&query),
        "multiValueQueryStringParameters": all(&query),
        "pathParameters": some(call.path_parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect()),
        "stageVariables": some(call.stage_variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect()),
        "requestContext": context(call),
        "body": body,
        "isBase64Encoded": binary && !call.body.is_empty(),
    })
}

/// The headers that were sent, without those of the connection.
pub(super) fn sent_headers(call: &Call) -> Vec<(String, String)> {
    let sent = call.head.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()));
    sent.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// The request's headers as integrations see them.
pub(super) fn headers(call: &Call) -> Vec<(String, String)> {
    let sent = call.head.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()));
    let shown =
        |name: &str| WELL_KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name.to_owned(), |known| (*known).to_owned());
    let ours = ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];
    let mut headers: Vec<(String, String)> = sent
        .filter(|(name, _)| !ours.contains(&name.as_str()))
        .map(|(name, value)| (shown(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let ip = call.cx.source().ip.map(|ip| ip.to_string()).unwrap_or_default();
    let forwarded = call.header("x-forwarded-for").map_or(ip.clone(), |before| format!("{before}, {ip}"));
    headers.push(("X-Amzn-Trace-Id".into(), format!("Root={}", call.cx.trace())));
    headers.push(("X-Forwarded-For".into(), forwarded));
    headers.push(("X-Forwarded-Port".into(), "443".into()));
    headers.push(("X-Forwarded-Proto".into(), "https".into()));
    headers
}

/// The last value of each name, or null.
fn last(pairs: &[(String, String)]) -> Value {
    some(pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
}

/// All values of each name, or null.
fn all(pairs: &[(String, String)]) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs {
        if let Some(values) = map.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut() {
            values.push(json!(value));
        }
    }
    some(map)
}

/// A map, or null when it is empty.
fn some(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// What a REQUEST authorizer's function receives: the request without its body.
pub(super) fn of_authorizer(call: &Call) -> Value {
    let mut event = of(call);
    if let Some(members) = event.as_object_mut() {
        members.remove("body");
        members.remove("isBase64Encoded");
        members.insert("type".into(), json!("REQUEST"));
        members.insert("methodArn".into(), json!(call.arn()));
    }
    event
}

/// Who and what a request is: the event's `requestContext`, and `$context` of templates.
pub(super) fn context(call: &Call) -> Value {
    let cx = &call.cx;
    let mut context = json!({
        "resourceId": call.resource.id,
        "resourcePath": call.resource.path,
        "httpMethod": call.head.method.as_str(),
        "extendedRequestId": call.extended_id,
        "requestTime": call.request_time(),
        "path": call.address.staged,
        "accountId": cx.account(),
        "protocol": "HTTP/1.1",
        "stage": call.address.stage,
        "domainPrefix": call.address.domain_prefix,
        "requestTimeEpoch": call.received.millis(),
        "requestId": cx.request_id(),
        "identity": identity(call),
        "domainName": call.domain_name(),
        "deploymentId": call.deployment_id,
        "apiId": call.address.api_id,
    });
    if let Some(authorizer) = &call.authorizer {
        context["authorizer"] = Value::Object(authorizer.clone());
    }
    context
}

/// Who called; the members about IAM are filled only where IAM judged the request.
fn identity(call: &Call) -> Value {
    let cx = &call.cx;
    let iam = call.is_signed();
    let known = |text: Option<String>| text.filter(|_| iam);
    let mut identity = json!({
        "cognitoIdentityPoolId": null,
        "accountId": known(cx.principal().account().map(str::to_owned)),
        "cognitoIdentityId": null,
        "caller": known(Some(cx.principal().user_id())),
        "sourceIp": cx.source().ip.map(|ip| ip.to_string()),
        "principalOrgId": null,
        "accessKey": known(cx.source().access_key.clone()),
        "cognitoAuthenticationType": null,
        "cognitoAuthenticationProvider": null,
        "userArn": known(Some(cx.principal().arn())),
        "userAgent": call.header("user-agent"),
        "user": known(Some(cx.principal().user_id())),
    });
    if let Some((id, key)) = &call.api_key {
        identity["apiKey"] = json!(key);
        identity["apiKeyId"] = json!(id);
    }
    identity
}
