//! S3 alone behind a gateway, for `cargo xtask bench s3` and for profilers: what `windtunnel up` would serve, without the other services.
//!
//! `s3_server up --no-stack --port N [--data-dir DIR [--durability process|power]]`: the arguments of the real program, so that either can
//! be measured. Roots are allowed everything and nobody else is, since there is no iam here. `--fill N [--fill-bytes B]` first puts N objects
//! into the bucket `many`.

use kit::{
    Cloud, Fault, Need,
    ports::NewObject,
    store::{Durability, Store},
};
use std::{path::Path, sync::Arc};
use wire::Body;

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
    if let Some(count) = value("--fill").and_then(|count| count.parse().ok()) {
        let size = value("--fill-bytes").and_then(|size| size.parse().ok()).unwrap_or(1024);
        fill(&cloud, count, size).await.expect("the bucket is filled");
    }
    let gateway = gateway::Gateway::bind(([127, 0, 0, 1], port).into()).await.expect("a free port");
    let _server = gateway.serve(cloud, None);
    std::future::pending::<()>().await;
}

/// Objects `k0000000/00000000` and on, a thousand to a folder, written by a few hands.
async fn fill(cloud: &Arc<Cloud>, count: u64, size: usize) -> Result<(), Fault> {
    const HANDS: u64 = 8;
    let cx = cloud.house_context("fill");
    cloud.call_json(&cx, "s3", "CreateBucket", &serde_json::json!({ "Bucket": "many" })).await?;
    let hands = (0..HANDS).map(|hand| {
        let cloud = cloud.clone();
        tokio::spawn(async move {
            let objects = cloud.ports().objects()?;
            for n in (hand..count).step_by(HANDS as usize) {
                let cx = cloud.house_context("fill");
                let key = format!("k{:07}/{n:08}", n / 1000);
                let grant = cx.grant(&Need::on("s3:PutObject", format!("arn:aws:s3:::many/{key}")))?;
                let new = NewObject { bucket: "many".into(), key, content_type: None, metadata: Default::default() };
                objects.put(&cx, grant, new, Body::from_bytes(vec![n as u8; size])).await?;
            }
            Ok::<_, Fault>(())
        })
    });
    for hand in hands.collect::<Vec<_>>() {
        hand.await.map_err(|error| Fault::internal(error.to_string()))??;
    }
    Ok(())
}
