//! Which targets are taken, and what each kind of target is told, by whom.

use crate::desk::*;
use kit::ports::ServiceEvent;
use serde_json::{Value, json};

#[tokio::test]
async fn every_kind_of_target_gets_the_event_from_eventbridge_itself() {
    let desk = Desk::new().await;
    let logs = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/all";
    let targets = json!([
        target("f", FUNCTION, json!({})),
        target("q", QUEUE, json!({})),
        target("t", TOPIC, json!({})),
        target("l", logs, json!({}))
    ]);
    desk.rule("default", "r", json!({ "source": ["shop"] }), targets).await;
    let id = desk.put("default", "shop", json!({ "n": 1 })).await;
    let rule = "arn:aws:events:us-east-1:000000000000:rule/r";
    for to in [FUNCTION, QUEUE, TOPIC, "/aws/events/all"] {
        let sent = desk.told.only(to);
        assert_eq!(sent.by, "events.amazonaws.com");
        let expected = format!(
            r#"{{"version":"0","id":"{id}","detail-type":"test","source":"shop","account":"000000000000","time":"2023-11-14T22:13:20Z","region":"us-east-1","resources":[],"detail":{{"n":1}}}}"#
        );
        assert_eq!(sent.body, expected);
    }
    let asked = desk.asked.needs.lock().unwrap().clone();
    for action in ["lambda:InvokeFunction", "sqs:SendMessage", "sns:Publish", "logs:PutLogEvents"] {
        let source = asked.iter().find(|(_, asked, ..)| asked == action).and_then(|(_, _, _, source)| source.clone());
        assert_eq!(source.as_deref(), Some(rule), "{action}");
    }
}

#[tokio::test]
async fn inputs_are_constants_parts_and_templates() {
    let desk = Desk::new().await;
    let transformer = json!({ "InputPathsMap": { "n": "$.detail.n", "none": "$.detail.none" },
        "InputTemplate": "{\"n\": <n>, \"none\": \"<none>\", \"rule\": <aws.events.rule-name>, \"at\": \"<aws.events.event.ingestion-time>\"}" });
    let targets = json!([
        target("a", QUEUE, json!({ "Input": "{\"fixed\": true}" })),
        target("b", FUNCTION, json!({ "InputPath": "$.detail.list[1]" })),
        target("c", TOPIC, json!({ "InputTransformer": transformer })),
    ]);
    desk.rule("default", "r", json!({ "source": ["shop"] }), targets).await;
    desk.put("default", "shop", json!({ "n": 7, "list": [1, "two"] })).await;
    assert_eq!(desk.told.only(QUEUE).body, "{\"fixed\": true}");
    assert_eq!(desk.told.only(FUNCTION).body, "\"two\"");
    assert_eq!(desk.told.only(TOPIC).json(), json!({ "n": 7, "none": "", "rule": "r", "at": "2023-11-14T22:13:20Z" }));
}

#[tokio::test]
async fn lines_of_logs_may_set_their_time_and_text() {
    let desk = Desk::new().await;
    let logs = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/all:*";
    let transformer =
        json!({ "InputPathsMap": { "m": "$.detail.m" }, "InputTemplate": "{\"timestamp\": 1700000000123, \"message\": <m>}" });
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("l", logs, json!({ "InputTransformer": transformer }))])).await;
    desk.put("default", "s", json!({ "m": "hello" })).await;
    let line = desk.told.only("/aws/events/all");
    assert_eq!((line.body.as_str(), line.attributes["at_ms"].as_str()), ("hello", "1700000000123"));
}

#[tokio::test]
async fn fifo_queues_get_their_group() {
    let desk = Desk::new().await;
    let queue = "arn:aws:sqs:us-east-1:000000000000:orders.fifo";
    desk.ok("PutRule", json!({ "Name": "r", "EventPattern": "{\"source\":[\"s\"]}" })).await;
    let fault = desk.fault("PutTargets", json!({ "Rule": "r", "Targets": [target("q", queue, json!({}))] })).await;
    assert_eq!(fault.message, "Parameter(s) SqsParameters must be specified for target: q.");
    let grouped = target("q", queue, json!({ "SqsParameters": { "MessageGroupId": "g" } }));
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": [grouped] })).await;
    desk.put("default", "s", json!({})).await;
    assert_eq!(desk.told.only(queue).group.as_deref(), Some("g"));
}

