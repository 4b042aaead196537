//! The engine's own threads: queries compute there, so that the cloud's stay free for requests.

use super::errors::{QueryError, carry};
use crate::running::Stop;
use datafusion::error::{DataFusionError, Result};
use std::{future::Future, sync::LazyLock};
use tokio::{runtime::Runtime, task::JoinHandle};

/// Stack of a thread, bytes; what isn't used takes no memory. The library goes down into plans and expressions on it, and statements may chain a
/// thousand operators.
const STACK_BYTES: usize = 64 << 20;

/// One for all clouds of the process, made when the first query runs.
static THREADS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.worker_threads(count()).thread_name("athena").thread_stack_size(STACK_BYTES).enable_all().build()
});

/// Threads of the engine, and shares that a plan is cut into.
pub(super) fn count() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

/// Waits on one of the engine's threads for what is read in the middle of a computation; the thread's other work goes on elsewhere.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

/// What a stopped query says of itself.
pub(super) fn stopped() -> DataFusionError {
    carry(QueryError::user(1000, "Query cancelled by user"))
}

/// A task that ends with whoever waits for it.
struct Own<T>(JoinHandle<T>);

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `work` on the engine's threads to its end, or until the query is told to stop.
pub(super) async fn run<T: Send + 'static>(stop: &Stop, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let threads = THREADS.as_ref().map_err(|e| DataFusionError::Execution(format!("the engine has no threads: {e}")))?;
    let mut task = Own(threads.spawn(work));
    tokio::select! {
        ended = &mut task.0 => match ended {
            Ok(done) => done,
            Err(error) if error.is_panic() => Err(DataFusionError::Execution(format!("the engine failed: {error}"))),
            Err(_) => Err(stopped()),
        },
        () = stop.told() => Err(stopped()),
    }
}
