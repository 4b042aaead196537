//! Settings of topics that decide whether a record is taken, what of records is refused whatever they say, and static members of KIP-848 groups.

use crate::{
    client::{Client, s},
    site::Site,
};
use broker::log::{batch::Draft, encode::Plain};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        ConsumerGroupHeartbeatRequest, CreateTopicsRequest, DescribeConfigsRequest, DescribeGroupsRequest, MetadataRequest,
        OffsetFetchRequest, ProduceRequest, TopicName,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        describe_configs_request::DescribeConfigsResource,
        metadata_request::MetadataRequestTopic,
        offset_fetch_request::OffsetFetchRequestGroup,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
};

#[tokio::test]
async fn in_sync_replicas_are_those_that_were_asked_for() {
    let site = Site::new().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    for (topic, replicas, code) in [("one", 1, E::NotEnoughReplicas.code()), ("three", 3, 0)] {
        let config = CreatableTopicConfig::default().with_name(s("min.insync.replicas")).with_value(Some(s("2")));
        let made = CreatableTopic::default().with_name(TopicName(s(topic))).with_num_partitions(1).with_replication_factor(replicas);
        let made = client.call(7, CreateTopicsRequest::default().with_topics(vec![made.with_configs(vec![config])])).await;
        assert_eq!(made.topics[0].error_code, 0);
        assert_eq!(client.produce(topic, site.now_ms(), &["v"]).await.0, code, "{topic}");
    }
}

#[tokio::test]
async fn times_that_are_too_far_away_are_refused() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    let limits = [("message.timestamp.before.max.ms", "60000"), ("message.timestamp.after.max.ms", "60000")];
    client.create("t", 1, &limits).await;
    site.advance(30 * 86_400).await;
    let (real, now) = (site.cloud.clock().real_now().millis(), site.now_ms());
    let refused = E::InvalidTimestamp.code();
    let (first, last) = (real.min(now), real.max(now));
    for (time, code) in [(first - 120_000, refused), (last + 120_000, refused), (real, 0), (now, 0)] {
        assert_eq!(client.produce("t", time, &["v"]).await.0, code, "{time}");
    }
    // Kafka's default: an hour ahead.
    client.create("usual", 1, &[]).await;
    assert_eq!(client.produce("usual", 7, &["v"]).await.0, 0);
    assert_eq!(client.produce("usual", last + 4_000_000, &["v"]).await.0, refused);
    client.create("stamped", 1, &[("message.timestamp.type", "LogAppendTime")]).await;
    assert_eq!(client.produce("stamped", last + 4_000_000, &["v"]).await.0, 0);
}

/// A heartbeat of a static member; its epoch, and how many partitions it is told.
async fn beat(client: &mut Client, id: &str, instance: Option<&str>, epoch: i32) -> Result<(i32, Option<usize>), i16> {
    let beat = ConsumerGroupHeartbeatRequest::default().with_group_id(s("g").into()).with_member_id(s(id)).with_member_epoch(epoch);
    let topics = (epoch == 0).then(|| vec![TopicName(s("t"))]);
    let beat = beat.with_rebalance_timeout_ms(60_000).with_subscribed_topic_names(topics).with_instance_id(instance.map(s));
    let answer = client.call(1, beat).await;
    let told = answer.assignment.map(|a| a.topic_partitions.iter().map(|t| t.partitions.len()).sum());
    if answer.error_code == 0 { Ok((answer.member_epoch, told)) } else { Err(answer.error_code) }
}

