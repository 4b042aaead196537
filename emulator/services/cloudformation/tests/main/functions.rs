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
