//! Takes out of texts what differs from run to run: ids, moments, signatures. Numbered by first appearance, so that "the same again" stays visible.

use regex::Regex;
use serde_json::Value;
use std::{collections::HashMap, sync::LazyLock};

/// What is taken out: name and form. The first that fits wins.
const FORMS: &[(&str, &str)] = &[
    ("url", r"https?://127\.0\.0\.1:\d+"),
    ("token", r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
    ("uuid", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    ("key", r"\b[AL](?:KIA|SIA|ROA|IDA)[A-Z0-9]{12,}\b"),
    ("time", r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"),
    ("time", r"\b\d{8}T\d{6}Z\b"),
    ("time", r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"),
    ("date", r"\b\d{4}[-/]\d\d[-/]\d\d\b"),
    ("trace", r"\b1-[0-9a-f]{8}-[0-9a-f]{24}\b"),
    ("hex", r"\b[0-9a-f]{16,}\b"),
    ("base64", r"\b[A-Za-z0-9+/_-]{60,}={0,2}"),
    ("moment", r"\b1[6-9]\d{8}(?:\d{3})?(?:\.\d+)?\b"),
];

static ALL: LazyLock<Regex> = LazyLock::new(|| {
    let groups: Vec<String> = FORMS.iter().map(|(_, form)| format!("({form})")).collect();
    Regex::new(&groups.join("|")).expect("valid forms")
});

/// Takes things out and remembers what it took.
#[derive(Default)]
pub struct Redactor {
    seen: HashMap<(usize, String), usize>,
    counts: HashMap<&'static str, usize>,
}

impl Redactor {
    /// A text with `<uuid-1>` and the like in it.
    pub fn text(&mut self, text: &str) -> String {
        self.replace(text, true)
    }

    /// A value with every text in it redacted, and members whose name says that they are a length of time.
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|i| self.value(i)).collect(),
            Value::Object(map) => {
                let members = map.iter().map(|(k, v)| {
                    let timing = ["_ms", "_mb", "Millis", "Duration"].iter().any(|end| k.ends_with(end)) && v.is_number();
                    (self.text(k), if timing { "<measured>".into() } else { self.value(v) })
                });
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn replace(&mut self, text: &str, numbered: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for found in ALL.captures_iter(text) {
            let whole = found.get(0).expect("the whole match");
            let form = (1..=FORMS.len()).find(|i| found.get(*i).is_some()).map_or(0, |i| i - 1);
            out.push_str(&text[last..whole.start()]);
            out.push_str(&self.name(form, whole.as_str(), numbered));
            last = whole.end();
        }
        out.push_str(&text[last..]);
        out
    }

    fn name(&mut self, form: usize, text: &str, numbered: bool) -> String {
        let name = FORMS[form].0;
        if !numbered {
            return format!("<{name}>");
        }
        let counts = &mut self.counts;
        let number = self.seen.entry((form, text.to_owned())).or_insert_with(|| {
            let count = counts.entry(name).or_default();
            *count += 1;
            *count
        });
        format!("<{name}-{number}>")
    }
}

/// A text with `<uuid>` and the like in it: for comparing things whose order may differ.
pub fn plain(text: &str) -> String {
    Redactor::default().replace(text, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_id_gets_the_same_number() {
        let mut redactor = Redactor::default();
        let a = "a 123e4567-e89b-12d3-a456-426614174000 b 00000000-e89b-12d3-a456-426614174000 c 123e4567-e89b-12d3-a456-426614174000";
        assert_eq!(redactor.text(a), "a <uuid-1> b <uuid-2> c <uuid-1>");
        assert_eq!(
            redactor.value(&json!({"at": "2026-03-10T10:00:00.000Z", "took_ms": 7, "n": 7})),
            json!({"at": "<time-1>", "took_ms": "<measured>", "n": 7})
        );
        assert_eq!(plain("http://127.0.0.1:4566/b/0123456789abcdef0"), "<url>/b/<hex>");
    }
}
