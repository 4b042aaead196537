//! A stand-in for the services that stacks are made of: it keeps what it is given, and fails when it is told to.

use kit::{
    Access, AnyReply, BoxFuture, Context, Fault, Label, Operations, Ports, RoleSession, Service, Typed,
    ports::{Sessions, TemporaryKey},
};
use serde_json::{Map, Value as Json, json};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use wire::{Kind, Member, OperationSchema, Protocol, Schema, ServiceSchema, Slot, Structure, View};

/// What the stand-ins of a test share.
#[derive(Default)]
pub struct World {
    /// Things by service and name, with the input that made them.
    pub things: Mutex<BTreeMap<String, Json>>,
    /// Calls in order: `sqs:CreateQueue name`.
    pub calls: Mutex<Vec<String>>,
    /// Calls that fail, as written in `calls`.
    pub failing: Mutex<BTreeSet<String>>,
    /// Calls that fail after so many more.
    pub later: Mutex<BTreeMap<String, usize>>,
    /// Calls that do their work and never answer, as written in `calls`.
    pub hanging: Mutex<BTreeSet<String>>,
}

impl World {
    /// Makes a call fail from now on.
    pub fn fail(&self, call: &str) {
        self.failing.lock().unwrap().insert(call.into());
    }
    /// Makes a call do its work and never answer, as if the house were killed then.
    pub fn hang(&self, call: &str) {
        self.hanging.lock().unwrap().insert(call.into());
    }
    /// Makes a call fail after it succeeded `times` more times.
    pub fn fail_after(&self, call: &str, times: usize) {
        self.later.lock().unwrap().insert(call.into(), times);
    }
    /// Lets everything succeed again.
    pub fn mend(&self) {
        self.failing.lock().unwrap().clear();
        self.later.lock().unwrap().clear();
        self.hanging.lock().unwrap().clear();
    }
    /// Names of the things of a service.
    pub fn names(&self, service: &str) -> Vec<String> {
        let things = self.things.lock().unwrap();
        things.keys().filter_map(|key| key.strip_prefix(&format!("{service}/")).map(str::to_owned)).collect()
    }
    /// A thing.
    pub fn thing(&self, key: &str) -> Json {
        self.things.lock().unwrap().get(key).cloned().unwrap_or_default()
    }
    /// Calls so far, and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// One service.
pub struct Fake {
    schema: &'static ServiceSchema,
    labels: &'static [Label],
    world: Arc<World>,
}

const SQS: &[(&str, &[&str])] = &[
    ("CreateQueue", &["QueueName", "Attributes", "tags"]),
    ("GetQueueUrl", &["QueueName"]),
    ("SetQueueAttributes", &["QueueUrl", "Attributes"]),
    ("DeleteQueue", &["QueueUrl"]),
    ("TagQueue", &["QueueUrl", "Tags"]),
    ("UntagQueue", &["QueueUrl", "TagKeys"]),
];
const LOGS: &[(&str, &[&str])] = &[
    ("CreateLogGroup", &["logGroupName", "logGroupClass", "tags"]),
    ("PutRetentionPolicy", &["logGroupName", "retentionInDays"]),
    ("DeleteRetentionPolicy", &["logGroupName"]),
    ("DeleteLogGroup", &["logGroupName"]),
    ("PutResourcePolicy", &["policyName", "policyDocument"]),
    ("DeleteResourcePolicy", &["policyName"]),
];
const IAM: &[(&str, &[&str])] = &[
    ("CreateRole", &["RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"]),
    ("PutRolePolicy", &["RoleName", "PolicyName", "PolicyDocument"]),
    ("DeleteRolePolicy", &["RoleName", "PolicyName"]),
    ("DeleteRole", &["RoleName"]),
];
const KMS: &[(&str, &[&str])] = &[
    ("CreateKey", &["Description", "Policy", "KeySpec", "KeyUsage", "MultiRegion", "Origin", "BypassPolicyLockoutSafetyCheck", "Tags"]),
    ("DescribeKey", &["KeyId"]),
    ("UpdateKeyDescription", &["KeyId", "Description"]),
    ("PutKeyPolicy", &["KeyId", "Policy", "BypassPolicyLockoutSafetyCheck"]),
    ("EnableKey", &["KeyId"]),
    ("DisableKey", &["KeyId"]),
    ("EnableKeyRotation", &["KeyId", "RotationPeriodInDays"]),
    ("DisableKeyRotation", &["KeyId"]),
    ("ScheduleKeyDeletion", &["KeyId", "PendingWindowInDays"]),
    ("TagResource", &["KeyId", "Tags"]),
    ("UntagResource", &["KeyId", "TagKeys"]),
    ("CreateAlias", &["AliasName", "TargetKeyId"]),
    ("UpdateAlias", &["AliasName", "TargetKeyId"]),
    ("DeleteAlias", &["AliasName"]),
];
const SNS: &[(&str, &[&str])] = &[
    ("CreateTopic", &["Name", "Attributes", "Tags"]),
    ("GetTopicAttributes", &["TopicArn"]),
    ("SetTopicAttributes", &["TopicArn", "AttributeName", "AttributeValue"]),
    ("DeleteTopic", &["TopicArn"]),
    ("Subscribe", &["TopicArn", "Protocol", "Endpoint", "Attributes", "ReturnSubscriptionArn"]),
    ("SetSubscriptionAttributes", &["SubscriptionArn", "AttributeName", "AttributeValue"]),
    ("Unsubscribe", &["SubscriptionArn"]),
];

const EVENTS: &[(&str, &[&str])] = &[
    ("CreateEventBus", &["Name", "Description", "DeadLetterConfig", "Tags"]),
    ("UpdateEventBus", &["Name", "Description", "DeadLetterConfig"]),
    ("PutPermission", &["EventBusName", "Policy", "Action", "Principal", "StatementId", "Condition"]),
    ("RemovePermission", &["EventBusName", "StatementId", "RemoveAllPermissions"]),
    ("DescribeEventBus", &["Name"]),
    ("DeleteEventBus", &["Name"]),
    ("DescribeRule", &["Name", "EventBusName"]),
    ("PutRule", &["Name", "EventBusName", "Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Tags"]),
    ("PutTargets", &["Rule", "EventBusName", "Targets"]),
    ("RemoveTargets", &["Rule", "EventBusName", "Ids"]),
    ("DeleteRule", &["Name", "EventBusName"]),
    ("CreateArchive", &["ArchiveName", "EventSourceArn", "Description", "EventPattern", "RetentionDays"]),
    ("UpdateArchive", &["ArchiveName", "Description", "EventPattern", "RetentionDays"]),
    ("DeleteArchive", &["ArchiveName"]),
    ("TagResource", &["ResourceARN", "Tags"]),
    ("UntagResource", &["ResourceARN", "TagKeys"]),
];
const SCHEDULE: &[&str] = &[
    "Name",
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
];
const SCHEDULER: &[(&str, &[&str])] = &[
    ("CreateScheduleGroup", &["Name", "Tags"]),
    ("DeleteScheduleGroup", &["Name"]),
    ("CreateSchedule", SCHEDULE),
    ("UpdateSchedule", SCHEDULE),
    ("DeleteSchedule", &["Name", "GroupName"]),
];

const ATHENA: &[(&str, &[&str])] = &[
    ("CreateWorkGroup", &["Name", "Description", "Configuration", "Tags"]),
    ("GetWorkGroup", &["WorkGroup"]),
    ("UpdateWorkGroup", &["WorkGroup", "Description", "State", "ConfigurationUpdates"]),
    ("DeleteWorkGroup", &["WorkGroup", "RecursiveDeleteOption"]),
];

const CLOUDWATCH: &[(&str, &[&str])] = &[
    (
        "PutMetricAlarm",
        &[
            "AlarmName",
            "AlarmActions",
            "ComparisonOperator",
            "Dimensions",
            "EvaluationPeriods",
            "MetricName",
            "Namespace",
            "Period",
            "Statistic",
            "Threshold",
            "Tags",
        ],
    ),
    ("PutCompositeAlarm", &["AlarmName", "AlarmRule", "Tags"]),
    ("DeleteAlarms", &["AlarmNames"]),
    ("PutDashboard", &["DashboardName", "DashboardBody"]),
    ("DeleteDashboards", &["DashboardNames"]),
    ("TagResource", &["ResourceARN", "Tags"]),
    ("UntagResource", &["ResourceARN", "TagKeys"]),
];
const SCALED: &[&str] = &["ServiceNamespace", "ResourceId", "ScalableDimension"];
const AUTOSCALING: &[(&str, &[&str])] = &[
    ("RegisterScalableTarget", &["ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity"]),
    ("DeregisterScalableTarget", SCALED),
    (
        "PutScheduledAction",
        &["ServiceNamespace", "ResourceId", "ScalableDimension", "ScheduledActionName", "Schedule", "ScalableTargetAction"],
    ),
    ("DeleteScheduledAction", &["ServiceNamespace", "ResourceId", "ScalableDimension", "ScheduledActionName"]),
    (
        "PutScalingPolicy",
        &["ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration"],
    ),
    ("DeleteScalingPolicy", &["ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyName"]),
];

const MAPPING: &[&str] = &[
    "UUID",
    "FunctionName",
    "EventSourceArn",
    "BatchSize",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KMSKeyArn",
    "MaximumBatchingWindowInSeconds",
    "ScalingConfig",
    "Tags",
    "Topics",
    "StartingPosition",
    "SourceAccessConfigurations",
    "ProvisionedPollerConfig",
    "AmazonManagedKafkaEventSourceConfig",
];
const LAMBDA: &[(&str, &[&str])] = &[
    ("PublishVersion", &["FunctionName", "CodeSha256", "Description"]),
    ("DeleteFunction", &["FunctionName", "Qualifier"]),
    ("CreateAlias", &["FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"]),
    ("UpdateAlias", &["FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"]),
    ("DeleteAlias", &["FunctionName", "Name"]),
    ("PutProvisionedConcurrencyConfig", &["FunctionName", "Qualifier", "ProvisionedConcurrentExecutions"]),
    ("DeleteProvisionedConcurrencyConfig", &["FunctionName", "Qualifier"]),
    ("PutRuntimeManagementConfig", &["FunctionName", "Qualifier", "UpdateRuntimeOn", "RuntimeVersionArn"]),
    ("CreateEventSourceMapping", MAPPING),
    ("UpdateEventSourceMapping", MAPPING),
    ("GetEventSourceMapping", &["UUID"]),
    ("DeleteEventSourceMapping", &["UUID"]),
    ("CreateFunctionUrlConfig", &["FunctionName", "Qualifier", "AuthType", "Cors", "InvokeMode"]),
    ("UpdateFunctionUrlConfig", &["FunctionName", "Qualifier", "AuthType", "Cors", "InvokeMode"]),
    ("DeleteFunctionUrlConfig", &["FunctionName", "Qualifier"]),
    ("PublishLayerVersion", &["LayerName", "Content", "Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"]),
    ("DeleteLayerVersion", &["LayerName", "VersionNumber"]),
    ("AddLayerVersionPermission", &["LayerName", "VersionNumber", "StatementId", "Action", "Principal", "OrganizationId"]),
    ("RemoveLayerVersionPermission", &["LayerName", "VersionNumber", "StatementId"]),
    ("TagResource", &["Resource", "Tags"]),
    ("UntagResource", &["Resource", "TagKeys"]),
];

/// The stand-ins for sqs, logs, iam, kms, sns, events, scheduler, athena, cloudwatch, application-autoscaling and lambda.
pub fn services(world: &Arc<World>) -> Vec<Arc<dyn Service>> {
    let all = [("sqs", SQS), ("logs", LOGS), ("iam", IAM), ("kms", KMS), ("sns", SNS), ("events", EVENTS), ("scheduler", SCHEDULER)];
    all.into_iter()
        .chain([("athena", ATHENA), ("cloudwatch", CLOUDWATCH), ("application-autoscaling", AUTOSCALING), ("lambda", LAMBDA)])
        .map(|(name, ops)| Arc::new(Fake::new(name, ops, world.clone())) as Arc<dyn Service>)
        .collect()
}

impl Fake {
    fn new(name: &'static str, operations: &[(&'static str, &'static [&'static str])], world: Arc<World>) -> Fake {
        static ANY: Schema = Schema::new("Any", Kind::Document);
        let members = |names: &[&'static str]| -> &'static [Member] {
            Box::leak(names.iter().map(|n| Member::new(n, &ANY)).collect::<Vec<_>>().into_boxed_slice())
        };
        let schema =
            |names: &[&'static str]| -> &'static Schema { Box::leak(Box::new(Schema::new("Loose", Kind::Structure(members(names))))) };
        let output = schema(&[
            "QueueUrl",
            "Role",
            "KeyMetadata",
            "SubscriptionArn",
            "RuleArn",
            "ScheduleArn",
            "PolicyARN",
            "FunctionArn",
            "FunctionUrl",
            "Version",
            "AliasArn",
            "UUID",
            "LayerVersionArn",
            "AmazonManagedKafkaEventSourceConfig",
            "WorkGroup",
        ]);
        let operations: Vec<&'static OperationSchema> = operations
            .iter()
            .map(|(name, names)| {
                &*Box::leak(Box::new(OperationSchema {
                    name,
                    method: "POST",
                    uri: "/",
                    status: 200,
                    input: schema(names),
                    output,
                    result_wrapper: None,
                    faults: &[],
                    unsigned: false,
                }))
            })
            .collect();
        let labels = Box::leak(vec![Label::Executed; operations.len()].into_boxed_slice());
        let schema = Box::leak(Box::new(ServiceSchema {
            name,
            service_id: name,
            signing_name: name,
            endpoint_prefix: name,
            target_prefix: None,
            protocols: &[Protocol::Json10],
            api_version: "2012-11-05",
            xml_namespace: None,
            bare_errors: false,
            query_compatible: false,
            operations: Box::leak(operations.into_boxed_slice()),
            refused: &[],
            faults: &[],
        }));
        Fake { schema, labels, world }
    }

    fn run(&self, operation: &str, input: Map<String, Json>) -> Result<Option<Json>, Fault> {
        let text = |name: &str| input.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let url = text("QueueUrl");
        let topic = [text("TopicArn"), text("SubscriptionArn")].concat();
        let service = self.schema.name;
        let rule = match service {
            "events" | "scheduler" => ["ArchiveName", "Name", "Rule", "EventBusName"].map(text).into_iter().find(|n| !n.is_empty()),
            "cloudwatch" => ["AlarmName", "DashboardName"].map(text).into_iter().find(|n| !n.is_empty()).or_else(|| {
                let listed = |name: &str| input.get(name)?[0].as_str().map(str::to_owned);
                listed("AlarmNames").or_else(|| listed("DashboardNames"))
            }),
            "application-autoscaling" => ["PolicyName", "ScheduledActionName", "ResourceId"].map(text).into_iter().find(|n| !n.is_empty()),
            _ => None,
        };
        let name = [
            rule.unwrap_or_default(),
            text("ResourceARN").rsplit('/').next().unwrap_or_default().to_owned(),
            text("policyName"),
            text("QueueName"),
            url.rsplit('/').next().unwrap_or_default().to_owned(),
            text("logGroupName"),
            text("RoleName"),
            text("WorkGroup"),
            text("AliasName"),
            text("KeyId"),
            text("Description"),
            text("Name"),
            text("UUID"),
            text("LayerName"),
            text("FunctionName"),
            topic.split(':').nth(5).unwrap_or_default().to_owned(),
        ]
        .into_iter()
        .find(|n| !n.is_empty())
        .unwrap_or_default();
        let call = format!("{service}:{operation} {name}");
        if !matches!(operation, "GetQueueUrl" | "GetTopicAttributes" | "DescribeRule" | "DescribeEventBus" | "GetWorkGroup") {
            self.world.calls.lock().unwrap().push(call.clone());
        }
        let spent = match self.world.later.lock().unwrap().get_mut(&call) {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if spent || self.world.failing.lock().unwrap().contains(&call) {
            return Err(Fault::new("InvalidParameterValue", 400, format!("{name} is not to be")));
        }
        let key = format!("{service}/{name}");
        let mut things = self.world.things.lock().unwrap();
        let missing = || Fault::new("ResourceNotFoundException", 404, format!("{name} is not there"));
        match operation {
            // What Lambda was told last, by operation.
            _ if service == "lambda" => drop(things.insert(format!("lambda/{operation}"), Json::Object(input.clone()))),
            "PutRule"
            | "PutResourcePolicy"
            | "PutMetricAlarm"
            | "PutCompositeAlarm"
            | "PutDashboard"
            | "RegisterScalableTarget"
            | "PutScheduledAction"
            | "PutScalingPolicy"
                if !things.contains_key(&key) =>
            {
                drop(things.insert(key, Json::Object(input.clone())))
            }
            "GetQueueUrl" | "GetTopicAttributes" | "DescribeRule" | "DescribeEventBus" | "GetWorkGroup" => {
                things.get(&key).ok_or_else(missing)?;
            }
            op if op.starts_with("Create") => {
                // SQS answers an equal queue as if it had made it.
                if service != "sqs" && things.contains_key(&key) {
                    return Err(Fault::new("EntityAlreadyExists", 409, format!("{name} already exists")));
                }
                things.insert(key, Json::Object(input.clone()));
            }
            "DeregisterScalableTarget" => drop(things.remove(&key).ok_or_else(missing)?),
            "DeleteRolePolicy" => drop(things.get(&key).ok_or_else(missing)?),
            op if op.starts_with("Delete") && op != "DeleteRetentionPolicy" => drop(things.remove(&key).ok_or_else(missing)?),
            _ => {
                let thing = things.get_mut(&key).ok_or_else(missing)?;
                for (member, value) in input.clone() {
                    match (thing.get_mut(&member), value) {
                        (Some(Json::Object(old)), Json::Object(new)) => old.extend(new),
                        (_, value) => thing[member] = value,
                    }
                }
            }
        }
        if self.world.hanging.lock().unwrap().iter().any(|verb| call.starts_with(verb.as_str())) {
            return Ok(None);
        }
        Ok(Some(match service {
            "sqs" => json!({ "QueueUrl": format!("http://127.0.0.1:4566/000000000000/{name}") }),
            "iam" => json!({ "Role": { "Arn": format!("arn:aws:iam::000000000000:role/{name}"), "RoleId": "AROAFAKE" } }),
            // A key's description stands for its id here, and all keys are symmetric.
            "kms" => json!({ "KeyMetadata": {
                "KeyId": name, "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false, "Origin": "AWS_KMS",
            } }),
            "sns" => json!({ "SubscriptionArn": format!("{}:1", text("TopicArn")) }),
            "events" if operation == "PutRule" => json!({ "RuleArn": format!("arn:aws:events:us-east-1:000000000000:rule/{name}") }),
            "athena" => json!({ "WorkGroup": { "Name": name, "CreationTime": 1 } }),
            "application-autoscaling" => {
                json!({ "PolicyARN": format!("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1:{name}") })
            }
            "lambda" => {
                let arn = |rest: &str| format!("arn:aws:lambda:us-east-1:000000000000:{rest}");
                json!({
                    "FunctionArn": arn("function:f:1"), "FunctionUrl": "https://url/", "Version": "1", "AliasArn": arn("function:f:live"),
                    "UUID": "uuid-1", "LayerVersionArn": arn("layer:l:3"),
                    "AmazonManagedKafkaEventSourceConfig": { "ConsumerGroupId": "readers" },
                })
            }
            "scheduler" if operation.ends_with("Schedule") => {
                json!({ "ScheduleArn": format!("arn:aws:scheduler:us-east-1:000000000000:schedule/default/{name}") })
            }
            _ => json!({}),
        }))
    }
}

impl Operations for Fake {
    fn schema(&self) -> &'static ServiceSchema {
        self.schema
    }
    fn labels(&self) -> &'static [Label] {
        self.labels
    }
    fn invalid_input(&self) -> &'static str {
        "InvalidParameterValue"
    }
    fn input(&self, op: usize) -> Box<dyn Typed> {
        Box::new(Loose::new(self.schema.operations[op].input))
    }
    fn access(&self, op: usize, _: &dyn Typed, _: &Context) -> Access {
        Access::any(format!("{}:{}", self.schema.name, self.schema.operations[op].name))
    }
    fn call<'a>(&'a self, op: usize, input: Box<dyn Typed>, _: &'a Context) -> BoxFuture<'a, Result<AnyReply, Fault>> {
        let input = *input.any().downcast::<Loose>().expect("an input of ours");
        Box::pin(async move {
            let operation = self.schema.operations[op];
            let Some(output) = self.run(operation.name, input.entries())? else { return std::future::pending().await };
            let mut loose = Loose::new(operation.output);
            for (index, member) in operation.output.members().iter().enumerate() {
                loose.values[index] = output.get(member.name).cloned().unwrap_or_default();
            }
            let value: Box<dyn Typed> = Box::new(loose);
            Ok(value.into())
        })
    }
}

