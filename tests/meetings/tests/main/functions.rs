//! Functions whose environment variables are under a key of KMS: who sets them, who sees them, and the function itself must be allowed to.
//! And functions whose package is one version of an object.

use crate::square::{ACCOUNT, Square};
use kit::Principal;
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};

async fn told(_: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    Ok(json!(invocation.variables))
}

async fn square() -> Square {
    let lambda = lambda::Lambda::new();
    lambda.register("told", told).unwrap();
    Square::with(lambda).await
}

async fn key(square: &Square) -> String {
    square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

fn secret(key: &str, value: &str) -> Value {
    json!({ "KMSKeyArn": key, "Environment": { "Variables": { "SECRET": value } } })
}

#[tokio::test]
async fn variables_lie_encrypted_and_the_function_sees_them() {
    let square = square().await;
    let key = key(&square).await;
    square.function("f", "told", secret(&key, "pearl")).await;
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!({ "SECRET": "pearl" }), "the function's role has a grant of the key");
    let shown = square.ok("lambda", "GetFunctionConfiguration", json!({ "FunctionName": "f" })).await;
    assert_eq!((&shown["KMSKeyArn"], &shown["Environment"]), (&json!(key), &json!({ "Variables": { "SECRET": "pearl" } })));
    let folder = std::env::temp_dir().join(format!("windtunnel-functions-{}", std::process::id()));
    square.cloud.store().save(&folder).await.unwrap();
    let all = std::fs::read(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let found = |text: &[u8]| all.windows(text.len()).any(|window| window == text);
    assert!(found(b"role-of-f") && !found(b"pearl"), "nothing of it is to be read in the state");
    let grants = square.ok("kms", "ListGrants", json!({ "KeyId": key })).await;
    let grant = &grants["Grants"][0];
    assert_eq!(grant["GranteePrincipal"], format!("arn:aws:iam::{ACCOUNT}:role/role-of-f"));
    let context = json!({ "aws:lambda:FunctionArn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:f") });
    assert_eq!(grant["Constraints"]["EncryptionContextEquals"], context);
    // Published and changed: the version keeps what it was published with.
    square.ok("lambda", "PublishVersion", json!({ "FunctionName": "f" })).await;
    let change = json!({ "FunctionName": "f", "Environment": { "Variables": { "SECRET": "shell" } } });
    square.ok("lambda", "UpdateFunctionConfiguration", change).await;
    assert_eq!(square.invoke("f:1", "{}").await.unwrap(), json!({ "SECRET": "pearl" }));
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!({ "SECRET": "shell" }));
    // Without the key again.
    let plain = square.ok("lambda", "UpdateFunctionConfiguration", json!({ "FunctionName": "f", "KMSKeyArn": "" })).await;
    assert_eq!((&plain["KMSKeyArn"], &plain["Environment"]["Variables"]["SECRET"]), (&Value::Null, &json!("shell")));
}

#[tokio::test]
async fn a_key_that_is_off_stops_the_function_and_its_readers() {
    let square = square().await;
    let key = key(&square).await;
    square.function("f", "told", secret(&key, "pearl")).await;
    square.ok("kms", "DisableKey", json!({ "KeyId": key })).await;
    let fault = square.invoke("f", "{}").await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_ref()), (502, "KMSDisabledException"));
    let start = "Lambda was unable to decrypt the environment variables because the KMS key used is disabled. Please check the function's KMS key settings. KMS Exception: DisabledException KMS Message: ";
    assert!(fault.message.starts_with(start), "{}", fault.message);
    let shown = square.ok("lambda", "GetFunctionConfiguration", json!({ "FunctionName": "f" })).await;
    assert_eq!(
        (&shown["Environment"]["Variables"], &shown["Environment"]["Error"]["ErrorCode"]),
        (&Value::Null, &json!("DisabledException"))
    );
    let change = json!({ "FunctionName": "f", "Environment": { "Variables": { "SECRET": "shell" } } });
    let fault = square.call("lambda", "UpdateFunctionConfiguration", change).await.unwrap_err();
    assert_eq!(fault.code, "InvalidParameterValueException");
    assert!(fault.message.contains("the KMS key is invalid for CreateGrant"), "{}", fault.message);
    square.ok("kms", "EnableKey", json!({ "KeyId": key })).await;
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!({ "SECRET": "pearl" }));
}

