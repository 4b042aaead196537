//! Tables, scans, indexes, transactions.

use super::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use wire::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Object {
    owner: String,
    size: u64,
    modified: Timestamp,
    #[serde(default)]
    tags: Vec<String>,
}

const OBJECTS: Table<(String, String, Desc<u64>), Object> = Table::new("s3.objects", TableScope::Global).indexes(&[
    Index { name: "owner", keys: |o| vec![key_bytes(&(o.owner.as_str(), o.size))] },
    Index { name: "tag", keys: |o| o.tags.iter().map(|t| key_bytes(&t.as_str())).collect() },
]);
const QUEUES: Table<String, u64> = Table::new("sqs.queues", TableScope::Region);
const USERS: Table<String, u64> = Table::new("iam.users", TableScope::Account);

fn object(owner: &str, size: u64) -> Object {
    Object { owner: s(owner), size, modified: Timestamp::from_secs(size as i64), tags: vec![] }
}
fn key(bucket: &str, name: &str, seq: u64) -> (String, String, Desc<u64>) {
    (s(bucket), s(name), Desc(seq))
}
fn names<E: std::fmt::Debug>(rows: impl Iterator<Item = Result<((String, String, Desc<u64>), Object), E>>) -> Vec<String> {
    rows.map(|row| row.unwrap().0).map(|(b, n, v)| format!("{b}/{n}@{}", v.0)).collect()
}

async fn filled(store: &Store) {
    let keys = [
        ("a", "x", 1),
        ("b", "dog", 1),
        ("b", "photos/1", 1),
        ("b", "photos/1", 2),
        ("b", "photos/2", 1),
        ("b", "photos\0", 1),
        ("b", "photos0", 1),
        ("b", "zoo", 1),
        ("b\0", "x", 1),
        ("c", "x", 1),
    ];
    store.write(|tx| keys.iter().try_for_each(|(b, n, v)| tx.put(&OBJECTS, &here(), &key(b, n, *v), &object("me", *v)))).await.unwrap();
}

#[test]
fn rows_come_back_after_a_restart() {
    every_engine(|subject| async move {
        let me = here();
        subject.store.write(|tx| tx.put(&OBJECTS, &me, &key("b", "k", 1), &object("ann", 5))).await.unwrap();
        let subject = subject.reopen();
        let found = subject.store.read(|snap| snap.get(&OBJECTS, &me, &key("b", "k", 1))).unwrap();
        assert_eq!(found, Some(object("ann", 5)));
        let old = subject.store.write(|tx| tx.delete(&OBJECTS, &me, &key("b", "k", 1))).await.unwrap();
        assert_eq!(old, Some(object("ann", 5)));
        let subject = subject.reopen();
        assert!(!subject.store.read(|snap| snap.exists(&OBJECTS, &me, &key("b", "k", 1))).unwrap());
        assert_eq!(subject.store.write(|tx| tx.delete(&OBJECTS, &me, &key("b", "k", 1))).await.unwrap(), None);
    });
}

#[test]
fn scans_keep_their_bounds() {
    every_engine(|subject| async move {
        filled(&subject.store).await;
        subject.store.read(|snap| {
            let scan = || snap.scan(&OBJECTS, &here());
            let bucket = || scan().prefix(&("b",));
            assert_eq!(
                names(bucket()),
                ["b/dog@1", "b/photos\0@1", "b/photos/1@2", "b/photos/1@1", "b/photos/2@1", "b/photos0@1", "b/zoo@1"]
            );
            assert_eq!(names(bucket().text_prefix("photos/")), ["b/photos/1@2", "b/photos/1@1", "b/photos/2@1"]);
            assert_eq!(names(bucket().text_prefix("photos\0")), ["b/photos\0@1"]);
            assert_eq!(names(bucket().after_text_prefix("photos/")), ["b/photos0@1", "b/zoo@1"]);
            assert_eq!(names(bucket().after(&("b", "photos/1"))), ["b/photos/2@1", "b/photos0@1", "b/zoo@1"]);
            assert_eq!(names(bucket().after(&key("b", "photos/1", 2)).limit(2)), ["b/photos/1@1", "b/photos/2@1"]);
            assert_eq!(names(bucket().from(&key("b", "photos/1", 1)).limit(1)), ["b/photos/1@1"]);
            assert_eq!(names(bucket().until(&("b", "photos/1")).reverse()), ["b/photos\0@1", "b/dog@1"]);
            assert_eq!(names(bucket().through(&("b", "photos/1")).reverse().limit(2)), ["b/photos/1@1", "b/photos/1@2"]);
            assert_eq!(names(scan().reverse().limit(2)), ["c/x@1", "b\0/x@1"]);
            assert_eq!(names(bucket().from(&("c",))), [""; 0]);
            assert_eq!(names(bucket().from(&("b", "z")).until(&("b", "d"))), [""; 0]);
            assert_eq!(scan().first().unwrap().unwrap().0, key("a", "x", 1));
            assert_eq!(bucket().keys().count(), 7);
            assert_eq!(snap.count(&OBJECTS, &here()).unwrap(), 10);
        });
    });
}

