//! Preflights and the headers on real answers.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn browsers_are_answered_by_the_rules() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "x").await;
    let ask = async |headers: &[(&str, &str)]| desk.send_as(None, "OPTIONS", "/box/k", headers, b"").await;
    let origin = ("origin", "https://app.example.com");
    let before = ask(&[origin, ("access-control-request-method", "PUT")]).await;
    assert_eq!(before.fault(), (403, "AccessForbidden".into()));
    assert_eq!(before.element("Message").unwrap(), "CORSResponse: CORS is not enabled for this bucket.");
    let rule = json!({ "AllowedOrigins": ["https://*.example.com"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60 });
    desk.ok("PutBucketCors", json!({ "Bucket": "box", "CORSConfiguration": { "CORSRules": [rule] } })).await;
    let yes = ask(&[origin, ("access-control-request-method", "PUT"), ("access-control-request-headers", "Content-Type")]).await.ok();
    assert_eq!(yes.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(yes.header("access-control-allow-methods"), Some("PUT, GET"));
    assert_eq!(yes.header("access-control-allow-headers"), Some("content-type"));
    assert_eq!(yes.header("access-control-max-age"), Some("60"));
    assert_eq!(yes.header("vary"), Some("Origin, Access-Control-Request-Headers, Access-Control-Request-Method"));
    let no = ask(&[origin, ("access-control-request-method", "DELETE")]).await;
    assert_eq!(no.fault(), (403, "AccessForbidden".into()));
    assert_eq!(ask(&[("access-control-request-method", "PUT")]).await.fault(), (400, "BadRequest".into()));
    let real = desk.send("GET", "/box/k", &[origin], b"").await.ok();
    assert_eq!(real.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(real.header("access-control-expose-headers"), Some("ETag"));
    assert_eq!(desk.get("/box/k").await.header("access-control-allow-origin"), None);
}
