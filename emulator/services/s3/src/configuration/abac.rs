//! Access by the bucket's tags: once it is switched on, a bucket's tags are condition keys of what is asked of the bucket and its objects.
//!
//! AWS documents `aws:ResourceTag/...` for it, looked at only where the switch is on, and lists `s3:BucketTag/...` as its own name of the same
//! in the service's actions; both are given here. While it is on, tags can't be changed by PutBucketTagging and DeleteBucketTagging. AWS has
//! them changed by S3 Control's TagResource, which is another service and not built: here they change while the switch is off.

use crate::{
    S3, errors,
    model::*,
    state::{self, Found, Tags},
};
use kit::{Context, Fault, Need, Read, Scope, Table, TableScope, Tx};

/// Tags of the buckets that are judged by them, beside the bucket's row: every request looks here, and most buckets aren't in it.
const JUDGED: Table<String, Tags> = Table::new("s3.abac", TableScope::Account);

/// Adds the tags of a bucket to what a request on it or on its objects needs, where the bucket wants that.
pub(crate) fn with_bucket_tags(cx: &Context, owner: &Scope, bucket: &str, mut need: Need) -> Need {
    let tags = cx.store().read(|s| s.get(&JUDGED, owner, &bucket.to_owned())).ok().flatten();
    for (name, value) in tags.unwrap_or_default() {
        need = need.key(format!("aws:ResourceTag/{name}"), value.clone()).key(format!("s3:BucketTag/{name}"), value);
    }
    need
}

/// Refuses to change tags of a bucket that is judged by them; the sentence is ours.
pub(crate) fn refuse_tagging(read: &impl Read, found: &Found) -> Result<(), Fault> {
    match read.get(&JUDGED, &found.scope, &found.name)? {
        None => Ok(()),
        Some(_) => Err(errors::invalid_request(
            "Tags of a bucket with attribute-based access control (ABAC) enabled are changed by TagResource and UntagResource, not by PutBucketTagging and DeleteBucketTagging.",
        )),
    }
}

/// A bucket went.
pub(crate) fn forget_bucket(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    tx.delete(&JUDGED, &found.scope, &found.name).map(|_| ())
}

impl S3 {
    /// Switches access by tags on or off.
    pub async fn put_bucket_abac(&self, cx: &Context, input: PutBucketAbacInput) -> Result<PutBucketAbacOutput, Fault> {
        let on = match input.abac_status.status {
            Some(BucketAbacStatus::Enabled) => true,
            Some(BucketAbacStatus::Disabled) => false,
            _ => return Err(errors::malformed_xml()),
        };
        let change = cx.store().write(|tx| {
            let found = state::find(tx, &input.bucket)?;
            state::expect_owner(&found, &input.expected_bucket_owner)?;
            match on {
                true => tx.put(&JUDGED, &found.scope, &found.name, &found.bucket.tags),
                false => forget_bucket(tx, &found),
            }
        });
        change.await?;
        Ok(PutBucketAbacOutput {})
    }

    /// Whether it is on.
    pub async fn get_bucket_abac(&self, cx: &Context, input: GetBucketAbacInput) -> Result<GetBucketAbacOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let on = cx.store().read(|s| s.get(&JUDGED, &found.scope, &found.name))?.is_some();
        let status = if on { BucketAbacStatus::Enabled } else { BucketAbacStatus::Disabled };
        Ok(GetBucketAbacOutput { abac_status: Some(AbacStatus { status: Some(status) }) })
    }
}
