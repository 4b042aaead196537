//! A cloud with MSK.

use kafka::Kafka;
use kit::{Cloud, Context, Fault, Store};
use serde_json::{Value, json};
use std::sync::Arc;

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub kafka: Arc<Kafka>,
    pub cx: Context,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(Store::memory(), Kafka::new()).await
    }
    pub async fn with(store: Store, kafka: Kafka) -> Desk {
        let kafka = Arc::new(kafka);
        let cloud = Cloud::builder().store(store).service(kafka.clone()).start().await.unwrap();
        let cx = cloud.house_context("test");
        Desk { cloud, kafka, cx }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "kafka", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn fault(&self, operation: &str, input: Value) -> Fault {
        match self.call(operation, input).await {
            Err(fault) => fault,
            Ok(answer) => panic!("{operation} answered {answer}"),
        }
    }
    /// A cluster with what is given beside what every cluster needs; its ARN.
    pub async fn cluster(&self, name: &str, more: Value) -> String {
        self.ok("CreateCluster", input(name, more)).await["ClusterArn"].as_str().unwrap().to_owned()
    }
}

pub fn input(name: &str, more: Value) -> Value {
    let mut input = json!({ "ClusterName": name, "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 2,
        "BrokerNodeGroupInfo": { "ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.t3.small" } });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}
