//! Which service and operation a request reaches, and what those are told that reach none.

use crate::support::Site;
use kit::FaultRule;

#[tokio::test]
async fn buckets_stand_in_paths_and_hosts() {
    let site = Site::start().await;
    let port = site.address().port();
    for (host, target) in [
        (format!("127.0.0.1:{port}"), "/photos/a/b"),
        (format!("localhost:{port}"), "/photos/a/b"),
        (format!("photos.localhost:{port}"), "/a/b"),
        (format!("photos.s3.localhost:{port}"), "/a/b"),
        ("photos.s3.us-east-1.amazonaws.com".into(), "/a/b"),
    ] {
        let ask = site.request("PUT", target).header("host", &host).body("x").signed(&site.signer("s3"));
        let answer = ask.send().await;
        assert_eq!(
            (answer.header("x-read-bucket"), answer.header("x-read-key")),
            (Some("photos"), Some("a/b")),
            "{host}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_is_refused_is_named() {
    let site = Site::start().await;
    let answer = site.request("PUT", "/photos?acl").body("").signed(&site.signer("s3")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (501, Some("NotImplemented")));
    assert!(answer.xml("Message").unwrap().contains("shelf:PutAcl"));
    let answer = site.request("POST", "/").json("TillV1.Audit", "{}").signed(&site.signer("till")).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (501, "NotImplemented"));
    assert!(answer.text().contains("till:Audit"));
    let answer = site.request("DELETE", "/2020/paths/a").signed(&site.signer("paths")).send().await;
    assert_eq!(answer.status, 501);
    let form =
        site.request("POST", "/").header("content-type", "application/x-www-form-urlencoded").body("Action=Audit&Version=2020-02-02");
    assert_eq!(form.signed(&site.signer("till")).send().await.xml("Code").as_deref(), Some("NotImplemented"));
    let answer = site.request("POST", "/").json("DynamoDB_20120810.ListTables", "{}").signed(&site.signer("dynamodb")).send().await;
    assert_eq!(answer.status, 501);
    assert!(answer.text().contains("dynamodb"), "{}", answer.text());
}

#[tokio::test]
async fn what_aws_does_not_have_gets_aws_words() {
    let site = Site::start().await;
    let answer = site.request("PATCH", "/photos/a").body("").signed(&site.signer("s3")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (405, Some("MethodNotAllowed")));
    assert_eq!((answer.xml("Method").as_deref(), answer.xml("ResourceType").as_deref()), (Some("PATCH"), Some("OBJECT")));
    let answer = site.request("POST", "/").json("TillV1.Nonsense", "{}").signed(&site.signer("till")).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (400, "UnknownOperationException"));
    let form =
        site.request("POST", "/").header("content-type", "application/x-www-form-urlencoded").body("Action=Nonsense&Version=2020-02-02");
    let answer = form.signed(&site.signer("till")).send().await;
    assert_eq!(answer.xml("Message").as_deref(), Some("Could not find operation Nonsense for version 2020-02-02"));
    let form = site.request("POST", "/").header("content-type", "application/x-www-form-urlencoded").body("Version=2020-02-02");
    assert_eq!(form.signed(&site.signer("till")).send().await.xml("Code").as_deref(), Some("MissingAction"));
    let answer = site.request("GET", "/nowhere").signed(&site.signer("paths")).send().await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (404, Some("UnknownOperationException")));
}

#[tokio::test]
async fn bad_bodies_get_the_services_own_fault() {
    let site = Site::start().await;
    let answer = site.request("POST", "/").json("TillV1.Count", "{\"Name\":").signed(&site.signer("till")).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (400, "SerializationException"));
    let answer = site.request("POST", "/").json("TillV1.Count", r#"{"Name":"too long"}"#).signed(&site.signer("till")).send().await;
    assert_eq!(answer.kind(), "ValidationException");
    assert_eq!(
        answer.json()["message"],
        "1 validation error detected: Value 'too long' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5"
    );
    let answer = site.request("PUT", "/photos?tags").body("<Tags><Tag>").signed(&site.signer("s3")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("MalformedXML")));
}

