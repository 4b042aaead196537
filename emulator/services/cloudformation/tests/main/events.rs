//! Rules, buses and schedules out of templates.

use crate::Desk;
use serde_json::json;

const ALL: &str = "
Resources:
  Bus:
    Type: AWS::Events::EventBus
    Properties: { Name: orders, Policy: { Version: '2012-10-17', Statement: [] } }
  Placed:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: { source: [shop], detail: { total: [{ numeric: ['>', 10] }] } }
      Targets:
        - { Id: q, Arn: !GetAtt Jobs.Arn, RetryPolicy: { MaximumRetryAttempts: 2 } }
        - { Id: r, Arn: !GetAtt Jobs.Arn, Input: '{}' }
  Nightly:
    Type: AWS::Events::Rule
    Properties: { Name: nightly, ScheduleExpression: cron(0 3 * * ? *), State: DISABLED }
  Group: { Type: AWS::Scheduler::ScheduleGroup, Properties: { Name: g } }
  Reports:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: reports
      GroupName: !Ref Group
      ScheduleExpression: rate(1 hour)
      FlexibleTimeWindow: { Mode: 'OFF' }
      Target: { Arn: !GetAtt Jobs.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r', Input: x }
  Kept: { Type: AWS::Events::Archive, Properties: { ArchiveName: kept, SourceArn: !GetAtt Bus.Arn, RetentionDays: 7 } }
  Lines:
    Type: AWS::Logs::ResourcePolicy
    Properties: { PolicyName: lines, PolicyDocument: '{\"Version\": \"2012-10-17\", \"Statement\": []}' }
  Jobs: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }
Outputs:
  Placed: { Value: !Ref Placed }
  Nightly: { Value: !Ref Nightly }
  Arn: { Value: !GetAtt Nightly.Arn }
  Bus: { Value: !GetAtt Bus.Arn }
  Reports: { Value: !Ref Reports }
";

#[tokio::test]
async fn rules_buses_and_schedules_are_made_changed_and_deleted() {
    let desk = Desk::new().await;
    let stack = desk.create("s", ALL).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{:?}", desk.events("s").await);
    let output = |key: &str| {
        let all = stack["Outputs"].as_array().unwrap();
        all.iter().find(|o| o["OutputKey"] == key).unwrap()["OutputValue"].as_str().unwrap().to_owned()
    };
    let placed = output("Placed");
    let rule = placed.strip_prefix("orders|").unwrap().to_owned();
    assert!(rule.starts_with("s-Placed-"), "{rule}");
    assert_eq!((output("Nightly"), output("Arn")), ("nightly".into(), "arn:aws:events:us-east-1:000000000000:rule/nightly".into()));
    assert_eq!(output("Bus"), "arn:aws:events:us-east-1:000000000000:event-bus/orders");
    let made = desk.world.thing(&format!("events/{rule}"));
    let pattern: serde_json::Value = serde_json::from_str(made["EventPattern"].as_str().unwrap()).unwrap();
    assert_eq!(pattern, json!({ "source": ["shop"], "detail": { "total": [{ "numeric": [">", 10] }] } }));
    assert_eq!(
        made["Targets"][0],
        json!({ "Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:jobs", "RetryPolicy": { "MaximumRetryAttempts": 2 } })
    );
    assert_eq!(desk.world.thing("scheduler/reports")["GroupName"], "g");
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/orders";
    assert_eq!(desk.world.thing("events/kept"), json!({ "ArchiveName": "kept", "EventSourceArn": bus, "RetentionDays": 7 }));
    assert_eq!(desk.world.names("logs"), ["lines"]);

    desk.calls();
    let less = ALL.replace("        - { Id: r, Arn: !GetAtt Jobs.Arn, Input: '{}' }\n", "").replace("rate(1 hour)", "rate(2 hours)");
    assert_eq!(desk.update("s", &less).await["StackStatus"], "UPDATE_COMPLETE");
    let mut calls = desk.calls();
    calls.sort();
    let expected = [
        format!("events:PutRule {rule}"),
        format!("events:PutTargets {rule}"),
        format!("events:RemoveTargets {rule}"),
        "scheduler:UpdateSchedule reports".into(),
    ];
    assert_eq!(calls, expected);
    assert_eq!(desk.world.thing(&format!("events/{rule}"))["Ids"], json!(["r"]));

    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    for service in ["events", "scheduler", "sqs", "logs"] {
        assert_eq!(desk.world.names(service), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_rule_that_others_made_is_not_taken() {
    let desk = Desk::new().await;
    desk.cloud.call_json(&desk.cx, "events", "PutRule", &json!({ "Name": "nightly" })).await.unwrap();
    let template = "Resources: { R: { Type: 'AWS::Events::Rule', Properties: { Name: nightly, ScheduleExpression: rate(1 day) } } }";
    assert_eq!(desk.create("s", template).await["StackStatus"], "ROLLBACK_COMPLETE");
    assert_eq!(desk.world.names("events"), ["nightly"]);
}
