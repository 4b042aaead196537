//! What administrators do, and who may.

use crate::desk::{Desk, PASSWORD};
use kit::Principal;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn an_invited_user_chooses_a_password_at_the_first_sign_in() {
    let desk = Desk::new().await;
    let invite = json!({ "UserPoolId": desk.pool, "Username": "ann@example.com", "DesiredDeliveryMediums": ["EMAIL"] });
    let made = desk.admin("AdminCreateUser", invite).await;
    assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let temporary = desk.code("ann@example.com").await;
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann@example.com", &temporary)).await;
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(asked["ChallengeParameters"]["requiredAttributes"], "[]");
    let answer = |session: &str| {
        json!({ "ClientId": desk.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
            "ChallengeResponses": { "USERNAME": asked["ChallengeParameters"]["USER_ID_FOR_SRP"], "NEW_PASSWORD": PASSWORD } })
    };
    let forged = desk.refused("RespondToAuthChallenge", answer("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")).await;
    assert_eq!(forged, "NotAuthorizedException: Invalid session for the user.");
    let session = asked["Session"].as_str().unwrap();
    let done = desk.ok("RespondToAuthChallenge", answer(session)).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    desk.sign_in("ann@example.com").await;
    let again = desk.refused("RespondToAuthChallenge", answer(session)).await;
    assert_eq!(again, "NotAuthorizedException: Invalid session for the user, session can only be used once.");
}

#[tokio::test]
async fn a_temporary_password_ends_after_the_days_of_the_policy() {
    let policy = json!({ "PasswordPolicy": { "MinimumLength": 8, "TemporaryPasswordValidityDays": 2 } });
    let desk = Desk::with(json!({ "Policies": policy }), json!({})).await;
    desk.admin("AdminCreateUser", json!({ "UserPoolId": desk.pool, "Username": "ann", "TemporaryPassword": "plainpass" })).await;
    desk.advance(2 * 86_400 + 1).await;
    let late = desk.refused("InitiateAuth", desk.password_flow("ann", "plainpass")).await;
    assert_eq!(late, "NotAuthorizedException: Temporary password has expired and must be reset by an administrator.");
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    desk.admin("AdminDisableUser", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com" })).await;
    assert_eq!(
        desk.refused("InitiateAuth", desk.password_flow("ann@example.com", PASSWORD)).await,
        "NotAuthorizedException: User is disabled."
    );
    assert_eq!(desk.refused("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await, "NotAuthorizedException: User is disabled.");
    desk.admin("AdminEnableUser", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com" })).await;
    desk.sign_in("ann@example.com").await;
}

#[tokio::test]
async fn users_are_listed_by_filter_and_page() {
    let desk = Desk::new().await;
    for n in 0..5 {
        desk.user(&format!("user{n}@example.com")).await;
    }
    let found = desk.admin("ListUsers", json!({ "UserPoolId": desk.pool, "Filter": "email = \"user3@example.com\"" })).await;
    assert_eq!(found["Users"].as_array().unwrap().len(), 1);
    let mut seen = 0;
    let mut input = json!({ "UserPoolId": desk.pool, "Limit": 2, "Filter": "email ^= \"user\"" });
    loop {
        let page = desk.admin("ListUsers", input.clone()).await;
        seen += page["Users"].as_array().unwrap().len();
        match page.get("PaginationToken") {
            Some(token) => input["PaginationToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen, 5);
    let count = async |filter: &str| {
        let found = desk.admin("ListUsers", json!({ "UserPoolId": desk.pool, "Filter": filter })).await;
        found["Users"].as_array().unwrap().len()
    };
    assert_eq!((count("email ^= \"USER3@\"").await, count("email ^= \"user9\"").await, count("email ^= \"\"").await), (1, 0, 5));
    let found = desk.admin("ListUsers", json!({ "UserPoolId": desk.pool, "Filter": "email = \"user3@example.com\"" })).await;
    let sub = found["Users"][0]["Username"].as_str().unwrap();
    assert_eq!(count(&format!("sub ^= \"{}\"", &sub[..13])).await, 1);
    assert_eq!((count("status ^= \"En\"").await, count("given_name ^= \"A\"").await), (5, 0));
}

#[tokio::test]
async fn what_is_not_honoured_is_refused_by_name() {
    let desk = Desk::new().await;
    let enforced = json!({ "PoolName": "p", "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" } });
    let fault = desk.try_admin("CreateUserPool", enforced).await.unwrap_err();
    assert_eq!((fault.code.as_ref(), fault.status), ("NotImplemented", 501));
    assert!(fault.message.contains("AdvancedSecurityMode ENFORCED"), "{}", fault.message);
    let certificate = desk.try_admin("GetSigningCertificate", json!({ "UserPoolId": desk.pool })).await.unwrap_err();
    assert_eq!(certificate.status, 501, "nobody signs in by SAML here");
    let off = desk.admin("GetUserPoolMfaConfig", json!({ "UserPoolId": desk.pool })).await;
    assert_eq!(off["MfaConfiguration"], "OFF");
}

#[tokio::test]
async fn a_pool_goes_with_all_that_is_in_it() {
    let desk = Desk::with(json!({ "DeletionProtection": "ACTIVE" }), json!({})).await;
    desk.user("ann").await;
    let id = json!({ "UserPoolId": desk.pool });
    assert_eq!(desk.try_admin("DeleteUserPool", id.clone()).await.unwrap_err().code, "InvalidParameterException");
    desk.admin("UpdateUserPool", id.clone()).await;
    let described = desk.admin("DescribeUserPool", id.clone()).await;
    assert_eq!(described["UserPool"]["EstimatedNumberOfUsers"], 1);
    assert_eq!(described["UserPool"]["DeletionProtection"], "INACTIVE");
    desk.admin("DeleteUserPool", id.clone()).await;
    assert_eq!(desk.try_admin("DescribeUserPool", id).await.unwrap_err().message, format!("User pool {} does not exist.", desk.pool));
    let gone = desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(gone, format!("ResourceNotFoundException: User pool client {} does not exist.", desk.client));
}

#[tokio::test]
async fn administration_needs_permission_and_signing_in_does_not() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let denied = desk.call("AdminGetUser", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com" })).await.unwrap_err();
    assert_eq!((denied.code.as_ref(), denied.status), ("AccessDeniedException", 400));
    // Another account's root finds neither pool nor user, and still signs in as a client.
    let stranger = desk
        .root
        .with_principal(Principal::Root { account: Arc::from("111122223333") })
        .in_scope(kit::Scope::new("111122223333", "eu-west-1"));
    let missing =
        desk.cloud.call_json(&stranger, "cognito-idp", "DescribeUserPool", &json!({ "UserPoolId": desk.pool })).await.unwrap_err();
    assert_eq!(missing.code, "ResourceNotFoundException");
    desk.cloud.call_json(&stranger, "cognito-idp", "InitiateAuth", &desk.password_flow("ann@example.com", PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn tags_come_and_go() {
    let desk = Desk::with(json!({ "UserPoolTags": { "a": "1" } }), json!({})).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{}", desk.pool);
    desk.admin("TagResource", json!({ "ResourceArn": arn, "Tags": { "b": "2" } })).await;
    desk.admin("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["a"] })).await;
    assert_eq!(desk.admin("ListTagsForResource", json!({ "ResourceArn": arn })).await["Tags"], json!({ "b": "2" }));
}
