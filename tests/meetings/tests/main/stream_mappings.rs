//! Event source mappings of topics whose brokers want a login: the function's role reads the secret, IAM and KMS decide whether it may.

use crate::square::Square;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const WAYS: [&str; 3] = ["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", "ec2:*"];

/// A cloud with a function that remembers its events.
async fn square() -> (Square, Arc<Mutex<Vec<Value>>>) {
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (lambda, sees) = (lambda::Lambda::new(), seen.clone());
    let handler = move |event: Value, _: Invocation| {
        let sees = sees.clone();
        async move {
            let bad = values(&event).iter().any(|value| value == "bad");
            sees.lock().unwrap().push(event);
            if bad { Err(HandlerError::new("Bad", "I can't take this")) } else { Ok(Value::Null) }
        }
    };
    lambda.register("seen", handler).unwrap();
    let square = Square::with(lambda).await;
    square.function("f", "seen", json!({})).await;
    (square, seen)
}

/// A cluster with topic `photos` and a user; the ARNs of cluster, secret and key.
async fn cluster(square: &Square) -> (String, String, String) {
    let subnets = square.ok("ec2", "DescribeSubnets", json!({})).await;
    let subnets: Vec<Value> = subnets["Subnets"].as_array().unwrap().iter().map(|s| s["SubnetId"].clone()).collect();
    let input = json!({ "ClusterName": "c", "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": subnets.len(),
        "ClientAuthentication": { "Sasl": { "Scram": { "Enabled": true } } },
        "BrokerNodeGroupInfo": { "ClientSubnets": subnets, "InstanceType": "kafka.t3.small" } });
    let arn = square.ok("kafka", "CreateCluster", input).await["ClusterArn"].as_str().unwrap().to_owned();
    let topic = json!({ "ClusterArn": arn, "TopicName": "photos", "PartitionCount": 1, "ReplicationFactor": 1 });
    square.ok("kafka", "CreateTopic", topic).await;
    let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let secret = secret(square, "AmazonMSK_alice", Some(&key), json!({ "username": "alice", "password": "wonderland" })).await;
    let told = square.ok("kafka", "BatchAssociateScramSecret", json!({ "ClusterArn": arn, "SecretArnList": [secret] })).await;
    assert_eq!(told["UnprocessedScramSecrets"], json!([]));
    (arn, secret, key)
}

async fn secret(square: &Square, name: &str, key: Option<&str>, value: Value) -> String {
    let token = format!("{name:0<32}");
    let mut input = json!({ "Name": name, "SecretString": value.to_string(), "ClientRequestToken": token });
    if let Some(key) = key {
        input["KmsKeyId"] = key.into();
    }
    square.ok("secretsmanager", "CreateSecret", input).await["ARN"].as_str().unwrap().to_owned()
}

/// What the function's role may do beside writing its log.
async fn allow(square: &Square, actions: &[&str]) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    square.ok("iam", "PutRolePolicy", json!({ "RoleName": "role-of-f", "PolicyName": "stream", "PolicyDocument": document })).await;
}

async fn put(square: &Square, cluster: &str, value: &'static str) {
    let login = KafkaLogin::Scram { short: false, user: "alice".into(), password: "wonderland".into() };
    let source = KafkaSource {
        place: KafkaPlace::Cluster(cluster.into()),
        topic: "photos".into(),
        group: "p".into(),
        login,
        root_ca: None,
        poller: true,
    };
    let record = KafkaRecord { value: Some(value.into()), ..KafkaRecord::default() };
    square.cloud.ports().kafka_topics().unwrap().write(&square.cx, &source, "photos", vec![record]).await.unwrap();
}

/// A mapping's reason and last result once a problem would have been tried again.
async fn fares(square: &Square, uuid: &Value) -> (String, String) {
    square.advance(61).await;
    let told = square.ok("lambda", "GetEventSourceMapping", json!({ "UUID": uuid })).await;
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("StateTransitionReason"), text("LastProcessingResult"))
}

fn values(event: &Value) -> Vec<String> {
    let text = |record: &Value| String::from_utf8(BASE64_STANDARD.decode(record["value"].as_str().unwrap()).unwrap()).unwrap();
    event["records"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap().iter().map(text)).collect()
}

#[tokio::test]
async fn the_role_reads_the_secret_of_an_msk_cluster() {
    let (square, seen) = square().await;
    let (cluster, secret, _) = cluster(&square).await;
    allow(&square, &WAYS).await;
    let mapping = json!({ "FunctionName": "f", "EventSourceArn": cluster, "Topics": ["photos"], "StartingPosition": "TRIM_HORIZON",
        "SourceAccessConfigurations": [{ "Type": "SASL_SCRAM_512_AUTH", "URI": secret }] });
    let uuid = square.ok("lambda", "CreateEventSourceMapping", mapping).await["UUID"].clone();
    put(&square, &cluster, "one").await;
    let (reason, result) = fares(&square, &uuid).await;
    assert_eq!(reason, "EVENT_SOURCE_AUTHN_ERROR", "{result}");
    assert!(result.contains("can't be read") && result.contains("secretsmanager:GetSecretValue"), "{result}");
    allow(&square, &[&WAYS[..], &["secretsmanager:GetSecretValue"]].concat()).await;
    let (reason, result) = fares(&square, &uuid).await;
    assert!(reason == "EVENT_SOURCE_AUTHN_ERROR" && result.contains("can't be read"), "the key's use is a right of its own: {result}");
    assert!(seen.lock().unwrap().is_empty());
    allow(&square, &[&WAYS[..], &["secretsmanager:GetSecretValue", "kms:Decrypt"]].concat()).await;
    assert_eq!(fares(&square, &uuid).await, ("USER_INITIATED".to_owned(), "OK".to_owned()));
    let events = seen.lock().unwrap().clone();
    assert_eq!((events.len(), values(&events[0])), (1, vec!["one".to_owned()]));
    assert_eq!((&events[0]["eventSource"], &events[0]["eventSourceArn"]), (&json!("aws:kafka"), &json!(cluster)));
}

