//! Publish: one message to a topic.

use crate::{
    Sns, arns, fanout,
    message::{self, Draft},
    metrics,
    model::*,
    state::*,
};
use kit::{Arn, Context, Fault};

impl Sns {
    /// Publishes a message.
    pub async fn publish(&self, cx: &Context, input: PublishInput) -> Result<PublishOutput, Fault> {
        if let Some(number) = &input.phone_number {
            return Err(phone(number));
        }
        let arn = match (&input.topic_arn, &input.target_arn) {
            (Some(_), Some(_)) => return Err(invalid("Only one of TopicArn or TargetArn can be specified")),
            (Some(arn), None) => arn.clone(),
            (None, Some(arn)) => target(arn)?,
            (None, None) => return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter")),
        };
        let draft = Draft {
            body: input.message,
            subject: input.subject,
            structure: input.message_structure,
            attributes: input.message_attributes.unwrap_or_default(),
            group: input.message_group_id,
            deduplication: input.message_deduplication_id,
        };
        let (scope, _) = arns::of_topic_here(cx, &arn)?;
        let published = self.publish_draft(cx, &scope, &arn, draft).await?;
        Ok(PublishOutput { message_id: Some(published.id), sequence_number: published.sequence })
    }

    /// Publishes to a topic of any region: what the handler and the port have in common.
    pub(crate) async fn publish_draft(
        &self,
        cx: &Context,
        scope: &kit::Scope,
        arn: &str,
        draft: Draft,
    ) -> Result<fanout::Published, Fault> {
        draft.check()?;
        if draft.bytes() > message::MOST_BYTES {
            return Err(invalid("Message too long"));
        }
        let (_, name) = arns::of_topic(arn)?;
        let there = cx.store().read(|s| topic(s, scope, &name))?;
        let key = self.data_keys.of_publisher(cx, &there, arn).await?;
        let bytes = draft.bytes();
        let published = cx
            .store()
            .write(|tx| {
                let topic = topic(tx, scope, &name)?;
                draft.check_for(&topic)?;
                fanout::publish(cx, tx, scope, &topic, draft.stored(cx, &topic, arn)?, key.as_ref())
            })
            .await?;
        metrics::published(cx, scope, &name, bytes, &published.kept);
        Ok(published)
    }
}

/// A TargetArn is a topic's, or that of an endpoint for mobile push, of which there are none here.
fn target(arn: &str) -> Result<String, Fault> {
    let is_endpoint = Arn::parse(arn).is_some_and(|a| a.service == "sns" && a.resource.starts_with("endpoint/"));
    match is_endpoint {
        true => Err(invalid("TargetArn Reason: No endpoint found for the target arn specified")),
        false => Ok(arn.to_owned()),
    }
}

/// Text messages are refused; a number that is none is told first, as AWS does.
fn phone(number: &str) -> Fault {
    let digits = number.strip_prefix('+').unwrap_or("");
    match (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        true => refused("text messages to phones (sns:Publish with PhoneNumber)"),
        false => invalid(format!("PhoneNumber Reason: {number} is not valid to publish to")),
    }
}
