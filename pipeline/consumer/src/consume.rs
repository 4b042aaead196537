//! The thread that polls. Between two polls it takes in results, sends out what is due, commits and pauses; inside a poll librdkafka may take
//! partitions away, which waits until what is under way for them is settled and commits that.

use crate::{
    commit,
    config::{Config, Start},
    context::{self, Context},
    deliver::Deliverer,
    engine::{Engine, Job, Verdict},
    http::Health,
    log,
    metrics::Metrics,
    position,
    record::{Place, Record},
};
use parking_lot::Mutex;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Message},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a poll waits where nothing is under way, and where results may come.
const IDLE: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_millis(5);
/// Records taken in before results and commits get their turn again.
const SWALLOW: usize = 500;
/// How long the last commit may take where the group is about to change.
const LAST_COMMIT: Duration = Duration::from_secs(10);
/// How often gauges are set.
const GAUGES: Duration = Duration::from_secs(1);
/// How often the ends of partitions that rest are asked for, and how long the answer may take.
const ENDS: Duration = Duration::from_secs(2);

/// Partitions and results: what the polling thread and librdkafka's callbacks share. Callbacks run inside `poll`, so the lock is never held there.
pub struct Core {
    state: Mutex<State>,
    drain: Duration,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// Where a partition begins that the group has committed nothing of.
    pub start: Start,
}

struct State {
    engine: Engine,
    results: Receiver<(Job, Verdict)>,
}

impl State {
    /// Takes in a result.
    fn take(&mut self, (job, verdict): (Job, Verdict)) {
        self.engine.done(job, verdict, crate::backoff::dice(), Instant::now());
    }

    /// Waits until nothing is under way for these partitions, or the time is over.
    fn settle(&mut self, places: &[Place], patience: Duration) {
        let end = Instant::now() + patience;
        while self.engine.in_flight_of(places) > 0 {
            match self.results.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(result) => self.take(result),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    log::warn(
                        "DrainTimedOut",
                        json!({ "inFlight": self.engine.in_flight_of(places), "then": "these records may come twice" }),
                    );
                    return;
                }
            }
            // What failed meanwhile is the next owner's.
            self.engine.forget(places);
        }
    }

    /// Lets partitions go: what has not gone out is forgotten, what is under way is waited for, what is settled is committed.
    fn let_go(&mut self, places: &[Place], patience: Duration, commit: impl FnOnce(&[(Place, i64)])) {
        self.engine.forget(places);
        self.settle(places, patience);
        // Again what a commit that is under way may have brought: its answer would come too late.
        self.engine.commit_again(places);
        commit(&self.engine.commits_of(places));
    }
}

impl Core {
    /// Around an engine.
    pub fn new(engine: Engine, results: Receiver<(Job, Verdict)>, config: &Config, metrics: Arc<Metrics>, health: Arc<Health>) -> Core {
        let drain = Duration::from_millis(config.limits.drain_timeout_ms);
        Core { state: Mutex::new(State { engine, results }), drain, metrics, health, start: config.kafka.start }
    }

    /// Partitions are ours from now on; where they begin, as far as it is known.
    pub fn assigned(&self, places: Vec<Place>, starts: &BTreeMap<Place, i64>) {
        self.health.assigned();
        self.rebalanced("assigned", &places);
        let mut state = self.state.lock();
        for place in places {
            let start = starts.get(&place).copied();
            state.engine.own(place, start);
        }
    }

    /// Partitions are taken away in order.
    pub fn revoked(&self, places: &[Place], commit: impl FnOnce(&[(Place, i64)])) {
        self.rebalanced("revoked", places);
        let mut state = self.state.lock();
        state.let_go(places, self.drain, commit);
        state.engine.disown(places);
    }

    /// Partitions were taken away long ago.
    pub fn lost(&self, places: &[Place]) {
        self.rebalanced("lost", places);
        self.state.lock().engine.disown(places);
    }

    /// Commits of these partitions were refused: they go again with the next ones.
    pub fn commit_failed(&self, places: &[Place]) {
        self.state.lock().engine.commit_again(places);
    }

    /// Ends of a topic's partitions, for the lag: of those that rest, or of those that don't. (Of one that rests librdkafka's statistics keep telling the
    /// end of its last fetch.)
    pub fn ends(&self, topic: &str, ends: impl Iterator<Item = (i32, i64)>, rest: bool) {
        let state = self.state.lock();
        for (partition, end) in ends {
            let place = Place { topic: topic.into(), partition };
            if let Some(next) = state.engine.next_offset(&place).filter(|_| state.engine.paused(&place) == rest) {
                let number = partition.to_string();
                self.metrics.set("consumer_lag", &[("topic", topic), ("partition", &number)], (end - next).max(0) as f64);
            }
        }
    }

