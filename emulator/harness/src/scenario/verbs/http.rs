//! HTTP as a browser or a curious stranger speaks it.

use super::{Arg, ArgKind, Args, Verb, may};
use crate::scenario::{
    http_client::{Incoming, Outgoing},
    outcome::{Outcome, Refused},
    sign::{query_string, sign},
    world::World,
};
use serde_json::Value;

const METHODS: &[&str] = &["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"];

const ARGS: &[Arg] = &[
    may("GET", ArgKind::Text, "URL to GET"),
    may("PUT", ArgKind::Text, "URL to PUT"),
    may("POST", ArgKind::Text, "URL to POST"),
    may("DELETE", ArgKind::Text, "URL to DELETE"),
    may("OPTIONS", ArgKind::Text, "URL to ask by OPTIONS"),
    may("HEAD", ArgKind::Text, "URL to ask by HEAD"),
    may("PATCH", ArgKind::Text, "URL to PATCH"),
    may("bearer", ArgKind::Text, "token that goes into Authorization as Bearer"),
    may("headers", ArgKind::Map, "headers; content-length always is the body's"),
    may("query", ArgKind::Map, "parameters of the query string, encoded here"),
    may("json", ArgKind::Any, "body as JSON, with its content type"),
    may("body", ArgKind::Text, "body as text"),
    may("file", ArgKind::File, "body from a file"),
    may("sign", ArgKind::Text, "service to sign for as the step's identity (s3)"),
];

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "http",
    about: "Sends a request. $ is the body (JSON where it is JSON, else text); status and headers are expectations of their own. Without an expected status, 400 and above fail.",
    args: ARGS,
    one_of: METHODS,
    local_only: false,
    run: |world, args| Box::pin(request(world, args)),
}];

async fn request(world: &mut World, args: Args) -> Result<Outcome, String> {
    let method = METHODS.iter().find(|m| args.has(m)).ok_or("no method")?;
    let url = with_query(args.text(method)?, &args.texts("query")?);
    let mut request = Outgoing::new(&world.emulator, method, &url)?;
    request.headers = args.texts("headers")?;
    if let Some(token) = args.text_if("bearer")? {
        request.headers.push(("authorization".into(), format!("Bearer {token}")));
    }
    if let Some(json) = args.value("json") {
        request.body = json.to_string().into();
        if !request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
            request.headers.push(("content-type".into(), "application/json".into()));
        }
    } else if let Some(bytes) = args.bytes("file", "body")? {
        request.body = bytes;
    }
    if let Some(service) = args.text_if("sign")? {
        let keys = world.signing_keys()?.ok_or("nobody can't sign; take another identity")?;
        sign(&mut request, &keys, &service, kit::DEFAULT_REGION, world.cloud().clock().now())?;
    }
    let answer = request.send(&world.emulator).await?;
    Ok(read(answer))
}

fn with_query(url: String, query: &[(String, String)]) -> String {
    match (query.is_empty(), url.contains('?')) {
        (true, _) => url,
        (_, true) => format!("{url}&{}", query_string(query)),
        (_, false) => format!("{url}?{}", query_string(query)),
    }
}

/// An answer as an outcome: JSON is read, errors of AWS's and of JSON APIs are recognised.
pub(super) fn read(answer: Incoming) -> Outcome {
    let value = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => value,
        Err(_) if answer.body.is_empty() => Value::Null,
        Err(_) => std::str::from_utf8(&answer.body).map_or(Value::Null, Value::from),
    };
    let error = (answer.status >= 400).then(|| {
        let header = answer.headers.iter().find(|(n, _)| n == "x-amzn-errortype").map(|(_, v)| v.clone());
        let (code, message) = code_and_message(&value, header);
        Refused { code, message, status: answer.status }
    });
    Outcome { value, status: Some(answer.status), headers: answer.headers, bytes: Some(answer.body), error, skipped: None }
}

fn code_and_message(value: &Value, header: Option<String>) -> (String, String) {
    let text = |names: &[&str]| names.iter().find_map(|n| value.get(n).and_then(Value::as_str)).map(str::to_owned);
    if let Some(xml) = value.as_str() {
        let part = |name: &str| {
            let (_, rest) = xml.split_once(&format!("<{name}>"))?;
            Some(rest.split_once("</")?.0.to_owned())
        };
        return (part("Code").unwrap_or_default(), part("Message").unwrap_or_default());
    }
    let code = header.or_else(|| text(&["__type", "code", "Code"])).unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or("").split(':').next().unwrap_or("").to_owned();
    (code, text(&["message", "Message"]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_every_form() {
        let read = |body: &str| {
            let outcome = read(Incoming { status: 403, headers: Vec::new(), body: body.to_owned().into() });
            outcome.error.unwrap().code
        };
        assert_eq!(read("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>No</Message></Error>"), "AccessDenied");
        assert_eq!(read(r#"{"__type":"com.amazonaws#ResourceNotFoundException"}"#), "ResourceNotFoundException");
        assert_eq!(read(r#"{"code":"Forbidden","message":"x"}"#), "Forbidden");
        assert_eq!(with_query("http://h/p".into(), &[("a b".into(), "c/d".into())]), "http://h/p?a%20b=c%2Fd");
    }
}
