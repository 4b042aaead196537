//! Event source mappings of Kafka with real clusters, secrets, networks and buckets: brokers that a mapping names, and where records go that a
//! function fails with.

use crate::square::Square;
use kit::{
    Bytes,
    ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource},
};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<Value>>>;

/// With the closures `sees`, which remembers events, and `fails`.
async fn square() -> (Square, Seen) {
    let lambda = lambda::Lambda::new();
    let seen = Seen::default();
    let sees = seen.clone();
    let remember = move |event: Value, _: Invocation| {
        sees.lock().unwrap().push(event);
        async { Ok::<_, HandlerError>(Value::Null) }
    };
    lambda.register("sees", remember).unwrap();
    lambda.register("fails", |_: Value, _: Invocation| async { Err::<Value, _>(HandlerError::new("Broken", "no")) }).unwrap();
    (Square::with(lambda).await, seen)
}

/// A function of a closure, whose role is allowed these actions.
async fn function(square: &Square, name: &str, closure: &str, actions: &[&str]) {
    let allowed = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    let role = square.role(&format!("poller-{name}"), "lambda.amazonaws.com", allowed).await;
    square.function(name, closure, json!({ "Role": role })).await;
}

async fn subnets(square: &Square) -> Vec<Value> {
    let told = square.ok("ec2", "DescribeSubnets", json!({})).await;
    told["Subnets"].as_array().unwrap().iter().map(|subnet| subnet["SubnetId"].clone()).collect()
}

/// A cluster with the topic `tt`; its ARN and its brokers.
async fn cluster(square: &Square, name: &str, more: Value, brokers: &str) -> (String, String) {
    let subnets = subnets(square).await;
    let mut input = json!({ "ClusterName": name, "KafkaVersion": "3.9.x", "NumberOfBrokerNodes": subnets.len(),
        "BrokerNodeGroupInfo": { "ClientSubnets": subnets, "InstanceType": "kafka.t3.small" } });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let arn = square.ok("kafka", "CreateCluster", input).await["ClusterArn"].as_str().unwrap().to_owned();
    let told = square.ok("kafka", "GetBootstrapBrokers", json!({ "ClusterArn": arn })).await;
    (arn, told[brokers].as_str().unwrap().to_owned())
}

async fn secret(square: &Square, name: &str, value: Value) -> String {
    let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].clone();
    let token = format!("{name:0<32}");
    let input = json!({ "Name": name, "SecretString": value.to_string(), "KmsKeyId": key, "ClientRequestToken": token });
    square.ok("secretsmanager", "CreateSecret", input).await["ARN"].as_str().unwrap().to_owned()
}

/// Writes a value by a cluster where nobody is asked.
async fn write(square: &Square, cluster: &str, value: &str) {
    let place = KafkaPlace::Cluster(cluster.to_owned());
    let source = KafkaSource { place, topic: "tt".into(), group: "g".into(), login: KafkaLogin::Default, root_ca: None, poller: true };
    let time_ms = square.cloud.clock().now().millis();
    let record = KafkaRecord { value: Some(Bytes::from(value.to_owned())), time_ms, ..KafkaRecord::default() };
    square.cloud.ports().kafka_topics().unwrap().write(&square.cx, &source, "tt", vec![record]).await.unwrap();
}

fn plaintext() -> Value {
    json!({ "EncryptionInfo": { "EncryptionInTransit": { "ClientBroker": "PLAINTEXT" } } })
}

async fn topic(square: &Square, cluster: &str) {
    let topic = json!({ "ClusterArn": cluster, "TopicName": "tt", "PartitionCount": 1, "ReplicationFactor": 1 });
    square.ok("kafka", "CreateTopic", topic).await;
}

