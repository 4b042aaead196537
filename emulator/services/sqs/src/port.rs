//! The port by which other services send: notifications, dead letters, destinations.

use crate::{
    Sqs, limits, messages,
    model::{MessageAttributeValue, MessageSystemAttributeValue},
    state::*,
};
use kit::{
    BoxFuture, Context, Fault, Grant,
    ports::{QueueAttribute, QueueMessage, Queues},
};

impl Queues for Sqs {
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        self.deliver(cx, grant, queue_arn, QueueMessage::text(body, attributes))
    }

    fn deliver<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        message: QueueMessage,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", queue_arn)?;
            let (scope, name) = of_arn(queue_arn).ok_or_else(no_such_queue)?;
            messages::no_deduplication(&message.deduplication)?;
            let new = of_port(message)?;
            let sent = cx
                .store()
                .write(|tx| {
                    let queue = queue(tx, &scope, &name)?;
                    limits::message(&new.body, &new.attributes, queue.number("MaximumMessageSize"), "are invalid")?;
                    messages::store(cx, tx, &scope, &queue, new)
                })
                .await?;
            self.arrivals.notify_waiters();
            cx.cloud().journal().write(cx, kit::RecordKind::Event, "sqs", "SendMessage", queue_arn, "ok", serde_json::Value::Null);
            Ok(sent.id)
        })
    }

    fn exists(&self, cx: &Context, queue_arn: &str) -> bool {
        by_arn(cx, queue_arn).is_some()
    }
}

fn of_port(message: QueueMessage) -> Result<messages::NewMessage, Fault> {
    let trace = message.trace.map(|trace| {
        let value = MessageSystemAttributeValue { data_type: "String".into(), string_value: Some(trace), ..Default::default() };
        ("AWSTraceHeader".to_owned(), value)
    });
    Ok(messages::NewMessage {
        body: message.body,
        delay_secs: None,
        attributes: message.attributes.into_iter().map(attribute).collect::<Result<_, Fault>>()?,
        system: trace.into_iter().collect(),
        group: message.group,
    })
}

fn attribute(given: QueueAttribute) -> Result<(String, MessageAttributeValue), Fault> {
    let mut value = MessageAttributeValue { data_type: given.kind, ..Default::default() };
    match value.data_type.starts_with("Binary") {
        true => value.binary_value = Some(given.value),
        false => {
            let text = String::from_utf8(given.value.to_vec());
            value.string_value = Some(text.map_err(|_| bad_value(format!("Message attribute '{}' is not UTF-8.", given.name)))?);
        }
    }
    Ok((given.name, value))
}
