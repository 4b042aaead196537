//! Event source mappings of brokers that they name, with real secrets and networks. (Those of clusters, and what wrong secrets lead to, are
//! `stream_mappings`.)

use crate::square::Square;
use broker::{
    Broker, Listener, Options, Security,
    auth::{Authority, Peer, Resource},
    inside::Fresh,
};
use kit::{
    BoxFuture, Bytes,
    ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource},
};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<Value>>>;

/// With the closure `sees`, which remembers events.
async fn square() -> (Square, Seen) {
    let lambda = lambda::Lambda::new();
    let seen = Seen::default();
    let sees = seen.clone();
    let remember = move |event: Value, _: Invocation| {
        sees.lock().unwrap().push(event);
        async { Ok::<_, HandlerError>(Value::Null) }
    };
    lambda.register("sees", remember).unwrap();
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
    let ca = secret(&square, "ca", json!({ "certificate": square.kafka.broker().unwrap().ca_pem().unwrap() })).await;
    let told = square.ok("kafka", "BatchAssociateScramSecret", json!({ "ClusterArn": closed, "SecretArnList": [alice] })).await;
    assert_eq!(told["UnprocessedScramSecrets"], json!([]));

    let subnet = subnets(&square).await[0].as_str().unwrap().to_owned();
    let groups = square.ok("ec2", "DescribeSecurityGroups", json!({})).await;
    let group = groups["SecurityGroups"][0]["GroupId"].as_str().unwrap().to_owned();
    let all = ["secretsmanager:GetSecretValue", "kms:Decrypt", "ec2:*"];
    let (subnet, group) = (format!("subnet:{subnet}"), format!("security_group:{group}"));
    let scram = "SASL_SCRAM_512_AUTH";
    let cases: [(&str, &[&str], Vec<(&str, &str)>, &str, &str); 5] = [
        (
            "fine",
            &all,
            vec![(scram, &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca), ("VPC_SUBNET", &subnet), ("VPC_SECURITY_GROUP", &group)],
            "USER_INITIATED",
            "",
        ),
        ("basic", &all, vec![("BASIC_AUTH", &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca)], "EVENT_SOURCE_AUTHN_ERROR", "authenticate"),
        (
            "poor",
            &["ec2:*"],
            vec![(scram, &alice), ("SERVER_ROOT_CA_CERTIFICATE", &ca)],
            "EVENT_SOURCE_AUTHN_ERROR",
            "secretsmanager:GetSecretValue",
        ),
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

/// Knows alice.
struct Alice;

impl Authority for Alice {
    fn password<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move { (user == "alice").then(|| "wonderland".into()) })
    }
    fn token(&self, _: &str) -> Result<Peer, String> {
        Err("no tokens".into())
    }
    fn allows(&self, peer: &Peer, _: &'static str, _: Resource<'_>) -> bool {
        &*peer.name == "alice"
    }
}

/// SASL/PLAIN, which no cluster of MSK has: at a listener of the cloud's own broker, and over the wire at another one.
#[tokio::test]
async fn user_and_password_are_enough_where_brokers_take_them() {
    let (square, seen) = square().await;
    let asks = Listener {
        security: Security::Sasl,
        mechanisms: vec!["PLAIN"],
        authority: Some(Arc::new(Alice)),
        ..Listener::plaintext(([127, 0, 0, 1], 0).into())
    };
    let own = square.kafka.broker().unwrap().clone();
    let at = own.listen(&asks).await.unwrap().address.to_string();
    let mut options = Options::new(square.cloud.clock().clone(), square.cloud.work().clone());
    options.listeners = vec![asks];
    let other = Broker::start(options).await.unwrap();
    let right = secret(&square, "right", json!({ "username": "alice", "password": "wonderland" })).await;
    let wrong = secret(&square, "wrong", json!({ "username": "alice", "password": "looking-glass" })).await;
    let all = ["secretsmanager:GetSecretValue", "kms:Decrypt"];
    for (name, servers, broker) in [("here", at, &*own), ("elsewhere", other.bootstrap(), &other)] {
        broker.topics().create("tt", 1, Default::default()).unwrap();
        broker.append("tt", 0, &[Fresh { value: Some(name.into()), ..Fresh::default() }]).await.unwrap();
        function(&square, name, "sees", &all).await;
        let input = |secret: &str| {
            json!({ "FunctionName": name, "Topics": ["tt"], "StartingPosition": "TRIM_HORIZON",
                "SourceAccessConfigurations": [{ "Type": "BASIC_AUTH", "URI": secret }],
                "SelfManagedEventSource": { "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": [servers] } } })
        };
        let uuid = square.ok("lambda", "CreateEventSourceMapping", input(&wrong)).await["UUID"].clone();
        square.settle().await;
        let told = square.ok("lambda", "GetEventSourceMapping", json!({ "UUID": uuid })).await;
        assert_eq!(told["StateTransitionReason"], "EVENT_SOURCE_AUTHN_ERROR", "{name}: {told}");
        square.ok("lambda", "DeleteEventSourceMapping", json!({ "UUID": uuid })).await;
        square.ok("lambda", "CreateEventSourceMapping", input(&right)).await;
        square.advance(2).await;
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let value = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, name);
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        assert_eq!(seen[0]["records"]["tt-0"][0]["value"], value, "{name}");
    }
}
