//! Versions and delete markers.

use crate::desk::Desk;
use serde_json::json;

async fn versioned() -> Desk {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "before").await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    desk
}

#[tokio::test]
async fn every_write_makes_a_version() {
    let desk = versioned().await;
    let first = desk.put("/box/k", "one").await.header("x-amz-version-id").unwrap().to_owned();
    let second = desk.put("/box/k", "two").await.header("x-amz-version-id").unwrap().to_owned();
    assert_eq!(desk.get("/box/k").await.text(), "two");
    assert_eq!(desk.get(&format!("/box/k?versionId={first}")).await.text(), "one");
    assert_eq!(desk.get("/box/k?versionId=null").await.text(), "before");
    let list = desk.get("/box?versions").await.ok();
    assert_eq!(list.elements("VersionId"), [second.clone(), first.clone(), "null".into()]);
    assert_eq!(list.elements("IsLatest"), ["true", "false", "false"]);
    assert_eq!(desk.get("/box/k?versionId=nonsense").await.fault(), (400, "InvalidArgument".into()));
    // Pages of one.
    let page = desk.get("/box?max-keys=1&versions").await.ok();
    let (key, id) = (page.element("NextKeyMarker").unwrap(), page.element("NextVersionIdMarker").unwrap());
    let page = desk.get(&format!("/box?key-marker={key}&max-keys=1&version-id-marker={id}&versions")).await.ok();
    assert_eq!(page.elements("VersionId"), std::slice::from_ref(&first));
    assert_eq!(page.elements("IsLatest"), ["false"]);
    assert_eq!(desk.keys("box").await, ["k"]);
}

#[tokio::test]
async fn deleting_hides_and_undeleting_shows() {
    let desk = versioned().await;
    let deleted = desk.ask("DELETE", "/box/k").await;
    assert_eq!((deleted.status, deleted.header("x-amz-delete-marker")), (204, Some("true")));
    let marker = deleted.header("x-amz-version-id").unwrap().to_owned();
    let gone = desk.get("/box/k").await;
    assert_eq!(gone.fault(), (404, "NoSuchKey".into()));
    assert_eq!(gone.header("x-amz-delete-marker"), Some("true"));
    assert!(desk.keys("box").await.is_empty());
    assert_eq!(desk.get(&format!("/box/k?versionId={marker}")).await.fault(), (405, "MethodNotAllowed".into()));
    desk.ask("DELETE", &format!("/box/k?versionId={marker}")).await.ok();
    assert_eq!(desk.get("/box/k").await.ok().text(), "before");
    desk.ask("DELETE", "/box/k?versionId=null").await.ok();
    assert_eq!(desk.get("/box/k").await.status, 404);
    desk.ask("DELETE", "/box").await.ok();
}

#[tokio::test]
async fn a_suspended_bucket_replaces_its_null_version() {
    let desk = versioned().await;
    let kept = desk.put("/box/k", "kept").await.header("x-amz-version-id").unwrap().to_owned();
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Suspended" } })).await;
    // The write shows no version id, the read does.
    assert_eq!(desk.put("/box/k", "null now").await.header("x-amz-version-id"), None);
    assert_eq!(desk.get("/box/k").await.header("x-amz-version-id"), Some("null"));
    let list = desk.get("/box?versions").await.ok();
    assert_eq!(list.elements("VersionId"), ["null".into(), kept.clone()]);
    assert_eq!(desk.get(&format!("/box/k?versionId={kept}")).await.text(), "kept");
    assert_eq!(desk.get("/box?versioning").await.ok().element("Status").unwrap(), "Suspended");
}

#[tokio::test]
async fn a_delete_marker_tells_what_it_is() {
    let desk = versioned().await;
    let marker = desk.ask("DELETE", "/box/k").await.header("x-amz-version-id").unwrap().to_owned();
    for method in ["GET", "HEAD"] {
        let seen = desk.ask(method, &format!("/box/k?versionId={marker}")).await;
        assert_eq!(
            (seen.status, seen.header("x-amz-delete-marker"), seen.header("allow")),
            (405, Some("true"), Some("DELETE")),
            "{method}"
        );
        assert_eq!((seen.header("x-amz-version-id"), seen.header("last-modified").is_some()), (Some(&*marker), true), "{method}");
        let hidden = desk.ask(method, "/box/k").await;
        assert_eq!(
            (hidden.status, hidden.header("x-amz-delete-marker"), hidden.header("x-amz-version-id")),
            (404, Some("true"), Some(&*marker))
        );
    }
    let attributes = desk.send("GET", &format!("/box/k?attributes&versionId={marker}"), &[("x-amz-object-attributes", "ETag")], b"").await;
    assert_eq!(attributes.fault(), (405, "MethodNotAllowed".into()));
    let copied = desk.send("PUT", "/box/c", &[("x-amz-copy-source", &format!("/box/k?versionId={marker}"))], b"").await;
    assert_eq!(copied.fault(), (400, "InvalidRequest".into()));
    // An id that was made up is none, one that was taken away is missing.
    let mut other = marker.clone().into_bytes();
    other[31] = if other[31] == b'9' { b'8' } else { b'9' };
    let made_up = String::from_utf8(other).unwrap();
    assert_eq!(desk.get(&format!("/box/k?versionId={made_up}")).await.fault(), (400, "InvalidArgument".into()));
    desk.ask("DELETE", &format!("/box/k?versionId={marker}")).await.ok();
    assert_eq!(desk.get(&format!("/box/k?versionId={marker}")).await.fault(), (404, "NoSuchVersion".into()));
}

#[tokio::test]
async fn a_suspended_bucket_has_one_null_marker() {
    let desk = versioned().await;
    let kept = desk.put("/box/k", "kept").await.header("x-amz-version-id").unwrap().to_owned();
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Suspended" } })).await;
    for _ in 0..2 {
        let deleted = desk.ask("DELETE", "/box/k").await;
        assert_eq!((deleted.header("x-amz-delete-marker"), deleted.header("x-amz-version-id")), (Some("true"), Some("null")));
    }
    // The version of before, which was null, too, went with the first.
    let mut ids = desk.get("/box?versions").await.ok().elements("VersionId");
    ids.sort_by_key(|id| id != "null");
    assert_eq!(ids, ["null".into(), kept.clone()]);
    desk.ask("DELETE", "/box/k?versionId=null").await.ok();
    assert_eq!(desk.get("/box/k").await.ok().text(), "kept");
}

#[tokio::test]
async fn mfa_delete_is_refused_by_name() {
    let desk = Desk::with_bucket("box").await;
    let body = b"<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>";
    let refused = desk.send("PUT", "/box?versioning", &[("x-amz-mfa", "serial 123456")], body).await;
    assert_eq!(refused.status, 501);
    assert!(refused.element("Message").unwrap().contains("MFA delete"));
    assert_eq!(desk.get("/box?versioning").await.ok().element("Status"), None);
    let empty = desk.send("PUT", "/box?versioning", &[], b"<VersioningConfiguration/>").await;
    assert_eq!(empty.fault(), (400, "IllegalVersioningConfigurationException".into()));
}
