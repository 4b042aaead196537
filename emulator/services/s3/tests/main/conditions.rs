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
