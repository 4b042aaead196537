//! How fast work that nobody waits for begins: AWS's own pollers ramp up too, and a machine is not to start hundreds of processes because of one
//! upload of many files. A turn limits beginnings, not what runs: who runs for long gives it on, or functions that wait for what they have
//! caused would wait for ever.

use kit::{Clock, Fault};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Events and batches that begin at a time.
const TURNS: usize = 64;
/// A turn is given on after this time, real.
const LONGEST: Duration = Duration::from_secs(2);

/// The turns of a cloud.
pub(crate) struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Turns {
        Turns(Semaphore::new(TURNS))
    }
}

/// A turn; given on when it is dropped.
pub(crate) struct Turn<'a>(SemaphorePermit<'a>);

impl Turns {
    /// Waits for a turn.
    pub async fn take(&self) -> Result<Turn<'_>, Fault> {
        self.0.acquire().await.map(Turn).map_err(|_| Fault::internal("the emulator is stopping"))
    }
}

impl Turn<'_> {
    /// Runs something to its end, and keeps the turn no longer than it takes, nor for ever.
    pub async fn during<T>(self, clock: &Clock, work: impl Future<Output = T>) -> T {
        let Turn(permit) = self;
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = clock.real_sleep(LONGEST) => {}
        }
        drop(permit);
        work.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::ClockMode;
    use std::sync::Arc;

    #[tokio::test]
    async fn who_runs_for_long_gives_the_turn_on() {
        let (turns, clock) = (Arc::new(Turns::default()), Clock::new(None, ClockMode::Frozen));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..TURNS {
            let (turns, clock) = (turns.clone(), clock.clone());
            running.spawn(async move { turns.take().await.unwrap().during(&clock, std::future::pending::<()>()).await });
        }
        while turns.0.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(turns.take().await.unwrap().during(&clock, async { 7 }).await, 7);
        assert_eq!(running.len(), TURNS, "the others go on");
    }
}
