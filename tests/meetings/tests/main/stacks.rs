//! Stacks over real services: what a template says of functions, logs and alarms arrives there, changes there, and goes.

use crate::square::Square;
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};

const TEMPLATE: &str = "
Parameters:
  Level: { Type: String, Default: ERROR }
Resources:
  Key: { Type: AWS::KMS::Key }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }]
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: '2012-10-17'
            Statement: [{ Effect: Allow, Action: ['logs:*', 'sqs:*', 'kms:Decrypt'], Resource: '*' }]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: f
      Runtime: provided.al2023
      Handler: bootstrap
      Role: !GetAtt Role.Arn
      Code: { S3Bucket: box, S3Key: f.zip }
      KmsKeyArn: !GetAtt Key.Arn
      Environment: { Variables: { SECRET: pearl } }
  Version: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Function } }
  Alias:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Function
      FunctionVersion: !GetAtt Version.Version
      Name: live
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 }
  Settings:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: { FunctionName: !Ref Function, Qualifier: $LATEST, MaximumRetryAttempts: 1 }
  Queue: { Type: AWS::SQS::Queue }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { FunctionName: !Ref Function, EventSourceArn: !GetAtt Queue.Arn, ScalingConfig: { MaximumConcurrency: 2 } }
  Url:
    Type: AWS::Lambda::Url
    Properties: { TargetFunctionArn: !GetAtt Function.Arn, AuthType: AWS_IAM }
  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: app } }
  Metric:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: !Sub '{ $.level = \"${Level}\" }'
      MetricTransformations:
        - { MetricName: Faults, MetricNamespace: app, MetricValue: '1', Dimensions: [{ Key: Level, Value: $.level }] }
  Subscription:
    Type: AWS::Logs::SubscriptionFilter
    DependsOn: Permission
    Properties: { LogGroupName: !Ref Group, FilterName: all, FilterPattern: '', DestinationArn: !GetAtt Function.Arn }
  Permission:
    Type: AWS::Lambda::Permission
    Properties: { FunctionName: !Ref Function, Action: 'lambda:InvokeFunction', Principal: logs.amazonaws.com }
  Query:
    Type: AWS::Logs::QueryDefinition
    Properties: { Name: app/faults, QueryString: fields @message, LogGroupNames: [!Ref Group] }
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: faults
      Namespace: app
      MetricName: Faults
      Dimensions: [{ Name: Level, Value: !Ref Level }]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      ServiceNamespace: lambda
      ResourceId: !Sub ['function:f:${Name}', { Name: live }]
      ScalableDimension: lambda:function:ProvisionedConcurrency
      MinCapacity: 2
      MaxCapacity: 5
    DependsOn: Alias
Outputs:
  Query: { Value: !GetAtt Query.QueryDefinitionId }
  Metric: { Value: !Ref Metric }
";

async fn told(event: Value, invocation: Invocation) -> Result<Value, HandlerError> {
    invocation.log(format!("told {event}"));
    Ok(json!(invocation.variables))
}

async fn stack(square: &Square) -> Value {
    square.settle().await;
    square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "s" })).await["Stacks"][0].clone()
}

