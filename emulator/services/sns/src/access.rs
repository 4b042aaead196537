//! What each operation needs to be allowed: an action of its own name, on the topic.

use crate::{Sns, arns, model::*};
use kit::{Access, Authorize, Context, Need};

fn on_topic(action: &'static str, arn: &str) -> Access {
    let need = Need::on(action, arn);
    match arns::account(arn) {
        Some(account) => need.owned_by(account).into(),
        None => need.into(),
    }
}

macro_rules! on_topics {
    ($($input:ident . $member:ident: $action:literal;)*) => {$(
        impl Authorize<Sns> for $input {
            fn access(&self, _: &Sns, _: &Context) -> Access {
                on_topic($action, &self.$member)
            }
        }
    )*};
}
on_topics! {
    DeleteTopicInput.topic_arn: "sns:DeleteTopic";
    GetTopicAttributesInput.topic_arn: "sns:GetTopicAttributes";
    SetTopicAttributesInput.topic_arn: "sns:SetTopicAttributes";
    AddPermissionInput.topic_arn: "sns:AddPermission";
    RemovePermissionInput.topic_arn: "sns:RemovePermission";
    ListSubscriptionsByTopicInput.topic_arn: "sns:ListSubscriptionsByTopic";
    ConfirmSubscriptionInput.topic_arn: "sns:ConfirmSubscription";
    PublishBatchInput.topic_arn: "sns:Publish";
    TagResourceInput.resource_arn: "sns:TagResource";
    UntagResourceInput.resource_arn: "sns:UntagResource";
    ListTagsForResourceInput.resource_arn: "sns:ListTagsForResource";
}

/// A subscription is no resource of IAM's: AWS asks for the action on all of SNS in the account and region, and the handler looks whose it is.
fn on_all(cx: &Context, action: &'static str) -> Access {
    Access::on(action, arns::topic(cx.scope(), "*"))
}

macro_rules! on_everything {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<Sns> for $input {
            fn access(&self, _: &Sns, cx: &Context) -> Access {
                on_all(cx, $action)
            }
        }
    )*};
}
on_everything! {
    UnsubscribeInput: "sns:Unsubscribe";
    GetSubscriptionAttributesInput: "sns:GetSubscriptionAttributes";
    SetSubscriptionAttributesInput: "sns:SetSubscriptionAttributes";
    ListTopicsInput: "sns:ListTopics";
    ListSubscriptionsInput: "sns:ListSubscriptions";
}

impl Authorize<Sns> for CreateTopicInput {
    fn access(&self, _: &Sns, cx: &Context) -> Access {
        let arn = arns::topic(cx.scope(), &self.name);
        let access = Access::on("sns:CreateTopic", arn.clone());
        match self.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(Need::on("sns:TagResource", arn)),
            false => access,
        }
    }
}
impl Authorize<Sns> for SubscribeInput {
    fn access(&self, _: &Sns, _: &Context) -> Access {
        let access = on_topic("sns:Subscribe", &self.topic_arn).key("sns:Protocol", &self.protocol);
        match &self.endpoint {
            Some(endpoint) => access.key("sns:Endpoint", endpoint),
            None => access,
        }
    }
}
impl Authorize<Sns> for PublishInput {
    fn access(&self, _: &Sns, _: &Context) -> Access {
        // A phone has no ARN: AWS asks for the action on its number.
        let target = [&self.topic_arn, &self.target_arn, &self.phone_number].into_iter().flatten().next();
        on_topic("sns:Publish", target.map_or("*", String::as_str))
    }
}
