//! What an environment has beside its runtime: limits, layers, extensions, telemetry.

use crate::desk::{Desk, ROLE, base64, zip};
use kit::ClockMode;
use serde_json::{Value, json};
use std::time::Duration;

fn program() -> Vec<u8> {
    std::fs::read(env!("CARGO_BIN_EXE_echo-bootstrap")).unwrap()
}

/// A layer with these files; the ARN of its version. It comes from S3, for the program is large.
async fn layer(desk: &Desk, name: &str, files: &[(&str, &[u8])]) -> String {
    desk.world.objects.lock().insert(format!("test/{name}.zip"), zip(files).into());
    let content = json!({ "S3Bucket": "test", "S3Key": format!("{name}.zip") });
    let made = desk.ok("PublishLayerVersion", json!({ "LayerName": name, "Content": content })).await;
    made["LayerVersionArn"].as_str().unwrap().to_owned()
}

/// Whether the machine gives functions a /tmp and /opt of their own, by the environment that a function was given.
fn isolated(told: &Value) -> bool {
    let yes = told["env"]["TMPDIR"] == "/tmp";
    if !yes {
        println!("skipped: this machine allows no mount namespaces");
    }
    yes
}

#[tokio::test]
async fn more_memory_than_allowed_is_the_end() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 60 })).await;
    let done = desk.ok("Invoke", json!({ "FunctionName": "f", "LogType": "Tail", "Payload": base64(b"\"grow\"") })).await;
    let told: Value = serde_json::from_slice(&crate::desk::decode(done["Payload"].as_str().unwrap())).unwrap();
    assert_eq!(told["errorType"], "Runtime.ExitError", "{told}");
    assert!(told["errorMessage"].as_str().unwrap().ends_with(" Error: Runtime exited with error: signal: killed"), "{told}");
    let log = String::from_utf8(crate::desk::decode(done["LogResult"].as_str().unwrap())).unwrap();
    assert!(log.contains("\tMax Memory Used: 128 MB\t") && log.contains("Status: error\tError Type: Runtime.ExitError"), "{log}");
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!(told["count"], 1, "a fresh environment");
}

#[tokio::test]
async fn tmp_is_as_large_as_it_is_set() {
    let desk = Desk::new().await;
    desk.function("small", json!({ "Timeout": 60, "MemorySize": 2048 })).await;
    desk.function("large", json!({ "Timeout": 60, "MemorySize": 2048, "EphemeralStorage": { "Size": 600 } })).await;
    let (_, told) = desk.invoke("small", json!({})).await;
    if !isolated(&told) {
        return;
    }
    let (_, told) = desk.invoke("small", json!("fill")).await;
    assert_eq!(told, format!("Err(Some({}))", libc::ENOSPC));
    let (_, told) = desk.invoke("large", json!("fill")).await;
    assert_eq!(told, "Ok(())");
}

#[tokio::test]
async fn layers_lie_on_opt_later_over_earlier() {
    let desk = Desk::new().await;
    let one = layer(&desk, "one", &[("shared.txt", b"one"), ("own.txt", b"first")]).await;
    let two = layer(&desk, "two", &[("shared.txt", b"two")]).await;
    let made = desk.function("f", json!({ "Layers": [one, two] })).await;
    assert_eq!(made["Layers"][1]["Arn"], json!(two));
    let (_, told) = desk.invoke("f", json!({})).await;
    let opt = match told["env"]["PATH"].as_str().unwrap().rsplit(':').next().unwrap() {
        "/opt/bin" => "/opt".to_owned(),
        mapped => mapped.trim_end_matches("/bin").to_owned(),
    };
    for (file, text) in [("shared.txt", "two"), ("own.txt", "first")] {
        let (_, told) = desk.invoke("f", json!(format!("read {opt}/{file}"))).await;
        assert_eq!(told, text, "{file}");
    }
    // A function keeps a layer that is deleted; nobody else gets it.
    desk.ok("DeleteLayerVersion", json!({ "LayerName": "two", "VersionNumber": 1 })).await;
    desk.ok("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Timeout": 9 })).await;
    assert_eq!(desk.invoke("f", json!(format!("read {opt}/shared.txt"))).await.1, "two");
    let refused = desk.call("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Layers": [two] })).await.unwrap_err();
    assert_eq!((&*refused.code, refused.message), ("InvalidParameterValueException", format!("Layer version {two} does not exist.")));
}

