//! Grants: permissions beside the key policy, under constraints, until they are revoked or retired.

use crate::desk::*;
use serde_json::{Value, json};

const ADA: &str = "arn:aws:iam::000000000000:user/ada";
const BOB: &str = "arn:aws:iam::000000000000:user/bob";

fn encrypt(id: &str, context: Value) -> Value {
    json!({ "KeyId": id, "Plaintext": blob(b"x"), "EncryptionContext": context })
}

#[tokio::test]
async fn a_grantee_may_do_what_the_grant_says_until_it_is_revoked() {
    let desk = Desk::new().await;
    let ada = desk.user(ACCOUNT, "ada");
    let id = desk.key(json!({})).await;
    assert_eq!(desk.refused_as(&ada, "Encrypt", encrypt(&id, json!({}))).await.0, "AccessDeniedException");
    let input = json!({ "KeyId": id, "GranteePrincipal": ADA, "Operations": ["Encrypt", "DescribeKey"], "Name": "ada" });
    let grant = desk.ok("CreateGrant", input.clone()).await;
    desk.call_as(&ada, "Encrypt", encrypt(&id, json!({}))).await.unwrap();
    desk.call_as(&ada, "DescribeKey", json!({ "KeyId": id, "GrantTokens": [grant["GrantToken"]] })).await.unwrap();
    assert_eq!(desk.refused_as(&ada, "GenerateDataKey", json!({ "KeyId": id, "KeySpec": "AES_256" })).await.0, "AccessDeniedException");
    assert_eq!(desk.refused_as(&desk.user(ACCOUNT, "bob"), "DescribeKey", json!({ "KeyId": id })).await.0, "AccessDeniedException");
    // The same call again gives the same grant.
    assert_eq!(desk.ok("CreateGrant", input).await["GrantId"], grant["GrantId"]);
    let listed = desk.ok("ListGrants", json!({ "KeyId": id })).await;
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 1);
    assert_eq!((&listed["Grants"][0]["Name"], &listed["Grants"][0]["KeyId"]), (&json!("ada"), &json!(arn(&id))));
    desk.ok("RevokeGrant", json!({ "KeyId": id, "GrantId": grant["GrantId"] })).await;
    assert_eq!(desk.refused_as(&ada, "Encrypt", encrypt(&id, json!({}))).await.0, "AccessDeniedException");
    assert_eq!(desk.refused("RevokeGrant", json!({ "KeyId": id, "GrantId": grant["GrantId"] })).await.0, "NotFoundException");
    assert_eq!(desk.refused("DescribeKey", json!({ "KeyId": id, "GrantTokens": ["nonsense"] })).await.0, "InvalidGrantTokenException");
}

#[tokio::test]
async fn constraints_hold_the_encryption_context() {
    let desk = Desk::new().await;
    let ada = desk.user(ACCOUNT, "ada");
    for (constraint, good, bad) in [
        ("EncryptionContextSubset", json!({ "a": "1", "b": "2" }), json!({ "b": "2" })),
        ("EncryptionContextEquals", json!({ "a": "1" }), json!({ "a": "1", "b": "2" })),
    ] {
        let id = desk.key(json!({})).await;
        let input = json!({ "KeyId": id, "GranteePrincipal": ADA, "Operations": ["Encrypt"], "Constraints": { constraint: { "a": "1" } } });
        desk.ok("CreateGrant", input).await;
        desk.call_as(&ada, "Encrypt", encrypt(&id, good)).await.unwrap();
        assert_eq!(desk.refused_as(&ada, "Encrypt", encrypt(&id, bad)).await.0, "AccessDeniedException", "{constraint}");
    }
}

#[tokio::test]
async fn a_grantee_passes_on_no_more_than_it_has() {
    let desk = Desk::new().await;
    let (ada, bob) = (desk.user(ACCOUNT, "ada"), desk.user(ACCOUNT, "bob"));
    let id = desk.key(json!({})).await;
    let operations = json!(["Encrypt", "CreateGrant"]);
    desk.ok("CreateGrant", json!({ "KeyId": id, "GranteePrincipal": ADA, "Operations": operations })).await;
    let pass = |operations: Value| json!({ "KeyId": id, "GranteePrincipal": BOB, "Operations": operations });
    assert_eq!(desk.refused_as(&ada, "CreateGrant", pass(json!(["Encrypt", "Decrypt"]))).await.0, "AccessDeniedException");
    desk.call_as(&ada, "CreateGrant", pass(json!(["Encrypt"]))).await.unwrap();
    desk.call_as(&bob, "Encrypt", encrypt(&id, json!({}))).await.unwrap();
    assert_eq!(desk.refused("CreateGrant", pass(json!(["Sign"]))).await.0, "ValidationException");
    let nobody = json!({ "KeyId": id, "GranteePrincipal": "ada", "Operations": ["Encrypt"] });
    assert_eq!(desk.refused("CreateGrant", nobody).await.0, "InvalidArnException");
}

