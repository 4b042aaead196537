//! Secrets where other services need them: MSK's users, and references in templates; who must be allowed what.

use crate::square::{ACCOUNT, Square};
use kit::{
    Context, Fault,
    ports::{KafkaLogin, KafkaPlace, KafkaSource, KafkaTrouble},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// A role that is allowed so much, and a context that acts as it.
async fn acting(square: &Square, name: &str, actions: &[&str]) -> (String, Context) {
    let allowed = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    let arn = square.role(name, "lambda.amazonaws.com", allowed).await;
    let sessions = square.cloud.ports().sessions().unwrap();
    let key = sessions.for_service(&square.cx, &arn, "lambda.amazonaws.com", "s", 3600).await.unwrap();
    (arn, square.cx.as_role(Arc::new(key.session)))
}

async fn as_who(square: &Square, who: &Context, service: &str, operation: &str, input: Value) -> Result<Value, Fault> {
    square.cloud.call_json(&who.child(), service, operation, &input).await
}

/// A secret under a key of the account's own; the ARNs of both.
async fn secret(square: &Square, name: &str, value: Value) -> (String, String) {
    let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let input = json!({ "Name": name, "SecretString": value.to_string(), "KmsKeyId": key, "ClientRequestToken": "0".repeat(32) });
    let made = square.ok("secretsmanager", "CreateSecret", input).await;
    (made["ARN"].as_str().unwrap().to_owned(), key)
}

/// Subnets of the default VPC.
async fn subnets(square: &Square) -> Vec<String> {
    let told = square.ok("ec2", "DescribeSubnets", json!({})).await;
    told["Subnets"].as_array().unwrap().iter().map(|s| s["SubnetId"].as_str().unwrap().to_owned()).collect()
}

async fn cluster(square: &Square, name: &str, sasl: Value) -> String {
    let subnets = subnets(square).await;
    let input = json!({ "ClusterName": name, "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": subnets.len(),
        "ClientAuthentication": { "Sasl": sasl }, "BrokerNodeGroupInfo": { "ClientSubnets": subnets, "InstanceType": "kafka.t3.small" } });
    square.ok("kafka", "CreateCluster", input).await["ClusterArn"].as_str().unwrap().to_owned()
}

async fn sign_in(square: &Square, who: &Context, cluster: &str, login: KafkaLogin) -> Result<(), KafkaTrouble> {
    let source = KafkaSource {
        place: KafkaPlace::Cluster(cluster.into()),
        topic: "t".into(),
        group: "g".into(),
        login,
        root_ca: None,
        poller: true,
    };
    square.cloud.ports().kafka_topics().unwrap().open(who, &source).await.map(drop)
}

fn alice(password: &str) -> KafkaLogin {
    KafkaLogin::Scram { short: false, user: "alice".into(), password: password.into() }
}

#[tokio::test]
async fn users_of_a_cluster_stand_in_secrets_that_msk_may_read() {
    let square = Square::new().await;
    let arn = cluster(&square, "c", json!({ "Scram": { "Enabled": true } })).await;
    let topic = json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 1, "ReplicationFactor": 1 });
    square.ok("kafka", "CreateTopic", topic).await;
    let (secret, key) = secret(&square, "AmazonMSK_alice", json!({ "username": "alice", "password": "wonderland" })).await;
    let ask = json!({ "ClusterArn": arn, "SecretArnList": [secret] });

    // Whoever associates makes the grant of the key.
    let (_, poor) = acting(&square, "poor", &["kafka:*", "secretsmanager:*"]).await;
    let told = as_who(&square, &poor, "kafka", "BatchAssociateScramSecret", ask.clone()).await.unwrap();
    let why = told["UnprocessedScramSecrets"][0]["ErrorMessage"].as_str().unwrap();
    assert!(why.contains("is not authorized to perform: kms:CreateGrant"), "{why}");
    let (_, fit) = acting(&square, "fit", &["kafka:*", "kms:CreateGrant", "kms:RetireGrant"]).await;
    let told = as_who(&square, &fit, "kafka", "BatchAssociateScramSecret", ask.clone()).await.unwrap();
    assert_eq!(told["UnprocessedScramSecrets"], json!([]));
    let grants = square.ok("kms", "ListGrants", json!({ "KeyId": key })).await;
    assert_eq!(
        (&grants["Grants"][0]["GranteePrincipal"], &grants["Grants"][0]["Operations"]),
        (&json!("kafka.amazonaws.com"), &json!(["Decrypt"]))
    );
    assert_eq!(sign_in(&square, &square.cx, &arn, alice("wonderland")).await, Ok(()));
    assert!(sign_in(&square, &square.cx, &arn, alice("guess")).await.is_err());

    // The policy that AWS says nobody should touch: without it MSK can't read the secret.
    let policy = square.ok("secretsmanager", "GetResourcePolicy", json!({ "SecretId": secret })).await["ResourcePolicy"].clone();
    square.ok("secretsmanager", "DeleteResourcePolicy", json!({ "SecretId": secret })).await;
    assert!(sign_in(&square, &square.cx, &arn, alice("wonderland")).await.is_err());
    square.ok("secretsmanager", "PutResourcePolicy", json!({ "SecretId": secret, "ResourcePolicy": policy })).await;
    square.ok("kms", "DisableKey", json!({ "KeyId": key })).await;
    assert!(sign_in(&square, &square.cx, &arn, alice("wonderland")).await.is_err());
    square.ok("kms", "EnableKey", json!({ "KeyId": key })).await;
    assert_eq!(sign_in(&square, &square.cx, &arn, alice("wonderland")).await, Ok(()));

    as_who(&square, &fit, "kafka", "BatchDisassociateScramSecret", ask).await.unwrap();
    assert!(sign_in(&square, &square.cx, &arn, alice("wonderland")).await.is_err());
    assert_eq!(square.ok("kms", "ListGrants", json!({ "KeyId": key })).await["Grants"], json!([]));
    let left = square.ok("secretsmanager", "GetResourcePolicy", json!({ "SecretId": secret })).await;
    assert_eq!(left.get("ResourcePolicy").unwrap_or(&Value::Null), &Value::Null);
}

