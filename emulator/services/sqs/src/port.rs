//! The port by which other services send (notifications, dead letters, destinations) and poll (event sources).

use crate::{
    Sqs,
    messages::{NewMessage, TRACE, trace_value},
    model::MessageAttributeValue,
    receive,
    state::*,
};
use kit::{
    BoxFuture, Context, Fault, Grant, Timestamp,
    ports::{QueueAttribute, QueueMessage, Queues, ReceivedMessage},
};
use std::sync::Arc;

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
            let queue = cx.store().read(|s| queue(s, &scope, &name))?;
            let new = NewMessage { data_key: self.data_keys.seal(cx, &scope, &queue).await?, ..of_port(message)? };
            let sent = self.send(cx, &scope, &name, new).await?;
            cx.cloud().journal().write(cx, kit::RecordKind::Event, "sqs", "SendMessage", queue_arn, "ok", serde_json::Value::Null);
            Ok(sent.id)
        })
    }

    fn exists(&self, cx: &Context, queue_arn: &str) -> bool {
        by_arn(cx, queue_arn).is_some()
    }

    fn receive<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, Fault>> {
        Box::pin(self.receive_for(cx, grant, queue_arn, most))
    }

    fn delete<'a>(&'a self, cx: &'a Context, grant: Grant, queue_arn: &'a str, receipts: Vec<String>) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.delete_for(cx, grant, queue_arn, receipts))
    }

    fn visibility_secs<'a>(&'a self, cx: &'a Context, grant: Grant, queue_arn: &'a str) -> BoxFuture<'a, Result<i64, Fault>> {
        Box::pin(async move { self.visibility_for(cx, grant, queue_arn) })
    }

    fn next_visible(&self, cx: &Context, queue_arn: &str) -> Option<Timestamp> {
        let (scope, name) = of_arn(queue_arn)?;
        let next = cx.store().read(|s| receive::next(s, &scope, &queue(s, &scope, &name)?));
        next.ok().flatten()
    }

    fn watch(&self, bell: Arc<dyn Fn() + Send + Sync>) {
        self.arrivals.watch(bell);
    }
}

fn of_port(message: QueueMessage) -> Result<NewMessage, Fault> {
    Ok(NewMessage {
        body: message.body,
        delay_secs: None,
        attributes: message.attributes.into_iter().map(attribute).collect::<Result<_, Fault>>()?,
        system: message.trace.iter().map(|trace| (TRACE.to_owned(), trace_value(trace))).collect(),
        group: message.group,
        deduplication: message.deduplication,
        data_key: None,
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
