//! Kafka: topics, messages, groups, and a broker that goes away. The verbs speak Kafka's protocol to the broker's plaintext listener, as
//! anybody's client does, so that faults reach them too.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{
    outcome::{Outcome, Refused},
    world::World,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use kafka::client::{Client, ClientError, Ending, GroupView, Isolation, Message, Position, Reading};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "kafka.topic",
        about: "Makes a topic. $.topic, $.partitions.",
        args: &[
            need("topic", ArgKind::Text, "name"),
            may("partitions", ArgKind::Whole, "how many; 1 unless told"),
            may("configs", ArgKind::Map, "settings as Kafka names them (retention.ms)"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(topic(world, args)),
    },
    Verb {
        name: "kafka.topics",
        about: "All topics by name. $.count, $.names and $.topics with name, partitions, leaders, starts, ends and messages.",
        args: &[],
        one_of: &[],
        local_only: false,
        run: |world, _| Box::pin(topics(world)),
    },
    Verb {
        name: "kafka.produce",
        about: "Produces a message, or several; acknowledged by all. $.count and $.placed with partition and offset, in the order given.",
        args: &[
            need("topic", ArgKind::Text, "topic"),
            may("value", ArgKind::Any, "text, or JSON; null is a tombstone"),
            may("messages", ArgKind::List, "several, each with value and, if it likes, key, headers, partition, time"),
            may("key", ArgKind::Text, "key, which chooses the partition as Java's client does"),
            may("headers", ArgKind::Map, "headers"),
            may("partition", ArgKind::Whole, "partition, if it is not the key's"),
            may("time", ArgKind::Whole, "milliseconds since 1970; now unless told"),
            may("count", ArgKind::Whole, "the same so many times"),
            may("transaction", ArgKind::OneOf(&["commit", "abort", "open"]), "in a transaction that ends so"),
            may("transactional_id", ArgKind::Text, "of that transaction; scenario unless told"),
        ],
        one_of: &["value", "messages"],
        local_only: false,
        run: |world, args| Box::pin(produce(world, args)),
    },
    Verb {
        name: "kafka.consume",
        about: "Reads a topic: $.count, $.records by partition and offset with topic, partition, offset, time, key, value (text; base64 where it is none), json (where it is JSON) and headers. With a group it goes on where the group stands and commits.",
        args: &[
            need("topic", ArgKind::Text, "topic"),
            may("group", ArgKind::Text, "group that goes on and commits; it may have no members meanwhile"),
            may("from", ArgKind::OneOf(&["earliest", "latest"]), "where to begin without a committed offset; earliest unless told"),
            may("max", ArgKind::Whole, "most records, 1000 unless told"),
            may("within", ArgKind::Duration, "real time to wait for `max` records; without it what is there is read"),
            may("isolation", ArgKind::OneOf(&["read_committed", "read_uncommitted"]), "read_committed unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(consume(world, args)),
    },
    Verb {
        name: "kafka.groups",
        about: "A group, or all: $.count, $.names, $.lag (of all) and $.groups with name, state, members (id, client, host, assigned), assigned (partitions by client and topic), offsets (topic, partition, committed, end, lag), committed (the sum) and lag. With members, assigned, committed or lag it waits in real time until a group is so.",
        args: &[
            may("group", ArgKind::Text, "only this one"),
            may("members", ArgKind::Whole, "waits until it is stable with so many members"),
            may("assigned", ArgKind::Whole, "waits until its members have so many partitions among them"),
            may("committed", ArgKind::Whole, "waits until its offsets sum up to so many or more"),
            may("lag", ArgKind::Whole, "waits until it is so many messages behind, or fewer, where it has committed"),
            may("within", ArgKind::Duration, "real time to wait, 60s unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(groups(world, args)),
    },
    Verb {
        name: "kafka.broker",
        about: "Makes the broker go away, come back, or both; its logs stay. $.up.",
        args: &[need("is", ArgKind::OneOf(&["down", "up", "restarted"]), "what becomes of it")],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(broker(world, args)),
    },
    Verb {
        name: "kafka.leader",
        about: "Takes the leader of a partition away, or gives it back: without one nothing is written or read.",
        args: &[
            need("topic", ArgKind::Text, "topic"),
            may("partition", ArgKind::Whole, "partition; 0 unless told"),
            need("is", ArgKind::OneOf(&["gone", "there"]), "what becomes of it"),
        ],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(leader(world, args)),
    },
];

fn client(world: &World) -> Result<Client, String> {
    world.emulator.kafka_client().ok_or_else(|| "this cloud has no Kafka".to_owned())
}

/// What Kafka refuses is an outcome, with Kafka's name of the error.
fn told(result: Result<Value, ClientError>) -> Result<Outcome, String> {
    Ok(match result {
        Ok(value) => Outcome::of(value),
        Err(error) => {
            let refused = Refused { code: error.code().to_owned(), message: error.to_string(), status: 0 };
            let value = json!({ "code": refused.code, "message": refused.message });
            Outcome { value, error: Some(refused), ..Outcome::default() }
        }
    })
}

async fn topic(world: &World, args: Args) -> Result<Outcome, String> {
    let (name, partitions) = (args.text("topic")?, args.whole_if("partitions")?.unwrap_or(1));
    let partitions = i32::try_from(partitions).map_err(|_| "partitions is too large".to_owned())?;
    let configs: BTreeMap<String, String> = args.texts("configs")?.into_iter().collect();
    let made = client(world)?.create_topic(&name, partitions, 1, &configs).await;
    told(made.map(|()| json!({ "topic": name, "partitions": partitions })))
}

async fn topics(world: &World) -> Result<Outcome, String> {
    let mut client = client(world)?;
    let all = async {
        let mut all = Vec::new();
        for topic in client.topics().await?.into_iter().filter(|topic| !topic.internal) {
            // A partition without a leader has no ends to tell.
            let led = topic.leaders.iter().all(|leader| *leader >= 0);
            let (starts, ends) = match led {
                true => (client.offsets(&topic.name, -2, false).await?, client.offsets(&topic.name, -1, false).await?),
                false => (Vec::new(), Vec::new()),
            };
            let messages: i64 = ends.iter().zip(&starts).map(|(end, start)| end - start).sum();
            all.push(json!({
                "name": topic.name, "partitions": topic.leaders.len(), "leaders": topic.leaders, "starts": starts, "ends": ends,
                "messages": messages,
            }));
        }
        let names: Vec<Value> = all.iter().map(|topic| topic["name"].clone()).collect();
        Ok(json!({ "count": all.len(), "names": names, "topics": all }))
    };
    told(all.await)
}

async fn produce(world: &World, args: Args) -> Result<Outcome, String> {
    let topic = args.text("topic")?;
    let mut messages = match args.value("messages") {
        Some(Value::Array(all)) => {
            all.iter().map(|one| known(one).and_then(|()| message(one.as_object()))).collect::<Result<Vec<_>, _>>()?
        }
        Some(_) => return Err("messages is a list".into()),
        None => vec![message(Some(&args.map))?],
    };
    if let Some(count) = args.whole_if("count")? {
        messages = (0..count).flat_map(|_| messages.clone()).collect();
    }
    let now = world.cloud().clock().now().millis();
    let mut client = client(world)?;
    let ending = match args.text_if("transaction")?.as_deref() {
        Some("commit") => Some(Ending::Commit),
        Some("abort") => Some(Ending::Abort),
        Some("open") => Some(Ending::Open),
        _ => None,
    };
    let placed = match ending {
        Some(ending) => {
            let id = args.text_if("transactional_id")?.unwrap_or_else(|| "scenario".into());
            client.transact(&id, &topic, &messages, now, ending).await
        }
        None => client.produce(&topic, &messages, now).await,
    };
    told(placed.map(|placed| {
        let placed: Vec<Value> = placed.iter().map(|p| json!({ "partition": p.partition, "offset": p.offset })).collect();
        json!({ "count": placed.len(), "placed": placed })
    }))
}

/// Refuses what a message doesn't have; a verb's own arguments are checked before.
fn known(message: &Value) -> Result<(), String> {
    let members = ["value", "key", "headers", "partition", "time"];
    let other = message.as_object().into_iter().flatten().find(|(name, _)| !members.contains(&name.as_str()));
    other.map_or(Ok(()), |(name, _)| Err(format!("a message has no {name}: it has {}", members.join(", "))))
}

fn message(given: Option<&Map<String, Value>>) -> Result<Message, String> {
    let given = given.ok_or("a message is a map with value")?;
    let bytes = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
        other => Some(Bytes::from(other.to_string())),
    };
    let whole = |name: &str| match given.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(format!("{name} is a whole number")),
    };
    let headers = match given.get("headers") {
        None => Vec::new(),
        Some(Value::Object(map)) => map.iter().map(|(name, value)| (name.clone(), bytes(value))).collect(),
        Some(_) => return Err("headers is a map".into()),
    };
    Ok(Message {
        key: given.get("key").and_then(bytes),
        value: given.get("value").and_then(bytes),
        headers,
        time_ms: whole("time")?,
        partition: whole("partition")?.map(|n| i32::try_from(n).map_err(|_| "partition is too large".to_owned())).transpose()?,
    })
}

async fn consume(world: &World, args: Args) -> Result<Outcome, String> {
    let topic = args.text("topic")?;
    let group = args.text_if("group")?;
    let most = args.whole_if("max")?.unwrap_or(1000) as usize;
    let within = args.duration_if("within")?.unwrap_or(Duration::ZERO);
    let isolation = match args.text_if("isolation")?.as_deref() {
        Some("read_uncommitted") => Isolation::ReadUncommitted,
        _ => Isolation::ReadCommitted,
    };
    let latest = args.text_if("from")?.as_deref() == Some("latest");
    let mut client = client(world)?;
    let read = async {
        let beginning = if latest { Position::Latest } else { Position::Earliest };
        let from = match &group {
            None => beginning,
            Some(group) => begin(&mut client, group, &topic, beginning).await?,
        };
        let reading = client.read(&topic, from, most, within, isolation).await?;
        if let Some(group) = &group {
            client.commit(group, &topic, &reading.next).await?;
        }
        Ok(shown(&topic, &reading))
    };
    told(read.await)
}

/// Where a group goes on; partitions of which it committed nothing begin where it is told.
async fn begin(client: &mut Client, group: &str, topic: &str, beginning: Position) -> Result<Position, ClientError> {
    let committed = client.committed_of(group, topic).await?;
    let time = if beginning == Position::Latest { -1 } else { -2 };
    let starts = client.offsets(topic, time, false).await?;
    let offset = |(n, start): (usize, i64)| committed.get(&(n as i32)).copied().unwrap_or(start);
    Ok(Position::Offsets(starts.into_iter().enumerate().map(offset).collect()))
}

fn shown(topic: &str, reading: &Reading) -> Value {
    let records: Vec<Value> = reading
        .records
        .iter()
        .map(|(partition, record)| {
            let headers: Map<String, Value> =
                record.headers.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), text(value.as_ref()))).collect();
            let mut shown = json!({
                "topic": topic, "partition": partition, "offset": record.offset, "time": record.time,
                "key": text(record.key.as_ref()), "value": text(record.value.as_ref()), "headers": headers,
            });
            if let Some(json) = record.value.as_ref().and_then(|value| serde_json::from_slice::<Value>(value).ok()) {
                shown["json"] = json;
            }
            shown
        })
        .collect();
    json!({ "count": records.len(), "records": records })
}

