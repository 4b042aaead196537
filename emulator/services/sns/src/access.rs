//! What each operation needs to be allowed: an action of its own name, on the topic.

use crate::{Sns, arns, model::*, state};
use kit::{Access, Authorize, Context, Need, Read};

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

/// Operations on a subscription are decided on its topic, for its owner's account.
fn on_subscription(cx: &Context, action: &'static str, arn: &str) -> Access {
    let owner = cx.store().read(|s| s.get(&state::SUBSCRIPTIONS, &state::everywhere(), &arn.to_owned())).ok().flatten().map(|s| s.owner);
    let need = Need::on(action, arns::topic_of_subscription(arn));
    match owner.as_deref().or(arns::account(arn)) {
        Some(account) => need.owned_by(account).into(),
        None => need.into(),
    }
}

impl Authorize<Sns> for UnsubscribeInput {
    fn access(&self, _: &Sns, cx: &Context) -> Access {
        on_subscription(cx, "sns:Unsubscribe", &self.subscription_arn)
    }
}
impl Authorize<Sns> for GetSubscriptionAttributesInput {
    fn access(&self, _: &Sns, cx: &Context) -> Access {
        on_subscription(cx, "sns:GetSubscriptionAttributes", &self.subscription_arn)
    }
}
impl Authorize<Sns> for SetSubscriptionAttributesInput {
    fn access(&self, _: &Sns, cx: &Context) -> Access {
        on_subscription(cx, "sns:SetSubscriptionAttributes", &self.subscription_arn)
    }
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
        // A phone has no ARN: AWS asks for the action on everything.
        on_topic("sns:Publish", self.topic_arn.as_deref().or(self.target_arn.as_deref()).unwrap_or("*"))
    }
}
impl Authorize<Sns> for ListTopicsInput {
    fn access(&self, _: &Sns, _: &Context) -> Access {
        Access::any("sns:ListTopics")
    }
}
impl Authorize<Sns> for ListSubscriptionsInput {
    fn access(&self, _: &Sns, _: &Context) -> Access {
        Access::any("sns:ListSubscriptions")
    }
}
