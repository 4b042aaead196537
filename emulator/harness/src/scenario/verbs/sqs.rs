//! Messages.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "sqs.receive",
        about: "Receives what is there and deletes it. $.count and $.messages with Body, json (where the body is JSON), MessageAttributes and Attributes.",
        args: &[
            need("queue", ArgKind::Text, "queue URL"),
            may("max", ArgKind::Whole, "most messages, 10 unless told"),
            may("keep", ArgKind::Flag, "don't delete them"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(receive(world, args)),
    },
    Verb {
        name: "sqs.send",
        about: "Sends a message. $ is SendMessage's output.",
        args: &[need("queue", ArgKind::Text, "queue URL"), need("body", ArgKind::Any, "text, or JSON")],
        one_of: &[],
        local_only: false,
        run: |world, args| {
            Box::pin(async move {
                let body = match args.value("body") {
                    Some(Value::String(text)) => text.clone(),
                    other => other.map(Value::to_string).unwrap_or_default(),
                };
                Ok(world.call("sqs", "SendMessage", &json!({ "QueueUrl": args.text("queue")?, "MessageBody": body }), None).await)
            })
        },
    },
];

async fn receive(world: &mut World, args: Args) -> Result<Outcome, String> {
    let queue = args.text("queue")?;
    let most = args.whole_if("max")?.unwrap_or(10) as usize;
    let mut messages: Vec<Value> = Vec::new();
    while messages.len() < most {
        let input = json!({
            "QueueUrl": queue, "MaxNumberOfMessages": (most - messages.len()).min(10), "WaitTimeSeconds": 0,
            "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
        });
        let page = match world.value("sqs", "ReceiveMessage", &input).await {
            Ok(page) => page,
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        let Some(got) = page["Messages"].as_array().filter(|m| !m.is_empty()) else { break };
        for message in got {
            let mut message = message.clone();
            if let Some(json) = message["Body"].as_str().and_then(|b| serde_json::from_str::<Value>(b).ok()) {
                message["json"] = json;
            }
            if !args.flag("keep")? {
                let input = json!({ "QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"] });
                if let Err(fault) = world.value("sqs", "DeleteMessage", &input).await {
                    return Ok(Outcome::refused(&fault));
                }
            }
            messages.push(message);
        }
    }
    Ok(Outcome::of(json!({ "count": messages.len(), "messages": messages })))
}
