//! Ports: the narrow ways by which services meet. A service registers what it offers when it starts; a caller shows a [`Grant`].
//!
//! Each port speaks AWS's nouns and knows no service's inside. A port that nobody offers answers a fault that says which service to add.

pub use crate::firewall::Firewall;
pub use crate::kafka_topics::*;
pub use crate::metrics::{Measured, Metrics};
pub use crate::networks::*;
pub use crate::secrets::*;
pub use crate::workflows::Workflows;
use crate::{Context, Fault, Federation, Grant, Need, Principal, RoleSession};
use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use std::{ops::Range, sync::Arc};
use wire::{Body, Bytes, Timestamp};

/// Invokes functions. Grant: `lambda:InvokeFunction` on the function's ARN (with qualifier where given).
pub trait Functions: Send + Sync {
    /// Runs a function and waits for its answer, or queues it (`asynchronous`) and answers at once.
    fn invoke<'a>(&'a self, cx: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>>;
    /// Whether a function (ARN, qualified or not) exists.
    fn exists(&self, cx: &Context, function_arn: &str) -> bool;
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// ARN, with a qualifier for a version or alias.
    pub function_arn: String,
    /// The event, JSON.
    pub payload: Bytes,
    /// Queue it, as InvocationType `Event` does.
    pub asynchronous: bool,
}

/// What a function answered.
#[derive(Clone, Debug, Default)]
pub struct Invoked {
    /// 200, 202 or 204.
    pub status: u16,
    /// The answer, or the error object.
    pub payload: Bytes,
    /// `Unhandled` when the function failed.
    pub function_error: Option<String>,
}

/// Reads and writes objects. Grants: `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject` on `arn:aws:s3:::bucket/key`, `s3:ListBucket` on the bucket.
pub trait Objects: Send + Sync {
    /// An object's description and, if `range` is given or whole, its bytes.
    fn get<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        bucket: &'a str,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>>;
    /// As `get`, of the version with this id (the grant is for `s3:GetObjectVersion`). Who keeps no versions has none of any id.
    fn get_version<'a>(
        &'a self,
        _cx: &'a Context,
        _grant: Grant,
        _bucket: &'a str,
        _key: &'a str,
        _version: &'a str,
        _range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<ObjectBytes, Fault>> {
        Box::pin(async { Err(Fault::new("NoSuchVersion", 404, "The specified version does not exist.")) })
    }
    /// Description only.
    fn head<'a>(&'a self, cx: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<ObjectInfo, Fault>>;
    /// Writes an object.
    fn put<'a>(&'a self, cx: &'a Context, grant: Grant, object: NewObject, body: Body) -> BoxFuture<'a, Result<ObjectInfo, Fault>>;
    /// Deletes an object.
    fn delete<'a>(&'a self, cx: &'a Context, grant: Grant, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), Fault>>;
    /// Keys under a prefix in key order, starting after `after`, at most `limit`.
    fn list<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectInfo>, Fault>>;
    /// Account and region of a bucket.
    fn owner(&self, cx: &Context, bucket: &str) -> Option<crate::store::Scope>;
}

