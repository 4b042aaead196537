//! What the data plane tells CloudWatch of each request that came to a stage: `AWS/ApiGateway` by API, and by API and stage.
//!
//! Metrics by method are AWS's detailed metrics, which cost extra and are off unless a stage's settings ask for them.

use super::call::Call;
use crate::method_settings;
use kit::ports::Measured;

/// Tells of an answered request. What the gateway's own part took is the difference of the two latencies.
pub(super) fn tell(call: &Call, status: u16) {
    let took = |from: kit::Timestamp| (call.cx.now().unix_ns - from.unix_ns) as f64 / 1e6;
    let truth = |holds: bool| f64::from(u8::from(holds));
    let api = call.api.settings.name.as_deref().unwrap_or_default();
    let mut values = vec![
        ("Count", "Count", 1.0),
        ("4XXError", "Count", truth((400..500).contains(&status))),
        ("5XXError", "Count", truth(status >= 500)),
        ("Latency", "Milliseconds", took(call.received)),
    ];
    if let Some(ms) = call.integration_ms {
        values.push(("IntegrationLatency", "Milliseconds", ms));
    }
    if let Some(hit) = call.cache_hit {
        values.push((if hit { "CacheHitCount" } else { "CacheMissCount" }, "Count", 1.0));
    }
    let stage = [("ApiName", api), ("Stage", call.address.stage.as_str())];
    let path = call.resource.path.as_deref().unwrap_or_default();
    let detailed = method_settings::of(&call.stage, path, call.head.method.as_str()).is_some_and(|(_, s)| s.metrics_enabled == Some(true));
    let method = [stage[0], ("Method", call.head.method.as_str()), ("Resource", path), stage[1]];
    let under: &[&[(&str, &str)]] = if detailed && !path.is_empty() { &[&stage[..1], &stage, &method] } else { &[&stage[..1], &stage] };
    call.cx.measure(&Measured { namespace: "AWS/ApiGateway", under, values: &values });
}
