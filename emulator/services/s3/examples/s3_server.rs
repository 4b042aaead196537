//! S3 alone behind a gateway, for `cargo xtask bench s3` and for profilers: what `windtunnel up` would serve, without the other services.
//!
//! `s3_server up --no-stack --port N [--data-dir DIR [--durability process|power]]`: the arguments of the real program, so that either can
//! be measured. Roots are allowed everything and nobody else is, since there is no iam here.

use kit::{
    Cloud,
    store::{Durability, Store},
};
use std::{path::Path, sync::Arc};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1)).map(String::as_str);
    let port: u16 = value("--port").and_then(|port| port.parse().ok()).expect("--port N");
    let durability = if value("--durability") == Some("power") { Durability::Power } else { Durability::Process };
    let store = match value("--data-dir") {
        Some(folder) => Store::durable(Path::new(folder), durability).expect("the data directory opens"),
        None => Store::memory(),
    };
    let cloud = Cloud::builder().store(store).journal_bytes(32 << 20).service(Arc::new(s3::S3::new())).start().await.expect("a cloud");
    let gateway = gateway::Gateway::bind(([127, 0, 0, 1], port).into()).await.expect("a free port");
    let _server = gateway.serve(cloud, None);
    std::future::pending::<()>().await;
}
