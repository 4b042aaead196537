//! Mapping templates run for a request: their variables made of it, and what they override taken back from them.

use super::{answers::Refusal, call::Call, event};
use crate::vtl::{Input, Scope, Template, Value, render};
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

/// Templates that are held read.
const MOST_HELD: usize = 512;

/// The text that a template makes of a body.
pub(crate) fn run(call: &mut Call, template: &str, body: &str) -> Result<String, Refusal> {
    let result = read(template).and_then(|template| {
        let mut scope = scope(call, body);
        let text = render(&template, &mut scope)?;
        Ok((text, scope.get("context").to_json()))
    });
    match result {
        Ok((text, context)) => {
            for kind in ["requestOverride", "responseOverride"] {
                call.overrides[kind] = context.get(kind).cloned().unwrap_or(Json::Null);
            }
            Ok(text)
        }
        Err(problem) => {
            call.note(|| format!("Execution failed due to configuration error: Unable to transform request: {problem}"));
            Err(Refusal::configuration())
        }
    }
}

/// A gateway response's template: the same language without a body of its own.
pub(crate) fn answer(call: &Call, template: &str) -> Option<String> {
    let template = read(template).ok()?;
    render(&template, &mut scope(call, "")).ok()
}

fn scope(call: &Call, body: &str) -> Scope {
    let path = call.path_parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let query = last_of_each(call.query());
    let headers = last_of_each(event::headers(call));
    let mut scope = Scope::new();
    scope.set("input", Value::Input(Input::new(body.to_owned(), path, query, headers).into()));
    scope.set("util", Value::Util);
    scope.set("context", Value::of_json(&call.context()));
    let variables = call.stage_variables.iter().map(|(name, value)| (name.clone(), Value::text(value)));
    scope.set("stageVariables", Value::map(variables));
    scope
}

fn last_of_each(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect()
}

fn read(text: &str) -> Result<Arc<Template>, crate::vtl::Problem> {
    static HELD: OnceLock<Mutex<HashMap<String, Arc<Template>>>> = OnceLock::new();
    let held = HELD.get_or_init(Mutex::default);
    if let Some(found) = held.lock().get(text) {
        return Ok(found.clone());
    }
    let template = Arc::new(Template::parse(text)?);
    let mut held = held.lock();
    if held.len() >= MOST_HELD {
        held.clear();
    }
    held.insert(text.to_owned(), template.clone());
    Ok(template)
}

/// The template of a content type; `$default` stands for every other.
pub(crate) fn of_type<'a>(templates: Option<&'a BTreeMap<String, String>>, content_type: &str) -> Option<(&'a str, &'a str)> {
    let bare = content_type.split(';').next().unwrap_or_default().trim();
    let templates = templates?;
    let own = templates.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(bare));
    own.or_else(|| templates.get_key_value("$default")).map(|(kind, template)| (kind.as_str(), template.as_str()))
}
