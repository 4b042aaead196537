//! Who a mapping's poller is: the function's role, which must be allowed what AWS's guide lists, and the secrets that the mapping names.

use super::{super::Mapping, Status, Topic};
use crate::state::{config, function};
use kit::{
    Context, Fault, Need, RoleSession, Scope, Timestamp,
    ports::{KafkaLogin, KafkaPlace, KafkaSource, KafkaTrouble as Trouble, SecretValue, SecretVersion},
};
use serde_json::Value;
use std::sync::Arc;

/// Sessions that end within this time are made anew.
const LAPSE_SECS: i128 = 120;
/// What a role needs to reach into a VPC (AWS's guide, "Configuring Lambda permissions for Amazon MSK event source mappings").
const VPC_ACTIONS: [&str; 6] = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
];

/// Credentials of a function's role, and what was read with them.
#[derive(Clone)]
pub(super) struct Session {
    role: String,
    session: Arc<RoleSession>,
    expires: Timestamp,
    source: KafkaSource,
}

/// Why a mapping can't read.
pub(super) enum Problem {
    /// Kafka said so, or the way to it.
    Kafka(Trouble),
    /// The function or its role is not fit.
    Function(String),
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Problem {
        Problem::Kafka(trouble)
    }
}

impl Problem {
    /// As a mapping tells it: AWS's code where its guide has one for the case, and the sentence that begins as AWS's does.
    pub fn status(&self) -> Status {
        let (code, text) = match self {
            Problem::Kafka(Trouble::Connection(why)) => {
                ("ESM_CONFIG_NOT_VALID", format!("Connection error. Please check your event source connection configuration. {why}"))
            }
            Problem::Kafka(Trouble::NoCluster) => ("ESM_CONFIG_NOT_VALID", "The event source cluster does not exist.".into()),
            Problem::Kafka(Trouble::NoTopic) => ("ESM_CONFIG_NOT_VALID", "The topic does not exist in the event source.".into()),
            Problem::Kafka(Trouble::Authentication(why)) => {
                ("EVENT_SOURCE_AUTHN_ERROR", format!("Server failed to authenticate Lambda: {why}"))
            }
            Problem::Kafka(Trouble::Authorization(why)) => {
                ("EVENT_SOURCE_AUTHZ_ERROR", format!("Cluster failed to authorize Lambda: {why}"))
            }
            Problem::Kafka(Trouble::Broker(why)) => ("ESM_CONFIG_NOT_VALID", format!("The event source answered: {why}")),
            Problem::Function(why) => ("FUNCTION_CONFIG_NOT_VALID", why.clone()),
        };
        Status { reason: Some(code.into()), result: format!("PROBLEM: {text}") }
    }
}

/// The role's context and the source, out of `known` as long as that is good.
pub(super) async fn enter(
    cx: &Context,
    scope: &Scope,
    mapping: &Mapping,
    topic: &Topic,
    known: Option<Session>,
) -> Result<(Context, Session), Problem> {
    let name = mapping.name(scope);
    let found = cx.store().read(|s| config(s, &name, &function(s, &name)?));
    let role = found.map_err(|fault| Problem::Function(fault.message))?.role;
    let good = |k: &Session| k.role == role && k.expires.unix_ns - cx.now().unix_ns > LAPSE_SECS * 1_000_000_000;
    if let Some(known) = known.filter(good) {
        return Ok((cx.as_role(known.session.clone()), known));
    }
    let assumed = async {
        let sessions = cx.cloud().ports().sessions()?;
        sessions.for_service(cx, &role, "lambda.amazonaws.com", &mapping.function, 12 * 3600).await
    };
    let unfit =
        |fault: Fault| Problem::Function(format!("The role defined for the function cannot be assumed by Lambda. {}", fault.message));
    let made = assumed.await.map_err(unfit)?;
    let session = Arc::new(made.session);
    let as_role = cx.as_role(session.clone());
    allowed(&as_role, mapping, topic)?;
    networks(&as_role, topic).await?;
    let source = source(&as_role, mapping, topic).await?;
    Ok((as_role, Session { role, session, expires: made.expires, source }))
}

impl Session {
    /// The topic, and who reads it.
    pub fn source(&self) -> &KafkaSource {
        &self.source
    }
}

