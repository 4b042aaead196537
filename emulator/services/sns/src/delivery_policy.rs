//! Delivery policies: how often and in which steps a delivery is tried again, and what Content-Type HTTP endpoints get.
//!
//! Topics hold theirs under `http`, subscriptions their own beside it. Shapes and defaults as recorded from AWS; the phases (immediate,
//! pre-backoff, backoff, post-backoff) as AWS documents them.

use crate::state::{StoredSubscription, StoredTopic, invalid};
use kit::Fault;
use serde_json::{Map, Value, json};

const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";
const RETRY_MEMBERS: [&str; 7] =
    ["minDelayTarget", "maxDelayTarget", "numRetries", "numMaxDelayRetries", "numNoDelayRetries", "numMinDelayRetries", "backoffFunction"];

fn defaults() -> Value {
    json!({
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear",
    })
}

/// A topic's policy in the form in which it is kept; empty for none.
pub(crate) fn of_topic(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let given = object(text)?;
    let http = given.get("http").and_then(Value::as_object).ok_or_else(|| bad("http is required"))?;
    let known = ["defaultHealthyRetryPolicy", "disableSubscriptionOverrides", "defaultThrottlePolicy", "defaultRequestPolicy"];
    only(http, &known)?;
    let mut kept = Map::new();
    for member in known {
        match http.get(member) {
            Some(Value::Object(policy)) if member == "defaultHealthyRetryPolicy" => retries(policy)?,
            Some(Value::Object(policy)) if member == "defaultThrottlePolicy" => throttle(policy)?,
            _ => {}
        }
        match http.get(member).filter(|v| !v.is_null()) {
            Some(value) => drop(kept.insert(member.into(), value.clone())),
            None if member == "disableSubscriptionOverrides" => drop(kept.insert(member.into(), false.into())),
            None => {}
        }
    }
    Ok(json!({ "http": kept }).to_string())
}

/// A subscription's policy in the form in which it is kept; empty for none.
pub(crate) fn of_subscription(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let given = object(text)?;
    let known = ["healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed"];
    only(&given, &known)?;
    if let Some(Value::Object(policy)) = given.get("healthyRetryPolicy") {
        retries(policy)?;
    }
    if let Some(Value::Object(policy)) = given.get("throttlePolicy") {
        throttle(policy)?;
    }
    let mut kept = Map::new();
    for member in known {
        let absent = if member == "guaranteed" { Value::Bool(false) } else { Value::Null };
        kept.insert(member.into(), given.get(member).cloned().unwrap_or(absent));
    }
    Ok(Value::Object(kept).to_string())
}

/// What a topic's policy comes to.
pub(crate) fn effective_of_topic(topic: &StoredTopic) -> Value {
    let kept = kept(topic.attributes.get("DeliveryPolicy"));
    let http = &kept["http"];
    let mut effective = json!({
        "defaultHealthyRetryPolicy": over(defaults(), &http["defaultHealthyRetryPolicy"]),
        "disableSubscriptionOverrides": http["disableSubscriptionOverrides"].as_bool().unwrap_or(false),
    });
    if http["defaultThrottlePolicy"].is_object() {
        effective["defaultThrottlePolicy"] = http["defaultThrottlePolicy"].clone();
    }
    effective["defaultRequestPolicy"] = over(json!({ "headerContentType": CONTENT_TYPE }), &http["defaultRequestPolicy"]);
    json!({ "http": effective })
}

/// What a subscription's policy comes to under its topic's.
pub(crate) fn effective_of_subscription(topic: Option<&StoredTopic>, subscription: &StoredSubscription) -> Value {
    let above = effective_of_topic(topic.unwrap_or(&StoredTopic::default()));
    let http = &above["http"];
    let own = match http["disableSubscriptionOverrides"] == true {
        true => Value::Null,
        false => kept(subscription.attributes.get("DeliveryPolicy")),
    };
    let or_above = |member: &str, above: &Value| if own[member].is_null() { above.clone() } else { over(above.clone(), &own[member]) };
    json!({
        "healthyRetryPolicy": or_above("healthyRetryPolicy", &http["defaultHealthyRetryPolicy"]),
        "sicklyRetryPolicy": null,
        "throttlePolicy": or_above("throttlePolicy", &http["defaultThrottlePolicy"]),
        "requestPolicy": or_above("requestPolicy", &http["defaultRequestPolicy"]),
        "guaranteed": own["guaranteed"].as_bool().unwrap_or(false),
    })
}

/// Deliveries that an endpoint takes in a second, where its policy says so.
pub(crate) fn most_per_second(topic: &StoredTopic, subscription: &StoredSubscription) -> Option<f64> {
    let effective = effective_of_subscription(Some(topic), subscription);
    effective["throttlePolicy"]["maxReceivesPerSecond"].as_f64().filter(|rate| *rate > 0.0)
}

