//! What rules do: custom responses, inserted headers, CAPTCHA and Challenge with their tokens, and where a web ACL is asked at all.

use crate::desk::{Desk, POOL, STAGE, bytes, rule};
use kit::Verdict;
use serde_json::{Value, json};

fn evil() -> Value {
    bytes(json!({ "UriPath": {} }), "evil", "CONTAINS", &["NONE"])
}

#[tokio::test]
async fn custom_responses_and_plain_ones() {
    let desk = Desk::new().await;
    let mut block = rule("it", 0, evil(), "Block");
    let acl = desk.guard(json!([block])).await;
    let Verdict::Stop(stopped) = desk.ask(STAGE, "GET /evil", "192.0.2.1").await else { panic!("it should be blocked") };
    assert_eq!((stopped.status, stopped.own_answer, stopped.body), (403, false, None));
    let custom = json!({ "ResponseCode": 418, "CustomResponseBodyKey": "sorry", "ResponseHeaders": [{ "Name": "x-why", "Value": "tea" }] });
    block["Action"] = json!({ "Block": { "CustomResponse": custom } });
    desk.change(&acl, json!([block])).await;
    let Verdict::Stop(stopped) = desk.ask(STAGE, "GET /evil", "192.0.2.1").await else { panic!("it should be blocked") };
    assert_eq!((stopped.status, stopped.own_answer), (418, true));
    assert_eq!(stopped.headers, [("x-why".to_owned(), "tea".to_owned())]);
    assert_eq!(stopped.body, Some(("text/plain", "sorry".into())));
    let mut unknown = rule("it", 0, evil(), "Block");
    unknown["Action"] = json!({ "Block": { "CustomResponse": { "ResponseCode": 400, "CustomResponseBodyKey": "nobody" } } });
    let input = json!({ "Name": "other", "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "Rules": [unknown],
        "VisibilityConfig": crate::desk::visibility("other") });
    assert!(desk.refused("CreateWebACL", input).await.contains("custom response body key does not exist"));
}

#[tokio::test]
async fn headers_that_rules_insert() {
    let desk = Desk::new().await;
    let handling = |name: &str| json!({ "CustomRequestHandling": { "InsertHeaders": [{ "Name": name, "Value": "1" }] } });
    let mut counts = rule("counts", 0, evil(), "Count");
    counts["Action"] = json!({ "Count": handling("counted") });
    let mut allows = rule("allows", 1, evil(), "Allow");
    allows["Action"] = json!({ "Allow": handling("Allowed") });
    desk.guard(json!([counts, allows])).await;
    let Verdict::Pass(headers) = desk.ask(STAGE, "GET /evil", "192.0.2.1").await else { panic!("it should pass") };
    assert_eq!(headers, [("x-amzn-waf-counted".into(), "1".into()), ("x-amzn-waf-allowed".into(), "1".into())]);
    let Verdict::Pass(headers) = desk.ask(STAGE, "GET /fine", "192.0.2.1").await else { panic!("it should pass") };
    assert!(headers.is_empty());
}

