//! The consumer as it runs: a process of its own, between a real broker and a real Lambda. What it promises is looked for in what the functions
//! saw and in the offsets that the group has.

// Other processes are watched here, in real time.
#![allow(clippy::disallowed_methods)]

mod between;
mod commands;
mod crash;
mod failures;
#[cfg(feature = "tls")]
mod iam;
mod metrics;
mod promise;
mod proxy;
mod rebalance;
mod refused;
mod routes;
mod runner;
mod stand;
mod suite;

/// CI takes its time: the sizes of the issue.
fn in_ci() -> bool {
    std::env::var("WINDTUNNEL_CI").is_ok()
}