#[test]
fn a_transaction_reads_what_it_wrote_and_rolls_back_whole() {
    every_engine(|subject| async move {
        filled(&subject.store).await;
        let refused = subject.store.write(|tx| {
            tx.put(&OBJECTS, &here(), &key("b", "new", 1), &object("me", 9))?;
            tx.delete(&OBJECTS, &here(), &key("b", "photos/1", 2))?;
            tx.put(&OBJECTS, &here(), &key("b", "photos/1", 1), &object("you", 1))?;
            let seen = names(tx.scan(&OBJECTS, &here()).prefix(&("b",)).until(&("b", "photos/2")));
            assert_eq!(seen, ["b/dog@1", "b/new@1", "b/photos\0@1", "b/photos/1@1"]);
            let seen = names(tx.scan(&OBJECTS, &here()).prefix(&("b",)).until(&("b", "photos/2")).reverse());
            assert_eq!(seen, ["b/photos/1@1", "b/photos\0@1", "b/new@1", "b/dog@1"]);
            assert_eq!(tx.get(&OBJECTS, &here(), &key("b", "photos/1", 1))?.unwrap().owner, "you");
            assert_eq!(names(tx.by_index(&OBJECTS, &here(), "owner", &("you",))), ["b/photos/1@1"]);
            assert_eq!((tx.next_seq("n"), tx.next_seq("n"), tx.next_seq("m")), (1, 2, 1));
            refuse::<()>()
        });
        assert_eq!(refused.await.unwrap_err().code, "Refused");
        let subject = subject.reopen();
        assert_eq!(subject.store.read(|snap| snap.count(&OBJECTS, &here())).unwrap(), 10);
        assert_eq!(subject.store.read(|snap| names(snap.by_index(&OBJECTS, &here(), "owner", &("you",)))), [""; 0]);
        assert_eq!(subject.store.write(|tx| Ok(tx.next_seq("n"))).await.unwrap(), 1);
        let subject = subject.reopen();
        assert_eq!(subject.store.write(|tx| Ok(tx.next_seq("n"))).await.unwrap(), 2);
    });
}

#[test]
fn a_panic_in_a_write_changes_nothing_and_blocks_nobody() {
    every_engine(|subject| async move {
        let store = subject.store.clone();
        let write = tokio::spawn(async move {
            store.write(|tx| -> Result<(), Fault> { tx.put(&QUEUES, &here(), &s("q"), &1).map(|()| panic!("a bug")) }).await
        });
        assert!(write.await.unwrap_err().is_panic());
        subject.store.write(|tx| tx.put(&QUEUES, &here(), &s("r"), &1)).await.unwrap();
        assert_eq!(subject.store.read(|snap| snap.count(&QUEUES, &here())).unwrap(), 1);
    });
}

#[test]
fn indexes_follow_their_rows() {
    every_engine(|subject| async move {
        let (store, me) = (&subject.store, here());
        let by = |owner: &'static str| store.read(|snap| names(snap.by_index(&OBJECTS, &here(), "owner", &(owner,))));
        store
            .write(|tx| {
                tx.put(&OBJECTS, &me, &key("b", "big", 1), &object("ann", 300))?;
                tx.put(&OBJECTS, &me, &key("b", "small", 1), &object("ann", 2))?;
                tx.put(&OBJECTS, &me, &key("b", "tagged", 1), &Object { tags: vec![s("red"), s("blue")], ..object("bob", 1) })
            })
            .await
            .unwrap();
        assert_eq!(by("ann"), ["b/small@1", "b/big@1"]);
        store.write(|tx| tx.put(&OBJECTS, &me, &key("b", "big", 1), &object("bob", 300))).await.unwrap();
        assert_eq!(by("ann"), ["b/small@1"]);
        assert_eq!(by("bob"), ["b/tagged@1", "b/big@1"]);
        store.read(|snap| {
            let bob = || snap.by_index(&OBJECTS, &me, "owner", &("bob",));
            assert_eq!(names(bob().reverse()), ["b/big@1", "b/tagged@1"]);
            assert_eq!(names(bob().from(&("bob", 2u64))), ["b/big@1"]);
            assert_eq!(bob().keys().next().unwrap().unwrap(), key("b", "tagged", 1));
            assert_eq!(names(snap.by_index(&OBJECTS, &me, "tag", &"blue")), ["b/tagged@1"]);
            assert_eq!(names(snap.by_index(&OBJECTS, &me, "tag", &())), ["b/tagged@1", "b/tagged@1"]);
        });
        store.write(|tx| tx.delete(&OBJECTS, &me, &key("b", "tagged", 1)).map(drop)).await.unwrap();
        assert_eq!(by("bob"), ["b/big@1"]);
        assert_eq!(store.read(|snap| names(snap.by_index(&OBJECTS, &me, "tag", &()))), [""; 0]);
    });
}

