//! The API: functions, versions, aliases, permissions, settings; and what AWS says when something is wrong.

use crate::desk::{Desk, ROLE, base64, bootstrap, zip};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test]
async fn a_functions_life() {
    let desk = Desk::new().await;
    let made = desk.function("f", json!({ "Tags": { "a": "1" } })).await;
    assert_eq!(
        (&made["State"], &made["FunctionArn"], &made["Timeout"], &made["MemorySize"]),
        (&json!("Pending"), &json!(ARN), &json!(3), &json!(128))
    );
    assert_eq!(made["LoggingConfig"], json!({ "LogFormat": "Text", "LogGroup": "/aws/lambda/f" }));
    let again = desk.call("CreateFunction", json!({ "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "h", "Role": ROLE, "Code": { "ZipFile": base64(&bootstrap()) } })).await.unwrap_err();
    assert_eq!((&*again.code, again.status), ("ResourceConflictException", 409));
    for name in ["f", "000000000000:function:f", ARN] {
        let got = desk.ok("GetFunction", json!({ "FunctionName": name })).await;
        assert_eq!((&got["Configuration"]["State"], &got["Tags"]), (&json!("Active"), &json!({ "a": "1" })));
        assert!(got["Code"]["Location"].as_str().unwrap().contains("/_windtunnel/lambda/code/000000000000/us-east-1/f/LATEST?"));
    }
    let updated = desk.ok("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Timeout": 7, "Description": "new" })).await;
    assert_eq!((&updated["Timeout"], &updated["LastUpdateStatus"]), (&json!(7), &json!("InProgress")));
    let stale = desk
        .call("UpdateFunctionCode", json!({ "FunctionName": "f", "ZipFile": base64(&bootstrap()), "RevisionId": made["RevisionId"] }))
        .await
        .unwrap_err();
    assert_eq!((&*stale.code, stale.status), ("PreconditionFailedException", 412));
    let code = desk.ok("UpdateFunctionCode", json!({ "FunctionName": "f", "ZipFile": base64(&zip(&[("x", b"y")])) })).await;
    assert_ne!(code["CodeSha256"], made["CodeSha256"]);
    desk.function("g", json!({})).await;
    let list = desk.ok("ListFunctions", json!({ "MaxItems": 1 })).await;
    assert_eq!(list["Functions"][0]["FunctionName"], "f");
    let rest = desk.ok("ListFunctions", json!({ "Marker": list["NextMarker"] })).await;
    assert_eq!(rest["Functions"][0]["FunctionName"], "g");
    desk.ok("TagResource", json!({ "Resource": ARN, "Tags": { "b": "2" } })).await;
    desk.ok("UntagResource", json!({ "Resource": ARN, "TagKeys": ["a"] })).await;
    assert_eq!(desk.ok("ListTags", json!({ "Resource": ARN })).await["Tags"], json!({ "b": "2" }));
    desk.ok("DeleteFunction", json!({ "FunctionName": "f" })).await;
    let gone = desk.call("GetFunction", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!((&*gone.code, gone.message), ("ResourceNotFoundException", format!("Function not found: {ARN}")));
}

#[tokio::test]
async fn versions_and_aliases() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Environment": { "Variables": { "VV": "1" } } })).await;
    let one = desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    assert_eq!((&one["Version"], &one["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:1"))));
    assert_eq!(desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await["Version"], "1", "nothing changed");
    desk.ok("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Environment": { "Variables": { "VV": "2" } } })).await;
    assert_eq!(desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await["Version"], "2");
    let alias = desk.ok("CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await;
    assert_eq!(alias["AliasArn"], format!("{ARN}:live"));
    let (done, told) = desk.invoke("f:live", json!({})).await;
    assert_eq!((&done["ExecutedVersion"], &told["env"]["VV"], &told["arn"]), (&json!("1"), &json!("1"), &json!(format!("{ARN}:live"))));
    desk.ok("UpdateAlias", json!({ "FunctionName": "f", "Name": "live", "RoutingConfig": { "AdditionalVersionWeights": { "2": 0.5 } } }))
        .await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        seen.insert(desk.invoke("f:live", json!({})).await.0["ExecutedVersion"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 2, "both versions take part");
    let used = desk.call("DeleteFunction", json!({ "FunctionName": "f", "Qualifier": "2" })).await.unwrap_err();
    assert_eq!(used.code, "ResourceConflictException");
    let twice = desk.call("CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await.unwrap_err();
    assert_eq!(twice.message, format!("Alias already exists: {ARN}:live"));
    let versions = desk.ok("ListVersionsByFunction", json!({ "FunctionName": "f" })).await;
    let names: Vec<&str> = versions["Versions"].as_array().unwrap().iter().map(|v| v["Version"].as_str().unwrap()).collect();
    assert_eq!(names, ["$LATEST", "1", "2"]);
    desk.ok("DeleteAlias", json!({ "FunctionName": "f", "Name": "live" })).await;
    let gone = desk.call("GetAlias", json!({ "FunctionName": "f", "Name": "live" })).await.unwrap_err();
    assert_eq!(gone.message, format!("Cannot find alias arn: {ARN}:live"));
    let missing = desk.call("Invoke", json!({ "FunctionName": "f", "Qualifier": "live" })).await.unwrap_err();
    assert_eq!(missing.message, format!("Function not found: {ARN}:live"));
}

#[tokio::test]
async fn permissions_become_the_resource_policy() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let add = json!({ "FunctionName": "f", "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::photos", "SourceAccount": "000000000000" });
    let added = desk.ok("AddPermission", add.clone()).await;
    let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
    assert_eq!(
        statement,
        json!({
            "Sid": "s3", "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "lambda:InvokeFunction", "Resource": ARN,
            "Condition": { "StringEquals": { "AWS:SourceAccount": "000000000000" }, "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::photos" } },
        })
    );
    let policy = desk.cloud.service("lambda").unwrap().resource_policy(&desk.cx, ARN).unwrap();
    let got = desk.ok("GetPolicy", json!({ "FunctionName": "f" })).await;
    assert_eq!(got["Policy"], policy);
    assert_eq!(desk.cloud.service("lambda").unwrap().resource_policy(&desk.cx, &format!("{ARN}:1")), None);
    assert_eq!(desk.call("AddPermission", add).await.unwrap_err().code, "ResourceConflictException");
    desk.ok("RemovePermission", json!({ "FunctionName": "f", "StatementId": "s3" })).await;
    let none = desk.call("GetPolicy", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!(none.message, "The resource you requested does not exist.");
    let bad = json!({ "FunctionName": "f", "StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "nobody" });
    assert_eq!(
        desk.call("AddPermission", bad).await.unwrap_err().message,
        "The provided principal was invalid. Please check the principal and try again."
    );
}

/// What was allowed on an alias is not allowed on another of its name.
#[tokio::test]
async fn policies_go_with_their_alias_or_version() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    let make = || desk.ok("CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" }));
    make().await;
    for qualifier in ["live", "1"] {
        let add = json!({ "FunctionName": "f", "Qualifier": qualifier, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "111111111111" });
        desk.ok("AddPermission", add).await;
    }
    let policy_of = |qualifier: &str| desk.cloud.service("lambda").unwrap().resource_policy(&desk.cx, &format!("{ARN}:{qualifier}"));
    assert!(policy_of("live").is_some() && policy_of("1").is_some());
    desk.ok("PutFunctionEventInvokeConfig", json!({ "FunctionName": "f", "Qualifier": "1", "MaximumRetryAttempts": 1 })).await;
    desk.ok("DeleteAlias", json!({ "FunctionName": "f", "Name": "live" })).await;
    make().await;
    assert_eq!(policy_of("live"), None);
    desk.ok("DeleteAlias", json!({ "FunctionName": "f", "Name": "live" })).await;
    desk.ok("DeleteFunction", json!({ "FunctionName": "f", "Qualifier": "1" })).await;
    assert_eq!(policy_of("1"), None);
    let left = desk.ok("ListFunctionEventInvokeConfigs", json!({ "FunctionName": "f" })).await;
    assert_eq!(left["FunctionEventInvokeConfigs"], json!([]));
}

