//! One request to an API, with what the steps have found out, and the variables that templates, mappings and logs may name.

use super::{address::Address, memo::Memo};
use crate::{mapping::Source, model::*, state::Api};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::request::Parts;
use kit::{Bytes, Context, Principal, Timestamp};
use parking_lot::Mutex;
use percent_encoding::percent_decode;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Longest name of a variable in a text.
const LONGEST_NAME: usize = 512;

/// One request to an API.
pub(crate) struct Call {
    /// In the API's account and region; the principal is whoever signed.
    pub cx: Context,
    pub head: Parts,
    pub address: Address,
    pub stage: Stage,
    /// Of the stage, or of its canary.
    pub deployment_id: String,
    /// Whether the canary answers; `None` where the stage has none.
    pub canary: Option<bool>,
    /// Of the stage, with the canary's over them.
    pub stage_variables: BTreeMap<String, String>,
    pub api: Arc<Api>,
    /// What was worked out of the deployment.
    pub memo: Arc<Memo>,
    pub received: Timestamp,
    /// What answers call `x-amz-apigw-id`.
    pub extended_id: String,
    pub body: Bytes,
    pub resource: Resource,
    pub method: Method,
    pub path_parameters: BTreeMap<String, String>,
    /// `$context.authorizer`: claims of a token, or what a function said.
    pub authorizer: Option<Map<String, Value>>,
    /// The API key that a function names for the caller.
    pub usage_key: Option<String>,
    /// Id and value of the API key that was found.
    pub api_key: Option<(String, String)>,
    /// When the integration was called: authorizers come before.
    pub integration_began: Option<Timestamp>,
    /// Milliseconds of the clock that the integration took, once it has answered.
    pub integration_ms: Option<f64>,
    pub integration_status: Option<u16>,
    pub authorizer_ms: Option<f64>,
    /// Whether the cache answered; `None` where none was asked.
    pub cache_hit: Option<bool>,
    /// What templates changed of the request and its answer (`requestOverride`, `responseOverride`).
    pub overrides: Value,
    /// What went wrong, for logs: message and type of the gateway response.
    pub error: Option<(Value, &'static str)>,
    /// What of the body does not fit its model.
    pub unfit: Option<String>,
    /// Lines of the execution log, where one is written.
    pub log: Option<Mutex<Vec<String>>>,
    /// Whether the execution log tells headers and bodies, too.
    pub traces_data: bool,
    /// What the stage's web ACL said, and its ARN.
    pub firewall: Option<(&'static str, String)>,
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
            deployment_id: stage.deployment_id.clone().unwrap_or_default(),
            canary: stage.canary_settings.is_some().then_some(false),
            stage_variables: stage.variables.clone().unwrap_or_default(),
            stage,
            api,
            memo: Arc::default(),
            body: Bytes::new(),
            resource: Resource::default(),
            method: Method::default(),
            path_parameters: BTreeMap::new(),
            authorizer: None,
            usage_key: None,
            api_key: None,
            integration_began: None,
            integration_ms: None,
            integration_status: None,
            authorizer_ms: None,
            cache_hit: None,
            overrides: json!({}),
            error: None,
            unfit: None,
            log: None,
            traces_data: false,
            firewall: None,
        }
    }

