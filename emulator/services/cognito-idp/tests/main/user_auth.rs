//! USER_AUTH: the pool says what a user may prove himself by, the client chooses.

use crate::{
    desk::{Desk, PASSWORD},
    srp::{SrpClient, TIMESTAMP},
};
use serde_json::{Value, json};

async fn desk(hides: bool) -> Desk {
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let hidden = if hides { "ENABLED" } else { "LEGACY" };
    let client = json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "PreventUserExistenceErrors": hidden });
    let desk = Desk::with(json!({ "Policies": policies, "AutoVerifiedAttributes": ["email"] }), client).await;
    desk.user("ann").await;
    desk.set_attributes("ann", &[("email", "ann@example.com"), ("email_verified", "true")]).await;
    desk
}

fn begin(desk: &Desk, mut parameters: Value, name: &str) -> Value {
    parameters["USERNAME"] = json!(name);
    json!({ "ClientId": desk.client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters })
}

#[tokio::test]
async fn a_password_a_proof_or_a_code_by_mail() {
    let desk = desk(false).await;
    let asked = desk.ok("InitiateAuth", begin(&desk, json!({}), "ann")).await;
    assert_eq!(
        (&asked["ChallengeName"], &asked["AvailableChallenges"]),
        (&json!("SELECT_CHALLENGE"), &json!(["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]))
    );
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "PASSWORD", "PASSWORD": PASSWORD }), "ann")).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());

    let asked = desk.ok("InitiateAuth", begin(&desk, json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" }), "ann")).await;
    assert_eq!(
        (&asked["ChallengeName"], &asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"]),
        (&json!("EMAIL_OTP"), &json!("a***@e***"))
    );
    let code = desk.code("ann").await;
    let right = desk.answer(&asked, json!({ "EMAIL_OTP_CODE": code }), "ann");
    desk.ok("RespondToAuthChallenge", right.clone()).await;
    let replayed = desk.refused("RespondToAuthChallenge", right).await;
    assert_eq!(replayed, "NotAuthorizedException: Invalid session for the user, session can only be used once.");

    let client = SrpClient::new(&desk.root.ids().bytes());
    let preferred = json!({ "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": client.public.to_str_radix(16) });
    let asked = desk.ok("InitiateAuth", begin(&desk, preferred, "ann")).await;
    assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER");
    let responses = client.responses(&desk.pool, PASSWORD, &asked["ChallengeParameters"], TIMESTAMP);
    let proof = json!({ "ClientId": desk.client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses });
    assert!(desk.ok("RespondToAuthChallenge", proof).await["AuthenticationResult"]["IdToken"].is_string());
}

#[tokio::test]
async fn who_is_not_there_is_asked_like_who_is() {
    let desk = desk(true).await;
    let (known, unknown) =
        (desk.ok("InitiateAuth", begin(&desk, json!({}), "ann")).await, desk.ok("InitiateAuth", begin(&desk, json!({}), "nobody")).await);
    assert_eq!(known["AvailableChallenges"], unknown["AvailableChallenges"]);
    let code = desk.ok("RespondToAuthChallenge", desk.answer(&unknown, json!({ "ANSWER": "EMAIL_OTP" }), "nobody")).await;
    assert_eq!(code["ChallengeName"], "EMAIL_OTP");
    let miss = desk.refused("RespondToAuthChallenge", desk.answer(&code, json!({ "EMAIL_OTP_CODE": "123456" }), "nobody")).await;
    assert_eq!(miss, "CodeMismatchException: Invalid code or auth state for the user.");
    let asked = desk.ok("InitiateAuth", begin(&desk, json!({ "PREFERRED_CHALLENGE": "PASSWORD" }), "nobody")).await;
    let wrong = desk.refused("RespondToAuthChallenge", desk.answer(&asked, json!({ "PASSWORD": PASSWORD }), "nobody")).await;
    assert_eq!(wrong, "NotAuthorizedException: Incorrect username or password.");
}

#[tokio::test]
async fn a_sign_up_that_was_confirmed_needs_no_other_proof() {
    let desk = desk(false).await;
    let attributes = json!([{ "Name": "email", "Value": "bob@example.com" }]);
    let made = desk.ok("SignUp", json!({ "ClientId": desk.client, "Username": "bob", "UserAttributes": attributes })).await;
    let code = desk.code("bob").await;
    let confirm = json!({ "ClientId": desk.client, "Username": "bob", "ConfirmationCode": code, "Session": made["Session"] });
    let confirmed = desk.ok("ConfirmSignUp", confirm).await;
    let mut with_session = begin(&desk, json!({}), "bob");
    with_session["Session"] = confirmed["Session"].clone();
    let done = desk.ok("InitiateAuth", with_session.clone()).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    assert!(desk.refused("InitiateAuth", with_session).await.contains("can only be used once"));
}

#[tokio::test]
async fn an_administrator_makes_a_user_without_a_password() {
    let desk = desk(false).await;
    let email = json!([{ "Name": "email", "Value": "bob@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    let made = desk.admin("AdminCreateUser", json!({ "UserPoolId": desk.pool, "Username": "bob", "UserAttributes": email })).await;
    assert_eq!(made["User"]["UserStatus"], "CONFIRMED");
    let asked = desk.ok("InitiateAuth", begin(&desk, json!({}), "bob")).await;
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP"]), "there is no password to choose");
    let asked = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "EMAIL_OTP" }), "bob")).await;
    let code = desk.code("bob").await;
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "EMAIL_OTP_CODE": code }), "bob")).await;
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    // Who has no password names none when he takes one; who has one does.
    let change = |old: Value| json!({ "AccessToken": done["AuthenticationResult"]["AccessToken"], "ProposedPassword": PASSWORD, "PreviousPassword": old });
    let guessed = desk.refused("ChangePassword", change(json!("Wrong-Horse-9"))).await;
    assert_eq!(guessed, "NotAuthorizedException: Incorrect username or password.");
    desk.ok("ChangePassword", change(Value::Null)).await;
    assert!(desk.refused("ChangePassword", change(Value::Null)).await.starts_with("NotAuthorizedException"));
    let asked = desk.ok("InitiateAuth", begin(&desk, json!({}), "bob")).await;
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]));
    let with = json!({ "UserPoolId": desk.pool, "Username": "eve", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" });
    assert_eq!(desk.admin("AdminCreateUser", with).await["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
}
