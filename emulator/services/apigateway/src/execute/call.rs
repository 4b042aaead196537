//! One request to an API, with what the steps have found out, and the variables that templates and mappings may name.

use super::address::Address;
use crate::{model::*, state::Api};
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
    pub api: Arc<Api>,
    pub received: Timestamp,
    /// What answers call `x-amz-apigw-id`.
    pub extended_id: String,
    pub body: Bytes,
    pub resource: Resource,
    pub method: Method,
    pub path_parameters: BTreeMap<String, String>,
    /// Claims of the token, as texts.
    pub claims: Option<Map<String, Value>>,
    /// Milliseconds of the clock that the integration took, once it has answered.
    pub integration_ms: Option<f64>,
}

impl Call {
    pub fn new(cx: Context, head: Parts, address: Address, stage: Stage, api: Arc<Api>) -> Call {
        let extended_id = STANDARD.encode(&cx.ids().bytes()[..11]);
        Call {
            received: cx.now(),
            extended_id,
            cx,
            head,
            address,
            stage,
            api,
            body: Bytes::new(),
            resource: Resource::default(),
            method: Method::default(),
            path_parameters: BTreeMap::new(),
            claims: None,
            integration_ms: None,
        }
    }

    /// A header as text; the first one where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `arn:aws:execute-api:R:A:API/STAGE/VERB/path`: the resource of execute-api:Invoke, and the source of what the API sets going.
    pub fn arn(&self) -> String {
        let path = self.address.path.trim_start_matches('/');
        format!("{}{}/{}/{path}", self.arn_prefix(), self.address.stage, self.head.method)
    }
    /// The API's own ARN with a slash.
    pub fn arn_prefix(&self) -> String {
        format!("arn:aws:execute-api:{}:{}:{}/", self.cx.region(), self.cx.account(), self.address.api_id)
    }

    /// Parameters of the query string, decoded, in the order they came.
    pub fn query(&self) -> Vec<(String, String)> {
        let text = self.head.uri.query().unwrap_or_default();
        let decoded = |part: &str| percent_decode(part.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decoded(name), decoded(value))).collect()
    }

    /// `22/Nov/2026:17:16:32 +0000`
    pub fn request_time(&self) -> String {
        formatted(self.received, "%d/%b/%Y:%H:%M:%S +0000")
    }

    /// The host name that was called, without a port.
    pub fn domain_name(&self) -> String {
        let host = self.header("host").or(self.head.uri.host()).unwrap_or_default();
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name).to_owned()
    }

    /// A variable of a template (`context.requestId`, `stageVariables.x`).
    pub fn variable(&self, name: &str) -> Option<String> {
        let name = match name.split_once('.')? {
            ("stageVariables", name) => return self.stage.variables.as_ref()?.get(name).cloned(),
            ("context", name) => name,
            _ => return None,
        };
        let text = |text: &str| Some(text.to_owned());
        match name {
            "requestId" => text(self.cx.request_id()),
            "extendedRequestId" => text(&self.extended_id),
            "stage" => text(&self.address.stage),
            "apiId" => text(&self.address.api_id),
            "accountId" => text(self.cx.account()),
            "httpMethod" => text(self.head.method.as_str()),
            "path" => text(&self.address.staged),
            "resourcePath" => self.resource.path.clone(),
            "resourceId" => self.resource.id.clone(),
            "deploymentId" => self.stage.deployment_id.clone(),
            "domainName" => Some(self.domain_name()),
            "protocol" => text("HTTP/1.1"),
            "requestTime" => Some(self.request_time()),
            "requestTimeEpoch" => Some(self.received.millis().to_string()),
            "identity.sourceIp" => self.cx.source().ip.map(|ip| ip.to_string()),
            "identity.userAgent" => self.header("user-agent").map(str::to_owned),
            other => {
                let claim = other.strip_prefix("authorizer.claims.")?;
                self.claims.as_ref()?.get(claim)?.as_str().map(str::to_owned)
            }
        }
    }

    /// Whether the API takes this content type as bytes.
    pub fn is_binary(&self, content_type: &str) -> bool {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        self.api.settings.binary_media_types.iter().flatten().any(|taken| {
            let group = taken.strip_suffix("/*");
            taken == "*/*"
                || taken.eq_ignore_ascii_case(kind)
                || group.is_some_and(|g| kind.split('/').next().is_some_and(|k| k.eq_ignore_ascii_case(g)))
        })
    }
}

/// A moment in UTC by a pattern.
pub(crate) fn formatted(at: Timestamp, pattern: &str) -> String {
    jiff::Timestamp::from_nanosecond(at.unix_ns).map(|at| at.strftime(pattern).to_string()).unwrap_or_default()
}
