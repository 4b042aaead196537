//! Plays requests whose answers were recorded from AWS. `tests/requests/` holds the requests, a file for each theme, a list of steps for each
//! recorded case; the answers stand in the recordings. A step is an operation, a request to the API, a wait in seconds of
//! the clock, a walk through what was imported, or a comparison of what came before.
//! `${3.id}` is the member `id` of the answer to step 3; of an answer over HTTP there are `json`, `content`, `status` and `headers`.

use crate::desk::Desk;
use base64::{Engine, engine::general_purpose::STANDARD};
use fakes::recorded::{differences, recordings};
use kit::{
    BoxFuture, Context, Fault, Grant, Principal,
    ports::{Functions, Invocation, Invoked},
};
use parking_lot::Mutex;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// What the functions of the recordings did, by their names.
#[derive(Default)]
struct Hands(Mutex<BTreeMap<String, String>>);

impl Functions for Hands {
    fn invoke<'a>(&'a self, _: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            let name = call.function_arn.rsplit(':').next().unwrap();
            let does = self.0.lock()[name].clone();
            let event: Value = serde_json::from_slice(&call.payload).unwrap();
            Ok(match answer_of(&does, &event) {
                Ok(answer) => Invoked { status: 200, payload: answer.to_string().into(), function_error: None },
                Err(message) => {
                    let payload =
                        json!({ "errorMessage": message, "errorType": "Exception", "requestId": "1", "stackTrace": [] }).to_string().into();
                    Invoked { status: 200, payload, function_error: Some("Unhandled".into()) }
                }
            })
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

fn answer_of(does: &str, event: &Value) -> Result<Value, String> {
    Ok(match does {
        "proxy" => json!({ "statusCode": 200, "body": event.to_string(), "isBase64Encoded": false }),
        "told" => {
            json!({ "statusCode": 200, "body": json!(format!("response from localstack lambda: {event}")).to_string(), "isBase64Encoded": false, "headers": {} })
        }
        "echo" => event.clone(),
        "body" => event.get("body").cloned().unwrap_or(json!("")),
        "from_body" => serde_json::from_str(event["body"].as_str().unwrap_or_default()).map_err(|e| e.to_string())?,
        "select" => match event["statusCode"].as_str().unwrap_or_default() {
            "200" => json!("Pass"),
            "400" => return Err("Error: Raising four hundred from within the Lambda function".into()),
            "500" => return Err("Error: Raising five hundred from within the Lambda function".into()),
            _ => json!("neither"),
        },
        "mapping" => {
            let failed = event["body"]["httpStatus"].as_str().is_some_and(|status| status.parse::<u16>().is_ok_and(|status| status >= 400));
            json!({ "statusCode": 200, "body": if failed { "customerror" } else { "noerror" } })
        }
        other => panic!("no function does {other}"),
    })
}

/// Plays every case of a file of requests; skipped where recordings are not at hand.
pub async fn play(requests: &str) {
    play_but::<&str>(requests, &[]).await;
}

/// The same, without comparing these: `case/name`, each with its reason beside the call.
pub async fn play_but<T: AsRef<str>>(requests: &str, without: &[T]) {
    let path = format!("{}/tests/requests/{requests}", env!("CARGO_MANIFEST_DIR"));
    let cases: Map<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert!(!cases.is_empty());
    let mut found = Vec::new();
    for (name, steps) in &cases {
        let (file, test) = name.split_once("::").unwrap();
        let Some(all) = recordings(&format!("apigateway/{file}")) else { return };
        let key = all.keys().find(|key| key.ends_with(&format!("::{test}"))).unwrap_or_else(|| panic!("no recording of {name}"));
        let mut player = Player::new(all[key]["recorded-content"].clone()).await;
        let mut compared = 0;
        for step in steps.as_array().unwrap() {
            let label = step["name"].as_str().or(step["match"].as_str()).unwrap_or("?").to_owned();
            let differing = player.step(step).await;
            compared += usize::from(label != "?");
            let full = format!("{}/{label}", test.rsplit("::").next().unwrap());
            if !without.iter().any(|name| name.as_ref() == full) {
                found.extend(differing.into_iter().map(|line| format!("{test} {label}: {line}")));
            }
        }
        assert!(compared > 0, "{name} compares nothing");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

struct Player {
    desk: Desk,
    hands: Arc<Hands>,
    recorded: Value,
    answers: BTreeMap<u64, Value>,
    /// Port of the endpoint behind `http://mirror`.
    mirror: u16,
}

impl Player {
    async fn new(recorded: Value) -> Player {
        let desk = Desk::bare().await;
        let hands = Arc::new(Hands::default());
        desk.cloud.ports().offer_functions(hands.clone());
        desk.allow_all();
        Player { desk, hands, recorded, answers: BTreeMap::new(), mirror: crate::mirror::mirror().await }
    }

    async fn step(&mut self, step: &Value) -> Vec<String> {
        if let Some(name) = step["function"].as_str() {
            self.hands.0.lock().insert(name.into(), step["does"].as_str().unwrap().into());
            return Vec::new();
        }
        if let Some(name) = step["match"].as_str() {
            let recorded = self.recorded.get(name).unwrap_or_else(|| panic!("no recording {name}")).clone();
            let mut ours = self.filled(&step["obj"]);
            if let (Some(key), Some(items)) = (step["sorted"].as_str(), ours.as_array_mut()) {
                items.sort_by_key(|item| item[key].as_str().unwrap_or_default().to_owned());
            }
            return differences(&as_sent(&recorded), &as_sent(&ours), &["stackTrace"]);
        }
        if let Some(number) = step["walk"].as_u64() {
            return self.walk(number, &step["api"], step["prefix"].as_str().unwrap()).await;
        }
        if let Some(secs) = step["wait"].as_u64() {
            self.desk.advance(secs).await;
            return Vec::new();
        }
        let number = step["n"].as_u64().unwrap();
        if step.get("http").is_some() {
            let answer = self.http(step).await;
            if let Some(wanted) = step.get("status").filter(|wanted| **wanted != answer["status"]) {
                return vec![format!("status {} where {wanted} is wanted", answer["status"])];
            }
            self.answers.insert(number, answer);
            return Vec::new();
        }
        let (operation, mut input) = (step["op"].as_str().unwrap(), self.filled(&step["in"]));
        if let ("ImportRestApi" | "PutRestApi", Some(body)) = (operation, input["body"].as_str()) {
            input["body"] = STANDARD.encode(body).into();
        }
        // What is made one after the other has moments one after the other.
        self.desk.advance(1).await;
        let answered = self.desk.call(operation, input).await;
        let Some(name) = step["name"].as_str().map(str::to_owned) else {
            return match answered {
                Ok(answer) => {
                    self.answers.insert(number, answer);
                    Vec::new()
                }
                Err(fault) => vec![format!("{operation} of step {number}: {fault}")],
            };
        };
        let recorded = self.recorded.get(&name).unwrap_or_else(|| panic!("no recording {name}")).clone();
        match (answered, recorded.get("Error")) {
            (Ok(mut answer), None) => {
                if let (Some(key), Some(items)) = (step["sorted"].as_str(), answer.get_mut("items").and_then(Value::as_array_mut)) {
                    items.sort_by_key(|item| item[key].as_str().unwrap_or_default().to_owned());
                }
                self.answers.insert(number, answer.clone());
                differences(&without_moments(&recorded), &without_moments(&as_logged(&answer, &recorded)), &["ResponseMetadata"])
            }
            (Err(fault), Some(error)) => {
                let ours = json!({ "Code": fault.code, "Message": fault.message, "Status": fault.status });
                let theirs =
                    json!({ "Code": error["Code"], "Message": error["Message"], "Status": recorded["ResponseMetadata"]["HTTPStatusCode"] });
                differences(&theirs, &ours, &[])
            }
            (Ok(answer), Some(error)) => vec![format!("answered {answer} where {error} is recorded")],
            (Err(fault), None) => vec![format!("refused with {fault} where {recorded} is recorded")],
        }
    }

    /// Every method of the resources that a step answered, with its responses and integration, against what was recorded of each.
    async fn walk(&mut self, number: u64, api: &Value, prefix: &str) -> Vec<String> {
        let resources = self.answers.get(&number).and_then(|answer| answer["items"].as_array()).cloned();
        let Some(resources) = resources else { return vec![format!("step {number} answered no resources")] };
        let mut found = Vec::new();
        for resource in resources {
            let path = resource["path"].as_str().unwrap().trim_start_matches('/');
            let path = if path.is_empty() { "root" } else { path };
            for verb in resource["resourceMethods"].as_object().into_iter().flatten().map(|(verb, _)| verb) {
                let input = json!({ "restApiId": api, "resourceId": resource["id"], "httpMethod": verb });
                let of = crate::desk::merged(&input, &[&json!({ "statusCode": "200" })]);
                let asked = [
                    ("method", "GetMethod", &input),
                    ("method-response", "GetMethodResponse", &of),
                    ("integration", "GetIntegration", &input),
                    ("integration-response", "GetIntegrationResponse", &of),
                ];
                for (what, operation, input) in asked {
                    let name = format!("{prefix}{what}-{path}-{}", verb.to_ascii_lowercase());
                    let step = json!({ "n": 1_000_000, "op": operation, "in": input, "name": name });
                    let differing = Box::pin(self.step(&step)).await;
                    found.extend(differing.into_iter().map(|line| format!("{name} {line}")));
                }
            }
        }
        found
    }

    /// Sends a request to an API: `url:ID/STAGE/PATH` is its own name, `path:ID/STAGE/PATH` the path of the local endpoint.
    async fn http(&self, step: &Value) -> Value {
        let url = self.text(step["url"].as_str().unwrap());
        let url = match url.split_once(':') {
            Some(("url", rest)) => {
                let (api, path) = rest.split_once('/').unwrap();
                format!("http://{api}.execute-api.us-east-1.amazonaws.com/{path}")
            }
            Some(("path", rest)) => {
                let (api, rest) = rest.split_once('/').unwrap();
                let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
                format!("http://localhost/restapis/{api}/{stage}/_user_request_/{path}")
            }
            _ => panic!("{url}"),
        };
        let url_host = url.split('/').nth(2).unwrap_or_default().to_owned();
        let mut request = http::Request::builder().method(step["http"].as_str().unwrap()).uri(url);
        request = request.header("host", url_host).header("accept-encoding", "gzip, deflate");
        for (name, value) in step["headers"].as_object().into_iter().flatten() {
            if name.eq_ignore_ascii_case("accept-encoding") {
                request.headers_mut().unwrap().remove("accept-encoding");
            }
            request = request.header(name, self.text(value.as_str().unwrap()));
        }
        let answer = self.desk.send_as(Principal::Anonymous, request, step["data"].as_str().unwrap_or_default()).await;
        let mut headers = Map::new();
        for name in answer.headers.keys() {
            let all: Vec<_> = answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
            headers.insert(name.as_str().to_owned(), all.join(", ").into());
        }
        let json = serde_json::from_str(&answer.body).unwrap_or_else(|_| json!(answer.body));
        json!({ "json": json, "content": format!("b'{}'", answer.body), "status": answer.status, "headers": headers })
    }

    fn filled(&self, input: &Value) -> Value {
        match input {
            Value::String(text) => match Regex::new(r"^\$\{(\d+)\.([^}]*)\}$").unwrap().captures(text) {
                Some(found) => self.member(&found[1], &found[2]),
                None => self.text(text).into(),
            },
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.filled(value))).collect::<Map<_, _>>().into(),
            other => other.clone(),
        }
    }

    /// A text with what it takes from earlier answers put in.
    fn text(&self, text: &str) -> String {
        let whole = Regex::new(r"\$\{(\d+)\.([^}]*)\}").unwrap();
        let filled = whole.replace_all(text, |found: &regex::Captures<'_>| match self.member(&found[1], &found[2]) {
            Value::String(text) => text,
            other => other.to_string(),
        });
        filled
            .replace("http://mirror", &format!("http://127.0.0.1:{}", self.mirror))
            .replace("MIRROR", &format!("127.0.0.1:{}", self.mirror))
    }

