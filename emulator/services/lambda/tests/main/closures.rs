//! Functions that are closures of this process.

use crate::desk::{Desk, World, base64, decode};
use kit::{ClockMode, Cloud, Timestamp};
use lambda::in_process::{HandlerError, Invocation, package};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

async fn handler(event: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    invocation.log(format!("seen {event}"));
    match event.as_str() {
        Some("fail") => Err(HandlerError::new("Boom", "it went wrong")),
        Some("parse") => Ok("x".parse::<i32>().map(Value::from)?),
        Some("panic") => panic!("out of order"),
        Some("hang") => std::future::pending().await,
        _ => Ok(json!({ "event": event, "left": invocation.remaining().as_secs(), "mine": invocation.variables.get("MINE") })),
    }
}

/// A desk whose lambda knows the closure, and the function `f` made of its package.
async fn desk() -> Desk {
    let lambda = lambda::Lambda::new();
    lambda.register("tested", handler).unwrap();
    let start = Timestamp::from_secs(1_700_000_000);
    let cloud = Cloud::builder().start_at(start).mode(ClockMode::Frozen).service(Arc::new(lambda)).start().await.unwrap();
    let desk = Desk::over(cloud, Arc::new(World::default()));
    desk.made("f", package("tested").unwrap(), json!({ "Timeout": 900, "Environment": { "Variables": { "MINE": "1" } } })).await;
    desk
}

#[tokio::test]
async fn a_closure_is_a_function() {
    let desk = desk().await;
    let (done, told) = desk.invoke("f", json!({ "n": 1 })).await;
    assert_eq!((&done["StatusCode"], &done["FunctionError"]), (&json!(200), &Value::Null));
    assert_eq!(told, json!({ "event": { "n": 1 }, "left": 900, "mine": "1" }));
    for (event, kind, message) in [
        ("fail", "Boom", "it went wrong"),
        ("parse", "core::num::error::ParseIntError", "invalid digit found in string"),
        ("panic", "panic", "Lambda panicked: out of order"),
    ] {
        let (done, told) = desk.invoke("f", json!(event)).await;
        assert_eq!((&done["FunctionError"], told), (&json!("Unhandled"), json!({ "errorType": kind, "errorMessage": message })));
    }
    desk.settle().await;
    let lines = desk.lines();
    assert!(lines[0].starts_with("INIT_START ") && lines[1].starts_with("START RequestId: "), "{lines:?}");
    assert_eq!(lines[2], "seen {\"n\":1}");
    assert!(lines[3].starts_with("END RequestId: ") && lines[4].contains("\tInit Duration: "), "{lines:?}");
    assert!(lines.iter().filter(|line| line.starts_with("INIT_START")).count() == 1, "the others are warm: {lines:?}");
    assert_eq!(desk.invocations().len(), 4);
}

#[tokio::test]
async fn a_closure_times_out_on_the_clock() {
    let desk = desk().await;
    let (cloud, cx) = (desk.cloud.clone(), desk.cx.clone());
    let hanging = tokio::spawn(async move {
        cloud.call_json(&cx, "lambda", "Invoke", &json!({ "FunctionName": "f", "Payload": base64(b"\"hang\"") })).await
    });
    while desk.cloud.work().held().iter().all(|label| &**label != "lambda:f") {
        tokio::task::yield_now().await;
    }
    for _ in 0..50 {
        desk.cloud
            .advance(kit::AdvanceOptions { by: Duration::from_secs(60), settle: kit::Settle::None, budget: Duration::from_secs(5) })
            .await;
        if hanging.is_finished() {
            break;
        }
    }
    let done = hanging.await.unwrap().unwrap();
    let told: Value = serde_json::from_slice(&decode(done["Payload"].as_str().unwrap())).unwrap();
    assert!(told["errorMessage"].as_str().unwrap().ends_with("Task timed out after 900.00 seconds"), "{told}");
}

/// Functions that run for long hold nobody up: here each waits for one that was invoked after all of them.
#[tokio::test]
async fn events_of_slow_functions_hold_up_no_others() {
    const WAITING: usize = 100;
    let (lambda, news) = (lambda::Lambda::new(), Arc::new(tokio::sync::Semaphore::new(0)));
    let heard = news.clone();
    let slow = move |_: Value, _: Invocation| {
        let heard = heard.clone();
        async move {
            heard.acquire().await?.forget();
            Ok::<_, HandlerError>(Value::Null)
        }
    };
    let tells = move |_: Value, _: Invocation| {
        let news = news.clone();
        async move {
            news.add_permits(WAITING);
            Ok::<_, HandlerError>(Value::Null)
        }
    };
    lambda.register("slow", slow).unwrap();
    lambda.register("tells", tells).unwrap();
    let cloud = Cloud::builder().mode(ClockMode::Frozen).service(Arc::new(lambda)).start().await.unwrap();
    let desk = Desk::over(cloud, Arc::new(World::default()));
    for name in ["slow", "tells"] {
        desk.made(name, package(name).unwrap(), json!({ "Timeout": 900 })).await;
    }
    for name in std::iter::repeat_n("slow", WAITING).chain(["tells"]) {
        desk.ok("Invoke", json!({ "FunctionName": name, "InvocationType": "Event" })).await;
    }
    desk.settle().await;
    assert_eq!(desk.invocations().iter().filter(|one| &*one.outcome == "ok").count(), WAITING + 1);
}
