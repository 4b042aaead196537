//! Recordings of function URLs: their settings, and requests to them through a gateway.

use super::{
    Shot, Table, create, done, helped,
    invoked::{desk as closures, f, function},
};
use crate::{
    desk::{Desk, World, base64},
    server::{Ask, Server},
};
use kit::{ClockMode, Cloud, Timestamp};
use lambda::in_process::{HandlerError, Invocation, package};
use serde_json::{Value, json};
use std::sync::Arc;

/// In test_lambda_api.
pub const SETTINGS: Table = &[
    ("TestLambdaUrl::test_url_config_lifecycle", done!(lifecycle)),
    ("TestLambdaUrl::test_url_config_list_paging", done!(listed)),
    ("TestLambdaUrl::test_url_config_exceptions", done!(exceptions)),
    ("TestLambdaUrl::test_url_config_deletion_without_qualifier", done!(deletion)),
];

/// In test_lambda.
pub const TABLE: Table = &[
    ("TestLambdaURL::test_lambda_url_invocation", done!(answers)),
    ("TestLambdaURL::test_lambda_url_invocation_exception", done!(exception)),
    ("TestLambdaURL::test_lambda_url_invalid_invoke_mode", done!(no_mode)),
    ("TestLambdaURL::test_lambda_update_function_url_config", done!(modes)),
    ("TestLambdaURL::test_lambda_url_echo_invoke", done!(made)),
    ("TestLambdaURL::test_lambda_url_echo_http_fixture_default", done!(echo)),
    ("TestLambdaURL::test_lambda_url_echo_http_fixture_trim_x_headers", done!(echo_trimmed)),
    ("TestLambdaURL::test_lambda_url_form_payload", done!(form)),
    ("TestLambdaURL::test_lambda_url_persists_after_alias_delete", done!(alias_gone)),
    ("TestLambdaPermissions::test_lambda_permission_url_invocation", done!(no_permission)),
    ("TestRequestIdHandling::test_request_id_invoke_url", done!(request_id)),
];

const CREATE: &str = "CreateFunctionUrlConfig";
const GET: &str = "GetFunctionUrlConfig";
const UPDATE: &str = "UpdateFunctionUrlConfig";
const DELETE: &str = "DeleteFunctionUrlConfig";
const LIST: &str = "ListFunctionUrlConfigs";

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}
fn open(more: Value) -> Value {
    f(with(json!({ "AuthType": "NONE" }), more))
}

async fn lifecycle(shot: Shot) {
    let desk = closures().await;
    function(&desk, "echo").await;
    shot.call(&desk, "url_creation", CREATE, open(json!({}))).await;
    shot.call(&desk, "failed_duplication", CREATE, open(json!({}))).await;
    shot.call(&desk, "get_url_config", GET, f(json!({}))).await;
    shot.call(&desk, "updated_url_config", UPDATE, f(json!({ "AuthType": "AWS_IAM" }))).await;
    desk.ok(DELETE, f(json!({}))).await;
    shot.call(&desk, "failed_getter", GET, f(json!({}))).await;
}

/// A function in Node with a version and an alias.
async fn with_alias(shot: &Shot, alias: &str, labels: bool) -> Desk {
    let desk = closures().await;
    let input = with(helped(), json!({ "Runtime": "nodejs20.x", "Handler": "lambda_handler.handler" }));
    desk.ok("CreateFunction", create(input)).await;
    let alias = f(json!({ "Name": alias, "FunctionVersion": "1" }));
    match labels {
        true => {
            shot.call(&desk, "fn_version_result", "PublishVersion", f(json!({}))).await;
            shot.call(&desk, "create_alias_result", "CreateAlias", alias).await;
        }
        false => {
            desk.ok("PublishVersion", f(json!({}))).await;
            desk.ok("CreateAlias", alias).await;
        }
    }
    desk
}

async fn listed(shot: Shot) {
    let desk = with_alias(&shot, "urlalias", true).await;
    shot.call(&desk, "list_function_notfound", LIST, json!({ "FunctionName": "doesnotexist" })).await;
    shot.call(&desk, "list_all_empty", LIST, f(json!({}))).await;
    shot.call(&desk, "url_config_fn", CREATE, open(json!({}))).await;
    shot.call(&desk, "url_config_alias", CREATE, open(json!({ "Qualifier": "urlalias" }))).await;
    shot.call(&desk, "list_all", LIST, f(json!({}))).await;
    let first = desk.ok(LIST, f(json!({ "MaxItems": 1 }))).await;
    let rest = desk.ok(LIST, f(json!({ "MaxItems": 1, "Marker": first["NextMarker"] }))).await;
    assert_ne!(first["FunctionUrlConfigs"][0]["FunctionArn"], rest["FunctionUrlConfigs"][0]["FunctionArn"]);
}

