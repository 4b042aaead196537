//! The paths that EventBridge takes: `$`, `.name`, `['name']`, `[2]`, and `*` for all of a list or object.

use serde_json::Value;

/// Steps a path may have.
const MOST_STEPS: usize = 100;

/// A way from an event to a part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
    All,
}

impl Path {
    /// Reads a path; `None` when the text is none.
    pub fn parse(text: &str) -> Option<Path> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = match rest.strip_prefix('.') {
                Some(named) => {
                    let end = named.find(['.', '[']).unwrap_or(named.len());
                    let (name, behind) = named.split_at(end);
                    (name_or_all(name)?, behind)
                }
                None => {
                    let (inner, behind) = rest.strip_prefix('[')?.split_once(']')?;
                    (bracket(inner)?, behind)
                }
            };
            steps.push(step);
            rest = behind;
        }
        (steps.len() <= MOST_STEPS).then_some(Path(steps))
    }

    /// What the path leads to; a list where it names all of something; `None` where it leads nowhere.
    pub fn find(&self, event: &Value) -> Option<Value> {
        follow(&self.0, event)
    }
}

fn name_or_all(name: &str) -> Option<Step> {
    match name {
        "" => None,
        "*" => Some(Step::All),
        // AWS: letters, digits, dashes, underscores; others (as in any language's names) do no harm.
        name => (!name.contains(['$', '\'', '"', ']', ' '])).then(|| Step::Name(name.to_owned())),
    }
}

fn bracket(inner: &str) -> Option<Step> {
    let quoted = |quote: char| inner.strip_prefix(quote)?.strip_suffix(quote).filter(|name| !name.is_empty());
    if inner == "*" {
        return Some(Step::All);
    }
    match quoted('\'').or_else(|| quoted('"')) {
        Some(name) => Some(Step::Name(name.to_owned())),
        None => inner.parse().ok().map(Step::Index),
    }
}

fn follow(steps: &[Step], value: &Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Step::Name(name) => follow(rest, value.get(name)?),
        Step::Index(at) => follow(rest, value.get(at)?),
        Step::All => {
            let parts: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(members) => members.values().collect(),
                _ => return None,
            };
            Some(parts.into_iter().filter_map(|part| follow(rest, part)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_into_events() {
        let event = json!({ "detail-type": "t", "detail": { "a": [{ "b": 1 }, { "b": 2 }], "x y": { "z": null } } });
        let find = |path: &str| Path::parse(path).unwrap_or_else(|| panic!("{path}")).find(&event);
        assert_eq!(find("$"), Some(event.clone()));
        assert_eq!(find("$.detail-type"), Some(json!("t")));
        assert_eq!(find("$.detail.a[1].b"), Some(json!(2)));
        assert_eq!(find("$.detail.a[*].b"), Some(json!([1, 2])));
        assert_eq!(find("$['detail']['x y'].z"), Some(json!(null)));
        assert_eq!(find("$.detail.none"), None);
        for bad in ["", "detail", "$detail", "$.", "$.a..b", "$[", "$[a]", "$[]", "$.a b"] {
            assert_eq!(Path::parse(bad), None, "{bad}");
        }
    }
}
