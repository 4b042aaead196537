//! The one clock of a cloud: virtual wall time that never goes back, and sleepers on it. Sockets and watchdogs use real time.
//!
//! Modes: real plus offset (default), frozen. While an advance runs the clock is held and moved from due time to due time.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Notify, oneshot};
use wire::Timestamp;

/// How virtual time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// Real time plus an offset.
    Running,
    /// Stands until it is moved.
    Frozen,
}

/// The clock of a cloud. Clones share it.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Wakes the runner: the clock moved or a sleeper came.
    changed: Notify,
}

struct State {
    mode: ClockMode,
    /// Virtual minus real, while running.
    offset_ns: i128,
    /// Virtual now, while frozen or held.
    held: Option<Timestamp>,
    /// Real time is read through this pair so that a step of the machine's clock does not move virtual time back.
    real_base: (Instant, i128),
    /// Where real and virtual time were when the clock was moved: (real, virtual after).
    ledger: Vec<(Timestamp, Timestamp)>,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    next_sleeper: u64,
    page: Option<crate::clock_page::Page>,
}

/// What the clock shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClockReading {
    /// Virtual now.
    pub now: Timestamp,
    /// Mode.
    pub mode: ClockMode,
    /// Virtual minus real, in milliseconds.
    pub offset_ms: i64,
}

impl Clock {
    /// A clock that starts at real time, or at `start`.
    #[allow(clippy::disallowed_methods)] // the only place that reads the machine's clock
    pub fn new(start: Option<Timestamp>, mode: ClockMode) -> Clock {
        let unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
        let real_base = (Instant::now(), unix_ns);
        let start = start.unwrap_or(Timestamp { unix_ns });
        let state = State {
            mode,
            offset_ns: start.unix_ns - unix_ns,
            held: (mode == ClockMode::Frozen).then_some(start),
            real_base,
            ledger: vec![(Timestamp { unix_ns }, start)],
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
            page: None,
        };
        Clock { inner: Arc::new(Inner { state: Mutex::new(state), changed: Notify::new() }) }
    }

    /// Virtual now.
    pub fn now(&self) -> Timestamp {
        self.inner.state.lock().now()
    }
    /// Real now, for judging signatures of clients that live in real time.
    pub fn real_now(&self) -> Timestamp {
        self.inner.state.lock().real()
    }
    /// What the clock shows.
    pub fn reading(&self) -> ClockReading {
        let state = self.inner.state.lock();
        let now = state.now();
        ClockReading { now, mode: state.mode, offset_ms: ((now.unix_ns - state.real().unix_ns) / 1_000_000) as i64 }
    }

    /// Maps a moment that a client read from real time to virtual time, through the ledger of moves; moments that are
    /// already virtual (later than any real time) stay.
    pub fn virtual_of_real(&self, real: Timestamp) -> Timestamp {
        let state = self.inner.state.lock();
        let entry = state.ledger.iter().rev().find(|(at, _)| *at <= real).or(state.ledger.first());
        entry.map_or(real, |(at, then)| then.plus_ns(real.unix_ns - at.unix_ns))
    }

    /// Sleeps in virtual time.
    pub async fn sleep(&self, by: Duration) {
        self.sleep_until(self.now().plus_ns(by.as_nanos() as i128)).await;
    }
    /// Sleeps until a virtual moment. Dropping the future takes the sleeper off the clock.
    pub async fn sleep_until(&self, due: Timestamp) {
        let receiver = {
            let mut state = self.inner.state.lock();
            if due <= state.now() {
                return;
            }
            state.next_sleeper += 1;
            let key = (due, state.next_sleeper);
            let (sender, receiver) = oneshot::channel();
            state.sleepers.insert(key, sender);
            Sleeper { key, receiver, inner: self.inner.clone() }
        };
        self.inner.changed.notify_waiters();
        receiver.wait().await;
    }