#[tokio::test]
async fn a_clusters_policy_lets_in_whom_iam_does_not() {
    let square = Square::new().await;
    let arn = cluster(&square, "c", json!({ "Iam": { "Enabled": true } })).await;
    let topic = json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 1, "ReplicationFactor": 1 });
    square.ok("kafka", "CreateTopic", topic).await;
    let (role, reader) = acting(&square, "reader", &["logs:PutLogEvents"]).await;
    assert!(matches!(sign_in(&square, &reader, &arn, KafkaLogin::Default).await, Err(KafkaTrouble::Authorization(_))));
    let inside = |kind: &str| format!("{}/*", arn.replacen(":cluster/", &format!(":{kind}/"), 1));
    let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": role }, "Action": "kafka-cluster:*",
        "Resource": [arn, inside("topic"), inside("group")] });
    let put = |statement: &Value| json!({ "ClusterArn": arn, "Policy": json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string() });
    square.ok("kafka", "PutClusterPolicy", put(&statement)).await;
    assert_eq!(sign_in(&square, &reader, &arn, KafkaLogin::Default).await, Ok(()));
    statement["Action"] =
        json!(["kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration", "kafka-cluster:DescribeTopic"]);
    square.ok("kafka", "PutClusterPolicy", put(&statement)).await;
    let refused = sign_in(&square, &reader, &arn, KafkaLogin::Default).await;
    assert!(matches!(&refused, Err(KafkaTrouble::Authorization(why)) if why.contains("ReadData")), "{refused:?}");
    square.ok("kafka", "DeleteClusterPolicy", json!({ "ClusterArn": arn })).await;
    assert!(sign_in(&square, &reader, &arn, KafkaLogin::Default).await.is_err());
}