    fn rebalanced(&self, what: &str, places: &[Place]) {
        self.metrics.add("consumer_rebalances_total", &[("kind", what)], 1.0);
        let names: Vec<String> = places.iter().map(Place::to_string).collect();
        log::info("Partitions", json!({ "change": what, "partitions": names }));
        if what != "assigned" {
            for place in places {
                let number = place.partition.to_string();
                let labels = [("topic", &*place.topic), ("partition", number.as_str())];
                ["consumer_lag", "consumer_next_offset", "consumer_paused"].iter().for_each(|name| self.metrics.forget(name, &labels));
            }
        }
    }
}

/// A consumer at work.
pub struct Consuming {
    /// Shared with the callbacks.
    pub core: Arc<Core>,
    /// librdkafka's consumer, subscribed.
    pub consumer: BaseConsumer<Context>,
    /// Delivers batches.
    pub deliverer: Arc<Deliverer>,
    /// Where deliveries run.
    pub runtime: tokio::runtime::Handle,
    /// Where results go.
    pub results: Sender<(Job, Verdict)>,
    /// Somebody asked it to stop.
    pub stop: Arc<AtomicBool>,
    /// How often offsets are committed.
    pub commit_interval: Duration,
}

impl Consuming {
    /// Consumes until it is asked to stop, or has to. Errors: a sentence saying why it had to.
    pub fn run(self) -> Result<(), String> {
        thread::scope(|scope| {
            let (stop, stopped) = mpsc::channel();
            scope.spawn(|| self.watch_ends(stopped));
            let ended = self.work();
            drop(stop);
            self.end();
            ended
        })
    }

    fn work(&self) -> Result<(), String> {
        let mut topics = HashMap::new();
        let (mut committed, mut measured) = (Instant::now(), Instant::now());
        let mut ended = Ok(());
        while ended.is_ok() && !self.stop.load(Ordering::Relaxed) {
            self.core.health.tick();
            let wait = self.turn();
            if committed.elapsed() >= self.commit_interval {
                committed = Instant::now();
                self.commit();
            }
            if measured.elapsed() >= GAUGES {
                measured = Instant::now();
                self.measure();
            }
            ended = self.swallow(wait, &mut topics).and_then(|()| match self.core.state.lock().engine.must_stop() {
                Some(why) => Err(why.to_owned()),
                None => Ok(()),
            });
        }
        ended
    }

    /// What a partition that rests has grown by shows in no fetch, so it is asked for until `stopped` is closed; answers may take long, and polling may not wait.
    fn watch_ends(&self, stopped: Receiver<()>) {
        while stopped.recv_timeout(ENDS) == Err(RecvTimeoutError::Timeout) {
            let places = self.core.state.lock().engine.resting();
            if places.is_empty() {
                continue;
            }
            // A cluster that doesn't answer is told of elsewhere.
            for (place, end) in position::find(&self.consumer, &places, Offset::End, ENDS).unwrap_or_default() {
                self.core.ends(&place.topic, [(place.partition, end)].into_iter(), true);
            }
        }
    }

    /// Results in, batches out, partitions paused and resumed. Answers how long there is nothing else to do.
    fn turn(&self) -> Duration {
        let mut state = self.core.state.lock();
        while let Ok(result) = state.results.try_recv() {
            state.take(result);
        }
        let now = Instant::now();
        let jobs = state.engine.jobs(now);
        let (pause, resume) = state.engine.pauses(now);
        let wait = if state.engine.in_flight() + jobs.len() > 0 { BUSY } else { IDLE };
        let wait = state.engine.due_at().map_or(wait, |due| wait.min(due.saturating_duration_since(now)).max(Duration::from_millis(1)));
        drop(state);
        jobs.into_iter().for_each(|job| self.send(job));
        self.rest(&pause, |list| self.consumer.pause(list));
        self.rest(&resume, |list| self.consumer.resume(list));
        wait
    }

    /// Pauses or resumes. A partition that was taken away meanwhile can't be, and needn't.
    fn rest(&self, places: &[Place], how: impl FnOnce(&TopicPartitionList) -> Result<(), KafkaError>) {
        if places.is_empty() {
            return;
        }
        if let Err(error) = how(&named(places)) {
            log::warn("PauseFailed", json!({ "error": error.to_string() }));
        }
    }

    fn send(&self, job: Job) {
        let (deliverer, results) = (self.deliverer.clone(), self.results.clone());
        self.runtime.spawn(async move {
            let verdict = deliverer.deliver(&job).await;
            // Nobody listens any more once the drain is over.
            let _ = results.send((job, verdict));
        });
    }

