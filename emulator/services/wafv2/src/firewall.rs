//! Kit's port `Firewall`: finds the web ACL of a resource, has the engine judge the request, and tells samples, metrics and logs of it.

use crate::{
    Wafv2, associations,
    compiled::{Held, HeldAcls},
    engine::{Counters, Failure, Judgement, RateKey, Request, Token, Tokens, World, addresses, evaluate},
    house::House,
    logs,
    model::*,
    sampled::Samples,
    state, told,
};
use kit::ports::Firewall;
use kit::{BoxFuture, Bytes, Context, Fault, Inspected, Read, RecordKind, Stopped, Verdict};
use parking_lot::Mutex;
use std::net::{IpAddr, Ipv4Addr};

/// What is held in memory: compiled rules, counts, samples, and what the user told of addresses.
#[derive(Default)]
pub(crate) struct Memory {
    pub acls: HeldAcls,
    pub counters: Mutex<Counters>,
    pub samples: Samples,
    pub house: House,
}

impl Memory {
    /// Forgets a web ACL that is deleted.
    pub fn forget(&self, acl_arn: &str) {
        self.counters.lock().forget(&format!("{acl_arn}#"));
        self.samples.forget(acl_arn);
    }
}

/// The engine's world at a moment.
pub(crate) struct Now<'a> {
    pub memory: &'a Memory,
    pub places: std::sync::Arc<addresses::Places>,
    pub tokens: Option<Tokens>,
    pub secs: i64,
    /// Whether requests count; an explanation changes nothing.
    pub counting: bool,
}

impl World for Now<'_> {
    fn place(&self, ip: IpAddr) -> Option<addresses::Place> {
        self.places.find(ip)
    }
    fn count(&self, rule: &str, key: &RateKey, window_secs: u32) -> u64 {
        let mut counters = self.memory.counters.lock();
        match self.counting {
            true => counters.count(rule, key, self.secs, window_secs),
            false => counters.seen(rule, key, self.secs, window_secs),
        }
    }
    fn token(&self, text: &str, host: &str, domains: &[String]) -> Result<Token, Failure> {
        self.tokens.as_ref().ok_or(Failure::Invalid)?.check(text, host, domains)
    }
    fn now_secs(&self) -> i64 {
        self.secs
    }
}

impl Firewall for Wafv2 {
    fn inspect<'a>(&'a self, cx: &'a Context, resource_arn: &'a str, request: Inspected<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            match self.judge(cx, resource_arn, request).await {
                Ok(verdict) => verdict,
                // AWS WAF lets requests of an API pass when it can't judge them; the journal says so.
                Err(fault) => {
                    let detail = serde_json::json!({ "message": fault.message });
                    cx.cloud().journal().write(cx, RecordKind::House, "wafv2", "Inspect", resource_arn, &fault.code, detail);
                    Verdict::Pass(Vec::new())
                }
            }
        })
    }
    fn web_acl_of(&self, cx: &Context, resource_arn: &str) -> Option<String> {
        cx.store().read(|s| s.get(&state::ASSOCIATIONS, cx.scope(), &resource_arn.to_owned())).ok().flatten()
    }
}

impl Wafv2 {
    async fn judge(&self, cx: &Context, resource_arn: &str, inspected: Inspected<'_>) -> Result<Verdict, Fault> {
        let Some(held) = self.memory.acls.of_resource(cx, resource_arn)? else { return Ok(Verdict::Pass(Vec::new())) };
        let ip = cx.source().ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let request = as_on_aws(Request::new(inspected.head, inspected.body, ip), &inspected);
        let now = self.now(cx, true)?;
        let body_limit = held.acl.body_limit(body_kind(resource_arn));
        let judgement = evaluate(&held.acl, &request, &now, body_limit, false);
        self.tell(cx, resource_arn, &held, &request, &judgement).await;
        Ok(verdict(cx, &request, judgement))
    }

