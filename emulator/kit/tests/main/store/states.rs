//! Save, load, reset, and what stands in the way of opening.

use super::*;
use bytes::Bytes;
use std::sync::{Arc, Mutex};

const ROWS: Table<u32, String> = Table::new("t.rows", TableScope::Region);
const HOLDERS: Table<u32, BlobRef> = Table::new("t.holders", TableScope::Global);

async fn fill(store: &Store, word: &str) -> Vec<BlobRef> {
    let mut kept = Vec::new();
    for (n, size) in [(1, 50), (2, 70_000), (3, 2_100_000)] {
        let blob = store.blobs().put(Bytes::from(word.repeat(size / word.len()))).await.unwrap();
        let wrote = store.write(|tx| {
            tx.adopt(&blob);
            tx.put(&HOLDERS, &here(), &n, &blob)?;
            tx.next_seq("count");
            tx.task(NewTask::new(&here(), "s", "k", &n));
            (0..300).try_for_each(|i| tx.put(&ROWS, &here(), &(n * 1000 + i), &format!("{word} {i}")))
        });
        wrote.await.unwrap();
        kept.push(blob);
    }
    kept
}

async fn check(store: &Store, word: &str) {
    let (rows, holders, tasks) = store.read(|snap| {
        let rows: Vec<_> = snap.scan(&ROWS, &here()).map(|row| row.unwrap().1).collect();
        let holders: Vec<_> = snap.scan(&HOLDERS, &here()).map(|row| row.unwrap().1).collect();
        (rows, holders, snap.due_tasks(Default::default(), 99).len())
    });
    assert_eq!((rows.len(), holders.len(), tasks), (900, 3, 3));
    assert!(rows.iter().all(|row| row.starts_with(word)));
    for blob in holders {
        let bytes = store.blobs().read(&blob).await.unwrap();
        assert_eq!(bytes, Bytes::from(word.repeat(blob.len as usize / word.len())));
    }
}

#[test]
fn a_saved_state_comes_back_in_every_engine() {
    every_engine(|from| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        fill(&from.store, "old").await;
        from.store.save(&file).await.unwrap();
        for kind in KINDS {
            let to = Subject::new(kind);
            let before = fill(&to.store, "other").await;
            let heard = Arc::new(Mutex::new(0));
            let ear = heard.clone();
            to.store.on_commit(move |committed| *ear.lock().unwrap() += usize::from(committed.replaced));
            to.store.load(&file).await.unwrap();
            assert_eq!(*heard.lock().unwrap(), 1);
            check(&to.store, "old").await;
            // References from before are void, even though ids may be alike.
            drop(before);
            let to = to.reopen();
            check(&to.store, "old").await;
            assert_eq!(to.store.write(|tx| Ok(tx.next_seq("count"))).await.unwrap(), 4);
            let blob = to.store.blobs().put(Bytes::from_static(b"new")).await.unwrap();
            to.store.write(|tx| Ok(tx.adopt(&blob))).await.unwrap();
            let to = to.reopen();
            check(&to.store, "old").await;
            assert_eq!(to.store.blobs().read(&blob).await.unwrap(), Bytes::from_static(b"new"));
        }
    });
}

#[test]
fn a_damaged_file_changes_nothing() {
    every_engine(|subject| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        fill(&subject.store, "mine").await;
        subject.store.save(&file).await.unwrap();
        let good = std::fs::read(&file).unwrap();
        let damaged: Vec<Vec<u8>> = vec![
            vec![],
            b"something else entirely".to_vec(),
            good[..good.len() - 1].to_vec(),
            good[..good.len() / 2].to_vec(),
            good[..good.len() - 33].to_vec(),
            [&good[..], b"x"].concat(),
            flip(&good, 9),
            flip(&good, 40),
            flip(&good, good.len() / 2),
            flip(&good, good.len() - 1),
        ];
        for bytes in damaged {
            std::fs::write(&file, bytes).unwrap();
            assert!(subject.store.load(&file).await.is_err());
            check(&subject.store, "mine").await;
        }
        assert!(subject.store.load(&folder.path().join("absent")).await.is_err());
        let subject = subject.reopen();
        check(&subject.store, "mine").await;
    });
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 0x10;
    bytes
}

#[test]
fn a_reset_leaves_nothing() {
    every_engine(|subject| async move {
        let old = fill(&subject.store, "old").await;
        let late = subject.store.blobs().put(Bytes::from_static(b"late")).await.unwrap();
        subject.store.reset().await.unwrap();
        assert_eq!(subject.store.read(|snap| snap.count(&ROWS, &here())).unwrap(), 0);
        assert!(subject.store.blobs().open(&old[1]).is_err());
        let fault = subject.store.write(|tx| Ok(tx.adopt(&late))).await.unwrap_err();
        assert!(fault.message.contains("before the state was replaced"), "{fault}");
        drop((old, late));
        assert_eq!(subject.blob_files(), 0);
        fill(&subject.store, "new").await;
        let subject = subject.reopen();
        check(&subject.store, "new").await;
    });
}

#[test]
fn a_folder_has_one_owner_and_one_format() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::durable(folder.path(), Durability::Process).unwrap();
    assert!(matches!(Store::durable(folder.path(), Durability::Process), Err(StoreError::Locked(_))));
    drop(store);
    drop(Store::durable(folder.path(), Durability::Power).unwrap());
    std::fs::write(folder.path().join("CURRENT"), "windtunnel store 2\n00000001\n").unwrap();
    assert!(matches!(Store::durable(folder.path(), Durability::Process), Err(StoreError::Version(_))));
}

#[test]
fn a_state_can_be_saved_while_others_write() {
    every_engine(|subject| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        fill(&subject.store, "old").await;
        let store = subject.store.clone();
        let writer = tokio::spawn(async move {
            for n in 0..100u32 {
                // Always as many rows as the counter says.
                store
                    .write(|tx| {
                        tx.next_seq("pairs");
                        tx.put(&ROWS, &Scope::new("pairs", "x"), &n, &s("x"))
                    })
                    .await
                    .unwrap();
                tokio::task::yield_now().await;
            }
        });
        subject.store.save(&file).await.unwrap();
        writer.await.unwrap();
        let copy = Store::memory();
        copy.load(&file).await.unwrap();
        check(&copy, "old").await;
        let rows = copy.read(|snap| snap.count(&ROWS, &Scope::new("pairs", "x"))).unwrap() as u64;
        assert_eq!(copy.write(|tx| Ok(tx.next_seq("pairs"))).await.unwrap(), rows + 1);
    });
}
