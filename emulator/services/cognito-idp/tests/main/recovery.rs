//! Forgotten and changed passwords, and addresses that are proved.

use crate::desk::{Desk, PASSWORD};
use serde_json::json;

const NEXT: &str = "Next-Horse-10";

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let ask = json!({ "ClientId": desk.client, "Username": "ann@example.com" });
    let unverified = desk.refused("ForgotPassword", ask.clone()).await;
    assert_eq!(
        unverified,
        "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number"
    );
    let verify = json!([{ "Name": "email_verified", "Value": "true" }]);
    desk.admin("AdminUpdateUserAttributes", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com", "UserAttributes": verify }))
        .await;
    let sent = desk.ok("ForgotPassword", ask).await;
    assert_eq!(sent["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let confirm = |code: &str, password: &str| json!({ "ClientId": desk.client, "Username": "ann@example.com", "ConfirmationCode": code, "Password": password });
    let code = desk.code("ann@example.com").await;
    assert!(desk.refused("ConfirmForgotPassword", confirm(&code, "short")).await.starts_with("InvalidPasswordException"));
    assert!(desk.refused("ConfirmForgotPassword", confirm("x", NEXT)).await.starts_with("CodeMismatchException"));
    desk.ok("ConfirmForgotPassword", confirm(&code, NEXT)).await;
    let replayed = desk.refused("ConfirmForgotPassword", confirm(&code, "Third-Horse-9")).await;
    assert_eq!(replayed, "ExpiredCodeException: Invalid code provided, please request a code again.");
    desk.ok("InitiateAuth", desk.password_flow("ann@example.com", NEXT)).await;
    assert!(desk.refused("InitiateAuth", desk.password_flow("ann@example.com", PASSWORD)).await.starts_with("NotAuthorizedException"));
}

#[tokio::test]
async fn a_password_is_changed_with_the_one_before() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    let change = |old: &str| json!({ "AccessToken": tokens["AccessToken"], "PreviousPassword": old, "ProposedPassword": NEXT });
    assert_eq!(desk.refused("ChangePassword", change("Wrong-Horse-9")).await, "NotAuthorizedException: Incorrect username or password.");
    desk.ok("ChangePassword", change(PASSWORD)).await;
    desk.ok("InitiateAuth", desk.password_flow("ann@example.com", NEXT)).await;
}

#[tokio::test]
async fn a_new_address_is_proved_by_a_code() {
    let settings = json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"],
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } });
    let desk = Desk::with(settings, json!({})).await;
    desk.user("ann").await;
    let tokens = desk.sign_in("ann").await;
    let new = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let sent = desk.ok("UpdateUserAttributes", json!({ "AccessToken": tokens["AccessToken"], "UserAttributes": new })).await;
    assert_eq!(sent["CodeDeliveryDetailsList"][0]["AttributeName"], "email");
    let me = desk.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert!(!me.to_string().contains("ann@example.com"));
    let code = desk.code("ann").await;
    desk.ok("VerifyUserAttribute", json!({ "AccessToken": tokens["AccessToken"], "AttributeName": "email", "Code": code })).await;
    // The address is an alias from now on, and nobody else's.
    desk.sign_in("ann@example.com").await;
    let rival = json!([{ "Name": "email", "Value": "ann@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    let taken = desk
        .try_admin("AdminCreateUser", json!({ "UserPoolId": desk.pool, "Username": "bob", "UserAttributes": rival }))
        .await
        .unwrap_err();
    assert_eq!(taken.code, "AliasExistsException");
}

#[tokio::test]
async fn a_user_can_go() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    desk.ok("DeleteUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(
        desk.refused("InitiateAuth", desk.password_flow("ann@example.com", PASSWORD)).await,
        "UserNotFoundException: User does not exist."
    );
}
