//! Users who make themselves.

use crate::desk::{Desk, PASSWORD, claims};
use serde_json::{Value, json};

fn sign_up(desk: &Desk, name: &str, password: &str) -> Value {
    json!({ "ClientId": desk.client, "Username": name, "Password": password })
}

#[tokio::test]
async fn signs_up_confirms_by_the_code_and_signs_in() {
    let desk = Desk::new().await;
    let made = desk.ok("SignUp", sign_up(&desk, "ann@example.com", PASSWORD)).await;
    assert_eq!(made["UserConfirmed"], false);
    assert_eq!(made["CodeDeliveryDetails"], json!({ "Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" }));
    let early = desk.refused("InitiateAuth", desk.password_flow("ann@example.com", "whatever")).await;
    assert_eq!(early, "UserNotConfirmedException: User is not confirmed.");

    let first = desk.code("ann@example.com").await;
    desk.ok("ResendConfirmationCode", json!({ "ClientId": desk.client, "Username": "ann@example.com" })).await;
    let code = desk.code("ann@example.com").await;
    let confirm = |code: &str| json!({ "ClientId": desk.client, "Username": "ann@example.com", "ConfirmationCode": code });
    let stale = desk.refused("ConfirmSignUp", confirm(&first)).await;
    assert_eq!(stale, "CodeMismatchException: Invalid verification code provided, please try again.");
    desk.ok("ConfirmSignUp", confirm(&code)).await;
    let again = desk.refused("ConfirmSignUp", confirm(&code)).await;
    assert_eq!(again, "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED");

    let tokens = desk.sign_in("ann@example.com").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!(id["email"], "ann@example.com");
    assert_eq!(id["email_verified"], true);
    assert_eq!(id["sub"], made["UserSub"]);
    // User names of such pools are the sub.
    assert_eq!(id["cognito:username"], made["UserSub"]);
}

#[tokio::test]
async fn codes_expire_after_a_day_and_lock_after_wrong_tries() {
    let desk = Desk::new().await;
    let confirm = |name: &str, code: &str| json!({ "ClientId": desk.client, "Username": name, "ConfirmationCode": code });
    desk.ok("SignUp", sign_up(&desk, "ann@example.com", PASSWORD)).await;
    let code = desk.code("ann@example.com").await;
    desk.advance(86_401).await;
    let late = desk.refused("ConfirmSignUp", confirm("ann@example.com", &code)).await;
    assert_eq!(late, "ExpiredCodeException: Invalid code provided, please request a code again.");

    desk.ok("SignUp", sign_up(&desk, "bob@example.com", PASSWORD)).await;
    let code = desk.code("bob@example.com").await;
    for _ in 0..5 {
        desk.refused("ConfirmSignUp", confirm("bob@example.com", "x")).await;
    }
    let locked = desk.refused("ConfirmSignUp", confirm("bob@example.com", &code)).await;
    assert_eq!(locked, "LimitExceededException: Attempt limit exceeded, please try after some time.");
}

#[tokio::test]
async fn names_passwords_and_attributes_are_checked() {
    let desk = Desk::new().await;
    let cases = [
        (sign_up(&desk, "ann", PASSWORD), "InvalidParameterException: Username should be an email."),
        (
            sign_up(&desk, "ann@example.com", "Sh0rt!"),
            "InvalidPasswordException: Password did not conform with policy: Password not long enough",
        ),
        (
            sign_up(&desk, "ann@example.com", "lower-case-9"),
            "InvalidPasswordException: Password did not conform with policy: Password must have uppercase characters",
        ),
        (
            sign_up(&desk, "ann@example.com", "NoSymbol99"),
            "InvalidPasswordException: Password did not conform with policy: Password must have symbol characters",
        ),
    ];
    for (input, sentence) in cases {
        assert_eq!(desk.refused("SignUp", input).await, sentence);
    }
    let mut own_flag = sign_up(&desk, "ann@example.com", PASSWORD);
    own_flag["UserAttributes"] = json!([{ "Name": "email_verified", "Value": "true" }]);
    assert_eq!(desk.refused("SignUp", own_flag).await, "NotAuthorizedException: A client attempted to write unauthorized attribute");
    desk.ok("SignUp", sign_up(&desk, "ann@example.com", PASSWORD)).await;
    let twice = desk.refused("SignUp", sign_up(&desk, "ann@example.com", PASSWORD)).await;
    assert_eq!(twice, "UsernameExistsException: An account with the given email already exists.");
    let elsewhere =
        desk.refused("SignUp", json!({ "ClientId": "nosuchclient", "Username": "ann@example.com", "Password": PASSWORD })).await;
    assert_eq!(elsewhere, "ResourceNotFoundException: User pool client nosuchclient does not exist.");
}

#[tokio::test]
async fn required_attributes_and_the_schema_are_enforced() {
    let schema = json!([
        { "Name": "name", "Required": true },
        { "Name": "seats", "AttributeDataType": "Number", "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": "9" } },
        { "Name": "badge", "AttributeDataType": "String", "Mutable": false },
    ]);
    let desk = Desk::with(json!({ "Schema": schema }), json!({})).await;
    let with = |attributes: Value| {
        let mut input = sign_up(&desk, "ann", PASSWORD);
        input["UserAttributes"] = attributes;
        input
    };
    assert_eq!(
        desk.refused("SignUp", with(json!([]))).await,
        "InvalidParameterException: Attributes did not conform to the schema: name: The attribute is required\n"
    );
    assert!(
        desk.refused("SignUp", with(json!([{ "Name": "name", "Value": "Ann" }, { "Name": "custom:seats", "Value": "10" }])))
            .await
            .starts_with("InvalidParameterException")
    );
    assert!(
        desk.refused("SignUp", with(json!([{ "Name": "name", "Value": "Ann" }, { "Name": "custom:nope", "Value": "1" }])))
            .await
            .contains("could not be determined")
    );
    desk.ok("SignUp", with(json!([{ "Name": "name", "Value": "Ann" }, { "Name": "custom:seats", "Value": "3" }, { "Name": "custom:badge", "Value": "b1" }]))).await;
    desk.admin("AdminConfirmSignUp", json!({ "UserPoolId": desk.pool, "Username": "ann" })).await;
    let tokens = desk.sign_in("ann").await;
    assert_eq!(claims(&tokens["IdToken"])["custom:seats"], "3");
    let badge = json!({ "AccessToken": tokens["AccessToken"], "UserAttributes": [{ "Name": "custom:badge", "Value": "b2" }] });
    assert!(desk.refused("UpdateUserAttributes", badge).await.contains("cannot be updated"));
}

#[tokio::test]
async fn a_closed_pool_takes_no_sign_ups() {
    let desk = Desk::with(json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } }), json!({})).await;
    let refusal = desk.refused("SignUp", sign_up(&desk, "ann", PASSWORD)).await;
    assert_eq!(refusal, "NotAuthorizedException: SignUp is not permitted for this user pool");
}

#[tokio::test]
async fn user_names_are_case_sensitive_unless_the_pool_says_otherwise() {
    let desk = Desk::with(json!({}), json!({})).await;
    desk.user("Ann").await;
    assert_eq!(desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await, "UserNotFoundException: User does not exist.");
    let desk = Desk::with(json!({ "UsernameConfiguration": { "CaseSensitive": false } }), json!({})).await;
    desk.user("Ann").await;
    desk.sign_in("aNN").await;
}
