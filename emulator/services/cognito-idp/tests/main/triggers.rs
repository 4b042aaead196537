//! Lambda triggers: the events they get, what their answers change, and what their failures become.

use crate::{
    desk::{Desk, PASSWORD, claims},
    functions::{Functions, arn},
    srp::{SrpClient, TIMESTAMP},
};
use serde_json::{Value, json};

async fn desk(config: Value, more: Value) -> (Desk, std::sync::Arc<Functions>) {
    let mut pool = more;
    pool["LambdaConfig"] = config;
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let desk = Desk::with(pool, json!({ "ExplicitAuthFlows": flows })).await;
    let functions = Functions::offered(&desk.cloud);
    (desk, functions)
}

fn sign_up(desk: &Desk, name: &str) -> Value {
    json!({ "ClientId": desk.client, "Username": name, "Password": PASSWORD, "ClientMetadata": { "from": "test" },
        "UserAttributes": [{ "Name": "email", "Value": format!("{name}@example.com") }], "ValidationData": [{ "Name": "invite", "Value": "7" }] })
}

#[tokio::test]
async fn a_function_may_confirm_a_sign_up_and_another_hears_of_it() {
    let config = json!({ "PreSignUp": arn("pre"), "PostConfirmation": arn("post") });
    let (desk, functions) = desk(config, json!({ "AutoVerifiedAttributes": ["email"] })).await;
    functions.on("pre", |mut event| {
        event["response"]["autoConfirmUser"] = json!(true);
        event["response"]["autoVerifyEmail"] = json!(true);
        Ok(event)
    });
    functions.on("post", Ok);
    let made = desk.ok("SignUp", sign_up(&desk, "ann")).await;
    assert_eq!(made["UserConfirmed"], true);
    let pre = functions.only("pre");
    assert_eq!(
        pre,
        json!({
            "version": "1", "triggerSource": "PreSignUp_SignUp", "region": "us-east-1", "userPoolId": desk.pool, "userName": "ann",
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": desk.client },
            "request": { "userAttributes": { "email": "ann@example.com" }, "validationData": { "invite": "7" }, "clientMetadata": { "from": "test" } },
            "response": { "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false },
        })
    );
    let post = functions.only("post");
    assert_eq!(post["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(post["request"]["userAttributes"]["cognito:user_status"], "CONFIRMED");
    assert_eq!(claims(&desk.sign_in("ann").await["IdToken"])["email_verified"], true);
}

#[tokio::test]
async fn a_functions_failure_is_the_clients_failure() {
    let (desk, functions) = desk(json!({ "PreSignUp": arn("pre") }), json!({})).await;
    functions.on("pre", |_| Err("no invitation".into()));
    let refusal = desk.refused("SignUp", sign_up(&desk, "ann")).await;
    assert_eq!(refusal, "UserLambdaValidationException: PreSignUp failed with error no invitation.");
    functions.on("pre", |_| Ok(json!("hello")));
    assert_eq!(desk.refused("SignUp", sign_up(&desk, "ann")).await, "InvalidLambdaResponseException: Unrecognizable lambda output");
    functions.forget("pre");
    let missing = desk.refused("SignUp", sign_up(&desk, "ann")).await;
    assert_eq!(missing, "UnexpectedLambdaException: PreSignUp invocation failed due to error ResourceNotFoundException.");
    let nobody = desk.try_admin("AdminGetUser", json!({ "UserPoolId": desk.pool, "Username": "ann" })).await.unwrap_err();
    assert_eq!(nobody.code, "UserNotFoundException");
}

#[tokio::test]
async fn a_function_that_hangs_is_asked_three_times_for_five_seconds() {
    let (desk, functions) = desk(json!({ "PreSignUp": arn("slow") }), json!({})).await;
    functions.hang("slow");
    let (refusal, ()) = tokio::join!(desk.refused("SignUp", sign_up(&desk, "ann")), async {
        for told in 1..=3 {
            while functions.told("slow") < told {
                tokio::task::yield_now().await;
            }
            desk.jump(5).await;
        }
    });
    assert_eq!(refusal, "UnexpectedLambdaException: PreSignUp failed with error Socket timeout while invoking Lambda function.");
    assert_eq!(functions.take("slow").len(), 3);
}

#[tokio::test]
async fn functions_hear_before_and_after_a_sign_in() {
    let config = json!({ "PreAuthentication": arn("pre"), "PostAuthentication": arn("post") });
    let (desk, functions) = desk(config, json!({})).await;
    functions.on("pre", Ok);
    functions.on("post", Ok);
    desk.user("ann").await;
    let mut input = desk.password_flow("ann", PASSWORD);
    input["ClientMetadata"] = json!({ "k": "v" });
    desk.ok("InitiateAuth", input).await;
    assert_eq!(functions.only("pre")["request"]["validationData"], json!({ "k": "v" }));
    let post = functions.only("post");
    assert_eq!((&post["triggerSource"], &post["request"]["newDeviceUsed"]), (&json!("PostAuthentication_Authentication"), &json!(false)));
    functions.on("pre", |_| Err("closed".into()));
    let refusal = desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(refusal, "UserLambdaValidationException: PreAuthentication failed with error closed.");
}

#[tokio::test]
async fn tokens_are_changed_in_two_ways() {
    let versioned = |version: &str| json!({ "PreTokenGenerationConfig": { "LambdaVersion": version, "LambdaArn": arn("pre") } });
    let (desk, functions) = desk(versioned("V2_0"), json!({})).await;
    functions.on("pre", |mut event| {
        event["response"]["claimsAndScopeOverrideDetails"] = json!({
            "idTokenGeneration": { "claimsToAddOrOverride": { "tier": { "level": 3 }, "sub": "forged" } },
            "accessTokenGeneration": { "claimsToAddOrOverride": { "tenant": "t1" }, "scopesToAdd": ["orders/read"] },
            "groupOverrideDetails": { "groupsToOverride": ["staff"] },
        });
        Ok(event)
    });
    desk.user("ann").await;
    let tokens = desk.sign_in("ann").await;
    let event = functions.only("pre");
    assert_eq!((&event["version"], &event["triggerSource"]), (&json!("2"), &json!("TokenGeneration_Authentication")));
    assert_eq!(event["request"]["scopes"], json!(["aws.cognito.signin.user.admin"]));
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!((&id["tier"], &id["cognito:groups"]), (&json!({ "level": 3 }), &json!(["staff"])));
    assert_eq!(id["sub"], event["request"]["userAttributes"]["sub"]);
    assert_eq!((&access["tenant"], &access["scope"]), (&json!("t1"), &json!("aws.cognito.signin.user.admin orders/read")));
    desk.ok("GetTokensFromRefreshToken", json!({ "ClientId": desk.client, "RefreshToken": tokens["RefreshToken"] })).await;
    assert_eq!(functions.only("pre")["triggerSource"], "TokenGeneration_RefreshTokens");

    let mut first = json!({ "UserPoolId": desk.pool, "LambdaConfig": { "PreTokenGeneration": arn("pre") } });
    desk.admin("UpdateUserPool", first.clone()).await;
    functions.on("pre", |mut event| {
        event["response"]["claimsOverrideDetails"] =
            json!({ "claimsToAddOrOverride": { "plan": "pro" }, "claimsToSuppress": ["auth_time", "event_id", "cognito:username"] });
        Ok(event)
    });
    let tokens = desk.sign_in("ann").await;
    assert_eq!(functions.only("pre")["version"], "1");
    assert_eq!(claims(&tokens["IdToken"])["plan"], "pro");
    assert!(claims(&tokens["AccessToken"]).get("plan").is_none());
    first["LambdaConfig"]["PreTokenGenerationConfig"] = json!({ "LambdaVersion": "V1_0", "LambdaArn": arn("other") });
    assert_eq!(desk.try_admin("UpdateUserPool", first).await.unwrap_err().code, "InvalidParameterException");
}

#[tokio::test]
async fn messages_are_written_by_a_function() {
    let (desk, functions) = desk(json!({ "CustomMessage": arn("words") }), json!({ "AutoVerifiedAttributes": ["email"] })).await;
    functions.on("words", |mut event| {
        event["response"]["emailMessage"] =
            json!(format!("Hi {}, {}", event["userName"].as_str().unwrap(), event["request"]["codeParameter"].as_str().unwrap()));
        event["response"]["emailSubject"] = json!("Welcome");
        Ok(event)
    });
    desk.ok("SignUp", sign_up(&desk, "ann")).await;
    let (_, inbox) = desk.get("/_windtunnel/cognito/messages?user=ann").await;
    let message = &inbox["messages"][0];
    assert_eq!(
        (&message["subject"], &message["message"]),
        (&json!("Welcome"), &json!(format!("Hi ann, {}", message["code"].as_str().unwrap())))
    );
    assert_eq!(functions.only("words")["triggerSource"], "CustomMessage_SignUp");
    desk.ok("ResendConfirmationCode", json!({ "ClientId": desk.client, "Username": "ann" })).await;
    assert_eq!(functions.only("words")["triggerSource"], "CustomMessage_ResendCode");
}

#[tokio::test]
async fn users_move_in_with_their_password() {
    let (desk, functions) = desk(json!({ "UserMigration": arn("move") }), json!({})).await;
    functions.on("move", |mut event| match event["request"]["password"] == PASSWORD || event["request"].get("password").is_none() {
        true => {
            event["response"]["userAttributes"] = json!({ "email": "old@example.com", "email_verified": "true" });
            event["response"]["finalUserStatus"] = json!("CONFIRMED");
            Ok(event)
        }
        false => Err("Bad password".into()),
    });
    let wrong = desk.refused("InitiateAuth", desk.password_flow("old", "Wrong-Horse-9")).await;
    assert_eq!(wrong, "UserNotFoundException: User does not exist.");
    let tokens = desk.sign_in("old").await;
    assert_eq!(claims(&tokens["IdToken"])["email"], "old@example.com");
    assert_eq!(functions.take("move").last().unwrap()["triggerSource"], "UserMigration_Authentication");
    desk.sign_in("old").await;
    assert!(functions.take("move").is_empty());
    desk.ok("ForgotPassword", json!({ "ClientId": desk.client, "Username": "older" })).await;
    assert_eq!(functions.only("move")["triggerSource"], "UserMigration_ForgotPassword");
}

async fn custom_desk() -> (Desk, std::sync::Arc<Functions>) {
    let config =
        json!({ "DefineAuthChallenge": arn("define"), "CreateAuthChallenge": arn("create"), "VerifyAuthChallengeResponse": arn("verify") });
    let (desk, functions) = desk(config, json!({})).await;
    functions.on("define", |mut event| {
        let rounds = event["request"]["session"].as_array().unwrap().clone();
        let last = rounds.last().map(|r| (r["challengeName"].as_str().unwrap().to_owned(), r["challengeResult"] == true));
        let next = match last {
            Some((name, true)) if name == "SRP_A" => json!({ "challengeName": "PASSWORD_VERIFIER" }),
            Some((name, true)) if name == "CUSTOM_CHALLENGE" => json!({ "issueTokens": true }),
            Some((_, false)) if rounds.len() >= 2 => json!({ "failAuthentication": true }),
            _ => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
        };
        event["response"] = next;
        Ok(event)
    });
    functions.on("create", |mut event| {
        event["response"] = json!({ "publicChallengeParameters": { "sum": "2+2" }, "privateChallengeParameters": { "answer": "4" }, "challengeMetadata": "SUM" });
        Ok(event)
    });
    functions.on("verify", |mut event| {
        event["response"] =
            json!({ "answerCorrect": event["request"]["challengeAnswer"] == event["request"]["privateChallengeParameters"]["answer"] });
        Ok(event)
    });
    desk.user("ann").await;
    (desk, functions)
}

#[tokio::test]
async fn functions_ask_their_own_questions() {
    let (desk, functions) = custom_desk().await;
    let begin = json!({ "ClientId": desk.client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": "ann" } });
    let asked = desk.ok("InitiateAuth", begin.clone()).await;
    assert_eq!(
        (&asked["ChallengeName"], &asked["ChallengeParameters"]),
        (&json!("CUSTOM_CHALLENGE"), &json!({ "sum": "2+2", "USERNAME": "ann" }))
    );
    // What is private never leaves the house, not even inside the session.
    let asked = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "5" }), "ann")).await;
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "4" }), "ann")).await;
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    let last = functions.take("define").pop().unwrap();
    assert_eq!(
        last["request"]["session"][1],
        json!({ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": "SUM" })
    );
    let asked = desk.ok("InitiateAuth", begin).await;
    let asked = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "5" }), "ann")).await;
    let failed = desk.refused("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "6" }), "ann")).await;
    assert_eq!(failed, "NotAuthorizedException: Incorrect username or password.");
}

