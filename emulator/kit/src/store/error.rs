//! What can go wrong below the services, and how each case looks to a caller of AWS.

use std::{io, path::Path};
use wire::Fault;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk has no room left; nothing of the batch was kept.
    #[error("the disk that holds the data directory is full ({0})")]
    Full(String),
    /// The operating system refused a file operation.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that this build did not write, or that were damaged since.
    #[error("damaged data: {0}")]
    Corrupt(String),
    /// A format or schema that this build does not know.
    #[error("unknown version: {0}")]
    Version(String),
    /// A value that can't be written.
    #[error("a value can't be stored: {0}")]
    Encode(String),
    /// Another process has the data directory open.
    #[error("{0} is in use by another process")]
    Locked(String),
    /// An fsync failed before: what is on disk is unknown, so nothing more is written.
    #[error("the store stopped writing after a failed fsync: {0}")]
    Stopped(String),
    /// Whatever else the engine reports.
    #[error("engine: {0}")]
    Engine(String),
}

impl StoreError {
    /// An I/O error with what was tried; a full disk becomes [`StoreError::Full`].
    pub fn io(what: &str, path: &Path, source: io::Error) -> StoreError {
        let what = format!("{what} {}", path.display());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(what),
            _ => StoreError::Io { what, source },
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::Full(_) | StoreError::Stopped(_) => Fault::new("ServiceUnavailable", 503, error.to_string()),
            _ => Fault::internal(error.to_string()),
        }
    }
}