async fn exceptions(shot: Shot) {
    let desk = with_alias(&shot, "urlalias", true).await;
    let arn = |rest: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{rest}");
    for (verb, operation) in [("create", CREATE), ("get", GET), ("delete", DELETE), ("update", UPDATE)] {
        let auth = matches!(verb, "create" | "update");
        let input = |name: String, qualifier: Option<&str>| {
            let mut input = json!({ "FunctionName": name });
            if auth {
                input["AuthType"] = "NONE".into();
            }
            if let Some(qualifier) = qualifier {
                input["Qualifier"] = qualifier.into();
            }
            input
        };
        for (label, name, qualifier) in [
            ("name_doesnotexist", "doesnotexist".to_owned(), None),
            ("arn_doesnotexist", arn("doesnotexist"), None),
            ("name_doesnotexist_qualifier", "doesnotexist".to_owned(), Some("1")),
            ("qualifier_version", "f".to_owned(), Some("1")),
            ("qualifier_version_doesnotexist", "f".to_owned(), Some("2")),
            ("qualifier_alias_doesnotexist", "f".to_owned(), Some("doesntexist")),
            ("qualifier_alias_doesnotmatch_arn", arn("f:urlalias"), Some("urlalias-doesnotmatch")),
            ("qualifier_latest", "f".to_owned(), Some("$LATEST")),
        ] {
            let label = format!("{verb}_function_url_config_{label}");
            if shot.recorded(&label) == "<aws_internal_failure>" {
                // AWS fails itself here.
                shot.by_hand(&label);
                continue;
            }
            shot.call(&desk, &label, operation, input(name, qualifier)).await;
        }
        if verb != "create" {
            shot.call(&desk, &format!("{verb}_function_url_config_config_doesnotexist"), operation, input("f".into(), None)).await;
        }
    }
}

async fn deletion(shot: Shot) {
    let desk = with_alias(&shot, "test-alias", false).await;
    let on_alias = || f(json!({ "Qualifier": "test-alias" }));
    shot.call(&desk, "url_creation", CREATE, open(json!({}))).await;
    shot.call(&desk, "url_with_alias_creation", CREATE, open(json!({ "Qualifier": "test-alias" }))).await;
    shot.call(&desk, "get_url_config", GET, f(json!({}))).await;
    shot.call(&desk, "get_url_config_with_alias", GET, on_alias()).await;
    shot.call(&desk, "delete_function_url_config", DELETE, f(json!({}))).await;
    shot.call(&desk, "get_url_config_after_deletion", GET, f(json!({}))).await;
    shot.call(&desk, "get_url_config_with_alias_after_deletion", GET, on_alias()).await;
}

/// What the recordings' functions answer, by their parameter.
async fn run(what: String, event: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    let http = |body: Value| json!({ "statusCode": 200, "headers": { "Content-Type": "application/json" }, "body": body });
    let context = &event["requestContext"];
    Ok(match what.as_str() {
        "dict" => json!({ "hello": "world" }),
        "http-response" => http("body123".into()),
        "http-response-json" => http("{\"hello\": \"world\"}".into()),
        "list-mixed" => json!(["hello", 3, true]),
        "string" => "hello".into(),
        "integer" => 3.into(),
        "float" => 3.1.into(),
        "boolean" => true.into(),
        "exception" => return Err(HandlerError::new("Exception", "Handler errored")),
        "hi" => {
            invocation.log("hi");
            json!({ "statusCode": 200, "body": "hi" })
        }
        "http" => {
            let seen = json!({
                "args": event.get("queryStringParameters").cloned().unwrap_or(json!({})), "data": event.get("body"),
                "domain": context["domainName"], "headers": event["headers"], "method": context["http"]["method"],
                "origin": context["http"]["sourceIp"], "path": context["http"]["path"],
            });
            http(seen.to_string().into())
        }
        other => panic!("no function {other}"),
    })
}