/// An object's description.
#[derive(Clone, Debug, Default)]
pub struct ObjectInfo {
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// ETag without quotes.
    pub etag: String,
    /// Content type.
    pub content_type: String,
    /// Last change.
    pub last_modified: Timestamp,
    /// Version id, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// An object's description and bytes.
#[derive(Clone, Debug, Default)]
pub struct ObjectBytes {
    /// Description.
    pub info: ObjectInfo,
    /// The bytes asked for.
    pub bytes: Bytes,
}

/// An object to be written.
#[derive(Clone, Debug, Default)]
pub struct NewObject {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Content type; `binary/octet-stream` when absent.
    pub content_type: Option<String>,
    /// User metadata.
    pub metadata: Vec<(String, String)>,
}

/// Sends to queues. Grant: `sqs:SendMessage` on the queue's ARN.
pub trait Queues: Send + Sync {
    /// Sends a body with attributes that are texts, or of the type behind a colon (`ErrorCode:Number`), which a name of SQS's can't hold.
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>>;
    /// Sends a message with all that a message may have; its id. A port that has only [`send`](Self::send) refuses what does not fit there.
    fn deliver<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        message: QueueMessage,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        match message.plain() {
            Some((body, attributes)) => self.send(cx, grant, queue_arn, body, attributes),
            None => Box::pin(async { Err(Fault::internal("this port sends texts with attributes only")) }),
        }
    }
    /// Whether the queue exists.
    fn exists(&self, cx: &Context, queue_arn: &str) -> bool;
    /// Takes up to `most` messages (ten at most), which are hidden for the queue's visibility timeout from then on. Grant: `sqs:ReceiveMessage`.
    fn receive<'a>(
        &'a self,
        _cx: &'a Context,
        _grant: Grant,
        _queue_arn: &'a str,
        _most: usize,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, Fault>> {
        Box::pin(async { Err(Fault::internal("this port sends only")) })
    }
    /// Deletes messages by their receipts; ones that are gone are fine. Grant: `sqs:DeleteMessage`.
    fn delete<'a>(
        &'a self,
        _cx: &'a Context,
        _grant: Grant,
        _queue_arn: &'a str,
        _receipts: Vec<String>,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::internal("this port sends only")) })
    }
    /// The queue's visibility timeout, seconds; SQS's fault where there is no queue. Grant: `sqs:GetQueueAttributes`.
    fn visibility_secs<'a>(&'a self, _cx: &'a Context, _grant: Grant, _queue_arn: &'a str) -> BoxFuture<'a, Result<i64, Fault>> {
        Box::pin(async { Err(Fault::internal("this port sends only")) })
    }
    /// When a queue's first message can be received: now or earlier where one waits, later where all of them are hidden.
    fn next_visible(&self, _cx: &Context, _queue_arn: &str) -> Option<Timestamp> {
        None
    }
    /// Rings a bell each time that a message of any queue may have become visible, or will at another time than before, before the request
    /// that caused it is answered. For pollers inside the house, which so need no timers of their own.
    fn watch(&self, _bell: Arc<dyn Fn() + Send + Sync>) {}
}

/// A message that was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReceivedMessage {
    /// Id.
    pub id: String,
    /// Receipt handle.
    pub receipt: String,
    /// Body.
    pub body: String,
    /// MD5 of the body, hexadecimal.
    pub md5: String,
    /// System attributes: `SentTimestamp`, `ApproximateReceiveCount`, `MessageGroupId`, `AWSTraceHeader`...
    pub system: std::collections::BTreeMap<String, String>,
    /// Attributes that the sender set.
    pub attributes: Vec<QueueAttribute>,
    /// MD5 of the attributes, where there are any.
    pub attributes_md5: Option<String>,
}

/// A message for a queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueMessage {
    /// Body.
    pub body: String,
    /// Attributes.
    pub attributes: Vec<QueueAttribute>,
    /// MessageGroupId.
    pub group: Option<String>,
    /// MessageDeduplicationId; for FIFO queues.
    pub deduplication: Option<String>,
    /// The system attribute AWSTraceHeader.
    pub trace: Option<String>,
}

/// An attribute of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueAttribute {
    /// Name.
    pub name: String,
    /// `String`, `Number` or `Binary`, with a label of the caller's behind a dot.
    pub kind: String,
    /// Bytes for binary attributes, UTF-8 for the others.
    pub value: Bytes,
}

impl QueueMessage {
    /// A body with attributes whose names may carry their type behind a colon (`ErrorCode:Number`).
    pub fn text(body: String, attributes: Vec<(String, String)>) -> QueueMessage {
        let typed = |(name, value): (String, String)| {
            let (name, kind) = name.split_once(':').map_or((name.as_str(), "String"), |(name, kind)| (name, kind));
            QueueAttribute { name: name.to_owned(), kind: kind.to_owned(), value: value.into() }
        };
        QueueMessage { body, attributes: attributes.into_iter().map(typed).collect(), ..QueueMessage::default() }
    }
    /// Body and attributes as [`text`](Self::text) takes them; `None` where there is more to the message.
    fn plain(self) -> Option<(String, Vec<(String, String)>)> {
        if self.group.is_some() || self.deduplication.is_some() || self.trace.is_some() {
            return None;
        }
        let plain = |a: QueueAttribute| Some((format!("{}:{}", a.name, a.kind), String::from_utf8(a.value.to_vec()).ok()?));
        let attributes = self.attributes.into_iter().map(plain).collect::<Option<_>>()?;
        Some((self.body, attributes))
    }
}