/// Bytes as text; in base64 where they are none.
pub(super) fn text(bytes: Option<&Bytes>) -> Value {
    match bytes {
        None => Value::Null,
        Some(bytes) => String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| BASE64.encode(bytes)).into(),
    }
}

async fn groups(world: &World, args: Args) -> Result<Outcome, String> {
    let only = args.text_if("group")?;
    let wanted = Wanted {
        members: args.whole_if("members")?,
        assigned: args.whole_if("assigned")?,
        committed: args.whole_if("committed")?,
        lag: args.whole_if("lag")?,
    };
    if wanted.anything() && only.is_none() {
        return Err("members, assigned, committed and lag are waited for of one group: name it".into());
    }
    let within = args.duration_if("within")?.unwrap_or(Duration::from_secs(60));
    let clock = world.cloud().clock().clone();
    let mut client = client(world)?;
    let wait = async {
        loop {
            let all = views(&mut client, only.as_deref()).await?;
            match all.iter().all(|group| wanted.holds(group)) {
                true => return Ok(all),
                false => clock.real_sleep(LOOK).await,
            }
        }
    };
    let all = tokio::select! {
        all = wait => all,
        () = clock.real_sleep(within), if wanted.anything() => {
            let views = views(&mut self::client(world)?, only.as_deref()).await.unwrap_or_default();
            let now: Vec<String> = views.iter().map(|view| group(view).to_string()).collect();
            return Err(format!("the group was not so within {within:?}; it is {}", now.join(", ")));
        }
    };
    told(all.map(|all| {
        let lag: i64 = all.iter().map(GroupView::lag).sum();
        let names: Vec<&str> = all.iter().map(|group| group.name.as_str()).collect();
        let groups: Vec<Value> = all.iter().map(group).collect();
        json!({ "count": groups.len(), "names": names, "lag": lag, "groups": groups })
    }))
}