#[tokio::test]
async fn who_may_not_use_the_key_sees_no_variables() {
    let square = square().await;
    let key = key(&square).await;
    square.function("f", "told", secret(&key, "pearl")).await;
    square.ok("iam", "CreateUser", json!({ "UserName": "eve" })).await;
    let statement = json!({ "Effect": "Allow", "Action": ["lambda:GetFunction*", "lambda:UpdateFunction*"], "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    square.ok("iam", "PutUserPolicy", json!({ "UserName": "eve", "PolicyName": "p", "PolicyDocument": document })).await;
    let keys = square.ok("iam", "CreateAccessKey", json!({ "UserName": "eve" })).await;
    let eve = square.cloud.ports().find_access_key(&square.cloud, keys["AccessKey"]["AccessKeyId"].as_str().unwrap());
    let eve: Principal = eve.expect("the key is known").principal;
    let eve = square.seen_by(square.cx.with_principal(eve));
    let shown = eve.ok("lambda", "GetFunctionConfiguration", json!({ "FunctionName": "f" })).await;
    let error = &shown["Environment"]["Error"];
    assert_eq!((&shown["Environment"]["Variables"], &error["ErrorCode"]), (&Value::Null, &json!("AccessDeniedException")), "{shown}");
    assert!(error["Message"].as_str().unwrap().contains("kms:Decrypt"), "{error}");
    let change = json!({ "FunctionName": "f", "Environment": { "Variables": { "SECRET": "shell" } } });
    let fault = eve.call("lambda", "UpdateFunctionConfiguration", change).await.unwrap_err();
    assert!(fault.code == "InvalidParameterValueException" && fault.message.contains("kms:CreateGrant"), "{fault}");
}

/// A closure that answers its name.
async fn named(name: &'static str) -> Result<Value, HandlerError> {
    Ok(json!(name))
}

#[tokio::test]
async fn a_package_is_the_version_that_was_named() {
    let lambda = lambda::Lambda::new();
    lambda.register("first", |_: Value, _: Invocation| named("first")).unwrap();
    lambda.register("second", |_: Value, _: Invocation| named("second")).unwrap();
    let square = Square::with(lambda).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "code" })).await;
    let on = json!({ "Bucket": "code", "VersioningConfiguration": { "Status": "Enabled" } });
    square.ok("s3", "PutBucketVersioning", on).await;
    let mut versions = Vec::new();
    for closure in ["first", "second"] {
        let stored = square.put("code", "f.zip", lambda::in_process::package(closure).unwrap()).await;
        versions.push(stored["VersionId"].as_str().unwrap().to_owned());
    }
    let code = json!({ "Code": { "S3Bucket": "code", "S3Key": "f.zip", "S3ObjectVersion": versions[0] } });
    square.function("f", "second", code).await;
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!("first"));
    square.ok("lambda", "UpdateFunctionCode", json!({ "FunctionName": "f", "S3Bucket": "code", "S3Key": "f.zip" })).await;
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!("second"));
    square.ok("s3", "DeleteObject", json!({ "Bucket": "code", "Key": "f.zip", "VersionId": versions[0] })).await;
    let gone = json!({ "FunctionName": "f", "S3Bucket": "code", "S3Key": "f.zip", "S3ObjectVersion": versions[0] });
    let fault = square.call("lambda", "UpdateFunctionCode", gone).await.unwrap_err();
    assert_eq!(fault.code, "InvalidParameterValueException");
    assert!(fault.message.contains("S3 Error Code: NoSuchVersion"), "{}", fault.message);
    assert_eq!(square.invoke("f", "{}").await.unwrap(), json!("second"), "what stood stays");
}
