//! Who gets in, and what the others are told.

use crate::support::{Ask, Site};

const MINUTE_NS: i128 = 60_000_000_000;

fn count(site: &Site) -> Ask {
    site.request("POST", "/").json("TillV1.Count", r#"{"Name":"a"}"#)
}
fn list(site: &Site) -> Ask {
    site.request("GET", "/photos")
}

#[tokio::test]
async fn root_gets_in_by_every_protocol() {
    let site = Site::start().await;
    let answer = count(&site).signed(&site.signer("till").region("eu-west-1")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["Caller"], "arn:aws:iam::000000000000:root");
    assert_eq!(answer.json()["Region"], "eu-west-1");

    let form = site
        .request("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=Count&Version=2020-02-02&Name=b");
    let answer = form.signed(&site.signer("till").key("123456789012")).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.xml("Said").as_deref(), Some("b"));
    assert_eq!(answer.xml("Caller").as_deref(), Some("arn:aws:iam::123456789012:root"));

    let answer = list(&site).signed(&site.signer("s3")).send().await;
    assert_eq!(answer.xml("Name").as_deref(), Some("photos"), "{}", answer.text());
    assert_eq!(answer.header("server"), Some("AmazonS3"));
    assert_eq!(answer.header("x-decorated"), Some("yes"));

    let answer = site.request("GET", "/2020/paths/a%20b").signed(&site.signer("paths")).send().await;
    assert_eq!(answer.json()["Name"], "a b");
}

#[tokio::test]
async fn a_wrong_secret_is_told_in_each_form() {
    let site = Site::start().await;
    let answer = list(&site).signed(&site.signer("s3").secret("wrong")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("SignatureDoesNotMatch")));
    assert_eq!(answer.xml("AWSAccessKeyId").as_deref(), Some("test"));
    assert!(answer.xml("StringToSign").unwrap().starts_with("AWS4-HMAC-SHA256\n"));
    assert!(answer.xml("StringToSignBytes").unwrap().starts_with("41 57 53 34 2d"));
    assert!(answer.xml("CanonicalRequest").unwrap().starts_with("GET\n/photos\n"));
    assert_eq!(answer.xml("SignatureProvided").unwrap().len(), 64);
    assert_eq!(answer.xml("RequestId").as_deref(), answer.header("x-amz-request-id"));
    assert_eq!(answer.xml("HostId").as_deref(), answer.header("x-amz-id-2"));

    let answer = count(&site).signed(&site.signer("till").secret("wrong")).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (400, "InvalidSignatureException"));

    let answer = site.request("GET", "/2020/paths/a").signed(&site.signer("paths").secret("wrong")).send().await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some("InvalidSignatureException")));

    let form = site
        .request("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=Count&Version=2020-02-02&Name=b");
    let answer = form.signed(&site.signer("till").secret("wrong")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("SignatureDoesNotMatch")));
}

#[tokio::test]
async fn a_changed_request_does_not_pass() {
    let site = Site::start().await;
    let mut changed = count(&site).signed(&site.signer("till"));
    changed.body = br#"{"Name":"b"}"#.to_vec();
    assert_eq!(changed.send().await.kind(), "InvalidSignatureException");

    let mut changed = list(&site).signed(&site.signer("s3"));
    changed.target = "/secrets".into();
    assert_eq!(changed.send().await.xml("Code").as_deref(), Some("SignatureDoesNotMatch"));

    let mut changed = list(&site).signed(&site.signer("s3"));
    changed.set("host", "localhost:1");
    assert_eq!(changed.send().await.xml("Code").as_deref(), Some("SignatureDoesNotMatch"));

    let mut changed = site.request("PUT", "/photos/a").body("right").signed(&site.signer("s3"));
    changed.body = b"wrong".to_vec();
    assert_eq!(changed.send().await.xml("Code").as_deref(), Some("XAmzContentSHA256Mismatch"));
    let mut changed = site.request("PUT", "/photos?tags").body("<Tags><Tag>a</Tag></Tags>").signed(&site.signer("s3"));
    changed.body = b"<Tags><Tag>b</Tag></Tags>".to_vec();
    assert_eq!(changed.send().await.xml("Code").as_deref(), Some("XAmzContentSHA256Mismatch"));
}

