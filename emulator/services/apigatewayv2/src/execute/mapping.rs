//! Parameter mapping: what of a request or an answer is overwritten, appended or removed, and where values come from.

use super::call::Call;
use crate::{model::*, state::bad};
use http::Response;
use kit::Fault;
use serde_json::Value;
use wire::ReplyBody;

/// What a mapping does to what it names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Deed {
    Append,
    Overwrite,
    Remove,
}

/// The deed and its target out of a key like `append:header.X`.
pub(crate) fn target(key: &str) -> Option<(Deed, &str)> {
    let (deed, what) = key.split_once(':')?;
    let deed = match deed {
        "append" => Deed::Append,
        "overwrite" => Deed::Overwrite,
        "remove" => Deed::Remove,
        _ => return None,
    };
    let named = ["header.", "querystring."].iter().any(|kind| what.len() > kind.len() && what.starts_with(kind));
    let whole = deed == Deed::Overwrite && matches!(what, "path" | "statuscode");
    (named || whole).then_some((deed, what))
}

/// Checks the mappings of an integration; those of named actions are parameters of the action, not targets.
pub(crate) fn check(integration: &Integration) -> Result<(), Fault> {
    let wrong = |key: &str| Err(bad(format!("Invalid mapping expression specified: {key}")));
    if integration.integration_subtype.is_none() {
        for (key, value) in integration.request_parameters.iter().flatten() {
            let Some((_, what)) = target(key) else { return wrong(key) };
            let name = what.split_once('.').map_or("", |(_, name)| name).to_ascii_lowercase();
            let reserved = name.starts_with("access-control-")
                || name.starts_with("x-amz")
                || matches!(name.as_str(), "host" | "authorization" | "connection" | "content-length" | "transfer-encoding" | "via" | "te");
            if what.starts_with("header.") && reserved {
                return Err(bad(format!("Operations on header {name} are restricted")));
            }
            if what == "statuscode" || value.starts_with("$response") {
                return wrong(key);
            }
        }
    }
    for (status, mappings) in integration.response_parameters.iter().flatten() {
        if !status.parse::<u16>().is_ok_and(|status| (200..600).contains(&status)) {
            return Err(bad(format!("Invalid status code {status} of response parameters")));
        }
        for key in mappings.keys() {
            match target(key) {
                Some((_, what)) if what.starts_with("header.") || what == "statuscode" => {}
                _ => return wrong(key),
            }
        }
    }
    Ok(())
}

/// The value of an expression over a request: `$request.header.x`, `$context.x`, texts with `${...}` in them, or plain text.
pub(crate) fn value(call: &Call, expression: &str) -> Option<String> {
    evaluated(expression, |name| of_request(call, name))
}

/// The value of an expression over an answer.
fn of_answer(call: &Call, answer: &Response<ReplyBody>, expression: &str) -> Option<String> {
    evaluated(expression, |name| {
        if let Some(header) = name.strip_prefix("response.header.") {
            let values: Vec<&str> = answer.headers().get_all(header).iter().filter_map(|v| v.to_str().ok()).collect();
            return (!values.is_empty()).then(|| values.join(","));
        }
        match name.strip_prefix("response.body") {
            Some(path) => {
                let ReplyBody::Bytes(bytes) = answer.body() else { return None };
                in_json(bytes, path)
            }
            None => of_request(call, name),
        }
    })
}

fn evaluated(expression: &str, of: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(name) = expression.strip_prefix('$').filter(|rest| !rest.starts_with('{')) {
        return of(name);
    }
    let (mut out, mut rest) = (String::new(), expression);
    while let Some((before, name, after)) =
        rest.split_once("${").and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        out.push_str(before);
        out.push_str(&of(name.trim_start_matches('$')).unwrap_or_default());
        rest = after;
    }
    Some(out + rest)
}

fn of_request(call: &Call, name: &str) -> Option<String> {
    if let Some(name) = name.strip_prefix("request.header.") {
        return call.header(name);
    }
    if let Some(name) = name.strip_prefix("request.querystring.") {
        let values: Vec<String> = call.query().into_iter().filter(|(there, _)| there == name).map(|(_, value)| value).collect();
        return (!values.is_empty()).then(|| values.join(","));
    }
    if let Some(path) = name.strip_prefix("request.body") {
        return in_json(&call.body, path);
    }
    if let Some(name) = name.strip_prefix("request.path.") {
        return call.path_parameters.get(name).cloned();
    }
    if name == "request.path" {
        return Some(call.address.path.clone());
    }
    if let Some(name) = name.strip_prefix("context.") {
        return call.context_variable(name);
    }
    let name = name.strip_prefix("stageVariables.")?;
    call.stage.stage_variables.as_ref()?.get(name).cloned()
}

/// `.a.b[0]` in a JSON body; nothing for the whole of it, as text.
fn in_json(body: &[u8], path: &str) -> Option<String> {
    if path.is_empty() {
        return (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned());
    }
    let mut json: Value = serde_json::from_slice(body).ok()?;
    for part in path.split(['.', '[']).map(|part| part.trim_end_matches(']')).filter(|part| !part.is_empty()) {
        json = match part.parse::<usize>() {
            Ok(index) if json.is_array() => json.get_mut(index)?.take(),
            _ => json.get_mut(part)?.take(),
        };
    }
    match json {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Applies the mappings of an answer's status.
pub(crate) fn respond(call: &Call, integration: &Integration, mut answer: Response<ReplyBody>) -> Response<ReplyBody> {
    let status = answer.status().as_u16().to_string();
    let Some(mappings) = integration.response_parameters.as_ref().and_then(|all| all.get(&status)) else { return answer };
    let values: Vec<_> =
        mappings.iter().filter_map(|(key, expression)| Some((target(key)?, of_answer(call, &answer, expression)))).collect();
    for ((deed, what), value) in values {
        match (deed, what.strip_prefix("header."), value) {
            (Deed::Remove, Some(name), _) => drop(answer.headers_mut().remove(name)),
            (Deed::Overwrite, Some(name), Some(value)) => super::answer::set(&mut answer, name, &value),
            (Deed::Append, Some(name), Some(value)) => super::answer::append(&mut answer, name, &value),
            (Deed::Overwrite, None, Some(value)) => {
                if let Some(status) = value.parse::<u16>().ok().and_then(|status| http::StatusCode::from_u16(status).ok()) {
                    *answer.status_mut() = status;
                }
            }
            _ => {}
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        assert_eq!(target("append:header.x"), Some((Deed::Append, "header.x")));
        assert_eq!(target("overwrite:path"), Some((Deed::Overwrite, "path")));
        assert_eq!((target("append:path"), target("drop:header.x"), target("append:header."), target("x")), (None, None, None, None));
    }

    #[test]
    fn expressions() {
        let of = |name: &str| (name == "context.stage").then(|| "live".to_owned());
        assert_eq!(evaluated("$context.stage", of), Some("live".into()));
        assert_eq!(evaluated("a-${context.stage}-${context.none}-$b", of), Some("a-live--$b".into()));
        assert_eq!(evaluated("$context.none", of), None);
        assert_eq!(in_json(br#"{"a":[{"b":1}]}"#, ".a[0].b"), Some("1".into()));
    }
}
