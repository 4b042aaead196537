//! The port by which other services read and write objects: what they may is shown by a grant, what they do is journaled.

use crate::{
    acl,
    encryption::{self, Asked, Given},
    errors,
    listing::walk::{Item, Walk, walk},
    objects::{
        body::{self, Expected},
        conditions::WriteCondition,
        delete::delete_current,
        put::store,
    },
    restore,
    state::{self, Found, Headers, Object},
    tiering::Ledger,
    versions,
};
use kit::{
    Body, BoxFuture, Context, Fault, Grant, RecordKind, Scope,
    ports::{NewObject, ObjectBytes, ObjectInfo, Objects},
};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// What the s3 service offers to others.
pub(crate) struct Port {
    /// Where reads of watched objects are noted.
    pub accesses: Arc<Ledger>,
}

/// Bytes that one read may answer; more is read range by range.
const MOST_BYTES: u64 = 1 << 30;

impl Port {
    /// The current version, or the one of that id.
    async fn read(
        &self,
        cx: &Context,
        grant: Grant,
        (bucket, key, version): (&str, &str, Option<&str>),
        range: Option<Range<u64>>,
    ) -> Result<ObjectBytes, Fault> {
        grant.covers(if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" }, &arn(bucket, key))?;
        cx.cloud().apply_faults("s3", "GetObject", grant.resource()).await?;
        let (found, object, opened, length) = cx.store().read(|s| {
            let (found, object) = there(s, bucket, key, version)?;
            restore::readable(&object)?;
            let range = range.map_or(0..object.size, |range| range.start.min(object.size)..range.end.min(object.size));
            let length = range.end.saturating_sub(range.start);
            let opened = body::open(cx.store(), &object, range)?;
            Ok::<_, Fault>((found, object, opened, length))
        })?;
        self.accesses.note_source(cx, &found, key, &object).await?;
        if length > MOST_BYTES {
            return Err(Fault::internal(format!("{length} bytes of s3://{bucket}/{key} were asked for at once")));
        }
        let data_key = encryption::open(cx, &found, key, &object.encryption, &Given::default()).await?;
        let bytes = body::into_body(opened.with_key(data_key))
            .collect(length as usize)
            .await
            .map_err(|e| Fault::internal(format!("reading s3://{bucket}/{key}: {e}")))?;
        journal(cx, "GetObject", &grant);
        Ok(ObjectBytes { info: info(key, &object), bytes })
    }

    async fn describe(&self, cx: &Context, grant: Grant, bucket: &str, key: &str) -> Result<ObjectInfo, Fault> {
        grant.covers("s3:GetObject", &arn(bucket, key))?;
        let (_, object) = cx.store().read(|s| there(s, bucket, key, None))?;
        journal(cx, "HeadObject", &grant);
        Ok(info(key, &object))
    }

    async fn remove(&self, cx: &Context, grant: Grant, bucket: &str, key: &str) -> Result<(), Fault> {
        grant.covers("s3:DeleteObject", &arn(bucket, key))?;
        cx.store().write(|tx| state::find(tx, bucket).and_then(|found| delete_current(tx, cx, &found, key))).await?;
        journal(cx, "DeleteObject", &grant);
        Ok(())
    }

    async fn keys(
        &self,
        cx: &Context,
        grant: Grant,
        bucket: &str,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, Fault> {
        grant.covers("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"))?;
        let asked = Walk { prefix, delimiter: None, after: after.as_deref(), most: limit };
        let (items, _) = cx.store().read(|s| state::find(s, bucket).and_then(|found| walk(s, &found, &asked)))?;
        journal(cx, "ListObjectsV2", &grant);
        let described = items.into_iter().filter_map(|item| match item {
            Item::Object(key, object) => Some(info(&key, &object)),
            Item::Prefix(_) => None,
        });
        Ok(described.collect())
    }
}

/// Writes an object for who has shown a grant; encrypted as asked, or as is usual in the bucket.
pub(crate) async fn write(cx: &Context, grant: Grant, new: NewObject, from: Body, asked: &Asked<'_>) -> Result<ObjectInfo, Fault> {
    grant.covers("s3:PutObject", &arn(&new.bucket, &new.key))?;
    cx.cloud().apply_faults("s3", "PutObject", grant.resource()).await?;
    crate::objects::put::check_key(&new.key)?;
    let found = state::bucket(cx, &new.bucket, &None)?;
    let owned = acl::of_write(cx, &found, &acl::Asked::default())?;
    let sealing = encryption::begin(cx, &found, &new.key, asked).await?;
    let encryption = sealing.encryption.clone();
    let received = body::receive(cx, from, Expected { sealing, ..Expected::default() }).await?;
    let object = Object {
        encryption,
        owner: owned.owner,
        acl: owned.acl,
        size: received.size,
        etag: received.etag.clone(),
        modified: versions::whole_second(cx),
        sum: Some(received.sum.clone()),
        pieces: vec![received.into_piece()],
        headers: Headers { content_type: new.content_type, ..Headers::default() },
        metadata: new.metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect::<BTreeMap<_, _>>(),
        ..Object::default()
    };
    let (_, object) = store(cx, &new.bucket, &new.key, object, &WriteCondition::Always, "ObjectCreated:Put").await?;
    journal(cx, "PutObject", &grant);
    Ok(info(&new.key, &object))
}

fn arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// The current version of a key, unless a delete marker hides it, or the one of that id.
fn there(read: &impl kit::Read, bucket: &str, key: &str, id: Option<&str>) -> Result<(Found, Object), Fault> {
    let found = state::find(read, bucket)?;
    match (versions::lookup(read, &found, key, id)?, id) {
        (Some(version), _) if !version.object.delete_marker => Ok((found, version.object)),
        (_, Some(id)) => Err(errors::no_such_version(key, id)),
        (_, None) => Err(errors::no_such_key(key)),
    }
}

fn info(key: &str, object: &Object) -> ObjectInfo {
    ObjectInfo {
        key: key.to_owned(),
        size: object.size,
        etag: object.etag.clone(),
        content_type: object.headers.content_type.clone().unwrap_or_else(|| "binary/octet-stream".into()),
        last_modified: object.modified,
        version_id: object.version_id.clone(),
    }
}

fn journal(cx: &Context, operation: &str, grant: &Grant) {
    cx.cloud().journal().write(cx, RecordKind::Request, "s3", operation, grant.resource(), "ok", serde_json::Value::Null);
}

impl Objects for Port {
    fn get<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        bucket: &'a str,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(self.read(cx, grant, (bucket, key, None), range))
    }
    fn get_version<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        bucket: &'a str,
        key: &'a str,
        version: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(self.read(cx, grant, (bucket, key, Some(version)), range))
    }
    fn head<'a>(&'a self, cx: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(self.describe(cx, grant, bucket, key))
    }
    fn put<'a>(&'a self, cx: &'a Context, grant: Grant, object: NewObject, body: Body) -> BoxFuture<'a, Result<ObjectInfo, Fault>> {
        Box::pin(async move { write(cx, grant, object, body, &Asked::nothing()).await })
    }
    fn delete<'a>(&'a self, cx: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.remove(cx, grant, bucket, key))
    }
    fn list<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectInfo>, Fault>> {
        Box::pin(self.keys(cx, grant, bucket, prefix, after, limit))
    }
    fn owner(&self, cx: &Context, bucket: &str) -> Option<Scope> {
        state::owner(cx, bucket)
    }
}