#[tokio::test]
async fn keys_that_are_not_let_in() {
    let site = Site::start().await;
    for key in ["LKIANOBODY", "LKIAOFF", "nobody"] {
        let answer = list(&site).signed(&site.signer("s3").key(key).secret("secret")).send().await;
        assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("InvalidAccessKeyId")), "{key}");
        let answer = count(&site).signed(&site.signer("till").key(key).secret("secret")).send().await;
        assert_eq!(answer.kind(), "UnrecognizedClientException", "{key}");
    }
    for key in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"] {
        let answer = list(&site).signed(&site.signer("s3").key(key)).send().await;
        assert!(answer.xml("Message").unwrap().contains("use test/test"), "{}", answer.text());
        let answer = count(&site).signed(&site.signer("till").key(key)).send().await;
        assert!(answer.text().contains("use test/test"), "{}", answer.text());
    }
}

#[tokio::test]
async fn sessions_need_their_token_and_end() {
    let site = Site::start().await;
    let fresh = site.signer("till").key("LSIAFRESH").secret("secret");
    let answer = count(&site).signed(&fresh.clone().token("token")).send().await;
    // A session is let in; without a decider only roots may do anything.
    assert_eq!(answer.kind(), "AccessDeniedException", "{}", answer.text());
    assert_eq!(count(&site).signed(&fresh).send().await.kind(), "UnrecognizedClientException");
    assert_eq!(count(&site).signed(&fresh.token("other")).send().await.kind(), "UnrecognizedClientException");
    let stale = site.signer("s3").key("LSIASTALE").secret("secret").token("token");
    let answer = list(&site).signed(&stale).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("ExpiredToken")));
    let answer = list(&site).signed(&site.signer("s3").token("token")).send().await;
    assert_eq!(answer.xml("Code").as_deref(), Some("InvalidToken"));
}

#[tokio::test]
async fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let site = Site::start().await;
    let at = |minutes: i128| site.signer("s3").at(site.now().plus_ns(minutes * MINUTE_NS));
    assert_eq!(list(&site).signed(&at(-14)).send().await.status, 200);
    assert_eq!(list(&site).signed(&at(14)).send().await.status, 200);
    let answer = list(&site).signed(&at(-16)).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("RequestTimeTooSkewed")));
    assert_eq!(answer.xml("MaxAllowedSkewMilliseconds").as_deref(), Some("900000"));
    assert!(answer.xml("ServerTime").is_some() && answer.xml("RequestTime").is_some());

    let real = site.cloud.clock().real_now();
    site.advance(7 * 86_400).await;
    assert_eq!(list(&site).signed(&site.signer("s3").at(real)).send().await.status, 200, "a client in real time");
    assert_eq!(list(&site).signed(&site.signer("s3")).send().await.status, 200, "a client in virtual time");
    assert_eq!(list(&site).signed(&site.signer("s3").at(real.plus_ns(86_400_000_000_000))).send().await.status, 403, "a client in neither");
}

#[tokio::test]
async fn scopes_are_checked() {
    let site = Site::start().await;
    let answer = list(&site).signed(&site.signer("s3").region("aws-global")).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("AuthorizationHeaderMalformed")));
    assert_eq!(answer.xml("Region").as_deref(), Some("us-east-1"));
    assert_eq!(
        answer.xml("Message").as_deref(),
        Some("The authorization header is malformed; the region 'aws-global' is wrong; expecting 'us-east-1'")
    );

    let answer = count(&site).signed(&site.signer("till").region("nowhere")).send().await;
    assert_eq!(answer.json()["message"], "Credential should be scoped to a valid region. ");

    let yesterday = kit::time::amz_date(site.now().plus_ns(-86_400_000_000_000))[..8].to_owned();
    let today = kit::time::amz_date(site.now())[..8].to_owned();
    let mut ask = count(&site).signed(&site.signer("till"));
    let value = ask.headers.iter().find(|h| h.0 == "authorization").unwrap().1.replace(&format!("/{today}/"), &format!("/{yesterday}/"));
    ask.set("authorization", &value);
    let answer = ask.send().await;
    assert!(answer.text().contains("Date in Credential scope does not match YYYYMMDD"), "{}", answer.text());
}