#[tokio::test]
async fn the_retiring_principal_ends_a_grant_and_others_may_not() {
    let desk = Desk::new().await;
    let (ada, bob) = (desk.user(ACCOUNT, "ada"), desk.user(ACCOUNT, "bob"));
    let id = desk.key(json!({})).await;
    let input = json!({ "KeyId": id, "GranteePrincipal": ADA, "RetiringPrincipal": BOB, "Operations": ["Encrypt"] });
    let grant = desk.ok("CreateGrant", input.clone()).await;
    let listed = desk.ok("ListRetirableGrants", json!({ "RetiringPrincipal": BOB })).await;
    assert_eq!(listed["Grants"][0]["GrantId"], grant["GrantId"]);
    let retire = json!({ "KeyId": arn(&id), "GrantId": grant["GrantId"] });
    assert_eq!(desk.refused_as(&ada, "RetireGrant", retire.clone()).await.0, "AccessDeniedException");
    desk.call_as(&bob, "RetireGrant", retire).await.unwrap();
    assert_eq!(desk.refused_as(&ada, "Encrypt", encrypt(&id, json!({}))).await.0, "AccessDeniedException");
    // By its token, and by a grantee that the grant lets retire it.
    let mut input = input;
    input["Operations"] = json!(["Encrypt", "RetireGrant"]);
    let grant = desk.ok("CreateGrant", input).await;
    desk.call_as(&ada, "RetireGrant", json!({ "GrantToken": grant["GrantToken"] })).await.unwrap();
    assert_eq!(desk.ok("ListGrants", json!({ "KeyId": id })).await["Grants"], json!([]));
    assert_eq!(desk.refused("RetireGrant", json!({})).await.0, "ValidationException");
}

#[tokio::test]
async fn a_role_holds_a_grant_in_all_its_sessions() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let role = "arn:aws:iam::000000000000:role/worker";
    desk.ok("CreateGrant", json!({ "KeyId": id, "GranteePrincipal": role, "Operations": ["Encrypt"] })).await;
    desk.call_as(&desk.session(ACCOUNT, "worker"), "Encrypt", encrypt(&id, json!({}))).await.unwrap();
    let other = desk.refused_as(&desk.session(ACCOUNT, "idler"), "Encrypt", encrypt(&id, json!({}))).await;
    assert_eq!(other.0, "AccessDeniedException");
    assert!(other.1.starts_with("User: arn:aws:sts::000000000000:assumed-role/idler/session is not authorized"), "{}", other.1);
}

#[tokio::test]
async fn a_policy_may_leave_grants_to_aws_services() {
    let desk = Desk::new().await;
    let root = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" }, "Action": "kms:*", "Resource": "*" });
    let for_services = json!({ "Effect": "Allow", "Principal": { "AWS": ADA }, "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Resource": "*", "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } } });
    let policy = json!({ "Version": "2012-10-17", "Statement": [root, for_services] }).to_string();
    let id = desk.key(json!({ "Policy": policy })).await;
    let ada = desk.user(ACCOUNT, "ada");
    let input = json!({ "KeyId": id, "GranteePrincipal": BOB, "Operations": ["Encrypt"] });
    assert_eq!(desk.refused_as(&ada, "CreateGrant", input.clone()).await.0, "AccessDeniedException");
    desk.call_as(&ada.via("ec2.amazonaws.com"), "CreateGrant", input).await.unwrap();
}

#[tokio::test]
async fn one_grantee_has_room_for_many_grants_and_not_for_endless_ones() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let grant = |grantee: &str, n: usize| {
        let constraints = json!({ "EncryptionContextSubset": { "n": n.to_string() } });
        json!({ "KeyId": id, "GranteePrincipal": grantee, "Operations": ["Encrypt"], "Constraints": constraints })
    };
    let mut made = 0;
    while desk.call("CreateGrant", grant(ADA, made)).await.is_ok() {
        made += 1;
        assert!(made < 1000, "no end");
    }
    assert!(made > 50, "{made}");
    assert_eq!(desk.refused("CreateGrant", grant(ADA, made)).await.0, "LimitExceededException");
    desk.ok("CreateGrant", grant(BOB, 0)).await;
    let ada = desk.user(ACCOUNT, "ada");
    desk.call_as(&ada, "Encrypt", encrypt(&id, json!({ "n": (made - 1).to_string() }))).await.unwrap();
    assert_eq!(desk.refused_as(&ada, "Encrypt", encrypt(&id, json!({ "n": "none" }))).await.0, "AccessDeniedException");
    let page = desk.ok("ListGrants", json!({ "KeyId": id, "Limit": 10, "GranteePrincipal": ADA })).await;
    assert_eq!((page["Grants"].as_array().unwrap().len(), &page["Truncated"]), (10, &json!(true)));
}
