//! Preflights and the headers of cross-origin answers.

use crate::support::Site;

#[tokio::test]
async fn buckets_answer_their_own_preflight() {
    let site = Site::start().await;
    let ask = site.request("OPTIONS", "/photos/a").header("origin", "http://app.test").header("access-control-request-method", "PUT");
    assert_eq!(ask.send().await.header("x-shelf-path"), Some("/photos/a"));
    let host = format!("photos.localhost:{}", site.address().port());
    let ask = site.request("OPTIONS", "/a").header("host", &host).header("origin", "http://app.test");
    assert_eq!(ask.send().await.header("x-shelf-path"), Some("/photos/a"));
}

#[tokio::test]
async fn apis_are_open_to_pages() {
    let site = Site::start().await;
    let ask = site.request("OPTIONS", "/").header("origin", "http://app.test").header("access-control-request-method", "POST");
    let answer = ask.header("access-control-request-headers", "content-type,x-amz-target").send().await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type,x-amz-target"));
    let answer = site.request("POST", "/").json("TillV1.SignIn", r#"{"Name":"a"}"#).header("origin", "http://app.test").send().await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(
        site.request("GET", "/photos/a").header("origin", "http://app.test").send().await.header("access-control-allow-origin"),
        None
    );
}
