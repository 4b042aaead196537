//! Queries of Insights: begun, run behind the answer, their results kept for seven days.

use crate::{
    Error, Logs,
    groups::{bad_token, refused},
    insights::{Query, Record},
    model::*,
    state::*,
};
use kit::{
    Context, Fault, Index, Read, Scope, Table, TableScope,
    store::{NewTask, TaskRow, key_bytes},
};
use serde::{Deserialize, Serialize};

/// Queries by id, and by the time of their making.
const QUERIES: Table<String, StoredQuery> = Table::new("logs.queries", TableScope::Region)
    .indexes(&[Index { name: "made", keys: |q| vec![key_bytes(&(q.created_ms, q.id.as_str()))] }]);
const KEPT_NS: i128 = 7 * 86_400_000_000_000;
/// Rows that a query answers at most.
const MOST_ROWS: usize = 10_000;
const MOST_GROUPS: usize = 50;

/// A query and, when it has run, what it found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredQuery {
    id: String,
    groups: Vec<String>,
    text: String,
    /// Milliseconds, both inclusive.
    from_ms: i64,
    to_ms: i64,
    limit: usize,
    created_ms: i64,
    status: String,
    rows: Vec<Vec<(String, String)>>,
    /// Records matched, scanned; bytes scanned.
    counts: (f64, f64, f64),
}

impl StartQueryInput {
    /// The groups that are asked, by name.
    pub(crate) fn groups(&self) -> Vec<&str> {
        let one = self.log_group_name.iter().map(String::as_str);
        let names = self.log_group_names.iter().flatten().map(String::as_str);
        let identifiers = self.log_group_identifiers.iter().flatten().map(|id| name_of(id));
        one.chain(names).chain(identifiers).collect()
    }
}

impl Logs {
    /// Begins a query.
    pub async fn start_query(&self, cx: &Context, input: StartQueryInput) -> Result<StartQueryOutput, Fault> {
        if input.query_language.is_some_and(|language| language != QueryLanguage::Cwli) {
            return Err(refused("query languages other than Logs Insights' own (queryLanguage)"));
        }
        let groups: Vec<String> = input.groups().into_iter().map(str::to_owned).collect();
        if groups.is_empty() || groups.len() > MOST_GROUPS {
            return Err(Error::InvalidParameter.says(format!("A query needs 1 to {MOST_GROUPS} log groups.")));
        }
        if input.start_time > input.end_time {
            return Err(Error::InvalidParameter.says("Query's end date and time is before its start."));
        }
        Query::parse(&input.query_string).map_err(|why| Error::MalformedQuery.says(format!("Malformed query: {why}")))?;
        let query = StoredQuery {
            id: cx.ids().uuid(),
            groups,
            text: input.query_string,
            from_ms: millis(input.start_time),
            // The last second counts whole, as AWS shows in DescribeQueries.
            to_ms: millis(input.end_time).saturating_add(if input.end_time == millis(input.end_time) { 0 } else { 999 }),
            limit: input.limit.map_or(MOST_ROWS, |n| n.clamp(1, MOST_ROWS as i32) as usize),
            created_ms: cx.now().millis(),
            status: "Scheduled".into(),
            ..StoredQuery::default()
        };
        let id = query.id.clone();
        cx.store()
            .write(|tx| {
                for name in &query.groups {
                    let account = cx.account();
                    let missing = || Error::ResourceNotFound.says(format!("Log group '{name}' does not exist for account ID '{account}'"));
                    tx.get(&GROUPS, cx.scope(), name)?.ok_or_else(missing)?;
                }
                tx.put(&QUERIES, cx.scope(), &query.id, &query)?;
                tx.task(NewTask::new(cx.scope(), "logs", "query", &query.id).key(query.id.clone()).cause(cx.cause()));
                let end = cx.now().plus_ns(KEPT_NS);
                tx.task(NewTask::new(cx.scope(), "logs", "forget-query", &query.id).at(end).key(query.id.clone()));
                Ok(())
            })
            .await?;
        Ok(StartQueryOutput { query_id: Some(id) })
    }

