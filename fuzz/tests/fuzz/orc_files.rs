//! ORC files: the tail, then every column of every stripe.

use crate::target::Target;
use orc::{Tail, tail_length};

/// Items of lists in a batch: small, so that a few bytes can't stand for much.
const MOST_ITEMS: usize = 1 << 14;
const BATCH_ROWS: usize = 512;
/// Batches read of a stripe, whose rows may be without number.
const MOST_BATCHES: usize = 8;

#[test]
fn orc_files() {
    let files = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/lake/zlib.orc"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/lake/snappy.orc"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/lake/uncompressed.orc"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/orc/tests/data/stripes.orc"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/orc/tests/data/berlin.orc"),
    ];
    let samples: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).expect("the fixtures are there")).collect();
    let words = "ORC \u{0}\u{0}\u{0} \u{1} \u{7f}\u{7f}\u{7f}\u{7f} \u{7f}\u{1}\u{1} UTC Europe/Berlin";
    Target::new("orc_files", samples, words).run(|bytes| read(bytes).is_ok());
}

fn read(bytes: &[u8]) -> Result<(), orc::Error> {
    let length = tail_length(bytes)?;
    let tail = Tail::read(&bytes[bytes.len().saturating_sub(length)..])?;
    let at = |r: &std::ops::Range<u64>| bytes.get(r.start as usize..r.end as usize).unwrap_or_default();
    let ids: Vec<usize> = tail.columns().map(|(_, id)| id).collect();
    for stripe in tail.stripes.iter().take(4) {
        let open = stripe.open(&tail, at(&stripe.footer()), &ids)?;
        let fetched: Vec<&[u8]> = open.ranges().iter().map(at).collect();
        let mut reader = open.reader(&tail, &fetched, MOST_ITEMS)?;
        for _ in 0..MOST_BATCHES {
            let Some((rows, columns)) = reader.batch(BATCH_ROWS)? else { break };
            assert!(rows > 0 && columns.len() == ids.len());
            assert!(columns.iter().all(|c| c.valid.as_ref().is_none_or(|v| v.len() == rows)));
        }
    }
    Ok(())
}