/// Writes log lines. Grant: `logs:PutLogEvents` on the stream's ARN (`arn:aws:logs:R:A:log-group:G:log-stream:S`).
pub trait LogLines: Send + Sync {
    /// Appends lines; makes group and stream where `create` says so.
    fn append<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        group: &'a str,
        stream: &'a str,
        lines: Vec<(Timestamp, String)>,
        create: bool,
    ) -> BoxFuture<'a, Result<(), Fault>>;
    /// Whether the group exists in the account and region of `cx`. A port that can't tell says yes.
    fn exists(&self, _cx: &Context, _group: &str) -> bool {
        true
    }
}

/// Checks tokens of user pools.
pub trait UserPools: Send + Sync {
    /// The claims of a valid token of one of these pools (ARNs); the error says why not (`expired`, `signature`, `issuer`...).
    fn verify(&self, cx: &Context, pool_arns: &[String], token: &str) -> Result<serde_json::Map<String, serde_json::Value>, String>;
    /// Whether the pool exists.
    fn exists(&self, cx: &Context, pool_arn: &str) -> bool;
    /// The ARN of a pool by its id (`us-east-1_abcdefghi`), whosever it is.
    fn arn(&self, _cx: &Context, _pool_id: &str) -> Option<String> {
        None
    }
    /// Whether the sign-in behind a verified token of the pool was ended since: signed out, or its user disabled or deleted.
    fn is_revoked(&self, _cx: &Context, _pool_arn: &str, _claims: &serde_json::Map<String, serde_json::Value>) -> bool {
        false
    }
}

/// Finds what signs requests: users' keys (iam) and temporary keys (sts).
pub trait AccessKeys: Send + Sync {
    /// The key, if it is known here. Expired temporary keys are found too: the gateway tells why.
    fn find(&self, cloud: &crate::Cloud, access_key_id: &str) -> Option<AccessKey>;
}

/// A key that signs requests.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Secret.
    pub secret: String,
    /// Session token that must come with it.
    pub session_token: Option<String>,
    /// Who signs with it.
    pub principal: Principal,
    /// End of a temporary key.
    pub expires: Option<Timestamp>,
    /// False for keys that were set inactive.
    pub active: bool,
}

/// Issues temporary credentials inside the house (functions' roles). The trust policy is checked for the service principal.
pub trait Sessions: Send + Sync {
    /// Credentials of a role for a service that runs on its behalf; refused when the role doesn't trust the service.
    fn for_service<'a>(
        &'a self,
        cx: &'a Context,
        role_arn: &'a str,
        service: &'a str,
        session_name: &'a str,
        seconds: u32,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>>;
    /// Credentials of a role for somebody whom an identity provider vouches for, as AssumeRoleWithWebIdentity gives them; the role's trust
    /// policy decides. A port that has only [`for_service`](Self::for_service) refuses.
    fn for_identity<'a>(
        &'a self,
        _cx: &'a Context,
        _role_arn: &'a str,
        _identity: WebIdentity,
    ) -> BoxFuture<'a, Result<TemporaryKey, Fault>> {
        Box::pin(async { Err(Fault::internal("this port makes sessions for services only")) })
    }
}

/// Somebody whom an identity provider vouches for, and the session that is asked for.
#[derive(Clone, Debug, Default)]
pub struct WebIdentity {
    /// Provider, and the condition keys that follow from its token.
    pub federation: Federation,
    /// Session name.
    pub session_name: String,
    /// Session tags that the token carries; the trust policy has to allow `sts:TagSession` where there are any.
    pub tags: Vec<(String, String)>,
    /// Session policies, JSON.
    pub session_policies: Vec<String>,
    /// Length of the session, seconds; the role's own limit holds too.
    pub seconds: u32,
}

