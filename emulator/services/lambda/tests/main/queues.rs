//! Queues for the tests of event source mappings: messages that hide when they are received, and a bell.

use kit::{
    Context, Fault, Timestamp,
    ports::{QueueAttribute, ReceivedMessage},
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// All queues, by ARN.
#[derive(Default)]
pub struct Queues {
    queues: Mutex<BTreeMap<String, Queue>>,
    bells: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    next: AtomicU64,
}

#[derive(Default)]
struct Queue {
    visibility_secs: i64,
    messages: Vec<Waiting>,
}

struct Waiting {
    message: ReceivedMessage,
    visible_at: Timestamp,
    receives: u32,
}

impl Queues {
    /// A queue with a visibility timeout.
    pub fn make(&self, arn: &str, visibility_secs: i64) {
        self.queues.lock().insert(arn.into(), Queue { visibility_secs, messages: Vec::new() });
    }
    /// Sends a text, where there is such a queue; its id.
    pub fn send(&self, arn: &str, body: &str, system: &[(&str, &str)], attributes: Vec<QueueAttribute>) -> String {
        let id = format!("message-{}", self.next.fetch_add(1, Ordering::Relaxed));
        if let Some(queue) = self.queues.lock().get_mut(arn) {
            let system = system.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let receipt = format!("receipt-{id}");
            let message =
                ReceivedMessage { id: id.clone(), receipt, body: body.into(), md5: "md5".into(), system, attributes, attributes_md5: None };
            queue.messages.push(Waiting { message, visible_at: Timestamp::default(), receives: 0 });
        }
        self.ring();
        id
    }
    /// Bodies of what is still there, hidden or not.
    pub fn left(&self, arn: &str) -> Vec<String> {
        self.queues.lock()[arn].messages.iter().map(|m| m.message.body.clone()).collect()
    }
    pub fn watch(&self, bell: Arc<dyn Fn() + Send + Sync>) {
        self.bells.lock().push(bell);
    }
    fn ring(&self) {
        let bells = self.bells.lock().clone();
        bells.iter().for_each(|bell| bell());
    }
    pub fn next_visible(&self, arn: &str) -> Option<Timestamp> {
        self.queues.lock().get(arn)?.messages.iter().map(|m| m.visible_at).min()
    }
    pub fn visibility_secs(&self, arn: &str) -> Result<i64, Fault> {
        let missing = || Fault::new("QueueDoesNotExist", 400, "The specified queue does not exist.");
        self.queues.lock().get(arn).map(|q| q.visibility_secs).ok_or_else(missing)
    }
    pub fn receive(&self, cx: &Context, arn: &str, most: usize) -> Result<Vec<ReceivedMessage>, Fault> {
        let hidden_until = cx.now().plus_ns(i128::from(self.visibility_secs(arn)?) * 1_000_000_000);
        let mut queues = self.queues.lock();
        let messages = &mut queues.get_mut(arn).expect("looked up before").messages;
        let visible = messages.iter_mut().filter(|m| m.visible_at <= cx.now()).take(most);
        Ok(visible
            .map(|waiting| {
                waiting.receives += 1;
                waiting.visible_at = hidden_until;
                let mut message = waiting.message.clone();
                message.system.insert("ApproximateReceiveCount".into(), waiting.receives.to_string());
                message
            })
            .collect())
    }
    pub fn delete(&self, arn: &str, receipts: &[String]) {
        if let Some(queue) = self.queues.lock().get_mut(arn) {
            queue.messages.retain(|m| !receipts.contains(&m.message.receipt));
        }
    }
}
