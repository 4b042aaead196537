//! RenameObject.

use crate::{
    desk::{Allows, Desk, FUNCTION, to_function},
    http::Answer,
};
use fakes::keys::{FakeKeys, KEY};
use serde_json::json;
use std::sync::Arc;

async fn rename(desk: &Desk, target: &str, source: &str, more: &[(&str, &str)]) -> Answer {
    let headers = [&[("x-amz-rename-source", source)], more].concat();
    desk.send("PUT", &format!("{target}?renameObject"), &headers, b"").await
}

#[tokio::test]
async fn all_that_belongs_to_an_object_goes_along() {
    let desk = Desk::with_bucket("box").await;
    let headers =
        [("x-amz-meta-colour", "blue"), ("content-type", "text/x"), ("x-amz-tagging", "a=1"), ("x-amz-storage-class", "STANDARD_IA")];
    let put = desk.send("PUT", "/box/old%20name%2B", &headers, b"text").await.ok();
    desk.advance(3600).await;
    let renamed = rename(&desk, "/box/new", "/box/old%20name%2B", &[]).await.ok();
    assert_eq!((renamed.status, renamed.text().as_str()), (200, ""));
    let got = desk.send("GET", "/box/new", &[("x-amz-checksum-mode", "ENABLED")], b"").await.ok();
    assert_eq!(got.text(), "text");
    for (name, value) in [("x-amz-meta-colour", "blue"), ("content-type", "text/x"), ("x-amz-storage-class", "STANDARD_IA")] {
        assert_eq!(got.header(name), Some(value));
    }
    assert_eq!((got.header("etag"), got.header("x-amz-checksum-crc64nvme")), (put.header("etag"), put.header("x-amz-checksum-crc64nvme")));
    // As documented, the date of the last change stays.
    assert_eq!(got.header("last-modified"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    assert_eq!(desk.get("/box/new?tagging").await.element("Value").unwrap(), "1");
    assert_eq!(desk.keys("box").await, ["new"]);
    // Over another object: the body of that goes, this one stays whole.
    desk.put("/box/other", "there before").await;
    rename(&desk, "/box/other", "box/new", &[]).await.ok();
    assert_eq!((desk.keys("box").await, desk.get("/box/other").await.text()), (vec!["other".to_owned()], "text".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_renamed_stays() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "text").await;
    desk.put("/box/folder/", "").await;
    for (target, source, fault) in [
        ("/box/new", "box/none", (404, "NoSuchKey")),
        ("/box/k", "box/k", (400, "InvalidRequest")),
        ("/box/new/", "box/k", (400, "InvalidRequest")),
        ("/box/new", "box/folder/", (400, "InvalidRequest")),
        ("/box/new", "other/k", (400, "InvalidRequest")),
        ("/box/new", "box/", (400, "InvalidArgument")),
        ("/none/new", "none/k", (404, "NoSuchBucket")),
    ] {
        let answer = rename(&desk, target, source, &[]).await.fault();
        assert_eq!(answer, (fault.0, fault.1.to_owned()), "{source} to {target}");
    }
    let archived = desk.send("PUT", "/box/ice", &[("x-amz-storage-class", "GLACIER")], b"cold").await;
    archived.ok();
    assert_eq!(rename(&desk, "/box/new", "box/ice", &[]).await.status, 403);
    assert_eq!(desk.keys("box").await, ["folder/", "ice", "k"]);
}

#[tokio::test]
async fn conditions_on_both_names() {
    let desk = Desk::with_bucket("box").await;
    let old = desk.put("/box/old", "old").await.header("etag").unwrap().to_owned();
    let there = desk.put("/box/there", "there").await.header("etag").unwrap().to_owned();
    let (before, now) = ("Tue, 14 Nov 2023 22:13:19 GMT", "Tue, 14 Nov 2023 22:13:20 GMT");
    for (target, headers, condition) in [
        ("/box/there", ("if-none-match", "*"), "If-None-Match"),
        ("/box/there", ("if-match", "\"other\""), "If-Match"),
        ("/box/there", ("if-unmodified-since", before), "If-Unmodified-Since"),
        ("/box/there", ("if-modified-since", now), "If-Modified-Since"),
        ("/box/new", ("if-modified-since", before), "If-Modified-Since"),
        ("/box/new", ("x-amz-rename-source-if-match", "\"other\""), "x-amz-rename-source-If-Match"),
        ("/box/new", ("x-amz-rename-source-if-none-match", &old), "x-amz-rename-source-If-None-Match"),
        ("/box/new", ("x-amz-rename-source-if-none-match", "*"), "x-amz-rename-source-If-None-Match"),
        ("/box/new", ("x-amz-rename-source-if-unmodified-since", before), "x-amz-rename-source-If-Unmodified-Since"),
        ("/box/new", ("x-amz-rename-source-if-modified-since", now), "x-amz-rename-source-If-Modified-Since"),
    ] {
        let refused = rename(&desk, target, "box/old", &[headers]).await;
        assert_eq!((refused.fault(), refused.element("Condition")), ((412, "PreconditionFailed".into()), Some(condition.into())));
    }
    assert_eq!(rename(&desk, "/box/new", "box/old", &[("if-match", &there)]).await.status, 404);
    assert_eq!(desk.keys("box").await, ["old", "there"]);
    let all = [("if-match", &*there), ("if-unmodified-since", now), ("x-amz-rename-source-if-match", &old)];
    rename(&desk, "/box/there", "box/old", &all).await.ok();
    assert_eq!(desk.get("/box/there").await.text(), "old");
}

#[tokio::test]
async fn a_token_makes_a_second_try_do_nothing() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/old", "one").await;
    let once = [("x-amz-client-token", "once")];
    rename(&desk, "/box/new", "box/old", &once).await.ok();
    desk.put("/box/old", "two").await;
    rename(&desk, "/box/new", "box/old", &once).await.ok();
    assert_eq!((desk.get("/box/old").await.text(), desk.get("/box/new").await.text()), ("two".into(), "one".into()));
    let other = rename(&desk, "/box/newer", "box/old", &once).await;
    assert_eq!(other.fault(), (400, "IdempotencyParameterMismatch".into()));
    for bad in ["", "with space", &"x".repeat(65)] {
        assert_eq!(rename(&desk, "/box/new", "box/old", &[("x-amz-client-token", bad)]).await.fault().1, "InvalidArgument", "{bad}");
    }
    // Remembered for a day, not for ever.
    desk.advance(2 * 86_400).await;
    rename(&desk, "/box/newer", "box/old", &once).await.ok();
    assert_eq!(desk.keys("box").await, ["new", "newer"]);
}

#[tokio::test]
async fn where_versions_are_kept_both_names_keep_theirs() {
    let desk = Desk::with_bucket("box").await;
    let versioning = async |status: &str| {
        desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": status } })).await
    };
    versioning("Enabled").await;
    let old = desk.put("/box/old", "old").await.header("x-amz-version-id").unwrap().to_owned();
    let there = desk.put("/box/new", "there").await.header("x-amz-version-id").unwrap().to_owned();
    rename(&desk, "/box/new", "box/old", &[]).await.ok();
    assert_eq!((desk.keys("box").await, desk.get("/box/new").await.text()), (vec!["new".to_owned()], "old".to_owned()));
    assert_eq!(desk.get(&format!("/box/new?versionId={there}")).await.text(), "there");
    assert_eq!(desk.get("/box/old").await.header("x-amz-delete-marker"), Some("true"));
    // The old version is hidden, not gone; neither body depends on the other.
    desk.ask("DELETE", &format!("/box/old?versionId={old}")).await.ok();
    assert_eq!(desk.get("/box/new").await.ok().text(), "old");
    // The null version moves and leaves nothing of itself behind.
    versioning("Suspended").await;
    desk.put("/box/null", "null").await;
    rename(&desk, "/box/moved", "box/null", &[]).await.ok();
    assert_eq!(desk.get("/box/moved").await.ok().text(), "null");
    let listed = desk.get("/box?prefix=null&versions").await.ok();
    assert_eq!((listed.elements("DeleteMarker").len(), listed.elements("Version").len()), (1, 0));
}

#[tokio::test]
async fn a_new_name_and_the_loss_of_the_old_one_are_told() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/old", "text").await;
    let configuration = to_function(&["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]);
    desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": configuration })).await;
    rename(&desk, "/box/new", "box/old", &[]).await.ok();
    let mut events = desk.events().await;
    events.sort();
    assert_eq!(events, [("ObjectCreated:Copy".to_owned(), "new".to_owned()), ("ObjectRemoved:Delete".into(), "old".into())]);
    assert!(desk.told.functions.lock().unwrap().iter().all(|(arn, _)| arn == FUNCTION));
}

#[tokio::test]
async fn bodies_under_keys_of_kms_are_read_under_their_new_name() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.ports().offer_keys(FakeKeys::of("s3.amazonaws.com"));
    let headers = [("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", KEY)];
    desk.send("PUT", "/box/first", &headers, b"secret").await.ok();
    rename(&desk, "/box/second", "box/first", &[]).await.ok();
    rename(&desk, "/box/third", "box/second", &[]).await.ok();
    let got = desk.get("/box/third").await.ok();
    assert_eq!((got.text().as_str(), got.header("x-amz-server-side-encryption")), ("secret", Some("aws:kms")));
    // A copy has a data key of its own, bound to its own name.
    desk.send("PUT", "/box/copy", &[&headers[..], &[("x-amz-copy-source", "box/third")]].concat(), b"").await.ok();
    assert_eq!(desk.get("/box/copy").await.ok().text(), "secret");
}

#[tokio::test]
async fn reading_and_deleting_the_source_and_writing_the_target_have_to_be_allowed() {
    const ALL: [(&str, &str, &str); 3] = [
        ("111122223333", "s3:GetObject", "arn:aws:s3:::box/old"),
        ("111122223333", "s3:DeleteObject", "arn:aws:s3:::box/old"),
        ("111122223333", "s3:PutObject", "arn:aws:s3:::box/new"),
    ];
    for missing in 0..=ALL.len() {
        let desk = Desk::with_bucket("box").await;
        desk.put("/box/old", "text").await;
        let list = ALL.iter().enumerate().filter(|(index, _)| *index != missing).map(|(_, need)| *need).collect();
        desk.cloud.set_decider(Arc::new(OnlyListed(Allows(list))));
        let headers = [("x-amz-rename-source", "box/old")];
        let answer = desk.send_as(Some(("111122223333", "test")), "PUT", "/box/new?renameObject", &headers, b"").await;
        assert_eq!(answer.status, if missing == ALL.len() { 200 } else { 403 }, "without {:?}: {}", ALL.get(missing), answer.text());
    }
}

/// A stranger's root is let do only what the list says.
pub struct OnlyListed(pub Allows);

impl kit::Decider for OnlyListed {
    fn decide(&self, cx: &kit::Context, need: &kit::Need, policy: Option<&str>) -> kit::Decision {
        let arn = cx.principal().arn();
        let listed =
            self.0.0.iter().any(|(who, action, resource)| arn.contains(who) && need.action == *action && need.resource == *resource);
        let decision = self.0.decide(cx, need, policy);
        kit::Decision { allowed: if arn.contains("111122223333") { listed } else { decision.allowed }, ..decision }
    }
    fn explain(&self, cx: &kit::Context, need: &kit::Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}
