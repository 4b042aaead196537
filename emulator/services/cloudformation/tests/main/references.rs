//! Dynamic references: secrets in the place of texts, and nowhere else.

use crate::Desk;
use kit::{
    BoxFuture, Context, Fault, Grant, Need,
    ports::{SecretInfo, SecretValue, SecretVersion, Secrets},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Secrets by name; those of another version than the current one by `NAME@STAGE` or `NAME@ID`.
#[derive(Default)]
struct Safe {
    values: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<String>>,
}

impl Safe {
    fn put(&self, name: &str, value: &str) {
        self.values.lock().unwrap().insert(name.into(), value.into());
    }
}

impl Secrets for Safe {
    fn need(&self, _: &Context, secret: &SecretVersion) -> Need {
        Need::on("secretsmanager:GetSecretValue", format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{}", secret.secret))
    }
    fn about(&self, _: &Context, id: &str) -> Result<SecretInfo, Fault> {
        Err(Fault::internal(format!("nobody asks about {id}")))
    }
    fn value<'a>(&'a self, cx: &'a Context, grant: Grant, secret: &'a SecretVersion) -> BoxFuture<'a, Result<SecretValue, Fault>> {
        Box::pin(async move {
            grant.covers("secretsmanager:GetSecretValue", &self.need(cx, secret).resource)?;
            let version = secret.stage.as_ref().or(secret.id.as_ref()).map(|version| format!("@{version}")).unwrap_or_default();
            let name = format!("{}{version}", secret.secret);
            self.asked.lock().unwrap().push(name.clone());
            let missing = || Fault::new("ResourceNotFoundException", 400, "Secrets Manager can't find the specified secret.");
            self.values.lock().unwrap().get(&name).cloned().map(SecretValue::Text).ok_or_else(missing)
        })
    }
    fn admit<'a>(&'a self, _: &'a Context, _: &'a str, _: Value) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::internal("nobody asks for that")) })
    }
    fn expel<'a>(&'a self, _: &'a Context, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::internal("nobody asks for that")) })
    }
}

async fn desk() -> (Desk, Arc<Safe>) {
    let desk = Desk::new().await;
    let safe = Arc::new(Safe::default());
    desk.cloud.ports().offer_secrets(safe.clone());
    (desk, safe)
}

const QUEUE: &str = "
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: q
      VisibilityTimeout: '{{resolve:secretsmanager:s:SecretString:timeout}}'
      Tags: [{ Key: owner, Value: !Sub 'a {{resolve:secretsmanager:${AWS::StackName}:SecretString:owner:AWSPREVIOUS}} of {{resolve:secretsmanager:plain}}' }]
";

