//! Writers whose traces can be checked after a crash.

use kit::store::*;
use serde::{Deserialize, Serialize};

/// How many writers go on side by side.
pub const WRITERS: u32 = 4;
/// A blob lives for so many steps of its writer.
const KEPT: u32 = 6;

#[derive(Serialize, Deserialize)]
struct Step {
    parity: u32,
    blob: Option<BlobRef>,
}

const STEPS: Table<(u32, u32), Step> =
    Table::new("crash.steps", TableScope::Account).indexes(&[Index { name: "parity", keys: |step| vec![key_bytes(&step.parity)] }]);

fn scope() -> Scope {
    Scope::new("000000000000", "eu-central-1")
}

/// Empty, inlined, a file, a file written in several goes.
fn content(writer: u32, n: u32) -> Option<Vec<u8>> {
    let size = [0, 100, 20_000, 300_000][(n / 3 % 4) as usize];
    n.is_multiple_of(3).then(|| (0..size).map(|i: u32| (i ^ n ^ (writer << 6)) as u8).collect())
}

/// Step `n` of a writer, in one transaction: a row, an index entry, a task, perhaps a new blob and the end of an old one.
pub async fn step(store: &Store, writer: u32, n: u32) {
    let blob = match content(writer, n) {
        Some(bytes) => Some(store.blobs().put(bytes.into()).await.unwrap()),
        None => None,
    };
    let wrote = store.write(|tx| {
        if let Some(blob) = &blob {
            tx.adopt(blob);
        }
        tx.put(&STEPS, &scope(), &(writer, n), &Step { parity: n % 2, blob })?;
        tx.task(NewTask::new(&scope(), "crash", "step", &n).key(writer.to_string()));
        tx.next_seq("steps");
        if n >= KEPT
            && let Some(mut old) = tx.get(&STEPS, &scope(), &(writer, n - KEPT))?
            && let Some(blob) = old.blob.take()
        {
            tx.drop_blob(&blob);
            tx.put(&STEPS, &scope(), &(writer, n - KEPT), &old)?;
        }
        Ok(())
    });
    wrote.await.unwrap();
}

/// The first step that each writer has yet to do.
pub fn progress(store: &Store) -> Vec<u32> {
    store.read(|snap| (0..WRITERS).map(|writer| snap.scan(&STEPS, &scope()).prefix(&(writer,)).keys().count() as u32).collect())
}

/// Checks that the state is one that the writers brought about, with at least the acknowledged steps (`acknowledged[writer]` of them)
/// and at most one more of each writer.
pub async fn check(store: &Store, acknowledged: &[u32]) {
    let done = progress(store);
    for (done, acknowledged) in done.iter().zip(acknowledged) {
        assert!(done >= acknowledged, "{acknowledged} steps were acknowledged and {done} are left");
        assert!(*done <= acknowledged + 1, "{done} steps are there and only {acknowledged} were acknowledged");
    }
    let rows: Vec<_> = store.read(|snap| snap.scan(&STEPS, &scope()).collect::<Result<_, _>>()).unwrap();
    for ((writer, n), step) in &rows {
        let wanted = content(*writer, *n).filter(|_| n + KEPT >= done[*writer as usize]);
        let found = match &step.blob {
            Some(blob) => Some(store.blobs().read(blob).await.unwrap().to_vec()),
            None => None,
        };
        assert!(found == wanted, "the blob of step {n} of writer {writer}");
    }
    let total: u32 = done.iter().sum();
    store.read(|snap| {
        let indexed: usize =
            [0u32, 1].iter().map(|parity| snap.by_index(&STEPS, &scope(), "parity", parity).map(Result::unwrap).count()).sum();
        assert_eq!((rows.len() as u32, indexed as u32), (total, total), "rows follow one another, and the index follows them");
        assert_eq!(snap.due_tasks(Default::default(), usize::MAX).len() as u32, total, "a task for each step");
    });
    let counted: Result<(), _> = store
        .write(|tx| match tx.next_seq("steps") {
            n if n == u64::from(total) + 1 => Err(wire::Fault::new("AsCounted", 400, "")),
            n => Err(wire::Fault::internal(format!("the counter stands at {n}, and {total} steps are there"))),
        })
        .await;
    let verdict = counted.unwrap_err();
    assert_eq!(verdict.code, "AsCounted", "{verdict}");
}
