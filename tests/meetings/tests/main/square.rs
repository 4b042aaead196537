//! The cloud in which services meet.

use kit::{AdvanceOptions, ClockMode, Cloud, Context, Fault, Principal, Scope, Settle, Timestamp};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// 2023-11-14T22:13:20Z
const START: i64 = 1_700_000_000;
pub const ACCOUNT: &str = "000000000000";

pub struct Square {
    pub cloud: Arc<Cloud>,
    pub kafka: Arc<kafka::Kafka>,
    pub cx: Context,
}

impl Square {
    pub async fn new() -> Square {
        Square::with(lambda::Lambda::new()).await
    }
    /// With closures for functions, perhaps.
    pub async fn with(lambda: lambda::Lambda) -> Square {
        let kafka = Arc::new(kafka::Kafka::new());
        let builder = Cloud::builder()
            .start_at(Timestamp::from_secs(START))
            .mode(ClockMode::Frozen)
            .service(Arc::new(lambda))
            .service(Arc::new(logs::Logs::new()))
            .service(Arc::new(cloudwatch::CloudWatch::new()))
            .service(Arc::new(scheduler::Scheduler::new()))
            .service(Arc::new(apigateway::ApiGateway::new()))
            .service(Arc::new(application_autoscaling::ApplicationAutoScaling::new()))
            .service(Arc::new(iam::Iam::new()))
            .service(Arc::new(sts::Sts::new()))
            .service(Arc::new(cognito_idp::CognitoIdp::new()))
            .service(Arc::new(cognito_identity::CognitoIdentity::new()))
            .service(Arc::new(s3::S3::new()))
            .service(Arc::new(wafv2::Wafv2::new()))
            .service(Arc::new(sqs::Sqs::new()))
            .service(Arc::new(sns::Sns::new()))
            .service(Arc::new(events::EventBridge::new()))
            .service(Arc::new(apigatewayv2::ApiGatewayV2::new()))
            .service(Arc::new(kms::Kms::new()))
            .service(kafka.clone())
            .service(Arc::new(secretsmanager::SecretsManager::new()))
            .service(Arc::new(ec2::Ec2::new()))
            .service(Arc::new(glue::Glue::new()))
            .service(Arc::new(cloudformation::CloudFormation::new()));
        let cloud = builder.endpoint("http://127.0.0.1:4566").start().await.unwrap();
        let cx = cloud.house_context("test").with_principal(Principal::Root { account: ACCOUNT.into() });
        Square { cloud, kafka, cx }
    }

    /// In another region.
    pub fn within(&self, region: &str) -> Square {
        self.seen_by(self.cx.in_scope(Scope::new(ACCOUNT, region)))
    }
    /// As somebody else sees it.
    pub fn seen_by(&self, cx: Context) -> Square {
        Square { cloud: self.cloud.clone(), kafka: self.kafka.clone(), cx }
    }

    pub async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx.child(), service, operation, &input).await
    }
    pub async fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        self.call(service, operation, input).await.unwrap_or_else(|f| panic!("{service} {operation}: {f}"))
    }
    pub async fn put(&self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) -> Value {
        let cx = self.cx.child().with_body(kit::Body::from_bytes(body.into()));
        let input = json!({ "Bucket": bucket, "Key": key });
        self.cloud.call_json(&cx, "s3", "PutObject", &input).await.unwrap_or_else(|f| panic!("PutObject {input}: {f}"))
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(60)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(60) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }

    /// A role that a service may take, allowed so much; its ARN.
    pub async fn role(&self, name: &str, service: &str, statements: Value) -> String {
        let trust = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
        let document = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let made = self.ok("iam", "CreateRole", json!({ "RoleName": name, "AssumeRolePolicyDocument": document(json!([trust])) })).await;
        let policy = json!({ "RoleName": name, "PolicyName": "p", "PolicyDocument": document(statements) });
        self.ok("iam", "PutRolePolicy", policy).await;
        made["Role"]["Arn"].as_str().unwrap().to_owned()
    }

    /// A function of a registered closure, with a role that may write its log and what else is said; its ARN.
    pub async fn function(&self, name: &str, closure: &str, more: Value) -> String {
        let logs = json!([{ "Effect": "Allow", "Action": "logs:*", "Resource": "*" }]);
        let role = self.role(&format!("role-of-{name}"), "lambda.amazonaws.com", logs).await;
        let zip = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, lambda::in_process::package(closure).unwrap());
        let mut input = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role, "Code": { "ZipFile": zip },
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("lambda", "CreateFunction", input).await["FunctionArn"].as_str().unwrap().to_owned()
    }
    /// What a function answers.
    pub async fn invoke(&self, name: &str, event: &str) -> Result<Value, Fault> {
        let payload = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, event);
        let done = self.call("lambda", "Invoke", json!({ "FunctionName": name, "Payload": payload })).await?;
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, done["Payload"].as_str().unwrap_or("")).unwrap();
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The sum of a metric of the last hour.
    pub async fn sum(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> f64 {
        let dimensions: Vec<Value> = dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let metric = json!({ "Namespace": namespace, "MetricName": name, "Dimensions": dimensions });
        let now = self.cloud.clock().now();
        let query = json!({
            "MetricDataQueries": [{ "Id": "m", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } }],
            "StartTime": now.secs() - 3600, "EndTime": now.secs() + 60,
        });
        let answer = self.ok("cloudwatch", "GetMetricData", query).await;
        let values = answer["MetricDataResults"][0]["Values"].as_array().cloned().unwrap_or_default();
        values.iter().map(|value| value.as_f64().unwrap()).sum()
    }

    /// A queue to which a service may send; its ARN.
    pub async fn queue(&self, name: &str, service: &str) -> String {
        let arn = format!("arn:aws:sqs:{}:{ACCOUNT}:{name}", self.cx.region());
        let policy = allow(service, "sqs:SendMessage", &arn);
        self.ok("sqs", "CreateQueue", json!({ "QueueName": name, "Attributes": { "Policy": policy } })).await;
        arn
    }

    /// All messages of a queue once all is quiet; they are gone then.
    pub async fn messages(&self, name: &str) -> Vec<Value> {
        self.settle().await;
        let url = format!("http://127.0.0.1:4566/{ACCOUNT}/{name}");
        let mut all = Vec::new();
        loop {
            let input = json!({
                "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"],
            });
            let answer = self.ok("sqs", "ReceiveMessage", input).await;
            let Some(some) = answer["Messages"].as_array().filter(|some| !some.is_empty()) else { return all };
            for message in some {
                let handle = &message["ReceiptHandle"];
                self.ok("sqs", "DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": handle })).await;
                all.push(message.clone());
            }
        }
    }

    /// The bodies of [`Self::messages`], which are JSON.
    pub async fn bodies(&self, name: &str) -> Vec<Value> {
        self.messages(name).await.iter().map(|message| json_of(&message["Body"])).collect()
    }
}

/// JSON in a text.
pub fn json_of(text: &Value) -> Value {
    let text = text.as_str().unwrap_or_else(|| panic!("no text: {text}"));
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A resource's policy that lets a service do one thing.
pub fn allow(service: &str, action: &str, resource: &str) -> String {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": action, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}
