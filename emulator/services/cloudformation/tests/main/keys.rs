//! KMS keys and aliases in stacks.

use crate::Desk;
use serde_json::json;

const KEY: &str = "
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: photos
      EnableKeyRotation: true
      RotationPeriodInDays: 180
      PendingWindowInDays: 7
      KeyPolicy: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }] }
      Tags: [{ Key: team, Value: blue }]
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/photos, TargetKeyId: !Ref Key }
Outputs:
  Arn: { Value: !GetAtt Key.Arn }
  Alias: { Value: !Ref Alias }
";

#[tokio::test]
async fn a_key_and_its_alias_are_made_changed_and_given_up() {
    let desk = Desk::new().await;
    let stack = desk.create("s", KEY).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{stack}");
    let output = |key: &str, value: &str| json!({ "OutputKey": key, "OutputValue": value });
    let outputs = json!([output("Arn", "arn:aws:kms:us-east-1:000000000000:key/photos"), output("Alias", "alias/photos")]);
    assert_eq!(stack["Outputs"], outputs);
    assert_eq!(desk.calls(), ["kms:CreateKey photos", "kms:EnableKeyRotation photos", "kms:CreateAlias alias/photos"]);
    let key = desk.world.thing("kms/photos");
    assert_eq!((&key["Tags"], &key["RotationPeriodInDays"]), (&json!([{ "TagKey": "team", "TagValue": "blue" }]), &json!(180)));
    assert!(key["Policy"].as_str().unwrap().contains("\"kms:*\""), "{key}");
    assert_eq!(desk.world.thing("kms/alias/photos")["TargetKeyId"], "photos");

    let changed = KEY.replace("EnableKeyRotation: true", "EnableKeyRotation: false\n      Enabled: false").replace("blue", "red");
    assert_eq!(desk.update("s", &changed).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.calls(), ["kms:DisableKeyRotation photos", "kms:DisableKey photos", "kms:TagResource photos"]);

    let other = changed.replace("Description: photos", "Description: photos\n      KeySpec: HMAC_256");
    assert_eq!(desk.update("s", &other).await["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    let failed = desk.events("s").await.contains(&"Key UPDATE_FAILED".to_owned());
    assert!(failed && desk.calls().iter().all(|call| !call.starts_with("kms:CreateKey")));

    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert_eq!(desk.calls(), ["kms:DeleteAlias alias/photos", "kms:ScheduleKeyDeletion photos"]);
    assert_eq!(desk.world.thing("kms/photos")["PendingWindowInDays"], 7);
}

#[tokio::test]
async fn a_key_that_can_t_be_made_whole_is_not_left_behind() {
    let desk = Desk::new().await;
    desk.world.fail("kms:EnableKeyRotation photos");
    assert_eq!(desk.create("s", KEY).await["StackStatus"], "ROLLBACK_COMPLETE");
    assert_eq!(desk.calls(), ["kms:CreateKey photos", "kms:EnableKeyRotation photos", "kms:ScheduleKeyDeletion photos"]);
}
