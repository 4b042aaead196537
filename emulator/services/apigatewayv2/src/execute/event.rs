//! The events that functions receive: payload formats 1.0 and 2.0.

use super::call::Call;
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::Principal;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The event of a request.
pub(crate) fn of(call: &Call, version: &str) -> Value {
    if version == "1.0" { first(call) } else { second(call) }
}

/// Headers as functions see them: lower case, several joined, with those of the front door.
pub(crate) fn headers(call: &Call) -> BTreeMap<String, String> {
    const OF_THE_CONNECTION: [&str; 5] = ["connection", "transfer-encoding", "te", "keep-alive", "upgrade"];
    let mut headers = BTreeMap::new();
    for name in call.head.headers.keys().filter(|name| !OF_THE_CONNECTION.contains(&name.as_str())) {
        headers.insert(name.as_str().to_owned(), call.header(name.as_str()).unwrap_or_default());
    }
    let ip = call.cx.source().ip.map(|ip| ip.to_string()).unwrap_or_default();
    let forwarded = call.header("x-forwarded-for").map_or(ip.clone(), |before| format!("{before}, {ip}"));
    headers.insert("x-amzn-trace-id".into(), format!("Root={}", call.cx.trace()));
    headers.insert("x-forwarded-for".into(), forwarded);
    headers.insert("x-forwarded-port".into(), "443".into());
    headers.insert("x-forwarded-proto".into(), "https".into());
    headers
}

/// The body as text, or as base64 where it is none; and whether it is. Types that are text are passed as text.
fn body(call: &Call) -> (Option<String>, bool) {
    if call.body.is_empty() {
        return (None, false);
    }
    let kind = call.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let textual =
        ["text/", "application/json", "application/javascript", "application/xml"].iter().any(|t| kind.starts_with(t)) || kind.is_empty();
    match std::str::from_utf8(&call.body) {
        Ok(text) if textual => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(&call.body)), true),
    }
}

/// A map, or null when it is empty.
fn some(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

fn second(call: &Call) -> Value {
    let (body, encoded) = body(call);
    let mut all = headers(call);
    // Cookies have a place of their own.
    let cookies: Vec<String> = all.remove("cookie").map(|c| c.split("; ").map(str::to_owned).collect()).unwrap_or_default();
    let mut query: Map<String, Value> = Map::new();
    for (name, value) in call.query() {
        let joined = query.get(&name).and_then(Value::as_str).map_or(value.clone(), |before| format!("{before},{value}"));
        query.insert(name, joined.into());
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": call.route.route_key,
        "rawPath": call.address.raw_path,
        "rawQueryString": call.head.uri.query().unwrap_or_default(),
        "headers": all,
        "requestContext": second_context(call),
        "isBase64Encoded": encoded,
    });
    let members = [
        ("cookies", if cookies.is_empty() { Value::Null } else { json!(cookies) }),
        ("queryStringParameters", some(query)),
        ("pathParameters", some(call.path_parameters.iter().map(|(n, v)| (n.clone(), json!(v))).collect())),
        ("stageVariables", some(call.stage.stage_variables.iter().flatten().map(|(n, v)| (n.clone(), json!(v))).collect())),
        ("body", body.map_or(Value::Null, Value::String)),
    ];
    // What is not there is left out in this format.
    for (name, value) in members {
        if !value.is_null() {
            event[name] = value;
        }
    }
    event
}

fn second_context(call: &Call) -> Value {
    let mut context = json!({
        "accountId": call.cx.account(),
        "apiId": call.address.api_id,
        "domainName": call.domain_name(),
        "domainPrefix": call.domain_name().split('.').next(),
        "http": {
            "method": call.head.method.as_str(),
            "path": call.address.raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": call.cx.source().ip.map(|ip| ip.to_string()),
            "userAgent": call.header("user-agent"),
        },
        "requestId": call.id,
        "routeKey": call.route.route_key,
        "stage": call.stage.stage_name,
        "time": call.request_time(),
        "timeEpoch": call.received.millis(),
    });
    if let Some(authorizer) = &call.authorizer {
        context["authorizer"] = Value::Object(authorizer.clone());
    }
    context
}

fn first(call: &Call) -> Value {
    let (body, encoded) = body(call);
    let all = headers(call);
    let query = call.query();
    let mut many: Map<String, Value> = Map::new();
    for (name, value) in &query {
        if let Some(values) = many.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut() {
            values.push(json!(value));
        }
    }
    let multi: Map<String, Value> = all.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    json!({
        "version": "1.0",
        "resource": call.route.route_key.split_once(' ').map_or("$default", |(_, path)| path),
        "path": call.address.raw_path,
        "httpMethod": call.head.method.as_str(),
        "headers": all,
        "multiValueHeaders": multi,
        "queryStringParameters": some(query.into_iter().map(|(n, v)| (n, json!(v))).collect()),
        "multiValueQueryStringParameters": some(many),
        "requestContext": first_context(call),
        "pathParameters": some(call.path_parameters.iter().map(|(n, v)| (n.clone(), json!(v))).collect()),
        "stageVariables": some(call.stage.stage_variables.iter().flatten().map(|(n, v)| (n.clone(), json!(v))).collect()),
        "body": body,
        "isBase64Encoded": encoded,
    })
}

fn first_context(call: &Call) -> Value {
    let iam =
        call.route.authorization_type == Some(crate::model::AuthorizationType::AwsIam) && *call.cx.principal() != Principal::Anonymous;
    let known = |text: Option<String>| text.filter(|_| iam);
    let flat = call.authorizer.as_ref().map(|told| match (told.get("jwt"), told.get("lambda")) {
        (Some(jwt), _) => json!({ "claims": jwt["claims"], "scopes": jwt["scopes"] }),
        (_, Some(lambda)) => lambda.clone(),
        _ => Value::Object(told.clone()),
    });
    json!({
        "accountId": call.cx.account(),
        "apiId": call.address.api_id,
        "domainName": call.domain_name(),
        "domainPrefix": call.domain_name().split('.').next(),
        "extendedRequestId": call.id,
        "httpMethod": call.head.method.as_str(),
        "authorizer": flat,
        "identity": {
            "accessKey": known(call.cx.source().access_key.clone()),
            "accountId": known(call.cx.principal().account().map(str::to_owned)),
            "caller": known(Some(call.cx.principal().user_id())),
            "cognitoAmr": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": call.cx.source().ip.map(|ip| ip.to_string()),
            "user": known(Some(call.cx.principal().user_id())),
            "userAgent": call.header("user-agent"),
            "userArn": known(Some(call.cx.principal().arn())),
        },
        "path": call.address.raw_path,
        "protocol": "HTTP/1.1",
        "requestId": call.id,
        "requestTime": call.request_time(),
        "requestTimeEpoch": call.received.millis(),
        "resourceId": call.route.route_key,
        "resourcePath": call.route.route_key.split_once(' ').map_or("$default", |(_, path)| path),
        "stage": call.stage.stage_name,
    })
}
