//! Objects in a map, for services that read and write them through the port.

use kit::ports::{NewObject, ObjectBytes, ObjectInfo, Objects};
use kit::store::Scope;
use kit::{Body, BoxFuture, Bytes, Context, Fault, Grant};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Buckets come into being with their first object. Grants are checked as S3 checks them.
#[derive(Default)]
pub struct Shelf {
    objects: Mutex<BTreeMap<(String, String), Bytes>>,
    /// Bytes that were read.
    pub read: Mutex<u64>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Arc<Shelf> {
        Arc::default()
    }
    /// Puts an object there.
    pub fn set(&self, bucket: &str, key: &str, body: impl Into<Bytes>) {
        self.objects.lock().unwrap().insert((bucket.into(), key.into()), body.into());
    }
    /// An object's bytes.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.objects.lock().unwrap().get(&(bucket.into(), key.into())).cloned()
    }
    /// Takes an object away.
    pub fn remove(&self, bucket: &str, key: &str) {
        self.objects.lock().unwrap().remove(&(bucket.into(), key.into()));
    }
    fn find(&self, bucket: &str, key: &str) -> Result<Bytes, Fault> {
        self.get(bucket, key).ok_or_else(|| Fault::new("NoSuchKey", 404, "The specified key does not exist."))
    }
}

fn info(key: &str, bytes: &Bytes) -> ObjectInfo {
    ObjectInfo { key: key.into(), size: bytes.len() as u64, ..ObjectInfo::default() }
}

impl Objects for Shelf {
    fn get<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        bucket: &'a str,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(async move {
            grant.covers("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}"))?;
            let bytes = self.find(bucket, key)?;
            let range = range.map_or(0..bytes.len(), |r| r.start as usize..(r.end as usize).min(bytes.len()));
            *self.read.lock().unwrap() += range.len() as u64;
            Ok(ObjectBytes { info: info(key, &bytes), bytes: bytes.slice(range) })
        })
    }
    fn head<'a>(&'a self, _: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move {
            grant.covers("s3:GetObject", &format!("arn:aws:s3:::{bucket}/{key}"))?;
            Ok(info(key, &self.find(bucket, key)?))
        })
    }
    fn put<'a>(&'a self, _: &'a Context, grant: Grant, object: NewObject, mut body: Body) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move {
            grant.covers("s3:PutObject", &format!("arn:aws:s3:::{}/{}", object.bucket, object.key))?;
            let bytes = body.collect(64 << 20).await.map_err(|e| Fault::internal(e.to_string()))?;
            let info = info(&object.key, &bytes);
            self.set(&object.bucket, &object.key, bytes);
            Ok(info)
        })
    }
    fn delete<'a>(&'a self, _: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("s3:DeleteObject", &format!("arn:aws:s3:::{bucket}/{key}"))?;
            self.remove(bucket, key);
            Ok(())
        })
    }
    fn list<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"))?;
            let objects = self.objects.lock().unwrap();
            let mine = objects.iter().filter(|((b, key), _)| b == bucket && key.starts_with(prefix));
            let rest = mine.filter(|((_, key), _)| after.as_ref().is_none_or(|after| key > after));
            Ok(rest.take(limit).map(|((_, key), bytes)| info(key, bytes)).collect())
        })
    }
    fn owner(&self, _: &Context, _: &str) -> Option<Scope> {
        None
    }
}
