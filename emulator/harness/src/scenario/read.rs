//! From a file to a [`Scenario`], with a line and a column for everything that is unknown or of the wrong kind. Runs nothing.

use super::{
    ast::{Expect, ImageExpect, Place, Scenario, Stack, Step, Subject},
    interpolate, matcher,
    verbs::{self, Arg, ArgKind, Verb},
};
use crate::durations;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use yaml::{Data, Error, Node};

/// A scenario that can't be read: the file, the place, and what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file itself.
    #[error("{}: {error}", .file.display())]
    File {
        /// The scenario's file.
        file: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// Its text.
    #[error("{}:{error}", .file.display())]
    Text {
        /// The scenario's file.
        file: PathBuf,
        /// Where and what.
        error: Error,
    },
}

/// Reads a scenario's file.
pub fn load(file: &Path) -> Result<Scenario, LoadError> {
    let text = std::fs::read_to_string(file).map_err(|e| LoadError::File { file: file.to_owned(), error: e })?;
    from_text(file, &text)
}

/// Reads a scenario's text; `file` says where relative paths start.
pub fn from_text(file: &Path, text: &str) -> Result<Scenario, LoadError> {
    yaml::parse(text).and_then(|root| scenario(file, &root, text)).map_err(|error| LoadError::Text { file: file.to_owned(), error })
}

const TOP: &[&str] = &["name", "tags", "seed", "start", "stack", "steps"];
const STEP: &[&str] = &["name", "capture", "expect", "as"];

fn scenario(file: &Path, root: &Node, text: &str) -> Result<Scenario, Error> {
    let entries = map(root, "a scenario")?;
    known(entries, TOP, "a scenario")?;
    let name = required(root, "name", "a scenario")?;
    let steps = required(root, "steps", "a scenario")?;
    Ok(Scenario {
        file: file.to_owned(),
        name: text_of(name)?,
        tags: root.get("tags").map_or(Ok(Vec::new()), |tags| list(tags, "tags")?.iter().map(text_of).collect())?,
        seed: root.get("seed").map_or(Ok(0), whole)?,
        start: root.get("start").map(moment).transpose()?,
        stack: root.get("stack").map(stack).transpose()?,
        steps: steps_of(steps)?,
        digest: kit::hex(&Sha256::digest(text.as_bytes())),
    })
}

fn stack(node: &Node) -> Result<Stack, Error> {
    known(map(node, "stack")?, &["template", "name", "params"], "stack")?;
    let params = match node.get("params") {
        None => Map::new(),
        Some(params) => map(params, "params")?.iter().map(|(k, v)| Ok((text_of(k)?, json(v)?))).collect::<Result<_, Error>>()?,
    };
    Ok(Stack {
        template: text_of(required(node, "template", "stack")?)?,
        name: node.get("name").map(text_of).transpose()?,
        params,
        at: Place::of(node),
    })
}

fn steps_of(node: &Node) -> Result<Vec<Step>, Error> {
    list(node, "steps")?.iter().map(step).collect()
}

fn step(node: &Node) -> Result<Step, Error> {
    let entries = map(node, "a step")?;
    let mut verb: Option<(&'static Verb, &Node)> = None;
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        if STEP.contains(&name) {
            continue;
        }
        let found = verbs::find(name).ok_or_else(|| key.error(unknown_verb(name)))?;
        if let Some((first, _)) = verb {
            return Err(key.error(format!("a step has one verb; this one has {} and {name}. Begin another step with a dash", first.name)));
        }
        verb = Some((found, value));
    }
    let (verb, args) = verb.ok_or_else(|| node.error(format!("a step needs a verb; verbs are {}", verbs::names())))?;
    let inner: Vec<Step> =
        args.get("steps").filter(|_| verb.args.iter().any(|a| a.kind == ArgKind::Steps)).map_or(Ok(Vec::new()), steps_of)?;
    Ok(Step {
        at: Place::of(node),
        name: node.get("name").map(text_of).transpose()?,
        verb,
        args: arguments(verb, args)?,
        capture: node.get("capture").map_or(Ok(Vec::new()), captures)?,
        expect: node.get("expect").map_or(Ok(Vec::new()), expectations)?,
        identity: node.get("as").map(identity).transpose()?,
        inner: inner.into(),
    })
}

