//! Answers that a stage has cached: by method and the parameters that the integration names as its key, for a time on the clock.

use super::{Edge, answers, call::Call};
use crate::{mapping::Source, method_settings, model::*};
use http::{HeaderMap, Response, StatusCode};
use kit::{Bytes, Need, Principal, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use wire::ReplyBody;

/// Largest answer that is cached; AWS's limit.
const MOST_ANSWER_BYTES: usize = 1 << 20;
/// Largest cache of all stages together.
const MOST_BYTES: usize = 64 << 20;
/// What an answer takes beside its key, headers and body.
const ANSWER_BYTES: usize = 256;

/// Cached answers of all stages.
#[derive(Default)]
pub(crate) struct Answers {
    held: Mutex<Shelf>,
}

/// Answers by key, and what they take.
#[derive(Default)]
struct Shelf {
    answers: HashMap<String, Held>,
    bytes: usize,
}

impl Shelf {
    fn take(&mut self, key: &str) {
        if let Some(held) = self.answers.remove(key) {
            self.bytes -= held.size(key);
        }
    }
    fn put(&mut self, key: String, answer: Held, now: Timestamp) {
        self.take(&key);
        self.bytes += answer.size(&key);
        self.answers.insert(key, answer);
        if self.bytes > MOST_BYTES {
            self.retain(|_, held| now < held.until);
            // What is still half full would be looked through again and again.
            if self.bytes > MOST_BYTES / 2 {
                *self = Shelf::default();
            }
        }
    }
    fn retain(&mut self, wanted: impl Fn(&str, &Held) -> bool) {
        self.answers.retain(|key, held| wanted(key, held));
        self.bytes = self.answers.iter().map(|(key, held)| held.size(key)).sum();
    }
}

#[derive(Clone)]
struct Held {
    until: Timestamp,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Held {
    fn size(&self, key: &str) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        ANSWER_BYTES + key.len() + headers + self.body.len()
    }
}

impl Answers {
    /// Forgets what begins so.
    pub fn forget(&self, prefix: &str) {
        self.held.lock().retain(|key, _| !key.starts_with(prefix));
    }
}

/// What the cache has for a request.
pub(crate) enum Cached {
    /// Nothing is cached for the method.
    Off,
    /// The answer.
    Hit(Response<ReplyBody>),
    /// Nothing yet, or it was taken away: the answer is to be kept under this key for some seconds.
    Miss(String, i64),
    /// Who calls may not take it away.
    Refused,
}

/// Asks the cache.
pub(crate) fn ask(edge: &Edge, call: &Call, integration: &Integration) -> Cached {
    if call.stage.cache_cluster_enabled != Some(true) {
        return Cached::Off;
    }
    let path = call.resource.path.as_deref().unwrap_or_default();
    let verb = call.head.method.as_str();
    let Some((which, setting)) = method_settings::of(&call.stage, path, verb) else { return Cached::Off };
    let ttl = i64::from(setting.cache_ttl_in_seconds.unwrap_or(300));
    // Settings for all methods speak of GET only.
    if setting.caching_enabled != Some(true) || ttl == 0 || which == method_settings::ALL && verb != "GET" {
        return Cached::Off;
    }
    let key = key(call, integration);
    let mut warning = None;
    if call.header("cache-control").is_some_and(|control| control.split(',').any(|part| part.trim() == "max-age=0")) {
        if setting.require_authorization_for_cache_control != Some(true) || may_invalidate(call) {
            edge.answers.held.lock().take(&key);
            return Cached::Miss(key, ttl);
        }
        match setting.unauthorized_cache_control_header_strategy {
            Some(UnauthorizedCacheControlHeaderStrategy::FailWith403) => return Cached::Refused,
            Some(UnauthorizedCacheControlHeaderStrategy::SucceedWithoutResponseHeader) => {}
            _ => warning = Some("199 - \"Unauthorized cache control\""),
        }
    }
    let now = call.cx.now();
    let held = edge.answers.held.lock().answers.get(&key).filter(|held| now < held.until).cloned();
    let Some(held) = held else { return Cached::Miss(key, ttl) };
    let mut response = Response::new(ReplyBody::Bytes(held.body));
    *response.status_mut() = held.status;
    *response.headers_mut() = held.headers;
    answers::stamp(call, &mut response);
    if let Some(warning) = warning {
        answers::set(&mut response, "warning", warning);
    }
    Cached::Hit(response)
}

/// Keeps an answer.
pub(crate) fn keep(edge: &Edge, call: &Call, key: String, ttl: i64, response: &Response<ReplyBody>) {
    let body = match response.body() {
        ReplyBody::Bytes(bytes) if bytes.len() <= MOST_ANSWER_BYTES => bytes.clone(),
        ReplyBody::None => Bytes::new(),
        _ => return,
    };
    let now = call.cx.now();
    let until = now.plus_ns(i128::from(ttl) * 1_000_000_000);
    let held = Held { until, status: response.status(), headers: response.headers().clone(), body };
    edge.answers.held.lock().put(key, held, now);
}

/// Only what the integration names is part of the key: a path's variable that is not named is no part of it, and neither is who calls. That
/// is AWS's trap, and kept.
fn key(call: &Call, integration: &Integration) -> String {
    let canary = call.canary == Some(true) && call.stage.canary_settings.as_ref().is_some_and(|c| c.use_stage_cache != Some(true));
    let namespace = integration.cache_namespace.as_deref().unwrap_or_default();
    let mut key = format!("{}/{}/{canary}/{namespace}/{}", call.address.api_id, call.address.stage, call.head.method);
    for name in integration.cache_key_parameters.iter().flatten() {
        let source = name.strip_prefix("integration.request.").and_then(|_| integration.request_parameters.as_ref()?.get(name));
        let source = source.map_or(name.as_str(), String::as_str);
        let values = Source::of_request(source).map(|source| call.values(source)).unwrap_or_default();
        key.push('\u{1f}');
        key.push_str(&values.join("\u{1e}"));
    }
    key
}

fn may_invalidate(call: &Call) -> bool {
    if *call.cx.principal() == Principal::Anonymous {
        return false;
    }
    let need = Need::on("execute-api:InvalidateCache", call.arn()).owned_by(call.cx.account());
    call.cx.cloud().decider().decide(&call.cx, &need, None).allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_without_a_body_take_room_too() {
        let held =
            |until| Held { until: Timestamp::from_secs(until), status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::new() };
        let mut shelf = Shelf::default();
        for n in 0..300_000 {
            shelf.put(format!("api/live/{n}"), held(n), Timestamp::from_secs(n));
            assert!(shelf.bytes <= MOST_BYTES);
        }
        assert!(shelf.answers.contains_key("api/live/299999") && shelf.answers.len() < 250_000);
        shelf.retain(|key, _| key == "api/live/299999");
        shelf.take("api/live/299999");
        assert_eq!((shelf.answers.len(), shelf.bytes), (0, 0));
    }
}
