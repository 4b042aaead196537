//! Running: what a function sees, what its caller is told, what is logged, and when environments come and go.

use crate::desk::{Desk, base64, decode, zip};
use kit::{AdvanceOptions, ClockMode, Settle};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_function_runs_warm_with_awss_environment() {
    let desk = Desk::new().await;
    desk.cloud.set_endpoint("http://127.0.0.1:4566");
    desk.function("f", json!({ "Environment": { "Variables": { "MINE": "1" } }, "MemorySize": 256 })).await;
    let (first, told) = desk.invoke("f", json!({ "n": 1 })).await;
    assert_eq!((&first["StatusCode"], &first["ExecutedVersion"]), (&json!(200), &json!("$LATEST")));
    assert_eq!((&told["event"], &told["count"]), (&json!({ "n": 1 }), &json!(1)));
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert!(told["trace"].as_str().unwrap().starts_with("Root=1-"));
    let env = &told["env"];
    for (name, value) in [
        ("MINE", "1"),
        ("_HANDLER", "bootstrap"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("AWS_SESSION_TOKEN", "token"),
        ("TZ", ":UTC"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    assert_eq!(env["LAMBDA_TASK_ROOT"], told["cwd"]);
    assert!(env.get("CARGO_MANIFEST_DIR").is_none() && env.get("HOME").is_none(), "the emulator's own environment leaked");
    assert!(env["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap().starts_with("2023/11/14/[$LATEST]"));
    // The same process again.
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!(told["count"], 2);
    desk.settle().await;
    let runs = desk.invocations();
    assert_eq!((&runs[0].detail["cold"], &runs[1].detail["cold"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn the_log_has_start_end_and_report_and_the_tail_comes_with_the_answer() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let done = desk.ok("Invoke", json!({ "FunctionName": "f", "LogType": "Tail", "Payload": base64(b"{\"a\":1}") })).await;
    let log = String::from_utf8(decode(done["LogResult"].as_str().unwrap())).unwrap();
    desk.invoke("f", json!({})).await;
    desk.settle().await;
    let lines = desk.lines();
    assert!(lines[0].starts_with("INIT_START Runtime Version: provided:al2023"), "{lines:?}");
    assert!(lines[1].starts_with("START RequestId: ") && lines[1].ends_with(" Version: $LATEST"), "{lines:?}");
    assert_eq!(lines[2], r#"event {"a":1}"#);
    assert!(lines[3].starts_with("END RequestId: "));
    assert!(lines[4].contains("\tMemory Size: 128 MB\t") && lines[4].contains("\tInit Duration: "), "{}", lines[4]);
    assert!(!lines[8].contains("Init Duration"), "{}", lines[8]);
    assert!(log.contains(&lines[2]) && log.ends_with(&format!("{}\n", lines[4])), "{log}");
    let streams =
        desk.world.lines.lock().iter().map(|(group, stream, _)| (group.clone(), stream.clone())).collect::<std::collections::HashSet<_>>();
    assert_eq!(streams.len(), 1);
}

#[tokio::test]
async fn failures_have_awss_shapes() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 1 })).await;
    let (done, told) = desk.invoke("f", json!("fail")).await;
    assert_eq!((&done["StatusCode"], &done["FunctionError"]), (&json!(200), &json!("Unhandled")));
    assert_eq!(told, json!({ "errorType": "Boom", "errorMessage": "it went wrong" }));
    // An error leaves the environment alive; a second answer is refused.
    let (_, told) = desk.invoke("f", json!("again")).await;
    assert_eq!(told["count"], 2);
    let (_, told) = desk.invoke("f", json!("exit")).await;
    assert_eq!(told["errorType"], "Runtime.ExitError");
    assert!(told["errorMessage"].as_str().unwrap().ends_with(" Error: Runtime exited with error: exit status 3"), "{told}");
    let (_, told) = desk.invoke("f", json!("hang")).await;
    assert_eq!(told["errorType"], "Sandbox.Timedout");
    assert!(told["errorMessage"].as_str().unwrap().ends_with(" Error: Task timed out after 1.00 seconds"), "{told}");
    let (_, told) = desk.invoke("f", json!("large")).await;
    assert_eq!(told["errorType"], "Function.ResponseSizeTooLarge");
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!(told["event"], json!({}));
    desk.settle().await;
    let lines = desk.lines();
    assert!(lines.iter().any(|l| l == "second answer: HTTP/1.1 403 Forbidden"), "{lines:?}");
    assert!(lines.iter().any(|l| l == "Runtime.ExitError"));
    assert!(lines.iter().any(|l| l.ends_with("Status: timeout")));
    assert!(lines.iter().any(|l| l.ends_with("Status: error\tError Type: Boom")));
}

#[tokio::test]
async fn failures_before_the_first_event() {
    let desk = Desk::new().await;
    desk.function("dies", json!({ "Environment": { "Variables": { "INIT": "exit" } } })).await;
    let (done, told) = desk.invoke("dies", json!({})).await;
    assert_eq!(done["FunctionError"], "Unhandled");
    assert!(told["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: exit status 127"), "{told}");
    desk.function("says", json!({ "Environment": { "Variables": { "INIT": "error" } } })).await;
    let (_, told) = desk.invoke("says", json!({})).await;
    assert_eq!(told, json!({ "errorType": "Extension.Broken", "errorMessage": "no config" }));
    desk.made("empty", zip(&[("readme", b"nothing to run")]), json!({})).await;
    let (_, told) = desk.invoke("empty", json!({})).await;
    assert_eq!(told["errorType"], "Runtime.InvalidEntrypoint");
    assert!(told["errorMessage"].as_str().unwrap().ends_with("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"));
    desk.made("text", zip(&[("bootstrap", b"\x01\x02 no program")]), json!({})).await;
    let (_, told) = desk.invoke("text", json!({})).await;
    assert!(told["errorMessage"].as_str().unwrap().ends_with("exec format error"), "{told}");
}

#[tokio::test]
async fn an_advance_of_the_clock_is_seen_by_a_running_function_and_takes_its_time() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 900 })).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    let left = told["deadline"].as_i64().unwrap() - told["now"].as_i64().unwrap();
    assert!((800_000..=900_000).contains(&left), "{left}");
    let (cloud, cx) = (desk.cloud.clone(), desk.cx.clone());
    let hanging = tokio::spawn(async move {
        cloud.call_json(&cx, "lambda", "Invoke", &json!({ "FunctionName": "f", "Payload": base64(b"\"hang\"") })).await
    });
    // It hangs for a minute of real time; fifteen virtual ones end it before.
    while desk.cloud.work().held().iter().all(|label| &**label != "lambda:f") {
        tokio::task::yield_now().await;
    }
    for _ in 0..50 {
        desk.cloud.advance(AdvanceOptions { by: Duration::from_secs(60), settle: Settle::None, budget: Duration::from_secs(5) }).await;
        if hanging.is_finished() {
            break;
        }
    }
    let done = hanging.await.unwrap().unwrap();
    let told: Value = serde_json::from_slice(&decode(done["Payload"].as_str().unwrap())).unwrap();
    assert!(told["errorMessage"].as_str().unwrap().ends_with("Task timed out after 900.00 seconds"), "{told}");
}

#[tokio::test]
async fn the_function_sees_the_clouds_clock() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!(told["now"], 1_700_000_000_000i64);
    assert_eq!(told["deadline"], 1_700_000_003_000i64);
    desk.advance(600).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!((&told["now"], &told["count"]), (&json!(1_700_000_600_000i64), &json!(2)));
}

