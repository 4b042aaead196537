//! Mapping expressions of integrations: where a parameter comes from and where it goes. Knows their grammar; what they mean for a request
//! is looked up by whoever asks.

use crate::{model::*, state::bad};
use kit::Fault;
use std::collections::BTreeMap;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source<'a> {
    Literal(&'a str),
    Path(&'a str),
    Query(&'a str),
    Header(&'a str),
    QueryList(&'a str),
    HeaderList(&'a str),
    /// JSONPath into the body; `$` for all of it.
    Body(&'a str),
    Context(&'a str),
    StageVariable(&'a str),
}

impl<'a> Source<'a> {
    /// The source of a request's parameter: `method.request.header.X`, `'text'`, `context.x`.
    pub fn of_request(expression: &'a str) -> Option<Source<'a>> {
        Source::read(expression, "method.request.")
    }
    /// The source of an answer's header: `integration.response.header.X`, `'text'`, `context.x`.
    pub fn of_response(expression: &'a str) -> Option<Source<'a>> {
        let source = Source::read(expression, "integration.response.")?;
        (!matches!(source, Source::Path(_) | Source::Query(_) | Source::QueryList(_))).then_some(source)
    }

    fn read(expression: &'a str, prefix: &str) -> Option<Source<'a>> {
        if let Some(text) = literal(expression) {
            return Some(Source::Literal(text));
        }
        if let Some(name) = expression.strip_prefix("context.") {
            return Some(Source::Context(name));
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return Some(Source::StageVariable(name));
        }
        let rest = expression.strip_prefix(prefix)?;
        if let Some(path) = rest.strip_prefix("body") {
            // `body.a.b`, `body.$.a`, `body`: whatever follows is a path from the root.
            return match path.strip_prefix('.') {
                Some(path) if !path.is_empty() => Some(Source::Body(path)),
                None if path.is_empty() => Some(Source::Body("$")),
                _ => None,
            };
        }
        let (kind, name) = rest.split_once('.').filter(|(_, name)| !name.is_empty())?;
        Some(match kind {
            "path" => Source::Path(name),
            "querystring" => Source::Query(name),
            "header" => Source::Header(name),
            "multivaluequerystring" => Source::QueryList(name),
            "multivalueheader" => Source::HeaderList(name),
            _ => return None,
        })
    }
}

/// A JSONPath out of what stands behind `body.` in an expression.
pub(crate) fn json_path(path: &str) -> String {
    if path.starts_with('$') { path.to_owned() } else { format!("$.{path}") }
}

/// The text between single quotation marks.
pub(crate) fn literal(expression: &str) -> Option<&str> {
    expression.strip_prefix('\'')?.strip_suffix('\'')
}

/// `integration.request.{path,querystring,header}.NAME`: the kind and the name.
pub(crate) fn destination(key: &str) -> Option<(&str, &str)> {
    let (kind, name) = key.strip_prefix("integration.request.")?.split_once('.')?;
    (matches!(kind, "path" | "querystring" | "header") && !name.is_empty()).then_some((kind, name))
}

/// Checks the request's mappings of an integration against what its method declares.
pub(crate) fn check_request(parameters: Option<&BTreeMap<String, String>>, method: &Method) -> Result<(), Fault> {
    let declared = |key: String| method.request_parameters.as_ref().is_some_and(|p| p.contains_key(&key));
    for (key, expression) in parameters.into_iter().flatten() {
        if destination(key).is_none() {
            return Err(wrong(&format!("Invalid mapping expression specified: {key}")));
        }
        let fits = match Source::of_request(expression) {
            None => return Err(wrong(&format!("Invalid mapping expression specified: {expression}"))),
            Some(Source::Path(name)) => declared(format!("method.request.path.{name}")),
            Some(Source::Query(name) | Source::QueryList(name)) => declared(format!("method.request.querystring.{name}")),
            Some(Source::Header(name) | Source::HeaderList(name)) => declared(format!("method.request.header.{name}")),
            Some(_) => true,
        };
        if !fits {
            return Err(wrong(&format!("Invalid mapping expression parameter specified: {expression}")));
        }
    }
    Ok(())
}

/// Checks the headers of an integration's response against what its method's response declares.
pub(crate) fn check_response(parameters: Option<&BTreeMap<String, String>>, declared: &MethodResponse) -> Result<(), Fault> {
    let headers = declared.response_parameters.as_ref();
    for (name, expression) in parameters.into_iter().flatten() {
        if !headers.is_some_and(|h| h.contains_key(name)) {
            return Err(wrong(&format!("Invalid mapping expression parameter specified: {name}")));
        }
        if Source::of_response(expression).is_none() {
            return Err(wrong(&format!("Invalid mapping expression specified: {expression}")));
        }
    }
    Ok(())
}

fn wrong(what: &str) -> Fault {
    bad(format!("Invalid mapping expression specified: Validation Result: warnings : [], errors : [{what}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        assert_eq!(Source::of_request("method.request.header.X-A"), Some(Source::Header("X-A")));
        assert_eq!(Source::of_request("method.request.body.a.b"), Some(Source::Body("a.b")));
        assert_eq!(Source::of_request("method.request.body"), Some(Source::Body("$")));
        assert_eq!(Source::of_request("'x'"), Some(Source::Literal("x")));
        assert_eq!(Source::of_request("method.request.cookie.x"), None);
        assert_eq!(Source::of_response("integration.response.path.x"), None);
        assert_eq!(Source::of_response("integration.response.multivalueheader.x"), Some(Source::HeaderList("x")));
        assert_eq!((destination("integration.request.path.id"), destination("integration.request.body.id")), (Some(("path", "id")), None));
    }
}
