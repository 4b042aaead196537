//! Settings of a stage by method: throttling, caching, logging, metrics. `*/*` stands for all methods that have none of their own.

use crate::{model::*, patch, state::bad};
use kit::Fault;
use std::collections::BTreeMap;

/// What stands for all methods.
pub(crate) const ALL: &str = "*/*";

/// Settings as they are where nothing was said.
pub(crate) fn defaults() -> MethodSetting {
    MethodSetting {
        metrics_enabled: Some(false),
        logging_level: None,
        data_trace_enabled: Some(false),
        throttling_burst_limit: Some(5000),
        throttling_rate_limit: Some(10_000.0),
        caching_enabled: Some(false),
        cache_ttl_in_seconds: Some(300),
        cache_data_encrypted: Some(false),
        require_authorization_for_cache_control: Some(true),
        unauthorized_cache_control_header_strategy: Some(UnauthorizedCacheControlHeaderStrategy::SucceedWithResponseHeader),
    }
}

/// The settings of a method: its own, else those of all.
pub(crate) fn of<'a>(stage: &'a Stage, resource_path: &str, verb: &str) -> Option<(&'a str, &'a MethodSetting)> {
    let settings = stage.method_settings.as_ref()?;
    let own = format!("{}/{verb}", resource_path.trim_start_matches('/'));
    settings.get_key_value(&own).or_else(|| settings.get_key_value(ALL)).map(|(key, setting)| (key.as_str(), setting))
}

/// Applies a patch whose path has the form `/{resource}/{verb}/{category}/{setting}`; false where it has not.
pub(crate) fn apply(settings: &mut BTreeMap<String, MethodSetting>, patch: &patch::Patch) -> Result<bool, Fault> {
    let Some((key, what)) = split(&patch.parts) else { return Ok(false) };
    if patch.op == Op::Remove {
        let gone = if what.is_empty() { settings.remove(&key).is_some() } else { false };
        if gone {
            return Ok(true);
        }
        return Err(nothing_there(patch));
    }
    let inherited = settings.get(ALL).cloned().unwrap_or_else(defaults);
    let setting = settings.entry(key).or_insert(inherited);
    match what.as_str() {
        "metrics/enabled" => setting.metrics_enabled = Some(patch.boolean()?),
        "logging/dataTrace" => setting.data_trace_enabled = Some(patch.boolean()?),
        "logging/loglevel" => {
            if !matches!(patch.value()?, "OFF" | "ERROR" | "INFO") {
                return Err(bad("Invalid logging level: it must be OFF, ERROR or INFO"));
            }
            setting.logging_level = patch.value.clone();
        }
        "throttling/burstLimit" => setting.throttling_burst_limit = Some(patch.number()?),
        "throttling/rateLimit" => {
            let rate: f64 = patch.value()?.parse().map_err(|_| bad(format!("Invalid value for {}. Must be a number", patch.path)))?;
            if !rate.is_finite() || rate < -1.0 {
                return Err(bad("Invalid throttling rate limit"));
            }
            setting.throttling_rate_limit = Some(rate);
        }
        "caching/ttlInSeconds" => {
            let ttl = patch.number()?;
            if !(0..=3600).contains(&ttl) {
                return Err(bad("Invalid cache TTL: it must be between 0 and 3600 seconds"));
            }
            setting.cache_ttl_in_seconds = Some(ttl);
        }
        "caching/enabled" => setting.caching_enabled = Some(patch.boolean()?),
        "caching/dataEncrypted" => setting.cache_data_encrypted = Some(patch.boolean()?),
        "caching/requireAuthorizationForCacheControl" => setting.require_authorization_for_cache_control = Some(patch.boolean()?),
        "caching/unauthorizedCacheControlHeaderStrategy" => {
            let strategy = UnauthorizedCacheControlHeaderStrategy::parse(patch.value()?);
            setting.unauthorized_cache_control_header_strategy =
                Some(strategy.ok_or_else(|| bad("Invalid unauthorizedCacheControlHeaderStrategy"))?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The fault for removing what is not set.
pub(crate) fn nothing_there(patch: &patch::Patch) -> Fault {
    let path = patch.path.trim_start_matches('/');
    bad(format!("Cannot remove method setting {path} because there is no method setting for this method "))
}

/// The method's key and the setting, out of a path's parts. A resource's slashes may be escaped or not.
fn split(parts: &[String]) -> Option<(String, String)> {
    const CATEGORIES: [&str; 4] = ["metrics", "logging", "throttling", "caching"];
    let join = |parts: &[String]| parts.iter().map(|part| part.trim_start_matches('/')).collect::<Vec<_>>().join("/");
    match parts {
        [method @ .., category, setting] if method.len() >= 2 && CATEGORIES.contains(&category.as_str()) => {
            Some((join(method), format!("{category}/{setting}")))
        }
        [_, .., verb] if parts.len() >= 2 && (verb == "*" || verb.bytes().all(|b| b.is_ascii_uppercase())) => {
            Some((join(parts), String::new()))
        }
        _ => None,
    }
}
