//! What happens without a client: retention, compaction, transactions and offsets that are too old.
//!
//! Sleeps until the next thing is due and not in ticks: a clock that is moved by years would stop at every tick.

use crate::{groups::offsets, shared::Shared, topics::Topic, transactions};
use kit::Timestamp;
use std::{sync::Arc, time::Duration};

/// How often what can be compacted is looked at, in real time, while the broker is used.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps house until the broker stops.
pub async fn run(broker: Arc<Shared>) {
    loop {
        let changed = broker.housekeeping.notified();
        let due = once(&broker);
        let clock = &broker.options.clock;
        match due {
            Some(due) => tokio::select! {
                () = clock.sleep_until(Timestamp::from_millis(due)) => {}
                () = changed => {}
            },
            None => changed.await,
        }
    }
}

/// Compacts, as long as records come.
pub async fn tidy(broker: Arc<Shared>) {
    let mut seen = 0;
    loop {
        broker.options.clock.real_sleep(LOOK).await;
        let appends = broker.metrics.appends.load(std::sync::atomic::Ordering::Relaxed);
        if appends != seen {
            seen = appends;
            let work = broker.clone();
            // Disks are slow; requests go on meanwhile.
            let _ = tokio::task::spawn_blocking(move || {
                work.topics.all().iter().for_each(|topic| compact(&work, topic));
                // What compaction has left is on the heap again.
                let _ = work.topics.relieve();
                work.housekeeping.notify_one();
            })
            .await;
        }
    }
}

/// Does what is due; when the next thing will be, milliseconds of the clock.
pub fn once(broker: &Shared) -> Option<i64> {
    let _working = broker.options.work.begin("kafka housekeeping");
    let now = broker.now_ms();
    // A full disk must not end housekeeping: it is tried again with the next change.
    let _ = transactions::recover(broker);
    let _ = transactions::expire(broker);
    let _ = transactions::forget(broker);
    let _ = offsets::expire(broker);
    let mut next: Vec<i64> = transactions::next_expiry(broker).into_iter().chain(offsets::next_expiry(broker)).collect();
    for topic in broker.topics.all() {
        let keeping = topic.keeping();
        for partition in topic.partitions() {
            let _ = partition.tend(|log| log.trim(&keeping, now));
            next.extend(partition.with(|log| log.next_trim(&keeping)));
        }
        compact(broker, &topic);
        next.extend(topic.partitions().iter().filter_map(|partition| partition.with(|log| log.next_compact(&keeping))));
    }
    next.into_iter().filter(|due| *due > now).min()
}

fn compact(broker: &Shared, topic: &Topic) {
    let keeping = topic.keeping();
    if keeping.compact {
        topic.partitions().iter().for_each(|partition| drop(partition.tend(|log| log.compact(&keeping, broker.now_ms()))));
    }
}