#[tokio::test]
async fn brokers_of_ones_own_are_entered_by_user_and_authority() {
    let (square, seen) = square().await;
    let (cluster, right, _) = cluster(&square).await;
    allow(&square, &["secretsmanager:GetSecretValue", "kms:Decrypt"]).await;
    put(&square, &cluster, "two").await;
    let brokers = square.ok("kafka", "GetBootstrapBrokers", json!({ "ClusterArn": cluster })).await;
    let server = brokers["BootstrapBrokerStringSaslScram"].as_str().unwrap().split(',').next().unwrap().to_owned();
    let wrong = secret(&square, "wrong", None, json!({ "username": "alice", "password": "looking-glass" })).await;
    let half = secret(&square, "half", None, json!({ "username": "alice" })).await;
    let ca = secret(&square, "ca", None, json!({ "certificate": square.kafka.broker().unwrap().ca_pem().unwrap() })).await;
    let access = |user: &str, ca: Option<&str>| {
        let mut all = vec![json!({ "Type": "SASL_SCRAM_512_AUTH", "URI": user })];
        all.extend(ca.map(|ca| json!({ "Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": ca })));
        all
    };
    let mapping = json!({ "FunctionName": "f", "Topics": ["photos"], "StartingPosition": "TRIM_HORIZON",
        "SelfManagedEventSource": { "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": [server] } }, "SourceAccessConfigurations": access(&right, None) });
    let uuid = square.ok("lambda", "CreateEventSourceMapping", mapping).await["UUID"].clone();
    let (reason, result) = fares(&square, &uuid).await;
    assert!(reason == "ESM_CONFIG_NOT_VALID" && result.contains("SERVER_ROOT_CA_CERTIFICATE has to name it"), "{reason} {result}");
    for (user, why) in [(&wrong, "Server failed to authenticate Lambda"), (&half, "has no password")] {
        let change = json!({ "UUID": uuid, "SourceAccessConfigurations": access(user, Some(&ca)) });
        square.ok("lambda", "UpdateEventSourceMapping", change).await;
        let (reason, result) = fares(&square, &uuid).await;
        assert!(reason == "EVENT_SOURCE_AUTHN_ERROR" && result.contains(why), "{reason} {result}");
    }
    assert!(seen.lock().unwrap().is_empty());
    let change = json!({ "UUID": uuid, "SourceAccessConfigurations": access(&right, Some(&ca)) });
    square.ok("lambda", "UpdateEventSourceMapping", change).await;
    assert_eq!(fares(&square, &uuid).await, ("USER_INITIATED".to_owned(), "OK".to_owned()));
    let events = seen.lock().unwrap().clone();
    assert_eq!((events.len(), values(&events[0])), (1, vec!["two".to_owned()]));
    assert_eq!((&events[0]["eventSource"], &events[0]["bootstrapServers"]), (&json!("SelfManagedKafka"), &json!(server)));
}

/// What the function can't deal with lies in a bucket, event and all; how far the mapping is behind is a metric.
#[tokio::test]
async fn what_fails_lies_in_a_bucket_and_lag_is_a_metric() {
    let (square, seen) = square().await;
    let (cluster, secret, _) = cluster(&square).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "failed-batches" })).await;
    allow(&square, &[&WAYS[..], &["secretsmanager:GetSecretValue", "kms:Decrypt", "s3:ListBucket", "s3:PutObject"]].concat()).await;
    let failure = json!({ "OnFailure": { "Destination": "arn:aws:s3:::failed-batches" } });
    let mapping = json!({ "FunctionName": "f", "EventSourceArn": cluster, "Topics": ["photos"], "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1, "MaximumRetryAttempts": 1, "DestinationConfig": failure,
        "SourceAccessConfigurations": [{ "Type": "SASL_SCRAM_512_AUTH", "URI": secret }] });
    for value in ["bad", "good", "fine"] {
        put(&square, &cluster, value).await;
    }
    let uuid = square.ok("lambda", "CreateEventSourceMapping", mapping).await["UUID"].clone();
    assert_eq!(fares(&square, &uuid).await.0, "USER_INITIATED");
    let all: Vec<String> = seen.lock().unwrap().iter().flat_map(values).collect();
    assert_eq!(all, ["bad", "bad", "good", "fine"]);
    let listed = square.ok("s3", "ListObjectsV2", json!({ "Bucket": "failed-batches" })).await;
    let objects = listed["Contents"].as_array().unwrap();
    let key = objects[0]["Key"].as_str().unwrap();
    assert_eq!(objects.len(), 1);
    assert!(key.starts_with(&format!("aws/lambda/{}/", uuid.as_str().unwrap())), "{key}");
    assert!(objects[0]["Size"].as_i64().unwrap() > 500, "the record of what happened and the event: {listed}");
    let lag = json!({ "Namespace": "AWS/Lambda", "MetricName": "OffsetLag", "Period": 60, "Statistics": ["Maximum"],
        "Dimensions": [{ "Name": "FunctionName", "Value": "f" }],
        "StartTime": square.cloud.clock().now().secs() - 600, "EndTime": square.cloud.clock().now().secs() + 60 });
    let told = square.ok("cloudwatch", "GetMetricStatistics", lag).await;
    let most = told["Datapoints"].as_array().unwrap().iter().map(|point| point["Maximum"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(most, 3.0, "while the first one waited to be tried again: {told}");
}
