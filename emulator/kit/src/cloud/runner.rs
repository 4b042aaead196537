//! The runner: claims due task rows and hands them to their services, and wakes sleepers as the clock goes.

use super::{
    Cloud,
    due::{self, Due},
};
use crate::{
    Context, Fault, Principal, RecordKind, Token,
    store::{Read, TaskRow},
};
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};
use wire::Timestamp;

/// A task that keeps failing is given up after so many attempts; its service's own retry rules come before that.
const MOST_ATTEMPTS: u32 = 10;

pub(super) fn spawn(cloud: &Arc<Cloud>) {
    let due = Arc::new(Due::default());
    let work = cloud.work.clone();
    let clock = cloud.clock.clone();
    let (on_commit, hears) = (clock.clone(), due.clone());
    cloud.store.on_commit(move |committed| {
        hears.hear(committed);
        on_commit.nudge();
    });
    let weak = Arc::downgrade(cloud);
    tokio::spawn(async move {
        loop {
            let changed = clock.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let Some(cloud) = live(&weak) else { return };
            clock.wake_due();
            let started = start_due(&cloud, &due);
            let wait = next_wait(&cloud);
            drop(cloud);
            if started {
                continue;
            }
            work.nudge();
            match wait {
                Some(wait) => {
                    tokio::select! { _ = changed => {} _ = clock.real_sleep(wait) => {} }
                }
                // While the clock stands, a move or a commit wakes us; the second is for clouds that were dropped.
                None => {
                    tokio::select! { _ = changed => {} _ = clock.real_sleep(Duration::from_secs(1)) => {} }
                }
            }
        }
    });
}

fn live(weak: &Weak<Cloud>) -> Option<Arc<Cloud>> {
    weak.upgrade().filter(|cloud| !cloud.is_stopped())
}

fn start_due(cloud: &Arc<Cloud>, due: &Arc<Due>) -> bool {
    let now = cloud.clock.now();
    let mut more = false;
    let mine = cloud.work.claim(|| {
        let (rows, any) = due.take(&cloud.store, now);
        more = any;
        rows.into_iter().map(|row| (format!("{}:{}", row.service, row.kind).into(), row)).collect()
    });
    let any = !mine.is_empty();
    for (token, row) in mine {
        tokio::spawn(run(cloud.clone(), row, token, due.clone()));
    }
    any || more
}

fn next_wait(cloud: &Arc<Cloud>) -> Option<Duration> {
    // Rows that are running are due and stay until they end; only what comes after them counts.
    let now = cloud.clock.now();
    let task = cloud.store.read(|s| s.next_due_after(now));
    let due = task.into_iter().chain(cloud.clock.next_sleeper()).min()?;
    cloud.clock.real_until(due)
}

async fn run(cloud: Arc<Cloud>, row: TaskRow, token: Token, due: Arc<Due>) {
    let (id, lane) = (row.id, due::lane(&row));
    let principal = Principal::Service {
        name: format!("{}.amazonaws.com", row.service).into(),
        source_arn: None,
        source_account: Some(row.scope.account.clone()),
    };
    let cx = Context::new(cloud.clone(), principal, row.scope.clone(), row.cause ^ row.id.seq.rotate_left(32));
    let (service, kind, attempts) = (row.service.clone(), row.kind.clone(), row.attempts);
    let result = match cloud.service(&service) {
        Some(found) => caught(found.clone().task(&cx, row)).await,
        None => Err(Fault::internal(format!("a task for {service}, which this cloud does not have"))),
    };
    let outcome = result.as_ref().err().map_or("ok".to_owned(), |f| f.code.to_string());
    let detail = result.as_ref().err().map_or(serde_json::Value::Null, |f| serde_json::json!({ "message": f.message }));
    cloud.journal.write(&cx, RecordKind::Timer, &service, &kind, "", &outcome, detail);
    let again = result.is_err() && attempts + 1 < MOST_ATTEMPTS;
    let done = cloud
        .store
        .write(|tx| {
            match again {
                true => drop(tx.retry(&id, retry_at(cloud.clock.now(), attempts))),
                false => tx.cancel(&id),
            }
            Ok(())
        })
        .await;
    let left = done.is_err();
    if let Err(fault) = done {
        cloud.journal.write(&cx, RecordKind::House, &service, &kind, "", "StoreFailure", serde_json::json!({ "message": fault.message }));
    }
    due.end(&id, lane.as_deref(), left);
    drop(token);
    cloud.clock.nudge();
}

/// Work that panics has failed like any other, with an internal fault that says what the panic said: a task is tried again, then given up, and
/// nobody waits for it for ever.
pub async fn caught<T, E: From<Fault>>(task: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    AssertUnwindSafe(task).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("nothing");
        Err(Fault::internal(format!("a task panicked, which is a defect of windtunnel: {said}")).into())
    })
}

/// One second, doubling, at most five minutes: as AWS's own event delivery backs off.
fn retry_at(now: Timestamp, attempts: u32) -> Timestamp {
    let secs = 1i128 << attempts.min(8);
    now.plus_ns(secs.min(300) * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use wire::Fault;

    #[tokio::test]
    async fn a_task_that_panics_has_failed() {
        let fault = super::caught::<(), Fault>(async { panic!("at {}", 1) }).await.unwrap_err();
        assert_eq!((fault.status, fault.message.ends_with("windtunnel: at 1")), (500, true), "{}", fault.message);
        assert!(super::caught(async { Ok::<_, Fault>(()) }).await.is_ok());
    }
}
