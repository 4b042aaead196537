//! Transitions and noncurrent versions on the clock, and what AWS refuses in a configuration. The clock starts on 2023-11-14 at 22:13:20.

use crate::desk::{Desk, to_function};
use serde_json::{Value, json};

const DAY: u64 = 86_400;
const TO_MIDNIGHT: u64 = 6_400;
const LARGE: usize = 128 << 10;

async fn put_rules(desk: &Desk, rules: Value) -> Result<Value, kit::Fault> {
    let input = json!({ "Bucket": "box", "LifecycleConfiguration": { "Rules": rules } });
    let done = desk.call("PutBucketLifecycleConfiguration", input).await;
    desk.settle().await;
    done
}

async fn desk(rules: Value) -> Desk {
    let desk = Desk::with_bucket("box").await;
    let events = to_function(&["s3:LifecycleTransition", "s3:LifecycleExpiration:*"]);
    desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": events })).await;
    put_rules(&desk, rules).await.unwrap();
    desk
}

async fn versioned(desk: &Desk) {
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
}

fn rule(actions: Value) -> Value {
    let mut rule = json!({ "ID": "r", "Status": "Enabled", "Filter": { "Prefix": "" } });
    rule.as_object_mut().unwrap().extend(actions.as_object().unwrap().clone());
    rule
}

async fn class(desk: &Desk, key: &str) -> String {
    let head = desk.ask("HEAD", &format!("/box/{key}")).await.ok();
    head.header("x-amz-storage-class").unwrap_or("STANDARD").to_owned()
}

