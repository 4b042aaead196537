//! Functions that are closures of this process: a test registers one, deploys its package like any other zip, and can step through it with a
//! debugger. Around it everything is as it is around a process: versions, concurrency, timeouts on the clock, START and REPORT, error objects.
//! Memory, /tmp and environment variables are the process's own.

use crate::{invoke::closure::Warm, runtime::pools::Key};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use kit::{BoxFuture, Timestamp, ports::TemporaryKey};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    io::{self, Write},
    sync::Arc,
};

/// The one file of a package that stands for a closure.
const MARKER: &str = "windtunnel-in-process";

/// What a closure is told of its event beside the event itself.
#[derive(Clone)]
pub struct Invocation {
    /// AwsRequestId.
    pub request_id: String,
    /// The ARN as it was invoked, with its qualifier.
    pub function_arn: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// When the time is over, virtual.
    pub deadline: Timestamp,
    /// `Root=...;Parent=...;Sampled=0`
    pub trace: String,
    /// The environment variables that the function is configured with.
    pub variables: BTreeMap<String, String>,
    /// Credentials of the function's role, for SDK clients.
    pub credentials: TemporaryKey,
    /// Where these clients send their calls.
    pub endpoint: String,
    pub(crate) clock: kit::Clock,
    pub(crate) lines: Arc<Mutex<Vec<(Timestamp, String)>>>,
}

impl Invocation {
    /// Writes a line to the function's log.
    pub fn log(&self, line: impl Into<String>) {
        self.lines.lock().push((self.clock.now(), line.into()));
    }
    /// The time that is left, by the cloud's clock.
    pub fn remaining(&self) -> std::time::Duration {
        let left = self.deadline.unix_ns - self.clock.now().unix_ns;
        std::time::Duration::from_nanos(left.clamp(0, u64::MAX as i128) as u64)
    }
}

/// How a closure fails: `errorType` and `errorMessage` of the error object.
#[derive(Clone, Debug, PartialEq)]
pub struct HandlerError {
    /// errorType
    pub kind: String,
    /// errorMessage
    pub message: String,
}

impl HandlerError {
    /// An error of this type.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> HandlerError {
        HandlerError { kind: kind.into(), message: message.into() }
    }
}

impl<E: std::error::Error> From<E> for HandlerError {
    fn from(error: E) -> HandlerError {
        HandlerError::new(std::any::type_name::<E>(), error.to_string())
    }
}

/// A closure as a function's code.
pub trait Handler: Send + Sync {
    /// Works on one event.
    fn call(&self, event: Value, invocation: Invocation) -> BoxFuture<'static, Result<Value, HandlerError>>;
}

impl<F, W> Handler for F
where
    F: Fn(Value, Invocation) -> W + Send + Sync,
    W: Future<Output = Result<Value, HandlerError>> + Send + 'static,
{
    fn call(&self, event: Value, invocation: Invocation) -> BoxFuture<'static, Result<Value, HandlerError>> {
        Box::pin(self(event, invocation))
    }
}

/// The deployment package that stands for the closure of this name: a zip as CreateFunction takes it.
pub fn package(name: &str) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    // The same bytes for the same name, whenever they are made: the closure is found by their sum.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    writer.start_file(MARKER, options).map_err(io::Error::other)?;
    writer.write_all(name.as_bytes())?;
    Ok(writer.finish().map_err(io::Error::other)?.into_inner())
}

/// The closures of a cloud.
#[derive(Default)]
pub(crate) struct Registry {
    /// By the CodeSha256 of their packages.
    handlers: Mutex<HashMap<String, Arc<dyn Handler>>>,
    /// What stands for idle environments, by kind and revision.
    idle: Mutex<HashMap<(Key, String), Vec<Warm>>>,
}

impl Registry {
    /// Takes a closure, in the place of one of the same name.
    pub fn add(&self, name: &str, handler: Arc<dyn Handler>) -> io::Result<()> {
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(package(name)?));
        self.handlers.lock().insert(sha256, handler);
        Ok(())
    }
    /// The closure behind a package.
    pub fn find(&self, sha256: &str) -> Option<Arc<dyn Handler>> {
        self.handlers.lock().get(sha256).cloned()
    }
    pub fn take(&self, key: &Key, revision: &str) -> Option<Warm> {
        self.idle.lock().get_mut(&(key.clone(), revision.to_owned()))?.pop()
    }
    pub fn give(&self, key: Key, revision: String, warm: Warm) {
        self.idle.lock().entry((key, revision)).or_default().push(warm);
    }
}

/// An answer as the runtime would have sent it.
pub(crate) fn told(result: Result<Value, HandlerError>) -> Result<Bytes, (Bytes, String)> {
    result.map(|value| Bytes::from(value.to_string())).map_err(|error| {
        let object = serde_json::json!({ "errorType": error.kind, "errorMessage": error.message });
        (Bytes::from(object.to_string()), error.kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_sum() {
        let registry = Registry::default();
        registry.add("f", Arc::new(|event, _| async move { Ok(event) })).unwrap();
        let sum = |name: &str| BASE64_STANDARD.encode(Sha256::digest(package(name).unwrap()));
        assert!(registry.find(&sum("f")).is_some() && registry.find(&sum("g")).is_none());
    }
}
