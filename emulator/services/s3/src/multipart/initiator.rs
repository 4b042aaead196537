//! Who began an upload may list its parts and give it up, unless somebody forbids it: in the bucket of somebody else, too.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuAndPermissions.html>

use crate::{
    acl,
    state::{Found, UPLOADS},
};
use kit::{Context, Fault, Need, Read, ResourceView};
use serde_json::json;

/// Actions that are the initiator's.
const ACTIONS: [&str; 2] = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];

/// The view of a need, with a statement for the caller where an upload of the key is its own.
pub(crate) fn with_initiators(cx: &Context, found: &Found, need: &Need, view: ResourceView) -> ResourceView {
    if !ACTIONS.contains(&&*need.action) || cx.principal().account().is_none() {
        return view;
    }
    let caller = cx.principal().arn();
    if !began_one(cx, found, need, &caller).unwrap_or(false) {
        return view;
    }
    let statement =
        json!({ "Sid": "Initiator", "Effect": "Allow", "Principal": { "AWS": caller }, "Action": need.action, "Resource": need.resource });
    ResourceView { policy: Some(acl::with_statement(view.policy.as_deref(), statement)), ..view }
}

fn began_one(cx: &Context, found: &Found, need: &Need, caller: &str) -> Result<bool, Fault> {
    let Some(key) = need.resource.strip_prefix(&format!("{}/", found.arn())) else { return Ok(false) };
    cx.store().read(|s| {
        for row in s.scan(&UPLOADS, &found.scope).prefix(&(found.name.as_str(), key)) {
            if row?.1.initiator.0 == caller {
                return Ok(true);
            }
        }
        Ok(false)
    })
}
