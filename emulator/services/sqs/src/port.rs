//! The port by which other services send: notifications, dead letters, destinations.

use crate::{Sqs, limits, messages, model::MessageAttributeValue, state::*};
use kit::{BoxFuture, Context, Fault, Grant, ports::Queues};

impl Queues for Sqs {
    /// Attribute names may carry their type behind a colon (`ErrorCode:Number`), which SQS's own names can't hold; text is the default.
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", queue_arn)?;
            let (scope, name) = of_arn(queue_arn).ok_or_else(no_such_queue)?;
            let typed = |(name, value): (String, String)| {
                let (name, kind) = name.split_once(':').map_or((name.as_str(), "String"), |(name, kind)| (name, kind));
                (name.to_owned(), MessageAttributeValue { data_type: kind.into(), string_value: Some(value), ..Default::default() })
            };
            let new = messages::NewMessage {
                body,
                delay_secs: None,
                attributes: attributes.into_iter().map(typed).collect(),
                system: Default::default(),
                group: None,
            };
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