/// A desk with a function of a kind behind a gateway.
async fn served(kind: &str) -> (Desk, Server) {
    let lambda = lambda::Lambda::new();
    let what = kind.to_owned();
    lambda.register("answers", move |event: Value, invocation: Invocation| run(what.clone(), event, invocation)).unwrap();
    let start = Timestamp::from_secs(1_700_000_000);
    let cloud = Cloud::builder().start_at(start).mode(ClockMode::Frozen).service(Arc::new(lambda)).start().await.unwrap();
    let desk = Desk::over(cloud, Arc::new(World::default()));
    let server = Server::new(&desk).await;
    let code = json!({ "ZipFile": base64(&package("answers").unwrap()) });
    desk.ok("CreateFunction", create(with(helped(), json!({ "Code": code })))).await;
    (desk, server)
}

/// The host of a URL that was made.
fn host(made: &Value) -> String {
    made["FunctionUrl"].as_str().unwrap().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned()
}

/// Makes the URL as it was recorded, and lets everybody in.
async fn opened(shot: &Shot, desk: &Desk) -> String {
    let mut input = open(json!({}));
    if let Some(mode) = shot.recorded("create_lambda_url_config").get("InvokeMode") {
        input["InvokeMode"] = mode.clone();
    }
    let made = shot.call(desk, "create_lambda_url_config", CREATE, input).await;
    let permission = json!({
        "StatementId": "urlPermission", "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE",
    });
    shot.call(desk, "add_permission", "AddPermission", f(permission)).await;
    host(&made)
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_else(|| panic!("no {name} in {head}"))
}

async fn answers(shot: Shot) {
    let (desk, server) = served(&shot.parameter).await;
    let host = opened(&shot, &desk).await;
    let (head, body) = server.send(Ask { method: "POST", target: "/", host: &host, body: "{}", ..Ask::default() }).await;
    let text = String::from_utf8(body).unwrap();
    let content = serde_json::from_str(&text).ok().filter(Value::is_object).unwrap_or(text.into());
    let headers = json!({ "Content-Length": header(&head, "content-length"), "Content-Type": header(&head, "content-type") });
    shot.same("lambda_url_invocation", &json!({ "content": content, "headers": headers, "statuscode": status(&head) }));
}

async fn exception(shot: Shot) {
    let (desk, server) = served("exception").await;
    shot.call(&desk, "get_fn_result", "GetFunction", f(json!({}))).await;
    let host = opened(&shot, &desk).await;
    let (head, body) = server.send(Ask { method: "GET", target: "/", host: &host, ..Ask::default() }).await;
    assert_eq!((status(&head), body.as_slice()), (502, &b"Internal Server Error"[..]));
}

async fn no_mode(shot: Shot) {
    let desk = closures().await;
    function(&desk, "echo").await;
    shot.call(&desk, "invoke_function_invalid_invoke_type", CREATE, open(json!({ "InvokeMode": "UNKNOWN" }))).await;
}

async fn modes(shot: Shot) {
    let desk = closures().await;
    function(&desk, "echo").await;
    shot.call(&desk, "create_lambda_url_config", CREATE, open(json!({ "InvokeMode": "BUFFERED" }))).await;
    shot.call(&desk, "get_url_config", GET, f(json!({}))).await;
    shot.call(&desk, "modify_lambda_url_config", UPDATE, open(json!({ "InvokeMode": "RESPONSE_STREAM" }))).await;
    shot.call(&desk, "get_url_config_2", GET, f(json!({}))).await;
    shot.call(&desk, "modify_lambda_url_config_none", UPDATE, open(json!({}))).await;
    shot.call(&desk, "get_url_config_3", GET, f(json!({}))).await;
}

async fn made(shot: Shot) {
    let (desk, _server) = served("http").await;
    opened(&shot, &desk).await;
}

