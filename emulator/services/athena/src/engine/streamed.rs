//! A query's rows on their way: from batches to texts on the engine's threads, then page by page into the store and line by line into the
//! result object. Never more than a few batches are held.

use super::{Finished, QueryError, compute::Job, output, text, types};
use crate::{
    model::ColumnInfo,
    results::{PAGE_ROWS, TextRow, packed},
};
use datafusion::arrow::{array::RecordBatch, datatypes::SchemaRef};
use kit::{Body, Bytes, Context, Fault, store::BlobRef};
use std::{future::Future, io, pin::Pin};
use tokio::sync::mpsc;

/// Pieces on their way at a time.
const PIECES: usize = 4;
/// Rows of one piece.
const PIECE_ROWS: usize = 4096;

/// What the engine hands over.
pub(super) enum Piece {
    /// The columns, before any rows.
    Columns(Vec<ColumnInfo>),
    Rows(Vec<TextRow>, Bytes),
}

/// Where the engine puts rows.
pub(super) struct Outlet(mpsc::Sender<Piece>);

impl Outlet {
    /// `false` where nobody reads any more.
    pub(super) async fn columns(&self, schema: &SchemaRef) -> bool {
        let columns = schema.fields().iter().map(|f| types::column_info(f.name(), f)).collect();
        self.0.send(Piece::Columns(columns)).await.is_ok()
    }
    /// Rows of a batch; the error is a sentence.
    pub(super) async fn rows(&self, batch: &RecordBatch) -> Result<bool, String> {
        for from in (0..batch.num_rows()).step_by(PIECE_ROWS) {
            let part = batch.slice(from, PIECE_ROWS.min(batch.num_rows() - from));
            let rows = texts(&part)?;
            let lines = output::csv_lines(&rows);
            if self.0.send(Piece::Rows(rows, lines.into())).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The rows of a batch as texts.
pub(super) fn texts(batch: &RecordBatch) -> Result<Vec<TextRow>, String> {
    let mut columns: Vec<_> = text::columns(batch)?.into_iter().map(Vec::into_iter).collect();
    Ok((0..batch.num_rows()).map(|_| columns.iter_mut().map(|c| c.next().flatten()).collect()).collect())
}

/// The rows of a finished statement.
pub(crate) enum Rows {
    /// Few, at hand.
    Few(Vec<TextRow>),
    /// In the store, the result object written.
    Kept(KeptRows),
}

/// Rows in the store.
#[derive(Default)]
pub(crate) struct KeptRows {
    pub pages: Vec<BlobRef>,
    pub count: usize,
}

/// Rows on their way into the store: blobs of [`PAGE_ROWS`] rows each.
pub(crate) struct Pages<'a> {
    cx: &'a Context,
    pending: Vec<TextRow>,
    kept: KeptRows,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(cx: &'a Context) -> Pages<'a> {
        Pages { cx, pending: Vec::new(), kept: KeptRows::default() }
    }
    pub(crate) async fn push(&mut self, rows: Vec<TextRow>) -> Result<(), Fault> {
        self.kept.count += rows.len();
        self.pending.extend(rows);
        while self.pending.len() >= PAGE_ROWS {
            let rest = self.pending.split_off(PAGE_ROWS);
            let page = std::mem::replace(&mut self.pending, rest);
            self.keep(&page).await?;
        }
        Ok(())
    }
    async fn keep(&mut self, page: &[TextRow]) -> Result<(), Fault> {
        self.kept.pages.push(self.cx.store().blobs().put(packed(page)?).await?);
        Ok(())
    }
    pub(crate) async fn finish(mut self) -> Result<KeptRows, Fault> {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.keep(&rest).await?;
        }
        Ok(self.kept)
    }
}

/// Pieces of an object as a body.
pub(super) struct Lines(pub mpsc::Receiver<io::Result<Bytes>>);

impl kit::wire::body::Chunks for Lines {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.0.recv())
    }
}

/// Runs a query and writes its result object while it runs. A query that fails leaves no object.
pub(super) async fn select(job: &Job<'_>, query: &str) -> Result<Finished, QueryError> {
    let (outlet, pieces) = mpsc::channel(PIECES);
    let (lines, body) = mpsc::channel(PIECES);
    let kept = async move {
        let (computed, kept) = tokio::join!(job.stream(query, Outlet(outlet)), keep(job.cx, pieces, &lines));
        let done = computed.and(kept);
        if done.is_err() {
            // The object's writer is told, so that it leaves nothing behind.
            let _ = lines.send(Err(io::Error::other("the query failed"))).await;
        }
        done
    };
    let (kept, written) = tokio::join!(kept, output::put_result(job.cx, job.execution, Body::new(Lines(body), None)));
    let kept = kept?;
    written?;
    let (columns, rows) = kept.ok_or_else(|| QueryError::internal("the result object was not written to its end"))?;
    Ok(Finished { columns, rows, header: true, update_count: Some(0), manifest: None })
}

/// Takes the pieces apart; `None` where the object's writer has given up.
async fn keep(
    cx: &Context,
    mut pieces: mpsc::Receiver<Piece>,
    lines: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<Option<(Vec<ColumnInfo>, Rows)>, QueryError> {
    let (mut pages, mut columns) = (Pages::new(cx), Vec::new());
    while let Some(piece) = pieces.recv().await {
        let line = match piece {
            Piece::Columns(found) => {
                columns = found;
                output::csv_head(&columns).into()
            }
            Piece::Rows(rows, lines) => {
                pages.push(rows).await.map_err(QueryError::internal)?;
                lines
            }
        };
        if lines.send(Ok(line)).await.is_err() {
            return Ok(None);
        }
    }
    Ok(Some((columns, Rows::Kept(pages.finish().await.map_err(QueryError::internal)?))))
}
