//! Those who write at the same time share one commit, and see what the others have written before it is on the disk.

use super::*;
use kit::store::disk::{Disk, DiskEvent};
use std::sync::atomic::{AtomicUsize, Ordering};

const NUMBERS: Table<u64, String> = Table::new("t.numbers", TableScope::Region);

/// One thread: all writers are ready before the first of them writes to the file.
fn alone<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Runs writers side by side and waits for all.
async fn side_by_side<F: Future<Output = Result<(), Fault>> + Send + 'static>(writers: impl Iterator<Item = F>) {
    for writer in writers.map(tokio::spawn).collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
}

#[test]
fn writers_at_the_same_time_share_a_commit() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        let heads = Arc::new(AtomicUsize::new(0));
        let count = heads.clone();
        // Every commit writes the head of the file, and nothing else does.
        let disk = Disk::watched(Arc::new(move |event| {
            if matches!(event, DiskEvent::Wrote(path, 0, _) if path.ends_with("rows.redb")) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
        let store = Store::durable_on(folder.path(), durability, disk).unwrap();
        alone(async {
            let write = |n: u64| {
                let store = store.clone();
                async move { store.write(|tx| tx.put(&NUMBERS, &here(), &n, &s("one of many"))).await }
            };
            heads.store(0, Ordering::Relaxed);
            side_by_side((0..1).map(write)).await;
            let one = heads.swap(0, Ordering::Relaxed);
            assert!(one > 0, "a commit is seen by its head");
            side_by_side((1..17).map(write)).await;
            assert_eq!(heads.load(Ordering::Relaxed), one, "sixteen writers cost one commit under {durability:?}");
        });
        drop(store);
        let store = Store::durable(folder.path(), durability).unwrap();
        assert_eq!(store.read(|snap| snap.count(&NUMBERS, &here())).unwrap(), 17);
    }
}

/// Gets, walks in both directions, rows that went and rows that came again, over what others left waiting.
#[test]
fn a_transaction_sees_what_has_yet_to_reach_the_disk() {
    every_engine(|subject| async move {
        let store = subject.store.clone();
        store.write(|tx| (0..40).try_for_each(|n| tx.put(&NUMBERS, &here(), &n, &s("old")))).await.unwrap();
        let writers = (0..20u64).map(|_| {
            let store = store.clone();
            async move {
                store
                    .write(|tx| {
                        // The n-th writer takes row 2n away, changes row 2n + 1 and adds row 100 + n.
                        let n = tx.next_seq("writers") - 1;
                        let expected: Vec<u64> = (2 * n..40).chain(100..100 + n).chain((0..n).map(|n| 2 * n + 1)).collect();
                        let expected: std::collections::BTreeSet<u64> = expected.into_iter().collect();
                        let up: Vec<u64> = tx.scan(&NUMBERS, &here()).keys().collect::<Result<_, _>>()?;
                        let mut down: Vec<u64> = tx.scan(&NUMBERS, &here()).reverse().keys().collect::<Result<_, _>>()?;
                        down.reverse();
                        assert!(up.iter().eq(&expected) && up == down, "writer {n} sees {up:?}");
                        if n > 0 {
                            assert_eq!(tx.get(&NUMBERS, &here(), &(2 * n - 2))?, None);
                            assert_eq!(tx.get(&NUMBERS, &here(), &(2 * n - 1))?, Some(s("changed")));
                        }
                        assert_eq!(tx.delete(&NUMBERS, &here(), &(2 * n))?, Some(s("old")));
                        tx.put(&NUMBERS, &here(), &(2 * n + 1), &s("changed"))?;
                        tx.put(&NUMBERS, &here(), &(100 + n), &s("new"))
                    })
                    .await
            }
        });
        side_by_side(writers).await;
        drop(store);
        let subject = subject.reopen();
        let rows = subject.store.read(|snap| snap.scan(&NUMBERS, &here()).collect::<Result<Vec<_>, _>>()).unwrap();
        let expected = (0..20).map(|n| (2 * n + 1, s("changed"))).chain((100..120).map(|n| (n, s("new"))));
        assert!(rows.into_iter().eq(expected));
    });
}

/// What is much is written down on the way, and all of it is there at the end.
#[test]
fn much_at_once_does_not_pile_up() {
    every_engine(|subject| async move {
        let text = "x".repeat(100_000);
        let writers = (0..100u64).map(|n| {
            let (store, text) = (subject.store.clone(), text.clone());
            async move { store.write(|tx| tx.put(&NUMBERS, &here(), &n, &text)).await }
        });
        side_by_side(writers).await;
        let subject = subject.reopen();
        let rows = subject.store.read(|snap| snap.scan(&NUMBERS, &here()).collect::<Result<Vec<_>, _>>()).unwrap();
        assert!(rows.len() == 100 && rows.iter().all(|(_, row)| *row == text));
    });
}