/// What the role must be allowed beside Kafka's own actions.
fn allowed(role: &Context, mapping: &Mapping, topic: &Topic) -> Result<(), Problem> {
    let may = |action: &str, resource: &str| role.decide(&Need::on(action.to_owned(), resource)).allowed;
    let lacks = |action: &str| Problem::Kafka(Trouble::Authorization(format!("the function's execution role is not allowed {action}")));
    let in_vpc = topic.servers.is_empty() || topic.access.iter().any(|(kind, _)| kind.starts_with("VPC_"));
    if topic.servers.is_empty() {
        let cluster = &mapping.queue_arn;
        // Either will do (the same guide), but only the second version knows serverless clusters: their ARNs end with an s and a number.
        let serverless = cluster.rsplit_once('-').is_some_and(|(_, end)| end.starts_with('s'));
        if !may("kafka:DescribeClusterV2", cluster) && (serverless || !may("kafka:DescribeCluster", cluster)) {
            return Err(lacks(&format!("kafka:DescribeClusterV2 on {cluster}")));
        }
        if !may("kafka:GetBootstrapBrokers", cluster) {
            return Err(lacks(&format!("kafka:GetBootstrapBrokers on {cluster}")));
        }
    }
    // What makes and deletes goes by the thing's ARN, what describes by none (Service Authorization Reference, EC2).
    let interfaces = format!("arn:aws:ec2:{}:{}:network-interface/*", role.region(), role.account());
    let on = |action: &str| if action.starts_with("ec2:Describe") { "*" } else { interfaces.as_str() };
    match VPC_ACTIONS.iter().find(|action| in_vpc && !may(action, on(action))) {
        Some(action) => Err(lacks(action)),
        None => Ok(()),
    }
}

/// Networks that a mapping names must be there, where the cloud has EC2. (Nothing says that AWS looks when the mapping is made; its pollers do.)
async fn networks(role: &Context, topic: &Topic) -> Result<(), Problem> {
    let Ok(networks) = role.cloud().ports().networks() else { return Ok(()) };
    let named = |kind: &str| -> Vec<String> {
        let uris = topic.access.iter().filter(|(k, _)| k == kind);
        uris.filter_map(|(_, uri)| uri.split_once(':').map(|(_, id)| id.to_owned())).collect()
    };
    let may = |action: &'static str| role.grant(&Need::on(action, "*")).map_err(|fault| Trouble::Authorization(fault.message));
    let gone = |fault: Fault| Trouble::Connection(fault.message);
    let (subnets, groups) = (named("VPC_SUBNET"), named("VPC_SECURITY_GROUP"));
    if !subnets.is_empty() {
        networks.subnets(role, may("ec2:DescribeSubnets")?, &subnets).await.map_err(gone)?;
    }
    if !groups.is_empty() {
        networks.security_groups(role, may("ec2:DescribeSecurityGroups")?, &groups).await.map_err(gone)?;
    }
    Ok(())
}

async fn source(role: &Context, mapping: &Mapping, topic: &Topic) -> Result<KafkaSource, Problem> {
    let uri = |kind: &str| topic.access.iter().find(|(k, _)| k == kind).map(|(_, uri)| uri.as_str());
    let place = match topic.servers.is_empty() {
        true => KafkaPlace::Cluster(mapping.queue_arn.clone()),
        false => KafkaPlace::Servers(topic.servers.clone()),
    };
    let mut login = KafkaLogin::Default;
    if let Some(secret) = uri("BASIC_AUTH") {
        let (user, password) = user(role, secret).await?;
        login = KafkaLogin::Plain { user, password };
    }
    for (kind, short) in [("SASL_SCRAM_512_AUTH", false), ("SASL_SCRAM_256_AUTH", true)] {
        if let Some(secret) = uri(kind) {
            let (user, password) = user(role, secret).await?;
            login = KafkaLogin::Scram { short, user, password };
        }
    }
    let root_ca = match uri("SERVER_ROOT_CA_CERTIFICATE") {
        Some(secret) => Some(member(&read(role, secret).await?, secret, "certificate")?),
        None => None,
    };
    Ok(KafkaSource { place, topic: topic.topic.clone(), group: topic.group.clone(), login, root_ca, poller: true })
}

async fn user(role: &Context, secret: &str) -> Result<(String, String), Problem> {
    let value = read(role, secret).await?;
    Ok((member(&value, secret, "username")?, member(&value, secret, "password")?))
}

/// A secret's JSON, read as the role.
async fn read(role: &Context, secret: &str) -> Result<Value, Problem> {
    let value = value(role, &SecretVersion::current(secret)).await;
    let value = value.map_err(|fault| Trouble::Authentication(format!("the secret {secret} can't be read: {}", fault.message)))?;
    let parsed = match &value {
        SecretValue::Text(text) => serde_json::from_str(text).ok(),
        SecretValue::Binary(_) => None,
    };
    Ok(parsed.ok_or_else(|| Trouble::Authentication(format!("the secret {secret} is not JSON")))?)
}

async fn value(role: &Context, version: &SecretVersion) -> Result<SecretValue, Fault> {
    let secrets = role.cloud().ports().secrets()?;
    let grant = role.grant(&secrets.need(role, version))?;
    secrets.value(role, grant, version).await
}

fn member(value: &Value, secret: &str, name: &str) -> Result<String, Problem> {
    let text = value[name].as_str().filter(|text| !text.is_empty());
    Ok(text.ok_or_else(|| Trouble::Authentication(format!("the secret {secret} has no {name}")))?.to_owned())
}
