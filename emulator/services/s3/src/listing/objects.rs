//! ListObjects and ListObjectsV2.

use super::{
    encodes, page_size, shown,
    walk::{Item, Walk, walk},
    wants_restore,
};
use crate::{
    S3,
    access::{self, Maybe},
    acl,
    model::*,
    restore,
    state::{self, Found},
};
use kit::{Access, Authorize, Context, Fault, pages};

fn list_access(cx: &Context, bucket: &str, prefix: &Option<String>, delimiter: &Option<String>, most: Option<i32>) -> Access {
    let need = access::bucket_need(cx, "s3:ListBucket", bucket)
        .maybe("s3:prefix", prefix.clone())
        .maybe("s3:delimiter", delimiter.clone())
        .maybe("s3:max-keys", most.map(|n| n.to_string()));
    access::all([need])
}

impl Authorize<S3> for ListObjectsInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        list_access(cx, &self.bucket, &self.prefix, &self.delimiter, self.max_keys)
    }
}
impl Authorize<S3> for ListObjectsV2Input {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        list_access(cx, &self.bucket, &self.prefix, &self.delimiter, self.max_keys)
    }
}

/// A page in the terms that both operations share.
struct Page {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    next: Option<String>,
}

impl Page {
    fn key_count(&self) -> i32 {
        (self.contents.len() + self.prefixes.len()) as i32
    }
}

/// Absent where empty: XML has no empty list.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn page(s3: &S3, cx: &Context, found: &Found, asked: &Walk<'_>, encode: bool, with_owner: bool, restored: bool) -> Result<Page, Fault> {
    let (items, more) = cx.store().read(|s| walk(s, found, asked))?;
    let next = items.last().filter(|_| more).map(|item| item.marker().to_owned());
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(shown(&prefix, encode)) }),
            Item::Object(key, object) => contents.push(Object {
                key: Some(shown(&key, encode)),
                last_modified: Some(object.modified),
                e_tag: Some(format!("\"{}\"", object.etag)),
                checksum_algorithm: object.sum.as_ref().map(|sum| vec![sum.algorithm.name().to_owned()]),
                checksum_type: object.sum.as_ref().map(|sum| sum.kind().to_owned()),
                size: Some(object.size as i64),
                storage_class: Some(object.storage_class.clone().unwrap_or_else(|| "STANDARD".into())),
                owner: with_owner.then(|| s3.named(acl::shown_owner(found, &object))),
                restore_status: restored.then(|| restore::status(&object)).flatten(),
            }),
        }
    }
    Ok(Page { contents, prefixes, next })
}

impl S3 {
    /// The first version of the listing: pages go on behind a key.
    pub async fn list_objects(&self, cx: &Context, input: ListObjectsInput) -> Result<ListObjectsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let encode = encodes(input.encoding_type.as_deref())?;
        let most = page_size(input.max_keys, "max-keys")?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let marker = input.marker.clone().unwrap_or_default();
        let asked = Walk {
            prefix: &prefix,
            delimiter: input.delimiter.as_deref(),
            after: Some(&*marker).filter(|marker| !marker.is_empty()),
            most: most as usize,
        };
        // As recorded: strangers are not told whose the objects are.
        let known = *cx.principal() != kit::Principal::Anonymous;
        let page = page(self, cx, &found, &asked, encode, known, wants_restore(&input.optional_object_attributes))?;
        let delimited = input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty());
        Ok(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            marker: Some(shown(&marker, encode)),
            // Without a delimiter clients go on behind the last key.
            next_marker: page.next.as_deref().filter(|_| delimited).map(|next| shown(next, encode)),
            contents: some(page.contents),
            common_prefixes: some(page.prefixes),
            name: Some(found.name),
            prefix: Some(shown(&prefix, encode)),
            delimiter: input.delimiter.filter(|_| delimited).map(|delimiter| shown(&delimiter, encode)),
            max_keys: Some(most),
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    /// The second version: pages go on by an opaque token.
    pub async fn list_objects_v2(&self, cx: &Context, input: ListObjectsV2Input) -> Result<ListObjectsV2Output, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let encode = encodes(input.encoding_type.as_deref())?;
        let most = page_size(input.max_keys, "max-keys")?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let resumed = input.continuation_token.as_deref().map(read_token).transpose()?;
        let after = resumed.as_deref().or(input.start_after.as_deref()).filter(|after| !after.is_empty());
        let asked = Walk { prefix: &prefix, delimiter: input.delimiter.as_deref(), after, most: most as usize };
        let page =
            page(self, cx, &found, &asked, encode, input.fetch_owner == Some(true), wants_restore(&input.optional_object_attributes))?;
        Ok(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            key_count: Some(page.key_count()),
            next_continuation_token: page.next.as_deref().map(pages::token),
            contents: some(page.contents),
            common_prefixes: some(page.prefixes),
            name: Some(found.name),
            prefix: Some(shown(&prefix, encode)),
            delimiter: input.delimiter.filter(|delimiter| !delimiter.is_empty()).map(|delimiter| shown(&delimiter, encode)),
            max_keys: Some(most),
            encoding_type: input.encoding_type,
            // As recorded: a token is told, and the key that it took the place of is not.
            start_after: input.start_after.filter(|_| input.continuation_token.is_none()).map(|after| shown(&after, encode)),
            continuation_token: input.continuation_token,
            request_charged: None,
        })
    }
}

fn read_token(token: &str) -> Result<String, Fault> {
    let refused =
        || Fault::new("InvalidArgument", 400, "The continuation token provided is incorrect").with("ArgumentName", "continuation-token");
    pages::key_of(token).filter(|key| !key.is_empty()).ok_or_else(refused)
}
