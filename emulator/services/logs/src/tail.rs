//! StartLiveTail: a stream of events as they are written, once a second, for at most three hours.
//!
//! A session hears of events from the ones who write them; it reads nothing from the store. Seconds are real ones, for a client holds a socket
//! open; the three hours are the cloud's.

use crate::{Error, Logs, model::*, pattern::Pattern, state::*};
use kit::{Bytes, Context, Fault, Read, Scope, Timestamp};
use serde_json::{Value, json};
use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, error::TryRecvError};
use wire::{Body, Reply, ReplyBody, body::Chunks, event_stream::Message};

const STREAM: &str = "application/vnd.amazon.eventstream";
/// Events of one update; AWS samples above that.
const MOST_EVENTS: usize = 500;
const LONGEST_NS: i128 = 3 * 3600 * 1_000_000_000;
/// Batches that a slow session may be behind.
const BEHIND: usize = 1024;

/// Events that were written to a group together.
pub(crate) struct Batch {
    pub scope: Scope,
    pub group: String,
    pub events: Vec<Event>,
}

/// Tells sessions of what is written.
pub(crate) struct Bell(broadcast::Sender<Arc<Batch>>);

impl Default for Bell {
    fn default() -> Bell {
        Bell(broadcast::channel(BEHIND).0)
    }
}

impl Bell {
    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }
    pub fn ring(&self, batch: Batch) {
        // Nobody may listen any more, which is nobody's fault.
        let _ = self.0.send(Arc::new(batch));
    }
}

impl Logs {
    /// Begins a session.
    pub async fn start_live_tail(&self, cx: &Context, input: StartLiveTailInput) -> Result<Reply<StartLiveTailOutput>, Fault> {
        let invalid = |text: &str| Err(Error::InvalidParameter.says(text));
        if input.log_stream_names.is_some() && input.log_stream_name_prefixes.is_some() {
            return invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
        }
        let by_stream = input.log_stream_names.is_some() || input.log_stream_name_prefixes.is_some();
        if by_stream && input.log_group_identifiers.len() != 1 {
            return invalid("Streams can be named for one log group only.");
        }
        let mut groups = Vec::new();
        for identifier in &input.log_group_identifiers {
            let arn = kit::Arn::parse(identifier).ok_or_else(|| Error::InvalidParameter.says("logGroupIdentifiers must be ARNs."))?;
            let scope = Scope::new(arn.account, arn.region);
            let name = name_of(identifier).to_owned();
            cx.store()
                .read(|s| s.get(&GROUPS, &scope, &name))?
                .ok_or_else(|| Error::ResourceNotFound.says(format!("The specified log group {identifier} does not exist.")))?;
            groups.push((scope, name));
        }
        let started = json!({
            "requestId": cx.request_id(),
            "sessionId": cx.ids().uuid(),
            "logGroupIdentifiers": input.log_group_identifiers,
            "logStreamNames": input.log_stream_names.clone().unwrap_or_default(),
            "logStreamNamePrefixes": input.log_stream_name_prefixes.clone().unwrap_or_default(),
            "logEventFilterPattern": input.log_event_filter_pattern.clone().unwrap_or_default(),
        });
        let session = Session {
            pattern: Pattern::parse(input.log_event_filter_pattern.as_deref().unwrap_or(""))?,
            heard: self.bell.0.subscribe(),
            cx: cx.clone(),
            groups,
            streams: input.log_stream_names,
            prefixes: input.log_stream_name_prefixes,
            end: cx.now().plus_ns(LONGEST_NS),
            // A client of a JSON protocol reads the operation's output out of the first message.
            first: vec![event("sessionStart", &started), event("initial-response", &json!({}))],
            over: false,
        };
        let body = ReplyBody::Stream(Body::new(session, None));
        Ok(Reply::new(StartLiveTailOutput {}).body(body).header("content-type", STREAM))
    }
}

fn event(kind: &str, payload: &Value) -> Message {
    Message::event(kind, "application/json", Bytes::from(payload.to_string()))
}

/// A session that a client holds open.
struct Session {
    cx: Context,
    heard: broadcast::Receiver<Arc<Batch>>,
    groups: Vec<(Scope, String)>,
    streams: Option<Vec<String>>,
    prefixes: Option<Vec<String>>,
    pattern: Pattern,
    end: Timestamp,
    /// Messages to be sent before any other, the next one last.
    first: Vec<Message>,
    over: bool,
}

impl Session {
    async fn message(&mut self) -> Message {
        if let Some(first) = self.first.pop() {
            return first;
        }
        self.cx.cloud().clock().real_sleep(Duration::from_secs(1)).await;
        if self.cx.now() >= self.end {
            self.over = true;
            return timeout();
        }
        let (events, sampled) = self.gather();
        event("sessionUpdate", &json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": events }))
    }

    /// What was written since the last time, and whether that isn't all.
    fn gather(&mut self) -> (Vec<Value>, bool) {
        let (mut found, mut sampled) = (Vec::new(), false);
        loop {
            match self.heard.try_recv() {
                Ok(batch) => found.extend(self.wanted(&batch)),
                Err(TryRecvError::Lagged(_)) => sampled = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        sampled |= found.len() > MOST_EVENTS;
        found.truncate(MOST_EVENTS);
        (found, sampled)
    }

    fn wanted(&self, batch: &Batch) -> Vec<Value> {
        if !self.groups.iter().any(|(scope, name)| *scope == batch.scope && *name == batch.group) {
            return Vec::new();
        }
        let of_stream = |stream: &str| {
            self.streams.as_ref().is_none_or(|names| names.iter().any(|name| name == stream))
                && self.prefixes.as_ref().is_none_or(|prefixes| prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str())))
        };
        let events = batch.events.iter().filter(|event| of_stream(&event.stream) && self.pattern.matches(&event.message));
        let identifier = format!("{}:{}", batch.scope.account, batch.group);
        events
            .map(|event| {
                json!({
                    "logGroupIdentifier": identifier, "logStreamName": event.stream, "message": event.message,
                    "timestamp": event.at_ms, "ingestionTime": event.ingested_ms,
                })
            })
            .collect()
    }
}

/// How AWS ends a session that has lasted too long.
fn timeout() -> Message {
    let payload = json!({ "message": "Session timed out after 3 hours." });
    let mut message = event("", &payload);
    for (name, value) in &mut message.headers {
        let new = match name.as_str() {
            ":event-type" => (":exception-type", "SessionTimeoutException"),
            ":message-type" => (":message-type", "exception"),
            _ => continue,
        };
        (*name, *value) = (new.0.to_owned(), wire::event_stream::HeaderValue::Text(new.1.to_owned()));
    }
    message
}

impl Chunks for Session {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            if self.over {
                return None;
            }
            Some(self.message().await.encode().map_err(io::Error::other))
        })
    }
}