const JSON: [(&str, &str); 5] = [
    ("User-Agent", "test/echo"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Accept", "*/*"),
    ("Content-Type", "application/json"),
    ("ExTrA-HeadErs", "With WeiRd CapS"),
];

/// Posts to a URL of the function that tells what it saw.
async fn told(target: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let (desk, server) = served("http").await;
    let host = host(&desk.ok(CREATE, open(json!({}))).await);
    let (head, body) = server.send(Ask { method: "POST", target, host: &host, headers, body, ..Ask::default() }).await;
    assert_eq!(status(&head), 200);
    let mut seen: Value = serde_json::from_slice(&body).unwrap();
    // A client here says that it will close; the recordings' kept its connection.
    seen["headers"].as_object_mut().unwrap().remove("connection");
    seen
}

/// Without headers of these beginnings.
fn without(mut seen: Value, starts: &[&str]) -> Value {
    seen["headers"].as_object_mut().unwrap().retain(|name, _| !starts.iter().any(|start| name.starts_with(start)));
    seen
}

async fn echo(shot: Shot) {
    let seen = told("/pa2%Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar", &JSON, r#"{"foo": "bar"}"#).await;
    // There is no TLS here of which AWS's front would tell.
    let recorded = without(shot.recorded("url_response").clone(), &["x-amzn-tls"]);
    super::RULES.like(&recorded, &seen).unwrap_or_else(|why| panic!("{why}\nrecorded: {recorded}\nours: {seen}"));
    shot.by_hand("url_response");
}

async fn echo_trimmed(shot: Shot) {
    shot.same("url_response", &without(told("/path/1?q=query", &JSON, r#"{"foo": "bar"}"#).await, &["x-"]));
}

async fn form(shot: Shot) {
    let boundary = "4efd159eae0c4f4e125a5a509e073d85";
    let body = String::from_utf8(crate::desk::decode(shot.recorded("url_response")["data"].as_str().unwrap())).unwrap();
    let kind = format!("multipart/form-data; boundary={boundary}");
    let headers =
        [("User-Agent", "python/test-request"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"), ("Content-Type", kind.as_str())];
    let seen = without(told("/test/value", &headers, &body).await, &["x-"]);
    let recorded = without(shot.recorded("url_response").clone(), &["x-"]);
    super::RULES.like(&recorded, &seen).unwrap_or_else(|why| panic!("{why}\nrecorded: {recorded}\nours: {seen}"));
    shot.by_hand("url_response");
}

async fn alias_gone(shot: Shot) {
    let (desk, server) = served("hi").await;
    desk.ok("PublishVersion", f(json!({}))).await;
    desk.ok("CreateAlias", f(json!({ "Name": "live", "FunctionVersion": "1" }))).await;
    let input = open(json!({ "Qualifier": "live", "InvokeMode": "BUFFERED" }));
    let host = host(&shot.call(&desk, "create_lambda_url_config", CREATE, input).await);
    let ask = || Ask { method: "GET", target: "/", host: &host, ..Ask::default() };
    let (head, _) = server.send(ask()).await;
    shot.same("invoke_aliased_url_response", &json!({ "status_code": status(&head) }));
    shot.call(&desk, "delete_alias_resp", "DeleteAlias", f(json!({ "Name": "live" }))).await;
    let (head, body) = server.send(ask()).await;
    // Names of headers come in lower case over this connection.
    let mut recorded = shot.recorded("invoke_deleted_alias_url_response_delayed").clone();
    recorded["headers"] = json!({ "x-amzn-errortype": "accessdeniedexception" });
    let content: Value = serde_json::from_slice(&body).unwrap();
    let headers = json!({ "x-amzn-errortype": header(&head, "x-amzn-errortype") });
    assert_eq!(json!({ "content": content, "headers": headers, "status_code": status(&head) }), recorded);
    shot.by_hand("invoke_deleted_alias_url_response_delayed");
}

/// Nobody may but whom a resource's policy lets.
struct ByPolicy;
impl kit::Decider for ByPolicy {
    fn decide(&self, cx: &kit::Context, _: &kit::Need, policy: Option<&str>) -> kit::Decision {
        let allowed = policy.is_some() || *cx.principal() != kit::Principal::Anonymous;
        kit::Decision { allowed, message: "not allowed".into(), statement: None }
    }
    fn explain(&self, _: &kit::Context, _: &kit::Need, _: Option<&str>) -> String {
        String::new()
    }
}

async fn no_permission(shot: Shot) {
    let (desk, server) = served("hi").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    let host = host(&desk.ok(CREATE, open(json!({}))).await);
    let (head, body) = server.send(Ask { method: "GET", target: "/", host: &host, ..Ask::default() }).await;
    assert_eq!(status(&head), 403);
    shot.same("lambda_url_invocation_missing_permission", &serde_json::from_slice(&body).unwrap());
}

async fn request_id(shot: Shot) {
    let (desk, server) = served("hi").await;
    let host = opened(&shot, &desk).await;
    let (head, body) = server.send(Ask { method: "GET", target: "/", host: &host, ..Ask::default() }).await;
    let id = header(&head, "x-amzn-requestid").to_owned();
    let content = String::from_utf8(body).unwrap();
    shot.same("lambda_url_invocation", &json!({ "content": content, "headers": { "x-amzn-RequestId": id }, "statuscode": status(&head) }));
    desk.settle().await;
    let ends: Vec<String> = desk.lines().into_iter().filter(|line| line.starts_with("END")).collect();
    assert_eq!(ends, [format!("END RequestId: {id}")]);
    shot.same("end_log_entries", &json!(ends));
}
