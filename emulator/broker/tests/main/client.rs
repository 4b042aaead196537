//! A small client: one connection, any request in any version. For what other people's clients don't let one do.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        CreateTopicsRequest, FetchRequest, FetchResponse, ListOffsetsRequest, ProduceRequest, ProduceResponse, RequestHeader,
        ResponseHeader, TopicName, TransactionalId,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        fetch_request::{FetchPartition, FetchTopic},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
    records::{Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection.
pub struct Client {
    stream: TcpStream,
    next: i32,
}

pub fn s(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

impl Client {
    pub async fn connect(to: &str) -> Client {
        Client { stream: TcpStream::connect(to).await.unwrap(), next: 0 }
    }

    /// Sends a request and reads its answer.
    pub async fn call<R: Request>(&mut self, version: i16, request: R) -> R::Response {
        self.try_call(version, request).await.unwrap()
    }

    /// As [`call`](Self::call); an error when the connection ends.
    pub async fn try_call<R: Request>(&mut self, version: i16, request: R) -> std::io::Result<R::Response> {
        self.ask(version, request).await?;
        self.heard::<R>(version).await
    }

    /// Sends a request without reading the answer.
    pub async fn ask<R: Request>(&mut self, version: i16, request: R) -> std::io::Result<()> {
        self.next += 1;
        let mut out = BytesMut::new();
        out.put_i32(0);
        let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version).with_correlation_id(self.next);
        header.with_client_id(Some(s("test"))).encode(&mut out, R::header_version(version)).unwrap();
        request.encode(&mut out, version).unwrap();
        let length = (out.len() - 4) as i32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&out).await
    }

    /// Reads the answer to the last request.
    pub async fn heard<R: Request>(&mut self, version: i16) -> std::io::Result<R::Response> {
        let length = self.stream.read_i32().await? as usize;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).await?;
        let mut answer = Bytes::from(answer);
        let header = ResponseHeader::decode(&mut answer, R::Response::header_version(version)).unwrap();
        assert_eq!(header.correlation_id, self.next);
        let response = R::Response::decode(&mut answer, version).unwrap();
        assert_eq!(answer.remaining(), 0, "nothing is left over");
        Ok(response)
    }

    pub async fn create(&mut self, topic: &str, partitions: i32, configs: &[(&str, &str)]) {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig::default().with_name(s(*name)).with_value(Some(s(*value)));
        let topic = CreatableTopic::default()
            .with_name(TopicName(s(topic)))
            .with_num_partitions(partitions)
            .with_replication_factor(1)
            .with_configs(configs.iter().map(config).collect());
        let made = self.call(7, CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000)).await;
        assert_eq!(made.topics[0].error_code, 0, "{:?}", made.topics[0].error_message);
    }

    /// Produces values to a partition 0, all at a time; the answer's error and first offset.
    pub async fn produce(&mut self, topic: &str, time: i64, values: &[&str]) -> (i16, i64) {
        let records: Vec<Record> = values.iter().enumerate().map(|(n, value)| record(n, time, value)).collect();
        let response = self.send(topic, None, &records).await;
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    pub async fn send(&mut self, topic: &str, transaction: Option<&str>, records: &[Record]) -> ProduceResponse {
        let mut batch = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        RecordBatchEncoder::encode(&mut batch, records, &options).unwrap();
        let data = PartitionProduceData::default().with_index(0).with_records(Some(batch.freeze()));
        let topic = TopicProduceData::default().with_name(TopicName(s(topic))).with_partition_data(vec![data]);
        let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic]);
        self.call(9, request.with_transactional_id(transaction.map(|id| TransactionalId(s(id))))).await
    }

    pub async fn fetch(&mut self, topic: &str, offset: i64, committed: bool, wait_ms: i32) -> FetchResponse {
        let partition = FetchPartition::default().with_partition(0).with_fetch_offset(offset).with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default().with_topic(TopicName(s(topic))).with_partitions(vec![partition]);
        let request = FetchRequest::default().with_max_wait_ms(wait_ms).with_min_bytes(1).with_max_bytes(1 << 20);
        self.call(12, request.with_isolation_level(i8::from(committed)).with_topics(vec![topic])).await
    }

    /// Asks for up to so many bytes from the start of partition 0, and doesn't read what comes.
    pub async fn ask_to_fetch(&mut self, topic: &str, bytes: i32) {
        self.ask(12, fetch_of(topic, bytes)).await.unwrap();
    }
    /// Offsets of the batches that come.
    pub async fn fetch_up_to(&mut self, topic: &str, bytes: i32) -> Vec<i64> {
        let response = self.call(12, fetch_of(topic, bytes)).await;
        let mut records = response.responses[0].partitions[0].records.clone().unwrap();
        let mut bases = Vec::new();
        while let Ok(head) = broker::log::batch::Head::read(&records) {
            bases.push(head.base);
            records.advance(head.bytes);
        }
        bases
    }

    /// Values from an offset on, as a reader of this isolation sees the bytes (aborted ones left in), and the list of what was aborted.
    pub async fn values(&mut self, topic: &str, offset: i64, committed: bool) -> (Vec<String>, usize) {
        let response = self.fetch(topic, offset, committed, 0).await;
        let partition = &response.responses[0].partitions[0];
        assert_eq!(partition.error_code, 0);
        let mut records = partition.records.clone().unwrap_or_default();
        let mut values = Vec::new();
        if !records.is_empty() {
            for set in RecordBatchDecoder::decode_all(&mut records).unwrap() {
                let data = set.records.iter().filter(|r| !r.control && r.offset >= offset);
                values.extend(data.map(|r| String::from_utf8_lossy(r.value.as_ref().unwrap()).into_owned()));
            }
        }
        (values, partition.aborted_transactions.as_ref().map_or(0, Vec::len))
    }

    /// The offset at a time; -1 latest, -2 earliest.
    pub async fn offset(&mut self, topic: &str, time: i64) -> i64 {
        let partition = ListOffsetsPartition::default().with_partition_index(0).with_timestamp(time);
        let topic = ListOffsetsTopic::default().with_name(TopicName(s(topic))).with_partitions(vec![partition]);
        let response = self.call(7, ListOffsetsRequest::default().with_topics(vec![topic])).await;
        response.topics[0].partitions[0].offset
    }
}

fn fetch_of(topic: &str, bytes: i32) -> FetchRequest {
    let partition = FetchPartition::default().with_partition(0).with_partition_max_bytes(bytes);
    let topic = FetchTopic::default().with_topic(TopicName(s(topic))).with_partitions(vec![partition]);
    FetchRequest::default().with_min_bytes(1).with_max_bytes(bytes).with_topics(vec![topic])
}

/// A record without a producer's id.
pub fn record(n: usize, time: i64, value: &str) -> Record {
    Record {
        transactional: false,
        control: false,
        partition_leader_epoch: 0,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: n as i64,
        sequence: n as i32 - 1,
        timestamp: time,
        key: Some(Bytes::from_static(b"key")),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
        delete_horizon: false,
    }
}
