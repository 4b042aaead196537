//! Topics of a cluster, which are the topics of the one broker.

use crate::{Kafka, model::*, outside, owners, state};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use broker::{Topic, TopicError};
use kit::{Context, Fault};
use std::{collections::BTreeMap, sync::Arc};

/// The number of the one broker.
const NODE: i32 = 1;
/// As many replicas may be asked for as the smallest cluster has brokers.
const REPLICAS_MAX: i32 = 3;

impl Kafka {
    /// Makes a topic.
    pub async fn create_topic(&self, cx: &Context, input: CreateTopicInput) -> Result<CreateTopicOutput, Fault> {
        self.cluster_there(cx, &input.cluster_arn)?;
        if !(1..=REPLICAS_MAX).contains(&input.replication_factor) {
            return Err(bad("replicationFactor", "The replication factor is larger than the number of brokers."));
        }
        let configs = configs(input.configs.as_deref())?;
        match self.outside(cx) {
            Some(mut client) => outside::create(&mut client, &input, &configs).await?,
            None => {
                let made =
                    self.broker()?.topics().create_of(&input.topic_name, input.partition_count, input.replication_factor as i16, configs);
                let topic = match made {
                    Err(TopicError::Exists(name)) => return Err(self.exists(cx, &input, name)),
                    made => made.map_err(fault)?,
                };
                owners::made(cx, &input.cluster_arn, &topic).await?;
            }
        }
        Ok(CreateTopicOutput {
            topic_arn: Some(state::inside(&input.cluster_arn, "topic", &input.topic_name)),
            topic_name: Some(input.topic_name),
            status: Some(TopicState::Creating),
        })
    }

    /// Deletes a topic.
    pub async fn delete_topic(&self, cx: &Context, input: DeleteTopicInput) -> Result<DeleteTopicOutput, Fault> {
        self.cluster_there(cx, &input.cluster_arn)?;
        match self.outside(cx) {
            Some(mut client) => outside::delete(&mut client, &input.topic_name).await?,
            None => {
                let topics = self.broker()?.topics();
                let topic = topics.get(&input.topic_name).ok_or_else(|| fault(TopicError::Unknown))?;
                if owners::other(cx, &input.cluster_arn, &topic)?.is_some() {
                    return Err(fault(TopicError::Unknown));
                }
                topics.delete(&input.topic_name).map_err(fault)?;
                owners::gone(cx, &input.topic_name).await?;
            }
        }
        Ok(DeleteTopicOutput {
            topic_arn: Some(state::inside(&input.cluster_arn, "topic", &input.topic_name)),
            topic_name: Some(input.topic_name),
            status: Some(TopicState::Deleting),
        })
    }

    /// Describes a topic.
    pub async fn describe_topic(&self, cx: &Context, input: DescribeTopicInput) -> Result<DescribeTopicOutput, Fault> {
        if let Some(mut client) = self.outside(cx) {
            self.cluster_there(cx, &input.cluster_arn)?;
            let topic = outside::topic(&mut client, &input.topic_name).await?;
            return Ok(DescribeTopicOutput {
                topic_arn: Some(state::inside(&input.cluster_arn, "topic", &input.topic_name)),
                topic_name: Some(input.topic_name),
                partition_count: Some(topic.leaders.len() as i32),
                status: Some(TopicState::Active),
                ..DescribeTopicOutput::default()
            });
        }
        let topic = self.topic(cx, &input.cluster_arn, &input.topic_name)?;
        let lines: Vec<String> = topic.configs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(DescribeTopicOutput {
            topic_arn: Some(state::inside(&input.cluster_arn, "topic", &input.topic_name)),
            topic_name: Some(input.topic_name),
            replication_factor: Some(1),
            partition_count: Some(topic.count()),
            configs: Some(BASE64.encode(lines.join("\n"))),
            status: Some(TopicState::Active),
        })
    }

