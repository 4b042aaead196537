//! A new cluster: a row, and listeners on the one broker.

use super::check;
use crate::{
    Kafka,
    model::*,
    networks,
    state::{self, CLUSTERS, ListenerKind},
    tags,
};
use kit::{Context, Fault, Read};
use std::{collections::BTreeMap, net::SocketAddr};

impl Kafka {
    /// Makes a provisioned cluster.
    pub async fn create_cluster(&self, cx: &Context, input: CreateClusterInput) -> Result<CreateClusterOutput, Fault> {
        let asked = ProvisionedRequest {
            broker_node_group_info: input.broker_node_group_info,
            rebalancing: input.rebalancing,
            client_authentication: input.client_authentication,
            configuration_info: input.configuration_info,
            encryption_info: input.encryption_info,
            enhanced_monitoring: input.enhanced_monitoring,
            open_monitoring: input.open_monitoring,
            kafka_version: input.kafka_version,
            logging_info: input.logging_info,
            number_of_broker_nodes: input.number_of_broker_nodes,
            storage_mode: input.storage_mode,
        };
        let made = self.provisioned(cx, input.cluster_name, input.tags, asked).await?;
        Ok(CreateClusterOutput { cluster_arn: made.cluster_arn, cluster_name: made.cluster_name, state: Some(ClusterState::Creating) })
    }

    /// Makes a cluster of either kind.
    pub async fn create_cluster_v2(&self, cx: &Context, input: CreateClusterV2Input) -> Result<CreateClusterV2Output, Fault> {
        let made = match (input.provisioned, input.serverless) {
            (Some(asked), None) => self.provisioned(cx, input.cluster_name, input.tags, asked).await?,
            (None, Some(asked)) => self.serverless(cx, input.cluster_name, input.tags, asked).await?,
            _ => return Err(check::bad("provisioned", "Exactly one of provisioned and serverless must be given.")),
        };
        Ok(CreateClusterV2Output {
            cluster_arn: made.cluster_arn,
            cluster_name: made.cluster_name,
            state: Some(ClusterState::Creating),
            cluster_type: made.cluster_type,
        })
    }

    async fn provisioned(
        &self,
        cx: &Context,
        name: String,
        tags: Option<BTreeMap<String, String>>,
        asked: ProvisionedRequest,
    ) -> Result<Cluster, Fault> {
        check::provisioned(cx, &asked)?;
        let kinds = check::listeners(&asked)?;
        let group = &asked.broker_node_group_info;
        networks::check(cx, &group.client_subnets, group.security_groups.as_deref().unwrap_or_default()).await?;
        let (arn, revision) = asked.configuration_info.map_or((None, None), |c| (Some(c.arn), Some(c.revision)));
        let software =
            BrokerSoftwareInfo { configuration_arn: arn, configuration_revision: revision, kafka_version: Some(asked.kafka_version) };
        let provisioned = Provisioned {
            broker_node_group_info: Some(asked.broker_node_group_info),
            rebalancing: asked.rebalancing,
            current_broker_software_info: Some(software),
            client_authentication: asked.client_authentication,
            encryption_info: asked.encryption_info,
            enhanced_monitoring: asked.enhanced_monitoring.or(Some(EnhancedMonitoring::Default)),
            open_monitoring: asked.open_monitoring,
            logging_info: asked.logging_info,
            number_of_broker_nodes: asked.number_of_broker_nodes,
            storage_mode: asked.storage_mode.or(Some(StorageMode::Local)),
            ..Provisioned::default()
        };
        let cluster = Cluster { cluster_type: Some(ClusterType::Provisioned), provisioned: Some(provisioned), ..Cluster::default() };
        self.make(cx, name, tags, cluster, kinds).await
    }

    async fn serverless(
        &self,
        cx: &Context,
        name: String,
        tags: Option<BTreeMap<String, String>>,
        asked: ServerlessRequest,
    ) -> Result<Cluster, Fault> {
        let iam = asked.client_authentication.as_ref().and_then(|a| a.sasl.as_ref()?.iam.as_ref()?.enabled);
        if iam != Some(true) {
            return Err(check::bad("clientAuthentication", "Serverless clusters must have IAM access control enabled."));
        }
        for vpc in &asked.vpc_configs {
            networks::check(cx, &vpc.subnet_ids, vpc.security_group_ids.as_deref().unwrap_or_default()).await?;
        }
        let serverless =
            Serverless { vpc_configs: asked.vpc_configs, client_authentication: asked.client_authentication, ..Serverless::default() };
        let cluster = Cluster { cluster_type: Some(ClusterType::Serverless), serverless: Some(serverless), ..Cluster::default() };
        self.make(cx, name, tags, cluster, vec![ListenerKind::Iam]).await
    }

    async fn make(
        &self,
        cx: &Context,
        name: String,
        given: Option<BTreeMap<String, String>>,
        cluster: Cluster,
        kinds: Vec<ListenerKind>,
    ) -> Result<Cluster, Fault> {
        let given = given.unwrap_or_default();
        check::name(&name)?;
        tags::check(&given)?;
        // ARNs of serverless clusters end with an s and a number.
        let end = if cluster.serverless.is_some() { "s1" } else { "1" };
        let arn = format!("arn:aws:kafka:{}:{}:cluster/{name}/{}-{end}", cx.region(), cx.account(), cx.ids().uuid());
        let cluster = Cluster {
            cluster_arn: Some(arn.clone()),
            cluster_name: Some(name.clone()),
            creation_time: Some(cx.now()),
            current_version: Some(format!("K{}", cx.ids().upper(13))),
            state: Some(ClusterState::Active),
            tags: Some(given),
            ..cluster
        };
        let creates = cx.store().read(|s| super::creates_topics(s, cx.scope(), &cluster))?;
        let mut listeners = Vec::new();
        for kind in kinds {
            listeners.push((kind, self.open(cx.cloud(), (cx.scope(), &arn), kind, 0, creates).await?));
        }
        let row = state::row(&cluster, listeners.clone());
        let written = cx
            .store()
            .write(|tx| {
                for other in tx.scan(&CLUSTERS, cx.scope()) {
                    if state::told(&other?.1)?.cluster_name.as_ref() == Some(&name) {
                        return Err(Error::Conflict
                            .says("A resource with the same name already exists.")
                            .with("InvalidParameter", "clusterName"));
                    }
                }
                tx.put(&CLUSTERS, cx.scope(), &arn, &row)
            })
            .await;
        if let Err(fault) = written {
            for (_, port) in listeners {
                self.broker()?.hang_up(SocketAddr::from(([127, 0, 0, 1], port)));
            }
            return Err(fault);
        }
        Ok(cluster)
    }
}