#[tokio::test]
async fn malformed_headers_are_explained() {
    let site = Site::start().await;
    let answer = count(&site).header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/till/aws4_request").send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (400, "IncompleteSignatureException"));
    assert!(answer.text().contains("requires 'Signature' parameter"), "{}", answer.text());
    let answer = list(&site).header("authorization", "AWS4-HMAC-SHA256 Credential=test").send().await;
    assert_eq!(answer.xml("Code").as_deref(), Some("AuthorizationHeaderMalformed"));
    let answer = list(&site).header("authorization", "Bearer abc").send().await;
    assert_eq!((answer.status, answer.xml("Message").as_deref()), (400, Some("Unsupported Authorization Type")));
    let mut ask = list(&site).signed(&site.signer("s3"));
    ask.headers.retain(|(n, _)| n != "x-amz-content-sha256");
    assert_eq!(ask.send().await.xml("Message").as_deref(), Some("Missing required header for this request: x-amz-content-sha256"));
    let answer = list(&site).signed_as(&site.signer("s3"), "nonsense").send().await;
    assert_eq!(answer.xml("ArgumentName").as_deref(), Some("x-amz-content-sha256"));
    let mut ask = count(&site).signed(&site.signer("till"));
    ask.headers.retain(|(n, _)| n != "x-amz-date");
    assert_eq!(ask.send().await.kind(), "IncompleteSignatureException");
}

#[tokio::test]
async fn every_amz_header_has_to_be_signed_for_s3() {
    let site = Site::start().await;
    let ask = list(&site).signed(&site.signer("s3")).header("x-amz-request-payer", "requester").header("x-amz-expected-bucket-owner", "1");
    let answer = ask.send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("AccessDenied")));
    assert_eq!(answer.xml("HeadersNotSigned").as_deref(), Some("x-amz-expected-bucket-owner, x-amz-request-payer"));
    let answer = count(&site).signed(&site.signer("till")).header("x-amz-user-agent", "added by a proxy").send().await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn nobody_is_somebody_only_where_aws_says_so() {
    let site = Site::start().await;
    let answer = count(&site).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (400, "MissingAuthenticationTokenException"));
    let answer = site
        .request("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=Count&Version=2020-02-02&Name=b")
        .send()
        .await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("MissingAuthenticationToken")));
    let answer = site.request("POST", "/").json("TillV1.SignIn", r#"{"Name":"a"}"#).send().await;
    assert_eq!(answer.json()["Caller"], "anonymous");
    // Public for S3: the policy decides, here that of a cloud without the iam service.
    let answer = list(&site).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("AccessDenied")));
    assert_eq!(site.request("GET", "/photos/a").send().await.text(), "a");
}

#[tokio::test]
async fn doors_learn_who_signed() {
    let site = Site::start().await;
    let ask = site.request("POST", "/door/x").body("flowers");
    assert_eq!(ask.send().await.text(), "anonymous brought flowers");
    assert_eq!(ask.clone().header("authorization", "Bearer x").send().await.text(), "anonymous brought flowers");
    let signed = ask.signed(&site.signer("execute-api"));
    assert_eq!(signed.send().await.text(), "arn:aws:iam::000000000000:root brought flowers");
    let mut changed = signed;
    changed.body = b"weapons".to_vec();
    let answer = changed.send().await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some("InvalidSignatureException")));
}

#[tokio::test]
async fn a_door_may_hear_why_a_signature_was_refused() {
    let site = Site::start().await;
    let signed = site.request("POST", "/listening/x").body("flowers").signed(&site.signer("execute-api"));
    assert_eq!(signed.send().await.text(), "arn:aws:iam::000000000000:root brought flowers: ");
    let mut changed = signed;
    changed.body = b"weapons".to_vec();
    assert_eq!(changed.send().await.text(), "anonymous brought weapons: InvalidSignatureException");
}

#[tokio::test]
async fn version_2_headers_of_old_clients() {
    let site = Site::start().await;
    let date = kit::time::http_date(site.now());
    use base64::Engine;
    use hmac::Mac;
    let sign = |path: &str| {
        let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(b"test").unwrap();
        mac.update(format!("GET\n\n\n{date}\n{path}").as_bytes());
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    };
    // boto3 signs the bucket with a slash at its end.
    for path in ["/photos", "/photos/"] {
        let ask = list(&site).header("date", &date).header("authorization", &format!("AWS test:{}", sign(path)));
        assert_eq!(ask.send().await.status, 200, "{path}");
    }
    let answer = list(&site).header("date", &date).header("authorization", "AWS test:AAAA").send().await;
    assert_eq!((answer.status, answer.xml("StringToSign")), (403, Some(format!("GET\n\n\n{date}\n/photos"))));
}
