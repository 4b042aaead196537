//! Bytes that the disk has damaged are not handed out as if nothing were.

use crate::desk::START;
use crate::http::{Ask, send, try_send};
use kit::{
    ClockMode, Cloud, Timestamp,
    store::{Durability, Store},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn damaged_bodies_are_noticed_on_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::durable(folder.path(), Durability::Process).unwrap();
    let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen).store(store);
    let cloud = builder.service(Arc::new(s3::S3::new())).start().await.unwrap();
    let server = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap().serve(cloud, None);
    let now = kit::time::amz_date(Timestamp::from_secs(START));
    let ask = |method, target, headers, body| Ask { method, target, headers, body, key: Some(("test", "test")), region: "us-east-1" };
    send(server.address(), ask("PUT", "/vault", vec![], vec![]), &now).await.ok();
    for (key, size) in [("/vault/small", 50_000), ("/vault/large", 900_000)] {
        send(server.address(), ask("PUT", key, vec![], vec![7; size]), &now).await.ok();
        let damaged: Vec<PathBuf> = files(folder.path()).into_iter().filter(|file| file.metadata().unwrap().len() == size as u64).collect();
        assert_eq!(damaged.len(), 1, "the body is a file of its own");
        let mut bytes = std::fs::read(&damaged[0]).unwrap();
        bytes[size / 2] ^= 1;
        std::fs::write(&damaged[0], bytes).unwrap();
        // A range can't be held against the sum of the whole.
        let part = send(server.address(), ask("GET", key, vec![("range", "bytes=0-9".into())], vec![]), &now).await.ok();
        assert_eq!(part.body, [7; 10]);
    }
    // What is read before the answer begins is told; later the connection is cut before the last byte.
    let small = send(server.address(), ask("GET", "/vault/small", vec![], vec![]), &now).await;
    assert_eq!(small.status, 500, "{}", small.text());
    assert!(try_send(server.address(), ask("GET", "/vault/large", vec![], vec![]), &now).await.is_none());
}