#[test]
fn scopes_keep_rows_apart() {
    every_engine(|subject| async move {
        let scopes = [Scope::new("1", "eu"), Scope::new("1", "us"), Scope::new("2", "eu")];
        subject
            .store
            .write(|tx| {
                for (n, scope) in scopes.iter().enumerate() {
                    tx.put(&QUEUES, scope, &s("q"), &(n as u64))?;
                    tx.put(&USERS, scope, &s("u"), &(n as u64))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        subject.store.read(|snap| {
            assert_eq!(scopes.each_ref().map(|scope| snap.get(&QUEUES, scope, &s("q")).unwrap().unwrap()), [0, 1, 2]);
            assert_eq!(scopes.each_ref().map(|scope| snap.get(&USERS, scope, &s("u")).unwrap().unwrap()), [1, 1, 2]);
            let all: Vec<_> = snap.scan_all_scopes(&QUEUES).map(Result::unwrap).collect();
            assert_eq!(all, [0, 1, 2].map(|n: usize| (scopes[n].clone(), s("q"), n as u64)));
            let all: Vec<_> = snap.scan_all_scopes(&USERS).map(|row| row.unwrap().0).collect();
            assert_eq!(all, [Scope::new("1", ""), Scope::new("2", "")]);
        });
    });
}

#[test]
fn old_values_are_upgraded_and_new_ones_refused() {
    const OLD: Table<u32, String> = Table::new("t.versions", TableScope::Global);
    const NEW: Table<u32, Vec<String>> = Table::new("t.versions", TableScope::Global).version(3).upgrade(|version, bytes| {
        assert_eq!(version, 0);
        rmp_serde::from_slice(bytes).map(|one: String| vec![one]).map_err(|e| StoreError::Corrupt(e.to_string()))
    });
    every_engine(|subject| async move {
        subject.store.write(|tx| tx.put(&OLD, &here(), &1, &s("one"))).await.unwrap();
        assert_eq!(subject.store.read(|snap| snap.get(&NEW, &here(), &1)).unwrap(), Some(vec![s("one")]));
        subject.store.write(|tx| tx.put(&NEW, &here(), &1, &vec![s("a"), s("b")])).await.unwrap();
        let fault = subject.store.read(|snap| snap.get(&OLD, &here(), &1)).unwrap_err();
        assert!(fault.message.contains("version 3"), "{fault}");
    });
}

#[test]
fn a_read_inside_a_read_does_not_wait_for_the_writer_between_them() {
    every_engine(|subject| async move {
        let (store, started) = (subject.store.clone(), std::sync::Barrier::new(2));
        std::thread::scope(|threads| {
            threads.spawn(|| {
                started.wait();
                block_on(store.write(|tx| tx.put(&QUEUES, &here(), &s("q"), &1))).unwrap();
            });
            store.read(|outer| {
                started.wait();
                for _ in 0..2000 {
                    store.read(|inner| inner.count(&QUEUES, &here()).unwrap());
                    std::thread::yield_now();
                }
                assert_eq!(outer.count(&QUEUES, &here()).unwrap(), 0, "a view does not change");
            });
        });
    });
}

#[test]
fn many_writers_lose_nothing() {
    every_engine(|subject| async move {
        let (tasks, each) = (16, 25);
        let running = AtomicUsize::new(0);
        let writers: Vec<_> = (0..tasks)
            .map(|_| {
                let store = subject.store.clone();
                tokio::spawn(async move {
                    for _ in 0..each {
                        store
                            .write(|tx| {
                                let n = tx.get(&QUEUES, &here(), &s("q"))?.unwrap_or(0);
                                tx.put(&QUEUES, &here(), &s("q"), &(n + 1))
                            })
                            .await
                            .unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
            running.fetch_add(1, Ordering::Relaxed);
        }
        let subject = subject.reopen();
        assert_eq!(subject.store.read(|snap| snap.get(&QUEUES, &here(), &s("q"))).unwrap(), Some(tasks * each));
    });
}

#[test]
fn a_write_can_be_spawned() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let store = Store::memory();
    block_on(is_send(store.write(|tx| tx.put(&QUEUES, &here(), &s("q"), &1)))).unwrap();
}
