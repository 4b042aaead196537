//! Log events.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "logs.events",
        about: "Reads a group's events, all pages. $.count, $.messages (texts) and $.json (those that are JSON, as JSON).",
        args: &[
            need("group", ArgKind::Text, "log group"),
            may("pattern", ArgKind::Text, "filter pattern"),
            may("stream_prefix", ArgKind::Text, "only streams that start so"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(events(world, args)),
    },
    Verb {
        name: "logs.query",
        about: "Asks a group in the language of Insights and waits for the answer. $.rows (each a map of fields) and $.count.",
        args: &[
            need("group", ArgKind::Text, "log group"),
            need("query", ArgKind::Text, "as filter @type = 'REPORT' | stats count(*) as runs"),
            may("last", ArgKind::Duration, "how far back; 1h unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(query(world, args)),
    },
];

/// How long a query may take, real time.
const LONGEST: Duration = Duration::from_secs(60);

async fn query(world: &mut World, args: Args) -> Result<Outcome, String> {
    let last = args.duration_or("last", "1h")?;
    let now = world.cloud().clock().now().secs();
    let input = json!({
        "logGroupName": args.text("group")?, "queryString": args.text("query")?, "startTime": now - last.as_secs() as i64, "endTime": now,
    });
    let begun = world.call("logs", "StartQuery", &input, None).await;
    if begun.error.is_some() {
        return Ok(begun);
    }
    world.cloud().settle(LONGEST).await.map_err(|not| not.to_string())?;
    let mut outcome = world.call("logs", "GetQueryResults", &json!({ "queryId": begun.value["queryId"] }), None).await;
    if outcome.error.is_none() {
        if outcome.value["status"] != "Complete" {
            return Err(format!("the query ended as {}", outcome.value["status"]));
        }
        let field = |field: &Value| Some((field["field"].as_str()?.to_owned(), field["value"].clone()));
        let row = |row: &Value| Value::Object(row.as_array().into_iter().flatten().filter_map(field).collect());
        let rows: Vec<Value> = outcome.value["results"].as_array().into_iter().flatten().map(row).collect();
        outcome.value = json!({ "count": rows.len(), "rows": rows });
    }
    Ok(outcome)
}

async fn events(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = json!({ "logGroupName": args.text("group")? });
    for (name, member) in [("pattern", "filterPattern"), ("stream_prefix", "logStreamNamePrefix")] {
        if let Some(text) = args.text_if(name)? {
            input[member] = text.into();
        }
    }
    let mut messages: Vec<Value> = Vec::new();
    loop {
        let page = match world.value("logs", "FilterLogEvents", &input).await {
            Ok(page) => page,
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        messages.extend(page["events"].as_array().into_iter().flatten().map(|e| e["message"].clone()));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    let parsed: Vec<Value> = messages.iter().filter_map(|m| serde_json::from_str(m.as_str()?).ok()).filter(Value::is_object).collect();
    Ok(Outcome::of(json!({ "count": messages.len(), "messages": messages, "json": parsed })))
}
