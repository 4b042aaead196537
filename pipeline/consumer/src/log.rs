//! Log lines: one JSON object a line on standard error. Standard output belongs to `check` and `--dry-run`.

use serde_json::{Value, json};

/// Something happened; `facts` is an object.
pub fn info(event: &str, facts: Value) {
    line("INFO", event, facts);
}

/// Something didn't go as it should, and is dealt with.
pub fn warn(event: &str, facts: Value) {
    line("WARN", event, facts);
}

/// Something failed.
pub fn error(event: &str, facts: Value) {
    line("ERROR", event, facts);
}

fn line(level: &str, event: &str, facts: Value) {
    let mut record = json!({ "time": jiff::Timestamp::now().to_string(), "level": level, "event": event });
    if let (Value::Object(record), Value::Object(facts)) = (&mut record, facts) {
        record.extend(facts);
    }
    eprintln!("{record}");
}
