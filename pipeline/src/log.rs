//! Log lines: one JSON object a line on standard output, which Lambda hands to CloudWatch Logs.

use serde_json::{Value, json};

/// Something happened; `facts` is an object.
pub fn info(event: &str, facts: Value) {
    line("INFO", event, facts);
}

/// Something failed; `facts` is an object.
pub fn error(event: &str, facts: Value) {
    line("ERROR", event, facts);
}

fn line(level: &str, event: &str, facts: Value) {
    let mut record = json!({ "level": level, "event": event });
    if let (Value::Object(record), Value::Object(facts)) = (&mut record, facts) {
        record.extend(facts);
    }
    println!("{record}");
}