async fn reason(desk: &Desk, status: &str) -> String {
    let events = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await;
    let found = events["StackEvents"].as_array().unwrap().iter().find(|e| e["ResourceStatus"] == status).cloned();
    found.unwrap_or_else(|| panic!("{events}"))["ResourceStatusReason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn secrets_reach_the_service_and_nothing_else() {
    let (desk, safe) = desk().await;
    safe.put("s", "{\"timeout\": 45}");
    safe.put("s@AWSPREVIOUS", "{\"owner\": \"{{resolve:ssm:x}}\"}");
    safe.put("plain", "hush");
    let template = QUEUE;
    let stack = desk.create("s", template).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{:?}", desk.events("s").await);
    let queue = desk.world.thing("sqs/q");
    assert_eq!(queue["Attributes"]["VisibilityTimeout"], "45");
    assert_eq!(queue["tags"]["owner"], "a {{resolve:ssm:x}} of hush", "what a secret says is not read again");
    let told = desk.ok("DescribeStackEvents", json!({ "StackName": "s" })).await.to_string();
    assert!(told.contains("{{resolve:secretsmanager:plain}}") && !told.contains("hush"), "{told}");

    // A secret that changed is no change of the stack, as AWS says; a reference that changed is one.
    safe.put("s", "{\"timeout\": 60}");
    let same = desk.refused("UpdateStack", json!({ "StackName": "s", "TemplateBody": template })).await;
    assert_eq!(same, "No updates are to be performed.");
    safe.put("s@v1", "{\"timeout\": 30}");
    let other = template.replace("SecretString:timeout}}", "SecretString:timeout::v1}}");
    assert_eq!(desk.update("s", &other).await["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(desk.world.thing("sqs/q")["Attributes"]["VisibilityTimeout"], "30");

    // Without its secrets the stack can still be deleted.
    safe.values.lock().unwrap().clear();
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    desk.settle().await;
    assert!(desk.world.names("sqs").is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_up_fails_the_resource() {
    let one = |reference: &str| {
        format!("Resources: {{ Q: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: q, VisibilityTimeout: '{reference}' }} }} }}")
    };
    for (reference, said) in [
        (
            "{{resolve:secretsmanager:gone}}",
            "Secrets Manager can't find the specified secret. (Service: SecretsManager, Code: ResourceNotFoundException, Status Code: 400)",
        ),
        ("{{resolve:secretsmanager:s:SecretString:no}}", "Could not find a value associated with JSONKey in SecretString"),
        ("{{resolve:secretsmanager:text:SecretString:no}}", "Could not parse SecretString JSON"),
        (
            "{{resolve:secretsmanager:text}}",
            "#/VisibilityTimeout: what a dynamic reference stands for does not fit the schema of AWS::SQS::Queue",
        ),
    ] {
        let (desk, safe) = desk().await;
        safe.put("s", "{}");
        safe.put("text", "hush");
        assert_eq!(desk.create("s", &one(reference)).await["StackStatus"], "ROLLBACK_COMPLETE");
        let why = reason(&desk, "CREATE_FAILED").await;
        assert!(why.contains(said) && !why.contains("hush"), "{why}");
        assert!(desk.world.names("sqs").is_empty());
    }
}

#[tokio::test]
async fn whoever_acts_for_the_stack_must_be_allowed() {
    let (desk, safe) = desk().await;
    safe.put("s", "{\"timeout\": 45}");
    let template = QUEUE.lines().filter(|line| !line.contains("Tags")).collect::<Vec<_>>().join("\n");
    // Without the iam service only roots may act.
    let role = "arn:aws:iam::000000000000:role/deployer";
    desk.ok("CreateStack", json!({ "StackName": "s", "TemplateBody": template, "RoleARN": role })).await;
    desk.settle().await;
    let why = reason(&desk, "CREATE_FAILED").await;
    assert!(why.contains("assumed-role/deployer/AWSCloudFormation is not authorized to perform: secretsmanager:GetSecretValue"), "{why}");
    assert!(why.contains("HandlerErrorCode: AccessDenied"), "{why}");
    assert!(safe.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn references_that_nobody_would_look_up_are_refused() {
    let (desk, _) = desk().await;
    let refused = async |template: &str| desk.refused("CreateStack", json!({ "StackName": "s", "TemplateBody": template })).await;
    let reference = "{{resolve:secretsmanager:s}}";
    let queue = "Resources: { Q: { Type: AWS::SQS::Queue } }";
    let said = refused(&format!("{queue}\nOutputs: {{ O: {{ Value: '{reference}' }} }}")).await;
    assert!(said.starts_with(&format!("Template error: the dynamic reference {reference} is not resolved in Outputs")), "{said}");
    let said = refused(&format!("Resources: {{ Q: {{ Type: AWS::SQS::Queue, Metadata: {{ a: '{reference}' }} }} }}")).await;
    assert!(said.contains("is not resolved in the Metadata of a resource"), "{said}");
    let tags: Vec<String> = (0..61).map(|n| format!("{{ Key: k{n}, Value: '{{{{resolve:secretsmanager:s{n}}}}}' }}")).collect();
    let many = format!("Resources: {{ Q: {{ Type: AWS::SQS::Queue, Properties: {{ Tags: [{}] }} }} }}", tags.join(", "));
    assert_eq!(refused(&many).await, "Template error: a template can have at most 60 dynamic references");
    // By a parameter they come in as they do by the template's own text.
    let by_parameter = "Parameters: { P: { Type: String, Default: '{{resolve:ssm-secure:x:1}}' } }
Resources: { Q: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref P } } }";
    let said = refused(by_parameter).await;
    assert!(said.contains("{{resolve:ssm-secure:x:1}} is not supported by windtunnel"), "{said}");
}
