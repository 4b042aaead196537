//! `consumer check`: is the cluster there, do the topics exist, may the functions be invoked? Nothing is consumed and nothing is run.

use crate::{
    commit,
    config::Config,
    context::Context,
    invoke::{self, Invoker},
    kafka,
    metrics::Metrics,
    record::Place,
    routes::Routes,
    start,
};
use rdkafka::{
    consumer::{BaseConsumer, Consumer},
    metadata::Metadata,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long one question to the cluster may take, and how often it is put while the connection and its authentication come up.
const PATIENCE: Duration = Duration::from_secs(3);
const TRIES: usize = 5;

/// What was found: whether it is as it has to be, and a sentence.
pub struct Finding {
    /// It is.
    pub well: bool,
    /// What.
    pub text: String,
}

/// Topics that there are, with their partitions.
pub type Topics = BTreeMap<String, Vec<i32>>;

/// Looks at everything that the configuration names.
pub async fn run(config: &Config) -> Vec<Finding> {
    let shared = invoke::shared(&config.aws).await;
    let mut findings = match cluster(config, &shared).await {
        Ok((_, topics)) => topics_of(config, &topics),
        Err(why) => vec![Finding { well: false, text: format!("cluster {}: {why}", config.kafka.bootstrap_servers) }],
    };
    let invoker = Invoker::new(&shared, config);
    for route in 0..config.routes.len() {
        let function = invoker.function(route).to_owned();
        findings.push(match invoker.try_out(route).await {
            Ok(()) => Finding { well: true, text: format!("function {function}: it may be invoked") },
            Err(failure) => Finding { well: false, text: format!("function {function}: {}: {}", failure.code, failure.message) },
        });
    }
    findings
}

/// A consumer that joins no group, and the topics that it sees.
pub async fn cluster(config: &Config, shared: &aws_config::SdkConfig) -> Result<(BaseConsumer<Context>, Topics), String> {
    let context = Context { metrics: Arc::new(Metrics::default()), tokens: start::tokens(config, shared)?, core: None };
    let client = kafka::consumer(config);
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer<Context> = client.create_with_context(context).map_err(|error| start::told(&error))?;
        let mut last = String::new();
        for _ in 0..TRIES {
            // Tokens are asked for inside a poll.
            let polled = consumer.poll(Duration::from_millis(100)).and_then(Result::err).map(|error| error.to_string());
            match consumer.fetch_metadata(None, PATIENCE) {
                Ok(metadata) => return Ok((topics(&metadata), consumer)),
                Err(error) => last = polled.unwrap_or(error.to_string()),
            }
        }
        Err(last)
    });
    let (topics, consumer) = asked.await.map_err(|error| error.to_string())??;
    Ok((consumer, topics))
}

fn topics(metadata: &Metadata) -> Topics {
    let partitions = |topic: &rdkafka::metadata::MetadataTopic| topic.partitions().iter().map(|partition| partition.id()).collect();
    metadata.topics().iter().filter(|topic| topic.error().is_none()).map(|topic| (topic.name().to_owned(), partitions(topic))).collect()
}

fn topics_of(config: &Config, topics: &Topics) -> Vec<Finding> {
    let mut findings = vec![Finding { well: true, text: format!("cluster {}: it answers", config.kafka.bootstrap_servers) }];
    let routes = Routes::new(&config.routes).expect("the configuration was checked");
    for name in routes.names() {
        findings.push(there(name, topics.get(name)));
    }
    for place in matched(&routes, topics).iter().filter(|place| place.partition == 0 && !routes.names().any(|name| name == &*place.topic)) {
        findings.push(Finding { well: true, text: format!("topic {}: a regular expression matches it", place.topic) });
    }
    if let Some(dead) = &config.dead_letter {
        findings.push(there(&dead.topic, topics.get(&dead.topic)));
    }
    findings
}

fn there(name: &str, partitions: Option<&Vec<i32>>) -> Finding {
    match partitions {
        Some(partitions) => Finding { well: true, text: format!("topic {name}: {} partitions", partitions.len()) },
        None => Finding { well: false, text: format!("topic {name}: there is none, or it may not be seen") },
    }
}

/// All partitions of topics that some route takes.
pub fn matched(routes: &Routes, topics: &Topics) -> Vec<Place> {
    let ours = topics.iter().filter(|(topic, _)| routes.find(topic).is_some());
    let places =
        ours.flat_map(|(topic, numbers)| numbers.iter().map(|partition| Place { topic: topic.as_str().into(), partition: *partition }));
    places.collect()
}

/// Where the group stands in these partitions; nothing where it has committed nothing.
pub fn committed(consumer: &BaseConsumer<Context>, places: &[Place]) -> Result<Vec<(Place, Option<i64>)>, String> {
    let asked: Vec<_> = places.iter().map(|place| (place.clone(), 0)).collect();
    let told = consumer.committed_offsets(commit::list(&asked), PATIENCE * 3).map_err(|error| error.to_string())?;
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
        rdkafka::Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    let elements = told.elements();
    Ok(elements.iter().map(|element| (Place { topic: element.topic().into(), partition: element.partition() }, offset(element))).collect())
}