/// Checks tokens of identity pools (GetOpenIdToken), for AssumeRoleWithWebIdentity.
pub trait IdentityTokens: Send + Sync {
    /// The claims of a token that an identity pool of this cloud made; the error says why not (`expired`, `signature`, `issuer`).
    fn verify(&self, cx: &Context, token: &str) -> Result<serde_json::Map<String, serde_json::Value>, String>;
}

/// Temporary credentials.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct TemporaryKey {
    /// `LSIA...`
    pub access_key_id: String,
    /// Secret.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: String,
    /// End.
    pub expires: Timestamp,
    /// The session.
    pub session: RoleSession,
}

/// Knows roles.
pub trait Roles: Send + Sync {
    /// A role by ARN.
    fn role(&self, cx: &Context, role_arn: &str) -> Option<RoleInfo>;
    /// The client ids of an OpenID Connect provider by ARN; `None` where there is no such provider.
    fn open_id_clients(&self, _cx: &Context, _provider_arn: &str) -> Option<Vec<String>> {
        None
    }
    /// The document (JSON) of a managed policy by ARN: one of the account's, by its default version, or AWS's own.
    fn managed_policy(&self, _cx: &Context, _account: &str, _policy_arn: &str) -> Option<String> {
        None
    }
}

/// A role.
#[derive(Clone, Debug)]
pub struct RoleInfo {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Path.
    pub path: String,
    /// `AROA...`-like id.
    pub id: String,
    /// Trust policy, JSON.
    pub trust_policy: String,
    /// Longest session, seconds.
    pub max_session_secs: u32,
}

/// Reads and writes the data catalog (Glue) on the caller's own permissions.
pub trait Catalog: Send + Sync {
    /// A database; JSON as GetDatabase answers it under `Database`. Checks `glue:GetDatabase` for the caller.
    fn database<'a>(&'a self, cx: &'a Context, name: &'a str) -> BoxFuture<'a, Result<serde_json::Value, Fault>>;
    /// All databases.
    fn databases<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<Vec<serde_json::Value>, Fault>>;
    /// A table; JSON as GetTable answers it under `Table`.
    fn table<'a>(&'a self, cx: &'a Context, database: &'a str, name: &'a str) -> BoxFuture<'a, Result<serde_json::Value, Fault>>;
    /// All tables of a database.
    fn tables<'a>(&'a self, cx: &'a Context, database: &'a str) -> BoxFuture<'a, Result<Vec<serde_json::Value>, Fault>>;
    /// All partitions of a table; JSON as GetPartitions answers them.
    fn partitions<'a>(&'a self, cx: &'a Context, database: &'a str, table: &'a str)
    -> BoxFuture<'a, Result<Vec<serde_json::Value>, Fault>>;
    /// Runs any other Glue operation with its JSON input (`CreateTable`).
    fn run<'a>(&'a self, cx: &'a Context, operation: &'a str, input: serde_json::Value) -> BoxFuture<'a, Result<serde_json::Value, Fault>>;
}

/// Encrypts for others (KMS). Grants: `kms:GenerateDataKey` and `kms:Decrypt` on the key's ARN, decided as the caller via the service that asks:
/// `cx.via("s3.amazonaws.com").grant(&key_need("kms:GenerateDataKey", &key_arn, &context))`.
pub trait Keys: Send + Sync {
    /// The ARN of a key from its id, ARN or alias, as seen from the account and region of `cx`. `alias/aws/<service>` makes that key where it
    /// is missing, as AWS does on first use. A key that isn't there, is disabled or waits for deletion is KMS's own fault.
    fn resolve<'a>(&'a self, cx: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>>;
    /// A fresh 256-bit data key, plain and encrypted under the key. The same context is needed to decrypt it.
    fn data_key<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<DataKey, Fault>>;
    /// The plain data key behind an encrypted one.
    fn decrypt<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        key_arn: &'a str,
        encrypted: &'a [u8],
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>>;
    /// Lets another service decrypt under this context from now on, by a grant on the key (`kms:CreateGrant`, asked of whoever `cx` is, via
    /// that service); the grant's id. The same again is the same grant.
    fn lend<'a>(
        &'a self,
        _cx: &'a Context,
        _grant: Grant,
        _key_arn: &'a str,
        _service: &'a str,
        _context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async { Err(Fault::internal("this port lends no keys")) })
    }
    /// Ends such a grant by its id (`kms:RetireGrant`); one that is gone is fine.
    fn take_back<'a>(&'a self, _cx: &'a Context, _grant: Grant, _key_arn: &'a str, _grant_id: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(Fault::internal("this port lends no keys")) })
    }
}

