//! `/metrics`, `/health` and `/ready` over HTTP, for whoever runs the consumer.

use crate::metrics::Metrics;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::Semaphore};

/// Connections at once; who comes later waits.
const CONNECTIONS: usize = 64;
/// How long a client may take for its request's head.
const HEAD: Duration = Duration::from_secs(10);

/// How the polling thread is.
pub struct Health {
    begun: Instant,
    ticked_ms: AtomicU64,
    assigned: AtomicBool,
    stopping: AtomicBool,
    /// A thread that says nothing for so long is stuck.
    stall: Duration,
}

impl Health {
    /// Of a thread that may take `stall` between two turns: a drain, say.
    pub fn new(stall: Duration) -> Health {
        let (assigned, stopping) = (AtomicBool::new(false), AtomicBool::new(false));
        Health { begun: Instant::now(), ticked_ms: AtomicU64::new(0), assigned, stopping, stall }
    }
    /// It has begun a turn.
    pub fn tick(&self) {
        self.ticked_ms.store(self.begun.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
    /// It has been given partitions, or been told that there are none for it.
    pub fn assigned(&self) {
        self.assigned.store(true, Ordering::Relaxed);
    }
    /// It ends.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
    /// Why it isn't alive.
    pub fn ill(&self) -> Option<&'static str> {
        let silent = self.begun.elapsed().saturating_sub(Duration::from_millis(self.ticked_ms.load(Ordering::Relaxed)));
        (silent > self.stall).then_some("the polling thread is stuck")
    }
    /// Why it isn't ready.
    pub fn unready(&self) -> Option<&'static str> {
        if self.stopping.load(Ordering::Relaxed) {
            return Some("it is stopping");
        }
        if !self.assigned.load(Ordering::Relaxed) {
            return Some("the group has not given it partitions yet");
        }
        self.ill()
    }
}

/// Listens, and serves until the runtime ends.
pub async fn serve(address: SocketAddr, metrics: Arc<Metrics>, health: Arc<Health>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::spawn(async move {
        loop {
            let permit = room.clone().acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely: give others time to close theirs.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (metrics, health) = (metrics.clone(), health.clone());
            tokio::spawn(async move {
                let answer = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &metrics, &health))));
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(HEAD);
                let _ = server.serve_connection(TokioIo::new(stream), answer).await;
                drop(permit);
            });
        }
    });
    Ok(address)
}

fn answer(request: &Request<Incoming>, metrics: &Metrics, health: &Health) -> Response<Full<Bytes>> {
    let state = |wrong: Option<&str>| match wrong {
        None => (200, "ok\n".to_owned()),
        Some(why) => (503, format!("{why}\n")),
    };
    let (status, text) = match request.uri().path() {
        "/metrics" => (200, metrics.text()),
        "/health" => state(health.ill()),
        "/ready" => state(health.unready()),
        _ => (404, "there are /metrics, /health and /ready\n".to_owned()),
    };
    let response = Response::builder().status(status).header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body(Full::new(text.into())).expect("these headers are well formed")
}
