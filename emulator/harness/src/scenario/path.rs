//! Dotted paths into JSON: `$.calls.0.outcome`. Dots and not brackets, because brackets have to be quoted in YAML's flow maps.

use serde_json::Value;

/// The segments of a path; `$` alone is the whole. A backslash before a dot keeps it in the name.
pub fn segments(path: &str) -> Vec<String> {
    let rest = path.strip_prefix('$').unwrap_or(path);
    let mut segments = vec![String::new()];
    let mut chars = rest.strip_prefix('.').unwrap_or(rest).chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => segments.last_mut().expect("never empty").extend(chars.next()),
            '.' => segments.push(String::new()),
            c => segments.last_mut().expect("never empty").push(c),
        }
    }
    segments.retain(|s| !s.is_empty());
    segments
}

/// What stands at a path.
pub fn find<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    segments(path).iter().try_fold(root, |at, segment| step(at, segment))
}

fn step<'a>(at: &'a Value, segment: &str) -> Option<&'a Value> {
    match at {
        Value::Object(map) => map.get(segment),
        Value::Array(items) => match segment {
            "last" => items.last(),
            number => items.get(number.parse::<usize>().ok()?),
        },
        _ => None,
    }
}

/// Why nothing stands at a path: the last part that is there, and what it has instead.
pub fn explain(root: &Value, path: &str) -> String {
    let (mut at, mut so_far) = (root, "$".to_owned());
    for segment in segments(path) {
        let Some(next) = step(at, &segment) else {
            return match at {
                Value::Object(map) if map.is_empty() => format!("{so_far} is an empty map"),
                Value::Object(map) => format!("{so_far} has no {segment}; it has {}", first(map.keys().map(String::as_str))),
                Value::Array(items) => format!("{so_far} is a list of {} and has no {segment}", items.len()),
                other => format!("{so_far} is {}", super::matcher::kind(other)),
            };
        };
        at = next;
        so_far = format!("{so_far}.{segment}");
    }
    format!("{so_far} is there")
}

fn first<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.take(13).collect();
    match names.len() {
        13 => format!("{}, ...", names[..12].join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_through_maps_and_lists() {
        let value = json!({"calls": [{"outcome": "ok"}, {"outcome": "bad"}], "a.b": 1});
        assert_eq!(find(&value, "$.calls.1.outcome"), Some(&json!("bad")));
        assert_eq!(find(&value, "$.calls.last.outcome"), Some(&json!("bad")));
        assert_eq!(find(&value, "$"), Some(&value));
        assert_eq!(find(&value, "$.a\\.b"), Some(&json!(1)));
        assert_eq!(find(&value, "$.calls.7"), None);
        assert_eq!(explain(&value, "$.calls.7.outcome"), "$.calls is a list of 2 and has no 7");
        assert_eq!(explain(&value, "$.cals"), "$ has no cals; it has calls, a.b");
    }
}
