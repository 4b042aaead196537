//! Object lock: retentions on the clock, legal holds, the bucket's default.

use crate::{
    desk::{Allows, Desk},
    http::Answer,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use serde_json::json;
use std::sync::Arc;

const DAY: u64 = 86_400;

fn md5(body: &str) -> String {
    BASE64_STANDARD.encode(Md5::digest(body))
}

/// A bucket that locks.
async fn locking() -> Desk {
    let desk = Desk::new().await;
    desk.send("PUT", "/box", &[("x-amz-bucket-object-lock-enabled", "true")], b"").await.ok();
    desk
}

async fn put(desk: &Desk, headers: &[(&str, &str)]) -> Answer {
    let digest = md5("text");
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("content-md5", &*digest)]).collect();
    desk.send("PUT", "/box/k", &headers, b"text").await
}

/// A new version; its id.
async fn made(desk: &Desk, headers: &[(&str, &str)]) -> String {
    put(desk, headers).await.ok().header("x-amz-version-id").unwrap().to_owned()
}

async fn retain(desk: &Desk, mode: &str, until: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let body = format!("<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>");
    sent(desk, "/box/k?retention", headers, &body).await.fault()
}

async fn sent(desk: &Desk, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let digest = md5(body);
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("content-md5", &*digest)]).collect();
    desk.send("PUT", target, &headers, body.as_bytes()).await
}

async fn delete(desk: &Desk, id: &str, headers: &[(&str, &str)]) -> (u16, String) {
    desk.send("DELETE", &format!("/box/k?versionId={id}"), headers, b"").await.fault()
}

fn refused() -> (u16, String) {
    (403, "AccessDenied".into())
}

const BYPASS: (&str, &str) = ("x-amz-bypass-governance-retention", "true");

#[tokio::test]
async fn governance_yields_to_those_who_may_bypass_it_and_to_time() {
    let desk = locking().await;
    let id = made(&desk, &[]).await;
    let unset = desk.get("/box/k?retention").await;
    assert_eq!(unset.fault(), (404, "NoSuchObjectLockConfiguration".into()));
    assert_eq!(retain(&desk, "GOVERNANCE", "2023-11-20T00:00:00Z", &[]).await.0, 200);
    let read = desk.get("/box/k?retention").await.ok();
    assert_eq!(
        (read.element("Mode").unwrap(), read.element("RetainUntilDate").unwrap()),
        ("GOVERNANCE".into(), "2023-11-20T00:00:00.000Z".into())
    );
    let head = desk.ask("HEAD", "/box/k").await;
    assert_eq!(head.header("x-amz-object-lock-mode"), Some("GOVERNANCE"));
    assert!(head.header("x-amz-object-lock-retain-until-date").unwrap().starts_with("2023-11-20T00:00:00"));
    let locked = desk.ask("DELETE", &format!("/box/k?versionId={id}")).await;
    assert_eq!(locked.fault(), refused());
    assert_eq!(locked.element("Message").unwrap(), "Access Denied because object protected by object lock.");
    // Longer is always allowed, shorter is not.
    assert_eq!(retain(&desk, "GOVERNANCE", "2023-11-21T00:00:00Z", &[]).await.0, 200);
    assert_eq!(retain(&desk, "GOVERNANCE", "2023-11-19T00:00:00Z", &[]).await, refused());
    assert_eq!(sent(&desk, "/box/k?retention", &[], "<Retention/>").await.fault(), refused());
    assert_eq!(retain(&desk, "GOVERNANCE", "2023-11-19T00:00:00Z", &[BYPASS]).await.0, 200);
    // A delete marker hides and destroys nothing, so anybody may.
    desk.ask("DELETE", "/box/k").await.ok();
    desk.advance(5 * DAY).await;
    assert_eq!(delete(&desk, &id, &[]).await.0, 204);
    let other =
        made(&desk, &[("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2024-01-01T00:00:00Z")]).await;
    assert_eq!(delete(&desk, &other, &[]).await, refused());
    assert_eq!(delete(&desk, &other, &[BYPASS]).await.0, 204);
}

#[tokio::test]
async fn the_bypass_needs_a_permission() {
    let desk = locking().await;
    let id =
        made(&desk, &[("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2024-01-01T00:00:00Z")]).await;
    let target = format!("/box/k?versionId={id}");
    let may_delete = vec![("anonymous", "s3:DeleteObjectVersion", "arn:aws:s3:::box/k")];
    desk.cloud.set_decider(Arc::new(Allows(may_delete.clone())));
    assert_eq!(desk.send_as(None, "DELETE", &target, &[BYPASS], b"").await.fault(), refused());
    let may_bypass = [may_delete, vec![("anonymous", "s3:BypassGovernanceRetention", "arn:aws:s3:::box/k")]].concat();
    desk.cloud.set_decider(Arc::new(Allows(may_bypass)));
    assert_eq!(desk.send_as(None, "DELETE", &target, &[BYPASS], b"").await.status, 204);
}