fn said(level: &str) -> Value {
    json!({ "StackName": "s", "TemplateBody": TEMPLATE, "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{ "ParameterKey": "Level", "ParameterValue": level }] })
}

/// A line of the application's log, and so much time.
async fn log(square: &Square, level: &str) {
    let event = json!({ "timestamp": square.cloud.clock().now().millis(), "message": json!({ "level": level }).to_string() });
    square.ok("logs", "PutLogEvents", json!({ "logGroupName": "app", "logStreamName": "s", "logEvents": [event] })).await;
    square.advance(60).await;
}

async fn alarm(square: &Square) -> Value {
    square.ok("cloudwatch", "DescribeAlarms", json!({ "AlarmNames": ["faults"] })).await["MetricAlarms"][0]["StateValue"].clone()
}

#[tokio::test]
async fn a_function_with_all_that_belongs_to_it() {
    let lambda = lambda::Lambda::new();
    lambda.register("told", told).unwrap();
    let square = Square::with(lambda).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let cx = square.cx.child().with_body(kit::Body::from_bytes(lambda::in_process::package("told").unwrap()));
    square.cloud.call_json(&cx, "s3", "PutObject", &json!({ "Bucket": "box", "Key": "f.zip" })).await.unwrap();
    square.ok("cloudformation", "CreateStack", said("ERROR")).await;
    let made = stack(&square).await;
    let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "s" })).await;
    let failed: Vec<&Value> =
        events["StackEvents"].as_array().unwrap().iter().filter(|e| e["ResourceStatus"].as_str().unwrap().contains("FAILED")).collect();
    assert_eq!(made["StackStatus"], "CREATE_COMPLETE", "{failed:?}");

    assert_eq!(square.invoke("f:live", "{}").await.unwrap(), json!({ "SECRET": "pearl" }), "under the stack's own key");
    square.advance(60).await;
    let of = json!({ "FunctionName": "f", "Qualifier": "live" });
    assert_eq!(square.ok("lambda", "GetProvisionedConcurrencyConfig", of).await["AllocatedProvisionedConcurrentExecutions"], 2);
    let mappings = square.ok("lambda", "ListEventSourceMappings", json!({ "FunctionName": "f" })).await;
    assert_eq!(mappings["EventSourceMappings"][0]["ScalingConfig"]["MaximumConcurrency"], 2);
    let url = square.ok("lambda", "GetFunctionUrlConfig", json!({ "FunctionName": "f" })).await;
    assert_eq!(url["AuthType"], "AWS_IAM");
    let query = square.ok("logs", "DescribeQueryDefinitions", json!({ "queryDefinitionNamePrefix": "app/" })).await;
    let query = &query["queryDefinitions"][0];
    let output = |key: &str, value: &Value| json!({ "OutputKey": key, "OutputValue": value });
    assert!(made["Outputs"].as_array().unwrap().contains(&output("Query", &query["queryDefinitionId"])), "{made}");
    assert_eq!(query["logGroupNames"], json!(["app"]));

    square.ok("logs", "CreateLogStream", json!({ "logGroupName": "app", "logStreamName": "s" })).await;
    log(&square, "WARN").await;
    assert_eq!(alarm(&square).await, "INSUFFICIENT_DATA");
    log(&square, "ERROR").await;
    assert_eq!(alarm(&square).await, "ALARM", "the filter counts, with its dimension");
    let lines = square.ok("logs", "FilterLogEvents", json!({ "logGroupName": "/aws/lambda/f", "filterPattern": "awslogs" })).await;
    assert_eq!(lines["events"].as_array().unwrap().len(), 2, "both went to the function");

    square.ok("cloudformation", "UpdateStack", said("WARN")).await;
    assert_eq!(stack(&square).await["StackStatus"], "UPDATE_COMPLETE");
    let filters = square.ok("logs", "DescribeMetricFilters", json!({ "logGroupName": "app" })).await;
    let filter = &filters["metricFilters"][0];
    assert_eq!((&filter["filterPattern"], filters["metricFilters"].as_array().unwrap().len()), (&json!("{ $.level = \"WARN\" }"), 1));
    log(&square, "WARN").await;
    assert_eq!(alarm(&square).await, "ALARM");

    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "s" })).await;
    square.settle().await;
    let left = json!({ "StackStatusFilter": ["DELETE_FAILED", "DELETE_IN_PROGRESS"] });
    assert_eq!(square.ok("cloudformation", "ListStacks", left).await["StackSummaries"].as_array().map_or(0, Vec::len), 0);
    assert_eq!(square.call("lambda", "GetFunction", json!({ "FunctionName": "f" })).await.unwrap_err().code, "ResourceNotFoundException");
    let targets = square.ok("application-autoscaling", "DescribeScalableTargets", json!({ "ServiceNamespace": "lambda" })).await;
    assert_eq!(targets["ScalableTargets"].as_array().map_or(0, Vec::len), 0);
}

const NETWORK: &str = "
Parameters:
  Private: { Type: String, Default: 'true' }
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.20.0.0/16, EnableDnsSupport: true, EnableDnsHostnames: true } }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.20.0.0/24 } }
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: d, VpcId: !Ref Vpc } }
  Endpoint:
    Type: AWS::EC2::VPCEndpoint
    Properties:
      VpcId: !Ref Vpc
      VpcEndpointType: Interface
      ServiceName: !Sub com.amazonaws.${AWS::Region}.lambda
      SubnetIds: [!Ref Subnet]
      SecurityGroupIds: [!GetAtt Group.GroupId]
      PrivateDnsEnabled: !Ref Private
      PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: '*', Action: '*', Resource: '*' }] }
  Gateway: { Type: AWS::EC2::VPCEndpoint, Properties: { VpcId: !Ref Vpc, ServiceName: !Sub 'com.amazonaws.${AWS::Region}.s3' } }