/// Names and values that are bound to a ciphertext.
pub type EncryptionContext = std::collections::BTreeMap<String, String>;

/// What a use of a key needs: the action on the key's ARN, with the condition keys of the encryption context (`kms:EncryptionContext:...`).
pub fn key_need(action: &'static str, key_arn: &str, context: &EncryptionContext) -> Need {
    let mut need = Need::on(action, key_arn);
    for (name, value) in context {
        need = need.key(format!("kms:EncryptionContext:{name}"), value);
    }
    match context.is_empty() {
        true => need,
        false => need.keys("kms:EncryptionContextKeys", context.keys().cloned().collect()),
    }
}

/// A data key.
#[derive(Clone)]
pub struct DataKey {
    /// To encrypt with and forget.
    pub plain: [u8; 32],
    /// To keep beside what was encrypted.
    pub encrypted: Bytes,
}

/// Publishes to topics (SNS). Grant: `sns:Publish` on the topic's ARN.
pub trait Topics: Send + Sync {
    /// Publishes a message; its id.
    fn publish<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        topic_arn: &'a str,
        subject: Option<String>,
        message: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>>;
    /// Whether the topic exists.
    fn exists(&self, cx: &Context, topic_arn: &str) -> bool;
}

/// Takes the events that services send of themselves to the default event bus (EventBridge) of the account and region of `cx`. Nobody is asked:
/// a service needs no permission for its own events.
pub trait Events: Send + Sync {
    /// Hands events to the bus inside the caller's transaction, so that they are sent if and only if what they tell happened.
    fn emit(&self, tx: &mut crate::Tx<'_>, cx: &Context, event: ServiceEvent) -> Result<(), Fault>;
}

/// What a service tells the default event bus.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ServiceEvent {
    /// `aws.s3`
    pub source: String,
    /// `Object Created`
    pub detail_type: String,
    /// ARNs.
    pub resources: Vec<String>,
    /// JSON object.
    pub detail: serde_json::Value,
}

/// Provisioned concurrency of functions, as Application Auto Scaling reads and sets it. Grants: `lambda:GetProvisionedConcurrencyConfig` and
/// `lambda:PutProvisionedConcurrencyConfig` on the qualified ARN of the version or alias.
pub trait ScaledFunctions: Send + Sync {
    /// What a version or alias (qualified ARN) has; `None` where it has none. An unknown function or qualifier is Lambda's fault.
    fn provisioned<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        qualified_arn: &'a str,
    ) -> BoxFuture<'a, Result<Option<ProvisionedCapacity>, Fault>>;
    /// Asks for so many environments; the function gets them as it does after PutProvisionedConcurrencyConfig.
    fn provision<'a>(&'a self, cx: &'a Context, grant: Grant, qualified_arn: &'a str, wanted: u32) -> BoxFuture<'a, Result<(), Fault>>;
}

/// Provisioned concurrency of a version or alias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProvisionedCapacity {
    /// Environments that were asked for.
    pub requested: u32,
    /// Environments that stand ready; fewer while a change is under way.
    pub allocated: u32,
}

/// Scaling policies that alarms name among their actions (Application Auto Scaling). Nobody is asked: the policy's owner made the alarm its own.
pub trait ScalingPolicies: Send + Sync {
    /// An alarm went into a state, or is in it still a minute later, whose actions name the policy.
    fn alarmed<'a>(&'a self, cx: &'a Context, policy_arn: &'a str, alarm: AlarmNews) -> BoxFuture<'a, Result<(), Fault>>;
}

/// What a scaling policy is told of its alarm.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AlarmNews {
    /// Name of the alarm.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// The newest datapoint that was looked at, where there was one.
    pub value: Option<f64>,
    /// The alarm's threshold.
    pub threshold: Option<f64>,
}

