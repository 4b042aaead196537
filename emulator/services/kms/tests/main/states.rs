//! Enabled, disabled, deleted on the clock.

use crate::desk::*;
use serde_json::json;

#[tokio::test]
async fn a_disabled_key_serves_nobody_until_it_is_enabled() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let sealed = desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x") })).await;
    desk.ok("DisableKey", json!({ "KeyId": id })).await;
    let told = desk.ok("DescribeKey", json!({ "KeyId": id })).await;
    assert_eq!((&told["KeyMetadata"]["KeyState"], &told["KeyMetadata"]["Enabled"]), (&json!("Disabled"), &json!(false)));
    let disabled = ("DisabledException".to_owned(), format!("{} is disabled.", arn(&id)));
    assert_eq!(desk.refused("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await, disabled);
    assert_eq!(desk.refused("GenerateDataKey", json!({ "KeyId": id, "KeySpec": "AES_256" })).await, disabled);
    desk.ok("EnableKey", json!({ "KeyId": id })).await;
    desk.ok("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
}

#[tokio::test]
async fn a_key_is_deleted_when_its_days_are_over_and_not_before() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    desk.ok("CreateAlias", json!({ "AliasName": "alias/doomed", "TargetKeyId": id })).await;
    let sealed = desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x") })).await;
    for days in [6, 31] {
        assert_eq!(desk.refused("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": days })).await.0, "ValidationException");
    }
    let planned = desk.ok("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 })).await;
    assert_eq!(
        (&planned["KeyState"], &planned["KeyId"], &planned["PendingWindowInDays"]),
        (&json!("PendingDeletion"), &json!(arn(&id)), &json!(7))
    );
    let pending = ("KMSInvalidStateException".to_owned(), format!("{} is pending deletion.", arn(&id)));
    assert_eq!(desk.refused("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await, pending);
    assert_eq!(desk.refused("EnableKey", json!({ "KeyId": id })).await, pending);
    assert_eq!(desk.refused("ScheduleKeyDeletion", json!({ "KeyId": id })).await, pending);
    let told = desk.ok("DescribeKey", json!({ "KeyId": id })).await;
    assert_eq!(told["KeyMetadata"]["DeletionDate"], planned["DeletionDate"]);

    desk.advance_days(6).await;
    desk.ok("DescribeKey", json!({ "KeyId": id })).await;
    desk.advance_days(1).await;
    assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": id })).await.0, "NotFoundException");
    assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": "alias/doomed" })).await.0, "NotFoundException");
    let lost = desk.refused("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
    assert_eq!(lost.0, "AccessDeniedException");
    assert!(lost.1.starts_with("The ciphertext refers to a customer master key that does not exist"), "{}", lost.1);
}

#[tokio::test]
async fn a_deletion_that_is_cancelled_leaves_a_disabled_key() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let not_pending = ("KMSInvalidStateException".to_owned(), format!("{} is not pending deletion.", arn(&id)));
    assert_eq!(desk.refused("CancelKeyDeletion", json!({ "KeyId": id })).await, not_pending);
    desk.ok("ScheduleKeyDeletion", json!({ "KeyId": id })).await;
    desk.advance_days(29).await;
    assert_eq!(desk.ok("CancelKeyDeletion", json!({ "KeyId": id })).await["KeyId"], arn(&id));
    desk.advance_days(30).await;
    let told = desk.ok("DescribeKey", json!({ "KeyId": id })).await;
    assert_eq!((&told["KeyMetadata"]["KeyState"], told["KeyMetadata"].get("DeletionDate")), (&json!("Disabled"), None));
}
