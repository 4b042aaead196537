//! Clusters: made, described, deleted; where they listen. AWS takes a quarter of an hour over it, here a cluster is there at once.

pub(crate) mod check;
mod create;

use crate::{
    Kafka, configurations,
    gate::Gate,
    model::*,
    scram,
    state::{self, CLUSTERS, CONFIGURATIONS, ClusterRow, ListenerKind, POLICIES},
    users::Users,
};
use broker::{Listener, Security};
use kit::{Cloud, Context, Fault, Read, Scope};
use std::{net::SocketAddr, sync::Arc};

/// Versions that MSK offers and the broker speaks (the protocol is the same for all of them), as AWS's guide names them.
const VERSIONS: [&str; 11] =
    ["2.8.1", "3.5.1", "3.6.0", "3.7.x", "3.7.x.kraft", "3.8.x", "3.8.x.kraft", "3.9.x", "3.9.x.kraft", "4.0.x.kraft", "4.1.x.kraft"];
/// What its configuration has to say for clients to make topics by naming them.
const AUTO_CREATE: &str = "auto.create.topics.enable";

impl Kafka {
    /// Describes a provisioned cluster.
    pub async fn describe_cluster(&self, cx: &Context, input: DescribeClusterInput) -> Result<DescribeClusterOutput, Fault> {
        let row = cx.store().read(|s| state::shared(s, &input.cluster_arn))?;
        let unfit =
            || Error::BadRequest.says("This operation cannot be performed on serverless clusters.").with("InvalidParameter", "clusterArn");
        Ok(DescribeClusterOutput { cluster_info: Some(first_form(state::told(&row)?).ok_or_else(unfit)?) })
    }

    /// Describes a cluster of either kind.
    pub async fn describe_cluster_v2(&self, cx: &Context, input: DescribeClusterV2Input) -> Result<DescribeClusterV2Output, Fault> {
        let row = cx.store().read(|s| state::shared(s, &input.cluster_arn))?;
        Ok(DescribeClusterV2Output { cluster_info: Some(state::told(&row)?) })
    }

    /// Provisioned clusters by ARN.
    pub async fn list_clusters(&self, cx: &Context, input: ListClustersInput) -> Result<ListClustersOutput, Fault> {
        let all = all(cx, input.cluster_name_filter.as_deref())?.into_iter().filter_map(first_form);
        let key = |c: &ClusterInfo| c.cluster_arn.clone().unwrap_or_default();
        let page = kit::pages::page(all, key, input.next_token.as_deref(), state::limit(input.max_results), state::bad_token)?;
        Ok(ListClustersOutput { cluster_info_list: Some(page.items), next_token: page.next })
    }

    /// Clusters of both kinds by ARN.
    pub async fn list_clusters_v2(&self, cx: &Context, input: ListClustersV2Input) -> Result<ListClustersV2Output, Fault> {
        let kind = input.cluster_type_filter.filter(|kind| !kind.is_empty());
        let of_kind =
            |c: &Cluster| kind.as_ref().is_none_or(|kind| c.cluster_type.as_ref().is_some_and(|t| t.as_str().eq_ignore_ascii_case(kind)));
        let all = all(cx, input.cluster_name_filter.as_deref())?.into_iter().filter(of_kind);
        let key = |c: &Cluster| c.cluster_arn.clone().unwrap_or_default();
        let page = kit::pages::page(all, key, input.next_token.as_deref(), state::limit(input.max_results), state::bad_token)?;
        Ok(ListClustersV2Output { cluster_info_list: Some(page.items), next_token: page.next })
    }

