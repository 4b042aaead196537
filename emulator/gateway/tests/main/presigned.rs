//! URLs with the signature in them, and their end.

use crate::support::Site;
use std::time::Duration;

#[tokio::test]
async fn a_url_opens_what_it_names() {
    let site = Site::start().await;
    let url = site.request("GET", "/photos/cat%20%281%29.jpg").presigned(&site.signer("s3"), "60");
    assert_eq!(url.send().await.text(), "cat (1).jpg");
    let mut other = url.clone();
    other.target = other.target.replace("cat", "dog");
    assert_eq!(other.send().await.xml("Code").as_deref(), Some("SignatureDoesNotMatch"));
    let mut put = url;
    put.method = "PUT".into();
    assert_eq!(put.body("x").send().await.xml("Code").as_deref(), Some("SignatureDoesNotMatch"));
}

#[tokio::test]
async fn time_ends_it_whatever_clock_signed() {
    let site = Site::start().await;
    let in_real_time = site.request("GET", "/photos/a").presigned(&site.signer("s3").at(site.cloud.clock().real_now()), "600");
    assert_eq!(in_real_time.send().await.status, 200);
    site.advance(599 - 60).await;
    assert_eq!(in_real_time.send().await.status, 200);
    let in_virtual_time = site.request("GET", "/photos/a").presigned(&site.signer("s3"), "600");
    // Dates of signatures have whole seconds: only the second after a move is surely after it.
    let clock = site.cloud.clock();
    clock.real_sleep(Duration::from_nanos((1_010_000_000 - clock.real_now().unix_ns % 1_000_000_000) as u64)).await;
    let later = site.request("GET", "/photos/a").presigned(&site.signer("s3").at(clock.real_now()), "600");
    site.advance(120).await;
    let answer = in_real_time.send().await;
    assert_eq!(
        (answer.status, answer.xml("Code").as_deref(), answer.xml("Message").as_deref()),
        (403, Some("AccessDenied"), Some("Request has expired"))
    );
    assert_eq!(answer.xml("X-Amz-Expires").as_deref(), Some("600"));
    assert!(answer.xml("Expires").is_some() && answer.xml("ServerTime").is_some());
    assert_eq!(in_virtual_time.send().await.status, 200, "signed after the first move, in virtual time");
    assert_eq!(later.send().await.status, 200, "signed after the first move, in real time");
    site.advance(3600).await;
    assert_eq!(in_virtual_time.send().await.status, 403);
    assert_eq!(later.send().await.status, 403);
}

#[tokio::test]
async fn parameters_are_checked_before_the_signature() {
    let site = Site::start().await;
    let url = site.request("GET", "/photos/a").presigned(&site.signer("s3"), "60");
    let mut without = url.clone();
    without.target = without.target.replace("X-Amz-Date=", "X-Amz-Day=");
    let answer = without.send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("AuthorizationQueryParametersError")));
    assert!(answer.xml("Message").unwrap().starts_with("Query-string authentication version 4 requires"));
    let mut twice_encoded = url;
    twice_encoded.target = twice_encoded.target.replace("%2F", "%252F");
    assert!(twice_encoded.send().await.xml("Message").unwrap().starts_with("Error parsing the X-Amz-Credential parameter"));
    for (expires, sentence) in
        [("604801", "X-Amz-Expires must be less than a week"), ("-1", "must be non-negative"), ("soon", "should be a number")]
    {
        let answer = site.request("GET", "/photos/a").presigned(&site.signer("s3"), expires).send().await;
        assert!(answer.status == 400 && answer.xml("Message").unwrap().contains(sentence), "{}", answer.text());
    }
}

#[tokio::test]
async fn headers_may_ride_in_the_url_and_not_beside_it() {
    let site = Site::start().await;
    let url = site.request("PUT", "/photos/a?x-amz-meta-color=red%20ish").presigned(&site.signer("s3"), "60").body("x");
    assert_eq!(url.send().await.header("x-read-color"), Some("red ish"));
    let answer = url.header("x-amz-meta-size", "1").send().await;
    assert_eq!((answer.status, answer.xml("HeadersNotSigned").as_deref()), (403, Some("x-amz-meta-size")));
}

#[tokio::test]
async fn version_2_urls_of_boto3() {
    let site = Site::start().await;
    let sign = |path: &str, expires: i64| {
        use base64::Engine;
        use hmac::Mac;
        let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(b"test").unwrap();
        mac.update(format!("GET\n\n\n{expires}\n{path}").as_bytes());
        let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        format!(
            "{path}?AWSAccessKeyId=test&Signature={}&Expires={expires}",
            signature.replace('+', "%2B").replace('=', "%3D").replace('/', "%2F")
        )
    };
    let real = site.cloud.clock().real_now().secs();
    let usual = sign("/photos/a", real + 3600);
    assert_eq!(site.request("GET", &usual).send().await.text(), "a");
    assert_eq!(
        site.request("GET", &usual.replace("photos/a", "photos/b")).send().await.xml("Code").as_deref(),
        Some("SignatureDoesNotMatch")
    );
    let answer = site.request("GET", &sign("/photos/a", real - 1)).send().await;
    assert_eq!((answer.status, answer.xml("Message").as_deref(), answer.xml("X-Amz-Expires")), (403, Some("Request has expired"), None));
    let answer = site.request("GET", "/photos/a?AWSAccessKeyId=test&Signature=x").send().await;
    assert_eq!(
        answer.xml("Message").as_deref(),
        Some("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
    );
    site.advance(7200).await;
    assert_eq!(site.request("GET", &sign("/photos/a", real + 300)).send().await.status, 200, "signed in real time after the move");
}

#[tokio::test]
async fn other_services_presign_too() {
    let site = Site::start().await;
    let answer = site.request("GET", "/2020/paths/a").presigned(&site.signer("paths"), "60").send().await;
    // Their payload is the empty body, not UNSIGNED-PAYLOAD.
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn one_signature_is_enough() {
    let site = Site::start().await;
    let url = site.request("GET", "/photos/a").presigned(&site.signer("s3"), "60");
    let answer = url.header("authorization", "Bearer abc").send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("InvalidArgument")));
    assert!(answer.xml("Message").unwrap().starts_with("Only one auth mechanism allowed"));
}

#[tokio::test]
async fn version_2_is_refused_where_it_is_turned_off() {
    let target = "/photos/a?AWSAccessKeyId=test&Signature=bm9uZQ%3D%3D&Expires=4102444800";
    let code = |taken: bool| async move {
        let site = Site::with(gateway::Options { signature_version_2: taken, ..gateway::Options::default() }).await;
        let answer = site.request("GET", target).send().await;
        (answer.status, answer.xml("Code").unwrap_or_default())
    };
    assert_eq!(code(true).await, (403, "SignatureDoesNotMatch".into()));
    assert_eq!(code(false).await, (400, "InvalidRequest".into()));
}