#[tokio::test]
async fn a_static_member_that_is_away_keeps_what_it_reads() {
    let site = Site::new().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 4, &[]).await;
    assert_eq!(beat(&mut client, "a", Some("i"), 0).await, Ok((1, Some(4))));
    let (epoch, _) = beat(&mut client, "other", None, 0).await.unwrap();
    assert_eq!(epoch, 2);
    assert_eq!(beat(&mut client, "b", Some("i"), 0).await, Err(E::UnreleasedInstanceId.code()), "its owner is there");
    assert_eq!(beat(&mut client, "other", None, -2).await, Err(E::InvalidRequest.code()), "only static members go for a while");
    assert_eq!(beat(&mut client, "a", Some("i"), -2).await, Ok((-2, None)));
    assert_eq!(beat(&mut client, "other", None, 2).await, Ok((2, None)), "nothing is given to others");
    assert_eq!(beat(&mut client, "b", Some("i"), 0).await, Ok((2, Some(2))), "without a new epoch");
    assert_eq!(beat(&mut client, "a", Some("i"), 1).await, Err(E::FencedInstanceId.code()));
    assert_eq!(beat(&mut client, "b", Some("i"), -1).await, Ok((-1, None)), "for good");
    assert_eq!(beat(&mut client, "other", None, 2).await, Ok((3, Some(4))));
}

/// Sends bytes as one partition's records; the answer's error.
async fn send(client: &mut Client, topic: &str, records: Vec<u8>) -> (i16, String) {
    let data = PartitionProduceData::default().with_index(0).with_records(Some(records.into()));
    let topic = TopicProduceData::default().with_name(TopicName(s(topic))).with_partition_data(vec![data]);
    let answer = client.call(9, ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic])).await;
    let partition = &answer.responses[0].partition_responses[0];
    (partition.error_code, partition.error_message.as_ref().map(|m| m.to_string()).unwrap_or_default())
}

#[tokio::test]
async fn what_nobody_could_read_is_not_taken() {
    let site = Site::new().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let draft = |attributes, records: &[u8]| Draft { attributes, records: records.to_vec(), ..Draft::default() }.finish(0, 1, 1, 1);
    let whole = Draft::default().of([Plain { value: Some(b"v"), ..Plain::default() }]);
    assert_eq!(send(&mut client, "t", whole.clone()).await.0, 0);
    for records in [&b"no record"[..], &[], &[0x7f; 40]] {
        assert_eq!(send(&mut client, "t", draft(0, records)).await.0, E::InvalidRecord.code(), "{records:?}");
    }
    assert_eq!(send(&mut client, "t", draft(1, b"no gzip")).await.0, E::InvalidRecord.code());
    assert_eq!(send(&mut client, "t", draft(5, b"?")).await.0, E::UnsupportedCompressionType.code());
    // Of the second batch of a partition nobody would ask whether its transaction may go there.
    let open = Draft { attributes: 0x10, producer: 77, epoch: 0, sequence: 0, ..Draft::default() };
    let open = open.of([Plain { value: Some(b"open for ever"), ..Plain::default() }]);
    let (code, why) = send(&mut client, "t", [whole, open].concat()).await;
    assert_eq!((code, why.contains("exactly one record batch per partition")), (E::InvalidRecord.code(), true), "{why}");
    assert_eq!(site.broker.read("t", 0, 0, 1 << 20).unwrap().next, 1);
}

#[tokio::test]
async fn a_name_that_is_asked_for_often_is_answered_once() {
    let site = Site::new().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 100, &[]).await;
    let topic = MetadataRequestTopic::default().with_name(Some(TopicName(s("t"))));
    let told = client.call(9, MetadataRequest::default().with_topics(Some(vec![topic; 1_000]))).await;
    assert_eq!((told.topics.len(), told.topics[0].partitions.len()), (1, 100));
    let group = OffsetFetchRequestGroup::default().with_group_id(s("g").into()).with_topics(None);
    assert_eq!(client.call(8, OffsetFetchRequest::default().with_groups(vec![group; 1_000])).await.groups.len(), 1);
    let told = client.call(5, DescribeGroupsRequest::default().with_groups(vec![s("g").into(); 1_000])).await;
    assert_eq!(told.groups.len(), 1);
    let resource = DescribeConfigsResource::default().with_resource_type(2).with_resource_name(s("t"));
    assert_eq!(client.call(4, DescribeConfigsRequest::default().with_resources(vec![resource; 1_000])).await.results.len(), 1);
}
