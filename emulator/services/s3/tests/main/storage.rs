//! What becomes of bodies on the disk: those that nobody needs go, a full disk refuses and is forgotten, small ones are verified too.

use crate::{
    desk::Desk,
    forms::Version,
    presign::{Url, Wish},
};
use kit::store::{Durability, Store, disk::Disk};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// A body that has a file of its own.
static BODY: [u8; 50_000] = [b'x'; 50_000];

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Bodies that lie in the folder, finished or not.
fn bodies(folder: &Path) -> usize {
    files(folder).iter().filter(|file| file.components().any(|part| part.as_os_str() == "blobs")).count()
}

#[tokio::test]
async fn bodies_that_nobody_needs_are_collected() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::on_disk(folder.path()).await;
    desk.ask("PUT", "/box").await.ok();
    let put = async |key: &str| desk.send("PUT", &format!("/box/{key}"), &[], &BODY).await.ok();
    put("k").await;
    assert_eq!(bodies(folder.path()), 1);
    put("k").await;
    assert_eq!(bodies(folder.path()), 1, "the body that was written over went");
    let refused = desk.send("PUT", "/box/k", &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], &BODY).await;
    assert_eq!(refused.fault(), (400, "BadDigest".into()));
    assert_eq!(bodies(folder.path()), 1, "a body that is not what it was said to be leaves nothing");
    desk.ask("DELETE", "/box/k").await.ok();
    assert_eq!(bodies(folder.path()), 0);
    // Parts go with their upload, and those that the client doesn't name with its completion.
    let begin = async || desk.ask("POST", "/box/big?uploads").await.ok().element("UploadId").unwrap();
    let part = async |upload: &str, number: u32| {
        let target = format!("/box/big?partNumber={number}&uploadId={upload}");
        desk.send("PUT", &target, &[], &BODY).await.ok().header("etag").unwrap().to_owned()
    };
    let upload = begin().await;
    for number in [1, 2, 2] {
        part(&upload, number).await;
    }
    assert_eq!(bodies(folder.path()), 2, "a part that comes again takes the place of the first");
    desk.ask("DELETE", &format!("/box/big?uploadId={upload}")).await.ok();
    assert_eq!(bodies(folder.path()), 0);
    let upload = begin().await;
    let etag = part(&upload, 1).await;
    part(&upload, 2).await;
    let list = format!("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>");
    desk.send("POST", &format!("/box/big?uploadId={upload}"), &[], list.as_bytes()).await.ok();
    assert_eq!(bodies(folder.path()), 1);
    assert_eq!(desk.get("/box/big").await.ok().body, BODY);
}

/// Lets others go on until something is so.
async fn until(so: impl Fn() -> bool) {
    for _ in 0..200_000 {
        if so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to be so");
}

/// A client that goes away in the middle of its body.
#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::on_disk(folder.path()).await;
    desk.ask("PUT", "/box").await.ok();
    let url = Url::presigned(&desk, Version::Four, &Wish { method: "PUT", bucket: "box", key: "k", ..Wish::default() });
    let query: Vec<String> = url.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut stream = TcpStream::connect(desk.address()).await.unwrap();
    let head = format!("PUT {}?{} HTTP/1.1\r\nhost: {}\r\ncontent-length: 1000000\r\n\r\n", url.path, query.join("&"), url.host);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 600_000]).await.unwrap();
    // Some of it has reached the disk before the end comes.
    until(|| bodies(folder.path()) == 1).await;
    drop(stream);
    until(|| bodies(folder.path()) == 0).await;
    assert_eq!(desk.get("/box/k").await.fault(), (404, "NoSuchKey".into()));
}

#[tokio::test]
async fn a_full_disk_is_told_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(1 << 30));
    let told = free.clone();
    let disk = Disk::default().with_room(Arc::new(move || told.load(Ordering::Relaxed)));
    let desk = Desk::on_store(Store::durable_on(folder.path(), Durability::Process, disk).unwrap()).await;
    desk.ask("PUT", "/box").await.ok();
    desk.send("PUT", "/box/kept", &[], &BODY).await.ok();
    // Room for rows, none for bodies.
    free.store(20 << 20, Ordering::Relaxed);
    assert_eq!(desk.send("PUT", "/box/new", &[], &BODY).await.fault(), (503, "ServiceUnavailable".into()));
    assert_eq!(desk.send("PUT", "/box/kept", &[], &BODY).await.fault(), (503, "ServiceUnavailable".into()));
    let upload = desk.ask("POST", "/box/big?uploads").await.ok().element("UploadId").unwrap();
    let part = desk.send("PUT", &format!("/box/big?partNumber=1&uploadId={upload}"), &[], &BODY).await;
    assert_eq!(part.fault(), (503, "ServiceUnavailable".into()));
    desk.put("/box/small", "fits into a row").await;
    // Room for deleting alone.
    free.store(10 << 20, Ordering::Relaxed);
    assert_eq!(desk.send("PUT", "/box/small2", &[], b"tiny").await.fault(), (503, "ServiceUnavailable".into()));
    assert_eq!(desk.get("/box/kept").await.ok().body, BODY, "what was there before the disk was full is still there");
    assert_eq!(desk.keys("box").await, ["kept", "small"]);
    assert_eq!(bodies(folder.path()), 1, "what was refused left nothing");
    desk.ask("DELETE", "/box/kept").await.ok();
    assert_eq!(bodies(folder.path()), 0);
    // Room again: nothing has to be started anew.
    free.store(1 << 30, Ordering::Relaxed);
    desk.send("PUT", "/box/new", &[], &BODY).await.ok();
    assert_eq!(desk.get("/box/new").await.ok().body, BODY);
}

/// Bodies that stand in the file of rows are held against their sums as those in files of their own are.
#[tokio::test]
async fn a_small_body_that_was_damaged_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let text = "a body so small that it stands in its row, and like no other text of the file";
    let desk = Desk::on_disk(folder.path()).await;
    desk.ask("PUT", "/box").await.ok();
    desk.put("/box/k", text).await;
    desk.close().await;
    let mut places = 0;
    for file in files(folder.path()) {
        let mut bytes = std::fs::read(&file).unwrap();
        // A tree that copies on write may hold older pages, too.
        while let Some(at) = bytes.windows(text.len()).position(|window| window == text.as_bytes()) {
            bytes[at] ^= 1;
            places += 1;
        }
        std::fs::write(&file, bytes).unwrap();
    }
    assert!(places > 0, "the body stands in a file as it is");
    let desk = Desk::on_disk(folder.path()).await;
    let answer = desk.get("/box/k").await;
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert!(!answer.text().contains("no other text"));
}