/// How often a group is looked at that is not yet as it should be.
const LOOK: Duration = Duration::from_millis(50);

/// What is waited for.
struct Wanted {
    members: Option<u64>,
    assigned: Option<u64>,
    committed: Option<u64>,
    lag: Option<u64>,
}

impl Wanted {
    fn anything(&self) -> bool {
        self.members.is_some() || self.assigned.is_some() || self.committed.is_some() || self.lag.is_some()
    }

    fn holds(&self, group: &GroupView) -> bool {
        // A group that nobody is in is Empty or Dead; one that others are about to join is neither that nor Stable.
        let settled = group.state == "Stable" || group.members.is_empty() && group.state != "PreparingRebalance";
        let assigned: u64 = group.members.iter().flat_map(|member| member.assigned.values()).map(|parts| parts.len() as u64).sum();
        let at_least = |wanted: u64, is: i64| u64::try_from(is).is_ok_and(|is| is >= wanted);
        self.members.is_none_or(|wanted| settled && group.members.len() as u64 == wanted)
            && self.assigned.is_none_or(|wanted| settled && assigned == wanted)
            && self.committed.is_none_or(|wanted| at_least(wanted, committed(group)))
            && self.lag.is_none_or(|wanted| !group.offsets.is_empty() && !at_least(wanted.saturating_add(1), group.lag()))
    }
}

