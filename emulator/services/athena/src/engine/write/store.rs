//! Files into the bucket while they are written: one upload for each, all at a time, none of which ends before its file is whole.

use super::{
    files::{Files, Piece},
    insert,
    kinds::Kind,
};
use crate::engine::{QueryError, compute::Job, ddl::partitions::escape, output, streamed::Lines};
use datafusion::arrow::datatypes::SchemaRef;
use futures_util::stream::{FuturesUnordered, StreamExt};
use kit::{Body, Bytes};
use std::{future::Future, io};
use tokio::sync::mpsc;

/// Pieces on their way at a time.
const PIECES: usize = 4;

/// Where files go.
pub(super) struct Target {
    pub bucket: String,
    /// Ends with a slash unless empty.
    pub prefix: String,
    /// How many of the last columns are partition keys.
    pub keys: usize,
    pub kind: Kind,
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub paths: Vec<String>,
    /// Values of each partition.
    pub partitions: Vec<Vec<String>>,
    pub rows: usize,
    /// The columns, partition keys last.
    pub schema: Option<SchemaRef>,
}

/// Runs a query and writes its rows as they come, brought to a table's columns where there is one. A query that fails leaves no file behind.
pub(super) async fn write(job: &Job<'_>, target: &Target, query: &str, fit: Option<insert::Columns>) -> Result<Written, QueryError> {
    let (out, pieces) = mpsc::channel(PIECES);
    let files = Files::new(target.kind.clone(), target.keys, fit, out);
    let (computed, stored) = tokio::join!(job.write(query, files), store(job, target, pieces));
    computed?;
    stored?.ok_or_else(|| QueryError::internal("the files were not written to their end"))
}

/// Takes the pieces apart; `None` where they end before all files are whole.
async fn store(job: &Job<'_>, target: &Target, mut pieces: mpsc::Receiver<Piece>) -> Result<Option<Written>, QueryError> {
    let mut written = Written::default();
    let mut names: Vec<String> = Vec::new();
    let mut open: Vec<Option<mpsc::Sender<io::Result<Bytes>>>> = Vec::new();
    // Dropped before what feeds them: an upload that is given up never sees the end of a file that is not whole.
    let mut uploads = FuturesUnordered::new();
    loop {
        let piece = tokio::select! {
            piece = pieces.recv() => piece,
            Some(ended) = uploads.next() => {
                let ended: Result<(), QueryError> = ended;
                ended?;
                continue;
            }
        };
        match piece {
            None => {
                drop(uploads);
                return Ok(None);
            }
            Some(Piece::Columns(schema)) => {
                names = schema.fields().iter().skip(schema.fields().len() - target.keys).map(|f| f.name().clone()).collect();
                written.schema = Some(schema);
            }
            Some(Piece::Open(values)) => {
                let key = key(job, target, &names, &values, open.len());
                let (lines, body) = mpsc::channel(1);
                open.push(Some(lines));
                written.paths.push(format!("s3://{}/{key}", target.bucket));
                written.partitions.push(values);
                let body = Body::new(Lines(body), None);
                uploads.push(async move { output::put_body(job.cx, &target.bucket, &key, body, "application/octet-stream").await });
            }
            Some(Piece::Bytes(at, bytes)) if !bytes.is_empty() => {
                let Some(Some(file)) = open.get(at) else { continue };
                beside(file.send(Ok(bytes)), &mut uploads).await?;
            }
            Some(Piece::Bytes(..)) => {}
            Some(Piece::Close(at)) => open[at] = None,
            Some(Piece::End(rows)) => {
                written.rows = rows;
                break;
            }
        }
    }
    while let Some(ended) = uploads.next().await {
        ended?;
    }
    Ok(Some(written))
}

/// Waits for one thing while the uploads go on, of which the one may be what it waits for.
async fn beside<F: Future<Output = Result<(), QueryError>>>(
    sent: impl Future<Output = Result<(), mpsc::error::SendError<io::Result<Bytes>>>>,
    uploads: &mut FuturesUnordered<F>,
) -> Result<(), QueryError> {
    let mut sent = std::pin::pin!(sent);
    loop {
        tokio::select! {
            // An upload that takes nothing more has ended, and says why.
            _ = &mut sent => return Ok(()),
            Some(ended) = uploads.next() => ended?,
        }
    }
}

fn key(job: &Job<'_>, target: &Target, names: &[String], values: &[String], number: usize) -> String {
    let folder: String = names.iter().zip(values).map(|(k, v)| format!("{k}={}/", escape(v))).collect();
    let stamp = job.execution.query_execution_id.as_deref().unwrap_or_default();
    format!("{}{folder}{stamp}_{number:05}_{}{}", target.prefix, job.cx.ids().lower(5), target.kind.ending())
}