#[tokio::test]
async fn objects_go_down_class_by_class_and_are_told_of() {
    let to = |days: u32, class: &str| json!({ "Days": days, "StorageClass": class });
    let transitions =
        json!([to(30, "STANDARD_IA"), to(60, "INTELLIGENT_TIERING"), to(61, "GLACIER_IR"), to(151, "GLACIER"), to(241, "DEEP_ARCHIVE")]);
    let desk = desk(json!([rule(json!({ "Transitions": transitions, "Expiration": { "Days": 300 } }))])).await;
    desk.send("PUT", "/box/k", &[], &vec![1; LARGE]).await.ok();
    desk.send("PUT", "/box/small", &[], &vec![1; LARGE - 1]).await.ok();
    desk.advance(TO_MIDNIGHT + 30 * DAY - 1).await;
    assert_eq!(class(&desk, "k").await, "STANDARD");
    desk.advance(1).await;
    let mut seen = vec![class(&desk, "k").await];
    for days in [30, 1, 90, 90] {
        desk.advance(days * DAY).await;
        seen.push(class(&desk, "k").await);
    }
    assert_eq!(seen, ["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
    assert_eq!(class(&desk, "small").await, "STANDARD", "small objects stay by default");
    desk.advance(59 * DAY).await;
    assert!(desk.keys("box").await.is_empty());
    desk.settle().await;
    let told = desk.told.functions.lock().unwrap().clone();
    let moves: Vec<&Value> =
        told.iter().map(|(_, event)| &event["Records"][0]).filter(|r| r["eventName"] == "LifecycleTransition").collect();
    let classes: Vec<&Value> = moves.iter().map(|r| &r["lifecycleEventData"]["transitionEventData"]["destinationStorageClass"]).collect();
    assert_eq!(classes, ["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
    assert_eq!((&moves[0]["eventVersion"], &moves[0]["userIdentity"]["principalId"]), (&json!("2.3"), &json!("s3.amazonaws.com")));
    assert_eq!(told.iter().filter(|(_, event)| event["Records"][0]["eventName"] == "LifecycleExpiration:Delete").count(), 2);
}

#[tokio::test]
async fn small_objects_move_where_the_rule_or_the_bucket_says_so() {
    let desk = desk(json!([
        rule(json!({ "ID": "a", "Filter": { "Prefix": "plain/" }, "Transitions": [{ "Days": 0, "StorageClass": "GLACIER" }] })),
        rule(json!({ "ID": "b", "Filter": { "And": { "Prefix": "sized/", "ObjectSizeGreaterThan": 0 } }, "Transitions": [{ "Days": 0, "StorageClass": "GLACIER_IR" }] })),
        rule(json!({ "ID": "c", "Filter": { "Prefix": "instant/" }, "Transitions": [{ "Days": 0, "StorageClass": "GLACIER_IR" }] })),
    ]))
    .await;
    for key in ["plain/k", "sized/k", "instant/k"] {
        desk.put(&format!("/box/{key}"), "small").await;
    }
    desk.advance(TO_MIDNIGHT).await;
    let classes = async || [class(&desk, "plain/k").await, class(&desk, "sized/k").await, class(&desk, "instant/k").await];
    assert_eq!(classes().await, ["STANDARD", "GLACIER_IR", "STANDARD"]);
    let kept = desk.get("/box?lifecycle=").await.ok();
    assert_eq!(kept.header("x-amz-transition-default-minimum-object-size"), Some("all_storage_classes_128K"));
    let head = [("x-amz-transition-default-minimum-object-size", "varies_by_storage_class")];
    let put = desk.send("PUT", "/box?lifecycle=", &head, &kept.body).await.ok();
    assert_eq!(put.header("x-amz-transition-default-minimum-object-size"), Some("varies_by_storage_class"));
    desk.settle().await;
    desk.advance(DAY).await;
    assert_eq!(classes().await, ["GLACIER", "GLACIER_IR", "STANDARD"]);
}

#[tokio::test]
async fn a_restored_copy_does_not_stop_the_way_down() {
    let transitions = json!([{ "Days": 0, "StorageClass": "GLACIER" }, { "Days": 90, "StorageClass": "DEEP_ARCHIVE" }]);
    let desk = desk(json!([rule(json!({ "Transitions": transitions }))])).await;
    desk.send("PUT", "/box/k", &[], &vec![1; LARGE]).await.ok();
    desk.advance(TO_MIDNIGHT).await;
    let body = b"<RestoreRequest><Days>100</Days><GlacierJobParameters><Tier>Expedited</Tier></GlacierJobParameters></RestoreRequest>";
    assert_eq!(desk.send("POST", "/box/k?restore=", &[], body).await.status, 202);
    desk.advance(90 * DAY).await;
    let get = desk.get("/box/k").await.ok();
    assert_eq!(get.header("x-amz-storage-class"), Some("DEEP_ARCHIVE"));
    desk.advance(12 * DAY).await;
    assert_eq!(desk.get("/box/k").await.fault(), (403, "InvalidObjectState".into()));
}

#[tokio::test]
async fn deletion_beats_transition_and_transition_beats_a_delete_marker() {
    let rules = json!([
        rule(json!({ "ID": "move", "Transitions": [{ "Days": 3, "StorageClass": "GLACIER" }] })),
        rule(json!({ "ID": "end", "Expiration": { "Days": 3 } })),
    ]);
    let plain = desk(rules.clone()).await;
    plain.send("PUT", "/box/k", &[], &vec![1; LARGE]).await.ok();
    plain.advance(TO_MIDNIGHT + 3 * DAY).await;
    assert_eq!(plain.events().await, [("LifecycleExpiration:Delete".into(), "k".into())]);

    let kept = desk(rules).await;
    versioned(&kept).await;
    kept.send("PUT", "/box/k", &[], &vec![1; LARGE]).await.ok();
    kept.advance(TO_MIDNIGHT + 3 * DAY).await;
    assert_eq!(kept.events().await, [("LifecycleTransition".into(), "k".into())]);
    kept.advance(DAY).await;
    assert_eq!(kept.events().await[1], ("LifecycleExpiration:DeleteMarkerCreated".into(), "k".into()));
    assert!(kept.keys("box").await.is_empty());
}

#[tokio::test]
async fn newer_noncurrent_versions_are_kept_by_number() {
    let expiration = json!({ "NoncurrentDays": 1, "NewerNoncurrentVersions": 2 });
    let desk = desk(json!([rule(json!({ "NoncurrentVersionExpiration": expiration }))])).await;
    versioned(&desk).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(desk.put("/box/k", &format!("version {n}")).await.header("x-amz-version-id").unwrap().to_owned());
    }
    let left = async || desk.get("/box?versions=").await.ok().elements("VersionId");
    desk.advance(TO_MIDNIGHT + DAY).await;
    // The current one and two noncurrent ones.
    assert_eq!(left().await, [&*ids[4], &*ids[3], &*ids[2]]);
    desk.advance(100 * DAY).await;
    assert_eq!(left().await.len(), 3, "kept versions stay however old they are");
    // A new version pushes the oldest over the number; it has been noncurrent for long.
    let newest = desk.put("/box/k", "one more").await.header("x-amz-version-id").unwrap().to_owned();
    desk.advance(DAY).await;
    assert_eq!(left().await, [&*newest, &*ids[4], &*ids[3]]);
}

#[tokio::test]
async fn noncurrent_versions_move_by_days_of_their_own() {
    let transitions = json!([{ "NoncurrentDays": 0, "StorageClass": "GLACIER" }]);
    let desk = desk(json!([rule(json!({ "NoncurrentVersionTransitions": transitions }))])).await;
    versioned(&desk).await;
    let old = desk.send("PUT", "/box/k", &[], &vec![1; LARGE]).await.ok().header("x-amz-version-id").unwrap().to_owned();
    desk.advance(TO_MIDNIGHT + 5 * DAY).await;
    assert_eq!(class(&desk, "k").await, "STANDARD");
    desk.send("PUT", "/box/k", &[], &vec![2; LARGE]).await.ok();
    desk.advance(DAY).await;
    assert_eq!(class(&desk, "k").await, "STANDARD");
    assert_eq!(class(&desk, &format!("k?versionId={old}")).await, "GLACIER");
}

#[tokio::test]
async fn thousands_of_uploads_are_given_up_in_batches() {
    let desk = desk(json!([rule(json!({ "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 } }))])).await;
    for n in 0..2500 {
        desk.ok("CreateMultipartUpload", json!({ "Bucket": "box", "Key": format!("u{n}") })).await;
    }
    desk.advance(TO_MIDNIGHT + DAY - 1).await;
    assert_eq!(desk.get("/box?uploads=").await.ok().elements("UploadId").len(), 1000);
    desk.advance(1).await;
    assert!(desk.get("/box?uploads=").await.ok().elements("UploadId").is_empty());
    let records = desk.cloud.journal().held();
    let batches: Vec<u64> = records.iter().filter(|r| &*r.operation == "Lifecycle").map(|r| r.detail["count"].as_u64().unwrap()).collect();
    assert_eq!(batches, [1000, 1000, 500]);
}

#[tokio::test]
async fn rules_that_contradict_themselves_are_refused_with_awss_sentences() {
    let desk = Desk::with_bucket("box").await;
    let to = |days: i32, class: &str| json!({ "Days": days, "StorageClass": class });
    let cases = [
        (
            json!({ "Transitions": [to(29, "STANDARD_IA")] }),
            "InvalidArgument",
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (json!({ "Transitions": [to(-1, "GLACIER")] }), "InvalidArgument", "'Days' in Transition action must be nonnegative"),
        (
            json!({ "Transitions": [to(30, "STANDARD_IA"), to(59, "GLACIER")] }),
            "InvalidArgument",
            "'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=)' must be 30 days more than 'filter '(prefix=)'' in the 'Transition' action for StorageClass 'STANDARD_IA'",
        ),
        (
            json!({ "Transitions": [to(100, "DEEP_ARCHIVE"), to(30, "GLACIER")] }),
            "InvalidArgument",
            "'Days' in the 'Transition' action for StorageClass 'DEEP_ARCHIVE' for filter '(prefix=)' must be 90 days more than 'filter '(prefix=)'' in the 'Transition' action for StorageClass 'GLACIER'",
        ),
        (
            json!({ "Transitions": [to(60, "STANDARD_IA"), to(30, "GLACIER")] }),
            "InvalidArgument",
            "'Days' in the 'Transition' action for StorageClass 'GLACIER' for filter '(prefix=)' must be greater than 'Days' in the 'Transition' action for StorageClass 'STANDARD_IA' for filter '(prefix=)'",
        ),
        (
            json!({ "Transitions": [to(1, "GLACIER"), to(200, "GLACIER")] }),
            "InvalidRequest",
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'",
        ),
        (
            json!({ "Transitions": [to(1, "GLACIER"), { "Date": "2024-01-01T00:00:00Z", "StorageClass": "DEEP_ARCHIVE" }] }),
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '(prefix=)'",
        ),
        (
            json!({ "Transitions": [to(1, "GLACIER")], "Expiration": { "Date": "2024-01-01T00:00:00Z" } }),
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=)'",
        ),
        (
            json!({ "Transitions": [to(30, "GLACIER")], "Expiration": { "Days": 30 } }),
            "InvalidArgument",
            "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action",
        ),
        (
            json!({ "NoncurrentVersionTransitions": [{ "NoncurrentDays": 1, "StorageClass": "GLACIER" }], "NoncurrentVersionExpiration": { "NoncurrentDays": 1 }, "Filter": { "And": { "Prefix": "test/", "Tags": [{ "Key": "archive", "Value": "true" }], "ObjectSizeGreaterThan": 500, "ObjectSizeLessThan": 120120 } } }),
            "InvalidArgument",
            "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '(prefix=test/ and tag={key=archive, value=true} and objectsizegreaterthan=500 and objectsizelessthan=120120)' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
        ),
        (json!({ "Transitions": [to(1, "STANDARD")] }), "InvalidArgument", "Invalid target Storage class for Transition action"),
        (
            json!({ "NoncurrentVersionExpiration": { "NoncurrentDays": 1, "NewerNoncurrentVersions": 0 } }),
            "InvalidArgument",
            "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer",
        ),
        (
            json!({ "Filter": { "ObjectSizeGreaterThan": 1 }, "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 } }),
            "InvalidRequest",
            "AbortIncompleteMultipartUpload cannot be specified with Object Size.",
        ),
        (
            json!({ "Filter": { "Tag": { "Key": "a", "Value": "b" } }, "Expiration": { "ExpiredObjectDeleteMarker": true } }),
            "InvalidRequest",
            "ExpiredObjectDeleteMarker cannot be specified with Tags.",
        ),
        (
            json!({ "Filter": { "And": { "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 5 } }, "Expiration": { "Days": 1 } }),
            "InvalidRequest",
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.",
        ),
    ];
    for (actions, code, message) in cases {
        let fault = put_rules(&desk, json!([rule(actions)])).await.unwrap_err();
        assert_eq!((&*fault.code, &*fault.message), (code, message));
    }
    let twice = json!([rule(json!({ "Expiration": { "Days": 1 } })), rule(json!({ "Expiration": { "Days": 2 } }))]);
    let fault = put_rules(&desk, twice).await.unwrap_err();
    assert_eq!(fault.message, "Rule ID must be unique. Found same ID for more than one rule");
    // In order, with the stays that AWS wants, all of it is fine.
    let all = json!([to(30, "STANDARD_IA"), to(60, "ONEZONE_IA"), to(90, "GLACIER"), to(180, "DEEP_ARCHIVE")]);
    put_rules(&desk, json!([rule(json!({ "Transitions": all, "Expiration": { "Days": 181 } }))])).await.unwrap();
}

#[tokio::test]
async fn locked_versions_outlive_their_rules_and_move_all_the_same() {
    let desk = Desk::new().await;
    desk.send("PUT", "/box", &[("x-amz-bucket-object-lock-enabled", "true")], b"").await.ok();
    let actions = json!({
        "NoncurrentVersionTransitions": [{ "NoncurrentDays": 1, "StorageClass": "GLACIER" }],
        "NoncurrentVersionExpiration": { "NoncurrentDays": 2 },
    });
    put_rules(&desk, json!([rule(actions)])).await.unwrap();
    let body = vec![1; LARGE];
    let id = desk.send("PUT", "/box/k", &[], &body).await.ok().header("x-amz-version-id").unwrap().to_owned();
    let input = json!({ "Bucket": "box", "Key": "k", "VersionId": id });
    let with = |member: &str, value: Value| {
        let mut input = input.clone();
        input[member] = value;
        input
    };
    let retention = json!({ "Mode": "GOVERNANCE", "RetainUntilDate": "2023-11-25T12:00:00Z" });
    desk.ok("PutObjectRetention", with("Retention", retention)).await;
    desk.send("PUT", "/box/k", &[], b"newer").await.ok();
    desk.advance(TO_MIDNIGHT + 9 * DAY).await;
    assert_eq!(class(&desk, &format!("k?versionId={id}")).await, "GLACIER");
    desk.ok("PutObjectLegalHold", with("LegalHold", json!({ "Status": "ON" }))).await;
    desk.advance(100 * DAY).await;
    assert_eq!(desk.get("/box?versions=").await.ok().elements("VersionId").len(), 2);
    desk.ok("PutObjectLegalHold", with("LegalHold", json!({ "Status": "OFF" }))).await;
    desk.advance(DAY).await;
    assert_eq!(desk.get("/box?versions=").await.ok().elements("VersionId").len(), 1);
}
