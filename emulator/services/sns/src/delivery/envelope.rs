//! What endpoints get: the JSON envelope with its signature, and Lambda's event. Members, their order and the way they are set out are AWS's.

use super::Attempt;
use crate::{Sns, model::MessageAttributeValue, signing, state::StoredMessage};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Context, Fault};
use serde_json::{Map, Value, json};

/// The text that an endpoint's protocol gets.
pub(super) fn body(attempt: &Attempt) -> &str {
    attempt.message.by_protocol.get(&attempt.subscription.protocol).unwrap_or(&attempt.message.body)
}

/// The envelope for queues and HTTP endpoints.
pub(super) async fn notification(sns: &Sns, cx: &Context, attempt: &Attempt) -> Result<String, Fault> {
    let parts = Parts::of(sns, cx, attempt).await?;
    let mut members: Vec<(&str, Value)> = vec![("Type", "Notification".into()), ("MessageId", attempt.message.id.clone().into())];
    members.extend(attempt.message.sequence.iter().map(|s| ("SequenceNumber", s.clone().into())));
    members.push(("TopicArn", parts.topic_arn.into()));
    members.extend(attempt.message.subject.iter().map(|s| ("Subject", s.clone().into())));
    members.push(("Message", body(attempt).into()));
    members.push(("Timestamp", parts.timestamp.into()));
    if let Some(signed) = parts.signed {
        members.push(("SignatureVersion", signed.version.into()));
        members.push(("Signature", signed.signature.into()));
        members.push(("SigningCertURL", signed.cert_url.into()));
    }
    members.push(("UnsubscribeURL", parts.unsubscribe_url.into()));
    if !attempt.message.attributes.is_empty() {
        members.push(("MessageAttributes", attributes(&attempt.message)));
    }
    Ok(set_out(&members))
}

/// The event for functions.
pub(super) async fn function_event(sns: &Sns, cx: &Context, attempt: &Attempt) -> Result<Value, Fault> {
    let parts = Parts::of(sns, cx, attempt).await?;
    let mut notification = json!({
        "Type": "Notification",
        "MessageId": attempt.message.id,
        "TopicArn": parts.topic_arn,
        "Subject": attempt.message.subject,
        "Message": body(attempt),
        "Timestamp": parts.timestamp,
    });
    if let Some(signed) = parts.signed {
        // Recorded: functions are told version 1 even where the signature is of version 2.
        notification["SignatureVersion"] = "1".into();
        notification["Signature"] = signed.signature.into();
        notification["SigningCertUrl"] = signed.cert_url.into();
    }
    notification["UnsubscribeUrl"] = parts.unsubscribe_url.into();
    notification["MessageAttributes"] = attributes(&attempt.message);
    Ok(json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": attempt.subscription.arn,
        "Sns": notification,
    }] }))
}

struct Parts {
    topic_arn: String,
    timestamp: String,
    unsubscribe_url: String,
    /// FIFO topics' messages are not signed.
    signed: Option<signing::Signed>,
}

impl Parts {
    async fn of(sns: &Sns, cx: &Context, attempt: &Attempt) -> Result<Parts, Fault> {
        let (message, subscription) = (&attempt.message, &attempt.subscription);
        let timestamp = kit::time::iso_millis(message.published);
        let signed = match message.sequence {
            Some(_) => None,
            None => {
                let mut fields = vec![("Message", body(attempt)), ("MessageId", &message.id)];
                fields.extend(message.subject.iter().map(|s| ("Subject", s.as_str())));
                fields.extend([("Timestamp", timestamp.as_str()), ("TopicArn", &message.topic_arn), ("Type", "Notification")]);
                Some(sns.signers.sign(cx, &message.signature_version, &fields).await?)
            }
        };
        Ok(Parts {
            topic_arn: message.topic_arn.clone(),
            timestamp,
            unsubscribe_url: format!("{}/?Action=Unsubscribe&SubscriptionArn={}", base_url(cx), subscription.arn),
            signed,
        })
    }
}

/// Where links in messages lead: to this cloud, or to AWS's name for the region where nothing listens.
pub(crate) fn base_url(cx: &Context) -> String {
    match cx.cloud().endpoint() {
        endpoint if endpoint.is_empty() => format!("https://sns.{}.amazonaws.com", cx.region()),
        endpoint => endpoint.trim_end_matches('/').to_owned(),
    }
}

fn attributes(message: &StoredMessage) -> Value {
    let shown = |value: &MessageAttributeValue| {
        let text = match &value.binary_value {
            Some(bytes) if value.data_type.starts_with("Binary") => BASE64_STANDARD.encode(bytes),
            _ => value.string_value.clone().unwrap_or_default(),
        };
        json!({ "Type": value.data_type, "Value": text })
    };
    Value::Object(message.attributes.iter().map(|(name, value)| (name.clone(), shown(value))).collect::<Map<_, _>>())
}

/// One member a line, with spaces around the colons, as AWS sets its envelopes out.
pub(crate) fn set_out(members: &[(&str, Value)]) -> String {
    let line = |(name, value): &(&str, Value)| match value {
        Value::Object(inner) => {
            let inner: Vec<String> = inner.iter().map(|(name, value)| format!("    {} : {value}", Value::from(name.as_str()))).collect();
            format!("  \"{name}\" : {{\n{}\n  }}", inner.join(",\n"))
        }
        value => format!("  \"{name}\" : {value}"),
    };
    let lines: Vec<String> = members.iter().map(line).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}
