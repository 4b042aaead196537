//! Replication between buckets of one cloud: of regions and accounts, by a role that must be allowed to.

use crate::{
    desk::{Allows, Desk, to_function},
    http::{Answer, Ask, send},
};
use fakes::keys::{FakeKeys, KEY};
use kit::{Context, Decision, Need};
use serde_json::{Value, json};
use std::sync::Arc;

const ROLE: &str = "arn:aws:iam::000000000000:role/replicator";

/// Lets roles do everything, too.
pub struct Everything;

impl kit::Decider for Everything {
    fn decide(&self, _: &Context, _: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

/// A cloud with the buckets `from` and `goal`, which keep versions, and somebody who hands out sessions of roles.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    fakes::Told::by("s3.amazonaws.com").offer(desk.cloud.ports());
    desk.cloud.ports().offer_functions(desk.told.clone());
    desk.cloud.set_decider(Arc::new(Everything));
    for bucket in ["from", "goal"] {
        versioned(&desk, bucket).await;
    }
    desk
}

async fn versioned(desk: &Desk, bucket: &str) {
    desk.ask("PUT", &format!("/{bucket}")).await.ok();
    desk.ok("PutBucketVersioning", json!({ "Bucket": bucket, "VersioningConfiguration": { "Status": "Enabled" } })).await;
}

/// A rule for everything, with what is otherwise.
fn rule(id: &str, to: &str, change: Value) -> Value {
    let mut rule = json!({
        "ID": id, "Priority": 1, "Status": "Enabled", "Filter": {}, "DeleteMarkerReplication": { "Status": "Enabled" },
        "Destination": { "Bucket": format!("arn:aws:s3:::{to}") },
    });
    for (name, value) in change.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

fn rules(rules: &[Value]) -> Value {
    json!({ "Bucket": "from", "ReplicationConfiguration": { "Role": ROLE, "Rules": rules } })
}

async fn status(desk: &Desk, target: &str) -> Option<String> {
    desk.settle().await;
    desk.ask("HEAD", target).await.ok().header("x-amz-replication-status").map(str::to_owned)
}

async fn in_account(desk: &Desk, account: &str, region: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let now = kit::time::amz_date(desk.cloud.clock().now());
    send(desk.address(), Ask { method, target, headers, body: body.to_vec(), key: Some((account, "test")), region }, &now).await
}

#[tokio::test]
async fn what_is_written_is_written_elsewhere_under_the_same_version() {
    let desk = desk().await;
    desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({}))])).await;
    let headers = [("x-amz-tagging", "a=1"), ("x-amz-meta-colour", "blue"), ("content-type", "text/x")];
    let first = desk.send("PUT", "/from/a/k", &headers, b"one").await.ok();
    desk.put("/from/a/k", "two").await;
    assert_eq!(status(&desk, "/from/a/k").await.as_deref(), Some("COMPLETED"));
    assert_eq!(status(&desk, "/goal/a/k").await.as_deref(), Some("REPLICA"));
    assert_eq!(desk.get("/goal/a/k").await.ok().text(), "two");
    let id = first.header("x-amz-version-id").unwrap();
    let old = desk.get(&format!("/goal/a/k?versionId={id}")).await.ok();
    assert_eq!((old.text(), old.header("x-amz-meta-colour"), old.header("content-type")), ("one".into(), Some("blue"), Some("text/x")));
    assert_eq!((old.header("etag"), old.header("x-amz-tagging-count")), (first.header("etag"), Some("1")));
    // The body outlives its source.
    desk.ask("DELETE", &format!("/from/a/k?versionId={id}")).await.ok();
    assert_eq!(desk.get(&format!("/goal/a/k?versionId={id}")).await.ok().text(), "one");
    // A delete marker goes along, the deletion of a version does not.
    desk.ask("DELETE", "/from/a/k").await.ok();
    desk.settle().await;
    assert_eq!(desk.get("/goal/a/k").await.status, 404);
    assert_eq!(desk.get("/goal?versions").await.ok().elements("VersionId").len(), 3);
}

