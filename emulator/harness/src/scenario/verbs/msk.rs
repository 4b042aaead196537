//! MSK's clusters as whoever a step is: IAM is asked for `kafka-cluster:...` as the cluster's listener asks its clients. Messages that nobody has
//! to be allowed to read or write go by the verbs of Kafka.

use super::{ArgKind, Args, Verb, kafka::text, may, need};
use crate::scenario::{
    outcome::{Outcome, Refused},
    world::World,
};
use bytes::Bytes;
use kit::ports::{KafkaLogin, KafkaPlace, KafkaRecord, KafkaSource, KafkaStart, KafkaTrouble};
use serde_json::{Map, Value, json};

/// Bytes of one look at a partition.
const LOOK_BYTES: usize = 1 << 20;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "msk.consume",
        about: "Reads a topic of an MSK cluster from where the group stands, as the step's identity, and commits. $.count and $.records with partition, offset, time, key, value, json and headers.",
        args: &[
            need("cluster", ArgKind::Text, "ARN of the cluster"),
            need("topic", ArgKind::Text, "topic"),
            need("group", ArgKind::Text, "group that goes on and commits"),
            may("max", ArgKind::Whole, "most records, 1000 unless told"),
        ],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(consume(world, args)),
    },
    Verb {
        name: "msk.produce",
        about: "Writes a message to a topic of an MSK cluster as the step's identity. $.count.",
        args: &[
            need("cluster", ArgKind::Text, "ARN of the cluster"),
            need("topic", ArgKind::Text, "topic"),
            need("value", ArgKind::Any, "text, or JSON; null is a tombstone"),
            may("key", ArgKind::Text, "key"),
            may("headers", ArgKind::Map, "headers"),
            may("partition", ArgKind::Whole, "partition; the first unless told"),
        ],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(produce(world, args)),
    },
];

fn source(args: &Args, group: &str) -> Result<KafkaSource, String> {
    Ok(KafkaSource {
        place: KafkaPlace::Cluster(args.text("cluster")?),
        topic: args.text("topic")?,
        group: group.to_owned(),
        login: KafkaLogin::Default,
        root_ca: None,
        poller: false,
    })
}

/// What the cluster refuses is an outcome, with Kafka's name of the error.
fn told(result: Result<Value, KafkaTrouble>) -> Outcome {
    let trouble = match result {
        Ok(value) => return Outcome::of(value),
        Err(trouble) => trouble,
    };
    let code = match &trouble {
        KafkaTrouble::NoCluster => "NotFoundException",
        KafkaTrouble::NoTopic => "UNKNOWN_TOPIC_OR_PARTITION",
        KafkaTrouble::Connection(_) => "NETWORK_EXCEPTION",
        KafkaTrouble::Authentication(_) => "SASL_AUTHENTICATION_FAILED",
        KafkaTrouble::Authorization(what) if what.contains(":group/") => "GROUP_AUTHORIZATION_FAILED",
        KafkaTrouble::Authorization(what) if what.contains(":topic/") => "TOPIC_AUTHORIZATION_FAILED",
        KafkaTrouble::Authorization(_) => "CLUSTER_AUTHORIZATION_FAILED",
        KafkaTrouble::Broker(_) => "UNKNOWN_SERVER_ERROR",
    };
    let refused = Refused { code: code.to_owned(), message: trouble.to_string(), status: 0 };
    let value = json!({ "code": refused.code, "message": refused.message });
    Outcome { value, error: Some(refused), ..Outcome::default() }
}

async fn consume(world: &World, args: Args) -> Result<Outcome, String> {
    let source = source(&args, &args.text("group")?)?;
    let most = args.whole_if("max")?.unwrap_or(1000) as usize;
    let (port, cx) = (world.cloud().ports().kafka_topics().map_err(|f| f.message)?, world.context());
    let read = async {
        port.open(&cx, &source).await?;
        let mut records: Vec<KafkaRecord> = Vec::new();
        let mut offsets = Vec::new();
        for (partition, mut offset) in port.positions(&cx, &source, KafkaStart::Oldest).await? {
            while records.len() < most {
                let read = port.read(&cx, &source, partition, offset, LOOK_BYTES).await?;
                let room = most - records.len();
                // Where there is no room for all of them, the group stands at the first that is left.
                offset = read.records.get(room).map_or(read.next, |left| left.offset);
                let nothing = read.records.is_empty();
                records.extend(read.records.into_iter().take(room));
                if nothing || offset >= read.end {
                    break;
                }
            }
            offsets.push((partition, offset));
        }
        port.commit(&cx, &source, offsets).await?;
        let shown: Vec<Value> = records.iter().map(shown).collect();
        Ok(json!({ "count": shown.len(), "records": shown }))
    };
    Ok(told(read.await))
}

fn shown(record: &KafkaRecord) -> Value {
    let headers: Map<String, Value> = record.headers.iter().map(|(name, value)| (name.clone(), text(Some(value)))).collect();
    let mut shown = json!({
        "partition": record.partition, "offset": record.offset, "time": record.time_ms, "key": text(record.key.as_ref()),
        "value": text(record.value.as_ref()), "headers": headers,
    });
    if let Some(json) = record.value.as_ref().and_then(|value| serde_json::from_slice::<Value>(value).ok()) {
        shown["json"] = json;
    }
    shown
}

async fn produce(world: &World, args: Args) -> Result<Outcome, String> {
    let source = source(&args, "")?;
    let bytes = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        other => Some(Bytes::from(other.to_string())),
    };
    let partition = args.whole_if("partition")?.unwrap_or(0);
    let record = KafkaRecord {
        partition: i32::try_from(partition).map_err(|_| "partition is too large".to_owned())?,
        key: args.text_if("key")?.map(Bytes::from),
        value: args.value("value").and_then(bytes),
        headers: args.texts("headers")?.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect(),
        ..KafkaRecord::default()
    };
    let port = world.cloud().ports().kafka_topics().map_err(|f| f.message)?;
    let written = port.write(&world.context(), &source, &source.topic, vec![record]).await;
    Ok(told(written.map(|()| json!({ "count": 1 }))))
}