    /// What a query has found so far.
    pub async fn get_query_results(&self, cx: &Context, input: GetQueryResultsInput) -> Result<GetQueryResultsOutput, Fault> {
        if input.next_token.is_some() || input.max_items.is_some() {
            return Err(refused("pages of query results (nextToken, maxItems)"));
        }
        let query = find(cx, &input.query_id)?;
        let field = |(field, value): (String, String)| ResultField { field: Some(field), value: Some(value) };
        let results = query.rows.into_iter().map(|row| row.into_iter().map(field).collect()).collect();
        let (matched, scanned, bytes) = query.counts;
        let statistics = QueryStatistics {
            records_matched: Some(matched),
            records_scanned: Some(scanned),
            bytes_scanned: Some(bytes),
            estimated_records_skipped: Some(0.0),
            estimated_bytes_skipped: Some(0.0),
            log_groups_scanned: Some(query.groups.len() as f64),
        };
        Ok(GetQueryResultsOutput {
            query_language: Some(QueryLanguage::Cwli),
            results: Some(results),
            statistics: Some(statistics),
            status: QueryStatus::parse(&query.status),
            ..GetQueryResultsOutput::default()
        })
    }

    /// Ends a query that has not run yet.
    pub async fn stop_query(&self, cx: &Context, input: StopQueryInput) -> Result<StopQueryOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut query = tx.get(&QUERIES, cx.scope(), &input.query_id)?.ok_or_else(no_query)?;
                if query.status != "Scheduled" {
                    return Err(Error::InvalidParameter
                        .says(format!("Query with ID '{}' is not running; its status is {}.", query.id, query.status)));
                }
                query.status = "Cancelled".into();
                tx.cancel_keyed("logs", "query", &query.id);
                tx.put(&QUERIES, cx.scope(), &query.id, &query)
            })
            .await?;
        Ok(StopQueryOutput { success: Some(true) })
    }

    /// Queries, the newest first.
    pub async fn describe_queries(&self, cx: &Context, input: DescribeQueriesInput) -> Result<DescribeQueriesOutput, Fault> {
        let status = input.status.map(QueryStatus::as_str);
        let wanted = |query: &StoredQuery| {
            status.is_none_or(|status| query.status == status)
                && input.log_group_name.as_ref().is_none_or(|name| query.groups.contains(name))
                && input.query_language.is_none_or(|language| language == QueryLanguage::Cwli)
        };
        let queries: Vec<StoredQuery> = cx.store().read(|s| {
            let rows = s.by_index(&QUERIES, cx.scope(), "made", &()).reverse().map(|row| row.map(|(_, query)| query));
            rows.filter(|query| query.as_ref().map_or(true, wanted)).collect::<Result<_, Fault>>()
        })?;
        let start = match input.next_token.as_deref() {
            Some(token) => kit::pages::key_of(token).and_then(|at| at.parse::<usize>().ok()).ok_or_else(bad_token)?,
            None => 0,
        };
        let limit = input.max_results.unwrap_or(1000).clamp(1, 1000) as usize;
        let next = start.saturating_add(limit);
        let next_token = (next < queries.len()).then(|| kit::pages::token(&next.to_string()));
        let queries = queries.into_iter().skip(start).take(limit).map(described).collect();
        Ok(DescribeQueriesOutput { queries: Some(queries), next_token })
    }

    /// All fields of an event that a result points to.
    pub async fn get_log_record(&self, cx: &Context, input: GetLogRecordInput) -> Result<GetLogRecordOutput, Fault> {
        let invalid = || Error::InvalidParameter.says("The specified logRecordPointer is invalid.");
        let key = kit::pages::key_of(&input.log_record_pointer).ok_or_else(invalid)?;
        let mut parts = key.splitn(4, '/');
        let (group_id, at, seq, name) = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(group_id), Some(Ok(at)), Some(Ok(seq)), Some(name)) =
            (group_id, at.map(str::parse::<i64>), seq.map(str::parse::<u64>), name)
        else {
            return Err(invalid());
        };
        let event = cx.store().read(|s| s.get(&EVENTS, cx.scope(), &(group_id.to_owned(), at, seq)))?;
        let event = event.ok_or_else(|| Error::ResourceNotFound.says("The specified log record does not exist."))?;
        Ok(GetLogRecordOutput { log_record: Some(record(cx.scope(), name, &event).texts()) })
    }

    /// The task that runs a query.
    pub(crate) async fn run_query(&self, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
        let (id, scope) = (task.payload::<String>()?, &task.scope);
        let Some(mut query) = cx.store().read(|s| s.get(&QUERIES, scope, &id))? else { return Ok(()) };
        let parsed = Query::parse(&query.text).map_err(Fault::internal)?;
        let done = cx.store().read(|s| scan(cx, s, scope, &query, &parsed))?;
        match done {
            Ok((rows, counts)) => (query.status, query.rows, query.counts) = ("Complete".into(), rows, counts),
            Err(_) => query.status = "Failed".into(),
        }
        cx.store().write(|tx| tx.put(&QUERIES, scope, &id, &query)).await
    }

    /// The task that forgets a query after its days.
    pub(crate) async fn forget_query(&self, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
        let id: String = task.payload()?;
        cx.store().write(|tx| tx.delete(&QUERIES, &task.scope, &id).map(drop)).await
    }
}