#[tokio::test]
async fn changes_of_tags_and_locks_follow_and_replicas_go_no_further() {
    let desk = desk().await;
    versioned(&desk, "third").await;
    desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({}))])).await;
    let back = json!({ "Bucket": "goal", "ReplicationConfiguration": { "Role": ROLE, "Rules": [rule("on", "third", json!({}))] } });
    desk.ok("PutBucketReplication", back).await;
    desk.put("/from/k", "body").await;
    desk.settle().await;
    let tags = json!({ "TagSet": [{ "Key": "a", "Value": "1" }] });
    desk.ok("PutObjectTagging", json!({ "Bucket": "from", "Key": "k", "Tagging": tags })).await;
    assert_eq!(status(&desk, "/from/k").await.as_deref(), Some("COMPLETED"));
    assert_eq!(desk.ok("GetObjectTagging", json!({ "Bucket": "goal", "Key": "k" })).await["TagSet"], tags["TagSet"]);
    assert!(desk.keys("third").await.is_empty());
    assert_eq!(desk.get("/goal?versions").await.ok().elements("VersionId").len(), 1);
}

#[tokio::test]
async fn rules_choose_by_prefix_and_tag_and_each_bucket_is_served_once() {
    let desk = desk().await;
    versioned(&desk, "other").await;
    let low = rule("low", "goal", json!({ "Priority": 1, "Filter": { "Prefix": "a/" } }));
    let change = json!({ "Bucket": "arn:aws:s3:::goal", "StorageClass": "STANDARD_IA" });
    let high = rule("high", "goal", json!({ "Priority": 9, "Filter": { "Prefix": "a/b/" }, "Destination": change }));
    let tag = json!({ "Tag": { "Key": "go", "Value": "yes" } });
    let tagged = rule("tag", "other", json!({ "Priority": 2, "Filter": tag, "DeleteMarkerReplication": { "Status": "Disabled" } }));
    desk.ok("PutBucketReplication", rules(&[low, high, tagged])).await;
    desk.put("/from/a/x", "1").await;
    desk.send("PUT", "/from/a/b/x", &[("x-amz-tagging", "go=yes")], b"2").await.ok();
    desk.put("/from/c", "3").await;
    assert_eq!(status(&desk, "/from/c").await, None);
    assert_eq!(desk.keys("goal").await, ["a/b/x", "a/x"]);
    assert_eq!(desk.keys("other").await, ["a/b/x"]);
    assert_eq!(desk.ask("HEAD", "/goal/a/b/x").await.ok().header("x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(desk.ask("HEAD", "/goal/a/x").await.ok().header("x-amz-storage-class"), None);
}

#[tokio::test]
async fn the_role_needs_every_permission_and_failures_are_told() {
    const ALL: [(&str, &str, &str); 7] = [
        ("replicator", "s3:GetReplicationConfiguration", "arn:aws:s3:::from"),
        ("replicator", "s3:ListBucket", "arn:aws:s3:::from"),
        ("replicator", "s3:GetObjectVersionForReplication", "arn:aws:s3:::from/k"),
        ("replicator", "s3:GetObjectVersionAcl", "arn:aws:s3:::from/k"),
        ("replicator", "s3:GetObjectVersionTagging", "arn:aws:s3:::from/k"),
        ("replicator", "s3:ReplicateObject", "arn:aws:s3:::goal/k"),
        ("replicator", "s3:ReplicateTags", "arn:aws:s3:::goal/k"),
    ];
    for left_out in 0..=ALL.len() {
        let desk = desk().await;
        let wanted = to_function(&["s3:Replication:OperationFailedReplication"]);
        desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": "from", "NotificationConfiguration": wanted })).await;
        desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({}))])).await;
        let allowed = ALL.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, one)| *one).collect();
        desk.cloud.set_decider(Arc::new(Allows(allowed)));
        desk.send("PUT", "/from/k", &[("x-amz-tagging", "a=1")], b"body").await.ok();
        let whole = left_out == ALL.len();
        let wanted = if whole { "COMPLETED" } else { "FAILED" };
        assert_eq!(status(&desk, "/from/k").await.as_deref(), Some(wanted), "without {:?}", ALL.get(left_out));
        assert_eq!(desk.get("/goal/k").await.status, if whole { 200 } else { 404 });
        let told = desk.told.functions.lock().unwrap().clone();
        assert_eq!(told.len(), usize::from(!whole));
        if let Some((_, event)) = told.first() {
            let data = &event["Records"][0]["replicationEventData"];
            assert_eq!((&data["replicationRuleId"], &data["destinationBucket"]), (&json!("all"), &json!("arn:aws:s3:::goal")));
            assert!(data["failureReason"].as_str().unwrap().ends_with("NotPermitted"));
        }
    }
}

