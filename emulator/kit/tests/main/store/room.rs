//! Little room: a full disk is answered and forgotten, the heap's cap is kept.

use super::*;
use bytes::Bytes;
use kit::store::disk::Disk;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

const NOTES: Table<u32, String> = Table::new("t.notes", TableScope::Global);
const BODIES: Table<u32, BlobRef> = Table::new("t.bodies", TableScope::Global);

async fn note(store: &Store, n: u32) -> Result<(), wire::Fault> {
    store.write(|tx| tx.put(&NOTES, &here(), &n, &"kept".to_string())).await
}

async fn body(store: &Store, n: u32, len: usize) -> Result<(), wire::Fault> {
    let blob = store.blobs().put(Bytes::from(vec![7; len])).await?;
    store
        .write(|tx| {
            tx.adopt(&blob);
            tx.put(&BODIES, &here(), &n, &blob)
        })
        .await
}

#[test]
fn a_full_disk_refuses_what_grows_and_lets_delete_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(1 << 30));
    let told = free.clone();
    let disk = Disk::default().with_room(Arc::new(move || told.load(Ordering::Relaxed)));
    let store = Store::durable_on(folder.path(), Durability::Process, disk).unwrap();
    block_on(async {
        body(&store, 1, 500_000).await.unwrap();
        note(&store, 1).await.unwrap();
        // Room for rows, none for bodies.
        free.store(20 << 20, Ordering::Relaxed);
        let fault = body(&store, 2, 500_000).await.unwrap_err();
        assert_eq!((fault.status, &*fault.code), (503, "ServiceUnavailable"), "{fault}");
        note(&store, 2).await.unwrap();
        // Room for deleting alone.
        free.store(10 << 20, Ordering::Relaxed);
        let fault = note(&store, 3).await.unwrap_err();
        assert_eq!((fault.status, &*fault.code), (503, "ServiceUnavailable"), "{fault}");
        assert_eq!(store.read(|s| s.get(&NOTES, &here(), &2)).unwrap().as_deref(), Some("kept"));
        let blob = store.read(|s| s.get(&BODIES, &here(), &1)).unwrap().unwrap();
        assert_eq!(store.blobs().read(&blob).await.unwrap().len(), 500_000);
        let files = files_under(folder.path());
        store
            .write(|tx| {
                tx.drop_blob(&blob);
                tx.delete(&BODIES, &here(), &1).map(drop)
            })
            .await
            .unwrap();
        assert_eq!(files_under(folder.path()), files - 1, "the body went, and the refused one left nothing");
        // Room again: everything goes on without a restart.
        free.store(1 << 30, Ordering::Relaxed);
        note(&store, 3).await.unwrap();
        body(&store, 3, 500_000).await.unwrap();
    });
}

fn files_under(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}

#[test]
fn bodies_beyond_the_heaps_cap_stand_in_files() {
    let store = Store::memory_capped(100_000);
    block_on(async {
        let blobs = store.blobs();
        let small = blobs.put(Bytes::from(vec![1; 60_000])).await.unwrap();
        let large = blobs.put(Bytes::from(vec![2; 60_000])).await.unwrap();
        assert!(matches!(blobs.open(&small).unwrap(), BlobReader::Memory(_)));
        assert!(matches!(blobs.open(&large).unwrap(), BlobReader::File(_)), "the second doesn't fit");
        assert_eq!(blobs.read(&large).await.unwrap(), vec![2; 60_000]);
        // What goes makes room.
        drop(small);
        let again = blobs.put(Bytes::from(vec![3; 60_000])).await.unwrap();
        assert!(matches!(blobs.open(&again).unwrap(), BlobReader::Memory(_)));
    });
}