fn unknown_verb(name: &str) -> String {
    let close = verbs::all().map(|v| v.name).min_by_key(|v| distance(v, name)).filter(|v| distance(v, name) <= 3);
    let hint = close.map_or(String::new(), |verb| format!(" Did you mean {verb}?"));
    format!("there is no verb {name}.{hint} Verbs are {}; beside the verb a step may have {}", verbs::names(), STEP.join(", "))
}

fn arguments(verb: &'static Verb, node: &Node) -> Result<Map<String, Value>, Error> {
    let entries = match node.data {
        Data::Null => &[][..],
        _ => map(node, verb.name)?,
    };
    let mut args = Map::new();
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        let Some(arg) = verb.args.iter().find(|a| a.name == name) else {
            let names: Vec<&str> = verb.args.iter().map(|a| a.name).collect();
            let has = if names.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", names.join(", ")) };
            return Err(key.error(format!("{} has no argument {name}; {has}", verb.name)));
        };
        if arg.kind != ArgKind::Steps {
            args.insert(name.to_owned(), argument(verb, arg, value)?);
        }
    }
    for arg in verb.args.iter().filter(|a| a.required) {
        if node.get(arg.name).is_none() {
            return Err(node.error(format!("{} needs {}: {}", verb.name, arg.name, arg.about)));
        }
    }
    if !verb.one_of.is_empty() {
        let given = verb.one_of.iter().filter(|name| args.contains_key(**name)).count();
        if given != 1 {
            return Err(node.error(format!("{} takes exactly one of {}; here are {given}", verb.name, verb.one_of.join(", "))));
        }
    }
    Ok(args)
}

fn argument(verb: &Verb, arg: &Arg, node: &Node) -> Result<Value, Error> {
    no_old_booleans(node)?;
    let wrong = |wanted: &str| node.error(format!("{} of {} is {wanted}, not {}", arg.name, verb.name, node.kind()));
    let is_reference = node.as_str().is_some_and(|t| t.starts_with("${") && t.ends_with('}'));
    match arg.kind {
        _ if is_reference => {}
        ArgKind::Any | ArgKind::Steps => {}
        ArgKind::Text | ArgKind::File => {
            node.scalar_text().ok_or_else(|| wrong("a text"))?;
        }
        ArgKind::Whole => drop(whole(node).map_err(|_| wrong("a whole number"))?),
        ArgKind::Number if !matches!(node.data, Data::Int(_) | Data::Float(_)) => return Err(wrong("a number")),
        ArgKind::Flag if !matches!(node.data, Data::Bool(_)) => return Err(wrong("true or false")),
        ArgKind::Map if !matches!(node.data, Data::Map(_)) => return Err(wrong("a map")),
        ArgKind::List if !matches!(node.data, Data::List(_)) => return Err(wrong("a list")),
        ArgKind::Duration => drop(durations::parse(&text_of(node)?).map_err(|e| node.error(e))?),
        ArgKind::OneOf(words) => {
            let text = text_of(node)?;
            if !words.contains(&text.as_str()) {
                return Err(node.error(format!("{} of {} is one of {}, not {text}", arg.name, verb.name, words.join(", "))));
            }
        }
        ArgKind::Number | ArgKind::Flag | ArgKind::Map | ArgKind::List => {}
    }
    let value = json(node)?;
    Ok(match (arg.kind, &value) {
        // 007 stays 007 where a text is wanted.
        (ArgKind::Text | ArgKind::File | ArgKind::Duration | ArgKind::OneOf(_), _) => node.scalar_text().map_or(value, Value::String),
        _ => value,
    })
}

fn captures(node: &Node) -> Result<Vec<(String, String)>, Error> {
    map(node, "capture")?
        .iter()
        .map(|(name, path)| {
            let text = text_of(path)?;
            if !text.starts_with('$') {
                return Err(path.error(format!("a capture takes a path that starts with $, as in $.id, not {text}")));
            }
            let name_text = text_of(name)?;
            if ["stack", "clock", "run"].contains(&name_text.as_str()) || name_text.contains('.') {
                return Err(
                    name.error(format!("{name_text} can't be the name of a capture: stack, clock and run are taken, and dots part names"))
                );
            }
            Ok((name_text, text))
        })
        .collect()
}

