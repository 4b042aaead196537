//! Buckets: names, owners, regions, listings.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn a_bucket_is_made_found_listed_and_deleted() {
    let desk = Desk::new().await;
    assert_eq!(desk.ask("HEAD", "/photos").await.status, 404);
    let made = desk.ask("PUT", "/photos").await.ok();
    assert_eq!(made.header("location"), Some("/photos"));
    let head = desk.ask("HEAD", "/photos").await.ok();
    assert_eq!(head.header("x-amz-bucket-region"), Some("us-east-1"));
    let list = desk.get("/").await.ok();
    assert_eq!(list.elements("Name"), ["photos"]);
    assert!(list.element("CreationDate").unwrap().starts_with("2023-11-14T22:13:20"));
    desk.put("/photos/a", "a").await;
    assert_eq!(desk.ask("DELETE", "/photos").await.fault(), (409, "BucketNotEmpty".into()));
    desk.ask("DELETE", "/photos/a").await.ok();
    assert_eq!(desk.ask("DELETE", "/photos").await.status, 204);
    let gone = desk.get("/photos").await;
    assert_eq!(gone.fault(), (404, "NoSuchBucket".into()));
    assert_eq!(gone.element("BucketName").unwrap(), "photos");
}

#[tokio::test]
async fn names_belong_to_all_accounts() {
    let desk = Desk::with_bucket("mine").await;
    // The owner again, in us-east-1: no error.
    desk.ask("PUT", "/mine").await.ok();
    let other = Some(("111111111111", "test"));
    assert_eq!(desk.send_as(other, "PUT", "/mine", &[], b"").await.fault(), (409, "BucketAlreadyExists".into()));
    assert_eq!(desk.ask("PUT", "/Not_Valid").await.fault(), (400, "InvalidBucketName".into()));
    assert!(desk.send_as(other, "GET", "/", &[], b"").await.ok().elements("Name").is_empty());
}

#[tokio::test]
async fn a_region_is_named_by_its_constraint() {
    let desk = Desk::new().await;
    let body = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let made = desk.send("PUT", "/elsewhere", &[], body.as_bytes()).await.ok();
    assert_eq!(made.header("location"), Some("http://elsewhere.s3.amazonaws.com/"));
    let location = desk.get("/elsewhere?location").await.ok();
    assert!(location.text().ends_with(">eu-west-1</LocationConstraint>"), "{}", location.text());
    desk.ask("PUT", "/here").await.ok();
    let here = desk.get("/here?location").await.ok();
    assert!(here.text().contains("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""), "{}", here.text());
    let wrong = desk.send("PUT", "/nowhere", &[], body.replace("eu-west-1", "us-east-1").as_bytes()).await;
    assert_eq!(wrong.fault(), (400, "InvalidLocationConstraint".into()));
    // A request that was signed for another region is told the right one.
    let lost = desk.get("/elsewhere?list-type=2").await;
    assert_eq!(lost.fault(), (400, "AuthorizationHeaderMalformed".into()));
    assert_eq!((lost.element("Region").unwrap(), lost.header("x-amz-bucket-region")), ("eu-west-1".into(), Some("eu-west-1")));
    // One that was signed for the region of the host that it went to is sent to another host.
    let host = ("host", "s3.us-east-1.localhost:4566");
    let moved = desk.send("GET", "/elsewhere?list-type=2", &[host], b"").await;
    assert_eq!(moved.fault(), (301, "PermanentRedirect".into()));
    let told = (moved.element("Endpoint").unwrap(), moved.header("x-amz-bucket-region"));
    assert_eq!(told, ("elsewhere.s3.eu-west-1.amazonaws.com".into(), Some("eu-west-1")));
    let head = desk.send("HEAD", "/elsewhere", &[host], b"").await;
    assert_eq!((head.status, head.header("x-amz-bucket-region")), (301, Some("eu-west-1")));
    // A call from inside the house means its own region.
    let cx = desk.cx.in_scope(kit::Scope::new("000000000000", "eu-central-1"));
    desk.cloud.call_json(&cx, "s3", "CreateBucket", &json!({ "Bucket": "of-a-stack" })).await.unwrap();
    assert!(desk.get("/of-a-stack?location").await.ok().text().contains("eu-central-1"));
}

#[tokio::test]
async fn buckets_are_paged() {
    let desk = Desk::new().await;
    for name in ["b-one", "a-two", "a-three"] {
        desk.ok("CreateBucket", json!({ "Bucket": name })).await;
    }
    let first = desk.ok("ListBuckets", json!({ "MaxBuckets": 2 })).await;
    assert_eq!(first["Buckets"][0]["Name"], "a-three");
    let rest = desk.ok("ListBuckets", json!({ "MaxBuckets": 2, "ContinuationToken": first["ContinuationToken"] })).await;
    assert_eq!(rest["Buckets"][0]["Name"], "b-one");
    assert!(rest["ContinuationToken"].is_null());
    let prefixed = desk.ok("ListBuckets", json!({ "Prefix": "a-" })).await;
    assert_eq!(prefixed["Buckets"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn settings_are_kept_as_aws_has_them_by_default() {
    let desk = Desk::with_bucket("set").await;
    let of = json!({ "Bucket": "set" });
    let encryption = desk.ok("GetBucketEncryption", of.clone()).await;
    assert_eq!(encryption["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let ownership = desk.ok("GetBucketOwnershipControls", of.clone()).await;
    assert_eq!(ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
    let block = desk.ok("GetPublicAccessBlock", of.clone()).await;
    assert_eq!(block["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let acl = desk.ok("GetBucketAcl", of.clone()).await;
    assert_eq!(acl["Grants"][0]["Permission"], "FULL_CONTROL");
    assert_eq!(desk.call("GetBucketTagging", of.clone()).await.unwrap_err().code, "NoSuchTagSet");
    desk.ok("PutBucketTagging", json!({ "Bucket": "set", "Tagging": { "TagSet": [{ "Key": "team", "Value": "photos" }] } })).await;
    assert_eq!(desk.ok("GetBucketTagging", of).await["TagSet"][0]["Value"], "photos");
    let public = desk.send("PUT", "/set?acl", &[("x-amz-acl", "public-read")], b"").await;
    assert_eq!(public.fault(), (400, "AccessControlListNotSupported".into()));
    desk.send("PUT", "/set?acl", &[("x-amz-acl", "bucket-owner-full-control")], b"").await.ok();
    assert_eq!(desk.get("/set?metadataTable").await.status, 501);
}
