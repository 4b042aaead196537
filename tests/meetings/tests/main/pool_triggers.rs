//! Every trigger of a user pool as a function that Lambda runs: all twelve on the way of a few users, and what their failures become.

use crate::square::{ACCOUNT, Square};
use kit::{Context, Principal};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "Correct-Horse-9";

/// What the function was told, in its order.
type Events = Arc<Mutex<Vec<Value>>>;

/// One function for all occasions: it answers by the event's source.
fn answered(mut event: Value) -> Result<Value, HandlerError> {
    let source = event["triggerSource"].as_str().unwrap_or_default().to_owned();
    let user = event["userName"].as_str().unwrap_or_default().to_owned();
    event["response"] = match source.split('_').next().unwrap_or_default() {
        "PreSignUp" if user == "eve" => return Err(HandlerError::new("Error", "eve is not invited")),
        "PreSignUp" => json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
        "CustomMessage" => json!({ "emailMessage": "Say {####}", "emailSubject": "Hello", "smsMessage": "Say {####}" }),
        "TokenGeneration" => {
            json!({ "claimsAndScopeOverrideDetails": { "idTokenGeneration": { "claimsToAddOrOverride": { "tier": "gold" } } } })
        }
        "UserMigration" => {
            json!({ "userAttributes": { "email": "old@example.com", "email_verified": "true" }, "finalUserStatus": "CONFIRMED" })
        }
        "DefineAuthChallenge" if event["request"]["session"].as_array().is_some_and(|s| !s.is_empty()) => json!({ "issueTokens": true }),
        "DefineAuthChallenge" => json!({ "challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false }),
        "CreateAuthChallenge" => json!({ "publicChallengeParameters": { "sum": "2+2" }, "privateChallengeParameters": { "answer": "4" } }),
        "VerifyAuthChallengeResponse" => json!({ "answerCorrect": event["request"]["challengeAnswer"] == "4" }),
        _ => json!({}),
    };
    Ok(event)
}

struct Pool {
    square: Square,
    events: Events,
    id: String,
    client: String,
}

impl Pool {
    async fn new() -> Pool {
        let (events, lambda) = (Events::default(), lambda::Lambda::new());
        let told = events.clone();
        let hooks = move |event: Value, _: Invocation| {
            told.lock().unwrap().push(event.clone());
            async move { answered(event) }
        };
        lambda.register("hooks", hooks).unwrap();
        let square = Square::with(lambda).await;
        let function = square.function("hooks", "hooks", json!({})).await;
        let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].clone();
        let texts = square
            .role("texts", "cognito-idp.amazonaws.com", json!([{ "Effect": "Allow", "Action": "sns:Publish", "Resource": "*" }]))
            .await;
        let sender = json!({ "LambdaVersion": "V1_0", "LambdaArn": function });
        let plain = [
            "PreSignUp",
            "PostConfirmation",
            "PreAuthentication",
            "PostAuthentication",
            "CustomMessage",
            "DefineAuthChallenge",
            "CreateAuthChallenge",
            "VerifyAuthChallengeResponse",
            "UserMigration",
        ];
        let mut config: Value = plain.iter().map(|name| ((*name).to_owned(), json!(function))).collect::<serde_json::Map<_, _>>().into();
        config["PreTokenGenerationConfig"] = json!({ "LambdaVersion": "V2_0", "LambdaArn": function });
        config["CustomEmailSender"] = sender.clone();
        config["CustomSMSSender"] = sender;
        config["KMSKeyID"] = key;
        let pool = json!({
            "PoolName": "people", "AutoVerifiedAttributes": ["email", "phone_number"], "LambdaConfig": config,
            "SmsConfiguration": { "SnsCallerArn": texts },
        });
        let id = square.ok("cognito-idp", "CreateUserPool", pool).await["UserPool"]["Id"].as_str().unwrap().to_owned();
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let client = json!({ "UserPoolId": id, "ClientName": "web", "ExplicitAuthFlows": flows });
        let client =
            square.ok("cognito-idp", "CreateUserPoolClient", client).await["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        Pool { square, events, id, client }
    }
    /// Lets this pool, and no other, call the function.
    async fn permit(&self) {
        let source = format!("arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{}", self.id);
        let permission = json!({
            "FunctionName": "hooks", "StatementId": "pool", "Action": "lambda:InvokeFunction", "Principal": "cognito-idp.amazonaws.com",
            "SourceArn": source,
        });
        self.square.ok("lambda", "AddPermission", permission).await;
    }
    fn anybody(&self) -> Context {
        self.square.cx.with_principal(Principal::Anonymous)
    }
    async fn call(&self, operation: &str, mut input: Value) -> Result<Value, kit::Fault> {
        input["ClientId"] = json!(self.client);
        self.square.cloud.call_json(&self.anybody().child(), "cognito-idp", operation, &input).await
    }
    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    async fn sign_up(&self, user: &str, attribute: &str, address: &str) -> Result<Value, kit::Fault> {
        let attributes = json!([{ "Name": attribute, "Value": address }]);
        self.call("SignUp", json!({ "Username": user, "Password": PASSWORD, "UserAttributes": attributes })).await
    }
    async fn sign_in(&self, user: &str) -> Value {
        let given = json!({ "USERNAME": user, "PASSWORD": PASSWORD });
        self.ok("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": given })).await["AuthenticationResult"].clone()
    }
    /// The newest message of a user.
    async fn message(&self, user: &str) -> Value {
        let (head, ()) = http::Request::get(format!("/_windtunnel/cognito/messages?user={user}")).body(()).unwrap().into_parts();
        let doors = self.square.cloud.service("cognito-idp").unwrap().doors();
        let door = doors.iter().find(|door| door.takes(&self.square.cloud, &head)).unwrap();
        let wire::ReplyBody::Bytes(body) = door.answer(self.anybody(), head, wire::Body::empty()).await.into_body() else {
            panic!("no body")
        };
        serde_json::from_slice::<Value>(&body).unwrap()["messages"][0].clone()
    }
    /// The sources that the function was told of since the last time, each with its user.
    fn told(&self) -> Vec<String> {
        let events: Vec<Value> = std::mem::take(&mut *self.events.lock().unwrap());
        for event in &events {
            assert_eq!((&event["region"], &event["userPoolId"]), (&json!("us-east-1"), &json!(self.id)), "{event}");
            assert_eq!(event["callerContext"]["clientId"], json!(self.client), "{event}");
            assert!(event["request"].is_object() && event["response"].is_object(), "{event}");
        }
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        events.iter().map(|e| format!("{} {} {}", text(e, "version"), text(e, "triggerSource"), text(e, "userName"))).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_triggers_are_run_by_lambda() {
    let pool = Pool::new().await;
    let closed = pool.sign_up("ann", "email", "ann@example.com").await.unwrap_err();
    assert_eq!(closed.to_string(), "UnexpectedLambdaException: PreSignUp invocation failed due to error AccessDeniedException.");
    pool.permit().await;

    let refusal = pool.sign_up("eve", "email", "eve@example.com").await.unwrap_err();
    assert_eq!(refusal.to_string(), "UserLambdaValidationException: PreSignUp failed with error eve is not invited.");
    assert_eq!(pool.told(), ["1 PreSignUp_SignUp eve"]);

    pool.sign_up("ann", "email", "ann@example.com").await.unwrap();
    assert_eq!(pool.told(), ["1 PreSignUp_SignUp ann", "1 CustomMessage_SignUp ann", "1 CustomEmailSender_SignUp ann"]);
    let message = pool.message("ann").await;
    assert_eq!((&message["subject"], &message["medium"]), (&json!("Hello"), &json!("EMAIL")));
    pool.ok("ConfirmSignUp", json!({ "Username": "ann", "ConfirmationCode": message["code"] })).await;
    assert_eq!(pool.told(), ["1 PostConfirmation_ConfirmSignUp ann"]);
    pool.sign_up("bob", "phone_number", "+15550100").await.unwrap();
    assert_eq!(pool.told(), ["1 PreSignUp_SignUp bob", "1 CustomMessage_SignUp bob", "1 CustomSMSSender_SignUp bob"]);

    let tokens = pool.sign_in("ann").await;
    let told = pool.told();
    assert_eq!(
        told,
        ["1 PreAuthentication_Authentication ann", "1 PostAuthentication_Authentication ann", "2 TokenGeneration_Authentication ann"]
    );
    let refreshed = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
    let fresh = pool.ok("InitiateAuth", refreshed).await["AuthenticationResult"]["IdToken"].clone();
    assert_eq!(pool.told(), ["2 TokenGeneration_RefreshTokens ann"]);
    let claims = pool.square.cloud.ports().user_pools().unwrap();
    let arn = format!("arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/{}", pool.id);
    assert_eq!(claims.verify(&pool.square.cx, &[arn], fresh.as_str().unwrap()).unwrap()["tier"], "gold");

    let begin = json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": "ann" } });
    let asked = pool.ok("InitiateAuth", begin).await;
    assert_eq!((&asked["ChallengeName"], &asked["ChallengeParameters"]["sum"]), (&json!("CUSTOM_CHALLENGE"), &json!("2+2")));
    let answer = json!({ "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"], "ChallengeResponses": { "USERNAME": "ann", "ANSWER": "4" } });
    assert!(pool.ok("RespondToAuthChallenge", answer).await["AuthenticationResult"]["IdToken"].is_string());
    let told = pool.told();
    assert_eq!(
        told,
        [
            "1 PreAuthentication_Authentication ann",
            "1 DefineAuthChallenge_Authentication ann",
            "1 CreateAuthChallenge_Authentication ann",
            "1 VerifyAuthChallengeResponse_Authentication ann",
            "1 DefineAuthChallenge_Authentication ann",
            "1 PostAuthentication_Authentication ann",
            "2 TokenGeneration_Authentication ann",
        ]
    );

    pool.sign_in("old").await;
    assert_eq!(pool.told()[0], "1 UserMigration_Authentication old");
    pool.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    assert_eq!(pool.told(), ["1 CustomMessage_ForgotPassword ann", "1 CustomEmailSender_ForgotPassword ann"]);
    let code = pool.message("ann").await["code"].clone();
    pool.ok("ConfirmForgotPassword", json!({ "Username": "ann", "ConfirmationCode": code, "Password": "Another-Horse-9" })).await;
    assert_eq!(pool.told(), ["1 PostConfirmation_ConfirmForgotPassword ann"]);
}