fn expectations(node: &Node) -> Result<Vec<Expect>, Error> {
    let mut all = Vec::new();
    for (key, value) in map(node, "expect")? {
        no_old_booleans(value)?;
        let name = key.as_str().unwrap_or_default().to_owned();
        let mut push = |subject| all.push(Expect { at: Place::of(key), key: name.clone(), subject });
        match name.as_str() {
            "status" => push(Subject::Status(matcher::read(value)?)),
            "error" => push(Subject::Error(matcher::read(value)?)),
            "message" => push(Subject::Message(matcher::read(value)?)),
            "body" => push(Subject::Body(matcher::read(value)?)),
            "headers" => {
                for (header, value) in map(value, "headers")? {
                    let subject = Subject::Header(text_of(header)?.to_ascii_lowercase(), matcher::read(value)?);
                    all.push(Expect { at: Place::of(header), key: format!("header {}", text_of(header)?), subject });
                }
            }
            "image" => push(Subject::Image(image(value)?)),
            "snapshot" => push(Subject::Snapshot(snapshot(value)?)),
            path if path.starts_with('$') => push(Subject::Path(path.to_owned(), matcher::read(value)?)),
            // A member of the answer, as AWS names it: ContentType is $.ContentType.
            member => push(Subject::Path(format!("$.{member}"), matcher::read(value)?)),
        }
    }
    Ok(all)
}

fn image(node: &Node) -> Result<ImageExpect, Error> {
    known(map(node, "image")?, &["width", "height", "format", "phash_near"], "image")?;
    let part = |name: &str| node.get(name).map(matcher::read).transpose();
    Ok(ImageExpect {
        width: part("width")?,
        height: part("height")?,
        format: part("format")?,
        phash_near: node.get("phash_near").map(text_of).transpose()?,
    })
}

fn snapshot(node: &Node) -> Result<String, Error> {
    let name = text_of(node)?;
    match !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        true => Ok(name),
        false => Err(node.error("a snapshot's name has letters, digits, - and _ only: it becomes a file's name")),
    }
}

fn identity(node: &Node) -> Result<Value, Error> {
    no_old_booleans(node)?;
    match &node.data {
        Data::Text(_) => json(node),
        Data::Map(_) => {
            known(map(node, "as")?, verbs::IDENTITY, "as")?;
            json(node)
        }
        _ => Err(node.error("as takes root, anonymous, or { role: NAME } or { user: NAME }")),
    }
}

/// YAML 1.1 read these as booleans and YAML 1.2 reads them as texts; nobody can tell which was meant.
pub(super) fn no_old_booleans(node: &Node) -> Result<(), Error> {
    const OLD: &[&str] = &["yes", "no", "on", "off", "y", "n"];
    match node.plain.as_deref() {
        Some(plain) if OLD.contains(&plain.to_ascii_lowercase().as_str()) => Err(node.error(format!(
            "{plain} is a boolean to some YAML readers and a text to others: quote it (\"{plain}\"), or write true or false"
        ))),
        _ => Ok(()),
    }
}

/// A node as JSON, after looking at every scalar in it.
fn json(node: &Node) -> Result<Value, Error> {
    check(node)?;
    Ok(node.to_json())
}

fn check(node: &Node) -> Result<(), Error> {
    no_old_booleans(node)?;
    if let Some(tag) = &node.tag {
        return Err(node.error(format!("the tag !{tag} means nothing in a scenario")));
    }
    if let Some(text) = node.as_str() {
        interpolate::references(text).map_err(|e| node.error(e))?;
    }
    node.items().iter().try_for_each(check)?;
    node.entries().iter().try_for_each(|(_, v)| check(v))
}

fn map<'a>(node: &'a Node, what: &str) -> Result<&'a [(Node, Node)], Error> {
    match &node.data {
        Data::Map(entries) => Ok(entries),
        _ => Err(node.error(format!("{what} is a map, not {}", node.kind()))),
    }
}