type Found = (Vec<Vec<(String, String)>>, (f64, f64, f64));

/// Runs a query over its groups; the inner error says why it fails.
fn scan(cx: &Context, s: &impl Read, scope: &Scope, query: &StoredQuery, parsed: &Query) -> Result<Result<Found, String>, Fault> {
    let mut run = parsed.run();
    let (mut scanned, mut bytes) = (0.0, 0.0);
    for name in &query.groups {
        let Some(group) = s.get(&GROUPS, scope, name)? else { continue };
        let from = query.from_ms.max(group.oldest_ms(cx.now()));
        let events = s.scan(&EVENTS, scope).prefix(&(group.id.as_str(),)).from(&(group.id.as_str(), from));
        for row in events.until(&(group.id.as_str(), query.to_ms.saturating_add(1))) {
            let (_, event) = row?;
            scanned += 1.0;
            bytes += event.message.len() as f64;
            if let Err(why) = run.take(record(scope, name, &event)) {
                return Ok(Err(why));
            }
        }
    }
    let outcome = run.finish(query.limit);
    Ok(Ok((outcome.rows, (outcome.matched as f64, scanned, bytes))))
}

fn record(scope: &Scope, group: &str, event: &Event) -> Record {
    let pointer = kit::pages::token(&format!("{}/{}/{}/{group}", event.group_id, event.at_ms, event.seq));
    let log = format!("{}:{group}", scope.account);
    Record::new(&log, &event.stream, event.at_ms, event.ingested_ms, &event.message, pointer)
}

fn described(query: StoredQuery) -> QueryInfo {
    let sources = query.groups.iter().map(|group| format!("\"{group}\"")).collect::<Vec<_>>().join(", ");
    QueryInfo {
        query_language: Some(QueryLanguage::Cwli),
        query_string: Some(format!("SOURCE {sources} START={} END={} | {}", query.from_ms, query.to_ms, query.text)),
        query_id: Some(query.id),
        status: QueryStatus::parse(&query.status),
        create_time: Some(query.created_ms),
        log_group_name: query.groups.into_iter().next(),
        ..QueryInfo::default()
    }
}

/// Seconds, or milliseconds where seconds would be far off.
fn millis(time: i64) -> i64 {
    if time.abs() >= 100_000_000_000 { time } else { time.saturating_mul(1000) }
}

fn find(cx: &Context, id: &str) -> Result<StoredQuery, Fault> {
    cx.store().read(|s| s.get(&QUERIES, cx.scope(), &id.to_owned()))?.ok_or_else(no_query)
}

fn no_query() -> Fault {
    Error::ResourceNotFound.says("The specified query does not exist.")
}
