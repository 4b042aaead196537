//! Conditional reads and writes.

use crate::desk::Desk;

#[tokio::test]
async fn reads_are_conditional() {
    let desk = Desk::with_bucket("box").await;
    let etag = desk.put("/box/k", "text").await.header("etag").unwrap().to_owned();
    let get = async |headers: &[(&str, &str)]| desk.send("GET", "/box/k", headers, b"").await.status;
    assert_eq!(get(&[("if-match", &etag)]).await, 200);
    assert_eq!(get(&[("if-match", "\"other\"")]).await, 412);
    assert_eq!(get(&[("if-none-match", &etag)]).await, 304);
    assert_eq!(get(&[("if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT")]).await, 304);
    assert_eq!(get(&[("if-modified-since", "Tue, 14 Nov 2023 22:13:19 GMT")]).await, 200);
    assert_eq!(get(&[("if-unmodified-since", "Tue, 14 Nov 2023 22:13:19 GMT")]).await, 412);
}

#[tokio::test]
async fn writes_are_conditional() {
    let desk = Desk::with_bucket("box").await;
    let put = async |headers: &[(&str, &str)], body: &[u8]| desk.send("PUT", "/box/k", headers, body).await;
    let etag = put(&[("if-none-match", "*")], b"one").await.ok().header("etag").unwrap().to_owned();
    let again = put(&[("if-none-match", "*")], b"two").await;
    assert_eq!(again.fault(), (412, "PreconditionFailed".into()));
    assert_eq!(again.element("Condition").unwrap(), "If-None-Match");
    put(&[("if-match", &etag)], b"two").await.ok();
    assert_eq!(put(&[("if-match", &etag)], b"three").await.fault(), (412, "PreconditionFailed".into()));
    let absent = desk.send("PUT", "/box/none", &[("if-match", &etag)], b"x").await;
    assert_eq!(absent.fault(), (404, "NoSuchKey".into()));
    assert_eq!(put(&[("if-none-match", "abc")], b"x").await.fault(), (501, "NotImplemented".into()));
    assert_eq!(desk.get("/box/k").await.text(), "two");
}

#[tokio::test]
async fn deletes_are_conditional() {
    let desk = Desk::with_bucket("box").await;
    let etag = desk.put("/box/k", "text").await.header("etag").unwrap().to_owned();
    let delete = async |target: &str, headers: &[(&str, &str)]| desk.send("DELETE", target, headers, b"").await;
    let wrong = delete("/box/k", &[("if-match", "\"other\"")]).await;
    assert_eq!((wrong.fault(), wrong.element("Condition").unwrap()), ((412, "PreconditionFailed".into()), "If-Match".into()));
    // Those that only directory buckets have.
    assert_eq!(delete("/box/k", &[("x-amz-if-match-size", "4")]).await.fault(), (501, "NotImplemented".into()));
    let time = ("x-amz-if-match-last-modified-time", "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_eq!(delete("/box/k", &[time]).await.fault(), (501, "NotImplemented".into()));
    assert_eq!(desk.get("/box/k").await.ok().text(), "text");
    assert_eq!(delete("/box/k", &[("if-match", &etag)]).await.status, 204);
    assert_eq!(delete("/box/k", &[("if-match", &etag)]).await.fault(), (404, "NoSuchKey".into()));
    // A star asks that something be there, whatever it is.
    assert_eq!(delete("/box/k", &[("if-match", "*")]).await.fault(), (404, "NoSuchKey".into()));
    desk.put("/box/k", "text").await;
    assert_eq!(delete("/box/k", &[("if-match", "*")]).await.status, 204);
    // In a batch each key has its own.
    desk.put("/box/a", "text").await;
    desk.put("/box/b", "text").await;
    let list = format!(
        "<Delete><Quiet>true</Quiet><Object><Key>a</Key><ETag>other</ETag></Object><Object><Key>b</Key><ETag>{}</ETag></Object></Delete>",
        etag.replace('"', "&quot;")
    );
    let answer = desk.send("POST", "/box?delete", &[], list.as_bytes()).await.ok();
    assert_eq!((answer.elements("Key"), answer.element("Code").unwrap()), (vec!["a".to_owned()], "PreconditionFailed".into()));
    assert_eq!(desk.keys("box").await, ["a"]);
}

#[tokio::test]
async fn a_version_is_not_deleted_on_condition_and_a_marker_is_nothing() {
    let desk = Desk::with_bucket("box").await;
    desk.ok("PutBucketVersioning", serde_json::json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    let put = desk.put("/box/k", "text").await;
    let (etag, id) = (put.header("etag").unwrap(), put.header("x-amz-version-id").unwrap());
    let delete = async |target: &str, condition: &str| desk.send("DELETE", target, &[("if-match", condition)], b"").await;
    let refused = delete(&format!("/box/k?versionId={id}"), etag).await;
    assert_eq!((refused.fault(), refused.element("Header").unwrap()), ((501, "NotImplemented".into()), "If-Match".into()));
    assert_eq!(delete("/box/k", "*").await.status, 204);
    for condition in ["*", etag] {
        assert_eq!(delete("/box/k", condition).await.fault(), (404, "NoSuchKey".into()), "{condition}");
    }
}

#[tokio::test]
async fn what_only_directory_buckets_do_is_refused_and_does_nothing() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/old", "text").await;
    let appended = desk.send("PUT", "/box/old", &[("x-amz-write-offset-bytes", "4")], b"more").await;
    assert_eq!(appended.fault(), (501, "NotImplemented".into()));
    assert_eq!(appended.element("Header").unwrap(), "x-amz-write-offset-bytes");
    assert_eq!(desk.keys("box").await, ["old"]);
    assert_eq!(desk.get("/box/old").await.ok().text(), "text");
}
