//! Conditions on tags: those that an object has (`s3:ExistingObjectTag/...`) and those that a request brings (`s3:RequestObjectTag/...`).
//!
//! Needs that S3 makes itself are given them where they are made. Needs of other services, which read and write through the port, are
//! completed here, so that what a policy says of an object's tags or account counts for them, too.

use super::{Maybe, object_need, with_bucket_tags};
use crate::{
    state::{self, Found, Tags},
    versions,
};
use kit::{Context, Fault, Need};

/// The account of the resource; every need of S3 has it, so that it also tells which are complete.
pub(crate) const RESOURCE_ACCOUNT: &str = "s3:ResourceAccount";

/// A need on a version, judged by the tags that it has, too.
pub(crate) fn version_need(cx: &Context, action: &'static str, bucket: &str, key: &str, version_id: Option<&str>) -> Option<Need> {
    let need = object_need(cx, action, bucket, key).maybe("s3:VersionId", version_id.map(str::to_owned))?;
    Some(with_tags(need, lookup(cx, bucket, key, version_id)))
}

/// Adds the tags that the object has.
pub(super) fn with_tags(mut need: Need, there: Option<Result<Option<versions::Version>, Fault>>) -> Need {
    // A version that can't be found has no tags; the handler tells what is wrong with it.
    let tags = there.and_then(Result::ok).flatten().map(|version| version.object.tags);
    for (name, value) in tags.unwrap_or_default() {
        need = need.key(format!("s3:ExistingObjectTag/{name}"), value);
    }
    need
}

/// Adds the tags that a request is to give the object.
pub(crate) fn with_request_tags(need: Option<Need>, tags: &Tags) -> Option<Need> {
    let mut need = need?.keys("s3:RequestObjectTagKeys", tags.iter().map(|(name, _)| name.clone()).collect());
    for (name, value) in tags {
        need = need.key(format!("s3:RequestObjectTag/{name}"), value);
    }
    Some(need)
}

/// A version, to be judged by its tags; `None` where there is no such bucket.
pub(super) fn lookup(cx: &Context, bucket: &str, key: &str, version_id: Option<&str>) -> Option<Result<Option<versions::Version>, Fault>> {
    // Name and owner are all that finding a version needs; the bucket's settings stay unread.
    let found = Found { name: bucket.to_owned(), scope: state::owner(cx, bucket)?, bucket: Default::default() };
    Some(cx.store().read(|s| versions::lookup(s, &found, key, version_id)))
}

/// What other services' needs on buckets and objects lack; `None` where nothing does.
pub(crate) fn complete(cx: &Context, need: &Need) -> Option<Need> {
    if need.keys.iter().any(|(name, _)| name == RESOURCE_ACCOUNT) {
        return None;
    }
    let place = need.resource.strip_prefix("arn:aws:s3:::")?;
    let (bucket, key) = place.split_once('/').map_or((place, None), |(bucket, key)| (bucket, Some(key)));
    let owner = state::owner(cx, bucket)?;
    let whole = with_bucket_tags(cx, &owner, bucket, need.clone().key(RESOURCE_ACCOUNT, &*owner.account));
    let Some(key) = key.filter(|_| need.action.starts_with("s3:GetObject")) else { return Some(whole) };
    let id = need.keys.iter().find(|(name, _)| name == "s3:VersionId").and_then(|(_, values)| values.first());
    Some(with_tags(whole, lookup(cx, bucket, key, id.map(String::as_str))))
}
