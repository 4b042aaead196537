//! Outbox rows.

use super::*;
use std::sync::{Arc, Mutex};
use wire::Timestamp;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}
fn task(n: u32) -> NewTask {
    NewTask::new(&here(), "lambda", "invoke", &n)
}
fn payloads(rows: Vec<TaskRow>) -> Vec<u32> {
    rows.iter().map(|row| row.payload().unwrap()).collect()
}

#[test]
fn tasks_come_in_the_order_they_are_due() {
    every_engine(|subject| async move {
        let wrote = subject
            .store
            .write(|tx| Ok([tx.task(task(1).at(at(20))), tx.task(task(2).at(at(10))), tx.task(task(3)), tx.task(task(4).at(at(10)))]));
        let ids = wrote.await.unwrap();
        let subject = subject.reopen();
        subject.store.read(|snap| {
            assert_eq!(payloads(snap.due_tasks(at(9), 9)), [3]);
            assert_eq!(payloads(snap.due_tasks(at(10), 9)), [3, 2, 4]);
            assert_eq!(payloads(snap.due_tasks(at(20), 2)), [3, 2]);
            assert_eq!(payloads(snap.due_tasks_after(Some(&ids[1]), at(20), 9)), [4, 1]);
            assert_eq!(snap.next_due(), Some(Timestamp::default()));
            assert_eq!(payloads(snap.tasks_of("lambda", "invoke")), [3, 2, 4, 1]);
            assert!(snap.tasks_of("lambda", "inv").is_empty());
            let row = snap.task_row(&ids[0]).unwrap();
            assert_eq!(
                (row.service.as_str(), row.kind.as_str(), row.scope, row.due, row.attempts),
                ("lambda", "invoke", here(), at(20), 0)
            );
        });
        subject.store.write(|tx| Ok(tx.cancel(&ids[2]))).await.unwrap();
        assert_eq!(subject.store.read(|snap| snap.next_due()), Some(at(10)));
        let again = subject.store.write(|tx| Ok((tx.retry(&ids[1], at(30)), tx.retry(&ids[2], at(30))))).await.unwrap();
        let subject = subject.reopen();
        subject.store.read(|snap| {
            assert_eq!(payloads(snap.due_tasks(at(99), 9)), [4, 1, 2]);
            assert_eq!(snap.task_row(&again.0.unwrap()).unwrap().attempts, 1);
            assert_eq!(again.1, None);
            assert_eq!(snap.task_row(&ids[1]), None);
        });
    });
}

#[test]
fn tasks_are_found_by_their_key() {
    every_engine(|subject| async move {
        let replaced = subject.store.write(|tx| {
            tx.task(task(1).key("a").at(at(5)));
            tx.task(task(2).key("b"));
            tx.task(task(3).key("a"));
            tx.task(task(4));
            assert_eq!(payloads(tx.tasks_keyed("lambda", "invoke", "a")), [3, 1]);
            let gone = tx.cancel_keyed("lambda", "invoke", "a");
            tx.task(task(5).key("a"));
            Ok(gone)
        });
        assert_eq!(replaced.await.unwrap(), 2);
        assert_eq!(subject.store.read(|snap| payloads(snap.tasks_keyed("lambda", "invoke", "a"))), [5]);
        assert_eq!(subject.store.read(|snap| payloads(snap.due_tasks(at(9), 9))), [2, 4, 5]);
    });
}

#[test]
fn watchers_hear_of_commits_with_tasks_only() {
    every_engine(|subject| async move {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        subject.store.on_commit(move |committed| ear.lock().unwrap().push(committed.clone()));
        const PLAIN: Table<u32, u32> = Table::new("t.plain", TableScope::Global);
        subject.store.write(|tx| tx.put(&PLAIN, &here(), &1, &1)).await.unwrap();
        let refused = subject.store.write(|tx| {
            tx.task(task(1));
            refuse::<()>()
        });
        refused.await.unwrap_err();
        assert!(heard.lock().unwrap().is_empty());
        let id = subject.store.write(|tx| Ok(tx.task(task(1)))).await.unwrap();
        subject.store.write(|tx| Ok(tx.cancel(&id))).await.unwrap();
        let heard = heard.lock().unwrap();
        assert_eq!((heard[0].tasks.as_slice(), heard[1].cancelled.as_slice(), heard.len()), ([id].as_slice(), [id].as_slice(), 2));
    });
}
