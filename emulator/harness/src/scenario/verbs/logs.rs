//! Log events.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[Verb {
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
}];

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