#[tokio::test]
async fn networks_of_a_cluster_are_those_of_ec2() {
    let square = Square::new().await;
    let vpc = square.ok("ec2", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })).await["Vpc"]["VpcId"].clone();
    let group = json!({ "GroupName": "g", "Description": "d", "VpcId": vpc });
    let group = square.ok("ec2", "CreateSecurityGroup", group).await["GroupId"].clone();
    let input = |subnets: &[String], groups: Value| {
        json!({ "ClusterName": "c", "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": subnets.len(),
            "BrokerNodeGroupInfo": { "ClientSubnets": subnets, "SecurityGroups": groups, "InstanceType": "kafka.t3.small" } })
    };
    let there = subnets(&square).await;
    let gone = square.call("kafka", "CreateCluster", input(&["subnet-0".into()], json!([]))).await.unwrap_err();
    assert_eq!(gone.message, "The subnet ID 'subnet-0' does not exist");
    let gone = square.call("kafka", "CreateCluster", input(&there, json!(["sg-0"]))).await.unwrap_err();
    assert_eq!(gone.message, "The security group 'sg-0' does not exist");
    let other = square.call("kafka", "CreateCluster", input(&there, json!([group]))).await.unwrap_err();
    assert!(other.message.contains("is not of the VPC of the subnets"), "{other}");
    let (_, poor) = acting(&square, "poor", &["kafka:*"]).await;
    let refused = as_who(&square, &poor, "kafka", "CreateCluster", input(&there, json!([]))).await.unwrap_err();
    assert!(refused.message.contains("ec2:DescribeSubnets"), "{refused}");
    square.ok("kafka", "CreateCluster", input(&there, json!([]))).await;
}

#[tokio::test]
async fn references_in_templates_are_looked_up_by_whom_the_stack_acts_as() {
    let square = Square::new().await;
    let (_, _) = secret(&square, "queue", json!({ "timeout": "45" })).await;
    let template = "Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties: { QueueName: q, VisibilityTimeout: '{{resolve:secretsmanager:queue:SecretString:timeout}}' }";
    let policies = BTreeMap::from([
        ("none", (vec!["sqs:*"], Some("secretsmanager:GetSecretValue"))),
        ("half", (vec!["sqs:*", "secretsmanager:GetSecretValue"], Some("kms:Decrypt"))),
        ("all", (vec!["sqs:*", "secretsmanager:GetSecretValue", "kms:Decrypt"], None)),
    ]);
    for (name, (actions, lacks)) in policies {
        let allowed = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
        let role = square.role(name, "cloudformation.amazonaws.com", allowed).await;
        square.ok("cloudformation", "CreateStack", json!({ "StackName": name, "TemplateBody": template, "RoleARN": role })).await;
        square.settle().await;
        let stack = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": name })).await["Stacks"][0].clone();
        let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": name })).await.to_string();
        match lacks {
            Some(action) => {
                assert_eq!(stack["StackStatus"], "ROLLBACK_COMPLETE");
                assert!(events.contains(&format!("is not authorized to perform: {action}")), "{events}");
            }
            None => assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{events}"),
        }
    }
    let url = format!("http://127.0.0.1:4566/{ACCOUNT}/q");
    let queue = square.ok("sqs", "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] })).await;
    assert_eq!(queue["Attributes"]["VisibilityTimeout"], "45");
}

const STREAM: &str = r#"
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.1.0.0/16, Tags: [{ Key: team, Value: blue }] } }
  A: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.1.0.0/24, AvailabilityZone: !Select [0, !GetAZs ''] } }
  B: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.1.1.0/24, AvailabilityZone: !Select [1, !GetAZs ''] } }
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: brokers
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 9096, ToPort: 9096, CidrIp: 10.1.0.0/16 }]
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: 'kms:*', Resource: '*' }] }
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      Name: AmazonMSK_alice
      KmsKeyId: !GetAtt Key.Arn
      GenerateSecretString: { SecretStringTemplate: '{"username": "alice"}', GenerateStringKey: password, PasswordLength: 20, ExcludePunctuation: true }
  Cluster:
    Type: AWS::MSK::Cluster
    Properties:
      ClusterName: c
      KafkaVersion: 3.6.0
      NumberOfBrokerNodes: 2
      ClientAuthentication: { Sasl: { Scram: { Enabled: true } } }
      BrokerNodeGroupInfo: { ClientSubnets: [!Ref A, !Ref B], SecurityGroups: [!GetAtt Group.GroupId], InstanceType: kafka.t3.small }
  Topic: { Type: AWS::MSK::Topic, Properties: { ClusterArn: !GetAtt Cluster.Arn, TopicName: t, PartitionCount: 1, ReplicationFactor: 1 } }
  Users: { Type: AWS::MSK::BatchScramSecret, Properties: { ClusterArn: !GetAtt Cluster.Arn, SecretArnList: [!Ref Secret] } }
  Policy:
    Type: AWS::MSK::ClusterPolicy
    Properties:
      ClusterArn: !GetAtt Cluster.Arn
      Policy: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: 'kafka:*', Resource: !GetAtt Cluster.Arn }] }
  Reader:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: reader
      Tags: [{ Key: user, Value: !Sub '{{resolve:secretsmanager:${Secret}:SecretString:username}}' }]