#[tokio::test]
async fn own_endpoints_and_nothing_else_under_their_prefix() {
    let site = Site::start().await;
    assert_eq!(site.request("GET", "/_windtunnel/clock").send().await.text(), "own /_windtunnel/clock");
    assert_eq!(site.request("GET", "/_windtunnel/door").send().await.text(), "anonymous brought ", "a service may have a door there");
    assert_eq!(site.cloud.endpoint(), site.server.url());
}

#[tokio::test]
async fn answers_of_every_kind_of_body() {
    let site = Site::start().await;
    for length in [0, 1, 65536, 65537, 1_000_000] {
        let answer = site.request("GET", &format!("/photos/file-{length}")).send().await;
        assert_eq!((answer.status, answer.header("content-length")), (200, Some(length.to_string().as_str())));
        assert!(answer.body.len() == length && answer.body.iter().enumerate().all(|(n, b)| *b == (n + 10) as u8), "{length}");
    }
    assert_eq!(site.request("GET", "/photos/stream").send().await.text(), "streamed");
    let answer = site.request("HEAD", "/photos/a").send().await;
    assert_eq!((answer.header("content-length"), answer.body.len()), (Some("12345"), 0));
    let answer = site.request("HEAD", "/photos/a").header("authorization", "AWS4-HMAC-SHA256 x").send().await;
    assert_eq!((answer.status, answer.body.len()), (400, 0));
}

#[tokio::test]
async fn a_handler_that_fails_answers_500_and_the_next_request_works() {
    let site = Site::start().await;
    let answer = site.request("GET", "/photos/boom").send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (500, Some("InternalFailure")));
    assert_eq!(site.request("GET", "/photos/a").send().await.status, 200);
}

#[tokio::test]
async fn faults_on_purpose_reach_the_client() {
    let site = Site::start().await;
    let rule = FaultRule { service: Some("shelf".into()), operation: Some("GetThing".into()), ..FaultRule::default() };
    let id = site.cloud.faults().add(FaultRule { error: Some("SlowDown".into()), status: Some(503), ..rule.clone() });
    let answer = site.request("GET", "/photos/a").send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (503, Some("SlowDown")));
    site.cloud.faults().remove(id);
    site.cloud.faults().add(FaultRule { drop: true, ..rule });
    let answer = site.request("GET", "/photos/a").send().await;
    assert_eq!((answer.status, answer.body.len()), (0, 0), "the socket is closed without a word");
}

#[tokio::test]
async fn traces_from_outside_are_kept() {
    let site = Site::start().await;
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let ask = site.request("GET", "/2020/paths/a").header("x-amzn-trace-id", &format!("Root={root};Sampled=1"));
    assert_eq!(ask.signed(&site.signer("paths")).send().await.json()["Trace"], root);
}

#[tokio::test]
async fn refusals_are_in_the_journal() {
    let site = Site::start().await;
    site.request("POST", "/").json("TillV1.Count", "{}").send().await;
    site.request("GET", "/door/x").send().await;
    let records = site.cloud.journal().held();
    assert!(records.iter().any(|r| &*r.service == "back-door"), "{records:?}");
    assert!(records.iter().any(|r| &*r.outcome == "MissingAuthenticationTokenException"), "{records:?}");
}

#[tokio::test]
async fn a_door_may_drop_the_connection() {
    let site = Site::start().await;
    let answer = site.request("GET", "/door/drop").send().await;
    assert_eq!((answer.status, answer.body.len()), (0, 0), "the socket is closed without a word");
}

#[tokio::test]
async fn a_form_posted_to_a_resources_path_names_it_by_that() {
    let site = Site::start().await;
    let post = |body: &str| {
        let ask = site.request("POST", "/000000000000/jobs").header("content-type", "application/x-www-form-urlencoded");
        ask.body(body).signed(&site.signer("till"))
    };
    let answer = post("Action=Count&Version=2020-02-02").send().await;
    // The member is held against its constraint: it was there.
    assert!(answer.text().contains("/000000000000/jobs&apos; at") || answer.text().contains("/000000000000/jobs' at"), "{}", answer.text());
    let answer = post("Action=Count&Version=2020-02-02&Name=b").send().await;
    assert_eq!(answer.xml("Said").as_deref(), Some("b"));
}