    /// Takes records in: one with a wait, then what is there.
    fn swallow(&self, wait: Duration, topics: &mut HashMap<String, Arc<str>>) -> Result<(), String> {
        let mut wait = wait;
        for _ in 0..SWALLOW {
            match self.consumer.poll(wait) {
                None => return Ok(()),
                Some(Ok(message)) => self.push(&message, topics),
                Some(Err(error)) => self.judge(&error)?,
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn push(&self, message: &BorrowedMessage<'_>, topics: &mut HashMap<String, Arc<str>>) {
        let topic = match topics.get(message.topic()) {
            Some(topic) => topic.clone(),
            None => topics.entry(message.topic().to_owned()).or_insert_with(|| message.topic().into()).clone(),
        };
        self.core.metrics.add("consumer_records_received_total", &[("topic", &topic)], 1.0);
        self.core.state.lock().engine.push(Record::of(message, topic), Instant::now());
    }

    /// Most errors pass. Where librdkafka steps over records that it can't read, going on would lose them.
    fn judge(&self, error: &KafkaError) -> Result<(), String> {
        self.core.metrics.add("consumer_kafka_errors_total", &[("code", &context::code(error))], 1.0);
        log::error("Kafka", json!({ "error": error.to_string() }));
        match (error, error.rdkafka_error_code()) {
            (KafkaError::MessageConsumptionFatal(_), _) => Err(format!("Kafka: {error}")),
            (_, Some(RDKafkaErrorCode::NotImplemented | RDKafkaErrorCode::BadCompression | RDKafkaErrorCode::BadMessage)) => {
                Err(format!("records can't be read, and going on would lose them: {error}; topics with zstd need the cargo feature zstd"))
            }
            _ => Ok(()),
        }
    }

    fn commit(&self) {
        let commits = self.core.state.lock().engine.commits();
        if commits.is_empty() {
            return;
        }
        if let Err(error) = commit::begin(&self.consumer, &commits) {
            log::warn("CommitFailed", json!({ "error": error.to_string() }));
            let places: Vec<Place> = commits.into_iter().map(|(place, _)| place).collect();
            self.core.commit_failed(&places);
        }
    }

    fn measure(&self) {
        let (state, metrics) = (self.core.state.lock(), &self.core.metrics);
        metrics.set("consumer_in_flight", &[], state.engine.in_flight() as f64);
        metrics.set("consumer_buffered_bytes", &[], state.engine.buffered() as f64);
        for place in state.engine.places() {
            let number = place.partition.to_string();
            let labels = [("topic", &*place.topic), ("partition", number.as_str())];
            metrics.set("consumer_paused", &labels, f64::from(u8::from(state.engine.paused(&place))));
            if let Some(next) = state.engine.next_offset(&place) {
                metrics.set("consumer_next_offset", &labels, next as f64);
            }
        }
    }

    /// What is under way is settled and committed; then the group hears that we go.
    fn end(&self) {
        self.core.health.stopping();
        let places = self.core.state.lock().engine.places();
        self.rest(&places, |list| self.consumer.pause(list));
        let end = Instant::now() + LAST_COMMIT;
        while let Err(error) = self.last_commit() {
            // The group is between two generations: once it is through, what is ours may be committed again. Going without would only
            // make records come twice.
            let passes = matches!(
                error.rdkafka_error_code(),
                Some(RDKafkaErrorCode::IllegalGeneration | RDKafkaErrorCode::RebalanceInProgress | RDKafkaErrorCode::OperationTimedOut)
            );
            if !passes || Instant::now() >= end {
                log::warn("CommitFailed", json!({ "error": error.to_string(), "then": "these records will come again" }));
                break;
            }
            // Callbacks run in here; records that come with a new partition are nobody's yet, and nothing is committed for them.
            let _ = self.consumer.poll(IDLE);
        }
        let places = self.core.state.lock().engine.places();
        self.core.state.lock().engine.disown(&places);
        if let Some(dead_letters) = &self.deliverer.dead_letters
            && let Err(error) = dead_letters.flush()
        {
            log::warn("FlushFailed", json!({ "error": error.to_string() }));
        }
        log::info("Stopped", json!({ "partitions": places.len() }));
    }

    fn last_commit(&self) -> Result<(), KafkaError> {
        let mut state = self.core.state.lock();
        let places = state.engine.places();
        let mut last = Vec::new();
        state.let_go(&places, self.core.drain, |commits| last = commits.to_vec());
        drop(state);
        commit::and_wait(&self.consumer, &last)
    }
}

fn named(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for place in places {
        list.add_partition(&place.topic, place.partition);
    }
    list
}