Outputs:
  Cluster: { Value: !GetAtt Cluster.Arn }
  Secret: { Value: !Ref Secret }
"#;

#[tokio::test]
async fn a_stack_makes_a_cluster_with_its_network_and_users() {
    let square = Square::new().await;
    let deploy = async |operation: &str, template: &str| {
        square.ok("cloudformation", operation, json!({ "StackName": "stream", "TemplateBody": template })).await;
        square.settle().await;
        let stack = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "stream" })).await["Stacks"][0].clone();
        let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "stream" })).await;
        assert!(stack["StackStatus"].as_str().unwrap().ends_with("E_COMPLETE"), "{stack} {events}");
        assert!(!stack["StackStatus"].as_str().unwrap().contains("ROLLBACK"), "{events}");
        stack
    };
    let stack = deploy("CreateStack", STREAM).await;
    let output = |key: &str| {
        let all = stack["Outputs"].as_array().unwrap();
        all.iter().find(|o| o["OutputKey"] == key).unwrap()["OutputValue"].as_str().unwrap().to_owned()
    };
    let (arn, secret) = (output("Cluster"), output("Secret"));
    let value = square.ok("secretsmanager", "GetSecretValue", json!({ "SecretId": secret })).await;
    let value = crate::square::json_of(&value["SecretString"]);
    let password = value["password"].as_str().unwrap();
    assert_eq!((value["username"].as_str(), password.len()), (Some("alice"), 20));
    assert_eq!(sign_in(&square, &square.cx, &arn, alice(password)).await, Ok(()));
    assert_eq!(square.ok("kafka", "ListScramSecrets", json!({ "ClusterArn": arn })).await["SecretArnList"], json!([secret]));
    assert!(square.ok("kafka", "GetClusterPolicy", json!({ "ClusterArn": arn })).await["Policy"].as_str().unwrap().contains("kafka:*"));
    let url = format!("http://127.0.0.1:4566/{ACCOUNT}/reader");
    assert_eq!(square.ok("sqs", "ListQueueTags", json!({ "QueueUrl": url })).await["Tags"]["user"], "alice");
    let groups = square.ok("ec2", "DescribeSecurityGroups", json!({})).await;
    let made = groups["SecurityGroups"].as_array().unwrap().iter().find(|g| g["Description"] == "brokers").unwrap().clone();
    assert_eq!(made["IpPermissions"][0]["FromPort"], 9096);

    let changed = STREAM.replace("ToPort: 9096", "ToPort: 9098").replace("Value: blue", "Value: red").replace("kafka:*", "kafka:Describe*");
    deploy("UpdateStack", &changed).await;
    let id = json!({ "GroupIds": [made["GroupId"]] });
    let group = square.ok("ec2", "DescribeSecurityGroups", id.clone()).await["SecurityGroups"][0].clone();
    assert_eq!(group["IpPermissions"].as_array().unwrap().len(), 1, "the rule before is gone");
    assert_eq!(group["IpPermissions"][0]["ToPort"], 9098);
    let vpc = square.ok("ec2", "DescribeVpcs", json!({ "VpcIds": [made["VpcId"]] })).await["Vpcs"][0].clone();
    assert!(vpc["Tags"].as_array().unwrap().contains(&json!({ "Key": "team", "Value": "red" })), "{vpc}");
    assert_eq!(sign_in(&square, &square.cx, &arn, alice(password)).await, Ok(()), "the password is not made anew");

    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "stream" })).await;
    square.settle().await;
    let events = square.call("cloudformation", "DescribeStacks", json!({ "StackName": "stream" })).await;
    assert!(events.is_err(), "{events:?}");
    assert!(square.call("secretsmanager", "DescribeSecret", json!({ "SecretId": secret })).await.is_err());
    assert!(square.call("ec2", "DescribeSecurityGroups", id).await.is_err());
}

