//! `consumer --dry-run`: reads from where the group stands to the end, and says which invocations would be made. Joins no group, commits nothing and
//! invokes nothing, so it can run beside the real consumer.

use crate::{
    check,
    config::{Config, Start},
    context::Context,
    engine::{Engine, Job, Verdict},
    invoke,
    record::{Place, Record},
    routes::Routes,
    start,
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::Message,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the cluster may say nothing before the rest is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// Calls `say` with one object for each invocation that would be made, and with a last one if more than `records_max` are there. Errors: a sentence;
/// one of them is a cluster that falls silent before the end.
pub async fn run(config: Config, records_max: usize, say: impl FnMut(Value) + Send + 'static) -> Result<(), String> {
    let shared = invoke::shared(&config.aws).await;
    let (consumer, topics) = check::cluster(&config, &shared).await?;
    let read = tokio::task::spawn_blocking(move || read(&config, &consumer, &topics, records_max, say));
    read.await.map_err(|error| error.to_string())?
}

fn read(
    config: &Config,
    consumer: &BaseConsumer<Context>,
    topics: &check::Topics,
    records_max: usize,
    mut say: impl FnMut(Value),
) -> Result<(), String> {
    let routes = Arc::new(Routes::new(&config.routes).map_err(|error| error.to_string())?);
    let places = check::matched(&routes, topics);
    let mut ends = begin(config, consumer, &places)?;
    let plans = start::plans(config);
    let mut engine = Engine::new(routes, plans.clone(), config.limits.clone());
    let (mut records, mut heard) = (0, Instant::now());
    while !ends.is_empty() && records < records_max && heard.elapsed() < SILENCE {
        let Some(message) = consumer.poll(Duration::from_millis(200)) else {
            // Holes at the end of a partition (markers of transactions) never come; the position passes them.
            passed(consumer, &mut ends)?;
            continue;
        };
        let message = message.map_err(|error| error.to_string())?;
        heard = Instant::now();
        let record = Record::of(&message, message.topic().into());
        if ends.get(&record.place).is_some_and(|end| record.offset + 1 >= *end) {
            ends.remove(&record.place);
        }
        records += 1;
        engine.push(record, heard);
        // Full batches as they are full; those that would wait for company come at the end.
        told(&mut engine, heard, config, &plans, &mut say);
    }
    told(&mut engine, Instant::now() + Duration::from_secs(3600), config, &plans, &mut say);
    let left = left(consumer, &ends)?;
    match (left.is_empty(), records < records_max) {
        (true, _) => Ok(()),
        (false, false) => {
            say(json!({ "stoppedAfter": records, "notRead": left, "why": format!("--records {records_max}") }));
            Ok(())
        }
        (false, true) => {
            let silence = SILENCE.as_secs();
            Err(format!("the cluster said nothing for {silence} s; these offsets were not read: {}", json!(left)))
        }
    }
}

/// Offsets that were not read, by partition: from where it stands to the end that it had.
fn left(consumer: &BaseConsumer<Context>, ends: &BTreeMap<Place, i64>) -> Result<BTreeMap<String, [i64; 2]>, String> {
    let position = consumer.position().map_err(|error| error.to_string())?;
    let at = |place: &Place| match position.find_partition(&place.topic, place.partition).map(|element| element.offset()) {
        Some(Offset::Offset(at)) => at,
        // Nothing of it has come: the assignment says where it would have begun.
        _ => assigned(consumer, place),
    };
    Ok(ends.iter().map(|(place, end)| (place.to_string(), [at(place), *end])).filter(|(_, [at, end])| at < end).collect())
}

fn assigned(consumer: &BaseConsumer<Context>, place: &Place) -> i64 {
    let list = consumer.assignment().unwrap_or_default();
    match list.find_partition(&place.topic, place.partition).map(|element| element.offset()) {
        Some(Offset::Offset(at)) => at,
        _ => 0,
    }
}

/// Begins where the group stands, and answers where each partition ends now.
fn begin(config: &Config, consumer: &BaseConsumer<Context>, places: &[Place]) -> Result<BTreeMap<Place, i64>, String> {
    let mut ends = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for (place, committed) in check::committed(consumer, places)? {
        let (low, high) = consumer.fetch_watermarks(&place.topic, place.partition, SILENCE).map_err(|error| error.to_string())?;
        let first = match (committed, config.kafka.start) {
            (Some(offset), _) => offset.max(low),
            (None, Start::Earliest) => low,
            (None, Start::Latest) => high,
        };
        if first < high {
            list.add_partition_offset(&place.topic, place.partition, Offset::Offset(first)).map_err(|error| error.to_string())?;
            ends.insert(place, high);
        }
    }
    consumer.assign(&list).map_err(|error| error.to_string())?;
    Ok(ends)
}

fn passed(consumer: &BaseConsumer<Context>, ends: &mut BTreeMap<Place, i64>) -> Result<(), String> {
    let position = consumer.position().map_err(|error| error.to_string())?;
    for element in position.elements() {
        let place = Place { topic: element.topic().into(), partition: element.partition() };
        if let (Offset::Offset(at), Some(end)) = (element.offset(), ends.get(&place).copied())
            && at >= end
        {
            ends.remove(&place);
        }
    }
    Ok(())
}

fn told(engine: &mut Engine, now: Instant, config: &Config, plans: &[crate::engine::Plan], say: &mut impl FnMut(Value)) {
    loop {
        let jobs = engine.jobs(now);
        if jobs.is_empty() {
            return;
        }
        for job in jobs {
            say(line(&job, config, plans));
            engine.done(job, Verdict::Settled, 0, now);
        }
    }
}

fn line(job: &Job, config: &Config, plans: &[crate::engine::Plan]) -> Value {
    let (route, records) = (&config.routes[job.route], &job.batch.records);
    let offsets = [records[0].offset, records[records.len() - 1].offset];
    let mut line = json!({ "function": route.function, "partition": job.place.to_string(), "offsets": offsets, "records": records.len() });
    match plans[job.route].envelope.write(records) {
        Ok(payload) if payload.len() > route.max_payload_bytes() => {
            line["wouldFail"] = json!(format!("{} bytes are too many", payload.len()))
        }
        Ok(payload) => line["bytes"] = json!(payload.len()),
        Err(why) => line["wouldFail"] = json!(why),
    }
    line
}
