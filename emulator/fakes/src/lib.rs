//! What stands where a service under test sends: functions, queues, topics, log groups, workflows and roles, which remember what they were told. For
//! tests only. Grants are checked as the real ones check them.

pub mod keys;
pub mod like;
pub mod objects;
pub mod recorded;

use kit::ports::{Functions, Invocation, Invoked, LogLines, QueueMessage, Queues, Sessions, TemporaryKey, Topics, Workflows};
use kit::{BoxFuture, Context, Fault, Grant, Ports, RoleSession, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Something that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// ARN of the target; log group for lines.
    pub to: String,
    pub body: String,
    pub attributes: BTreeMap<String, String>,
    pub group: Option<String>,
    /// Subject of what a topic was told.
    pub subject: Option<String>,
    /// Who sent it.
    pub by: String,
    pub at: Timestamp,
}

impl Sent {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// The targets of one service.
#[derive(Default)]
pub struct Told {
    /// Who assumes roles here: `events.amazonaws.com`.
    service: &'static str,
    /// What was sent, oldest first.
    pub sent: Mutex<Vec<Sent>>,
    /// What is sent to these ARNs fails with the fault.
    pub broken: Mutex<BTreeMap<String, Fault>>,
}

impl Told {
    /// What stands behind a service, which assumes roles by this name.
    pub fn by(service: &'static str) -> Arc<Told> {
        Arc::new(Told { service, ..Told::default() })
    }
    /// Offers all ports but that of workflows, which a test that has Glue itself would lose.
    pub fn offer(self: &Arc<Self>, ports: &Ports) {
        ports.offer_functions(self.clone());
        ports.offer_queues(self.clone());
        ports.offer_topics(self.clone());
        ports.offer_logs(self.clone());
        ports.offer_sessions(self.clone());
    }
    /// All that was sent to an ARN; it is forgotten here.
    pub fn take(&self, to: &str) -> Vec<Sent> {
        let mut all = self.sent.lock().unwrap();
        let (mine, rest) = all.drain(..).partition(|sent| sent.to == to);
        *all = rest;
        mine
    }
    /// The one thing that was sent to an ARN.
    pub fn only(&self, to: &str) -> Sent {
        let mut mine = self.take(to);
        assert_eq!(mine.len(), 1, "{mine:?}");
        mine.remove(0)
    }
    /// From now on what is sent to an ARN fails.
    pub fn fail(&self, arn: &str, fault: Fault) {
        self.broken.lock().unwrap().insert(arn.into(), fault);
    }
    fn keep(&self, cx: &Context, to: &str, body: String, attributes: Vec<(String, String)>, group: Option<String>) -> Result<(), Fault> {
        if let Some(fault) = self.broken.lock().unwrap().get(to) {
            return Err(fault.clone());
        }
        let attributes = attributes.into_iter().collect();
        let sent = Sent { to: to.into(), body, attributes, group, subject: None, by: cx.principal().arn(), at: cx.now() };
        self.sent.lock().unwrap().push(sent);
        Ok(())
    }
}

impl Functions for Told {
    fn invoke<'a>(&'a self, cx: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            assert!(call.asynchronous, "functions are invoked asynchronously");
            self.keep(cx, &call.function_arn, String::from_utf8(call.payload.to_vec()).unwrap(), Vec::new(), None)?;
            Ok(Invoked { status: 202, ..Invoked::default() })
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

impl Queues for Told {
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        self.deliver(cx, grant, queue_arn, QueueMessage::text(body, attributes))
    }
    fn deliver<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        message: QueueMessage,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", queue_arn)?;
            let attributes = message.attributes.into_iter().map(|a| (a.name, String::from_utf8(a.value.to_vec()).unwrap())).collect();
            self.keep(cx, queue_arn, message.body, attributes, message.group)?;
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

impl Topics for Told {
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
            self.keep(cx, topic_arn, message, attributes, None)?;
            if let Some(sent) = self.sent.lock().unwrap().last_mut() {
                sent.subject = subject;
            }
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

impl LogLines for Told {
    fn append<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        group: &'a str,
        stream: &'a str,
        lines: Vec<(Timestamp, String)>,
        create: bool,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let arn = format!("arn:aws:logs:{}:{}:log-group:{group}:log-stream:{stream}", cx.region(), cx.account());
            grant.covers("logs:PutLogEvents", &arn)?;
            assert!(create);
            for (at, text) in lines {
                self.keep(cx, group, text, vec![("at_ms".into(), at.millis().to_string())], None)?;
            }
            Ok(())
        })
    }
    fn exists(&self, _: &Context, group: &str) -> bool {
        !group.contains("missing")
    }
}

impl Workflows for Told {
    fn notify<'a>(&'a self, cx: &'a Context, grant: Grant, workflow_arn: &'a str, event_id: String) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("glue:notifyEvent", workflow_arn)?;
            self.keep(cx, workflow_arn, event_id, Vec::new(), None)
        })
    }
}

impl Sessions for Told {
    fn for_service<'a>(
        &'a self,
        _: &'a Context,
        role_arn: &'a str,
        service: &'a str,
        session_name: &'a str,
        _: u32,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        Box::pin(async move {
            assert_eq!(service, self.service);
            let Some(name) = role_arn.rsplit('/').next().filter(|name| *name != "missing") else {
                return Err(Fault::new("AccessDenied", 403, "the role does not trust the service"));
            };
            let session = RoleSession {
                account: role_arn.split(':').nth(4).unwrap().into(),
                role_name: name.into(),
                role_path: "/".into(),
                role_id: "AROA".into(),
                session_name: session_name.into(),
                session_policies: Vec::new(),
                tags: Vec::new(),
                federated: None,
                expires: Timestamp::default(),
            };
            Ok(TemporaryKey {
                access_key_id: "LSIA".into(),
                secret_access_key: "secret".into(),
                session_token: "token".into(),
                expires: Timestamp::default(),
                session,
            })
        })
    }
}