#[tokio::test]
async fn targets_that_are_not_delivered_to_are_refused() {
    let desk = Desk::new().await;
    desk.ok("PutRule", json!({ "Name": "r", "EventPattern": "{\"source\":[\"s\"]}" })).await;
    let put = |target: Value| desk.fault("PutTargets", json!({ "Rule": "r", "Targets": [target] }));
    let machine = put(target("t", "arn:aws:states:us-east-1:000000000000:stateMachine:m", json!({}))).await;
    assert_eq!(machine.status, 501);
    assert!(machine.message.contains("targets of states"), "{machine}");
    let text = put(target("t", "nothing", json!({}))).await;
    assert_eq!(text.message, "Parameter nothing is not valid. Reason: Provided Arn is not in correct format.");
    let group = put(target("t", "arn:aws:logs:us-east-1:000000000000:log-group:mine", json!({}))).await;
    assert!(group.message.contains("/aws/events/"), "{group}");
    let input = put(target("t", QUEUE, json!({ "Input": "{" }))).await;
    assert_eq!(input.message, "JSON syntax error in input for target t.");
    let path = put(target("t", QUEUE, json!({ "InputPath": "detail" }))).await;
    assert_eq!(path.message, "Invalid JsonPath detail for target t.");
    let letters = put(target("t", QUEUE, json!({ "DeadLetterConfig": { "Arn": FUNCTION } }))).await;
    assert!(letters.message.starts_with("Parameter DeadLetterConfig.Arn is not valid."), "{letters}");
    let workflow = put(target("t", WORKFLOW, json!({}))).await;
    assert_eq!(workflow.message, format!("RoleArn is required for target {WORKFLOW}."));
    let role = json!({ "RoleArn": "arn:aws:iam::000000000000:role/notifies", "Input": "{}" });
    assert_eq!(put(target("t", WORKFLOW, role)).await.status, 501);
    let crawler = put(target("t", "arn:aws:glue:us-east-1:000000000000:crawler/c", json!({}))).await;
    assert!(crawler.message.contains("targets of glue"), "{crawler}");
    let kinesis = put(target("t", QUEUE, json!({ "KinesisParameters": { "PartitionKeyPath": "$.id" } }))).await;
    assert!(kinesis.message.contains("KinesisParameters"), "{kinesis}");
}

#[tokio::test]
async fn services_tell_the_default_bus_by_the_port() {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["aws.s3"], "detail-type": ["Object Created"] }), json!([target("q", QUEUE, json!({}))]))
        .await;
    let event = || ServiceEvent {
        source: "aws.s3".into(),
        detail_type: "Object Created".into(),
        resources: vec!["arn:aws:s3:::box".into()],
        detail: json!({ "object": { "key": "a" } }),
    };
    let port = desk.cloud.ports().events().unwrap();
    desk.cx.store().write(|tx| port.emit(tx, &desk.cx, event())).await.unwrap();
    desk.settle().await;
    let sent = desk.told.only(QUEUE).json();
    assert_eq!((&sent["source"], &sent["resources"]), (&json!("aws.s3"), &json!(["arn:aws:s3:::box"])));
    // What is rolled back was never told.
    let rolled_back = desk.cx.store().write(|tx| {
        port.emit(tx, &desk.cx, event())?;
        Err::<(), _>(kit::Fault::internal("no"))
    });
    rolled_back.await.unwrap_err();
    desk.settle().await;
    assert!(desk.told.take(QUEUE).is_empty());
}

#[tokio::test]
async fn workflows_are_told_which_event_came_under_the_targets_role() {
    let desk = Desk::new().await;
    let more = json!({ "RoleArn": "arn:aws:iam::000000000000:role/notifies", "DeadLetterConfig": { "Arn": LETTERS } });
    desk.rule("default", "r", json!({ "source": ["s"] }), json!([target("w", WORKFLOW, more)])).await;
    let id = desk.put("default", "s", json!({})).await;
    let told = desk.told.only(WORKFLOW);
    assert_eq!((told.body, told.by.as_str()), (id, "arn:aws:sts::000000000000:assumed-role/notifies/r"));

    desk.told.fail(WORKFLOW, kit::Fault::new("InternalServiceException", 500, "not now"));
    desk.put("default", "s", json!({})).await;
    desk.told.broken.lock().unwrap().clear();
    desk.advance(1).await;
    assert_eq!(desk.told.take(WORKFLOW).len(), 1, "it was tried again");

    desk.asked.refused.lock().unwrap().push(WORKFLOW.into());
    let id = desk.put("default", "s", json!({})).await;
    assert!(desk.told.take(WORKFLOW).is_empty());
    let letter = desk.told.only(LETTERS);
    assert_eq!((&letter.json()["id"], letter.attributes["ERROR_CODE"].as_str()), (&json!(id), "NO_PERMISSIONS"));
}
