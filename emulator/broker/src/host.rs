//! Who runs the broker: hears what was done, and makes it go wrong on purpose. The broker asks a [`Host`] and knows no more of it.
//!
//! A rule is about an API (`Produce`) and about what the request names: `photo-ingest-3` for a partition, a topic, a group's or a transactional id
//! (the crate's `about`).
//! What a rule may do:
//!
//! | effect | what becomes of the request |
//! |---|---|
//! | latency | it waits before |
//! | drop | it is not done; the connection ends |
//! | error `ANSWER_LOST` | it is done; the connection ends without the answer, so that clients do it again |
//! | error `DUPLICATE` | Produce only: what it brings is appended twice, as by a producer that is not idempotent. Not what belongs to a transaction |
//! | error by Kafka's name | Produce, Fetch, OffsetCommit, OffsetFetch, Metadata and FindCoordinator answer so (`COORDINATOR_NOT_AVAILABLE`) |
//! | any other error, or elsewhere | as drop |

use crate::client::name_of;
use kafka_protocol::{ResponseError, messages::ApiKey};
use kit::Effect;

/// Who runs the broker.
pub trait Host: Send + Sync + 'static {
    /// Whether there are rules at all; without any, requests are not looked into.
    fn armed(&self) -> bool;
    /// What a rule does to a request of an API that is about this.
    fn effect(&self, api: &str, about: &str) -> Option<Effect>;
    /// Something was done that people look for: `outcome` is `ok` or Kafka's name of an error.
    fn done(&self, event: Event<'_>);
}

/// Something that was done.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Name of the API.
    pub api: &'static str,
    /// Who did it.
    pub who: &'a str,
    /// What the client calls itself.
    pub client: &'a str,
    /// What it is about: a partition, a topic, a group, a transactional id.
    pub about: &'a str,
    /// `ok`, or Kafka's name of an error.
    pub outcome: &'a str,
    /// First offset and number of records, where there are any.
    pub records: Option<(i64, i32)>,
}

/// What is done to a request on purpose, beside waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    None,
    /// Not done; the connection ends.
    Drop,
    /// Done; the connection ends.
    AnswerLost,
    /// Done twice.
    Twice,
    /// Answered so.
    Refuse(ResponseError),
}

impl Sabotage {
    /// What an effect comes to for a request of this API.
    pub fn of(effect: &Effect, key: ApiKey) -> Sabotage {
        let Some(fault) = &effect.fault else { return if effect.drop { Sabotage::Drop } else { Sabotage::None } };
        match (&*fault.code, key) {
            ("ANSWER_LOST", _) => Sabotage::AnswerLost,
            ("DUPLICATE", ApiKey::Produce) => Sabotage::Twice,
            (
                name,
                ApiKey::Produce | ApiKey::Fetch | ApiKey::OffsetCommit | ApiKey::OffsetFetch | ApiKey::Metadata | ApiKey::FindCoordinator,
            ) => by_name(name).map_or(Sabotage::Drop, Sabotage::Refuse),
            _ => Sabotage::Drop,
        }
    }
}

/// The error of Kafka's name.
fn by_name(name: &str) -> Option<ResponseError> {
    (1..200).find(|code| name_of(*code) == name).and_then(ResponseError::try_from_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::FaultRule;

    #[test]
    fn errors_go_by_kafkas_names() {
        assert_eq!(by_name("NOT_LEADER_OR_FOLLOWER"), Some(ResponseError::NotLeaderOrFollower));
        assert_eq!(by_name("THROTTLED"), None);
        let faults = kit::Faults::default();
        faults.add(FaultRule { error: Some("COORDINATOR_NOT_AVAILABLE".into()), ..FaultRule::default() });
        let effect = faults.check("kafka", "FindCoordinator", "", || 0.0).unwrap();
        assert_eq!(Sabotage::of(&effect, ApiKey::FindCoordinator), Sabotage::Refuse(ResponseError::CoordinatorNotAvailable));
        assert_eq!(Sabotage::of(&effect, ApiKey::Heartbeat), Sabotage::Drop, "what can't be answered so ends");
    }
}