#[tokio::test]
async fn the_password_may_be_proved_before_the_questions() {
    let (desk, _) = custom_desk().await;
    let client = SrpClient::new(&desk.root.ids().bytes());
    let parameters = json!({ "USERNAME": "ann", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.public.to_str_radix(16) });
    let asked = desk.ok("InitiateAuth", json!({ "ClientId": desk.client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": parameters })).await;
    assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER");
    let proof = client.responses(&desk.pool, PASSWORD, &asked["ChallengeParameters"], TIMESTAMP);
    let proof = json!({ "ClientId": desk.client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": proof });
    let asked = desk.ok("RespondToAuthChallenge", proof.clone()).await;
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let replayed = desk.refused("RespondToAuthChallenge", proof).await;
    assert!(replayed.contains("can only be used once"), "{replayed}");
    let done = desk.ok("RespondToAuthChallenge", desk.answer(&asked, json!({ "ANSWER": "4" }), "ann")).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn a_refresh_token_is_not_used_up_by_a_function_that_fails() {
    let client = json!({ "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 } });
    let desk = Desk::with(json!({ "LambdaConfig": { "PreTokenGeneration": arn("pre") } }), client).await;
    let functions = Functions::offered(&desk.cloud);
    functions.on("pre", Ok);
    desk.user("ann").await;
    let tokens = desk.sign_in("ann").await;
    let refresh = |token: &Value| json!({ "ClientId": desk.client, "RefreshToken": token });
    functions.on("pre", |_| Err("not now".into()));
    let refusal = desk.refused("GetTokensFromRefreshToken", refresh(&tokens["RefreshToken"])).await;
    assert_eq!(refusal, "UserLambdaValidationException: PreTokenGeneration failed with error not now.");
    functions.on("pre", Ok);
    let fresh = desk.ok("GetTokensFromRefreshToken", refresh(&tokens["RefreshToken"])).await["AuthenticationResult"].clone();
    let reuse = desk.refused("GetTokensFromRefreshToken", refresh(&tokens["RefreshToken"])).await;
    assert!(reuse.starts_with("RefreshTokenReuseException"), "{reuse}");
    desk.ok("GetTokensFromRefreshToken", refresh(&fresh["RefreshToken"])).await;
}
