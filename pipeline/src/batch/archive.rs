//! What a batch names: the files of a zip archive, or the keys of a list.

use std::io::{Cursor, Read};

use bytes::Bytes;
use serde::Deserialize;
use zip::ZipArchive;

use super::{Ending, ImageResult};
use crate::keys::{Batch, Upload};

/// Images that one batch may have.
const MOST: usize = 10_000;

/// An opened batch.
pub(super) enum Contents {
    /// Images that lie in S3 already.
    Keys(Vec<String>, Vec<ImageResult>),
    /// An archive.
    Archive(Archive),
}

#[derive(Deserialize)]
struct List {
    keys: Vec<String>,
}

/// Opens a batch. Errors: a sentence saying what is wrong with it.
pub(super) fn open(batch: &Batch, body: Bytes, max_image_bytes: u64) -> Result<Contents, String> {
    if body.starts_with(b"PK") {
        return Archive::open(body, max_image_bytes).map(Contents::Archive);
    }
    let list: List =
        serde_json::from_slice(&body).map_err(|error| format!("The batch is neither a zip archive nor {{\"keys\": [...]}}: {error}."))?;
    if list.keys.len() > MOST {
        return Err(format!("The batch names {} keys; {MOST} is the most.", list.keys.len()));
    }
    let mut keys = list.keys;
    keys.sort();
    keys.dedup();
    // Whoever may write under batches/<sub>/ speaks for that user alone.
    let own = |key: &String| Upload::parse(key).is_some_and(|upload| upload.owner == *batch.owner());
    let (own, others): (Vec<String>, Vec<String>) = keys.into_iter().partition(own);
    let refused =
        others.into_iter().map(|key| ImageResult::new(key, Ending::Refused, "The key is not one of the batch's owner.")).collect();
    Ok(Contents::Keys(own, refused))
}

/// A zip archive, read from memory.
pub(super) struct Archive {
    zip: ZipArchive<Cursor<Bytes>>,
    max_image_bytes: u64,
}

impl Archive {
    fn open(body: Bytes, max_image_bytes: u64) -> Result<Self, String> {
        let zip = ZipArchive::new(Cursor::new(body)).map_err(|error| format!("The archive can't be read: {error}."))?;
        if zip.len() > MOST {
            return Err(format!("The archive has {} entries; {MOST} is the most.", zip.len()));
        }
        Ok(Self { zip, max_image_bytes })
    }

    /// Entries, folders and such included.
    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// The name and content of an entry; nothing for folders and what file managers leave behind. Errors: why this one is refused.
    pub(super) fn file(&mut self, index: usize) -> Result<Option<(String, Bytes)>, ImageResult> {
        let mut entry = match self.zip.by_index(index) {
            Ok(entry) => entry,
            Err(error) => return Err(ImageResult::new(format!("entry {index}"), Ending::Refused, error.to_string())),
        };
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(error) => return Err(ImageResult::new(format!("entry {index}"), Ending::Refused, error.to_string())),
        };
        let last = name.rsplit('/').next().unwrap_or_default();
        if entry.is_dir() || last.starts_with('.') || name.starts_with("__MACOSX/") {
            return Ok(None);
        }
        // What the header says may be a lie; what comes out is counted.
        let mut content = Vec::with_capacity(entry.size().min(self.max_image_bytes) as usize);
        let read = (&mut entry).take(self.max_image_bytes + 1).read_to_end(&mut content);
        match read {
            Err(error) => Err(ImageResult::new(name, Ending::Refused, format!("The entry can't be read: {error}."))),
            Ok(bytes) if bytes as u64 > self.max_image_bytes => {
                let reason = format!("The entry has more than {} bytes.", self.max_image_bytes);
                Err(ImageResult::new(name, Ending::Refused, reason))
            }
            Ok(_) => Ok(Some((name, content.into()))),
        }
    }
}
