//! What each operation needs to be allowed (Service Authorization Reference, Amazon MSK).

use crate::{Kafka, model::*};
use kit::{Access, Authorize, Context, Need};
use std::collections::BTreeMap;

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Kafka> for $input {
            fn access(&self, _: &Kafka, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}

/// Topics are Kafka's own: beside MSK's action the caller needs those of the data plane, as who connects does.
fn on_topic(action: &'static str, data: &'static str, cluster: &str, topic: &str) -> Access {
    let topic = crate::state::inside(cluster, "topic", topic);
    Access::on(action, cluster).and(Need::on("kafka-cluster:Connect", cluster)).and(Need::on(data, topic))
}

/// A new cluster; tags that it is given are condition keys, and need the permission to set them.
fn making(cx: &Context, action: &'static str, name: &str, tags: Option<&BTreeMap<String, String>>) -> Access {
    let making = Need::on(action, "*");
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return making.into() };
    let new = format!("arn:aws:kafka:{}:{}:cluster/{name}/*", cx.region(), cx.account());
    Access::Needs(vec![with_tags(making, tags), with_tags(Need::on("kafka:TagResource", new), tags)])
}

fn with_tags(need: Need, tags: &BTreeMap<String, String>) -> Need {
    let need = need.keys("aws:TagKeys", tags.keys().cloned().collect());
    tags.iter().fold(need, |need, (key, value)| need.key(format!("aws:RequestTag/{key}"), value))
}

access! {
    CreateClusterInput(me, cx) => making(cx, "kafka:CreateCluster", &me.cluster_name, me.tags.as_ref());
    CreateClusterV2Input(me, cx) => making(cx, "kafka:CreateClusterV2", &me.cluster_name, me.tags.as_ref());
    DescribeClusterInput(me, _cx) => Access::on("kafka:DescribeCluster", &me.cluster_arn);
    DescribeClusterV2Input(me, _cx) => Access::on("kafka:DescribeClusterV2", &me.cluster_arn);
    ListClustersInput(_me, _cx) => Access::any("kafka:ListClusters");
    ListClustersV2Input(_me, _cx) => Access::any("kafka:ListClustersV2");
    DeleteClusterInput(me, _cx) => Access::on("kafka:DeleteCluster", &me.cluster_arn);
    GetBootstrapBrokersInput(me, _cx) => Access::on("kafka:GetBootstrapBrokers", &me.cluster_arn);
    ListNodesInput(me, _cx) => Access::on("kafka:ListNodes", &me.cluster_arn);
    ListKafkaVersionsInput(_me, _cx) => Access::any("kafka:ListKafkaVersions");
    BatchAssociateScramSecretInput(me, _cx) => Access::on("kafka:BatchAssociateScramSecret", &me.cluster_arn);
    BatchDisassociateScramSecretInput(me, _cx) => Access::on("kafka:BatchDisassociateScramSecret", &me.cluster_arn);
    ListScramSecretsInput(me, _cx) => Access::on("kafka:ListScramSecrets", &me.cluster_arn);
    PutClusterPolicyInput(me, _cx) => Access::on("kafka:PutClusterPolicy", &me.cluster_arn);
    GetClusterPolicyInput(me, _cx) => Access::on("kafka:GetClusterPolicy", &me.cluster_arn);
    DeleteClusterPolicyInput(me, _cx) => Access::on("kafka:DeleteClusterPolicy", &me.cluster_arn);
    CreateTopicInput(me, _cx) => on_topic("kafka:CreateTopic", "kafka-cluster:CreateTopic", &me.cluster_arn, &me.topic_name);
    DeleteTopicInput(me, _cx) => on_topic("kafka:DeleteTopic", "kafka-cluster:DeleteTopic", &me.cluster_arn, &me.topic_name);
    DescribeTopicInput(me, _cx) => on_topic("kafka:DescribeTopic", "kafka-cluster:DescribeTopic", &me.cluster_arn, &me.topic_name);
    DescribeTopicPartitionsInput(me, _cx) =>
        on_topic("kafka:DescribeTopicPartitions", "kafka-cluster:DescribeTopic", &me.cluster_arn, &me.topic_name);
    ListTopicsInput(me, _cx) => on_topic("kafka:ListTopics", "kafka-cluster:DescribeTopic", &me.cluster_arn, "*");
    UpdateTopicInput(me, _cx) => on_topic("kafka:UpdateTopic", "kafka-cluster:AlterTopic", &me.cluster_arn, &me.topic_name);
    CreateConfigurationInput(_me, _cx) => Access::any("kafka:CreateConfiguration");
    UpdateConfigurationInput(me, _cx) => Access::on("kafka:UpdateConfiguration", &me.arn);
    DeleteConfigurationInput(me, _cx) => Access::on("kafka:DeleteConfiguration", &me.arn);
    DescribeConfigurationInput(me, _cx) => Access::on("kafka:DescribeConfiguration", &me.arn);
    DescribeConfigurationRevisionInput(me, _cx) => Access::on("kafka:DescribeConfigurationRevision", &me.arn);
    ListConfigurationsInput(_me, _cx) => Access::any("kafka:ListConfigurations");
    ListConfigurationRevisionsInput(me, _cx) => Access::on("kafka:ListConfigurationRevisions", &me.arn);
    TagResourceInput(me, _cx) => with_tags(Need::on("kafka:TagResource", &me.resource_arn), &me.tags).into();
    UntagResourceInput(me, _cx) => Need::on("kafka:UntagResource", &me.resource_arn).keys("aws:TagKeys", me.tag_keys.clone()).into();
    ListTagsForResourceInput(me, _cx) => Access::on("kafka:ListTagsForResource", &me.resource_arn);
}
