//! Alarms, dashboards and scaling out of templates.

use crate::Desk;
use serde_json::json;

const ALL: &str = "
Resources:
  Deep:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: deep
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{ Name: QueueName, Value: !GetAtt Jobs.QueueName }]
      Statistic: Maximum
      Period: 60
      EvaluationPeriods: 3
      Threshold: 100
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: ['arn:aws:sns:us-east-1:000000000000:people']
  Either: { Type: AWS::CloudWatch::CompositeAlarm, Properties: { AlarmName: either, AlarmRule: !Sub 'ALARM(${Deep})' } }
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: { DashboardName: board, DashboardBody: '{\"widgets\": []}' }
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: lambda
      ScalableDimension: lambda:function:ProvisionedConcurrency
      ResourceId: function:work:live
      MinCapacity: 1
      MaxCapacity: 10
      ScheduledActions: [{ ScheduledActionName: night, Schedule: cron(0 22 * * ? *), ScalableTargetAction: { MinCapacity: 0 } }]
  Follow:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: follow
      PolicyType: TargetTrackingScaling
      ScalingTargetId: !Ref Target
      TargetTrackingScalingPolicyConfiguration:
        TargetValue: 0.7
        PredefinedMetricSpecification: { PredefinedMetricType: LambdaProvisionedConcurrencyUtilization }
  Jobs: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }
Outputs:
  Alarm: { Value: !GetAtt Deep.Arn }
  Target: { Value: !Ref Target }
";

#[tokio::test]
async fn alarms_and_scaling_are_made_changed_and_deleted() {
    let desk = Desk::new().await;
    let stack = desk.create("s", ALL).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{:?}", desk.events("s").await);
    let output = |key: &str| {
        let all = stack["Outputs"].as_array().unwrap();
        all.iter().find(|o| o["OutputKey"] == key).unwrap()["OutputValue"].as_str().unwrap().to_owned()
    };
    assert_eq!(output("Alarm"), "arn:aws:cloudwatch:us-east-1:000000000000:alarm:deep");
    assert_eq!(output("Target"), "function:work:live|lambda:function:ProvisionedConcurrency|lambda");
    let made = desk.world.thing("cloudwatch/deep");
    assert_eq!((&made["Threshold"], &made["Dimensions"]), (&json!(100), &json!([{ "Name": "QueueName", "Value": "jobs" }])));
    assert_eq!(desk.world.thing("cloudwatch/either")["AlarmRule"], "ALARM(deep)");
    let policy = desk.world.thing("application-autoscaling/follow");
    assert_eq!((&policy["ResourceId"], &policy["ServiceNamespace"]), (&json!("function:work:live"), &json!("lambda")));
    assert_eq!(desk.world.thing("application-autoscaling/night")["Schedule"], "cron(0 22 * * ? *)");

    desk.calls();
    let less = ALL.replace("Threshold: 100", "Threshold: 200");
    let start = less.find("      ScheduledActions:").unwrap();
    let end = start + less[start..].find('\n').unwrap() + 1;
    let less = format!("{}{}", &less[..start], &less[end..]);
    assert_eq!(desk.update("s", &less).await["StackStatus"], "UPDATE_COMPLETE");
    let mut calls = desk.calls();
    calls.sort();
    let expected = [
        "application-autoscaling:DeleteScheduledAction night",
        "application-autoscaling:RegisterScalableTarget function:work:live",
        "cloudwatch:PutMetricAlarm deep",
    ];
    assert_eq!(calls, expected);

    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    for service in ["cloudwatch", "application-autoscaling", "sqs"] {
        assert_eq!(desk.world.names(service), Vec::<String>::new());
    }
}
