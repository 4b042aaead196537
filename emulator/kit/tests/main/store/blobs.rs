//! Blobs: pending, adopted, shared, dropped, collected.

use super::*;
use bytes::Bytes;
use wire::ReplyBody;

const HOLDERS: Table<u32, BlobRef> = Table::new("t.holders", TableScope::Global);

/// Inlined; a file; a file written in several goes.
const SIZES: [usize; 5] = [0, 100, 16_000, 16_001, 3_000_000];

fn bytes(len: usize) -> Bytes {
    (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
}

async fn keep(store: &Store, n: u32, body: Bytes) -> BlobRef {
    let blob = store.blobs().put(body).await.unwrap();
    store
        .write(|tx| {
            tx.adopt(&blob);
            tx.put(&HOLDERS, &here(), &n, &blob)
        })
        .await
        .unwrap();
    blob
}

#[test]
fn blobs_come_back_whole_and_in_part() {
    every_engine(|subject| async move {
        for (n, size) in SIZES.into_iter().enumerate() {
            keep(&subject.store, n as u32, bytes(size)).await;
        }
        let subject = subject.reopen();
        for (n, size) in SIZES.into_iter().enumerate() {
            let whole = bytes(size);
            let blob = subject.store.read(|snap| snap.get(&HOLDERS, &here(), &(n as u32))).unwrap().unwrap();
            assert_eq!(blob.len, size as u64);
            assert_eq!(subject.store.blobs().read(&blob).await.unwrap(), whole);
            let (from, to) = (size / 3, size / 2);
            let open = || subject.store.blobs().open(&blob).unwrap();
            assert_eq!(open().read_at(from as u64, to - from).unwrap(), whole.slice(from..to));
            assert_eq!(open().read_at(size as u64, 5).unwrap(), Bytes::new());
            let mut body = open().into_body(from as u64, (size - from) as u64);
            assert_eq!(body.collect(usize::MAX).await.unwrap(), whole.slice(from..));
            match open().into_reply(from as u64, (to - from) as u64) {
                ReplyBody::Bytes(part) => assert_eq!(part, whole.slice(from..to)),
                ReplyBody::File { offset, length, .. } => assert_eq!((offset, length), (from as u64, (to - from) as u64)),
                _ => panic!("a blob is bytes or a file"),
            }
        }
    });
}

#[test]
fn chunks_of_every_size_add_up() {
    every_engine(|subject| async move {
        let whole = bytes(2_000_000);
        let mut writer = subject.store.blobs().create().await.unwrap();
        let (mut at, mut step) = (0, 1);
        while at < whole.len() {
            let end = (at + step).min(whole.len());
            writer.write(whole.slice(at..end)).await.unwrap();
            (at, step) = (end, step * 3);
        }
        assert_eq!(writer.len(), whole.len() as u64);
        let blob = writer.finish().await.unwrap();
        assert_eq!(subject.store.blobs().read(&blob).await.unwrap(), whole);
    });
}

#[test]
fn what_nobody_adopts_leaves_nothing() {
    every_engine(|subject| async move {
        let blobs = subject.store.blobs();
        let mut writer = blobs.create().await.unwrap();
        writer.write(bytes(1_000_000)).await.unwrap();
        drop(writer);
        let copy = {
            let blob = blobs.put(bytes(100_000)).await.unwrap();
            let refused = subject.store.write(|tx| {
                tx.adopt(&blob);
                refuse::<()>()
            });
            refused.await.unwrap_err();
            assert!(blobs.open(&blob).is_ok());
            BlobRef::clone(&serde_json::from_str(&serde_json::to_string(&blob).unwrap()).unwrap())
        };
        assert!(blobs.open(&copy).is_err());
        assert_eq!(subject.blob_files(), 0);
        let fault = subject.store.write(|tx| Ok(tx.adopt(&copy))).await.unwrap_err();
        assert!(fault.message.contains("not in the store"), "{fault}");
        let fault = subject.store.write(|tx| Ok(tx.drop_blob(&copy))).await.unwrap_err();
        assert!(fault.message.contains("not in the store"), "{fault}");
    });
}

#[test]
fn an_adopted_blob_goes_with_its_last_owner() {
    every_engine(|subject| async move {
        for size in SIZES {
            let store = &subject.store;
            let blob = keep(store, 1, bytes(size)).await;
            store.write(|tx| Ok(tx.adopt(&blob))).await.unwrap();
            store.write(|tx| Ok(tx.drop_blob(&blob))).await.unwrap();
            assert_eq!(store.blobs().read(&blob).await.unwrap(), bytes(size), "one owner is left");
            // From one owner to another within a transaction.
            let moved = store.write(|tx| {
                tx.drop_blob(&blob);
                tx.adopt(&blob);
                Ok(())
            });
            moved.await.unwrap();
            let open = store.blobs().open(&blob).unwrap();
            store.write(|tx| Ok(tx.drop_blob(&blob))).await.unwrap();
            assert!(store.blobs().open(&blob).is_err());
            assert_eq!(open.read_at(0, size).unwrap(), bytes(size), "what is open stays readable");
        }
        assert_eq!(subject.blob_files(), 0);
    });
}

#[test]
fn a_blob_that_a_view_knows_outlives_its_drop() {
    every_engine(|subject| async move {
        // On the heap a writer waits for the view, so there is nothing to see.
        if subject.kind == Kind::Memory {
            return;
        }
        for size in SIZES {
            let blob = keep(&subject.store, 1, bytes(size)).await;
            let store = subject.store.clone();
            store.read(|_| {
                let (writer, blob) = (store.clone(), blob.clone());
                std::thread::spawn(move || block_on(writer.write(|tx| Ok(tx.drop_blob(&blob)))).unwrap()).join().unwrap();
            });
            assert!(store.blobs().open(&blob).is_err());
            let blob = keep(&subject.store, 1, bytes(size)).await;
            store.read(|_| {
                let (writer, other) = (store.clone(), blob.clone());
                std::thread::spawn(move || block_on(writer.write(|tx| Ok(tx.drop_blob(&other)))).unwrap()).join().unwrap();
                assert_eq!(store.blobs().open(&blob).unwrap().read_at(0, size).unwrap(), bytes(size));
            });
            assert!(store.blobs().open(&blob).is_err());
        }
        assert_eq!(subject.blob_files(), 0);
    });
}

#[test]
fn a_blob_that_is_held_outlives_its_drop_and_goes_when_it_is_let_go_of() {
    every_engine(|subject| async move {
        let store = &subject.store;
        for size in SIZES {
            let blob = keep(store, 1, bytes(size)).await;
            let (first, second) = store.read(|_| (store.blobs().hold([&blob]), store.blobs().hold([&blob])));
            store.write(|tx| Ok(tx.drop_blob(&blob))).await.unwrap();
            drop(second);
            assert_eq!(first.open(&blob).unwrap().read_at(0, size).unwrap(), bytes(size));
            drop(first);
            assert!(store.blobs().open(&blob).is_err());
        }
        assert_eq!(subject.blob_files(), 0);
        // One whose generation was replaced is still that one's.
        let blob = keep(store, 1, bytes(100_000)).await;
        let held = store.blobs().hold([&blob]);
        store.reset().await.unwrap();
        assert!(store.blobs().open(&blob).is_err());
        assert_eq!(held.open(&blob).unwrap().read_at(0, 100_000).unwrap(), bytes(100_000));
    });
}

#[test]
fn a_start_collects_what_was_pending() {
    every_engine(|subject| async move {
        if subject.kind == Kind::Memory {
            return;
        }
        let kept = keep(&subject.store, 1, bytes(100_000)).await;
        let pending = subject.store.blobs().put(bytes(100_000)).await.unwrap();
        let mut half = subject.store.blobs().create().await.unwrap();
        half.write(bytes(1_000_000)).await.unwrap();
        assert_eq!(subject.blob_files(), 3);
        // As if the process had died: nothing is told that it is over.
        std::mem::forget((pending, half));
        let subject = subject.reopen();
        assert_eq!(subject.blob_files(), 1);
        assert_eq!(subject.store.blobs().read(&kept).await.unwrap(), bytes(100_000));
    });
}

#[test]
fn what_does_not_fit_on_the_heap_goes_to_a_file() {
    block_on(async {
        let store = Store::memory();
        let part = bytes(8 << 20);
        let mut kept = Vec::new();
        for n in 0..6 {
            kept.push(keep(&store, n, part.clone()).await);
        }
        let in_files = kept.iter().filter(|blob| matches!(store.blobs().open(blob), Ok(BlobReader::File(_)))).count();
        assert_eq!(in_files, 2, "32 MiB stay on the heap");
        for blob in &kept {
            assert_eq!(store.blobs().read(blob).await.unwrap(), part);
        }
        // Two readers of one file don't move each other.
        let open = || store.blobs().open(&kept[5]).unwrap().into_body(0, part.len() as u64);
        let (mut one, mut two) = (open(), open());
        assert_eq!(one.next().await.unwrap().unwrap(), two.next().await.unwrap().unwrap());
        for blob in &kept {
            store.write(|tx| Ok(tx.drop_blob(blob))).await.unwrap();
        }
        let again = keep(&store, 9, part.clone()).await;
        assert!(matches!(store.blobs().open(&again), Ok(BlobReader::Memory(_))), "the heap has room again");
    });
}