/// AWS's guide of cross-account access to MSK: the cluster's policy names the other account, whose IAM has to allow it as well.
#[tokio::test]
async fn a_clusters_policy_lets_in_another_account() {
    let square = Square::new().await;
    let arn = cluster(&square, "c", json!({ "Iam": { "Enabled": true } })).await;
    let topic = json!({ "ClusterArn": arn, "TopicName": "t", "PartitionCount": 1, "ReplicationFactor": 1 });
    square.ok("kafka", "CreateTopic", topic).await;
    let partner = "111111111111";
    let root = kit::Principal::Root { account: partner.into() };
    let abroad = square.seen_by(square.cx.in_scope(kit::Scope::new(partner, "us-east-1")).with_principal(root));
    let (_, reader) = acting(&abroad, "reader", &["kafka:*", "kafka-cluster:*"]).await;
    let (_, poor) = acting(&abroad, "poor", &["logs:PutLogEvents"]).await;
    let shown = ["DescribeCluster", "DescribeClusterV2", "GetBootstrapBrokers"];
    let ask = json!({ "ClusterArn": arn });
    for operation in shown {
        let refused = as_who(&abroad, &reader, "kafka", operation, ask.clone()).await.unwrap_err();
        assert_eq!(&*refused.code, "AccessDeniedException", "{operation}");
    }
    assert!(sign_in(&abroad, &reader, &arn, KafkaLogin::Default).await.is_err());

    let inside = |kind: &str| format!("{}/*", arn.replacen(":cluster/", &format!(":{kind}/"), 1));
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": partner }, "Resource": [arn, inside("topic"), inside("group")],
        "Action": ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", "kafka-cluster:*"] });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    square.ok("kafka", "PutClusterPolicy", json!({ "ClusterArn": arn, "Policy": policy })).await;
    for operation in shown {
        as_who(&abroad, &reader, "kafka", operation, ask.clone()).await.unwrap_or_else(|fault| panic!("{operation}: {fault}"));
        assert!(as_who(&abroad, &poor, "kafka", operation, ask.clone()).await.is_err(), "{operation} without leave of its own account");
    }
    let told = as_who(&abroad, &reader, "kafka", "DescribeClusterV2", ask.clone()).await.unwrap();
    assert_eq!(told["ClusterInfo"]["ClusterArn"], json!(arn));
    assert_eq!(sign_in(&abroad, &reader, &arn, KafkaLogin::Default).await, Ok(()));
    assert!(sign_in(&abroad, &poor, &arn, KafkaLogin::Default).await.is_err());
    // What the policy does not name stays closed, and lists are of the own account.
    assert!(as_who(&abroad, &reader, "kafka", "DeleteCluster", ask).await.is_err());
    let own = as_who(&abroad, &reader, "kafka", "ListClustersV2", json!({})).await.unwrap();
    assert_eq!(own["ClusterInfoList"], json!([]));
}
