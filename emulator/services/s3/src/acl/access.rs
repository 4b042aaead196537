//! What setting a list needs to be allowed, with the condition keys that policies look at.

use super::{Asked, asked, enforced};
use crate::{
    S3,
    access::{Maybe, all, bucket_need, object_need, version_need},
    model::*,
    state,
};
use kit::{Access, Authorize, Context, Need};

impl Authorize<S3> for PutBucketAclInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        all([bucket_need(cx, "s3:PutBucketAcl", &self.bucket).with_keys(asked!(self, write).keys())])
    }
}

impl Authorize<S3> for PutObjectAclInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let action = if self.version_id.is_some() { "s3:PutObjectVersionAcl" } else { "s3:PutObjectAcl" };
        let need = version_need(cx, action, &self.bucket, &self.key, self.version_id.as_deref());
        all([need.with_keys(asked!(self, write).keys())])
    }
}

/// What a write needs beside s3:PutObject when it brings a list along: nothing where lists are off and so can't change anything.
pub(crate) fn need(cx: &Context, bucket: &str, key: &str, asked: &Asked<'_>) -> Option<Need> {
    if !asked.is_any() {
        return None;
    }
    let found = cx.store().read(|s| state::find(s, bucket)).ok()?;
    if enforced(found.bucket.ownership.as_deref()) {
        return None;
    }
    // What is written is the writer's own: its account's policies decide.
    let need = object_need(cx, "s3:PutObjectAcl", bucket, key)?.owned_by(super::writer(cx, &found.scope.account));
    Some(need).with_keys(asked.keys())
}
