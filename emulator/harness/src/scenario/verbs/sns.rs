//! Topics.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Map, Value, json};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "sns.publish",
    about: "Publishes a message to a topic. $ is Publish's output.",
    args: &[
        need("topic", ArgKind::Text, "topic ARN"),
        need("message", ArgKind::Any, "text, or JSON"),
        may("subject", ArgKind::Text, "subject"),
        may("attributes", ArgKind::Map, "message attributes: numbers become Number, lists String.Array, all else String"),
        may("group", ArgKind::Text, "MessageGroupId, for FIFO topics"),
    ],
    one_of: &[],
    local_only: false,
    run: |world, args| Box::pin(publish(world, args)),
}];

async fn publish(world: &mut World, args: Args) -> Result<Outcome, String> {
    let message = match args.value("message") {
        Some(Value::String(text)) => text.clone(),
        other => other.map(Value::to_string).unwrap_or_default(),
    };
    let mut input = json!({ "TopicArn": args.text("topic")?, "Message": message });
    for (name, member) in [("subject", "Subject"), ("group", "MessageGroupId")] {
        if let Some(text) = args.text_if(name)? {
            input[member] = text.into();
        }
    }
    if let Some(Value::Object(attributes)) = args.value("attributes") {
        input["MessageAttributes"] = attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>().into();
    }
    Ok(world.call("sns", "Publish", &input, None).await)
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "DataType": "String", "StringValue": text }),
        Value::Number(number) => json!({ "DataType": "Number", "StringValue": number.to_string() }),
        Value::Array(_) => json!({ "DataType": "String.Array", "StringValue": value.to_string() }),
        other => json!({ "DataType": "String", "StringValue": other.to_string() }),
    }
}
