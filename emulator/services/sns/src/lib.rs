//! Amazon SNS: topics, subscriptions with filter policies, and delivery to SQS, Lambda and HTTP with retries on the cloud's clock.
//!
//! A message is stored once with a task row for each subscription that takes it, in the transaction of Publish. Text messages to phones, mobile
//! push, email and Firehose are no part of it: what would need them is refused by name, or stays pending and says so.

mod access;
mod arns;
mod batch;
mod confirmation;
mod delivery;
mod delivery_policy;
mod doors;
mod encryption;
mod fanout;
mod message;
mod metrics;
#[allow(missing_docs)]
mod model;
mod permissions;
mod port;
mod publish;
mod signing;
mod state;
mod subscription_attributes;
mod subscriptions;
mod tags;
mod topic_attributes;
mod topics;

pub use model::*;

use kit::{BoxFuture, Context, Door, Fault, ports::Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store.
#[derive(Clone, Default)]
pub struct Sns {
    /// Keys that were read from the store; rebuilt when lost.
    signers: Arc<signing::Signers>,
    /// Data keys of topics under keys of KMS; asked for again when lost.
    data_keys: Arc<encryption::DataKeys>,
}

impl Sns {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Sns {
        Sns::default()
    }
}

kit::service! {
    /// Amazon SNS.
    Sns, model = "sns", invalid_input = "InvalidParameter";
    // topics.rs
    CreateTopic => create_topic,
    DeleteTopic => delete_topic,
    ListTopics => list_topics,
    // topic_attributes.rs
    GetTopicAttributes => get_topic_attributes,
    SetTopicAttributes => set_topic_attributes,
    // permissions.rs
    AddPermission => add_permission,
    RemovePermission => remove_permission,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
    // subscriptions.rs
    Subscribe => subscribe,
    Unsubscribe => unsubscribe,
    ListSubscriptions => list_subscriptions,
    ListSubscriptionsByTopic => list_subscriptions_by_topic,
    // confirmation.rs
    ConfirmSubscription => confirm_subscription,
    // subscription_attributes.rs
    GetSubscriptionAttributes => get_subscription_attributes,
    SetSubscriptionAttributes => set_subscription_attributes,
    // publish.rs
    Publish => publish,
    // batch.rs
    PublishBatch => publish_batch,
}

/// Services that say `aws:SourceOwner` when they publish.
const OF_OLD: [&str; 3] = ["cloudwatch.amazonaws.com", "autoscaling.amazonaws.com", "ses.amazonaws.com"];

impl kit::Service for Sns {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_topics(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                "deliver" => delivery::run(self, cx, &task).await,
                "row" => delivery::run_row(self, cx, &task).await,
                "confirm" => confirmation::run(self, cx, &task).await,
                "forget-topic" => self.forget_topic(cx, task.payload()?).await,
                "forget-taken" => fanout::forget_taken(cx, &task).await,
                "forget-pending" => confirmation::forget_pending(cx, task.payload()?).await,
                "forget-ended" => confirmation::forget_ended(cx, task.payload()?).await,
                other => Err(Fault::internal(format!("sns has no task {other}"))),
            }
        })
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        let topic = state::topic_by_arn(cx, resource)?;
        Some(topics::policy(&topic, resource))
    }
    /// `aws:SourceOwner` tells topics whose alarm or scaling group it is that publishes: the default policy of a topic goes by it. AWS keeps the
    /// key for the services that had it of old; others come with `aws:SourceAccount` and `aws:SourceArn`, and need a policy that says so.
    fn complete(&self, cx: &Context, need: &kit::Need) -> Option<kit::Need> {
        match cx.principal() {
            kit::Principal::Service { name, source_account: Some(account), .. } if OF_OLD.contains(&&**name) => {
                Some(need.clone().key("aws:SourceOwner", &**account))
            }
            _ => None,
        }
    }
    /// AWS's code for a refusal; its sentence writes the actions' prefix in capitals.
    fn denied(&self, message: String) -> Fault {
        Error::AuthorizationError.says(message.replace(" sns:", " SNS:"))
    }
    /// A parameter that is missing has a sentence of its own; what is wrong deeper inside has another code.
    fn invalid(&self, message: String) -> Fault {
        let member = message.strip_prefix("1 validation error detected: Value null at '").and_then(|rest| rest.split_once('\''));
        match member {
            Some((member, _)) if !member.contains('.') => {
                state::invalid(format!("{} Reason: no value for required parameter", capitalised(member)))
            }
            Some(_) => Fault::new("ValidationError", 400, message),
            None => Error::InvalidParameter.says(message),
        }
    }
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(doors::Links), Arc::new(doors::Certificate(self.clone()))]
    }
}

fn capitalised(member: &str) -> String {
    let mut chars = member.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
