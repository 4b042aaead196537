//! The pipeline's web client (`pipeline/web`) at `/_windtunnel/app/`, and what it has to know of the stack that `up` deploys.

use super::Refusal;
use http::{Method, Response, StatusCode};
use kit::{Cloud, ReplyBody};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// The stack's name, as `up` deploys it.
const STACK: &str = "pipeline";

macro_rules! files {
    ($($name:literal: $kind:literal;)*) => {
        /// Name, media type and text of every file.
        const FILES: &[(&str, &str, &str)] =
            &[$(($name, $kind, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipeline/web/", $name)))),*];
    };
}
files! {
    "index.html": "text/html; charset=utf-8";
    "style.css": "text/css; charset=utf-8";
    "app.js": "text/javascript; charset=utf-8";
    "challenges.js": "text/javascript; charset=utf-8";
    "srp.js": "text/javascript; charset=utf-8";
    "cognito.js": "text/javascript; charset=utf-8";
    "pictures.js": "text/javascript; charset=utf-8";
}

/// Answers for what is behind `/_windtunnel/app`.
pub(super) async fn answer(cloud: &Arc<Cloud>, method: &Method, path: &str) -> Result<Response<ReplyBody>, Refusal> {
    let missing = || Refusal(StatusCode::NOT_FOUND, format!("there is no {method} /_windtunnel/app{path}"));
    if *method != Method::GET {
        return Err(missing());
    }
    let name = match path {
        // The page's links are relative to its folder.
        "" => return Ok(moved()),
        "/" => "index.html",
        path => path.strip_prefix('/').ok_or_else(missing)?,
    };
    if name == "config.json" {
        return Ok(file("application/json", config(cloud).await?.to_string()));
    }
    let (_, kind, text) = FILES.iter().find(|(known, _, _)| *known == name).ok_or_else(missing)?;
    Ok(file(kind, (*text).to_owned()))
}

fn moved() -> Response<ReplyBody> {
    let head = Response::builder().status(StatusCode::MOVED_PERMANENTLY).header("location", "/_windtunnel/app/");
    head.body(ReplyBody::None).unwrap_or_default()
}

fn file(kind: &str, text: String) -> Response<ReplyBody> {
    // Pictures come from the bucket's host; scripts and styles from nowhere else than here.
    const POLICY: &str =
        "default-src 'self'; img-src 'self' http: data:; connect-src 'self' http:; base-uri 'none'; frame-ancestors 'none'";
    let head = Response::builder()
        .header("content-type", kind)
        .header("cache-control", "no-store")
        .header("content-security-policy", POLICY)
        .header("x-content-type-options", "nosniff");
    head.body(ReplyBody::Bytes(text.into())).unwrap_or_default()
}

/// Where the client finds its user pool and its API.
async fn config(cloud: &Arc<Cloud>) -> Result<Value, Refusal> {
    let cx = cloud.house_context("web client");
    let stacks = cloud.call_json(&cx, "cloudformation", "DescribeStacks", &json!({ "StackName": STACK })).await;
    let stacks = stacks.map_err(|fault| Refusal(StatusCode::NOT_FOUND, format!("the pipeline is not deployed: {}", fault.message)))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outputs: BTreeMap<String, String> =
        stacks["Stacks"][0]["Outputs"].as_array().into_iter().flatten().map(|o| (text(&o["OutputKey"]), text(&o["OutputValue"]))).collect();
    let outputs = crate::deploy::local_urls(outputs, &cloud.endpoint());
    let get = |name: &str| outputs.get(name).cloned().unwrap_or_default();
    // Paths of this origin where there are such: the page may have been opened by another of the machine's names.
    let api = get("ApiUrl");
    let api = api.strip_prefix(&cloud.endpoint()).map_or(api.clone(), str::to_owned);
    Ok(json!({ "cognito": "/", "userPoolId": get("UserPoolId"), "clientId": get("UserPoolClientId"), "api": api }))
}
