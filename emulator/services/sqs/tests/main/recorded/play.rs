//! A recorded test, played here: calls, and answers under the names they were recorded with.

use crate::desk::Desk;
use kit::{Decision, Fault, Need, Principal, UserIdentity};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The parameters of a recorded test.
#[derive(Clone, Debug)]
pub struct Case {
    /// Recorded by a query client.
    pub query: bool,
    pub argument: String,
}

impl Case {
    pub fn read(parameters: &str) -> Case {
        let (protocol, argument) = parameters.split_once('-').unwrap_or((parameters, ""));
        match protocol {
            "sqs" | "sqs_query" => Case { query: protocol == "sqs_query", argument: argument.to_owned() },
            _ => Case { query: false, argument: parameters.to_owned() },
        }
    }
}

pub struct Play {
    pub desk: Desk,
    pub answers: Map<String, Value>,
}

/// Lets everybody do everything: the recordings are not about permissions.
struct Everybody;

impl kit::Decider for Everybody {
    fn decide(&self, _: &kit::Context, _: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &kit::Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

impl Play {
    pub async fn new(_case: Case) -> Play {
        let mut desk = Desk::new().await;
        desk.cloud.set_decider(Arc::new(Everybody));
        let user = UserIdentity { account: "000000000000".into(), name: "somebody".into(), path: "/".into(), user_id: "AIDA".into() };
        desk.cx = desk.cx.with_principal(Principal::User(Arc::new(user)));
        Play { desk, answers: Map::new() }
    }
    /// A play with a standard queue.
    pub async fn queue(case: Case, attributes: Value) -> (Play, String) {
        let play = Play::new(case).await;
        let url = play.desk.queue("queue", attributes).await;
        (play, url)
    }
    /// A play with a FIFO queue.
    pub async fn fifo(case: Case, mut attributes: Value) -> (Play, String) {
        attributes["FifoQueue"] = "True".into();
        let play = Play::new(case).await;
        let url = play.desk.queue("queue.fifo", attributes).await;
        (play, url)
    }
    /// A call and what its caller sees of it.
    pub async fn see(&self, operation: &str, input: Value) -> Value {
        seen(self.desk.call(operation, input).await)
    }
    pub fn keep(&mut self, name: &str, answer: Value) {
        assert!(self.answers.insert(name.to_owned(), answer).is_none(), "{name} twice");
    }
    /// A call whose answer was recorded.
    pub async fn shot(&mut self, name: &str, operation: &str, input: Value) -> Value {
        let answer = self.see(operation, input).await;
        self.keep(name, answer.clone());
        answer
    }
    /// A receive whose answer was recorded.
    pub async fn received(&mut self, name: &str, url: &str, mut input: Value) -> Value {
        input["QueueUrl"] = url.into();
        self.shot(name, "ReceiveMessage", input).await
    }
    pub async fn delete_first(&self, url: &str, received: &Value) {
        self.desk.delete(url, &received["Messages"][0]).await;
    }
    pub async fn set(&self, url: &str, attributes: Value) {
        self.desk.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes })).await;
    }
    /// GetQueueAttributes under a recorded name.
    pub async fn attributes(&mut self, name: &str, url: &str, names: &[&str]) {
        self.shot(name, "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": names })).await;
    }
}

/// As boto shows it: the old code first, and the new one where the protocol has both.
fn seen(result: Result<Value, Fault>) -> Value {
    let fault = match result {
        Ok(answer) => return answer,
        Err(fault) => fault,
    };
    let old = fault.query_code.as_deref().unwrap_or(&fault.code);
    json!({ "Error": { "Code": old, "Message": fault.message, "Type": "Sender", "QueryErrorCode": fault.code } })
}
