//! AWS's SDK for Rust against a cloud in the same process: the journey in the terms of the library.

use crate::{
    http::{Answer, send},
    standing::{Standing, root, with_pipeline},
};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType};
use std::time::Duration;

const EMAIL: &str = "ana@example.com";
const PASSWORD: &str = "Correct-Horse-9";
const DAY: Duration = Duration::from_secs(86_400);

/// Signs up, confirms with the code from the inbox, signs in; the ID token.
async fn signed_in(standing: &Standing) -> String {
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&standing.emulator.sdk_config());
    let app = standing.output("UserPoolClientId");
    let email = AttributeType::builder().name("email").value(EMAIL).build().expect("a name");
    cognito.sign_up().client_id(app).username(EMAIL).password(PASSWORD).user_attributes(email).send().await.expect("signing up");
    let inbox = format!("{}/_windtunnel/cognito/messages?user={EMAIL}", standing.emulator.endpoint());
    let messages = send("GET", &inbox, &[], b"").await.json();
    let code = messages["messages"][0]["code"].as_str().unwrap_or_else(|| panic!("a code in {messages}")).to_owned();
    cognito.confirm_sign_up().client_id(app).username(EMAIL).confirmation_code(code).send().await.expect("confirming");
    sign_in(&cognito, app).await
}

async fn sign_in(cognito: &aws_sdk_cognitoidentityprovider::Client, app: &str) -> String {
    let asked = cognito.initiate_auth().auth_flow(AuthFlowType::UserPasswordAuth).client_id(app);
    let asked = asked.auth_parameters("USERNAME", EMAIL).auth_parameters("PASSWORD", PASSWORD);
    let answered = asked.send().await.expect("signing in");
    answered.authentication_result().and_then(|r| r.id_token()).expect("an ID token").to_owned()
}

async fn api(standing: &Standing, method: &str, path: &str, token: &str) -> Answer {
    let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
    send(method, &format!("{}{path}", standing.output("ApiUrl")), &headers, b"").await
}

async fn keys(standing: &Standing, bucket: &str) -> Vec<String> {
    let s3 = aws_sdk_s3::Client::new(&standing.emulator.sdk_config());
    let found = s3.list_objects_v2().bucket(standing.output(bucket)).send().await.expect("a list");
    found.contents().iter().filter_map(|o| o.key().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_signing_up_to_everything_gone() {
    let standing = with_pipeline().await;
    let token = signed_in(&standing).await;
    let picture = std::fs::read(root().join("fixtures/photos/rocket.jpg")).expect("a photograph");
    let asked =
        api(&standing, "GET", &format!("/uploads/presign?filename=rocket.jpg&contentType=image/jpeg&size={}", picture.len()), &token).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let signed = asked.json();
    let headers = signed["headers"].as_object().expect("headers").iter();
    let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    let put = send("PUT", signed["url"].as_str().expect("a URL"), &headers, &picture).await;
    assert_eq!(put.status, 200, "{}", put.text());

    standing.emulator.settle().await.expect("the upload is processed");
    let id = signed["id"].as_str().expect("an id");
    let shown = api(&standing, "GET", &format!("/images/{id}"), &token).await.json();
    assert_eq!(
        (shown["format"].as_str(), shown["width"].as_u64(), shown["height"].as_u64()),
        (Some("jpeg"), Some(640), Some(427)),
        "{shown}"
    );
    assert_eq!(keys(&standing, "MetadataBucket").await.len(), 1);

    standing.emulator.advance(7 * DAY).await;
    assert!(!keys(&standing, "ImagesBucket").await.is_empty(), "it is not yet the midnight after seven days");
    standing.emulator.advance(DAY).await;
    assert_eq!(keys(&standing, "ImagesBucket").await, Vec::<String>::new());
    assert_eq!(keys(&standing, "MetadataBucket").await, Vec::<String>::new());
    assert_eq!(api(&standing, "GET", "/images", &token).await.status, 401, "the token has expired too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_invoked_and_their_errors_told() {
    let standing = with_pipeline().await;
    let lambda = aws_sdk_lambda::Client::new(&standing.emulator.sdk_config());
    let event = serde_json::json!({ "httpMethod": "GET", "requestContext": { "authorizer": { "claims": { "sub": "somebody" } } } });
    let asked = lambda.invoke().function_name(standing.output("ImagesFunction")).payload(event.to_string().into_bytes().into());
    let answer = asked.send().await.expect("an invocation");
    assert_eq!((answer.status_code(), answer.function_error()), (200, None));
    let said: serde_json::Value = serde_json::from_slice(answer.payload().expect("an answer").as_ref()).expect("JSON");
    assert_eq!((said["statusCode"].as_u64(), said["body"].as_str()), (Some(200), Some(r#"{"images":[],"next":null}"#)));

    let none = lambda.invoke().function_name("none").send().await.expect_err("there is no such function");
    assert!(none.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()), "{none:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_in_five_lines() {
    let cloud = windtunnel::Emulator::builder().start().await.expect("it starts");
    let s3 = aws_sdk_s3::Client::new(&cloud.sdk_config());
    s3.create_bucket().bucket("photos").send().await.expect("a bucket");
    s3.put_object().bucket("photos").key("a").body(b"hello".to_vec().into()).send().await.expect("an object");
    let got = s3.get_object().bucket("photos").key("a").send().await.expect("the object");
    assert_eq!(got.body.collect().await.expect("its body").to_vec(), b"hello");
    assert!(cloud.journal().held().iter().any(|record| &*record.operation == "PutObject"));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_is_a_function() {
    let double = |event: serde_json::Value, _: windtunnel::in_process::Invocation| async move {
        match event["n"].as_i64() {
            Some(n) => Ok(serde_json::json!({ "n": 2 * n })),
            None => Err(windtunnel::in_process::HandlerError::new("NoNumber", "n is missing")),
        }
    };
    let cloud = windtunnel::Emulator::builder().function("double", double).start().await.expect("it starts");
    let lambda = aws_sdk_lambda::Client::new(&cloud.sdk_config());
    let ask = |event: &'static str| lambda.invoke().function_name("double").payload(event.as_bytes().to_vec().into()).send();
    let answer = ask(r#"{"n": 21}"#).await.expect("an invocation");
    assert_eq!((answer.function_error(), answer.payload().expect("an answer").as_ref()), (None, &br#"{"n":42}"#[..]));
    let failed = ask("{}").await.expect("an invocation");
    let said: serde_json::Value = serde_json::from_slice(failed.payload().expect("an answer").as_ref()).expect("JSON");
    assert_eq!((failed.function_error(), said["errorType"].as_str()), (Some("Unhandled"), Some("NoNumber")), "{said}");
    cloud.stop().await;
}
