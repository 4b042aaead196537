//! What is asked of a new cluster: refused by name where it isn't done, warned of where it has no effect here.

use super::VERSIONS;
use crate::{
    model::*,
    state::{self, ListenerKind},
};
use kit::{Context, Fault};

/// Most brokers of a cluster; AWS's quota of ZooKeeper clusters.
const BROKERS_MAX: i32 = 30;

/// Sizes of brokers (AWS's guide, "Amazon MSK broker types").
const STANDARD: [&str; 16] = [
    "t3.small",
    "m5.large",
    "m5.xlarge",
    "m5.2xlarge",
    "m5.4xlarge",
    "m5.8xlarge",
    "m5.12xlarge",
    "m5.16xlarge",
    "m5.24xlarge",
    "m7g.large",
    "m7g.xlarge",
    "m7g.2xlarge",
    "m7g.4xlarge",
    "m7g.8xlarge",
    "m7g.12xlarge",
    "m7g.16xlarge",
];

/// Checks a cluster's name: letters, digits and hyphens.
pub(super) fn name(name: &str) -> Result<(), Fault> {
    let good = (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match good {
        true => Ok(()),
        false => Err(bad("clusterName", "The cluster name must be 1 to 64 letters, digits and hyphens.")),
    }
}

fn instance(kind: &str) -> Result<(), Fault> {
    let good = match kind.split_once('.') {
        Some(("kafka", size)) => STANDARD.contains(&size),
        Some(("express", size)) => size.starts_with("m7g.") && STANDARD.contains(&size),
        _ => false,
    };
    match good {
        true => Ok(()),
        false => Err(bad("instanceType", format!("Unsupported InstanceType [{kind}]."))),
    }
}

/// Checks a provisioned cluster.
pub(super) fn provisioned(cx: &Context, asked: &ProvisionedRequest) -> Result<(), Fault> {
    let group = &asked.broker_node_group_info;
    if !VERSIONS.contains(&asked.kafka_version.as_str()) {
        return Err(bad("kafkaVersion", format!("Unsupported KafkaVersion [{}]. Valid values: {VERSIONS:?}", asked.kafka_version)));
    }
    instance(&group.instance_type)?;
    let subnets = group.client_subnets.len() as i32;
    if subnets == 0 || asked.number_of_broker_nodes < 1 || asked.number_of_broker_nodes % subnets != 0 {
        let why = "The number of broker nodes must be a multiple of Availability Zones in the Subnets parameter.";
        return Err(bad("numberOfBrokerNodes", why));
    }
    if asked.number_of_broker_nodes > BROKERS_MAX {
        return Err(bad("numberOfBrokerNodes", format!("At most {BROKERS_MAX} brokers are allowed.")));
    }
    let connectivity = group.connectivity_info.as_ref();
    if connectivity.and_then(|c| c.public_access.as_ref()?.r#type.as_deref()).is_some_and(|kind| kind != "DISABLED") {
        return Err(state::not_implemented("public access"));
    }
    if connectivity.is_some_and(|c| c.vpc_connectivity.is_some()) {
        return Err(state::not_implemented("multi-VPC connectivity"));
    }
    let authentication = asked.client_authentication.as_ref();
    if authentication.and_then(|a| a.tls.as_ref()?.enabled) == Some(true) {
        return Err(state::not_implemented("mutual TLS with certificates of a private CA"));
    }
    if let Some(configuration) = &asked.configuration_info {
        let row = cx.store().read(|s| crate::configurations::find(s, cx, &configuration.arn))?;
        if configuration.revision < 1 || configuration.revision > row.revisions.len() as i64 {
            return Err(bad("configurationInfo", "The specified revision of the configuration does not exist."));
        }
        cx.warn(
            "Of ConfigurationInfo only auto.create.topics.enable has an effect: the broker of this process takes its settings at its start",
        );
    }
    let without_effect = [
        ("LoggingInfo", asked.logging_info.is_some()),
        ("OpenMonitoring", asked.open_monitoring.is_some()),
        ("EnhancedMonitoring", asked.enhanced_monitoring.is_some_and(|level| level != EnhancedMonitoring::Default)),
        ("StorageMode TIERED", asked.storage_mode == Some(StorageMode::Tiered)),
        ("Rebalancing", asked.rebalancing.is_some()),
    ];
    for (what, given) in without_effect {
        if given {
            cx.warn(format!("{what} is kept and has no effect"));
        }
    }
    if asked.encryption_info.as_ref().is_some_and(|e| e.encryption_at_rest.is_some()) {
        cx.warn("EncryptionAtRest is kept: logs lie plain in the data folder");
    }
    Ok(())
}

/// The listeners of a provisioned cluster, by what it says of authentication and encryption (AWS's developer guide: TLS alone by default).
pub(super) fn listeners(asked: &ProvisionedRequest) -> Result<Vec<ListenerKind>, Fault> {
    let authentication = asked.client_authentication.as_ref();
    let in_transit = asked.encryption_info.as_ref().and_then(|e| e.encryption_in_transit.as_ref()?.client_broker);
    let iam = authentication.and_then(|a| a.sasl.as_ref()?.iam.as_ref()?.enabled) == Some(true);
    let open = authentication.is_none_or(|a| a.unauthenticated.as_ref().map_or(a.sasl.is_none(), |u| u.enabled == Some(true)));
    let mut kinds = Vec::new();
    if open {
        match in_transit {
            Some(ClientBroker::Plaintext) => kinds.push(ListenerKind::Plaintext),
            Some(ClientBroker::TlsPlaintext) => kinds.extend([ListenerKind::Plaintext, ListenerKind::Tls]),
            _ => kinds.push(ListenerKind::Tls),
        }
    }
    if iam {
        if in_transit == Some(ClientBroker::Plaintext) {
            return Err(bad("encryptionInfo", "IAM access control needs encryption in transit between clients and brokers."));
        }
        kinds.push(ListenerKind::Iam);
    }
    if authentication.and_then(|a| a.sasl.as_ref()?.scram.as_ref()?.enabled) == Some(true) {
        if in_transit == Some(ClientBroker::Plaintext) {
            return Err(bad("encryptionInfo", "SASL/SCRAM needs encryption in transit between clients and brokers."));
        }
        kinds.push(ListenerKind::Scram);
    }
    match kinds.is_empty() {
        true => Err(bad("clientAuthentication", "At least one way of authentication must be enabled.")),
        false => Ok(kinds),
    }
}

/// A refusal that names the parameter.
pub(crate) fn bad(parameter: &str, why: impl Into<String>) -> Fault {
    Error::BadRequest.says(why.into()).with("InvalidParameter", parameter)
}