/// The ports of a cloud.
#[derive(Default)]
pub struct Ports {
    functions: RwLock<Option<Arc<dyn Functions>>>,
    objects: RwLock<Option<Arc<dyn Objects>>>,
    queues: RwLock<Option<Arc<dyn Queues>>>,
    logs: RwLock<Option<Arc<dyn LogLines>>>,
    user_pools: RwLock<Option<Arc<dyn UserPools>>>,
    sessions: RwLock<Option<Arc<dyn Sessions>>>,
    identity_tokens: RwLock<Option<Arc<dyn IdentityTokens>>>,
    roles: RwLock<Option<Arc<dyn Roles>>>,
    catalog: RwLock<Option<Arc<dyn Catalog>>>,
    keys: RwLock<Option<Arc<dyn Keys>>>,
    topics: RwLock<Option<Arc<dyn Topics>>>,
    events: RwLock<Option<Arc<dyn Events>>>,
    metrics: RwLock<Option<Arc<dyn Metrics>>>,
    scaled: RwLock<Option<Arc<dyn ScaledFunctions>>>,
    scaling: RwLock<Option<Arc<dyn ScalingPolicies>>>,
    firewall: RwLock<Option<Arc<dyn Firewall>>>,
    kafka_topics: RwLock<Option<Arc<dyn KafkaTopics>>>,
    secrets: RwLock<Option<Arc<dyn Secrets>>>,
    networks: RwLock<Option<Arc<dyn Networks>>>,
    workflows: RwLock<Option<Arc<dyn Workflows>>>,
    access_keys: RwLock<Vec<Arc<dyn AccessKeys>>>,
}

macro_rules! ports {
    ($($field:ident, $offer:ident: $port:ident, $service:literal;)*) => {
        impl Ports {
            $(
                /// The port, or the fault that names the service that is missing.
                pub fn $field(&self) -> Result<Arc<dyn $port>, Fault> {
                    self.$field.read().clone().ok_or_else(|| missing($service))
                }
                /// Registers the service that offers the port.
                pub fn $offer(&self, port: Arc<dyn $port>) {
                    *self.$field.write() = Some(port);
                }
            )*
            /// Records what a service measured of itself; nothing happens where CloudWatch is not part of the build.
            pub fn measure(&self, scope: &crate::store::Scope, at: Timestamp, measured: &Measured<'_>) {
                if let Some(metrics) = &*self.metrics.read() {
                    metrics.record(scope, at, measured);
                }
            }
            /// Registers a finder of access keys.
            pub fn offer_access_keys(&self, finder: Arc<dyn AccessKeys>) {
                self.access_keys.write().push(finder);
            }
            /// Finds an access key among all that are known.
            pub fn find_access_key(&self, cloud: &crate::Cloud, id: &str) -> Option<AccessKey> {
                self.access_keys.read().iter().find_map(|finder| finder.find(cloud, id))
            }
        }
    };
}
ports! {
    functions, offer_functions: Functions, "lambda";
    objects, offer_objects: Objects, "s3";
    queues, offer_queues: Queues, "sqs";
    logs, offer_logs: LogLines, "logs";
    user_pools, offer_user_pools: UserPools, "cognito-idp";
    sessions, offer_sessions: Sessions, "sts";
    identity_tokens, offer_identity_tokens: IdentityTokens, "cognito-identity";
    roles, offer_roles: Roles, "iam";
    catalog, offer_catalog: Catalog, "glue";
    keys, offer_keys: Keys, "kms";
    topics, offer_topics: Topics, "sns";
    events, offer_events: Events, "events";
    metrics, offer_metrics: Metrics, "cloudwatch";
    scaled, offer_scaled: ScaledFunctions, "lambda";
    scaling, offer_scaling: ScalingPolicies, "application-autoscaling";
    firewall, offer_firewall: Firewall, "wafv2";
    kafka_topics, offer_kafka_topics: KafkaTopics, "kafka";
    secrets, offer_secrets: Secrets, "secretsmanager";
    networks, offer_networks: Networks, "ec2";
    workflows, offer_workflows: Workflows, "glue";
}

fn missing(service: &str) -> Fault {
    Fault::new("ServiceUnavailable", 503, format!("this cloud was built without the {service} service, which the call needs"))
}