    /// Deletes a cluster; its listeners end with it. Topics are the broker's and stay, for other clusters see them too.
    pub async fn delete_cluster(&self, cx: &Context, input: DeleteClusterInput) -> Result<DeleteClusterOutput, Fault> {
        let arn = input.cluster_arn;
        // A request that is refused leaves the secrets alone.
        let ours = |row: ClusterRow| Ok::<_, Fault>((state::told(&row)?.current_version, row));
        let (version, _) = cx.store().read(|s| state::cluster(s, cx, &arn)).and_then(ours)?;
        if input.current_version.is_none() || input.current_version == version {
            scram::forget(cx, &arn).await?;
        }
        let row = cx
            .store()
            .write(|tx| {
                let row = state::cluster(tx, cx, &arn)?;
                let version = state::told(&row)?.current_version;
                if input.current_version.is_some() && input.current_version != version {
                    return Err(Error::BadRequest
                        .says("The current version is not that of the cluster.")
                        .with("InvalidParameter", "currentVersion"));
                }
                tx.delete(&CLUSTERS, &state::scope_of(cx, &arn)?, &arn)?;
                tx.delete(&POLICIES, &state::scope_of(cx, &arn)?, &arn)?;
                Ok(row)
            })
            .await?;
        for (_, port) in row.listeners {
            self.broker()?.hang_up(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        Ok(DeleteClusterOutput { cluster_arn: Some(arn), state: Some(ClusterState::Deleting) })
    }

    /// Where clients connect, by how they say who they are.
    pub async fn get_bootstrap_brokers(&self, cx: &Context, input: GetBootstrapBrokersInput) -> Result<GetBootstrapBrokersOutput, Fault> {
        let row = cx.store().read(|s| state::shared(s, &input.cluster_arn))?;
        let own = |port: u16| self.external.clone().unwrap_or_else(|| format!("127.0.0.1:{port}"));
        let at = |kind| row.listeners.iter().find(|(k, _)| *k == kind).map(|(_, port)| own(*port));
        Ok(GetBootstrapBrokersOutput {
            bootstrap_broker_string: at(ListenerKind::Plaintext),
            bootstrap_broker_string_tls: at(ListenerKind::Tls),
            bootstrap_broker_string_sasl_iam: at(ListenerKind::Iam),
            bootstrap_broker_string_sasl_scram: at(ListenerKind::Scram),
            ..GetBootstrapBrokersOutput::default()
        })
    }

    /// The brokers that a provisioned cluster is said to have. All of them are the one of this process.
    pub async fn list_nodes(&self, cx: &Context, input: ListNodesInput) -> Result<ListNodesOutput, Fault> {
        let row = cx.store().read(|s| state::cluster(s, cx, &input.cluster_arn))?;
        let cluster = state::told(&row)?;
        let provisioned = cluster.provisioned.unwrap_or_default();
        let group = provisioned.broker_node_group_info.unwrap_or_default();
        let endpoints: Vec<String> = match &self.external {
            Some(servers) => servers.split(',').map(str::to_owned).collect(),
            None => row.listeners.iter().map(|(_, port)| format!("127.0.0.1:{port}")).collect(),
        };
        let node = |n: i32| NodeInfo {
            added_to_cluster_time: cluster.creation_time.map(kit::time::iso_secs),
            broker_node_info: Some(BrokerNodeInfo {
                broker_id: Some(n.into()),
                client_subnet: group.client_subnets.get((n as usize - 1) % group.client_subnets.len().max(1)).cloned(),
                client_vpc_ip_address: Some("127.0.0.1".into()),
                current_broker_software_info: provisioned.current_broker_software_info.clone(),
                endpoints: Some(endpoints.clone()),
                ..BrokerNodeInfo::default()
            }),
            instance_type: Some(group.instance_type.clone()),
            node_arn: Some(state::inside(&input.cluster_arn, "broker", &n.to_string())),
            node_type: Some(NodeType::Broker),
            ..NodeInfo::default()
        };
        let nodes = (1..=provisioned.number_of_broker_nodes).map(node);
        let key = |n: &NodeInfo| n.broker_node_info.as_ref().and_then(|b| b.broker_id).map_or_else(String::new, |id| format!("{id:08}"));
        let page = kit::pages::page(nodes, key, input.next_token.as_deref(), state::limit(input.max_results), state::bad_token)?;
        Ok(ListNodesOutput { node_info_list: Some(page.items), next_token: page.next })
    }

    /// Versions of Kafka.
    pub async fn list_kafka_versions(&self, _: &Context, input: ListKafkaVersionsInput) -> Result<ListKafkaVersionsOutput, Fault> {
        let limit = state::limit(input.max_results);
        let page = kit::pages::page(VERSIONS, |v| (*v).to_owned(), input.next_token.as_deref(), limit, state::bad_token)?;
        let show = |version: &str| KafkaVersion { version: Some(version.to_owned()), status: Some(KafkaVersionStatus::Active) };
        Ok(ListKafkaVersionsOutput { kafka_versions: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Opens a listener of a cluster, at a port if it is free. `creates`: clients make topics by naming them.
    async fn open(
        &self,
        cloud: &Arc<Cloud>,
        (scope, arn): (&Scope, &str),
        kind: ListenerKind,
        port: u16,
        creates: bool,
    ) -> Result<u16, Fault> {
        let listener = |port| {
            let plain = Listener { auto_create: creates, ..Listener::plaintext(SocketAddr::from(([127, 0, 0, 1], port))) };
            match kind {
                ListenerKind::Plaintext => plain,
                ListenerKind::Tls => Listener { security: Security::Tls, ..plain },
                ListenerKind::Iam => Listener {
                    security: Security::SaslTls,
                    mechanisms: vec!["OAUTHBEARER"],
                    authority: Some(Gate::new(cloud, scope.clone(), arn)),
                    ..plain
                },
                ListenerKind::Scram => Listener {
                    security: Security::SaslTls,
                    mechanisms: vec!["SCRAM-SHA-512"],
                    authority: Some(Users::new(cloud, scope.clone(), arn)),
                    ..plain
                },
            }
        };
        if self.external.is_some() {
            return Ok(0);
        }
        let broker = self.broker()?;
        let bound = match broker.listen(&listener(port)).await {
            Err(_) if port != 0 => broker.listen(&listener(0)).await,
            other => other,
        };
        bound.map(|bound| bound.address.port()).map_err(|e| Fault::internal(format!("the cluster can't listen: {e}")))
    }
}

/// Opens the listeners of all clusters, when the cloud starts.
pub(crate) async fn listen_again(kafka: &Kafka, cx: &Context) -> Result<(), Fault> {
    let rows = cx.store().read(|s| s.scan_all_scopes(&CLUSTERS).collect::<Result<Vec<_>, Fault>>())?;
    for (scope, arn, row) in rows {
        let mut listeners = Vec::new();
        let creates = cx.store().read(|s| creates_topics(s, &scope, &state::told(&row)?))?;
        for (kind, port) in &row.listeners {
            listeners.push((*kind, kafka.open(cx.cloud(), (&scope, &arn), *kind, *port, creates).await?));
        }
        let row = ClusterRow { listeners, ..row };
        cx.store().write(|tx| tx.put(&CLUSTERS, &scope, &arn, &row)).await?;
    }
    Ok(())
}

/// Whether clients make topics by naming them: on MSK only where the cluster's configuration says so (AWS's guide, default configuration).
fn creates_topics(read: &impl Read, scope: &Scope, cluster: &Cluster) -> Result<bool, Fault> {
    let software = cluster.provisioned.as_ref().and_then(|p| p.current_broker_software_info.as_ref());
    let Some((arn, revision)) = software.and_then(|s| s.configuration_arn.clone().zip(s.configuration_revision)) else { return Ok(false) };
    let row = read.get(&CONFIGURATIONS, scope, &arn)?;
    Ok(row.and_then(|row| configurations::says(&row, revision, AUTO_CREATE)).is_some_and(|said| said.eq_ignore_ascii_case("true")))
}

fn all(cx: &Context, prefix: Option<&str>) -> Result<Vec<Cluster>, Fault> {
    let rows = cx.store().read(|s| s.scan(&CLUSTERS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
    let clusters = rows.iter().map(|(_, row)| state::told(row)).collect::<Result<Vec<_>, Fault>>()?;
    let named = |c: &Cluster| c.cluster_name.as_deref().is_some_and(|name| name.starts_with(prefix.unwrap_or_default()));
    Ok(clusters.into_iter().filter(named).collect())
}

/// A provisioned cluster as the first version of the API tells it; `None` of serverless ones.
fn first_form(cluster: Cluster) -> Option<ClusterInfo> {
    let provisioned = cluster.provisioned?;
    let monitoring = provisioned.open_monitoring.and_then(|m| m.prometheus).map(|p| Prometheus {
        jmx_exporter: p.jmx_exporter.map(|e| JmxExporter { enabled_in_broker: e.enabled_in_broker }),
        node_exporter: p.node_exporter.map(|e| NodeExporter { enabled_in_broker: e.enabled_in_broker }),
    });
    Some(ClusterInfo {
        broker_node_group_info: provisioned.broker_node_group_info,
        rebalancing: provisioned.rebalancing,
        client_authentication: provisioned.client_authentication,
        cluster_arn: cluster.cluster_arn,
        cluster_name: cluster.cluster_name,
        creation_time: cluster.creation_time,
        current_broker_software_info: provisioned.current_broker_software_info,
        current_version: cluster.current_version,
        encryption_info: provisioned.encryption_info,
        enhanced_monitoring: provisioned.enhanced_monitoring,
        open_monitoring: monitoring.map(|prometheus| OpenMonitoring { prometheus: Some(prometheus) }),
        logging_info: provisioned.logging_info,
        number_of_broker_nodes: Some(provisioned.number_of_broker_nodes),
        state: cluster.state,
        tags: cluster.tags,
        storage_mode: provisioned.storage_mode,
        ..ClusterInfo::default()
    })
}
