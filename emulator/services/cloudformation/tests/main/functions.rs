//! What belongs to functions in stacks: versions, aliases, mappings, URLs and layers.

use crate::Desk;
use serde_json::json;

const PARTS: &str = "
Resources:
  Version:
    Type: AWS::Lambda::Version
    Properties: { FunctionName: f, RuntimePolicy: { UpdateRuntimeOn: FunctionUpdate } }
  Alias:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: f
      FunctionVersion: !GetAtt Version.Version
      Name: live
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Alias
      EventSourceArn: arn:aws:sqs:us-east-1:000000000000:q
      BatchSize: 5
      ScalingConfig: { MaximumConcurrency: 7 }
      Tags: [{ Key: team, Value: blue }]
  Url:
    Type: AWS::Lambda::Url
    Properties: { TargetFunctionArn: f, AuthType: NONE, Cors: { AllowOrigins: ['*'] } }
  Layer:
    Type: AWS::Lambda::LayerVersion
    Properties: { LayerName: l, Content: { S3Bucket: box, S3Key: l.zip } }
  Share:
    Type: AWS::Lambda::LayerVersionPermission
    Properties: { LayerVersionArn: !Ref Layer, Action: 'lambda:GetLayerVersion', Principal: '*' }
Outputs:
  Mapping: { Value: !GetAtt Mapping.EventSourceMappingArn }
  Url: { Value: !GetAtt Url.FunctionUrl }
  Layer: { Value: !Ref Layer }
";

#[tokio::test]
async fn parts_of_functions_are_made_changed_and_deleted() {
    let desk = Desk::new().await;
    let stack = desk.create("s", PARTS).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{stack} {:?}", desk.events("s").await);
    let output = |key: &str, value: &str| json!({ "OutputKey": key, "OutputValue": value });
    let outputs = json!([
        output("Mapping", "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:uuid-1"),
        output("Url", "https://url/"),
        output("Layer", "arn:aws:lambda:us-east-1:000000000000:layer:l:3"),
    ]);
    assert_eq!(stack["Outputs"], outputs);
    let told = |operation: &str| desk.world.thing(&format!("lambda/{operation}"));
    let provisioned = json!({ "FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 3 });
    assert_eq!(told("PutProvisionedConcurrencyConfig"), provisioned);
    assert_eq!(told("PutRuntimeManagementConfig"), json!({ "FunctionName": "f", "Qualifier": "1", "UpdateRuntimeOn": "FunctionUpdate" }));
    let mapping = told("CreateEventSourceMapping");
    assert_eq!(mapping["FunctionName"], "arn:aws:lambda:us-east-1:000000000000:function:f:live");
    assert_eq!((&mapping["Tags"], &mapping["ScalingConfig"]), (&json!({ "team": "blue" }), &json!({ "MaximumConcurrency": 7 })));
    let share = told("AddLayerVersionPermission");
    assert_eq!((&share["LayerName"], &share["VersionNumber"]), (&json!("arn:aws:lambda:us-east-1:000000000000:layer:l"), &json!(3)));

    let changed = PARTS
        .replace("      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 }\n", "")
        .replace("      ScalingConfig: { MaximumConcurrency: 7 }\n", "")
        .replace("blue", "red")
        .replace(", Cors: { AllowOrigins: ['*'] }", "");
    assert_eq!(desk.update("s", &changed).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(told("DeleteProvisionedConcurrencyConfig"), json!({ "FunctionName": "f", "Qualifier": "live" }));
    let mapping = told("UpdateEventSourceMapping");
    assert_eq!((&mapping["UUID"], &mapping["ScalingConfig"]), (&json!("uuid-1"), &json!({})), "what the template no longer says is undone");
    assert_eq!(told("TagResource")["Tags"], json!({ "team": "red" }));
    assert_eq!(told("UpdateFunctionUrlConfig")["Cors"], json!({}));

    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert_eq!(told("DeleteEventSourceMapping"), json!({ "UUID": "uuid-1" }));
    assert_eq!(told("DeleteLayerVersion"), json!({ "LayerName": "arn:aws:lambda:us-east-1:000000000000:layer:l", "VersionNumber": 3 }));
    assert_eq!(told("DeleteFunctionUrlConfig"), json!({ "FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:f:1" }));
}

const TOPIC: &str = "
Resources:
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: f
      EventSourceArn: arn:aws:kafka:us-east-1:000000000000:cluster/c/11111111-2222-3333-4444-555555555555-1
      Topics: [tt]
      StartingPosition: LATEST
      SourceAccessConfigurations: [{ Type: SASL_SCRAM_512_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:AmazonMSK_s-abcdef' }]
      ProvisionedPollerConfig: { MinimumPollers: 2 }
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: readers }
";

#[tokio::test]
async fn what_a_mapping_of_a_topic_says_no_longer_is_taken_back_or_refused() {
    let desk = Desk::new().await;
    desk.create("s", TOPIC).await;
    let line = |name: &str| TOPIC.lines().find(|line| line.trim().starts_with(name)).unwrap().to_owned() + "\n";
    let shorter = TOPIC.replace(&line("SourceAccess"), "").replace(&line("Provisioned"), "");
    assert_eq!(desk.update("s", &shorter).await["StackStatus"], "UPDATE_COMPLETE");
    let told = desk.world.thing("lambda/UpdateEventSourceMapping");
    assert_eq!((&told["SourceAccessConfigurations"], &told["ProvisionedPollerConfig"]), (&json!([]), &json!({})));
    // A mapping keeps its group: neither another one nor none is taken without a word.
    let group = line("AmazonManaged");
    for other in [
        shorter.replace(&group, ""),
        shorter.replace("readers", "others"),
        shorter.replace("readers }", "readers, SchemaRegistryConfig: {} }"),
    ] {
        assert_eq!(desk.update("s", &other).await["StackStatus"], "UPDATE_ROLLBACK_COMPLETE", "{other}");
        let events = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await.to_string();
        assert!(events.contains("Updates are not allowed for property - AmazonManagedKafkaEventSourceConfig."), "{events}");
    }
}