#[tokio::test]
async fn a_role_that_nobody_may_be_fails_the_version() {
    let desk = desk().await;
    let mut put = rules(&[rule("all", "goal", json!({}))]);
    put["ReplicationConfiguration"]["Role"] = json!("arn:aws:iam::000000000000:role/missing");
    desk.ok("PutBucketReplication", put).await;
    desk.put("/from/k", "body").await;
    assert_eq!(status(&desk, "/from/k").await.as_deref(), Some("FAILED"));
    desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({}))])).await;
    desk.put("/from/k", "body").await;
    assert_eq!(status(&desk, "/from/k").await.as_deref(), Some("COMPLETED"));
}

#[tokio::test]
async fn other_accounts_get_replicas_of_the_writer_unless_the_owner_is_overridden() {
    let desk = desk().await;
    let theirs = "111111111111";
    let make = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    for bucket in ["theirs", "given"] {
        let headers = [("x-amz-object-ownership", "ObjectWriter")];
        in_account(&desk, theirs, "eu-west-1", "PUT", &format!("/{bucket}"), &headers, make.as_bytes()).await.ok();
        let on = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        in_account(&desk, theirs, "eu-west-1", "PUT", &format!("/{bucket}?versioning"), &[], on).await.ok();
    }
    let overridden = json!({ "Bucket": "arn:aws:s3:::given", "Account": theirs, "AccessControlTranslation": { "Owner": "Destination" } });
    let two = [rule("kept", "theirs", json!({})), rule("given", "given", json!({ "Priority": 2, "Destination": overridden }))];
    desk.ok("PutBucketReplication", rules(&two)).await;
    desk.put("/from/k", "body").await;
    assert_eq!(status(&desk, "/from/k").await.as_deref(), Some("COMPLETED"));
    let owner = async |bucket: &str| {
        let list = in_account(&desk, theirs, "eu-west-1", "GET", &format!("/{bucket}?fetch-owner=true&list-type=2"), &[], b"").await.ok();
        list.element("ID").unwrap()
    };
    let (kept, given) = (owner("theirs").await, owner("given").await);
    assert_ne!(kept, given);
    assert_eq!(kept, desk.get("/").await.ok().element("ID").unwrap());
    // The other account has to be the destination's.
    let wrong =
        json!({ "Bucket": "arn:aws:s3:::given", "Account": "222222222222", "AccessControlTranslation": { "Owner": "Destination" } });
    let fault = desk.call("PutBucketReplication", rules(&[rule("r", "given", json!({ "Destination": wrong }))])).await.unwrap_err();
    assert_eq!(&*fault.code, "InvalidArgument");
}

#[tokio::test]
async fn bodies_under_kms_keys_go_where_the_rule_says_so_and_get_its_key() {
    let desk = desk().await;
    let keys = FakeKeys::of("s3.amazonaws.com");
    desk.cloud.ports().offer_keys(keys.clone());
    desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({}))])).await;
    let kms = [("x-amz-server-side-encryption", "aws:kms")];
    desk.send("PUT", "/from/k", &kms, b"secret").await.ok();
    assert_eq!(status(&desk, "/from/k").await, None);
    let criteria = json!({ "SseKmsEncryptedObjects": { "Status": "Enabled" } });
    let fault =
        desk.call("PutBucketReplication", rules(&[rule("r", "goal", json!({ "SourceSelectionCriteria": criteria }))])).await.unwrap_err();
    assert_eq!(&*fault.code, "InvalidRequest");
    let destination = json!({ "Bucket": "arn:aws:s3:::goal", "EncryptionConfiguration": { "ReplicaKmsKeyID": KEY } });
    let change = json!({ "SourceSelectionCriteria": criteria, "Destination": destination });
    desk.ok("PutBucketReplication", rules(&[rule("kms", "goal", change)])).await;
    desk.send("PUT", "/from/k", &kms, b"secret").await.ok();
    assert_eq!(status(&desk, "/from/k").await.as_deref(), Some("COMPLETED"));
    let replica = desk.get("/goal/k").await.ok();
    assert_eq!((replica.text(), replica.header("x-amz-server-side-encryption-aws-kms-key-id")), ("secret".into(), Some(KEY)));
    assert!(
        keys.asked
            .lock()
            .unwrap()
            .iter()
            .any(|(action, key, context)| { action == "kms:Encrypt" && key == KEY && context["aws:s3:arn"] == "arn:aws:s3:::goal/k" })
    );
}