/// Recorded: TestCodeSigningConfig::test_code_signing_not_found_excs. Terraform asks it of every function.
#[tokio::test]
async fn no_function_has_a_configuration_of_code_signing() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    assert_eq!(desk.ok("GetFunctionCodeSigningConfig", json!({ "FunctionName": "f" })).await, json!({}));
    let fault = desk.call("GetFunctionCodeSigningConfig", json!({ "FunctionName": "g" })).await.unwrap_err();
    assert_eq!((&*fault.code, fault.status), ("ResourceNotFoundException", 404));
}

#[tokio::test]
async fn what_is_not_honoured_is_refused_by_name() {
    let desk = Desk::new().await;
    let base = json!({ "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "h", "Role": ROLE, "Code": { "ZipFile": base64(&zip(&[("a", b"b")])) } });
    let with = |more: Value| {
        let mut input = base.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let cases = [
        (json!({ "VpcConfig": { "SubnetIds": ["subnet-1"] } }), 501, "VpcConfig"),
        (json!({ "SnapStart": { "ApplyOn": "PublishedVersions" } }), 501, "SnapStart"),
        (json!({ "PackageType": "Image", "Code": { "ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/a:b" } }), 501, "Image"),
        (json!({ "Architectures": [if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" }] }), 501, "this machine runs"),
        (json!({ "Runtime": "java21" }), 501, "java21"),
        (json!({ "Runtime": "go1.x" }), 400, "no longer supported"),
        (
            json!({ "Role": "arn:aws:iam::000000000000:role/stranger" }),
            400,
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        (json!({ "Environment": { "Variables": { "AWS_REGION": "x" } } }), 400, "Reserved keys used in this request: AWS_REGION"),
        (json!({ "Environment": { "Variables": { "BIG": "x".repeat(4096) } } }), 400, "exceeded the 4KB limit"),
        (json!({ "Code": { "ZipFile": base64(b"no zip") } }), 400, "Could not unzip uploaded file."),
        (json!({ "Code": { "ZipFile": base64(&zip(&[("../x", b"b")])) } }), 400, "Could not unzip uploaded file."),
        (
            json!({ "Code": { "S3Bucket": "code", "S3Key": "missing.zip" } }),
            400,
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
        ),
        (
            json!({ "DeadLetterConfig": { "TargetArn": "arn:aws:sqs:us-east-1:000000000000:forbidden" } }),
            400,
            "The provided execution role does not have permissions to call SendMessage on SQS",
        ),
        (json!({ "Timeout": 901 }), 400, "Member must have value less than or equal to 900"),
    ];
    for (more, status, text) in cases {
        let fault = desk.call("CreateFunction", with(more.clone())).await.expect_err(text);
        assert_eq!(fault.status, status, "{more}: {fault}");
        assert!(fault.message.contains(text), "{more}: {fault}");
    }
}

#[tokio::test]
async fn code_comes_from_s3_on_the_callers_permissions() {
    let desk = Desk::new().await;
    desk.world.objects.lock().insert("code/f.zip".into(), bootstrap());
    desk.ok("CreateFunction", json!({ "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "h", "Role": ROLE, "Code": { "S3Bucket": "code", "S3Key": "f.zip" } })).await;
    assert_eq!(desk.invoke("f", json!({})).await.1["count"], 1);
    let denied =
        desk.cloud.journal().held().into_iter().any(|r| &*r.operation == "s3:GetObject" && &*r.resource == "arn:aws:s3:::code/f.zip");
    assert!(denied, "nobody asked whether the caller may read the object");
}

#[tokio::test]
async fn settings_of_asynchronous_invocation() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let nothing = desk.call("PutFunctionEventInvokeConfig", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!(nothing.message, "You must specify at least one of error handling or destination setting.");
    let put = desk.ok("PutFunctionEventInvokeConfig", json!({ "FunctionName": "f", "MaximumRetryAttempts": 0 })).await;
    assert_eq!(
        (&put["FunctionArn"], &put["DestinationConfig"]),
        (&json!(format!("{ARN}:$LATEST")), &json!({ "OnSuccess": {}, "OnFailure": {} }))
    );
    let own = desk
        .call("PutFunctionEventInvokeConfig", json!({ "FunctionName": "f", "DestinationConfig": { "OnFailure": { "Destination": ARN } } }))
        .await
        .unwrap_err();
    assert_eq!(own.message, "You can't specify the function as a destination for itself.");
    let updated = desk.ok("UpdateFunctionEventInvokeConfig", json!({ "FunctionName": "f", "MaximumEventAgeInSeconds": 60 })).await;
    assert_eq!((&updated["MaximumRetryAttempts"], &updated["MaximumEventAgeInSeconds"]), (&json!(0), &json!(60)));
    assert_eq!(
        desk.ok("ListFunctionEventInvokeConfigs", json!({ "FunctionName": "f" })).await["FunctionEventInvokeConfigs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    desk.ok("DeleteFunctionEventInvokeConfig", json!({ "FunctionName": "f" })).await;
    let gone = desk.call("GetFunctionEventInvokeConfig", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!(gone.message, format!("The function {ARN}:$LATEST doesn't have an EventInvokeConfig"));
}

#[tokio::test]
async fn invocation_types_and_limits() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    assert_eq!(desk.ok("Invoke", json!({ "FunctionName": "f", "InvocationType": "DryRun" })).await["StatusCode"], 204);
    assert_eq!(desk.ok("Invoke", json!({ "FunctionName": "f", "InvocationType": "Event" })).await["StatusCode"], 202);
    let text = desk.call("Invoke", json!({ "FunctionName": "f", "Payload": base64(b"no json") })).await.unwrap_err();
    assert_eq!((&*text.code, text.status), ("InvalidRequestContentException", 400));
    let large = format!("\"{}\"", "x".repeat(1_048_576));
    let fault = desk
        .call("Invoke", json!({ "FunctionName": "f", "InvocationType": "Event", "Payload": base64(large.as_bytes()) }))
        .await
        .unwrap_err();
    assert_eq!(fault.status, 413);
    let context = base64(br#"{"custom":{"k":"v"}}"#);
    let done = desk.ok("Invoke", json!({ "FunctionName": "f", "ClientContext": context })).await;
    let told: Value = serde_json::from_slice(&crate::desk::decode(done["Payload"].as_str().unwrap())).unwrap();
    assert_eq!(told["context"], r#"{"custom":{"k":"v"}}"#);
    let settings = desk.ok("GetAccountSettings", json!({})).await;
    assert_eq!((&settings["AccountLimit"]["ConcurrentExecutions"], &settings["AccountUsage"]["FunctionCount"]), (&json!(1000), &json!(1)));
}
