//! Where the client says so, no operation tells whether a user exists: each answers nobody as it answers anybody who can't prove himself,
//! as often as he tries. SignUp is the exception, on AWS too: a user name that is taken can't be given again.

use crate::{
    desk::{Desk, PASSWORD},
    functions::{Functions, arn},
    srp::{SrpClient, TIMESTAMP},
};
use serde_json::{Value, json};

const WRONG: &str = "Wrong-Horse-9";
/// Nobody first, then one user of every kind.
const NAMES: [&str; 7] = ["nobody", "ann", "disabled", "unconfirmed", "temporary", "bare", "second"];

fn config() -> Value {
    let factors = json!(["PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    json!({
        "AutoVerifiedAttributes": ["email"],
        "EmailConfiguration": { "EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/x@example.com" },
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": factors } },
        "LambdaConfig": { "DefineAuthChallenge": arn("define"), "CreateAuthChallenge": arn("create"), "VerifyAuthChallengeResponse": arn("verify") },
    })
}

async fn desk() -> Desk {
    let flows =
        ["USER_PASSWORD_AUTH", "USER_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH", "CUSTOM_AUTH"].map(|f| format!("ALLOW_{f}"));
    let client = json!({ "PreventUserExistenceErrors": "ENABLED", "ExplicitAuthFlows": flows });
    let desk = Desk::with(config(), client).await;
    let functions = Functions::offered(&desk.cloud);
    functions.on("define", |mut event| {
        let rounds = event["request"]["session"].as_array().unwrap().clone();
        let proving = rounds.last().is_some_and(|r| r["challengeName"] == "SRP_A");
        event["response"] = match rounds.len() {
            1 if proving => json!({ "challengeName": "PASSWORD_VERIFIER" }),
            0..2 => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
            _ => json!({ "failAuthentication": true }),
        };
        Ok(event)
    });
    functions.on("create", |mut event| {
        event["response"] =
            json!({ "publicChallengeParameters": { "sum": "2+2" }, "privateChallengeParameters": {}, "challengeMetadata": "" });
        Ok(event)
    });
    functions.on("verify", |mut event| {
        event["response"] = json!({ "answerCorrect": false });
        Ok(event)
    });
    let factors = json!({ "UserPoolId": desk.pool, "MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {} });
    desk.admin("SetUserPoolMfaConfig", factors).await;
    for name in ["ann", "disabled", "second"] {
        desk.user(name).await;
        let email = format!("{name}@example.com");
        desk.set_attributes(name, &[("email", &email), ("email_verified", "true")]).await;
    }
    desk.user("bare").await;
    desk.admin("AdminDisableUser", json!({ "UserPoolId": desk.pool, "Username": "disabled" })).await;
    let temporary = json!({ "UserPoolId": desk.pool, "Username": "temporary", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS" });
    desk.admin("AdminCreateUser", temporary).await;
    let email = json!([{ "Name": "email", "Value": "new@example.com" }]);
    let sign_up = json!({ "ClientId": desk.client, "Username": "unconfirmed", "Password": PASSWORD, "UserAttributes": email });
    desk.ok("SignUp", sign_up).await;
    let on = json!({ "UserPoolId": desk.pool, "Username": "second", "EmailMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    desk.admin("AdminSetUserMFAPreference", on).await;
    desk
}

/// An answer without what differs from one call to the next.
fn shape(answer: &Result<Value, kit::Fault>) -> String {
    match answer {
        Err(fault) => fault.to_string(),
        Ok(value) => {
            let parameters = value["ChallengeParameters"].as_object().map(|p| p.keys().cloned().collect::<Vec<_>>());
            let delivery = &value["CodeDeliveryDetails"]["DeliveryMedium"];
            let all = value.as_object().unwrap().keys().collect::<Vec<_>>();
            format!("{all:?} {} {} {parameters:?} {delivery}", value["ChallengeName"], value["AvailableChallenges"])
        }
    }
}

impl Desk {
    fn begin(&self, flow: &str, name: &str, mut parameters: Value) -> Value {
        parameters["USERNAME"] = json!(name);
        json!({ "ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters })
    }
    /// A sign-in up to its refusal: what each step answered.
    async fn walk(&self, begin: Value, answer: impl Fn(&Value) -> Value) -> String {
        let asked = self.call("InitiateAuth", begin.clone()).await;
        let mut told = shape(&asked);
        let Ok(asked) = asked else { return told };
        let mut responses = answer(&asked);
        responses["USERNAME"] = match &asked["ChallengeParameters"]["USER_ID_FOR_SRP"] {
            Value::Null => begin["AuthParameters"]["USERNAME"].clone(),
            shown => shown.clone(),
        };
        let input = json!({
            "ClientId": self.client, "ChallengeName": asked["ChallengeName"], "Session": asked["Session"], "ChallengeResponses": responses,
        });
        told += &shape(&self.call("RespondToAuthChallenge", input).await);
        told
    }
    /// Everybody is told the same, in each of the rounds; often enough for every lock to close.
    async fn same(&self, what: &str, told: impl AsyncFn(&str) -> String) {
        for round in 0..7 {
            let nobody = told(NAMES[0]).await;
            for name in &NAMES[1..] {
                assert_eq!(told(name).await, nobody, "{what}: {name}, round {round}");
            }
        }
        self.advance(1000).await;
    }
}

#[tokio::test]
async fn sign_ins_fail_alike() {
    let desk = desk().await;
    let srp = SrpClient::new(&desk.root.ids().bytes());
    let a = srp.public.to_str_radix(16);
    desk.same("a password", async |name| shape(&desk.call("InitiateAuth", desk.password_flow(name, WRONG)).await)).await;
    let wrong_proof = |asked: &Value| srp.responses(&desk.pool, WRONG, &asked["ChallengeParameters"], TIMESTAMP);
    desk.same("a proof", async |name| desk.walk(desk.begin("USER_SRP_AUTH", name, json!({ "SRP_A": a })), wrong_proof).await).await;
    desk.same("a server's sign-in", async |name| {
        let mut input = desk.begin("ADMIN_USER_PASSWORD_AUTH", name, json!({ "PASSWORD": WRONG }));
        input["UserPoolId"] = json!(desk.pool);
        shape(&desk.try_admin("AdminInitiateAuth", input).await)
    })
    .await;
    let proof_first = json!({ "CHALLENGE_NAME": "SRP_A", "SRP_A": a });
    desk.same("a proof before questions", async |name| desk.walk(desk.begin("CUSTOM_AUTH", name, proof_first.clone()), wrong_proof).await)
        .await;
    desk.same("questions", async |name| desk.walk(desk.begin("CUSTOM_AUTH", name, json!({})), |_| json!({ "ANSWER": "5" })).await).await;
}

#[tokio::test]
async fn choices_are_offered_alike() {
    let desk = desk().await;
    let a = SrpClient::new(&desk.root.ids().bytes()).public.to_str_radix(16);
    let asked = desk.ok("InitiateAuth", desk.begin("USER_AUTH", "nobody", json!({}))).await;
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP", "SMS_OTP", "PASSWORD", "PASSWORD_SRP"]));
    let ways = [
        (json!({}), json!({ "ANSWER": "PASSWORD", "PASSWORD": WRONG })),
        (json!({}), json!({ "ANSWER": "PASSWORD_SRP", "SRP_A": a })),
        (json!({}), json!({ "ANSWER": "EMAIL_OTP" })),
        (json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" }), json!({ "EMAIL_OTP_CODE": "x" })),
        (json!({ "PREFERRED_CHALLENGE": "SMS_OTP" }), json!({ "SMS_OTP_CODE": "x" })),
        (json!({ "PREFERRED_CHALLENGE": "PASSWORD" }), json!({ "PASSWORD": WRONG })),
    ];
    for (parameters, responses) in &ways {
        let what = format!("{parameters} {responses}");
        desk.same(&what, async |name| desk.walk(desk.begin("USER_AUTH", name, parameters.clone()), |_| responses.clone()).await).await;
    }
}

#[tokio::test]
async fn codes_are_sent_and_refused_alike() {
    let desk = desk().await;
    let named = |name: &str| json!({ "ClientId": desk.client, "Username": name });
    let with_code = |name: &str| {
        let mut input = named(name);
        input["ConfirmationCode"] = json!("x");
        input
    };
    let with_password = |name: &str| {
        let mut input = with_code(name);
        input["Password"] = json!(PASSWORD);
        input
    };
    desk.same("another code", async |name| shape(&desk.call("ResendConfirmationCode", named(name)).await)).await;
    desk.same("a code", async |name| shape(&desk.call("ConfirmSignUp", with_code(name)).await)).await;
    desk.same("a code for a password", async |name| shape(&desk.call("ForgotPassword", named(name)).await)).await;
    desk.same("a new password", async |name| shape(&desk.call("ConfirmForgotPassword", with_password(name)).await)).await;
    desk.advance(100_000).await;
    let late = desk.refused("ConfirmForgotPassword", with_password("ann")).await;
    assert!(late.starts_with("CodeMismatchException") || late.starts_with("LimitExceededException"), "an old code tells nothing: {late}");
}

#[tokio::test]
async fn who_proves_himself_is_told_what_keeps_him_out() {
    let desk = desk().await;
    let cases =
        [("disabled", "NotAuthorizedException: User is disabled."), ("unconfirmed", "UserNotConfirmedException: User is not confirmed.")];
    let srp = SrpClient::new(&desk.root.ids().bytes());
    for (name, refusal) in cases {
        assert_eq!(desk.refused("InitiateAuth", desk.password_flow(name, PASSWORD)).await, refusal);
        let proof = |asked: &Value| srp.responses(&desk.pool, PASSWORD, &asked["ChallengeParameters"], TIMESTAMP);
        let told = desk.walk(desk.begin("USER_SRP_AUTH", name, json!({ "SRP_A": srp.public.to_str_radix(16) })), proof).await;
        assert!(told.ends_with(refusal), "{told}");
    }
    // A code would be the only factor of who needs two: it is not sent, whatever the choices say.
    let asked = desk.ok("InitiateAuth", desk.begin("USER_AUTH", "second", json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" }))).await;
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    let (_, inbox) = desk.get("/_windtunnel/cognito/messages?user=second").await;
    assert_eq!(inbox["messages"], json!([]));
}

#[tokio::test]
async fn who_signs_in_by_an_address_is_known_by_an_id_and_so_is_nobody() {
    let client = json!({ "PreventUserExistenceErrors": "ENABLED", "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"] });
    let desk = Desk::with(json!({ "UsernameAttributes": ["email"] }), client).await;
    desk.user("ann@example.com").await;
    let a = SrpClient::new(&desk.root.ids().bytes()).public.to_str_radix(16);
    let id = async |name: &str| {
        let asked = desk.ok("InitiateAuth", desk.begin("USER_SRP_AUTH", name, json!({ "SRP_A": a }))).await;
        asked["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str().unwrap().to_owned()
    };
    let nobody = id("bob@example.com").await;
    assert_eq!(nobody, id("bob@example.com").await, "asking twice tells nothing");
    let form = |id: &str| id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect::<String>();
    assert_eq!(form(&nobody), form(&id("ann@example.com").await));
    assert_eq!(nobody.as_bytes()[14], b'4', "{nobody}");
}
