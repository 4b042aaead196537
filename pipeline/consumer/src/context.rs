//! What librdkafka calls back: partitions come and go, commits are answered, tokens are wanted, something is to be logged. All of it happens inside
//! `poll`, on the thread that polls; the producer of dead letters has a context of its own without partitions.

use crate::{commit, consume::Core, iam_token::IamTokens, log, metrics::Metrics, position, record::Place};
use rdkafka::{
    ClientContext, Statistics, TopicPartitionList,
    client::OAuthToken,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult},
};
use serde_json::json;
use std::{error::Error, sync::Arc};

/// The context of a client.
#[derive(Clone)]
pub struct Context {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tokens for MSK.
    pub tokens: Option<IamTokens>,
    /// Partitions, if it is a consumer.
    pub core: Option<Arc<Core>>,
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let facts = json!({ "facility": facility, "message": message });
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                log::error("Librdkafka", facts);
            }
            RDKafkaLogLevel::Warning => log::warn("Librdkafka", facts),
            _ => log::info("Librdkafka", facts),
        }
    }

    fn stats(&self, statistics: Statistics) {
        let Some(core) = &self.core else { return };
        for (topic, facts) in &statistics.topics {
            // Whoever reads committed records only gets no further than the last stable offset.
            let ends = facts.partitions.iter().map(|(number, partition)| (*number, partition.ls_offset));
            core.ends(topic, ends.filter(|(number, end)| *number >= 0 && *end >= 0), false);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.metrics.add("consumer_kafka_errors_total", &[("code", &code(&error))], 1.0);
        log::error("Kafka", json!({ "error": error.to_string(), "reason": reason }));
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.tokens.as_ref().ok_or("OAUTHBEARER is for MSK here: auth = \"msk-iam\"")?;
        tokens.token().map_err(|why| {
            log::error("TokenFailed", json!({ "error": why }));
            why.replace('\0', " ").into()
        })
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Context>, rebalance: &Rebalance<'_>) {
        let Some(core) = &self.core else { return };
        match rebalance {
            Rebalance::Assign(list) => {
                let places = places(list);
                let starts = position::learn(consumer, &places, core.start);
                core.assigned(places, &starts);
            }
            // The group has gone on without us: our commits would be refused, and waiting would help nobody.
            Rebalance::Revoke(list) if consumer.assignment_lost() => core.lost(&places(list)),
            Rebalance::Revoke(list) => core.revoked(&places(list), |offsets| commit::before_they_go(consumer, offsets)),
            Rebalance::Error(error) => log::error("Rebalance", json!({ "error": error.to_string() })),
        }
    }

    /// Only commits that [`commit::begin`] has begun are answered here.
    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        let failure = commit::failure(&result, offsets);
        let outcome = if failure.is_none() { "ok" } else { "failed" };
        self.metrics.add("consumer_commits_total", &[("outcome", outcome)], 1.0);
        if let (Some(error), Some(core)) = (failure, &self.core) {
            let places = places(offsets);
            let names: Vec<String> = places.iter().map(Place::to_string).collect();
            log::warn("CommitFailed", json!({ "error": error.to_string(), "partitions": names, "then": "these offsets go again" }));
            core.commit_failed(&places);
        }
    }
}

/// As we want them.
pub fn places(list: &TopicPartitionList) -> Vec<Place> {
    list.elements().iter().map(|element| Place { topic: element.topic().into(), partition: element.partition() }).collect()
}

/// A short name of an error, for a label.
pub fn code(error: &KafkaError) -> String {
    error.rdkafka_error_code().map_or("Unknown".into(), |code| format!("{code:?}"))
}
