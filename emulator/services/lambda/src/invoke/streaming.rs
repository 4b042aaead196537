//! InvokeWithResponseStream: the answer as an event stream, chunk by chunk as the function gives it, and InvokeComplete at the end.

use super::{decode_context, end_of, payload, run, run::Call, run::Done, target};
use crate::{
    Lambda,
    model::*,
    names::Name,
    runtime::{api::Part, pools::Pools},
    state::*,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Body, Bytes, Context, Fault, Reply, ReplyBody};
use serde_json::json;
use std::{collections::VecDeque, future::Future, io, pin::Pin, sync::Arc};
use tokio::{sync::mpsc, task::JoinHandle};
use wire::{body::Chunks, event_stream::Message};

/// Parts that may wait for a slow caller; then the function waits.
const MOST_PARTS: usize = 16;
/// Bytes of one PayloadChunk.
const CHUNK_BYTES: usize = 1 << 20;
const STREAM: &str = "application/vnd.amazon.eventstream";

/// An invocation whose answer comes in parts.
pub(crate) struct Streamed {
    parts: mpsc::Receiver<Part>,
    running: JoinHandle<Result<Done, Fault>>,
    /// The part that was looked at.
    first: Option<Part>,
}

impl Streamed {
    /// Starts it, and waits for the first part of the answer or the end. Faults of the service come before any answer.
    pub async fn start(
        pools: &Arc<Pools>,
        cx: &Context,
        name: Name,
        payload: Bytes,
        tail: bool,
        client_context: Option<String>,
    ) -> Result<Streamed, Fault> {
        let target = target::resolve(cx, &name)?;
        let (sink, mut parts) = mpsc::channel(MOST_PARTS);
        let call = Call { name, payload, request_id: cx.request_id().to_owned(), client_context, tail, sink: Some(sink) };
        let (pools, cx) = (pools.clone(), cx.clone());
        let running = tokio::spawn(async move { run::run(&pools, &cx, target, call).await });
        // All senders are gone when the invocation is over.
        let first = parts.recv().await;
        if first.is_none() {
            let done = running.await.map_err(|e| Fault::internal(format!("an invocation ended early: {e}")))??;
            return Ok(Streamed { parts, running: tokio::spawn(async move { Ok(done) }), first });
        }
        Ok(Streamed { parts, running, first })
    }

    /// The content type that the runtime gave, where it streams.
    pub fn content_type(&self) -> Option<&str> {
        match &self.first {
            Some(Part::Began(content_type)) => content_type.as_deref(),
            _ => None,
        }
    }

    /// The next bytes of the answer; `None` at its end.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let part = match self.first.take() {
                Some(part) => part,
                None => self.parts.recv().await?,
            };
            if let Part::Bytes(bytes) = part {
                return Some(bytes);
            }
        }
    }

    /// How it ended. Its payload is the answer of a function that doesn't stream, or the error object.
    pub async fn done(&mut self) -> Result<Done, Fault> {
        (&mut self.running).await.map_err(|e| Fault::internal(format!("an invocation ended early: {e}")))?
    }
}

impl Lambda {
    /// Runs a function and answers while it does.
    pub async fn invoke_with_response_stream(
        &self,
        cx: &Context,
        input: InvokeWithResponseStreamInput,
    ) -> Result<Reply<InvokeWithResponseStreamOutput>, Fault> {
        if input.tenant_id.is_some() {
            return Err(not_implemented("tenants of functions"));
        }
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let event = payload(input.payload.unwrap_or_default(), InvocationType::RequestResponse)?;
        let target = target::resolve(cx, &name)?;
        if input.invocation_type == Some(ResponseStreamingInvocationType::DryRun) {
            return Ok(Reply::new(InvokeWithResponseStreamOutput { status_code: Some(204), ..Default::default() }).status(204));
        }
        let context = input.client_context.map(decode_context).transpose()?;
        let tail = input.log_type == Some(LogType::Tail);
        let streamed = Streamed::start(&self.pools, cx, name, event, tail, context).await?;
        let output = InvokeWithResponseStreamOutput {
            status_code: Some(200),
            executed_version: Some(target.config.version),
            response_stream_content_type: Some(STREAM.into()),
        };
        let body = Body::new(Events { streamed, ready: VecDeque::new(), over: false }, None);
        Ok(Reply::new(output).body(ReplyBody::Stream(body)).header("content-type", STREAM))
    }
}

/// The answer as events.
struct Events {
    streamed: Streamed,
    ready: VecDeque<Bytes>,
    over: bool,
}

impl Events {
    fn chunks(&mut self, mut bytes: Bytes) -> io::Result<()> {
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            self.push(&Message::event("PayloadChunk", "application/octet-stream", chunk))?;
        }
        Ok(())
    }

    fn push(&mut self, message: &Message) -> io::Result<()> {
        self.ready.push_back(message.encode().map_err(io::Error::other)?);
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        if let Some(bytes) = self.streamed.next().await {
            return self.chunks(bytes);
        }
        self.over = true;
        let done = self.streamed.done().await.map_err(io::Error::other)?;
        let mut complete = json!({});
        match &done.error {
            Some(kind) => {
                complete["ErrorCode"] = json!(kind);
                complete["ErrorDetails"] = json!(String::from_utf8_lossy(&done.payload));
            }
            None => self.chunks(done.payload)?,
        }
        if let Some(log) = &done.log {
            complete["LogResult"] = json!(BASE64_STANDARD.encode(end_of(log)));
        }
        self.push(&Message::event("InvokeComplete", "application/json", complete.to_string().into()))
    }
}

impl Chunks for Events {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(message) = self.ready.pop_front() {
                    return Some(Ok(message));
                }
                if self.over {
                    return None;
                }
                if let Err(error) = self.fill().await {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        })
    }
}