    /// Writes a line of the execution log that tells what was sent: only where data are to be traced.
    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.traces_data {
            self.note(line);
        }
    }

    /// Writes a line of the execution log.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            let at = formatted(self.cx.now(), "%a %b %d %H:%M:%S UTC %Y");
            log.lock().push(format!("{at} : {}", line()));
        }
    }

    /// A header as text; the first one where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }
    /// A header as text; the last one where there are several.
    pub fn last_header(&self, name: &str) -> Option<&str> {
        self.head.headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok())
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

    /// `$context` as templates see it.
    pub fn context(&self) -> Value {
        let mut context = super::event::context(self);
        if let Some(canary) = self.canary {
            context["isCanaryRequest"] = json!(canary);
        }
        if let Some((_, key)) = &self.api_key {
            context["identity"]["apiKey"] = json!(key);
        }
        if let Some((message, kind)) = &self.error {
            context["error"] = json!({ "message": message, "messageString": message.to_string(), "responseType": kind });
            if let Some(unfit) = &self.unfit {
                context["error"]["validationErrorString"] = json!(unfit);
            }
        }
        let nothing = json!({ "requestOverride": { "header": {}, "querystring": {}, "path": {} }, "responseOverride": { "header": {} } });
        for kind in ["requestOverride", "responseOverride"] {
            context[kind] = self.overrides.get(kind).unwrap_or(&nothing[kind]).clone();
        }
        context
    }

    /// A variable of a template (`context.requestId`, `stageVariables.x`).
    pub fn variable(&self, name: &str) -> Option<String> {
        match name.split_once('.')? {
            ("stageVariables", name) => self.stage_variables.get(name).cloned(),
            ("context", name) => self.context_variable(name),
            _ => None,
        }
    }

    /// A variable of `$context` by its dotted name.
    pub fn context_variable(&self, name: &str) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match name {
            "requestId" => return text(self.cx.request_id()),
            "stage" => return text(&self.address.stage),
            "httpMethod" => return text(self.head.method.as_str()),
            "xrayTraceId" => return text(self.cx.trace()),
            "wafResponseCode" => return self.firewall.as_ref().map(|(said, _)| (*said).to_owned()),
            "webaclArn" => return self.firewall.as_ref().map(|(_, arn)| arn.clone()),
            "waf.status" => return self.firewall.as_ref().map(|_| "200".to_owned()),
            "customDomain.basePathMatched" => return self.address.base_path.clone(),
            _ => {}
        }
        let context = self.context();
        let mut at = &context;
        let mut rest = name;
        // Claims may have full stops in their names (`custom.x`): the longest name that is there wins.
        while !rest.is_empty() {
            if let Some(found) = at.get(rest) {
                at = found;
                break;
            }
            let (first, behind) = rest.split_once('.')?;
            at = at.get(first)?;
            rest = behind;
        }
        match at {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The value of a mapping's source, of which there may be several for lists.
    pub fn values(&self, source: Source<'_>) -> Vec<String> {
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        match source {
            Source::Literal(text) => vec![text.to_owned()],
            Source::Path(name) => one(self.path_parameters.get(name).cloned()),
            Source::Query(name) => one(self.query().into_iter().rev().find(|(there, _)| there == name).map(|(_, value)| value)),
            Source::QueryList(name) => self.query().into_iter().filter(|(there, _)| there == name).map(|(_, value)| value).collect(),
            Source::Header(name) => one(self.last_header(name).map(str::to_owned)),
            Source::HeaderList(name) => {
                self.head.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
            }
            Source::Body("$") => one(Some(String::from_utf8_lossy(&self.body).into_owned()).filter(|body| !body.is_empty())),
            Source::Body(path) => {
                let json: Option<Value> = serde_json::from_slice(&self.body).ok();
                let found = json.and_then(|json| crate::vtl::find_in_json(&json, &crate::mapping::json_path(path)));
                one(found.map(|json| crate::vtl::text_of_json(&json)))
            }
            Source::Context(name) => one(self.context_variable(name)),
            Source::StageVariable(name) => one(self.stage_variables.get(name).cloned()),
        }
    }

    /// Puts `${stageVariables.x}` and `$context.x` into a text.
    pub fn filled(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            let body = behind.strip_prefix('{').filter(|body| body.starts_with("stageVariables.") || body.starts_with("context."));
            let braced = body.and_then(|body| Some((body, body.bytes().take(LONGEST_NAME).position(|b| b == b'}')?)));
            match braced {
                Some((body, end)) => {
                    out.push_str(&self.variable(&body[..end]).unwrap_or_default());
                    rest = &body[end + 1..];
                }
                _ => {
                    out.push('$');
                    rest = behind;
                }
            }
        }
        out + rest
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

    /// The content type of the request; JSON where none is told.
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or("application/json")
    }

    /// Whether IAM judged who signed.
    pub fn is_signed(&self) -> bool {
        self.method.authorization_type.as_deref() == Some("AWS_IAM") && *self.cx.principal() != Principal::Anonymous
    }
}

/// A moment in UTC by a pattern.
pub(crate) fn formatted(at: Timestamp, pattern: &str) -> String {
    jiff::Timestamp::from_nanosecond(at.unix_ns).map(|at| at.strftime(pattern).to_string()).unwrap_or_default()
}
