//! A query of Athena's from text to rows, for the command line: started, waited for, read page by page.

use super::Refusal;
use kit::{Cloud, Fault};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Real time that a query may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Real time between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// Rows that are read at most.
const MOST_ROWS: usize = 100_000;

/// Runs `sql`, with `database`, `workgroup` and `output` where they are given, as the account's root.
pub(super) async fn run(cloud: &Arc<Cloud>, input: &Value) -> Result<Value, Refusal> {
    let cx = cloud.house_context("sql");
    let refused = |fault: Fault| Refusal::bad(fault.message);
    let text = |name: &str| input[name].as_str();
    let sql = text("sql").ok_or_else(|| Refusal::bad("say what: {\"sql\": \"SELECT 1\"}"))?;
    let mut start = json!({ "QueryString": sql, "ClientRequestToken": cx.ids().uuid() });
    if let Some(database) = text("database") {
        start["QueryExecutionContext"] = json!({ "Database": database });
    }
    if let Some(group) = text("workgroup") {
        start["WorkGroup"] = group.into();
    }
    if let Some(output) = text("output") {
        start["ResultConfiguration"] = json!({ "OutputLocation": output });
    }
    let started = cloud.call_json(&cx, "athena", "StartQueryExecution", &start).await.map_err(refused)?;
    let mut id = json!({ "QueryExecutionId": started["QueryExecutionId"] });
    let began = cloud.clock().real_now();
    let execution = loop {
        let found = cloud.call_json(&cx, "athena", "GetQueryExecution", &id).await.map_err(refused)?["QueryExecution"].take();
        match found["Status"]["State"].as_str().unwrap_or_default() {
            "SUCCEEDED" => break found,
            "FAILED" | "CANCELLED" => {
                return Err(Refusal::bad(found["Status"]["StateChangeReason"].as_str().unwrap_or("the query failed")));
            }
            _ => {}
        }
        if cloud.clock().real_now().unix_ns - began.unix_ns > LONGEST.as_nanos() as i128 {
            return Err(Refusal::bad(format!("the query still runs after {} s", LONGEST.as_secs())));
        }
        cloud.clock().real_sleep(LOOK).await;
    };
    let (mut columns, mut rows) = (Value::Null, Vec::new());
    loop {
        let mut page = cloud.call_json(&cx, "athena", "GetQueryResults", &id).await.map_err(refused)?;
        let first = columns.is_null();
        if first {
            let described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"].as_array().cloned().unwrap_or_default();
            columns = described.iter().map(|c| json!({ "name": c["Name"], "type": c["Type"] })).collect();
        }
        let cells = |row: &Value| row["Data"].as_array().into_iter().flatten().map(|c| c["VarCharValue"].clone()).collect::<Vec<Value>>();
        let found: Vec<Vec<Value>> = page["ResultSet"]["Rows"].as_array().into_iter().flatten().map(cells).collect();
        // Athena repeats the names of the columns in the first row of a query's result.
        let head = first && found.first().is_some_and(|r| columns.as_array().into_iter().flatten().map(|c| &c["name"]).eq(r.iter()));
        rows.extend(found.into_iter().skip(usize::from(head)));
        match page["NextToken"].take() {
            Value::String(token) if rows.len() < MOST_ROWS => id["NextToken"] = token.into(),
            _ => break,
        }
    }
    Ok(json!({ "id": id["QueryExecutionId"], "columns": columns, "rows": rows, "statistics": execution["Statistics"] }))
}