#[tokio::test]
async fn a_layer_may_bring_the_runtime() {
    let desk = Desk::new().await;
    let runtime = layer(&desk, "runtime", &[("bootstrap", &program())]).await;
    desk.made("f", zip(&[("data", b"x")]), json!({ "Layers": [runtime] })).await;
    assert_eq!(desk.invoke("f", json!({ "a": 1 })).await.1["event"], json!({ "a": 1 }));
}

/// Recorded from AWS: test_layer_exceptions, test_layer_function_exceptions, test_layer_policy_exceptions, test_layer_policy_lifecycle.
#[tokio::test]
async fn layers_answer_as_recorded() {
    let desk = Desk::new().await;
    let one = layer(&desk, "one", &[("a", b"x")]).await;
    let again = desk.ok("PublishLayerVersion", json!({ "LayerName": "one", "Content": { "ZipFile": base64(&zip(&[("a", b"y")])) } })).await;
    assert_eq!((&again["Version"], &again["Description"]), (&json!(2), &json!("")));
    let list = desk.ok("ListLayerVersions", json!({ "LayerName": "one" })).await;
    assert_eq!((&list["LayerVersions"][0]["Version"], &list["LayerVersions"][1]["Version"]), (&json!(2), &json!(1)));
    assert_eq!(desk.ok("ListLayers", json!({})).await["Layers"][0]["LatestMatchingVersion"]["Version"], 2);
    let name = |n: i64| json!({ "LayerName": "one", "VersionNumber": n });
    let message = |result: Result<Value, kit::Fault>| result.unwrap_err().message;
    assert_eq!(message(desk.call("GetLayerVersion", name(0)).await), "Layer Version Cannot be less than 1");
    assert_eq!(message(desk.call("GetLayerVersion", name(9)).await), "The resource you requested does not exist.");
    assert_eq!(desk.ok("GetLayerVersionByArn", json!({ "Arn": one })).await["Version"], 1);
    let base = |layers: Value| json!({ "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "h", "Role": ROLE, "Layers": layers, "Code": { "ZipFile": base64(&zip(&[("a", b"b")])) } });
    let two = one.replace(":1", ":2");
    let clash = message(desk.call("CreateFunction", base(json!([one, two]))).await);
    assert_eq!(
        clash,
        format!(
            "Two different versions of the same layer are not allowed to be referenced in the same function. {one} and {two} are versions of the same layer."
        )
    );
    assert_eq!(
        message(desk.call("CreateFunction", base(json!([one, one, one, one, one, one]))).await),
        "Cannot reference more than 5 layers."
    );
    let elsewhere = one.replace("us-east-1", "eu-west-1");
    assert!(
        message(desk.call("CreateFunction", base(json!([elsewhere]))).await)
            .starts_with("Layers are not in the same region as the function.")
    );

    assert_eq!(message(desk.call("GetLayerVersionPolicy", name(1)).await), "No policy is associated with the given resource.");
    let add = json!({ "LayerName": "one", "VersionNumber": 1, "StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*" });
    let added = desk.ok("AddLayerVersionPermission", add.clone()).await;
    let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
    assert_eq!(statement, json!({ "Sid": "s1", "Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion", "Resource": one }));
    assert_eq!(desk.call("AddLayerVersionPermission", add).await.unwrap_err().status, 409);
    assert!(desk.cloud.service("lambda").unwrap().resource_policy(&desk.cx, &one).unwrap().contains("\"s1\""));
    let remove = |id: &str| json!({ "LayerName": "one", "VersionNumber": 1, "StatementId": id });
    let missing = message(desk.call("RemoveLayerVersionPermission", remove("other")).await);
    assert_eq!(missing, "Statement other is not found in resource policy.");
    desk.ok("RemoveLayerVersionPermission", remove("s1")).await;
    assert_eq!(desk.cloud.service("lambda").unwrap().resource_policy(&desk.cx, &one), None);
}

#[tokio::test]
async fn an_extension_hears_of_events_and_of_the_end() {
    let desk = Desk::new().await;
    let arn = layer(&desk, "watch", &[("extensions/watches", &program())]).await;
    let folder = crate::desk::shared_folder();
    let notes = crate::desk::Notes::new(folder.path());
    let told = &notes.path;
    desk.function("f", json!({ "Layers": [arn], "Environment": { "Variables": { "TELL": told.to_str().unwrap() } } })).await;
    for _ in 0..2 {
        assert_eq!(desk.invoke("f", json!({})).await.0["FunctionError"], Value::Null);
        desk.settle().await;
    }
    let lines = desk.lines();
    let has = |text: &str| assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:#?}");
    has("extension watches begins; handler Err(NotPresent)");
    has(r#"registered {"functionName":"f","functionVersion":"$LATEST","handler":"bootstrap"}"#);
    has("EXTENSION\tName: watches\tState: Ready\tEvents: [INVOKE,SHUTDOWN]");
    has(r#""eventType":"INVOKE""#);
    desk.ok("DeleteFunction", json!({ "FunctionName": "f" })).await;
    let clock = kit::Clock::new(None, ClockMode::Running);
    for _ in 0..200 {
        if let Ok(event) = serde_json::from_str::<Value>(&notes.text()) {
            assert_eq!((&event["eventType"], &event["shutdownReason"]), (&json!("SHUTDOWN"), &json!("spindown")));
            return;
        }
        clock.real_sleep(Duration::from_millis(20)).await;
    }
    panic!("the extension was not told of the end");
}

#[tokio::test]
async fn an_extension_that_fails_fails_the_function() {
    let desk = Desk::new().await;
    for (name, kind, words) in [
        ("dies", "Extension.Crash", "extension dies exited with exit code 4"),
        ("refuses", "Extension.InitError", "extension refuses: Extension.NoConfig nothing to watch"),
    ] {
        let arn = layer(&desk, name, &[(&format!("extensions/{name}"), &program())]).await;
        desk.function(name, json!({ "Layers": [arn] })).await;
        let (done, told) = desk.invoke(name, json!({})).await;
        assert_eq!((&done["FunctionError"], &told["errorType"]), (&json!("Unhandled"), &json!(kind)), "{told}");
        assert!(told["errorMessage"].as_str().unwrap().ends_with(words), "{told}");
    }
}

#[tokio::test]
async fn telemetry_is_sent_in_batches() {
    let desk = Desk::new().await;
    let arn = layer(&desk, "listen", &[("extensions/listens", &program())]).await;
    desk.function("f", json!({ "Layers": [arn] })).await;
    let clock = kit::Clock::new(None, ClockMode::Running);
    let wanted = ["initStart", "initRuntimeDone", "initReport", "extension", "telemetrySubscription", "start", "runtimeDone", "report"];
    let wanted: Vec<String> = wanted.iter().map(|kind| format!("telemetry platform.{kind}")).chain(["telemetry function".into()]).collect();
    for _ in 0..40 {
        // What was sent after an event shows in the log of the next one.
        desk.invoke("f", json!({})).await;
        desk.settle().await;
        let lines = desk.lines();
        if wanted.iter().all(|text| lines.contains(text)) {
            assert!(lines.iter().any(|line| line == "subscribed HTTP/1.1 200 OK"), "{lines:#?}");
            return;
        }
        clock.real_sleep(Duration::from_millis(50)).await;
    }
    panic!("{wanted:?}: {:#?}", desk.lines());
}

#[tokio::test]
async fn an_extension_may_live_in_the_runtime() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Environment": { "Variables": { "INIT": "extension" } } })).await;
    for _ in 0..2 {
        assert_eq!(desk.invoke("f", json!({})).await.0["FunctionError"], Value::Null);
        desk.settle().await;
    }
    let lines = desk.lines();
    assert!(lines.iter().any(|line| line == "internal shutdown: HTTP/1.1 403 Forbidden"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("inner got ") && line.contains("INVOKE")), "{lines:#?}");
}

#[tokio::test]
async fn one_in_flight_sees_its_time_drop_when_the_clock_advances() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 900 })).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    if told["env"]["LD_PRELOAD"].is_null() {
        println!("skipped: the clock shim was not built here");
        return;
    }
    let (cloud, cx) = (desk.cloud.clone(), desk.cx.clone());
    let waiting = tokio::spawn(async move {
        cloud.call_json(&cx, "lambda", "Invoke", &json!({ "FunctionName": "f", "Payload": base64(b"\"wait\"") })).await
    });
    while desk.cloud.work().held().iter().all(|label| &**label != "lambda:f") {
        tokio::task::yield_now().await;
    }
    let by = Duration::from_secs(14 * 60 + 40);
    desk.cloud.advance(kit::AdvanceOptions { by, settle: kit::Settle::None, budget: Duration::from_secs(5) }).await;
    let done = waiting.await.unwrap().unwrap();
    let told: Value = serde_json::from_slice(&crate::desk::decode(done["Payload"].as_str().unwrap())).unwrap();
    assert!((1..=30_000).contains(&told["left"].as_i64().unwrap()), "{told}");
    assert!(told["waited_ms"].as_i64().unwrap() < 20_000, "{told}");
}
