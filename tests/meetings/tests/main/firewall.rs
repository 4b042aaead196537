//! WAFv2 with what it guards and where it writes: records in Logs and S3 under the policies that it makes, and pools that come and go.

use crate::square::{ACCOUNT, Square};
use kit::{Inspected, Source, Verdict};
use serde_json::{Value, json};
use std::io::Read;

async fn guard(square: &Square) -> (String, String, Value) {
    let pool = square.ok("cognito-idp", "CreateUserPool", json!({ "PoolName": "people" })).await["UserPool"].clone();
    let visibility = |name: &str| json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": name });
    // `evil` in base64.
    let statement = json!({ "ByteMatchStatement": { "SearchString": "ZXZpbA==", "FieldToMatch": { "SingleHeader": { "Name": "x-who" } },
        "TextTransformations": [{ "Priority": 0, "Type": "NONE" }], "PositionalConstraint": "CONTAINS" } });
    let rule =
        json!({ "Name": "evil", "Priority": 0, "Statement": statement, "Action": { "Block": {} }, "VisibilityConfig": visibility("evil") });
    let acl = json!({ "Name": "guard", "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "Rules": [rule], "VisibilityConfig": visibility("guard") });
    let acl = square.ok("wafv2", "CreateWebACL", acl).await["Summary"].clone();
    let arn = pool["Arn"].as_str().unwrap().to_owned();
    square.ok("wafv2", "AssociateWebACL", json!({ "WebACLArn": acl["ARN"], "ResourceArn": arn })).await;
    (pool["Id"].as_str().unwrap().to_owned(), arn, acl)
}

async fn ask(square: &Square, arn: &str, who: &str) -> bool {
    let request = kit_request(who);
    let cx = square.cx.child().with_source(Source { ip: Some([192, 0, 2, 9].into()), ..Source::default() });
    let inspected = Inspected { head: &request, body: b"", path: None, host: Some("cognito-idp.us-east-1.amazonaws.com") };
    matches!(kit::firewall::inspect(&cx, arn, inspected).await, Verdict::Stop(_))
}

fn kit_request(who: &str) -> http::request::Parts {
    let request = http::Request::post("/?a=b").header("host", "localhost").header("x-who", who).header("authorization", "secret");
    request.body(()).unwrap().into_parts().0
}

#[tokio::test]
async fn records_go_to_a_log_group_under_the_policy_that_waf_makes() {
    let square = Square::new().await;
    let (_, pool, acl) = guard(&square).await;
    square.ok("logs", "CreateLogGroup", json!({ "logGroupName": "aws-waf-logs-guard" })).await;
    let group = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:aws-waf-logs-guard");
    let filter = json!({ "DefaultBehavior": "DROP", "Filters": [{ "Behavior": "KEEP", "Requirement": "MEETS_ANY",
        "Conditions": [{ "ActionCondition": { "Action": "BLOCK" } }] }] });
    let configuration = json!({ "ResourceArn": acl["ARN"], "LogDestinationConfigs": [group], "LoggingFilter": filter,
        "RedactedFields": [{ "SingleHeader": { "Name": "authorization" } }] });
    square.ok("wafv2", "PutLoggingConfiguration", json!({ "LoggingConfiguration": configuration })).await;
    assert!(ask(&square, &pool, "evil").await);
    assert!(!ask(&square, &pool, "nice").await, "and its record is dropped by the filter");
    let events = square.ok("logs", "FilterLogEvents", json!({ "logGroupName": "aws-waf-logs-guard" })).await["events"].clone();
    let events = events.as_array().unwrap();
    assert_eq!((events.len(), &events[0]["logStreamName"]), (1, &json!("us-east-1_guard_0")));
    let record = crate::square::json_of(&events[0]["message"]);
    assert_eq!(
        (&record["action"], &record["terminatingRuleId"], &record["httpSourceName"]),
        (&json!("BLOCK"), &json!("evil"), &json!("COGNITO"))
    );
    assert_eq!((&record["httpRequest"]["clientIp"], &record["httpRequest"]["args"]), (&json!("192.0.2.9"), &json!("a=b")));
    let headers = record["httpRequest"]["headers"].as_array().unwrap();
    let header = |name: &str| headers.iter().find(|h| h["name"] == name).unwrap()["value"].clone();
    assert_eq!((header("authorization"), header("x-who")), (json!("REDACTED"), json!("evil")));
    assert_eq!(header("host"), "cognito-idp.us-east-1.amazonaws.com");
    square.ok("wafv2", "DeleteLoggingConfiguration", json!({ "ResourceArn": acl["ARN"] })).await;
    ask(&square, &pool, "evil").await;
    let events = square.ok("logs", "FilterLogEvents", json!({ "logGroupName": "aws-waf-logs-guard" })).await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn records_leave_for_a_bucket_every_five_minutes() {
    let square = Square::new().await;
    let (_, pool, acl) = guard(&square).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "aws-waf-logs-kept" })).await;
    let configuration = json!({ "ResourceArn": acl["ARN"], "LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-kept/waf"] });
    square.ok("wafv2", "PutLoggingConfiguration", json!({ "LoggingConfiguration": configuration })).await;
    ask(&square, &pool, "evil").await;
    ask(&square, &pool, "nice").await;
    let list = json!({ "Bucket": "aws-waf-logs-kept" });
    assert!(square.ok("s3", "ListObjectsV2", list.clone()).await.get("Contents").is_none());
    square.advance(300).await;
    let listed = square.ok("s3", "ListObjectsV2", list).await["Contents"].clone();
    let keys: Vec<&str> = listed.as_array().unwrap().iter().map(|o| o["Key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 1);
    // The clock began at 22:13:20.
    let start = format!("waf/AWSLogs/{ACCOUNT}/WAFLogs/us-east-1/guard/2023/11/14/22/15/{ACCOUNT}_waflogs_us-east-1_guard_20231114T2215Z_");
    assert!(keys[0].starts_with(&start) && keys[0].ends_with(".log.gz"), "{}", keys[0]);
    let need = kit::Need::on("s3:GetObject", format!("arn:aws:s3:::aws-waf-logs-kept/{}", keys[0]));
    let grant = square.cx.grant(&need).unwrap();
    let object = square.cloud.ports().objects().unwrap().get(&square.cx, grant, "aws-waf-logs-kept", keys[0], None).await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&object.bytes[..]).read_to_string(&mut text).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().map(|r| r["action"].as_str().unwrap()).collect::<Vec<_>>(), ["BLOCK", "ALLOW"]);
}

#[tokio::test]
async fn a_pool_that_is_deleted_is_no_longer_guarded() {
    let square = Square::new().await;
    let (id, pool, acl) = guard(&square).await;
    let list = json!({ "WebACLArn": acl["ARN"], "ResourceType": "COGNITO_USER_POOL" });
    assert_eq!(square.ok("wafv2", "ListResourcesForWebACL", list.clone()).await["ResourceArns"], json!([pool]));
    let delete = json!({ "Name": "guard", "Scope": "REGIONAL", "Id": acl["Id"], "LockToken": acl["LockToken"] });
    assert_eq!(square.call("wafv2", "DeleteWebACL", delete.clone()).await.unwrap_err().code, "WAFAssociatedItemException");
    square.ok("cognito-idp", "DeleteUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(square.ok("wafv2", "ListResourcesForWebACL", list).await["ResourceArns"], json!([]));
    square.ok("wafv2", "DeleteWebACL", delete).await;
}
