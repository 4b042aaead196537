//! Users, roles, keys and tags.

use crate::desk::{ACCOUNT, Desk};
use serde_json::json;

const TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

#[tokio::test]
async fn a_user_is_made_once_renamed_with_its_keys_and_removed_when_nothing_hangs_on_it() {
    let desk = Desk::new().await;
    let made = desk.ok("CreateUser", json!({ "UserName": "ada", "Path": "/team/" })).await;
    assert_eq!(made["User"]["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/team/ada"));
    assert!(made["User"]["UserId"].as_str().unwrap().starts_with("AIDA"));
    assert_eq!(desk.refused("CreateUser", json!({ "UserName": "ada" })).await, "EntityAlreadyExists");

    let key = desk.ok("CreateAccessKey", json!({ "UserName": "ada" })).await;
    let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("LKIA"), "never to be mistaken for a real key");
    desk.ok("UpdateUser", json!({ "UserName": "ada", "NewUserName": "grace" })).await;
    assert_eq!(desk.cloud.access_key(&id).unwrap().principal.arn(), format!("arn:aws:iam::{ACCOUNT}:user/team/grace"));
    assert_eq!(desk.refused("GetUser", json!({ "UserName": "ada" })).await, "NoSuchEntity");

    assert_eq!(desk.refused("DeleteUser", json!({ "UserName": "grace" })).await, "DeleteConflict");
    desk.ok("DeleteAccessKey", json!({ "UserName": "grace", "AccessKeyId": id })).await;
    desk.ok("DeleteUser", json!({ "UserName": "grace" })).await;
    assert_eq!(desk.ok("ListUsers", json!({})).await["Users"], json!([]));
    assert!(desk.cloud.access_key(&id).is_none());
}

#[tokio::test]
async fn a_user_has_two_keys_at_most_and_an_inactive_one_is_known_as_such() {
    let desk = Desk::new().await;
    desk.ok("CreateUser", json!({ "UserName": "ada" })).await;
    let first = desk.ok("CreateAccessKey", json!({ "UserName": "ada" })).await["AccessKey"].clone();
    desk.ok("CreateAccessKey", json!({ "UserName": "ada" })).await;
    assert_eq!(desk.refused("CreateAccessKey", json!({ "UserName": "ada" })).await, "LimitExceeded");
    desk.ok("UpdateAccessKey", json!({ "UserName": "ada", "AccessKeyId": first["AccessKeyId"], "Status": "Inactive" })).await;
    let found = desk.cloud.access_key(first["AccessKeyId"].as_str().unwrap()).unwrap();
    assert!(!found.active);
    assert_eq!(found.secret, first["SecretAccessKey"]);
    let listed = desk.ok("ListAccessKeys", json!({ "UserName": "ada" })).await;
    let states: Vec<&str> = listed["AccessKeyMetadata"].as_array().unwrap().iter().map(|k| k["Status"].as_str().unwrap()).collect();
    assert!(states.contains(&"Active") && states.contains(&"Inactive"));
    assert!(!listed.to_string().contains(found.secret.as_str()), "secrets are told once");
}

#[tokio::test]
async fn a_role_keeps_its_trust_policy_and_refuses_a_broken_one() {
    let desk = Desk::new().await;
    let role = json!({ "RoleName": "process", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 7200, "Description": "runs" });
    desk.ok("CreateRole", role).await;
    let got = desk.ok("GetRole", json!({ "RoleName": "process" })).await["Role"].clone();
    assert_eq!((got["MaxSessionDuration"].as_i64(), got["Description"].as_str()), (Some(7200), Some("runs")));
    let trust = percent(got["AssumeRolePolicyDocument"].as_str().unwrap());
    assert_eq!(trust, TRUST);
    let broken = json!({ "RoleName": "process", "PolicyDocument": "{\"Version\":\"2012-10-17\"" });
    assert_eq!(desk.refused("UpdateAssumeRolePolicy", broken).await, "MalformedPolicyDocument");
    desk.ok("UpdateRole", json!({ "RoleName": "process", "MaxSessionDuration": 3600 })).await;
    assert_eq!(desk.ok("GetRole", json!({ "RoleName": "process" })).await["Role"]["MaxSessionDuration"], 3600);
    desk.ok("DeleteRole", json!({ "RoleName": "process" })).await;
    assert_eq!(desk.refused("GetRole", json!({ "RoleName": "process" })).await, "NoSuchEntity");
}

#[tokio::test]
async fn lists_go_on_where_the_marker_points() {
    let desk = Desk::new().await;
    for n in 0..5 {
        desk.ok("CreateUser", json!({ "UserName": format!("u{n}") })).await;
    }
    let (mut names, mut marker) = (Vec::new(), None::<String>);
    loop {
        let page = desk.ok("ListUsers", json!({ "MaxItems": 2, "Marker": marker })).await;
        names.extend(page["Users"].as_array().unwrap().iter().map(|u| u["UserName"].as_str().unwrap().to_owned()));
        marker = page["Marker"].as_str().map(str::to_owned);
        assert_eq!(page["IsTruncated"].as_bool(), Some(marker.is_some()));
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["u0", "u1", "u2", "u3", "u4"]);
}

#[tokio::test]
async fn tags_are_added_replaced_and_taken_off() {
    let desk = Desk::new().await;
    desk.ok("CreateUser", json!({ "UserName": "ada", "Tags": [{ "Key": "team", "Value": "a" }] })).await;
    desk.ok("TagUser", json!({ "UserName": "ada", "Tags": [{ "Key": "team", "Value": "b" }, { "Key": "x", "Value": "" }] })).await;
    desk.ok("UntagUser", json!({ "UserName": "ada", "TagKeys": ["x"] })).await;
    assert_eq!(desk.ok("ListUserTags", json!({ "UserName": "ada" })).await["Tags"], json!([{ "Key": "team", "Value": "b" }]));
    let twice = json!({ "UserName": "ada", "Tags": [{ "Key": "k", "Value": "1" }, { "Key": "K", "Value": "2" }] });
    assert_eq!(desk.refused("TagUser", twice).await, "InvalidInput");
}

/// Documents come back percent-encoded, as AWS sends them.
fn percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|b| (b as char).to_digit(16)).map(|d| d as u8);
        bytes.push(match byte {
            b'%' => digit().unwrap() * 16 + digit().unwrap(),
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
