//! Settings that are kept under ids or are one word, and what AWS says of wrong ones (recorded).

use crate::desk::Desk;
use serde_json::{Value, json};

async fn code(desk: &Desk, operation: &str, input: Value) -> String {
    desk.call(operation, input).await.unwrap_err().code.into_owned()
}

#[tokio::test]
async fn metrics_and_analytics_are_kept_under_their_ids() {
    let desk = Desk::with_bucket("box").await;
    let metrics =
        |id: &str, prefix: &str| json!({ "Bucket": "box", "Id": id, "MetricsConfiguration": { "Id": id, "Filter": { "Prefix": prefix } } });
    desk.ok("PutBucketMetricsConfiguration", metrics("m", "logs/")).await;
    desk.ok("PutBucketMetricsConfiguration", metrics("m", "logs/new")).await;
    let kept = desk.ok("GetBucketMetricsConfiguration", json!({ "Bucket": "box", "Id": "m" })).await;
    assert_eq!(kept["MetricsConfiguration"]["Filter"]["Prefix"], "logs/new");
    assert_eq!(desk.ask("DELETE", "/box?id=m&metrics").await.status, 204);
    assert_eq!(code(&desk, "DeleteBucketMetricsConfiguration", json!({ "Bucket": "box", "Id": "m" })).await, "NoSuchConfiguration");

    let export = json!({ "OutputSchemaVersion": "V_1", "Destination": { "S3BucketDestination": { "Format": "CSV", "Bucket": "arn:aws:s3:::box" } } });
    let analytics = |id: &str, inner: &str| json!({ "Bucket": "box", "Id": id, "AnalyticsConfiguration": { "Id": inner, "StorageClassAnalysis": { "DataExport": export } } });
    assert_eq!(code(&desk, "PutBucketAnalyticsConfiguration", analytics("a", "b")).await, "MalformedXML");
    desk.ok("PutBucketAnalyticsConfiguration", analytics("a", "a")).await;
    let list = desk.ok("ListBucketAnalyticsConfigurations", json!({ "Bucket": "box" })).await;
    assert_eq!((&list["IsTruncated"], &list["AnalyticsConfigurationList"][0]["Id"]), (&json!(false), &json!("a")));
}

#[tokio::test]
async fn lists_are_paged_by_a_hundred() {
    let desk = Desk::with_bucket("box").await;
    for n in 0..101 {
        let id = format!("m{n:03}");
        desk.ok("PutBucketMetricsConfiguration", json!({ "Bucket": "box", "Id": id, "MetricsConfiguration": { "Id": id } })).await;
    }
    let first = desk.ok("ListBucketMetricsConfigurations", json!({ "Bucket": "box" })).await;
    assert_eq!((first["MetricsConfigurationList"].as_array().unwrap().len(), &first["IsTruncated"]), (100, &json!(true)));
    let next = json!({ "Bucket": "box", "ContinuationToken": first["NextContinuationToken"] });
    let rest = desk.ok("ListBucketMetricsConfigurations", next).await;
    assert_eq!((&rest["MetricsConfigurationList"][0]["Id"], &rest["IsTruncated"]), (&json!("m100"), &json!(false)));
    // They go with the bucket.
    desk.ok("DeleteBucket", json!({ "Bucket": "box" })).await;
    desk.ok("CreateBucket", json!({ "Bucket": "box" })).await;
    assert!(desk.ok("ListBucketMetricsConfigurations", json!({ "Bucket": "box" })).await["MetricsConfigurationList"].is_null());
}

#[tokio::test]
async fn inventories_are_checked_as_recorded() {
    let desk = Desk::with_bucket("box").await;
    let inventory = |change: &dyn Fn(&mut Value)| {
        let mut configuration = json!({ "Id": "i", "IsEnabled": true, "IncludedObjectVersions": "All", "OptionalFields": ["Size", "ETag"], "Schedule": { "Frequency": "Daily" }, "Destination": { "S3BucketDestination": { "Bucket": "arn:aws:s3:::box", "Format": "CSV" } } });
        change(&mut configuration);
        json!({ "Bucket": "box", "Id": "i", "InventoryConfiguration": configuration })
    };
    let put = async |change: &dyn Fn(&mut Value)| code(&desk, "PutBucketInventoryConfiguration", inventory(change)).await;
    assert_eq!(put(&|c| c["Id"] = json!("other")).await, "IdMismatch");
    assert_eq!(put(&|c| c["Destination"]["S3BucketDestination"]["Bucket"] = json!("box")).await, "InvalidS3DestinationBucket");
    assert_eq!(put(&|c| c["Destination"]["S3BucketDestination"]["Format"] = json!("WRONG")).await, "MalformedXML");
    assert_eq!(put(&|c| c["Schedule"]["Frequency"] = json!("Hourly")).await, "MalformedXML");
    assert_eq!(put(&|c| c["IncludedObjectVersions"] = json!("Wrong")).await, "MalformedXML");
    assert_eq!(put(&|c| c["OptionalFields"] = json!(["Wrong"])).await, "MalformedXML");
    desk.ok("PutBucketInventoryConfiguration", inventory(&|_| {})).await;
    let list = desk.get("/box?inventory").await.ok();
    assert_eq!((list.elements("Id"), list.element("IsTruncated").unwrap()), (vec!["i".into()], "false".into()));
    assert_eq!(desk.ask("DELETE", "/box?id=i&inventory").await.status, 204);
    assert_eq!(desk.get("/box?id=i&inventory").await.fault(), (404, "NoSuchConfiguration".into()));
}