#[tokio::test]
async fn compliance_yields_to_time_only() {
    let desk = locking().await;
    let id =
        made(&desk, &[("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", "2023-11-20T00:00:00Z")]).await;
    assert_eq!(delete(&desk, &id, &[BYPASS]).await, refused());
    assert_eq!(retain(&desk, "COMPLIANCE", "2023-11-18T00:00:00Z", &[BYPASS]).await, refused());
    assert_eq!(retain(&desk, "GOVERNANCE", "2023-12-20T00:00:00Z", &[BYPASS]).await, refused());
    assert_eq!(retain(&desk, "COMPLIANCE", "2023-11-21T00:00:00Z", &[]).await.0, 200);
    let list = format!("<Delete><Object><Key>k</Key><VersionId>{id}</VersionId></Object></Delete>");
    let digest = md5(&list);
    let batch = desk.send("POST", "/box?delete", &[("content-md5", &digest)], list.as_bytes()).await.ok();
    assert_eq!(batch.element("Code").unwrap(), "AccessDenied");
    desk.advance(5 * DAY).await;
    assert_eq!(delete(&desk, &id, &[]).await, refused());
    desk.advance(2 * DAY).await;
    assert_eq!(delete(&desk, &id, &[]).await.0, 204);
}

#[tokio::test]
async fn a_legal_hold_knows_no_time_and_no_bypass() {
    let desk = locking().await;
    let id = made(&desk, &[]).await;
    assert_eq!(desk.get("/box/k?legal-hold").await.fault(), (404, "NoSuchObjectLockConfiguration".into()));
    sent(&desk, "/box/k?legal-hold", &[], "<LegalHold><Status>ON</Status></LegalHold>").await.ok();
    assert_eq!(desk.get("/box/k?legal-hold").await.element("Status").unwrap(), "ON");
    assert_eq!(desk.ask("HEAD", "/box/k").await.header("x-amz-object-lock-legal-hold"), Some("ON"));
    desk.advance(400 * DAY).await;
    assert_eq!(delete(&desk, &id, &[BYPASS]).await, refused());
    sent(&desk, "/box/k?legal-hold", &[], "<LegalHold><Status>OFF</Status></LegalHold>").await.ok();
    assert_eq!(delete(&desk, &id, &[]).await.0, 204);
    let wrong = sent(&desk, "/box/k?legal-hold", &[], "<LegalHold><Status>MAYBE</Status></LegalHold>").await;
    assert_eq!(wrong.fault(), (400, "MalformedXML".into()));
}

#[tokio::test]
async fn new_objects_get_the_default_of_the_bucket() {
    let desk = locking().await;
    let rule = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    sent(&desk, "/box?object-lock", &[], rule).await.ok();
    assert_eq!(desk.get("/box?object-lock").await.ok().element("Days").unwrap(), "3");
    let id = made(&desk, &[]).await;
    let head = desk.ask("HEAD", "/box/k").await;
    assert_eq!(head.header("x-amz-object-lock-mode"), Some("COMPLIANCE"));
    assert!(head.header("x-amz-object-lock-retain-until-date").unwrap().starts_with("2023-11-17T22:13:20"));
    // A body without a digest can't be locked.
    let unproved = desk.send("PUT", "/box/k", &[], b"x").await;
    assert_eq!(unproved.fault(), (400, "InvalidRequest".into()));
    // A copy takes the default and not the source's lock.
    let own = [("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z")];
    made(&desk, &own).await;
    desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/k")], b"").await.ok();
    assert_eq!(desk.ask("HEAD", "/box/copy").await.header("x-amz-object-lock-mode"), Some("COMPLIANCE"));
    desk.advance(3 * DAY - 1).await;
    assert_eq!(delete(&desk, &id, &[]).await, refused());
    desk.advance(1).await;
    assert_eq!(delete(&desk, &id, &[]).await.0, 204);
}