#[tokio::test]
async fn environments_are_renewed_when_credentials_lapse_or_the_code_changes() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    let key = told["env"]["AWS_ACCESS_KEY_ID"].clone();
    for _ in 0..18 {
        desk.advance(40 * 60).await;
        desk.invoke("f", json!({})).await;
    }
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_ne!(told["env"]["AWS_ACCESS_KEY_ID"], key, "twelve hours are over");
    desk.ok("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Environment": { "Variables": { "NEW": "1" } } })).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!((&told["count"], &told["env"]["NEW"]), (&json!(1), &json!("1")));
    desk.advance(3600).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!(told["count"], 1, "an hour of idleness is the end of an environment");
}

#[tokio::test]
async fn concurrency_scales_up_to_the_reservation() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 10 })).await;
    desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 3 })).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (cloud, cx) = (desk.cloud.clone(), desk.cloud.house_context("test"));
        calls.spawn(async move {
            cloud.call_json(&cx, "lambda", "Invoke", &json!({ "FunctionName": "f", "Payload": base64(b"\"pause\"") })).await
        });
    }
    let results = calls.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 3);
    let refused = results.into_iter().find_map(Result::err).unwrap();
    assert_eq!((&*refused.code, refused.status, refused.message.as_str()), ("TooManyRequestsException", 429, "Rate Exceeded."));
    assert!(refused.fields.contains(&("Reason".into(), json!("ReservedFunctionConcurrentInvocationLimitExceeded"))));
    assert_eq!(desk.invocations().iter().filter(|r| r.detail["cold"] == true).count(), 3);
    // All three are warm now.
    desk.invoke("f", json!({})).await;
    assert_eq!(desk.invocations().iter().filter(|r| r.detail["cold"] == true).count(), 3);
}