    /// The world as it is now.
    pub(crate) fn now(&self, cx: &Context, counting: bool) -> Result<Now<'_>, Fault> {
        let (places, tokens) = self.memory.house.now(cx)?;
        Ok(Now { memory: &self.memory, places, tokens, secs: cx.now().secs(), counting })
    }

    async fn tell(&self, cx: &Context, resource_arn: &str, held: &Held, request: &Request, judgement: &Judgement) {
        told::metrics(cx, &held.acl, judgement);
        for (metric, sample) in told::samples(cx, &held.acl, request, judgement) {
            self.memory.samples.keep(&held.acl.arn, &metric, cx.now(), sample);
        }
        if judgement.action != "ALLOW" || !judgement.counted.is_empty() {
            let by = judgement.by.as_ref();
            let detail = serde_json::json!({
                "webAcl": held.acl.name,
                "rule": by.map_or("Default_Action", |by| by.rule.as_str()),
                "ruleWithinGroup": by.and_then(|by| by.within.as_ref()).map(|(_, rule)| rule),
                "counted": judgement.counted.iter().map(|c| c.rule.as_str()).collect::<Vec<_>>(),
                "labels": judgement.labels,
            });
            cx.cloud().journal().write(cx, RecordKind::House, "wafv2", "Inspect", resource_arn, judgement.action, detail);
        }
        if let Some(configuration) = &held.logging
            && let Err(fault) = logs::write(cx, resource_arn, &held.acl, configuration, request, judgement).await
        {
            let detail = serde_json::json!({ "message": fault.message });
            cx.cloud().journal().write(cx, RecordKind::House, "wafv2", "Log", &held.acl.arn, &fault.code, detail);
        }
    }
}

/// The request as AWS would have seen it: clients reach the emulator under names that AWS's front doors don't have.
fn as_on_aws(mut request: Request, inspected: &Inspected<'_>) -> Request {
    if let Some(path) = inspected.path {
        request.path = path.to_owned();
    }
    if let Some(host) = inspected.host {
        for (name, value) in &mut request.headers {
            if name == "host" {
                *value = host.as_bytes().to_vec();
            }
        }
    }
    request
}

/// The kind of resource that body limits are set for.
pub(crate) fn body_kind(resource_arn: &str) -> AssociatedResourceType {
    match associations::kind_of(resource_arn) {
        Ok(ResourceType::CognitoUserPool) => AssociatedResourceType::CognitoUserPool,
        _ => AssociatedResourceType::ApiGateway,
    }
}

fn verdict(cx: &Context, request: &Request, judgement: Judgement) -> Verdict {
    if judgement.action == "ALLOW" {
        return Verdict::Pass(judgement.inserted);
    }
    if judgement.action == "BLOCK" {
        let body = judgement.answer.body.map(|(kind, text)| (kind, Bytes::from(text)));
        return Verdict::Stop(Stopped {
            action: "BLOCK",
            status: judgement.answer.status,
            headers: judgement.answer.headers,
            body,
            own_answer: judgement.answer.custom,
        });
    }
    let kind = judgement.action.to_ascii_lowercase();
    let page = format!("{}/_windtunnel/wafv2/token?type={kind}&domain={}", cx.cloud().endpoint().trim_end_matches('/'), request.host());
    let wants_page = request.method == "GET" && request.header("accept").is_some_and(|accept| accept.contains("text/html"));
    let text = if wants_page { crate::doors::interstitial(&kind, &page) } else { String::new() };
    let headers = [
        ("x-amzn-waf-action", kind.clone()),
        // AWS's answer has a script that fetches the token; a client without one is told where it is.
        ("x-windtunnel-waf-token", page),
        ("cache-control", "no-store".to_owned()),
    ];
    Verdict::Stop(Stopped {
        action: judgement.action,
        status: judgement.answer.status,
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: wants_page.then(|| ("text/html", Bytes::from(text))),
        own_answer: true,
    })
}
