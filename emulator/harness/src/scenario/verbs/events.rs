//! Events on buses, and schedules.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "events.put",
        about: "Puts an event on a bus. $.id of the event; one that the bus does not take is a refusal.",
        args: &[
            need("source", ArgKind::Text, "who tells it (shop.till)"),
            need("type", ArgKind::Text, "detail-type"),
            may("detail", ArgKind::Map, "what happened; {} unless told"),
            may("resources", ArgKind::List, "ARNs"),
            may("bus", ArgKind::Text, "name or ARN of the bus; the default bus unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(put(world, args)),
    },
    Verb {
        name: "scheduler.schedule",
        about: "Makes a schedule, without a flexible window. $.ScheduleArn.",
        args: &[
            need("name", ArgKind::Text, "name of the schedule"),
            need("when", ArgKind::Text, "rate(1 minute), cron(0 6 * * ? *), at(2026-03-10T10:00:00)"),
            need("target", ArgKind::Text, "ARN of the target"),
            need("role", ArgKind::Text, "ARN of the role that calls the target"),
            may("input", ArgKind::Any, "what the target gets"),
            may("timezone", ArgKind::Text, "as Europe/Berlin; UTC unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(schedule(world, args)),
    },
];

async fn put(world: &mut World, args: Args) -> Result<Outcome, String> {
    let detail = args.value("detail").map_or("{}".to_owned(), Value::to_string);
    let mut entry = json!({ "Source": args.text("source")?, "DetailType": args.text("type")?, "Detail": detail });
    if let Some(resources) = args.value("resources") {
        entry["Resources"] = resources.clone();
    }
    if let Some(bus) = args.text_if("bus")? {
        entry["EventBusName"] = bus.into();
    }
    let mut outcome = world.call("events", "PutEvents", &json!({ "Entries": [entry] }), None).await;
    if outcome.error.is_none() {
        let told = outcome.value["Entries"][0].clone();
        if let Some(code) = told["ErrorCode"].as_str() {
            let message = told["ErrorMessage"].as_str().unwrap_or_default().to_owned();
            return Ok(Outcome::refused(&kit::Fault::new(code.to_owned(), 400, message)));
        }
        outcome.value = json!({ "id": told["EventId"] });
    }
    Ok(outcome)
}

async fn schedule(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut target = json!({ "Arn": args.text("target")?, "RoleArn": args.text("role")? });
    match args.value("input") {
        None => {}
        Some(Value::String(text)) => target["Input"] = text.as_str().into(),
        Some(other) => target["Input"] = other.to_string().into(),
    }
    let mut input = json!({
        "Name": args.text("name")?, "ScheduleExpression": args.text("when")?, "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target,
    });
    if let Some(zone) = args.text_if("timezone")? {
        input["ScheduleExpressionTimezone"] = zone.into();
    }
    Ok(world.call("scheduler", "CreateSchedule", &input, None).await)
}
