//! All that the jobs know of S3: a handful of verbs. `s3.rs` speaks them to the real thing, tests to a map.

use std::future::Future;

use bytes::Bytes;
use serde::Serialize;

/// S3 did not do what it was asked, for a reason that may pass: the caller fails, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// S3's operation.
    pub operation: &'static str,
    /// Bucket and key.
    pub place: String,
    /// S3's error code, or what went wrong on the way.
    pub code: String,
    /// S3's sentence.
    pub message: String,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} failed: {}: {}", self.operation, self.place, self.code, self.message)
    }
}

impl std::error::Error for StoreError {}

/// What a look at an object found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// There is none.
    Missing,
    /// It is bigger than asked for; its body was not read.
    TooBig(Facts),
    /// The object.
    Object(Facts, Bytes),
}

/// What S3 says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The entity tag, without quotes.
    pub etag: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// What the uploader called it.
    pub content_type: Option<String>,
    /// When it was written, in seconds since 1970.
    pub modified_seconds: i64,
}

/// How a copy ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It was copied.
    Done,
    /// The source is gone or has changed since it was looked at.
    SourceChanged,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The keys, in order.
    pub keys: Vec<String>,
    /// Whether there are more behind the last.
    pub more: bool,
}

/// Objects by bucket and key.
pub trait Store: Send + Sync {
    /// Reads an object if it is no bigger than `max_bytes`.
    fn fetch(&self, bucket: &str, key: &str, max_bytes: u64) -> impl Future<Output = Result<Fetched, StoreError>> + Send;
    /// What S3 says of an object that exists.
    fn facts(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<Facts>, StoreError>> + Send;
    /// Writes an object.
    fn put(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Writes an object where there is none yet; says whether it did.
    fn put_new(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Writes an object that is kept long and seldom read: S3 moves it between the tiers of its class by how it is used.
    fn put_tiered(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Copies an object inside a bucket if its entity tag is still `etag`.
    fn copy(&self, bucket: &str, from: &str, etag: &str, to: &str) -> impl Future<Output = Result<Copied, StoreError>> + Send;
    /// Deletes an object; one that doesn't exist is deleted already.
    fn delete(&self, bucket: &str, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The first keys (a thousand at most) under a prefix, those behind `after` only.
    fn keys(&self, bucket: &str, prefix: &str, after: Option<&str>) -> impl Future<Output = Result<Keys, StoreError>> + Send;
}

/// Functions by name, started without waiting for them.
pub trait Invoke: Send + Sync {
    /// Gives Lambda an event (a megabyte at most) to run a function with; Lambda tries it again if it fails.
    fn send(&self, function: &str, event: &serde_json::Value) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A URL that does one thing for whoever holds it, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedUrl {
    /// The URL.
    pub url: String,
    /// Headers that the request must carry exactly, because they are signed.
    pub headers: Vec<(String, String)>,
}

/// Signing, which needs credentials and no network.
pub trait Sign: Send + Sync {
    /// A URL to PUT one object of exactly this type and length.
    fn upload_url(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        bytes: u64,
        seconds: u64,
    ) -> impl Future<Output = Result<SignedUrl, StoreError>> + Send;
    /// A URL to GET one object.
    fn download_url(&self, bucket: &str, key: &str, seconds: u64) -> impl Future<Output = Result<String, StoreError>> + Send;
}
