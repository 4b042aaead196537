//! One batch to its function, and what its policy says if that fails. Decides nothing about offsets: it answers how the batch went.

use crate::{
    dead_letter::DeadLetters,
    engine::{Job, Plan, Verdict},
    invoke::{Failure, Invoker},
    log,
    metrics::Metrics,
    policy::{Action, Class, Policy},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};

/// All that delivering takes.
pub struct Deliverer {
    /// Functions.
    pub invoker: Invoker,
    /// Forms of payloads, by route.
    pub plans: Vec<Plan>,
    /// Policies and longest payloads, by route.
    pub rules: Vec<(Policy, usize)>,
    /// Where records go that no function takes.
    pub dead_letters: Option<DeadLetters>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Deliverer {
    /// Delivers a batch.
    pub async fn deliver(&self, job: &Job) -> Verdict {
        let records = job.batch.records.len() as f64;
        let topic = ("topic", &*job.place.topic);
        match self.invoke(job).await {
            Ok(()) => {
                self.metrics.add("consumer_records_accepted_total", &[topic], records);
                Verdict::Settled
            }
            Err(failure) => self.failed(job, failure).await,
        }
    }

    async fn invoke(&self, job: &Job) -> Result<(), Failure> {
        let payload = self.plans[job.route].envelope.write(&job.batch.records);
        let payload = payload.map_err(|why| Failure::new(Class::Rejected, "InvalidRequestContentException", why))?;
        let most = self.rules[job.route].1;
        if payload.len() > most {
            let why = format!("the payload has {} bytes, {most} are allowed", payload.len());
            return Err(Failure::new(Class::TooLarge, "RequestTooLargeException", why));
        }
        let begun = Instant::now();
        let done = self.invoker.invoke(job.route, payload).await;
        let function = ("function", self.invoker.function(job.route));
        let outcome = done.as_ref().map_or_else(|failure| failure.class.name(), |()| "accepted");
        self.metrics.add("consumer_invocations_total", &[function, ("outcome", outcome)], 1.0);
        self.metrics.add("consumer_invocation_seconds_total", &[function], begun.elapsed().as_secs_f64());
        done
    }

    async fn failed(&self, job: &Job, failure: Failure) -> Verdict {
        let action = self.rules[job.route].0.action(failure.class, job.batch.failures + 1);
        if action != Action::Retry && failure.class.blames_records() && job.batch.records.len() > 1 {
            return Verdict::Halve;
        }
        match action {
            Action::Retry => {
                self.metrics.add("consumer_retries_total", &[("class", failure.class.name())], 1.0);
                log::warn("Retry", facts(job, &failure));
                Verdict::Again(failure.class, failure.after)
            }
            Action::DeadLetter => self.bury(job, &failure).await,
            Action::Drop => {
                log::error("Dropped", facts(job, &failure));
                self.count(job, "consumer_records_dropped_total", &failure);
                Verdict::Settled
            }
            Action::Stop => {
                let first = job.batch.records[0].offset;
                let why = format!("{} at offset {first}: {}: {}", job.place, failure.code, failure.message);
                Verdict::Stop(why)
            }
        }
    }

    async fn bury(&self, job: &Job, failure: &Failure) -> Verdict {
        // The configuration is refused where a policy needs the topic and none is named.
        let Some(dead_letters) = &self.dead_letters else {
            return Verdict::Stop("a record has to go to a dead-letter topic, and there is none".into());
        };
        match dead_letters.write(&job.batch.records, failure, job.batch.tries).await {
            Ok(()) => {
                log::warn("DeadLettered", facts(job, failure));
                self.count(job, "consumer_records_dead_lettered_total", failure);
                Verdict::Settled
            }
            Err(why) => {
                log::error("DeadLetterFailed", json!({ "place": job.place.to_string(), "error": why }));
                self.metrics.add("consumer_retries_total", &[("class", "dead-letter")], 1.0);
                Verdict::Again(Class::Unavailable, None)
            }
        }
    }

    fn count(&self, job: &Job, name: &'static str, failure: &Failure) {
        let labels = [("topic", &*job.place.topic), ("class", failure.class.name())];
        self.metrics.add(name, &labels, job.batch.records.len() as f64);
    }
}

fn facts(job: &Job, failure: &Failure) -> Value {
    json!({
        "place": job.place.to_string(), "offset": job.batch.records[0].offset, "records": job.batch.records.len(),
        "tries": job.batch.tries + 1, "class": failure.class.name(), "code": failure.code, "message": failure.message,
    })
}