    /// Sleeps in real time: watchdogs and injected latency only.
    #[allow(clippy::disallowed_methods)]
    pub async fn real_sleep(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    /// Freezes the clock, or lets it run on from where it stands.
    pub fn set_mode(&self, mode: ClockMode) {
        let mut state = self.inner.state.lock();
        let now = state.now();
        state.mode = mode;
        match mode {
            ClockMode::Frozen => state.held = Some(now),
            ClockMode::Running => state.run_from(now),
        }
        state.publish();
        drop(state);
        self.inner.changed.notify_waiters();
    }

    /// Holds the clock where it is, for an advance.
    pub(crate) fn hold(&self) -> Timestamp {
        let mut state = self.inner.state.lock();
        let now = state.now();
        state.held = Some(now);
        now
    }
    /// Moves a held clock forward and wakes the sleepers that are due; how many.
    pub(crate) fn move_to(&self, to: Timestamp) -> usize {
        let mut state = self.inner.state.lock();
        let to = to.max(state.now());
        state.held = Some(to);
        let real = state.real();
        state.ledger.push((real, to));
        // Every move of a long run would be kept for ever; old ones only matter for URLs signed before them.
        if state.ledger.len() > 100_000 {
            state.ledger.drain(1..50_000);
        }
        let woken = state.wake();
        state.publish();
        drop(state);
        self.inner.changed.notify_waiters();
        woken
    }
    /// Lets the clock go on from where it is held (it stays when frozen).
    pub(crate) fn release(&self) {
        let mut state = self.inner.state.lock();
        let now = state.now();
        if state.mode == ClockMode::Running {
            state.run_from(now);
        }
        state.publish();
        drop(state);
        self.inner.changed.notify_waiters();
    }

    /// The next sleeper's time.
    pub(crate) fn next_sleeper(&self) -> Option<Timestamp> {
        self.inner.state.lock().sleepers.keys().next().map(|(due, _)| *due)
    }
    /// Wakes sleepers that are due by now.
    pub(crate) fn wake_due(&self) {
        self.inner.state.lock().wake();
    }
    /// How long in real time until a virtual moment; `None` while the clock stands.
    pub(crate) fn real_until(&self, due: Timestamp) -> Option<Duration> {
        let state = self.inner.state.lock();
        if state.held.is_some() {
            return None;
        }
        let wait = due.unix_ns - state.now().unix_ns;
        Some(Duration::from_nanos(wait.clamp(0, u64::MAX as i128) as u64))
    }
    /// Wakes the runner.
    pub(crate) fn nudge(&self) {
        self.inner.changed.notify_waiters();
    }
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.changed.notified()
    }

    /// A file that child processes map to read this clock (see [`clock_page`](crate::clock_page)); made on first use.
    pub fn page(&self) -> std::io::Result<std::path::PathBuf> {
        let mut state = self.inner.state.lock();
        if state.page.is_none() {
            state.page = Some(crate::clock_page::Page::new()?);
            state.publish();
        }
        Ok(state.page.as_ref().expect("just made").path().to_path_buf())
    }
}

impl State {
    fn real(&self) -> Timestamp {
        #[allow(clippy::disallowed_methods)]
        let elapsed = self.real_base.0.elapsed().as_nanos() as i128;
        Timestamp { unix_ns: self.real_base.1 + elapsed }
    }
    fn now(&self) -> Timestamp {
        self.held.unwrap_or_else(|| self.real().plus_ns(self.offset_ns))
    }
    fn run_from(&mut self, now: Timestamp) {
        let real = self.real();
        self.offset_ns = now.unix_ns - real.unix_ns;
        self.held = None;
        self.ledger.push((real, now));
    }
    fn wake(&mut self) -> usize {
        let now = self.now();
        let later = self.sleepers.split_off(&(now.plus_ns(1), 0));
        let due = std::mem::replace(&mut self.sleepers, later);
        due.into_values().map(|sender| sender.send(())).filter(Result::is_ok).count()
    }
    fn publish(&self) {
        if let Some(page) = &self.page {
            page.write(self.held, self.offset_ns);
        }
    }
}

struct Sleeper {
    key: (Timestamp, u64),
    receiver: oneshot::Receiver<()>,
    inner: Arc<Inner>,
}

impl Sleeper {
    async fn wait(mut self) {
        let _ = (&mut self.receiver).await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.inner.state.lock().sleepers.remove(&self.key);
    }
}
