//! The port by which other services publish: notifications, alarms, destinations.

use crate::{Sns, arns, message::Draft, model::MessageAttributeValue, state::*};
use kit::{BoxFuture, Context, Fault, Grant, ports::Topics};

impl Topics for Sns {
    /// Attribute names may carry their type behind a colon (`ErrorCode:Number`), which SNS's own names can't hold; text is the default.
    fn publish<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        topic_arn: &'a str,
        subject: Option<String>,
        message: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sns:Publish", topic_arn)?;
            cx.cloud().apply_faults("sns", "Publish", topic_arn).await?;
            let (scope, _) = arns::of_topic(topic_arn)?;
            let typed = |(name, value): (String, String)| {
                let (name, kind) = name.split_once(':').map_or((name.as_str(), "String"), |(name, kind)| (name, kind));
                (name.to_owned(), MessageAttributeValue { data_type: kind.into(), string_value: Some(value), ..Default::default() })
            };
            let draft = Draft { body: message, subject, attributes: attributes.into_iter().map(typed).collect(), ..Draft::default() };
            Ok(self.publish_draft(cx, &scope, topic_arn, draft).await?.id)
        })
    }

    fn exists(&self, cx: &Context, topic_arn: &str) -> bool {
        topic_by_arn(cx, topic_arn).is_some()
    }
}