impl Service for Fake {
    fn offer(self: Arc<Self>, ports: &Ports) {
        if self.schema.name == "iam" {
            ports.offer_sessions(self);
        }
    }
}

/// Every role may be assumed, but the one called `closed`.
impl Sessions for Fake {
    fn for_service<'a>(
        &'a self,
        cx: &'a Context,
        role_arn: &'a str,
        _: &'a str,
        session_name: &'a str,
        _: u32,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        let name = role_arn.rsplit('/').next().unwrap_or_default();
        let session = RoleSession {
            account: cx.account().into(),
            role_name: name.into(),
            role_path: "/".into(),
            role_id: "AROAFAKE".into(),
            session_name: session_name.into(),
            session_policies: Vec::new(),
            tags: Vec::new(),
            federated: None,
            expires: cx.now(),
        };
        let key = TemporaryKey {
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: String::new(),
            expires: cx.now(),
            session,
        };
        Box::pin(async move { if name == "closed" { Err(Fault::new("AccessDenied", 403, "no")) } else { Ok(key) } })
    }
}

/// A structure whose members are any JSON.
struct Loose {
    schema: &'static Schema,
    values: Vec<Json>,
}

impl Loose {
    fn new(schema: &'static Schema) -> Loose {
        Loose { schema, values: vec![Json::Null; schema.members().len()] }
    }
    fn entries(self) -> Map<String, Json> {
        self.schema.members().iter().zip(self.values).filter(|(_, v)| !v.is_null()).map(|(m, v)| (m.name.to_owned(), v)).collect()
    }
}

impl Structure for Loose {
    fn member(&self, index: usize) -> View<'_> {
        match &self.values[index] {
            Json::Null => View::None,
            value => View::Document(value),
        }
    }
    fn member_mut(&mut self, index: usize) -> Slot<'_> {
        Slot::Document(&mut self.values[index])
    }
}

impl Typed for Loose {
    fn structure(&self) -> &dyn Structure {
        self
    }
    fn structure_mut(&mut self) -> &mut dyn Structure {
        self
    }
    fn any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
    fn any_ref(&self) -> &dyn Any {
        self
    }
}
