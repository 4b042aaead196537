//! What is told of a judgement: metrics for CloudWatch and samples.

use crate::{
    engine::{Acl, Applied, Judgement, Request},
    model::*,
};
use kit::{Context, ports::Measured};

/// Most headers of a sample, and characters of each value.
const MOST_HEADERS: usize = 50;
/// Labels of a request that have metrics (AWS's guide).
const MOST_LABELS: usize = 100;

/// `AllowedRequests` and its sisters under web ACL, rule and region.
pub(crate) fn metrics(cx: &Context, acl: &Acl, judgement: &Judgement) {
    let tell = |rule: &str, action: &str| {
        let name = metric_of(action);
        let one = [("Region", cx.region()), ("Rule", rule), ("WebACL", acl.metric.as_str())];
        let all = [("Region", cx.region()), ("Rule", "ALL"), ("WebACL", acl.metric.as_str())];
        cx.measure(&Measured { namespace: "AWS/WAFV2", under: &[&one, &all], values: &[(name, "Count", 1.0)] });
    };
    for counted in judgement.counted.iter().filter(|c| c.visible.1) {
        tell(&counted.metric, "COUNT");
    }
    match &judgement.by {
        Some(by) if by.visible.1 => tell(&by.metric, by.action),
        None if acl.measured => tell("Default_Action", judgement.action),
        _ => {}
    }
    for (group, rule) in
        judgement.groups.iter().flat_map(|g| g.ended_by.iter().chain(&g.counted)).filter_map(|a| Some((a, a.inner_metric.as_ref()?)))
    {
        let name = metric_of(group.action);
        let id = group.within.as_ref().map_or("", |(id, _)| id.rsplit(['/', '#']).next().unwrap_or_default());
        let under = [("Region", cx.region()), ("Rule", rule.as_str()), ("RuleGroup", id)];
        cx.measure(&Measured { namespace: "AWS/WAFV2", under: &[&under], values: &[(name, "Count", 1.0)] });
    }
    if acl.measured {
        labels(cx, acl, judgement);
    }
}

/// What was done with requests that had a label, under its namespace and its name.
fn labels(cx: &Context, acl: &Acl, judgement: &Judgement) {
    for (namespace, name) in judgement.labels.iter().take(MOST_LABELS).filter_map(|label| label.rsplit_once(':')) {
        let under = [("LabelName", name), ("LabelNamespace", namespace), ("Region", cx.region()), ("WebACL", acl.metric.as_str())];
        let values = [(metric_of(judgement.action), "Count", 1.0)];
        cx.measure(&Measured { namespace: "AWS/WAFV2", under: &[&under], values: &values });
    }
}

/// The metric of an action.
fn metric_of(action: &str) -> &'static str {
    match action {
        "ALLOW" => "AllowedRequests",
        "BLOCK" => "BlockedRequests",
        "CAPTCHA" => "CaptchaRequests",
        "CHALLENGE" => "ChallengeRequests",
        _ => "CountedRequests",
    }
}

/// Samples with the metric that each is kept under: rules that matched, or the web ACL's own where the default action decided.
pub(crate) fn samples(cx: &Context, acl: &Acl, request: &Request, judgement: &Judgement) -> Vec<(String, SampledHTTPRequest)> {
    let mut found = Vec::new();
    for applied in judgement.counted.iter().chain(&judgement.by).filter(|applied| applied.visible.0) {
        found.push((applied.metric.clone(), sample(cx, request, judgement, Some(applied))));
    }
    if judgement.by.is_none() && acl.sampled {
        found.push((acl.metric.clone(), sample(cx, request, judgement, None)));
    }
    found
}

fn sample(cx: &Context, request: &Request, judgement: &Judgement, applied: Option<&Applied>) -> SampledHTTPRequest {
    let header = |(name, value): &(String, Vec<u8>)| HTTPHeader {
        name: Some(name.clone()),
        value: Some(String::from_utf8_lossy(value).chars().take(1000).collect()),
    };
    let labels: Vec<Label> = judgement.labels.iter().map(|name| Label { name: name.clone() }).collect();
    let inserted = judgement.inserted.iter().map(|(name, value)| HTTPHeader { name: Some(name.clone()), value: Some(value.clone()) });
    let ended = applied.is_none_or(|a| Some(a) == judgement.by.as_ref());
    let uri = if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
    SampledHTTPRequest {
        request: Some(HTTPRequest {
            client_ip: Some(request.ip.to_string()),
            country: judgement.country.clone(),
            uri: Some(uri),
            method: Some(request.method.clone()),
            http_version: Some(request.version.clone()),
            headers: Some(request.headers.iter().take(MOST_HEADERS).map(header).collect()),
        }),
        weight: 1,
        timestamp: Some(cx.now()),
        action: Some(applied.map_or(judgement.action, |a| a.action).to_owned()),
        rule_name_within_rule_group: applied.and_then(|a| a.within.as_ref()).map(|(group, rule)| format!("{group}#{rule}")),
        request_headers_inserted: Some(inserted.collect::<Vec<_>>()).filter(|l| !l.is_empty()),
        response_code_sent: (ended && judgement.action != "ALLOW").then_some(i32::from(judgement.answer.status)),
        labels: Some(labels).filter(|l| !l.is_empty()),
        captcha_response: (judgement.action == "CAPTCHA").then(|| CaptchaResponse {
            response_code: Some(405),
            solve_timestamp: judgement.solved,
            failure_reason: judgement.failure.and_then(|f| FailureReason::parse(f.as_str())),
        }),
        challenge_response: (judgement.action == "CHALLENGE").then(|| ChallengeResponse {
            response_code: Some(202),
            solve_timestamp: judgement.solved,
            failure_reason: judgement.failure.and_then(|f| FailureReason::parse(f.as_str())),
        }),
        overridden_action: applied.and_then(|a| a.overridden).map(str::to_owned),
    }
}