#[tokio::test]
async fn configurations_are_checked() {
    let desk = desk().await;
    desk.ask("PUT", "/plain").await.ok();
    let code = async |change: Value| {
        let done = desk.call("PutBucketReplication", rules(&[rule("r", "goal", change)])).await;
        done.map_or_else(|fault| fault.code.to_string(), |_| "ok".into())
    };
    let to = |more: Value| {
        let mut destination = json!({ "Bucket": "arn:aws:s3:::goal" });
        more.as_object().unwrap().iter().for_each(|(name, value)| destination[name] = value.clone());
        json!({ "Destination": destination })
    };
    assert_eq!(code(json!({ "Destination": { "Bucket": "arn:aws:s3:::plain" } })).await, "InvalidRequest");
    assert_eq!(code(json!({ "Destination": { "Bucket": "goal" } })).await, "InvalidArgument");
    assert_eq!(code(json!({ "Destination": { "Bucket": "arn:aws:s3:::from" } })).await, "InvalidRequest");
    assert_eq!(code(json!({ "Filter": { "Tag": { "Key": "a", "Value": "b" } } })).await, "InvalidRequest");
    assert_eq!(code(json!({ "Priority": null })).await, "InvalidRequest");
    assert_eq!(code(to(json!({ "StorageClass": "WRONG" }))).await, "InvalidStorageClass");
    // What is not built is refused by name where it would be in force.
    let minutes = json!({ "Minutes": 15 });
    let time = to(
        json!({ "ReplicationTime": { "Status": "Enabled", "Time": minutes }, "Metrics": { "Status": "Enabled", "EventThreshold": minutes } }),
    );
    assert_eq!(code(time).await, "NotImplemented");
    assert_eq!(code(json!({ "ExistingObjectReplication": { "Status": "Enabled" } })).await, "NotImplemented");
    assert_eq!(code(json!({ "SourceSelectionCriteria": { "ReplicaModifications": { "Status": "Enabled" } } })).await, "NotImplemented");
    assert_eq!(code(json!({})).await, "ok");
    // Versions are kept as long as something is replicated.
    let suspend = json!({ "Bucket": "from", "VersioningConfiguration": { "Status": "Suspended" } });
    assert_eq!(&*desk.call("PutBucketVersioning", suspend.clone()).await.unwrap_err().code, "InvalidBucketState");
    desk.ok("DeleteBucketReplication", json!({ "Bucket": "from" })).await;
    desk.ok("PutBucketVersioning", suspend).await;
}

#[tokio::test]
async fn lifecycle_waits_for_what_is_not_everywhere_yet() {
    let desk = desk().await;
    desk.ok("PutBucketReplication", rules(&[rule("all", "goal", json!({ "Filter": { "Prefix": "r/" } }))])).await;
    let expiring = json!({ "ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": { "Days": 1 } });
    let moving = json!({ "ID": "cold", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": { "NoncurrentDays": 1 } });
    let lifecycle = json!({ "Bucket": "from", "LifecycleConfiguration": { "Rules": [expiring, moving] } });
    desk.ok("PutBucketLifecycleConfiguration", lifecycle).await;
    desk.put("/from/r/there", "body").await;
    assert_eq!(status(&desk, "/from/r/there").await.as_deref(), Some("COMPLETED"));
    desk.put("/from/other", "body").await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "goal", "VersioningConfiguration": { "Status": "Suspended" } })).await;
    desk.put("/from/r/lost", "body").await;
    assert_eq!(status(&desk, "/from/r/lost").await.as_deref(), Some("FAILED"));
    desk.advance(10 * 86_400).await;
    assert_eq!(desk.keys("from").await, ["r/lost"]);
    // Brought there at last, by a change that has it tried again, it goes as the others went.
    desk.ok("PutBucketVersioning", json!({ "Bucket": "goal", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    desk.ok("PutObjectTagging", json!({ "Bucket": "from", "Key": "r/lost", "Tagging": { "TagSet": [] } })).await;
    assert_eq!(status(&desk, "/from/r/lost").await.as_deref(), Some("COMPLETED"));
    desk.advance(2 * 86_400).await;
    assert!(desk.keys("from").await.is_empty());
}