    fn member(&self, number: &str, path: &str) -> Value {
        let mut value = self.answers.get(&number.parse().unwrap()).unwrap_or(&Value::Null);
        for part in path.split('.') {
            let next = part.parse::<usize>().ok().and_then(|index| value.get(index)).or_else(|| value.get(part));
            // A name in capitals asks for its text in capitals.
            if let (None, Some(Value::String(text))) = (next, value.get(part.to_ascii_lowercase())) {
                return text.to_ascii_uppercase().into();
            }
            value = next.unwrap_or(&Value::Null);
        }
        value.clone()
    }
}

/// Headers with their names in lower case, as they come here, without those that the network added where AWS was recorded.
fn as_sent(value: &Value) -> Value {
    let networks = |name: &str| {
        matches!(
            name,
            "connection"
                | "content-length"
                | "date"
                | "via"
                | "x-cache"
                | "accept-encoding"
                | "x-amzn-remapped-content-length"
                | "x-amzn-remapped-server"
        ) || ["x-amz-cf-", "cloudfront-", "x-forwarded-", "x-amzn-tls-"].iter().any(|prefix| name.starts_with(prefix))
    };
    match value {
        Value::Object(map) => {
            let headers =
                map.keys().any(|name| name.eq_ignore_ascii_case("x-amzn-requestid") || name.eq_ignore_ascii_case("x-amzn-trace-id"));
            let each = map.iter().map(|(key, value)| (if headers { key.to_ascii_lowercase() } else { key.clone() }, as_sent(value)));
            each.filter(|(name, _)| !headers || !networks(name)).collect::<Map<_, _>>().into()
        }
        // Bodies were recorded as Python shows bytes.
        Value::String(text) if text.starts_with("b'") => json!(text[2..].trim_end_matches('\'')),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(parsed @ Value::Object(_)) => as_sent(&parsed),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// Logs of TestInvokeMethod were recorded line by line, with their moments taken out.
fn as_logged(answer: &Value, recorded: &Value) -> Value {
    let mut answer = answer.clone();
    if let (true, Some(log)) = (recorded["log"].is_object(), answer["log"].as_str()) {
        let moment = Regex::new(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4} :").unwrap();
        // What was recorded was masked with these.
        let masks = [
            (r"URI: https://.*?/2015-03-31", "URI: https://<endpoint_url>/2015-03-31"),
            (r"Integration latency: \d+ ms", "Integration latency: <latency> ms"),
            (r"Date=[a-zA-Z]{3}, \d{2} [a-zA-Z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT", "Date=Day, dd MMM yyyy hh:mm:ss GMT"),
            (r"x-amzn-RequestId=[a-f0-9-]{36}", "x-amzn-RequestId=<request-id-lambda>"),
            (r"Authorization=.*?,", "Authorization=<authorization-header>,"),
            (r"X-Amz-Security-Token=.*?\s\[", "X-Amz-Security-Token=<token> ["),
            (r"\d{8}T\d{6}Z", "<date>"),
        ];
        let log = masks.iter().fold(log.to_owned(), |log, (mask, shown)| Regex::new(mask).unwrap().replace_all(&log, *shown).into_owned());
        let lines = log.split('\n').enumerate();
        let lines =
            lines.map(|(at, line)| (format!("line{at:02}"), moment.replace(line, "DDD MMM dd hh:mm:ss UTC yyyy :").into_owned().into()));
        answer["log"] = lines.collect::<Map<_, _>>().into();
        answer["latency"] = json!("<latency>");
    }
    answer
}

/// Moments were recorded as the word `datetime`.
fn without_moments(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !matches!(key.as_str(), "createdDate" | "lastUpdatedDate"));
            kept.map(|(key, value)| (key.clone(), without_moments(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(without_moments).collect(),
        other => other.clone(),
    }
}
