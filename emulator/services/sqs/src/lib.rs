//! Amazon SQS: standard and FIFO queues, with visibility, delays, long polls, deduplication and redrive on the cloud's clock.
//!
//! Queues and messages are rows. Fields hold what can be lost: the bell that wakes long polls, a bound for messages in flight, data keys.

mod access;
mod attributes;
mod batches;
mod bell;
mod consume;
mod duplicates;
mod flight;
mod groups;
mod kms;
mod limits;
mod messages;
mod metrics;
#[allow(missing_docs)]
mod model;
mod moves;
mod pace;
mod permissions;
mod port;
mod queues;
mod receive;
mod redrive;
mod retention;
mod rows;
mod settings;
mod state;
mod sums;
mod tags;
mod take;
mod urls;

pub use model::*;

use kit::{Context, Fault, ports::Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store.
pub struct Sqs {
    /// Rung when a message may have become visible.
    arrivals: Arc<bell::Bell>,
    flight: flight::Flight,
    pace: pace::Pace,
    data_keys: kms::DataKeys,
}

impl Default for Sqs {
    fn default() -> Sqs {
        Sqs::with_in_flight_quota(flight::QUOTA)
    }
}

impl Sqs {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Sqs {
        Sqs::default()
    }
    /// A service whose queues hold so many messages in flight, instead of AWS's 120,000.
    pub fn with_in_flight_quota(messages: usize) -> Sqs {
        Sqs {
            arrivals: Arc::default(),
            flight: flight::Flight::new(messages),
            pace: pace::Pace::default(),
            data_keys: kms::DataKeys::default(),
        }
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
    // moves.rs
    StartMessageMoveTask => start_message_move_task,
    ListMessageMoveTasks => list_message_move_tasks,
    CancelMessageMoveTask => cancel_message_move_task,
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
        match task.kind.as_str() {
            "move" => Box::pin(self.move_step(cx, task)),
            "measure" => Box::pin(self.measure(cx, task)),
            _ => Box::pin(self.expire(cx, task)),
        }
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