#[tokio::test]
async fn an_upload_in_parts_is_locked_as_it_was_begun() {
    let desk = locking().await;
    let headers = [("x-amz-object-lock-legal-hold", "ON")];
    let upload = desk.send("POST", "/box/k?uploads", &headers, b"").await.ok().element("UploadId").unwrap();
    let part = desk.send("PUT", &format!("/box/k?partNumber=1&uploadId={upload}"), &[], b"x").await.ok();
    let etag = part.header("etag").unwrap().replace('"', "&quot;");
    let list = format!("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>");
    let done = desk.send("POST", &format!("/box/k?uploadId={upload}"), &[], list.as_bytes()).await.ok();
    assert_eq!(delete(&desk, done.header("x-amz-version-id").unwrap(), &[BYPASS]).await, refused());
}

#[tokio::test]
async fn what_cannot_be_locked_is_told_so() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "x").await;
    let code = async |target: &str, body: &str| sent(&desk, target, &[], body).await.fault();
    let (hold, retention) = (
        "<LegalHold><Status>ON</Status></LegalHold>",
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>",
    );
    let missing = (400, "InvalidRequest".to_owned());
    assert_eq!(code("/box/k?legal-hold", hold).await, missing);
    assert_eq!(code("/box/k?retention", retention).await, missing);
    assert_eq!(desk.get("/box/k?retention").await.fault(), missing);
    assert_eq!(put(&desk, &[("x-amz-object-lock-legal-hold", "ON")]).await.fault(), missing);
    assert_eq!(desk.get("/box?object-lock").await.fault(), (404, "ObjectLockConfigurationNotFoundError".into()));
    let idle = desk.send("DELETE", "/box/k", &[("x-amz-bypass-governance-retention", "false")], b"").await;
    assert_eq!(idle.fault(), (400, "InvalidArgument".into()));
    // Only a bucket that keeps versions may lock.
    let enabled = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    assert_eq!(code("/box?object-lock", enabled).await, (409, "InvalidBucketState".into()));
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    assert_eq!(code("/box?object-lock", enabled).await.0, 200);
    let off = json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Suspended" } });
    assert_eq!(desk.call("PutBucketVersioning", off).await.unwrap_err().code, "InvalidBucketState");
    for (rule, wanted) in [
        ("", "MalformedXML"),
        ("<DefaultRetention><Mode>GOVERNANCE</Mode></DefaultRetention>", "MalformedXML"),
        ("<DefaultRetention><Mode>BAD</Mode><Days>1</Days></DefaultRetention>", "MalformedXML"),
        ("<DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years></DefaultRetention>", "MalformedXML"),
        ("<DefaultRetention><Mode>GOVERNANCE</Mode><Days>0</Days></DefaultRetention>", "InvalidRetentionPeriod"),
    ] {
        let body =
            format!("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>{rule}</Rule></ObjectLockConfiguration>");
        assert_eq!(code("/box?object-lock", &body).await.1, wanted, "{rule}");
    }
    assert_eq!(code("/box?object-lock", "<ObjectLockConfiguration/>").await.1, "MalformedXML");
}

#[tokio::test]
async fn lock_headers_are_judged_as_recorded() {
    let desk = locking().await;
    let date = ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z");
    for (headers, name) in [
        (vec![("x-amz-object-lock-mode", "GOVERNANCE")], "x-amz-object-lock-retain-until-date"),
        (vec![date], "x-amz-object-lock-mode"),
        (vec![("x-amz-object-lock-mode", "BAD-VALUE"), date], "x-amz-object-lock-mode"),
        (vec![("x-amz-object-lock-legal-hold", "BAD-VALUE")], "x-amz-object-lock-legal-hold"),
    ] {
        let answer = put(&desk, &headers).await;
        assert_eq!((answer.fault(), answer.element("ArgumentName").unwrap()), ((400, "InvalidArgument".into()), name.into()));
    }
    made(&desk, &[]).await;
    let past = "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate></Retention>";
    let past = sent(&desk, "/box/k?retention", &[], past).await;
    assert_eq!(past.fault(), (400, "InvalidArgument".into()));
    assert_eq!(past.element("ArgumentValue").unwrap(), "Tue Dec 31 16:00:00 PST 2019");
    let half = sent(&desk, "/box/k?retention", &[], "<Retention><Mode>GOVERNANCE</Mode></Retention>").await;
    assert_eq!(half.fault(), (400, "MalformedXML".into()));
    assert_eq!(retain(&desk, "BAD", "2030-01-01T00:00:00Z", &[]).await.1, "MalformedXML");
    // A delete marker can't be locked.
    desk.ask("DELETE", "/box/k").await.ok();
    assert_eq!(retain(&desk, "GOVERNANCE", "2030-01-01T00:00:00Z", &[]).await, (405, "MethodNotAllowed".into()));
}
