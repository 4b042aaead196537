//! A store made of a map, with a log of what was written and a list of what shall fail.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;

use crate::store::{Copied, Facts, Fetched, Keys, Sign, SignedUrl, Store, StoreError};

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) body: Bytes,
    pub(super) content_type: String,
}

#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    objects: Mutex<BTreeMap<(String, String), Object>>,
    /// Operations and keys in the order of writing.
    pub(super) writes: Mutex<Vec<String>>,
    /// The next calls of these operations fail.
    pub(super) failing: Mutex<Vec<&'static str>>,
    /// Put in place of an upload as soon as the first rendition is written.
    pub(super) swap: Mutex<Option<(String, Bytes)>>,
}

pub(super) const MODIFIED: i64 = 1_790_000_000; // 2026-09-21

impl MemoryStore {
    pub(super) fn add(&self, bucket: &str, key: &str, body: Vec<u8>) {
        let object = Object { body: body.into(), content_type: "image/jpeg".to_owned() };
        self.objects.lock().unwrap().insert((bucket.to_owned(), key.to_owned()), object);
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Object> {
        self.objects.lock().unwrap().get(&(bucket.to_owned(), key.to_owned())).cloned()
    }

    pub(super) fn remove(&self, bucket: &str, key: &str) {
        self.objects.lock().unwrap().remove(&(bucket.to_owned(), key.to_owned()));
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().map(|(bucket, key)| format!("{bucket}/{key}")).collect()
    }

    fn call(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        let mut failing = self.failing.lock().unwrap();
        if let Some(at) = failing.iter().position(|failing| *failing == operation) {
            failing.remove(at);
            return Err(StoreError {
                operation,
                place: key.to_owned(),
                code: "SlowDown".to_owned(),
                message: "Reduce your request rate.".to_owned(),
            });
        }
        Ok(())
    }

    fn wrote(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        self.call(operation, key)?;
        self.writes.lock().unwrap().push(format!("{operation} {key}"));
        Ok(())
    }
}

fn facts(object: &Object) -> Facts {
    use sha2::Digest;
    Facts {
        etag: crate::keys::hex(&sha2::Sha256::digest(&object.body)[..16]),
        bytes: object.body.len() as u64,
        content_type: Some(object.content_type.clone()),
        modified_seconds: MODIFIED,
    }
}

impl Store for MemoryStore {
    async fn fetch(&self, bucket: &str, key: &str, max_bytes: u64) -> Result<Fetched, StoreError> {
        self.call("GetObject", key)?;
        Ok(match self.get(bucket, key) {
            None => Fetched::Missing,
            Some(object) if object.body.len() as u64 > max_bytes => Fetched::TooBig(facts(&object)),
            Some(object) => Fetched::Object(facts(&object), object.body),
        })
    }

    async fn facts(&self, bucket: &str, key: &str) -> Result<Option<Facts>, StoreError> {
        self.call("HeadObject", key)?;
        Ok(self.get(bucket, key).map(|object| facts(&object)))
    }

    async fn put(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<(), StoreError> {
        self.wrote("PutObject", key)?;
        if let Some((upload, body)) = self.swap.lock().unwrap().take() {
            self.add(bucket, &upload, body.to_vec());
        }
        let object = Object { body, content_type: content_type.to_owned() };
        self.objects.lock().unwrap().insert((bucket.to_owned(), key.to_owned()), object);
        Ok(())
    }

    async fn put_new(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<bool, StoreError> {
        if self.get(bucket, key).is_some() {
            return Ok(false);
        }
        self.put(bucket, key, body, content_type).await.map(|()| true)
    }

    async fn put_tiered(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<(), StoreError> {
        self.put(bucket, key, body, content_type).await
    }

    async fn copy(&self, bucket: &str, from: &str, etag: &str, to: &str) -> Result<Copied, StoreError> {
        self.wrote("CopyObject", to)?;
        match self.get(bucket, from) {
            Some(object) if facts(&object).etag == etag => {
                self.objects.lock().unwrap().insert((bucket.to_owned(), to.to_owned()), object);
                Ok(Copied::Done)
            }
            _ => Ok(Copied::SourceChanged),
        }
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        self.wrote("DeleteObject", key)?;
        self.remove(bucket, key);
        Ok(())
    }

    async fn keys(&self, bucket: &str, prefix: &str, after: Option<&str>) -> Result<Keys, StoreError> {
        self.call("ListObjectsV2", prefix)?;
        const PAGE: usize = 10; // S3 gives a thousand; ten make a test walk pages
        let objects = self.objects.lock().unwrap();
        let mut keys = objects
            .keys()
            .filter(|(of, key)| of == bucket && key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after))
            .map(|(_, key)| key.clone());
        let page: Vec<String> = keys.by_ref().take(PAGE).collect();
        Ok(Keys { keys: page, more: keys.next().is_some() })
    }
}

impl Sign for MemoryStore {
    async fn upload_url(&self, bucket: &str, key: &str, content_type: &str, bytes: u64, seconds: u64) -> Result<SignedUrl, StoreError> {
        let headers = vec![("content-type".to_owned(), content_type.to_owned()), ("content-length".to_owned(), bytes.to_string())];
        Ok(SignedUrl { url: format!("https://{bucket}/{key}?for={seconds}"), headers })
    }

    async fn download_url(&self, bucket: &str, key: &str, seconds: u64) -> Result<String, StoreError> {
        Ok(format!("https://{bucket}/{key}?for={seconds}"))
    }
}
