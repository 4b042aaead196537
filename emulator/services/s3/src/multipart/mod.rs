//! Multipart uploads: begun (`create`), fed part by part (`parts`), made into an object or given up (`complete`, `again`), and listed (`list`).
//! What may be done with one by who began it is said in `initiator`.
//!
//! An upload's row sorts by (bucket, key, sequence), its parts by (sequence, number). Completing moves the parts' blobs into the object
//! as its pieces; no byte is copied.

mod again;
mod complete;
mod create;
mod initiator;
mod list;
mod parts;

pub(crate) use initiator::with_initiators;

use crate::{
    errors,
    state::{self, Found, PARTS, Part, UPLOADS, Upload},
    usage,
};
use kit::{Context, Fault, Read, Tx};

/// Largest part number.
pub(crate) const MOST_PARTS: i32 = 10_000;

/// An upload by its id, with its sequence.
pub(crate) fn find(read: &impl Read, found: &Found, key: &str, id: &str) -> Result<(u64, Upload), Fault> {
    let missing = || errors::no_such_upload(id);
    let sequence = state::sequence_of(id).ok_or_else(missing)?;
    let upload = read.get(&UPLOADS, &found.scope, &(found.name.clone(), key.to_owned(), sequence))?;
    upload.filter(|upload| upload.id == id).map(|upload| (sequence, upload)).ok_or_else(missing)
}

/// The parts of an upload in order.
fn parts_of(read: &impl Read, found: &Found, sequence: u64) -> Result<Vec<(u32, Part)>, Fault> {
    let rows = read.scan(&PARTS, &found.scope).prefix(&(sequence,));
    rows.map(|row| row.map(|((_, number), part)| (number, part))).collect()
}

/// Gives an upload up: its row, its parts, their blobs.
pub(crate) fn forget(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &(String, String, u64)) -> Result<(), Fault> {
    let parts = parts_of(tx, found, key.2)?;
    for (number, part) in &parts {
        tx.drop_blob(&part.blob);
        tx.delete(&PARTS, &found.scope, &(key.2, *number))?;
    }
    tx.delete(&UPLOADS, &found.scope, key)?;
    usage::parts_went(tx, cx, found, &parts.iter().map(|(_, part)| part.size).collect::<Vec<_>>())
}

/// Tells the uploads of a key that it was deleted, for those that are to be completed on condition.
pub(crate) fn overtake(tx: &mut Tx<'_>, found: &Found, key: &str) -> Result<(), Fault> {
    let rows = tx.scan(&UPLOADS, &found.scope).prefix(&(found.name.as_str(), key));
    let uploads: Vec<((String, String, u64), Upload)> = rows.collect::<Result<_, _>>()?;
    for (row, mut upload) in uploads {
        upload.overtaken = true;
        tx.put(&UPLOADS, &found.scope, &row, &upload)?;
    }
    Ok(())
}

/// A number that a part may have.
fn check_number(number: i32) -> Result<u32, Fault> {
    match (1..=MOST_PARTS).contains(&number) {
        true => Ok(number as u32),
        false => {
            let sentence = "Part number must be an integer between 1 and 10000, inclusive";
            Err(errors::invalid_argument(sentence, "partNumber", &number.to_string()))
        }
    }
}