/// A mapping of brokers by their names: the user, the certificate and the networks are what it names, read by the function's role.
#[tokio::test]
async fn brokers_that_a_mapping_names_are_read_with_what_its_secrets_say() {
    let (square, seen) = square().await;
    let (open, _) = cluster(&square, "open", plaintext(), "BootstrapBrokerString").await;
    topic(&square, &open).await;
    let scram = json!({ "ClientAuthentication": { "Sasl": { "Scram": { "Enabled": true } } } });
    let (closed, servers) = cluster(&square, "closed", scram, "BootstrapBrokerStringSaslScram").await;
    let alice = secret(&square, "AmazonMSK_alice", json!({ "username": "alice", "password": "wonderland" })).await;
    let guess = secret(&square, "guess", json!({ "username": "alice", "password": "guess" })).await;
    let half = secret(&square, "half", json!({ "username": "alice" })).await;
    let ca = secret(&square, "ca", json!({ "certificate": square.kafka.broker().unwrap().ca_pem().unwrap() })).await;
    let told = square.ok("kafka", "BatchAssociateScramSecret", json!({ "ClusterArn": closed, "SecretArnList": [alice] })).await;
    assert_eq!(told["UnprocessedScramSecrets"], json!([]));

    let subnet = subnets(&square).await[0].as_str().unwrap().to_owned();
    let groups = square.ok("ec2", "DescribeSecurityGroups", json!({})).await;
    let group = groups["SecurityGroups"][0]["GroupId"].as_str().unwrap().to_owned();
    let all = ["secretsmanager:GetSecretValue", "kms:Decrypt", "ec2:*"];
    let (subnet, group) = (format!("subnet:{subnet}"), format!("security_group:{group}"));
    let scram = "SASL_SCRAM_512_AUTH";
    let cases: [(&str, &[&str], Vec<(&str, &str)>, &str, &str); 8] = [
        (
            "fine",
            &all,
            vec![(scram, &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca), ("VPC_SUBNET", &subnet), ("VPC_SECURITY_GROUP", &group)],
            "USER_INITIATED",
            "",
        ),
        ("guesses", &all, vec![(scram, &guess), ("SERVER_ROOT_CA_CERTIFICATE", &ca)], "EVENT_SOURCE_AUTHN_ERROR", "authenticate"),
        ("forgets", &all, vec![(scram, &half), ("SERVER_ROOT_CA_CERTIFICATE", &ca)], "EVENT_SOURCE_AUTHN_ERROR", "has no password"),
        ("basic", &all, vec![("BASIC_AUTH", &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca)], "EVENT_SOURCE_AUTHN_ERROR", "authenticate"),
        (
            "poor",
            &["ec2:*"],
            vec![(scram, &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca)],
            "EVENT_SOURCE_AUTHN_ERROR",
            "secretsmanager:GetSecretValue",
        ),
        ("uncertain", &all, vec![(scram, &alice)], "ESM_CONFIG_NOT_VALID", "certificate"),
        ("nowhere", &all, vec![(scram, &alice), ("VPC_SUBNET", "subnet:subnet-0")], "ESM_CONFIG_NOT_VALID", "'subnet-0' does not exist"),
        (
            "unguarded",
            &all,
            vec![(scram, &alice), ("VPC_SECURITY_GROUP", "security_group:sg-0")],
            "ESM_CONFIG_NOT_VALID",
            "'sg-0' does not exist",
        ),
    ];
    for (name, actions, access, reason, says) in cases {
        function(&square, name, "sees", actions).await;
        let access: Vec<Value> = access.iter().map(|(kind, uri)| json!({ "Type": kind, "URI": uri })).collect();
        let input = json!({ "FunctionName": name, "Topics": ["tt"], "StartingPosition": "TRIM_HORIZON", "SourceAccessConfigurations": access,
            "SelfManagedEventSource": { "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": [servers] } } });
        let uuid = square.ok("lambda", "CreateEventSourceMapping", input).await["UUID"].clone();
        square.settle().await;
        let told = square.ok("lambda", "GetEventSourceMapping", json!({ "UUID": uuid })).await;
        assert_eq!(told["StateTransitionReason"], reason, "{name}: {told}");
        assert!(told["LastProcessingResult"].as_str().unwrap().contains(says), "{name}: {told}");
    }
    write(&square, &open, "hello").await;
    square.advance(1).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1, "by the one mapping that is sound: {seen:?}");
    assert_eq!((&seen[0]["eventSource"], &seen[0]["records"]["tt-0"][0]["value"]), (&json!("SelfManagedKafka"), &json!("aGVsbG8=")));
}

/// Records that a function fails with go to a bucket, whole, as the function's role.
#[tokio::test]
async fn what_fails_is_put_into_a_bucket() {
    let (square, _) = square().await;
    let (arn, _) = cluster(&square, "c", plaintext(), "BootstrapBrokerString").await;
    topic(&square, &arn).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "dead" })).await;
    function(&square, "f", "fails", &["kafka:*", "ec2:*", "s3:PutObject", "s3:ListBucket"]).await;
    let input = json!({ "FunctionName": "f", "EventSourceArn": arn, "Topics": ["tt"], "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 0, "DestinationConfig": { "OnFailure": { "Destination": "arn:aws:s3:::dead" } } });
    let uuid = square.ok("lambda", "CreateEventSourceMapping", input).await["UUID"].as_str().unwrap().to_owned();
    write(&square, &arn, "bad").await;
    square.advance(2).await;
    let listed = square.ok("s3", "ListObjectsV2", json!({ "Bucket": "dead" })).await;
    let objects = listed["Contents"].as_array().unwrap_or_else(|| panic!("nothing lies in the bucket: {listed}"));
    let key = objects[0]["Key"].as_str().unwrap();
    assert!(objects.len() == 1 && key.starts_with(&format!("aws/lambda/{uuid}/")), "{listed}");
    assert!(objects[0]["Size"].as_i64().unwrap() > 500, "the record of what happened and the event: {listed}");
}
