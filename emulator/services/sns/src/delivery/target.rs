//! The targets of deliveries: queues, functions, HTTP endpoints.

use super::{Attempt, Outcome, envelope, http, outcome_of};
use crate::{Sns, delivery_policy};
use kit::{
    Arn, Bytes, Context, Fault, Need,
    ports::{Invocation, QueueAttribute, QueueMessage},
};

/// Brings the message to its endpoint, once.
pub(super) async fn deliver(sns: &Sns, cx: &Context, attempt: &Attempt) -> Outcome {
    let endpoint = attempt.subscription.endpoint.as_str();
    if let Err(fault) = cx.cloud().apply_faults("sns", "Deliver", endpoint).await {
        return outcome_of(Err(fault));
    }
    match attempt.subscription.protocol.as_str() {
        "sqs" => outcome_of(to_queue(sns, cx, attempt, endpoint).await),
        "lambda" => outcome_of(to_function(sns, cx, attempt, endpoint).await),
        "http" | "https" => to_url(sns, cx, attempt, endpoint).await,
        other => Outcome::Never(crate::state::refused(format!("the delivery of messages by {other}"))),
    }
}

/// Sends to a queue what a queue gets: also the way into dead-letter queues.
pub(super) async fn to_queue(sns: &Sns, cx: &Context, attempt: &Attempt, queue: &str) -> Result<(), Fault> {
    let need = Need::on("sqs:SendMessage", queue);
    let grant = cx.grant(&match Arn::parse(queue) {
        Some(arn) => need.owned_by(arn.account),
        None => need,
    })?;
    let message = for_queue(sns, cx, attempt, queue).await?;
    cx.cloud().ports().queues()?.deliver(cx, grant, queue, message).await.map(drop)
}

async fn for_queue(sns: &Sns, cx: &Context, attempt: &Attempt, queue: &str) -> Result<QueueMessage, Fault> {
    let published = &attempt.message;
    let (body, attributes) = match attempt.subscription.is_raw() {
        true => (envelope::body(attempt).to_owned(), raw_attributes(attempt)),
        false => (envelope::notification(sns, cx, attempt).await?, Vec::new()),
    };
    let fifo_queue = queue.ends_with(".fifo");
    let fifo_topic = published.sequence.is_some();
    Ok(QueueMessage {
        body,
        attributes,
        // A FIFO topic's group means nothing to a standard queue; a standard topic's is passed on for fair queues.
        group: published.group.clone().filter(|_| fifo_queue == fifo_topic),
        deduplication: published.deduplication.clone().filter(|_| fifo_queue),
        trace: published.trace_header.clone(),
    })
}

fn raw_attributes(attempt: &Attempt) -> Vec<QueueAttribute> {
    let attribute = |(name, value): (&String, &crate::MessageAttributeValue)| QueueAttribute {
        name: name.clone(),
        // SQS knows no arrays: there it is a text with a label.
        kind: value.data_type.clone(),
        value: match &value.binary_value {
            Some(bytes) if value.data_type.starts_with("Binary") => bytes.clone(),
            _ => Bytes::from(value.string_value.clone().unwrap_or_default()),
        },
    };
    attempt.message.attributes.iter().map(attribute).collect()
}

async fn to_function(sns: &Sns, cx: &Context, attempt: &Attempt, function: &str) -> Result<(), Fault> {
    let need = Need::on("lambda:InvokeFunction", function);
    let grant = cx.grant(&match Arn::parse(function) {
        Some(arn) => need.owned_by(arn.account),
        None => need,
    })?;
    let event = envelope::function_event(sns, cx, attempt).await?;
    let call = Invocation { function_arn: function.to_owned(), payload: Bytes::from(event.to_string()), asynchronous: true };
    // A function is found in its own account and region, not in the topic's.
    let cx = match Arn::parse(function) {
        Some(arn) => cx.in_scope(kit::Scope::new(arn.account, arn.region)),
        None => cx.clone(),
    };
    cx.cloud().ports().functions()?.invoke(&cx, grant, call).await.map(drop)
}

async fn to_url(sns: &Sns, cx: &Context, attempt: &Attempt, url: &str) -> Outcome {
    let (subscription, message) = (&attempt.subscription, &attempt.message);
    let effective = delivery_policy::effective_of_subscription(attempt.topic.as_ref(), subscription);
    let mut post = http::Post {
        url,
        body: String::new(),
        content_type: delivery_policy::content_type(&effective),
        kind: "Notification",
        message_id: &message.id,
        topic_arn: &subscription.topic_arn,
        subscription_arn: Some(&subscription.arn),
        raw: subscription.is_raw(),
    };
    post.body = match post.raw {
        true => envelope::body(attempt).to_owned(),
        false => match envelope::notification(sns, cx, attempt).await {
            Ok(body) => body,
            Err(fault) => return Outcome::Later(fault),
        },
    };
    http::post(cx, post).await
}
