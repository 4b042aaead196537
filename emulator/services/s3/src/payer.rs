//! Requester pays: callers of other accounts must say that they will pay, and are told that they do. Nobody is billed here.

use crate::{
    model::Error,
    state::{self, Found},
};
use kit::{Context, Fault, Principal};

/// Whether the caller is one who pays: not the owner, and not a service.
fn pays(cx: &Context, found: &Found) -> bool {
    let outsider = match cx.principal() {
        Principal::Service { .. } => false,
        principal => principal.account() != Some(&*found.scope.account),
    };
    outsider && found.bucket.requester_pays
}

/// Refuses who doesn't say so, and strangers, whom nobody could bill.
pub(crate) fn expect(cx: &Context, found: &Found) -> Result<(), Fault> {
    if !pays(cx, found) {
        return Ok(());
    }
    match (cx.principal(), cx.source().request_payer.as_deref()) {
        (Principal::Anonymous, _) => Err(Error::AccessDenied.says("Anonymous users cannot request a requester pays bucket.")),
        (_, Some("requester")) => Ok(()),
        _ => Err(Error::AccessDenied.says("Bucket is requester pays bucket but no requester pays header present.")),
    }
}

/// Tells who pays that they do.
pub(crate) fn tell(cx: &Context, head: &http::request::Parts, answer: &mut http::HeaderMap) {
    if cx.source().request_payer.is_none() {
        return;
    }
    let bucket = head.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    if cx.store().read(|s| state::find(s, bucket)).is_ok_and(|found| pays(cx, &found)) {
        answer.insert("x-amz-request-charged", http::HeaderValue::from_static("requester"));
    }
}
