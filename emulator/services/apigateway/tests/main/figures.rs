//! What a REST API adds to the invocation of a warm function: CPU time of the thread that does both. Run by hand:
//! `cargo test --release -p apigateway --test main -- --ignored --nocapture figures`.

use crate::desk::Desk;
use serde_json::json;

const REQUESTS: u32 = 4_000;
/// Nanoseconds a request, beyond the function's own.
const BUDGET_NS: u64 = 1_000_000;

/// Nanoseconds on a CPU of this thread.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is Linux");
    text.split(' ').next().expect("a first field").parse().expect("a number")
}

/// The fake function costs next to nothing, so all of a request's time is the API's.
#[tokio::test]
#[ignore = "measures"]
async fn figures_of_a_proxied_request() {
    let desk = Desk::new().await;
    let pets = desk.resource(&desk.top, "pets").await;
    let pet = desk.resource(&pets, "{id}").await;
    desk.method(&pet, "GET", json!({})).await;
    desk.deploy().await;
    for _ in 0..200 {
        assert_eq!(desk.get("/pets/7?a=b").await.status, 200);
    }
    // Buckets of an account refill with the clock, which stands here.
    let before = cpu_ns();
    for _ in 0..REQUESTS {
        std::hint::black_box(desk.get("/pets/7?a=b").await);
    }
    let each = (cpu_ns() - before) / u64::from(REQUESTS);
    println!("a proxied request: {} us of CPU", each / 1000);
    if !cfg!(debug_assertions) {
        assert!(each < BUDGET_NS, "{each} ns is over the budget of {BUDGET_NS} ns");
    }
}