#[tokio::test]
async fn one_word_settings() {
    let desk = Desk::with_bucket("box").await;
    assert_eq!(desk.get("/box?requestPayment").await.ok().element("Payer").unwrap(), "BucketOwner");
    let body = b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    desk.send("PUT", "/box?requestPayment", &[], body).await.ok();
    assert_eq!(desk.get("/box?requestPayment").await.ok().element("Payer").unwrap(), "Requester");
    let body = b"<RequestPaymentConfiguration><Payer>Random</Payer></RequestPaymentConfiguration>";
    assert_eq!(desk.send("PUT", "/box?requestPayment", &[], body).await.fault(), (400, "MalformedXML".into()));

    assert_eq!(desk.get("/box?accelerate").await.ok().element("Status"), None);
    let accelerate = |status: &str| format!("<AccelerateConfiguration><Status>{status}</Status></AccelerateConfiguration>");
    assert_eq!(desk.send("PUT", "/box?accelerate", &[], accelerate("enabled").as_bytes()).await.fault(), (400, "MalformedXML".into()));
    desk.send("PUT", "/box?accelerate", &[], accelerate("Enabled").as_bytes()).await.ok();
    assert_eq!(desk.get("/box?accelerate").await.ok().element("Status").unwrap(), "Enabled");
    desk.ask("PUT", "/a.box").await.ok();
    assert_eq!(desk.send("PUT", "/a.box?accelerate", &[], accelerate("Enabled").as_bytes()).await.fault(), (400, "InvalidRequest".into()));

    assert_eq!(desk.get("/box?replication").await.fault(), (404, "ReplicationConfigurationNotFoundError".into()));
    assert_eq!(desk.ask("DELETE", "/box?replication").await.status, 204);
}

#[tokio::test]
async fn logging_goes_to_the_owners_own_bucket_of_the_region() {
    let desk = Desk::with_bucket("box").await;
    assert!(desk.ok("GetBucketLogging", json!({ "Bucket": "box" })).await["LoggingEnabled"].is_null());
    let logging = |target: &str| json!({ "Bucket": "box", "BucketLoggingStatus": { "LoggingEnabled": { "TargetBucket": target, "TargetPrefix": "log" } } });
    let fault = desk.call("PutBucketLogging", logging("nowhere")).await.unwrap_err();
    assert_eq!(
        (fault.code.as_ref(), fault.message.as_str()),
        ("InvalidTargetBucketForLogging", "The target bucket for logging does not exist")
    );
    let cx = desk.cx.in_scope(kit::Scope::new("000000000000", "eu-central-1"));
    desk.cloud.call_json(&cx, "s3", "CreateBucket", &json!({ "Bucket": "far" })).await.unwrap();
    let fault = desk.call("PutBucketLogging", logging("far")).await.unwrap_err();
    assert_eq!((fault.code.as_ref(), fault.status, &fault.fields[0].1), ("CrossLocationLoggingProhibitted", 403, &json!("eu-central-1")));
    desk.send_as(Some(("111111111111", "test")), "PUT", "/theirs", &[], b"").await.ok();
    assert_eq!(code(&desk, "PutBucketLogging", logging("theirs")).await, "InvalidTargetBucketForLogging");
    desk.ok("CreateBucket", json!({ "Bucket": "logs" })).await;
    desk.ok("PutBucketLogging", logging("logs")).await;
    assert_eq!(desk.get("/box?logging").await.ok().element("TargetBucket").unwrap(), "logs");
    desk.ok("PutBucketLogging", json!({ "Bucket": "box", "BucketLoggingStatus": {} })).await;
    assert_eq!(desk.get("/box?logging").await.ok().element("TargetBucket"), None);
}

#[tokio::test]
async fn whoever_asks_pays_and_says_so() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(std::sync::Arc::new(crate::policy_decider::ByPolicy));
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::box", "arn:aws:s3:::box/*"] });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "box", "Policy": policy.to_string() })).await;
    desk.put("/box/k", "x").await;
    desk.ok("PutBucketRequestPayment", json!({ "Bucket": "box", "RequestPaymentConfiguration": { "Payer": "Requester" } })).await;
    let other = Some(("111111111111", "test"));
    for target in ["/box/k", "/box?list-type=2"] {
        assert_eq!(desk.send_as(other, "GET", target, &[], b"").await.fault(), (403, "AccessDenied".into()), "{target}");
        let paid = desk.send_as(other, "GET", target, &[("x-amz-request-payer", "requester")], b"").await.ok();
        assert_eq!(paid.header("x-amz-request-charged"), Some("requester"), "{target}");
    }
    // Nobody could be billed for a stranger; the owner is billed anyway.
    assert_eq!(desk.send_as(None, "GET", "/box/k", &[("x-amz-request-payer", "requester")], b"").await.status, 403);
    assert_eq!(desk.get("/box/k").await.ok().header("x-amz-request-charged"), None);
}
