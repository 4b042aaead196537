//! What is checked of batches before a log is asked: all that its state has no say in, so that no lock is held for it.

use super::{
    AppendError, Keeping,
    batch::{self, Head},
    inspect::inspect,
};

/// Batches that may be appended, as far as the log's state has no say.
pub struct Admitted<'a> {
    pub(super) bytes: &'a [u8],
    /// Heads of the batches in order.
    pub heads: Vec<Head>,
    /// The earliest of the records' own times, milliseconds.
    pub earliest_ms: i64,
}

impl<'a> Admitted<'a> {
    /// Checks what a producer sent.
    pub fn check(bytes: &'a [u8], keeping: &Keeping) -> Result<Admitted<'a>, AppendError> {
        let mut admitted = Admitted { bytes, heads: Vec::new(), earliest_ms: i64::MAX };
        let mut at = 0;
        while at < bytes.len() {
            let head = batch::check(&bytes[at..])?;
            let end = at + head.bytes;
            admitted.earliest_ms = admitted.earliest_ms.min(admit(&head, &bytes[at..end], keeping)?);
            admitted.heads.push(head);
            at = end;
        }
        match admitted.heads.is_empty() {
            true => Err(AppendError::Invalid("there is no record in it")),
            false => Ok(admitted),
        }
    }
}

/// Checks a batch; the earliest time of its records.
fn admit(head: &Head, batch: &[u8], keeping: &Keeping) -> Result<i64, AppendError> {
    if head.bytes > keeping.batch_max_bytes {
        return Err(AppendError::TooLarge(head.bytes));
    }
    if head.control() {
        return Err(AppendError::Invalid("only brokers write control batches"));
    }
    if head.count == 0 || i64::from(head.count) != i64::from(head.last_delta) + 1 {
        return Err(AppendError::Invalid("the number of records is not that of their offsets"));
    }
    let seen = inspect(batch, head).map_err(AppendError::Records)?;
    match keeping.compact && seen.keyless {
        true => Err(AppendError::Invalid("a compacted topic takes no record without a key")),
        false => Ok(seen.earliest_ms),
    }
}
