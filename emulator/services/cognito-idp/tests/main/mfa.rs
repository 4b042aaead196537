//! Second factors: codes that are sent, authenticators, the choice among them, and setting one up on the way.

use crate::desk::{Desk, PASSWORD};
use hmac::Mac;
use serde_json::{Value, json};

/// A code of an authenticator at a time, written from RFC 6238 and sharing no code with the service.
pub fn totp(secret: &str, secs: i64) -> String {
    let (mut bits, mut key) = (String::new(), Vec::new());
    for letter in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    for byte in bits.as_bytes().chunks_exact(8) {
        key.push(u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap());
    }
    let mut mac = <hmac::Hmac<sha1::Sha1> as Mac>::new_from_slice(&key).unwrap();
    mac.update(&(secs as u64 / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = (hash[19] & 15) as usize;
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

impl Desk {
    pub fn now(&self) -> i64 {
        self.cloud.clock().now().secs()
    }
    pub async fn set_mfa(&self, config: Value) {
        let mut input = config;
        input["UserPoolId"] = json!(self.pool);
        self.admin("SetUserPoolMfaConfig", input).await;
    }
    pub async fn set_attributes(&self, name: &str, attributes: &[(&str, &str)]) {
        let list: Vec<Value> = attributes.iter().map(|(n, v)| json!({ "Name": n, "Value": v })).collect();
        self.admin("AdminUpdateUserAttributes", json!({ "UserPoolId": self.pool, "Username": name, "UserAttributes": list })).await;
    }
    pub fn answer(&self, asked: &Value, mut responses: Value, name: &str) -> Value {
        responses["USERNAME"] = json!(name);
        json!({ "ClientId": self.client, "ChallengeName": asked["ChallengeName"], "Session": asked["Session"], "ChallengeResponses": responses })
    }
    /// An authenticator for a signed-in user; its secret.
    async fn authenticator(&self, name: &str) -> String {
        let tokens = self.sign_in(name).await;
        let made = self.ok("AssociateSoftwareToken", json!({ "AccessToken": tokens["AccessToken"] })).await;
        let secret = made["SecretCode"].as_str().unwrap().to_owned();
        let verify = |code: String| json!({ "AccessToken": tokens["AccessToken"], "UserCode": code, "FriendlyDeviceName": "phone" });
        let wrong = self.refused("VerifySoftwareToken", verify("000000".into())).await;
        assert_eq!(wrong, "EnableSoftwareTokenMFAException: Code mismatch");
        let done = self.ok("VerifySoftwareToken", verify(totp(&secret, self.now()))).await;
        assert_eq!(done["Status"], "SUCCESS");
        let on = json!({ "AccessToken": tokens["AccessToken"], "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
        self.ok("SetUserMFAPreference", on).await;
        secret
    }
}

const SMS: &str = "arn:aws:iam::000000000000:role/sms";

fn all_factors(mode: &str) -> Value {
    json!({ "MfaConfiguration": mode, "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "SmsMfaConfiguration": { "SmsConfiguration": { "SnsCallerArn": SMS }, "SmsAuthenticationMessage": "Code: {####}" },
        "EmailMfaConfiguration": { "Message": "Mail: {####}", "Subject": "s" } })
}

async fn desk() -> Desk {
    let email = json!({ "EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/a@example.com" });
    Desk::with(json!({ "EmailConfiguration": email }), json!({})).await
}

#[tokio::test]
async fn an_authenticators_code_counts_once() {
    let desk = desk().await;
    desk.user("ann").await;
    desk.set_mfa(all_factors("OPTIONAL")).await;
    let secret = desk.authenticator("ann").await;
    let me = desk.admin("AdminGetUser", json!({ "UserPoolId": desk.pool, "Username": "ann" })).await;
    assert_eq!((&me["PreferredMfaSetting"], &me["UserMFASettingList"]), (&json!("SOFTWARE_TOKEN_MFA"), &json!(["SOFTWARE_TOKEN_MFA"])));
    desk.advance(60).await;
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(asked["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"], "phone");
    let code = totp(&secret, desk.now());
    let right = desk.answer(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": code }), "ann");
    let wrong = desk.answer(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": "000000" }), "ann");
    assert_eq!(desk.refused("RespondToAuthChallenge", wrong).await, "CodeMismatchException: Invalid code received for user");
    let done = desk.ok("RespondToAuthChallenge", right.clone()).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    let again = desk.refused("RespondToAuthChallenge", right).await;
    assert_eq!(again, "NotAuthorizedException: Invalid session for the user, session can only be used once.");
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    let replayed = desk.answer(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": code }), "ann");
    assert_eq!(
        desk.refused("RespondToAuthChallenge", replayed).await,
        "ExpiredCodeException: Your software token has already been used once."
    );
}

#[tokio::test]
async fn a_session_ends_by_time_and_by_wrong_codes_and_is_nobody_elses() {
    let desk = desk().await;
    desk.user("ann").await;
    desk.user("bob").await;
    desk.set_attributes("ann", &[("phone_number", "+15550100"), ("phone_number_verified", "true")]).await;
    desk.set_mfa(all_factors("OPTIONAL")).await;
    let on = json!({ "UserPoolId": desk.pool, "Username": "ann", "SMSMfaSettings": { "Enabled": true } });
    desk.admin("AdminSetUserMFAPreference", on).await;
    let ask = async || desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    let asked = ask().await;
    assert_eq!(
        (&asked["ChallengeName"], &asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"]),
        (&json!("SMS_MFA"), &json!("+*******0100"))
    );
    let code = desk.code("ann").await;
    let with = |asked: &Value, code: &str, name: &str| desk.answer(asked, json!({ "SMS_MFA_CODE": code }), name);
    let other = desk.refused("RespondToAuthChallenge", with(&asked, &code, "bob")).await;
    assert_eq!(other, "NotAuthorizedException: Invalid session for the user.");
    for _ in 0..3 {
        let miss = desk.refused("RespondToAuthChallenge", with(&asked, "x", "ann")).await;
        assert_eq!(miss, "CodeMismatchException: Invalid code or auth state for the user.");
    }
    let over = desk.refused("RespondToAuthChallenge", with(&asked, &code, "ann")).await;
    assert_eq!(over, "NotAuthorizedException: Invalid session for the user, session can only be used once.");
    let asked = ask().await;
    let code = desk.code("ann").await;
    desk.advance(181).await;
    let late = desk.refused("RespondToAuthChallenge", with(&asked, &code, "ann")).await;
    assert_eq!(late, "NotAuthorizedException: Invalid session for the user, session is expired.");
    let asked = ask().await;
    let code = desk.code("ann").await;
    desk.ok("RespondToAuthChallenge", with(&asked, &code, "ann")).await;
}

#[tokio::test]
async fn several_factors_are_chosen_from() {
    let desk = desk().await;
    desk.user("ann").await;
    desk.set_attributes("ann", &[("phone_number", "+15550100"), ("email", "ann@example.com"), ("email_verified", "true")]).await;
    desk.set_mfa(all_factors("OPTIONAL")).await;
    let on = json!({ "UserPoolId": desk.pool, "Username": "ann", "SMSMfaSettings": { "Enabled": true }, "EmailMfaSettings": { "Enabled": true } });
    desk.admin("AdminSetUserMFAPreference", on).await;
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(asked["ChallengeName"], "SELECT_MFA_TYPE");
    assert_eq!(asked["ChallengeParameters"]["MFAS_CAN_CHOOSE"], json!(["SMS_MFA", "EMAIL_OTP"]).to_string());
    let asked = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "EMAIL_OTP" }), "ann")).await;
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    let (_, inbox) = desk.get("/_windtunnel/cognito/messages?user=ann").await;
    let code = inbox["messages"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(inbox["messages"][0]["message"], format!("Mail: {code}"));
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "EMAIL_OTP_CODE": code }), "ann")).await;
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
}

#[tokio::test]
async fn where_it_is_required_a_factor_is_set_up_on_the_way() {
    let desk = desk().await;
    desk.user("ann").await;
    desk.set_mfa(json!({ "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } })).await;
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(
        (&asked["ChallengeName"], &asked["ChallengeParameters"]["MFAS_CAN_SETUP"]),
        (&json!("MFA_SETUP"), &json!("[\"SOFTWARE_TOKEN_MFA\"]"))
    );
    let early = desk.refused("RespondToAuthChallenge", desk.answer(&asked, json!({}), "ann")).await;
    assert!(early.starts_with("InvalidParameterException"), "{early}");
    let made = desk.ok("AssociateSoftwareToken", json!({ "Session": asked["Session"] })).await;
    let secret = made["SecretCode"].as_str().unwrap().to_owned();
    let verified = desk.ok("VerifySoftwareToken", json!({ "Session": made["Session"], "UserCode": totp(&secret, desk.now()) })).await;
    let mut last = asked.clone();
    last["Session"] = verified["Session"].clone();
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&last, json!({}), "ann")).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    let asked = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
}

#[tokio::test]
async fn the_pools_settings_hold_together() {
    let desk = desk().await;
    let config = |more: Value| {
        let mut input = more;
        input["UserPoolId"] = json!(desk.pool);
        input
    };
    for (wanted, sentence) in [
        (
            json!({ "MfaConfiguration": "ON" }),
            "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.",
        ),
        (
            json!({ "MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": { "Enabled": true } }),
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.",
        ),
    ] {
        assert_eq!(desk.try_admin("SetUserPoolMfaConfig", config(wanted)).await.unwrap_err().message, sentence);
    }
    desk.user("bob").await;
    let early = desk.refused("AssociateSoftwareToken", json!({ "AccessToken": desk.sign_in("bob").await["AccessToken"] })).await;
    assert_eq!(early, "SoftwareTokenMFANotFoundException: Software Token MFA has not been enabled by the userPool");
    desk.set_mfa(all_factors("OPTIONAL")).await;
    let read = desk.admin("GetUserPoolMfaConfig", json!({ "UserPoolId": desk.pool })).await;
    assert_eq!((&read["MfaConfiguration"], &read["SoftwareTokenMfaConfiguration"]["Enabled"]), (&json!("OPTIONAL"), &json!(true)));
    let described = desk.admin("DescribeUserPool", json!({ "UserPoolId": desk.pool })).await;
    assert_eq!(described["UserPool"]["MfaConfiguration"], "OPTIONAL");
    desk.user("ann").await;
    let on = json!({ "UserPoolId": desk.pool, "Username": "ann", "SoftwareTokenMfaSettings": { "Enabled": true } });
    assert_eq!(desk.try_admin("AdminSetUserMFAPreference", on).await.unwrap_err().message, "User has not verified software token mfa");
}