    /// Its partitions.
    pub async fn describe_topic_partitions(
        &self,
        cx: &Context,
        input: DescribeTopicPartitionsInput,
    ) -> Result<DescribeTopicPartitionsOutput, Fault> {
        if let Some(mut client) = self.outside(cx) {
            self.cluster_there(cx, &input.cluster_arn)?;
            let leaders = outside::topic(&mut client, &input.topic_name).await?.leaders;
            let (token, limit) = (input.next_token.as_deref(), state::limit(input.max_results));
            let page = kit::pages::page((0..).zip(leaders), |(n, _)| format!("{n:08}"), token, limit, state::bad_token)?;
            let partitions = page.items.into_iter().map(outside::partition).collect();
            return Ok(DescribeTopicPartitionsOutput { partitions: Some(partitions), next_token: page.next });
        }
        let topic = self.topic(cx, &input.cluster_arn, &input.topic_name)?;
        let token = input.next_token.as_deref();
        let page = kit::pages::page(0..topic.count(), |n| format!("{n:08}"), token, state::limit(input.max_results), state::bad_token)?;
        let show = |n| TopicPartitionInfo { partition: Some(n), leader: Some(NODE), replicas: Some(vec![NODE]), isr: Some(vec![NODE]) };
        Ok(DescribeTopicPartitionsOutput { partitions: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Topics by name.
    pub async fn list_topics(&self, cx: &Context, input: ListTopicsInput) -> Result<ListTopicsOutput, Fault> {
        self.cluster_there(cx, &input.cluster_arn)?;
        if let Some(mut client) = self.outside(cx) {
            return outside::list(&mut client, &input).await;
        }
        let filter = input.topic_name_filter.unwrap_or_default();
        let mut named = Vec::new();
        for topic in self.broker()?.topics().all() {
            if topic.name.starts_with(&filter) && owners::other(cx, &input.cluster_arn, &topic)?.is_none() {
                named.push(topic);
            }
        }
        let token = input.next_token.as_deref();
        let page = kit::pages::page(named, |t| t.name.to_string(), token, state::limit(input.max_results), state::bad_token)?;
        let show = |topic: Arc<Topic>| TopicInfo {
            topic_arn: Some(state::inside(&input.cluster_arn, "topic", &topic.name)),
            topic_name: Some(topic.name.to_string()),
            replication_factor: Some(1),
            partition_count: Some(topic.count()),
            out_of_sync_replica_count: Some(0),
        };
        Ok(ListTopicsOutput { topics: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Changes settings or adds partitions; one at a time, as AWS has it.
    pub async fn update_topic(&self, cx: &Context, input: UpdateTopicInput) -> Result<UpdateTopicOutput, Fault> {
        if self.external.is_some() {
            return Err(Fault::not_implemented("kafka", "UpdateTopic"));
        }
        self.topic(cx, &input.cluster_arn, &input.topic_name)?;
        let topics = self.broker()?.topics();
        match (input.configs.as_deref(), input.partition_count) {
            (Some(_), Some(_)) => return Err(bad("configs", "Configs and partition count can't be changed in one request.")),
            (None, None) => return Err(bad("configs", "Nothing is to be changed.")),
            (Some(given), None) => {
                let changes: Vec<_> = configs(Some(given))?.into_iter().map(|(name, value)| (name, Some(value))).collect();
                topics.configure(&input.topic_name, &changes, false, false).map_err(fault)?;
            }
            (None, Some(count)) => topics.grow(&input.topic_name, count, false).map_err(fault)?,
        }
        Ok(UpdateTopicOutput {
            topic_arn: Some(state::inside(&input.cluster_arn, "topic", &input.topic_name)),
            topic_name: Some(input.topic_name),
            status: Some(TopicState::Updating),
        })
    }

    fn cluster_there(&self, cx: &Context, arn: &str) -> Result<(), Fault> {
        cx.store().read(|s| state::cluster(s, cx, arn)).map(drop)
    }

    fn topic(&self, cx: &Context, cluster_arn: &str, name: &str) -> Result<Arc<Topic>, Fault> {
        self.cluster_there(cx, cluster_arn)?;
        let unknown = || Error::NotFound.says("The specified topic does not exist.").with("InvalidParameter", "topicName");
        let topic = self.broker()?.topics().get(name).ok_or_else(unknown)?;
        if owners::other(cx, cluster_arn, &topic)?.is_some() {
            return Err(unknown());
        }
        Ok(topic)
    }

    /// A topic is there already; where another cluster made it that is said, for on AWS it would not be in the way.
    fn exists(&self, cx: &Context, input: &CreateTopicInput, name: String) -> Fault {
        let topic = self.broker.get().and_then(|broker| broker.topics().get(&input.topic_name));
        let other = topic.and_then(|topic| owners::other(cx, &input.cluster_arn, &topic).ok().flatten());
        match other {
            Some(other) => Error::TopicExists.says(format!(
                "Topic '{}' already exists: the cluster {other} made it, and here all clusters are names for one broker. Choose another name.",
                input.topic_name
            )),
            None => fault(TopicError::Exists(name)),
        }
    }
}

/// Settings in base64: lines of `name=value` (AWS's developer guide, "Describe a topic").
fn configs(given: Option<&str>) -> Result<BTreeMap<String, String>, Fault> {
    let unreadable = || bad("configs", "The topic configurations are not lines of name=value in Base64.");
    let Some(given) = given else { return Ok(BTreeMap::new()) };
    let text = BASE64.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(unreadable)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    lines.map(|line| pair(line).ok_or_else(unreadable)).collect()
}

fn bad(parameter: &str, why: &str) -> Fault {
    Error::BadRequest.says(why).with("InvalidParameter", parameter)
}

fn fault(error: TopicError) -> Fault {
    let says = error.to_string();
    match error {
        TopicError::Exists(_) => Error::TopicExists.says(says),
        TopicError::Unknown => Error::UnknownTopicOrPartition.says(says),
        TopicError::Name(_) | TopicError::Config(_) | TopicError::Partitions(_) | TopicError::TooMany(_) => Error::BadRequest.says(says),
        TopicError::Disk(_) => Error::InternalServerError.says(says),
    }
}