/// Seconds to wait before attempt `attempt` (1 is the first retry); `None` when there are no more.
pub(crate) fn wait_secs(effective: &Value, attempt: u32) -> Option<i128> {
    let policy = &effective["healthyRetryPolicy"];
    let number = |name: &str| policy[name].as_u64().unwrap_or(0) as u32;
    let (all, at_once, at_least, at_most) =
        (number("numRetries"), number("numNoDelayRetries"), number("numMinDelayRetries"), number("numMaxDelayRetries"));
    let (low, high) = (number("minDelayTarget") as f64, number("maxDelayTarget") as f64);
    if attempt == 0 || attempt > all {
        return None;
    }
    if attempt <= at_once {
        return Some(0);
    }
    if attempt <= at_once + at_least {
        return Some(low as i128);
    }
    let backoff = all.saturating_sub(at_once + at_least + at_most);
    let step = attempt - at_once - at_least;
    if step > backoff {
        return Some(high as i128);
    }
    let part = if backoff <= 1 { 1.0 } else { f64::from(step - 1) / f64::from(backoff - 1) };
    let part = match policy["backoffFunction"].as_str() {
        Some("arithmetic") => part * (part + 1.0) / 2.0,
        Some("geometric") => part * part,
        Some("exponential") => (2f64.powf(part * 8.0) - 1.0) / 255.0,
        _ => part,
    };
    Some((low + (high - low) * part).round() as i128)
}

/// The Content-Type for an HTTP endpoint.
pub(crate) fn content_type(effective: &Value) -> String {
    effective["requestPolicy"]["headerContentType"].as_str().unwrap_or(CONTENT_TYPE).to_owned()
}

fn kept(text: Option<&String>) -> Value {
    text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
}

/// The members of `own` over those of `base`.
fn over(mut base: Value, own: &Value) -> Value {
    match (&mut base, own) {
        (Value::Object(base), Value::Object(own)) => base.extend(own.iter().map(|(k, v)| (k.clone(), v.clone()))),
        (_, Value::Object(_)) => base = own.clone(),
        _ => {}
    }
    base
}

fn object(text: &str) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) if text.len() <= 30_720 => Ok(map),
        _ => Err(bad("failed to parse JSON.")),
    }
}

fn only(given: &Map<String, Value>, known: &[&str]) -> Result<(), Fault> {
    match given.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(bad(&format!("unknown member {unknown}"))),
        None => Ok(()),
    }
}

/// The bounds that AWS documents.
fn retries(policy: &Map<String, Value>) -> Result<(), Fault> {
    only(policy, &RETRY_MEMBERS)?;
    let number = |name: &str, most: u64| match policy.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|n| *n <= most) {
            Some(n) => Ok(Some(n)),
            None => Err(bad(&format!("{name} must be an integer between 0 and {most}"))),
        },
    };
    let (low, high) = (number("minDelayTarget", 3600)?, number("maxDelayTarget", 3600)?);
    let all = number("numRetries", 100)?;
    let phases = [number("numNoDelayRetries", 100)?, number("numMinDelayRetries", 100)?, number("numMaxDelayRetries", 100)?];
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        return Err(bad("maxDelayTarget must be greater than or equal to minDelayTarget"));
    }
    if phases.iter().flatten().sum::<u64>() > all.unwrap_or(3) {
        return Err(bad("numRetries must be greater than or equal to the sum of its phases"));
    }
    match policy.get("backoffFunction").map(|f| f.as_str().unwrap_or_default()) {
        None | Some("linear" | "arithmetic" | "geometric" | "exponential") => Ok(()),
        Some(_) => Err(bad("backoffFunction must be one of arithmetic, exponential, geometric, linear")),
    }
}

fn throttle(policy: &Map<String, Value>) -> Result<(), Fault> {
    only(policy, &["maxReceivesPerSecond"])?;
    match policy.get("maxReceivesPerSecond") {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_u64().is_some_and(|n| n >= 1) => Ok(()),
        Some(_) => Err(bad("maxReceivesPerSecond must be an integer greater than or equal to 1")),
    }
}

fn bad(why: &str) -> Fault {
    invalid(format!("DeliveryPolicy: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_three_retries_of_twenty_seconds() {
        let effective = effective_of_subscription(None, &StoredSubscription::default());
        let waits: Vec<_> = (1..=4).map(|attempt| wait_secs(&effective, attempt)).collect();
        assert_eq!(waits, [Some(20), Some(20), Some(20), None]);
    }

    #[test]
    fn phases_come_in_aws_s_order() {
        let text = r#"{"healthyRetryPolicy": {"minDelayTarget": 2, "maxDelayTarget": 10, "numRetries": 8, "numNoDelayRetries": 1,
            "numMinDelayRetries": 1, "numMaxDelayRetries": 2, "backoffFunction": "linear"}}"#;
        let kept = of_subscription(text).unwrap();
        let subscription = StoredSubscription { attributes: [("DeliveryPolicy".into(), kept)].into(), ..Default::default() };
        let effective = effective_of_subscription(None, &subscription);
        let waits: Vec<_> = (1..=9).filter_map(|attempt| wait_secs(&effective, attempt)).collect();
        assert_eq!(waits, [0, 2, 2, 5, 7, 10, 10, 10]);
    }

    #[test]
    fn bounds() {
        for text in ["x", "{}", r#"{"http": {"nope": 1}}"#, r#"{"http": {"defaultHealthyRetryPolicy": {"numRetries": 101}}}"#] {
            assert!(of_topic(text).is_err(), "{text}");
        }
        assert!(of_subscription(r#"{"healthyRetryPolicy": {"minDelayTarget": 9, "maxDelayTarget": 3}}"#).is_err());
    }
}