Outputs:
  Endpoint: { Value: !GetAtt Endpoint.Id }
";

#[tokio::test]
async fn endpoints_of_a_vpc_come_change_and_go_with_their_stack() {
    let square = Square::new().await;
    let with = |private: &str| json!({ "StackName": "s", "TemplateBody": NETWORK, "Parameters": [{ "ParameterKey": "Private", "ParameterValue": private }] });
    square.ok("cloudformation", "CreateStack", with("true")).await;
    let made = stack(&square).await;
    assert_eq!(
        made["StackStatus"],
        "CREATE_COMPLETE",
        "{}",
        square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "s" })).await
    );
    let of_lambda = json!({ "Filters": [{ "Name": "service-name", "Values": ["*.lambda"] }] });
    let told = square.ok("ec2", "DescribeVpcEndpoints", of_lambda.clone()).await["VpcEndpoints"][0].clone();
    assert_eq!((&told["VpcEndpointId"], &told["PrivateDnsEnabled"]), (&made["Outputs"][0]["OutputValue"], &json!(true)));
    assert!(told["PolicyDocument"].as_str().unwrap().contains("2012-10-17"));

    square.ok("cloudformation", "UpdateStack", with("false")).await;
    assert_eq!(stack(&square).await["StackStatus"], "UPDATE_COMPLETE");
    let changed = square.ok("ec2", "DescribeVpcEndpoints", of_lambda.clone()).await["VpcEndpoints"][0].clone();
    assert_eq!((&changed["VpcEndpointId"], &changed["PrivateDnsEnabled"]), (&told["VpcEndpointId"], &json!(false)), "in its place");
    // Without the property it has the VPC's default group, and with it those that it names alone.
    let groups = async |template: &str| {
        let mut input = with("false");
        input["TemplateBody"] = template.into();
        square.ok("cloudformation", "UpdateStack", input).await;
        assert_eq!(stack(&square).await["StackStatus"], "UPDATE_COMPLETE");
        let told = square.ok("ec2", "DescribeVpcEndpoints", of_lambda.clone()).await["VpcEndpoints"][0]["Groups"].clone();
        told.as_array().unwrap().iter().map(|group| group["GroupName"] == "default").collect::<Vec<_>>()
    };
    let without = NETWORK.replace("      SecurityGroupIds: [!GetAtt Group.GroupId]\n", "");
    assert_eq!(groups(&without).await, [true]);
    assert_eq!(groups(NETWORK).await, [false]);
    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "s" })).await;
    square.settle().await;
    assert_eq!(square.ok("ec2", "DescribeVpcEndpoints", json!({})).await["VpcEndpoints"], json!([]));
}

/// AWS's reference of the resource: a group that is made without rules for the way out lets everything out; one that loses its own, nothing.
#[tokio::test]
async fn a_group_that_loses_its_rules_for_the_way_out_lets_nothing_out() {
    let square = Square::new().await;
    let with = |egress: &str| {
        let template = format!(
            "Resources:\n  Vpc: {{ Type: AWS::EC2::VPC, Properties: {{ CidrBlock: 10.20.0.0/16 }} }}\n  Group:\n    Type: AWS::EC2::SecurityGroup\n    \
             Properties:\n      VpcId: !Ref Vpc\n      GroupDescription: d\n      GroupName: g\n{egress}"
        );
        json!({ "StackName": "s", "TemplateBody": template })
    };
    let out = async || {
        square.settle().await;
        let of = json!({ "Filters": [{ "Name": "group-name", "Values": ["g"] }] });
        let told = square.ok("ec2", "DescribeSecurityGroups", of).await["SecurityGroups"][0]["IpPermissionsEgress"].clone();
        told.as_array().unwrap().iter().map(|rule| rule["IpProtocol"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    square.ok("cloudformation", "CreateStack", with("")).await;
    assert_eq!(out().await, ["-1"]);
    let egress = "      SecurityGroupEgress: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0 }]\n";
    square.ok("cloudformation", "UpdateStack", with(egress)).await;
    assert_eq!(out().await, ["tcp"]);
    square.ok("cloudformation", "UpdateStack", with("")).await;
    assert!(out().await.is_empty());
    square.ok("cloudformation", "UpdateStack", with(egress)).await;
    assert_eq!(out().await, ["tcp"], "there is no rule that it was made with any more");
}
