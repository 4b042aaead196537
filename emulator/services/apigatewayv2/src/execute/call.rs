//! One request to an API, with what the steps have found out, and the variables that mappings and logs may name.

use super::address::Address;
use crate::{model::*, state::Kept};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::request::Parts;
use kit::{Bytes, Context, Timestamp};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// One request to an API.
pub(crate) struct Call {
    /// In the API's account and region; the principal is whoever signed.
    pub cx: Context,
    pub head: Parts,
    pub address: Address,
    pub stage: Stage,
    pub api: Arc<Kept>,
    pub received: Timestamp,
    /// What answers call `apigw-requestid`.
    pub id: String,
    pub body: Bytes,
    pub route: Route,
    pub path_parameters: BTreeMap<String, String>,
    /// `requestContext.authorizer`.
    pub authorizer: Option<Map<String, Value>>,
    pub integration_ms: Option<f64>,
    pub integration_status: Option<u16>,
    /// What the caller was refused with.
    pub error: Option<String>,
}

impl Call {
    pub fn new(cx: Context, head: Parts, address: Address, stage: Stage, api: Arc<Kept>) -> Call {
        Call {
            received: cx.now(),
            id: STANDARD.encode(&cx.ids().bytes()[..11]),
            cx,
            head,
            address,
            stage,
            api,
            body: Bytes::new(),
            route: Route::default(),
            path_parameters: BTreeMap::new(),
            authorizer: None,
            integration_ms: None,
            integration_status: None,
            error: None,
        }
    }

    /// A header; several of one name are joined by commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.head.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// `arn:aws:execute-api:R:A:API/STAGE/VERB/path`: the resource of execute-api:Invoke.
    pub fn arn(&self) -> String {
        let path = self.address.path.trim_start_matches('/');
        format!("{}{}/{}/{path}", self.arn_prefix(), self.stage.stage_name, self.head.method)
    }
    /// The API's own ARN with a slash.
    pub fn arn_prefix(&self) -> String {
        format!("arn:aws:execute-api:{}:{}:{}/", self.cx.region(), self.cx.account(), self.address.api_id)
    }
    /// `.../STAGE/VERB/path` of the route: what a function's policy is asked for.
    pub fn route_arn(&self) -> String {
        let (verb, path) = self.route.route_key.split_once(' ').unwrap_or(("", "$default"));
        let verb = if verb == "ANY" || verb.is_empty() { "*" } else { verb };
        format!("{}{}/{verb}/{}", self.arn_prefix(), self.stage.stage_name, path.trim_start_matches('/'))
    }

    /// Parameters of the query string, decoded, in the order they came.
    pub fn query(&self) -> Vec<(String, String)> {
        let text = self.head.uri.query().unwrap_or_default();
        let decoded = |part: &str| percent_decode(part.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decoded(name), decoded(value))).collect()
    }

    /// The host name that was called, without a port.
    pub fn domain_name(&self) -> String {
        let host = self.header("host").or(self.head.uri.host().map(str::to_owned)).unwrap_or_default();
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host.clone(), |(name, _)| name.to_owned())
    }

    /// `22/Nov/2026:17:16:32 +0000`
    pub fn request_time(&self) -> String {
        let at = jiff::Timestamp::from_nanosecond(self.received.unix_ns);
        at.map(|at| at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()).unwrap_or_default()
    }

    /// A variable of `$context` by its dotted name.
    pub fn context_variable(&self, name: &str) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match name {
            "accountId" => text(self.cx.account()),
            "apiId" => text(&self.address.api_id),
            "domainName" => Some(self.domain_name()),
            "domainPrefix" => self.domain_name().split('.').next().map(str::to_owned),
            "extendedRequestId" | "requestId" => text(&self.id),
            "httpMethod" => text(self.head.method.as_str()),
            "path" => text(&self.address.raw_path),
            "protocol" => text("HTTP/1.1"),
            "requestTime" => Some(self.request_time()),
            "requestTimeEpoch" => Some((self.received.millis() / 1000).to_string()),
            "routeKey" => text(&self.route.route_key),
            "stage" => text(&self.stage.stage_name),
            "identity.sourceIp" => self.cx.source().ip.map(|ip| ip.to_string()),
            "identity.userAgent" => self.header("user-agent"),
            "identity.caller" | "identity.user" => Some(self.cx.principal().user_id()),
            "identity.userArn" => Some(self.cx.principal().arn()),
            other => {
                let member = other.strip_prefix("authorizer.")?;
                let told = self.authorizer.as_ref()?;
                let value = match member.strip_prefix("claims.") {
                    Some(claim) => told.get("jwt")?.get("claims")?.get(claim)?,
                    None => told.get("lambda").and_then(|l| l.get(member)).or_else(|| told.get(member))?,
                };
                value.as_str().map(str::to_owned).or_else(|| Some(value.to_string()))
            }
        }
    }

    /// Puts `${stageVariables.x}` into a text.
    pub fn filled(&self, text: &str) -> String {
        self.stage
            .stage_variables
            .iter()
            .flatten()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{stageVariables.{name}}}"), value))
    }
}
