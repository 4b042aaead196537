//! Rotation on the clock and on demand: what older backing keys encrypted still decrypts.

use crate::desk::*;
use serde_json::{Value, json};

async fn sealed(desk: &Desk, id: &str, text: &[u8]) -> Value {
    desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(text) })).await["CiphertextBlob"].clone()
}
async fn rotations(desk: &Desk, id: &str) -> Vec<String> {
    let listed = desk.ok("ListKeyRotations", json!({ "KeyId": id })).await;
    listed["Rotations"].as_array().unwrap().iter().map(|r| r["RotationType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn keys_rotate_every_period_and_old_ciphertexts_still_open() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let off = desk.ok("GetKeyRotationStatus", json!({ "KeyId": id })).await;
    assert_eq!((&off["KeyRotationEnabled"], off.get("NextRotationDate")), (&json!(false), None));
    desk.ok("EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 90 })).await;
    let on = desk.ok("GetKeyRotationStatus", json!({ "KeyId": id })).await;
    assert_eq!((&on["KeyRotationEnabled"], &on["RotationPeriodInDays"]), (&json!(true), &json!(90)));

    let first = sealed(&desk, &id, b"first").await;
    desk.advance_days(89).await;
    assert!(rotations(&desk, &id).await.is_empty());
    desk.advance_days(1).await;
    assert_eq!(rotations(&desk, &id).await, ["AUTOMATIC"]);
    let second = sealed(&desk, &id, b"second").await;
    desk.advance_days(180).await;
    assert_eq!(rotations(&desk, &id).await, ["AUTOMATIC"; 3]);
    let (one, two) =
        (desk.ok("Decrypt", json!({ "CiphertextBlob": first })).await, desk.ok("Decrypt", json!({ "CiphertextBlob": second })).await);
    assert_eq!((bytes(&one["Plaintext"]), bytes(&two["Plaintext"])), (b"first".to_vec(), b"second".to_vec()));
    assert_ne!(one["KeyMaterialId"], two["KeyMaterialId"]);

    desk.ok("DisableKeyRotation", json!({ "KeyId": id })).await;
    desk.advance_days(400).await;
    assert_eq!(rotations(&desk, &id).await.len(), 3);
    let (code, _) = desk.refused("EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 89 })).await;
    assert_eq!(code, "ValidationException");
}

#[tokio::test]
async fn a_key_that_is_disabled_when_its_day_comes_rotates_when_it_is_enabled() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    desk.ok("EnableKeyRotation", json!({ "KeyId": id, "RotationPeriodInDays": 100 })).await;
    desk.ok("DisableKey", json!({ "KeyId": id })).await;
    desk.advance_days(150).await;
    desk.ok("EnableKey", json!({ "KeyId": id })).await;
    assert_eq!(rotations(&desk, &id).await, ["AUTOMATIC"]);
    desk.advance_days(100).await;
    assert_eq!(rotations(&desk, &id).await, ["AUTOMATIC"; 2]);
}

#[tokio::test]
async fn rotations_on_demand_are_counted_and_listed_with_their_material() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let old = sealed(&desk, &id, b"old").await;
    assert_eq!(desk.ok("RotateKeyOnDemand", json!({ "KeyId": id })).await["KeyId"], json!(id));
    assert_eq!(bytes(&desk.ok("Decrypt", json!({ "CiphertextBlob": old })).await["Plaintext"]), b"old");
    let all = desk.ok("ListKeyRotations", json!({ "KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })).await;
    let states: Vec<&str> = all["Rotations"].as_array().unwrap().iter().map(|r| r["KeyMaterialState"].as_str().unwrap()).collect();
    assert_eq!(states, ["NON_CURRENT", "CURRENT"]);
    let told = desk.ok("DescribeKey", json!({ "KeyId": id })).await;
    assert_eq!(told["KeyMetadata"]["CurrentKeyMaterialId"], all["Rotations"][1]["KeyMaterialId"]);
    for _ in 1..25 {
        desk.ok("RotateKeyOnDemand", json!({ "KeyId": id })).await;
    }
    assert_eq!(desk.refused("RotateKeyOnDemand", json!({ "KeyId": id })).await.0, "LimitExceededException");
}
