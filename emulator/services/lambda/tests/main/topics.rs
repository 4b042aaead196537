//! Kafka for the tests of event source mappings: topics with partitions, groups that commit, and a bell.

use kit::{
    BoxFuture, Context, Need,
    ports::{KafkaRead, KafkaRecord, KafkaSource, KafkaStart, KafkaTopic, KafkaTopics, KafkaTrouble},
};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// All topics, by name: records by partition.
#[derive(Default)]
pub struct Topics {
    logs: Mutex<BTreeMap<String, Vec<Vec<KafkaRecord>>>>,
    /// How often a topic was made anew.
    made: Mutex<BTreeMap<String, u8>>,
    committed: Mutex<BTreeMap<(String, String, i32), i64>>,
    bells: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
    /// What every use of Kafka answers, where it is set.
    pub trouble: Mutex<Option<KafkaTrouble>>,
}

impl Topics {
    /// A topic; in place of one of that name, of which nothing is left then.
    pub fn make(&self, name: &str, partitions: usize) {
        let again = self.logs.lock().insert(name.into(), vec![Vec::new(); partitions]).is_some();
        if again {
            self.committed.lock().retain(|(_, topic, _), _| topic != name);
            *self.made.lock().entry(name.to_owned()).or_default() += 1;
        }
        self.ring();
    }
    /// Writes a value with a header of this name; its offset.
    pub fn put(&self, topic: &str, partition: i32, value: &str, header: &str, time_ms: i64) -> i64 {
        self.put_stamped(topic, partition, value, header, time_ms, time_ms)
    }
    /// As [`put`](Self::put), by a producer whose clock is another than the broker's.
    pub fn put_stamped(&self, topic: &str, partition: i32, value: &str, header: &str, time_ms: i64, appended_ms: i64) -> i64 {
        let offset = {
            let mut logs = self.logs.lock();
            let log = &mut logs.get_mut(topic).unwrap()[partition as usize];
            let headers = if header.is_empty() { Vec::new() } else { vec![(header.to_owned(), "x".into())] };
            let (offset, value) = (log.len() as i64, Some(value.to_owned().into()));
            log.push(KafkaRecord { partition, offset, time_ms, appended_ms, value, headers, key: Some("k".into()), log_time: false });
            offset
        };
        self.ring();
        offset
    }
    /// What a partition holds.
    pub fn held(&self, topic: &str, partition: i32) -> Vec<KafkaRecord> {
        self.logs.lock()[topic][partition as usize].clone()
    }
    /// Next offsets that a group committed.
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        let committed = self.committed.lock();
        committed.iter().filter(|((g, t, _), _)| g == group && t == topic).map(|((.., n), at)| (*n, *at)).collect()
    }
    pub fn ring(&self) {
        let bells = self.bells.lock().clone();
        bells.iter().for_each(|bell| bell());
    }
    fn check(&self, cx: &Context, source: &KafkaSource) -> Result<i32, KafkaTrouble> {
        if let Some(trouble) = &*self.trouble.lock() {
            return Err(trouble.clone());
        }
        // Stands for what a broker asks IAM.
        if !cx.decide(&Need::on("kafka-cluster:ReadData", &source.topic)).allowed {
            return Err(KafkaTrouble::Authorization("kafka-cluster:ReadData".into()));
        }
        self.logs.lock().get(&source.topic).map(|log| log.len() as i32).ok_or(KafkaTrouble::NoTopic)
    }
}

/// The port; it is offered apart from the other stand-ins.
pub struct Port(pub Arc<crate::desk::World>);

impl KafkaTopics for Port {
    fn open<'a>(&'a self, cx: &'a Context, source: &'a KafkaSource) -> BoxFuture<'a, Result<KafkaTopic, KafkaTrouble>> {
        Box::pin(async move {
            let partitions = self.0.topics.check(cx, source)?;
            let id = [self.0.topics.made.lock().get(&source.topic).copied().unwrap_or_default(); 16];
            Ok(KafkaTopic { partitions, bootstrap: "127.0.0.1:9098".into(), id: Some(id) })
        })
    }
    fn positions<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        start: KafkaStart,
    ) -> BoxFuture<'a, Result<BTreeMap<i32, i64>, KafkaTrouble>> {
        Box::pin(async move {
            let topics = &self.0.topics;
            let partitions = topics.check(cx, source)?;
            for n in 0..partitions {
                let log = topics.held(&source.topic, n);
                let first = match start {
                    KafkaStart::Oldest => 0,
                    KafkaStart::Newest => log.len() as i64,
                    KafkaStart::At(time) => log.iter().take_while(|r| r.time_ms < time.millis()).count() as i64,
                };
                topics.committed.lock().entry((source.group.clone(), source.topic.clone(), n)).or_insert(first);
            }
            Ok(topics.committed(&source.group, &source.topic))
        })
    }
    fn read<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        partition: i32,
        offset: i64,
        _: usize,
    ) -> BoxFuture<'a, Result<KafkaRead, KafkaTrouble>> {
        Box::pin(async move {
            self.0.topics.check(cx, source)?;
            let log = self.0.topics.held(&source.topic, partition);
            let records = log[(offset as usize).min(log.len())..].to_vec();
            Ok(KafkaRead { records, next: log.len() as i64, end: log.len() as i64 })
        })
    }
    fn commit<'a>(&'a self, _: &'a Context, source: &'a KafkaSource, offsets: Vec<(i32, i64)>) -> BoxFuture<'a, Result<(), KafkaTrouble>> {
        Box::pin(async move {
            let key = |n| (source.group.clone(), source.topic.clone(), n);
            self.0.topics.committed.lock().extend(offsets.into_iter().map(|(n, at)| (key(n), at)));
            Ok(())
        })
    }
    fn write<'a>(
        &'a self,
        _: &'a Context,
        _: &'a KafkaSource,
        topic: &'a str,
        records: Vec<KafkaRecord>,
    ) -> BoxFuture<'a, Result<(), KafkaTrouble>> {
        Box::pin(async move {
            let mut logs = self.0.topics.logs.lock();
            let log = logs.get_mut(topic).ok_or(KafkaTrouble::NoTopic)?;
            log[0].extend(records);
            Ok(())
        })
    }
    fn watch(&self, bell: Arc<dyn Fn() + Send + Sync>) {
        self.0.topics.bells.lock().push(bell);
    }
}