fn list<'a>(node: &'a Node, what: &str) -> Result<&'a [Node], Error> {
    match &node.data {
        Data::List(items) => Ok(items),
        _ => Err(node.error(format!("{what} is a list, not {}", node.kind()))),
    }
}

fn known(entries: &[(Node, Node)], names: &[&str], what: &str) -> Result<(), Error> {
    match entries.iter().find(|(k, _)| !names.contains(&k.as_str().unwrap_or_default())) {
        Some((key, _)) => Err(key.error(format!("{what} has no {}; it has {}", key.as_str().unwrap_or_default(), names.join(", ")))),
        None => Ok(()),
    }
}

fn required<'a>(node: &'a Node, name: &str, what: &str) -> Result<&'a Node, Error> {
    node.get(name).ok_or_else(|| node.error(format!("{what} needs {name}")))
}

fn text_of(node: &Node) -> Result<String, Error> {
    no_old_booleans(node)?;
    let text = node.scalar_text().ok_or_else(|| node.error(format!("a text is wanted here, not {}", node.kind())))?;
    interpolate::references(&text).map_err(|e| node.error(e))?;
    Ok(text)
}

fn whole(node: &Node) -> Result<u64, Error> {
    match node.data {
        Data::Int(n) if n >= 0 => Ok(n as u64),
        _ => Err(node.error(format!("a whole number is wanted here, not {}", node.kind()))),
    }
}

fn moment(node: &Node) -> Result<wire::Timestamp, Error> {
    let text = text_of(node)?;
    kit::time::parse_iso(&text).ok_or_else(|| node.error(format!("start is a moment as 2026-03-10T10:00:00Z, not {text}")))
}

/// Levenshtein's distance, for hints.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Scenario, String> {
        from_text(Path::new("x.yaml"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn a_scenario_is_read() {
        let text = "name: a\ntags: [e2e, smoke]\nseed: 42\nstack: { template: t.yaml, params: { Days: 7 } }\nsteps:\n  - name: look\n    s3.head: { bucket: b, key: \"thumbs/${key}\" }\n    capture: { tag: $.ETag }\n    expect: { ContentType: image/jpeg, $.n: { gt: 1 }, headers: { X-A: b }, image: { width: 200 } }\n";
        let scenario = read(text).unwrap();
        let step = &scenario.steps[0];
        assert_eq!((scenario.seed, step.verb.name, step.label().as_str(), step.at.line), (42, "s3.head", "look", 6));
        assert_eq!(step.expect.len(), 4);
        assert_eq!(step.capture, [("tag".to_owned(), "$.ETag".to_owned())]);
    }

    #[test]
    fn complaints_say_where_and_what_instead() {
        for (text, wanted) in [
            ("name: a\n", "x.yaml:1:1: a scenario needs steps"),
            ("name: a\nsteps: []\ncolour: red\n", "x.yaml:3:1: a scenario has no colour"),
            ("name: a\nsteps:\n  - s3.heed: {}\n", "x.yaml:3:5: there is no verb s3.heed. Did you mean s3.head?"),
            ("name: a\nsteps:\n  - s3.head: { bucket: b }\n", "s3.head needs key"),
            ("name: a\nsteps:\n  - s3.head: { bucket: b, key: k, x: 1 }\n", "x.yaml:3:35: s3.head has no argument x"),
            ("name: a\nsteps:\n  - settle: { within: soon }\n", "`soon` is not a duration"),
            ("name: a\nsteps:\n  - settle: {}\n    s3.head: {}\n", "a step has one verb"),
            ("name: a\nsteps:\n  - http: { bearer: t }\n", "http takes exactly one of"),
            ("name: a\nsteps:\n  - s3.put: { bucket: b, key: k, body: yes }\n", "quote it (\"yes\")"),
            ("name: a\nsteps:\n  - settle:\n    capture: { t: id }\n", "starts with $"),
            ("name: a\nsteps:\n  - s3.head: { bucket: \"${b\", key: k }\n", "does not close it"),
            ("name: a\nseed: x\nsteps: []\n", "x.yaml:2:7: a whole number"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(wanted), "{text}\n{error}");
        }
    }
}