#[tokio::test]
async fn captcha_and_challenge_with_tokens() {
    for (action, status, secs) in [("Captcha", 405, 60), ("Challenge", 202, 300)] {
        let desk = Desk::new().await;
        let mut asks = rule("asks", 0, evil(), action);
        if secs != 300 {
            asks[format!("{action}Config")] = json!({ "ImmunityTimeProperty": { "ImmunityTime": secs } });
        }
        let later = rule("later", 1, bytes(json!({ "UriPath": {} }), "worse", "CONTAINS", &["NONE"]), "Block");
        desk.guard(json!([asks, later])).await;
        let Verdict::Stop(stopped) = desk.ask(STAGE, "GET /evil HTTP/1.1\nhost: shop.test", "192.0.2.1").await else { panic!("{action}") };
        assert_eq!(stopped.status, status);
        assert_eq!(stopped.headers[0], ("x-amzn-waf-action".into(), action.to_ascii_lowercase()));
        assert_eq!(stopped.body, None, "only browsers are shown a page");
        let Verdict::Stop(page) = desk.ask(STAGE, "GET /evil HTTP/1.1\nhost: shop.test\naccept: text/html", "192.0.2.1").await else {
            panic!("{action}")
        };
        assert!(matches!(page.body, Some(("text/html", text)) if text.starts_with(b"<!DOCTYPE html>")));
        // The token is where the answer says.
        let (_, url) = stopped.headers.iter().find(|(name, _)| name == "x-windtunnel-waf-token").unwrap();
        let url = url.trim_start_matches("http://127.0.0.1:4566");
        let (_, headers, answer) = desk.door("POST", url, "").await;
        let token = answer["token"].as_str().unwrap();
        assert!(headers["set-cookie"].to_str().unwrap().starts_with(&format!("aws-waf-token={token};")));
        let with = |path: &str, host: &str| format!("GET {path} HTTP/1.1\nhost: {host}\ncookie: aws-waf-token={token}");
        assert_eq!(desk.action(&with("/evil", "shop.test")).await, "ALLOW");
        assert_eq!(desk.action(&with("/evil/worse", "shop.test")).await, "BLOCK", "a passed {action} does not end the rules");
        assert_eq!(desk.action(&with("/evil", "other.test")).await, action.to_ascii_uppercase());
        let header = format!("GET /evil HTTP/1.1\nhost: shop.test\nx-aws-waf-token: {token}");
        assert_eq!(desk.action(&header).await, "ALLOW");
        desk.advance(secs).await;
        assert_eq!(desk.action(&with("/evil", "shop.test")).await, action.to_ascii_uppercase(), "immunity is over");
        let forged = "GET /evil HTTP/1.1\nhost: shop.test\ncookie: aws-waf-token=abc.def";
        assert_eq!(desk.explain("guard", forged).await["tokenFailure"], "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn a_web_acl_is_asked_only_where_it_is_associated() {
    let desk = Desk::new().await;
    let acl = desk.guard(json!([rule("it", 0, evil(), "Block")])).await;
    assert!(matches!(desk.ask(POOL, "GET /evil", "192.0.2.1").await, Verdict::Pass(_)));
    desk.ok("AssociateWebACL", json!({ "WebACLArn": acl["ARN"], "ResourceArn": POOL })).await;
    assert!(matches!(desk.ask(POOL, "GET /evil", "192.0.2.1").await, Verdict::Stop(_)));
    desk.ok("DisassociateWebACL", json!({ "ResourceArn": STAGE })).await;
    assert_eq!(desk.action("GET /evil").await, "ALLOW");
}

#[tokio::test]
async fn explanations_name_rules_and_reasons() {
    let desk = Desk::new().await;
    let sqli = json!({ "SqliMatchStatement": { "FieldToMatch": { "AllQueryArguments": {} }, "TextTransformations": [{ "Priority": 0, "Type": "URL_DECODE" }] } });
    desk.web_acl("acl", json!([rule("path", 0, evil(), "Count"), rule("sql", 1, sqli, "Block")])).await;
    let told = desk.explain("acl", "GET /fine?id=1%27%20OR%201=1-- HTTP/1.1\nhost: h").await;
    assert_eq!((&told["action"], &told["rule"], &told["status"]), (&json!("BLOCK"), &json!("sql"), &json!(403)));
    let rules = told["rules"].as_array().unwrap();
    assert_eq!((&rules[0]["matched"], &rules[1]["matched"]), (&json!(false), &json!(true)));
    assert_eq!(rules[0]["why"], json!(["no: uri does not: contains `evil`"]));
    assert_eq!(rules[1]["why"], json!(["yes: all query args holds an SQL injection: `1' OR 1=1--`"]));
    let (status, _, answer) = desk.door("POST", "/_windtunnel/wafv2/test", r#"{"acl": "nobody", "request": "GET /"}"#).await;
    assert_eq!((status, answer["error"].as_str().unwrap().contains("no web ACL nobody")), (404, true));
}
