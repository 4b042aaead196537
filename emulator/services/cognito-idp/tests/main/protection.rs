//! Threat protection in audit mode: what users did is listed; what is not honoured is refused by name or told.

use crate::{
    desk::{Desk, PASSWORD},
    mfa::totp,
};
use serde_json::{Value, json};

async fn desk() -> Desk {
    let add_ons = json!({ "AdvancedSecurityMode": "AUDIT" });
    let pool = json!({ "AutoVerifiedAttributes": ["email"], "UserPoolTier": "PLUS", "UserPoolAddOns": add_ons });
    Desk::with(pool, json!({})).await
}

impl Desk {
    async fn events(&self, name: &str) -> Vec<Value> {
        let listed = self.admin("AdminListUserAuthEvents", json!({ "UserPoolId": self.pool, "Username": name })).await;
        listed["AuthEvents"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn what_users_do_is_listed_newest_first() {
    let desk = desk().await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    desk.ok("SignUp", json!({ "ClientId": desk.client, "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes })).await;
    desk.advance(1).await;
    desk.ok("ResendConfirmationCode", json!({ "ClientId": desk.client, "Username": "ann" })).await;
    let code = desk.code("ann").await;
    desk.ok("ConfirmSignUp", json!({ "ClientId": desk.client, "Username": "ann", "ConfirmationCode": code })).await;
    desk.advance(1).await;
    desk.refused("InitiateAuth", desk.password_flow("ann", "Wrong-Horse-9")).await;
    desk.advance(1).await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    desk.advance(1).await;
    let change = json!({ "AccessToken": access, "PreviousPassword": PASSWORD, "ProposedPassword": "Another-Horse-9" });
    desk.ok("ChangePassword", change).await;
    desk.advance(1).await;
    desk.ok("ForgotPassword", json!({ "ClientId": desk.client, "Username": "ann" })).await;
    let events = desk.events("ann").await;
    let told: Vec<String> =
        events.iter().map(|e| format!("{} {}", e["EventType"].as_str().unwrap(), e["EventResponse"].as_str().unwrap())).collect();
    assert_eq!(told, ["ForgotPassword InProgress", "PasswordChange Pass", "SignIn Pass", "SignIn Fail", "ResendCode Pass", "SignUp Pass"]);
    assert_eq!(events[3]["ChallengeResponses"], json!([{ "ChallengeName": "Password", "ChallengeResponse": "Failure" }]));
    assert_eq!(events[2]["ChallengeResponses"], json!([{ "ChallengeName": "Password", "ChallengeResponse": "Success" }]));
    assert_eq!(events[2]["EventRisk"]["RiskDecision"], "NoRisk");
    let first = json!({ "UserPoolId": desk.pool, "Username": "ann", "MaxResults": 4 });
    let page = desk.admin("AdminListUserAuthEvents", first.clone()).await;
    let mut rest = first;
    rest["NextToken"] = page["NextToken"].clone();
    assert_eq!(desk.admin("AdminListUserAuthEvents", rest).await["AuthEvents"].as_array().unwrap().len(), 2);

    let feedback = json!({ "UserPoolId": desk.pool, "Username": "ann", "EventId": events[3]["EventId"], "FeedbackValue": "Invalid" });
    desk.admin("AdminUpdateAuthEventFeedback", feedback).await;
    assert_eq!(desk.events("ann").await[3]["EventFeedback"]["FeedbackValue"], "Invalid");
}

#[tokio::test]
async fn a_wrong_second_factor_is_an_event_too() {
    let desk = desk().await;
    let on = json!({ "UserPoolId": desk.pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    desk.admin("SetUserPoolMfaConfig", on).await;
    desk.user("ann").await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    let secret = desk.ok("AssociateSoftwareToken", json!({ "AccessToken": access })).await["SecretCode"].as_str().unwrap().to_owned();
    desk.ok("VerifySoftwareToken", json!({ "AccessToken": access, "UserCode": totp(&secret, desk.now()) })).await;
    let on = json!({ "AccessToken": access, "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    desk.ok("SetUserMFAPreference", on).await;
    desk.advance(60).await;
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    desk.refused("RespondToAuthChallenge", desk.answer(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": "000000" }), "ann")).await;
    assert_eq!(desk.events("ann").await[0]["ChallengeResponses"][0], json!({ "ChallengeName": "Mfa", "ChallengeResponse": "Failure" }));
}

#[tokio::test]
async fn sign_ins_say_what_was_proved() {
    let desk = desk().await;
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let add_ons = json!({ "AdvancedSecurityMode": "AUDIT" });
    let pool = json!({ "UserPoolId": desk.pool, "UserPoolTier": "PLUS", "UserPoolAddOns": add_ons, "Policies": policies, "AutoVerifiedAttributes": ["email"] });
    desk.admin("UpdateUserPool", pool).await;
    let flows =
        json!({ "UserPoolId": desk.pool, "ClientId": desk.client, "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"] });
    desk.admin("UpdateUserPoolClient", flows).await;
    desk.user("ann").await;
    desk.set_attributes("ann", &[("email", "ann@example.com"), ("email_verified", "true")]).await;
    let begin = json!({
        "ClientId": desk.client, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": "ann", "PREFERRED_CHALLENGE": "EMAIL_OTP" },
    });
    let asked = desk.ok("InitiateAuth", begin).await;
    desk.refused("RespondToAuthChallenge", desk.answer(&asked, json!({ "EMAIL_OTP_CODE": "00000000" }), "ann")).await;
    desk.advance(1).await;
    let code = desk.code("ann").await;
    desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "EMAIL_OTP_CODE": code }), "ann")).await;
    desk.advance(1).await;
    desk.ok("ForgotPassword", json!({ "ClientId": desk.client, "Username": "ann" })).await;
    let code = desk.code("ann").await;
    let reset = |code: &str| json!({ "ClientId": desk.client, "Username": "ann", "ConfirmationCode": code, "Password": "Another-Horse-9" });
    desk.advance(1).await;
    desk.refused("ConfirmForgotPassword", reset("000000")).await;
    desk.advance(1).await;
    desk.ok("ConfirmForgotPassword", reset(code.as_str())).await;
    let events = desk.events("ann").await;
    let told: Vec<String> = events
        .iter()
        .map(|e| format!("{} {} {}", e["EventType"].as_str().unwrap(), e["EventResponse"].as_str().unwrap(), e["ChallengeResponses"]))
        .collect();
    assert_eq!(
        told,
        ["ForgotPassword Pass []", "ForgotPassword Fail []", "ForgotPassword InProgress []", "SignIn Pass []", "SignIn Fail []"],
        "no password was asked for"
    );
}

#[tokio::test]
async fn what_a_tier_does_not_have_is_refused() {
    let desk = Desk::new().await;
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    let function = json!({ "LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:f" });
    for pool in [
        json!({ "PoolName": "p", "UserPoolTier": "LITE", "Policies": policies }),
        json!({ "PoolName": "p", "UserPoolTier": "LITE", "LambdaConfig": { "PreTokenGenerationConfig": function } }),
        json!({ "PoolName": "p", "UserPoolTier": "ESSENTIALS", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
        json!({ "PoolName": "p", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
    ] {
        let fault = desk.try_admin("CreateUserPool", pool.clone()).await.unwrap_err();
        assert_eq!(fault.code, "FeatureUnavailableInTierException", "{pool}");
    }
    let pool = desk.admin("CreateUserPool", json!({ "PoolName": "p", "UserPoolTier": "LITE" })).await["UserPool"]["Id"].clone();
    for (operation, input) in [
        ("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })),
        ("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "lite-pages", "ManagedLoginVersion": 2 })),
        ("SetUserPoolMfaConfig", json!({ "UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {} })),
    ] {
        let fault = desk.try_admin(operation, input).await.unwrap_err();
        assert_eq!(fault.code, "FeatureUnavailableInTierException", "{operation}");
    }
    desk.admin("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c" })).await;
}

#[tokio::test]
async fn a_pool_keeps_its_plan_while_a_client_or_a_domain_needs_it() {
    let desk = Desk::new().await;
    let pool = desk.admin("CreateUserPool", json!({ "PoolName": "p" })).await["UserPool"]["Id"].clone();
    let client = json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
    let client = desk.admin("CreateUserPoolClient", client).await["UserPoolClient"]["ClientId"].clone();
    desk.admin("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "pages", "ManagedLoginVersion": 2 })).await;
    let lite = json!({ "UserPoolId": pool, "UserPoolTier": "LITE" });
    for by in [client.as_str().unwrap(), "pages"] {
        let fault = desk.try_admin("UpdateUserPool", lite.clone()).await.unwrap_err();
        assert_eq!(fault.code, "TierChangeNotAllowedException");
        assert!(fault.message.contains(by), "{fault}");
        assert_eq!(desk.admin("DescribeUserPool", json!({ "UserPoolId": pool })).await["UserPool"]["UserPoolTier"], "ESSENTIALS");
        desk.admin("UpdateUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    }
    desk.admin("UpdateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "pages", "ManagedLoginVersion": 1 })).await;
    desk.admin("UpdateUserPool", lite).await;
    assert_eq!(desk.admin("DescribeUserPool", json!({ "UserPoolId": pool })).await["UserPool"]["UserPoolTier"], "LITE");
}

#[tokio::test]
async fn risks_are_kept_and_never_promised_to_be_stopped() {
    let desk = desk().await;
    let blocked = json!({ "BlockedIPRangeList": ["192.0.2.0/24"] });
    let set = json!({ "UserPoolId": desk.pool, "RiskExceptionConfiguration": blocked });
    desk.admin("SetRiskConfiguration", set).await;
    let told = desk.admin("DescribeRiskConfiguration", json!({ "UserPoolId": desk.pool, "ClientId": desk.client })).await;
    assert_eq!(told["RiskConfiguration"]["RiskExceptionConfiguration"], blocked, "a client has its pool's");
    let enforced = json!({ "UserPoolId": desk.pool, "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" } });
    let refusal = desk.try_admin("UpdateUserPool", enforced).await.unwrap_err();
    assert_eq!((refusal.status, refusal.message.contains("AdvancedSecurityMode ENFORCED")), (501, true));
    let plain = Desk::new().await;
    let off = plain.try_admin("DescribeRiskConfiguration", json!({ "UserPoolId": plain.pool })).await.unwrap_err();
    assert_eq!(off.code, "UserPoolAddOnNotEnabledException");
}
