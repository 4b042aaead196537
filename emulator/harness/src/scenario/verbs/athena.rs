//! Queries over the lake.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "athena.query",
    about: "Runs a query and waits for it. $ is the list of rows, each a map by column, numbers and booleans typed as the column is.",
    args: &[
        need("sql", ArgKind::Text, "the query"),
        may("database", ArgKind::Text, "database of names without one"),
        may("workgroup", ArgKind::Text, "work group"),
        may("output", ArgKind::Text, "s3:// location of the result, where the work group gives none"),
        may("within", ArgKind::Duration, "longest wait, real time; 60s unless told"),
    ],
    one_of: &[],
    local_only: false,
    run: |world, args| Box::pin(query(world, args)),
}];

async fn query(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = json!({ "QueryString": args.text("sql")?, "ClientRequestToken": world.context().ids().uuid() });
    if let Some(database) = args.text_if("database")? {
        input["QueryExecutionContext"] = json!({ "Database": database });
    }
    if let Some(workgroup) = args.text_if("workgroup")? {
        input["WorkGroup"] = workgroup.into();
    }
    if let Some(output) = args.text_if("output")? {
        input["ResultConfiguration"] = json!({ "OutputLocation": output });
    }
    let within = args.duration_or("within", "60s")?;
    let started = match world.value("athena", "StartQueryExecution", &input).await {
        Ok(started) => started,
        Err(fault) => return Ok(Outcome::refused(&fault)),
    };
    let id = json!({ "QueryExecutionId": started["QueryExecutionId"] });
    let began = world.cloud().clock().real_now();
    loop {
        let state = match world.value("athena", "GetQueryExecution", &id).await {
            Ok(found) => found["QueryExecution"]["Status"].clone(),
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        match state["State"].as_str().unwrap_or_default() {
            "SUCCEEDED" => break,
            "FAILED" | "CANCELLED" => {
                let reason = state["StateChangeReason"].as_str().unwrap_or("the query failed");
                return Ok(Outcome::refused(&wire::Fault::new("QueryFailed", 400, reason.to_owned())));
            }
            _ => {}
        }
        let waited_ns = world.cloud().clock().real_now().unix_ns - began.unix_ns;
        if waited_ns > within.as_nanos() as i128 {
            return Err(format!("the query is still {} after {} s", state["State"], within.as_secs()));
        }
        world.cloud().clock().real_sleep(Duration::from_millis(20)).await;
    }
    rows(world, id).await
}

async fn rows(world: &World, id: Value) -> Result<Outcome, String> {
    let mut columns: Vec<(String, String)> = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    let mut input = id;
    let mut first = true;
    loop {
        let page = match world.value("athena", "GetQueryResults", &input).await {
            Ok(page) => page,
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        let set = &page["ResultSet"];
        if first {
            let described = set["ResultSetMetadata"]["ColumnInfo"].as_array().into_iter().flatten();
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            columns = described.map(|c| (text(&c["Name"]), text(&c["Type"]))).collect();
        }
        let found: Vec<&Value> = set["Rows"].as_array().into_iter().flatten().collect();
        // The first row of a SELECT repeats the columns' names.
        let has_head =
            first && found.first().is_some_and(|r| columns.iter().enumerate().all(|(i, (name, _))| cell(r, i) == Some(name.as_str())));
        rows.extend(found.iter().skip(usize::from(has_head)).map(|row| {
            let members = columns
                .iter()
                .enumerate()
                .map(|(i, (name, kind))| (name.clone(), cell(row, i).map_or(Value::Null, |text| typed(kind, text))));
            Value::Object(members.collect::<Map<String, Value>>())
        }));
        first = false;
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => return Ok(Outcome::of(rows.into())),
        }
    }
}

fn cell(row: &Value, index: usize) -> Option<&str> {
    row["Data"].get(index)?.get("VarCharValue")?.as_str()
}

fn typed(kind: &str, text: &str) -> Value {
    match kind {
        "tinyint" | "smallint" | "integer" | "bigint" => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        "float" | "real" | "double" => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        "boolean" => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
        _ => text.into(),
    }
}