async fn views(client: &mut Client, only: Option<&str>) -> Result<Vec<GroupView>, ClientError> {
    let names = match only {
        Some(name) => vec![name.to_owned()],
        None => client.group_names().await?,
    };
    let mut all = Vec::new();
    for name in &names {
        all.push(client.group(name).await?);
    }
    Ok(all)
}

fn committed(group: &GroupView) -> i64 {
    group.offsets.iter().map(|o| o.committed).sum()
}

fn group(group: &GroupView) -> Value {
    let members: Vec<Value> =
        group.members.iter().map(|m| json!({ "id": m.id, "client": m.client, "host": m.host, "assigned": m.assigned })).collect();
    let assigned: BTreeMap<&str, &BTreeMap<String, Vec<i32>>> = group.members.iter().map(|m| (m.client.as_str(), &m.assigned)).collect();
    let offset = |o: &kafka::client::OffsetView| json!({ "topic": o.topic, "partition": o.partition, "committed": o.committed, "end": o.end, "lag": (o.end - o.committed).max(0) });
    let offsets: Vec<Value> = group.offsets.iter().map(offset).collect();
    json!({
        "name": group.name, "state": group.state, "members": members, "assigned": assigned, "offsets": offsets,
        "committed": committed(group), "lag": group.lag(),
    })
}

async fn broker(world: &World, args: Args) -> Result<Outcome, String> {
    let broker = world.emulator.kafka_broker().map_err(|e| e.to_string())?;
    match args.text("is")?.as_str() {
        "down" => drop(broker.down().await),
        "up" => drop(broker.up().await.map_err(|e| format!("the broker does not come back: {e}"))?),
        _ => broker.restart().await.map_err(|e| format!("the broker does not come back: {e}"))?,
    }
    Ok(Outcome::of(json!({ "up": broker.is_up() })))
}

async fn leader(world: &World, args: Args) -> Result<Outcome, String> {
    let broker = world.emulator.kafka_broker().map_err(|e| e.to_string())?;
    let (topic, partition) = (args.text("topic")?, args.whole_if("partition")?.unwrap_or(0));
    let leads = args.text("is")? == "there";
    let found = i32::try_from(partition).is_ok_and(|n| broker.lead(&topic, n, leads));
    match found {
        true => Ok(Outcome::of(json!({ "topic": topic, "partition": partition, "led": leads }))),
        false => Err(format!("there is no partition {topic}-{partition}")),
    }
}