#[tokio::test]
async fn each_environment_has_a_tmp_of_its_own() {
    let desk = Desk::new().await;
    desk.function("writes", json!({})).await;
    desk.function("reads", json!({})).await;
    let (_, told) = desk.invoke("writes", json!("write")).await;
    if told["env"]["TMPDIR"] != "/tmp" {
        println!("skipped: this machine allows no mount namespaces");
        return;
    }
    assert_eq!(told["tmp"], true);
    let (_, told) = desk.invoke("writes", json!({})).await;
    assert_eq!(told["tmp"], true, "the same environment keeps its files");
    let (_, told) = desk.invoke("reads", json!({})).await;
    assert_eq!(told["tmp"], false);
    assert!(!std::fs::exists("/tmp/mine").unwrap(), "a function wrote to the host's /tmp");
}

#[tokio::test]
async fn what_the_role_may_not_log_is_not_written_and_the_journal_says_so() {
    let desk = Desk::new().await;
    desk.function("forbidden", json!({})).await;
    desk.invoke("forbidden", json!({})).await;
    desk.settle().await;
    assert!(desk.lines().is_empty());
    let told = desk.cloud.journal().held().into_iter().find(|r| &*r.operation == "PutLogs").unwrap();
    assert_eq!((&*told.resource, &*told.outcome), ("/aws/lambda/forbidden", "AccessDenied"));
}

/// Whether a process is there and not only waiting to be reaped.
fn alive(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn dies(pid: u64) {
    let clock = kit::Clock::new(None, ClockMode::Running);
    for _ in 0..200 {
        if !alive(pid) {
            return;
        }
        clock.real_sleep(Duration::from_millis(20)).await;
    }
    panic!("process {pid} lives on");
}

#[tokio::test]
async fn processes_end_with_the_cloud() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let (_, idle) = desk.invoke("f", json!({})).await;
    desk.function("busy", json!({ "Timeout": 60 })).await;
    let (_, busy) = desk.invoke("busy", json!({})).await;
    let (cloud, cx) = (desk.cloud.clone(), desk.cloud.house_context("test"));
    let hanging = tokio::spawn(async move {
        cloud.call_json(&cx, "lambda", "Invoke", &json!({ "FunctionName": "busy", "Payload": base64(b"\"hang\"") })).await
    });
    while !desk.cloud.work().held().iter().any(|label| &**label == "lambda:busy") {
        tokio::task::yield_now().await;
    }
    desk.cloud.stop().await;
    dies(idle["pid"].as_u64().unwrap()).await;
    dies(busy["pid"].as_u64().unwrap()).await;
    assert_eq!(hanging.await.unwrap().unwrap_err().code, "ServiceException");
}

#[tokio::test]
async fn a_failed_runtime_is_started_again_over_the_same_files() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let (_, told) = desk.invoke("f", json!("write")).await;
    if told["env"]["TMPDIR"] != "/tmp" {
        println!("skipped: this machine allows no mount namespaces");
        return;
    }
    desk.invoke("f", json!("exit")).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    assert_eq!((&told["count"], &told["tmp"]), (&json!(1), &json!(true)));
}

/// The emulator of the next test: runs a function, says which process it is, and is killed without a word.
#[tokio::test]
#[ignore = "run by functions_die_with_a_killed_emulator"]
async fn an_emulator_that_is_killed() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let (_, told) = desk.invoke("f", json!({})).await;
    println!("function {}", told["pid"]);
    std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
    desk.cloud.clock().real_sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn functions_die_with_a_killed_emulator() {
    let me = std::env::current_exe().unwrap();
    let ran = std::process::Command::new(me)
        .args(["--ignored", "--exact", "--nocapture", "execution::an_emulator_that_is_killed"])
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    let pid: u64 = out.lines().find_map(|l| l.split("function ").nth(1)).unwrap_or_else(|| panic!("{out}")).trim().parse().unwrap();
    dies(pid).await;
}
