//! Amazon SQS: standard queues, with visibility, delays, long polls and redrive on the cloud's clock.
//!
//! Queues and messages are rows; nothing is kept in fields but the bell that wakes long polls. FIFO queues are refused by name.

mod access;
mod attributes;
mod batches;
mod limits;
mod messages;
#[allow(missing_docs)]
mod model;
mod permissions;
mod port;
mod queues;
mod receive;
mod redrive;
mod state;
mod sums;
mod tags;
mod urls;

pub use model::*;

use kit::{Context, Fault, ports::Ports, store::TaskRow};
use std::sync::Arc;
use tokio::sync::Notify;

/// The service. All state is in the store.
#[derive(Default)]
pub struct Sqs {
    /// Rung when a message may have become visible.
    arrivals: Arc<Notify>,
}

impl Sqs {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Sqs {
        Sqs::default()
    }
}

kit::service! {
    /// Amazon SQS.
    Sqs, model = "sqs", invalid_input = "InvalidParameterValue";
    // queues.rs
    CreateQueue => create_queue,
    DeleteQueue => delete_queue,
    GetQueueUrl => get_queue_url,
    ListQueues => list_queues,
    PurgeQueue => purge_queue,
    // attributes.rs
    GetQueueAttributes => get_queue_attributes,
    SetQueueAttributes => set_queue_attributes,
    // messages.rs
    SendMessage => send_message,
    DeleteMessage => delete_message,
    ChangeMessageVisibility => change_message_visibility,
    // receive.rs
    ReceiveMessage => receive_message,
    // batches.rs
    SendMessageBatch => send_message_batch,
    DeleteMessageBatch => delete_message_batch,
    ChangeMessageVisibilityBatch => change_message_visibility_batch,
    // permissions.rs
    AddPermission => add_permission,
    RemovePermission => remove_permission,
    // redrive.rs
    ListDeadLetterSourceQueues => list_dead_letter_source_queues,
    // tags.rs
    TagQueue => tag_queue,
    UntagQueue => untag_queue,
    ListQueueTags => list_queue_tags,
}

impl kit::Service for Sqs {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_queues(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.expire(cx, task))
    }
    /// A member that is missing has a code and a sentence of its own.
    fn invalid(&self, message: String) -> Fault {
        let member = message.strip_prefix("1 validation error detected: Value null at '").and_then(|rest| rest.split_once('\''));
        match member {
            Some((member, _)) if !member.contains('.') => limits::missing(&capitalised(member)),
            _ => state::bad_value(message),
        }
    }
    /// Query clients post to a queue's URL.
    fn path_member(&self) -> Option<&'static str> {
        Some("QueueUrl")
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        let queue = state::by_arn(cx, resource)?;
        queue.attributes.get("Policy").cloned()
    }
}

fn capitalised(member: &str) -> String {
    let mut chars = member.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
