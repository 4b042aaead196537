//! Rows of a finished query, page by page.

use crate::{
    Athena,
    model::*,
    queries::{must_find_query, state},
    state::invalid,
};
use kit::{Bytes, Context, Fault};

/// Rows of a blob.
pub(crate) const PAGE_ROWS: usize = 2000;

/// A row of texts; absent is NULL.
pub(crate) type TextRow = Vec<Option<String>>;

impl Athena {
    /// A page of at most 1,000 rows. The first row of the first page repeats the column names where AWS does so.
    pub async fn get_query_results(&self, cx: &Context, input: GetQueryResultsInput) -> Result<GetQueryResultsOutput, Fault> {
        if input.query_result_type == Some(QueryResultType::DataManifest) {
            return Err(Fault::new("NotImplemented", 501, "windtunnel does not answer QueryResultType DATA_MANIFEST yet."));
        }
        let row = must_find_query(cx, &input.query_execution_id)?;
        let limit = input.max_results.unwrap_or(1000);
        if !(1..=1000).contains(&limit) {
            return Err(invalid("INVALID_INPUT", "MaxResults is more than maximum allowed length 1000"));
        }
        match state(&row) {
            QueryExecutionState::Succeeded => {}
            QueryExecutionState::Cancelled => return Err(invalid("RESULT_NOT_FOUND", "Could not find results")),
            QueryExecutionState::Failed => {
                return Err(invalid("INVALID_QUERY_EXECUTION_STATE", "Query did not finish successfully. Final query state: FAILED"));
            }
            running => {
                let message = format!("Query has not yet finished. Current state: {running}");
                return Err(invalid("INVALID_QUERY_EXECUTION_STATE", message));
            }
        }
        let columns = row.columns.map(|c| c.0).unwrap_or_default();
        let head = usize::from(row.header);
        let total = row.row_count + head;
        let bad = || invalid("MALFORMED_TOKEN", format!("Malformed nextPageToken {}", input.next_token.as_deref().unwrap_or("")));
        let start = match &input.next_token {
            None => 0,
            Some(token) => kit::pages::key_of(token).and_then(|n| n.parse::<usize>().ok()).filter(|n| *n <= total).ok_or_else(bad)?,
        };
        let end = total.min(start + limit as usize);
        let names = || columns.column_info.iter().flatten().map(|c| Some(c.name.clone())).collect::<TextRow>();
        let mut found: Vec<TextRow> = if row.header && start == 0 && end > 0 { vec![names()] } else { Vec::new() };
        found.extend(between(cx, &row.pages, start.saturating_sub(head)..end.saturating_sub(head)).await?);
        // AWS gives a token with every full page, even when nothing follows it.
        let next = (end - start == limit as usize).then(|| kit::pages::token(&end.to_string()));
        let shown = |row: &TextRow| Row { data: Some(row.iter().map(|text| Datum { var_char_value: text.clone() }).collect()) };
        Ok(GetQueryResultsOutput {
            update_count: row.update_count,
            result_set: Some(ResultSet { rows: Some(found.iter().map(shown).collect()), result_set_metadata: Some(columns) }),
            next_token: next,
        })
    }
}

/// The rows of a range, read from the blobs that it touches.
async fn between(cx: &Context, pages: &[kit::store::BlobRef], range: std::ops::Range<usize>) -> Result<Vec<TextRow>, Fault> {
    let mut found = Vec::with_capacity(range.len());
    if range.is_empty() {
        return Ok(found);
    }
    for at in range.start / PAGE_ROWS..=(range.end - 1) / PAGE_ROWS {
        let Some(blob) = pages.get(at) else { break };
        let first = at * PAGE_ROWS;
        let rows = unpacked(&cx.store().blobs().read(blob).await?)?;
        let (from, to) = (range.start.saturating_sub(first), (range.end - first).min(rows.len()));
        found.extend(rows.into_iter().take(to).skip(from));
    }
    Ok(found)
}

/// Rows as one blob.
pub(crate) fn packed(rows: &[TextRow]) -> Result<Bytes, Fault> {
    serde_json::to_vec(rows).map(Bytes::from).map_err(|e| Fault::internal(format!("rows can't be kept: {e}")))
}

fn unpacked(bytes: &[u8]) -> Result<Vec<TextRow>, Fault> {
    serde_json::from_slice(bytes).map_err(|e| Fault::internal(format!("rows can't be read: {e}")))
}
