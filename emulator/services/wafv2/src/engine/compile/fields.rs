//! Parts of a request that statements name, with their transformations.

use super::{Problem, none_or_several};
use crate::{
    engine::{
        field::{Field, Invalid, Oversize, Pick, Scope3},
        statement::{Forwarded, ForwardedPosition, Look},
    },
    model::{self, BodyParsingFallbackBehavior, FallbackBehavior, ForwardedIPPosition, MapMatchScope, OversizeHandling},
};

/// Most transformations of one statement.
const MOST_TRANSFORMS: usize = 10;

/// A part after its transformations, which apply by ascending priority.
pub(super) fn look(field: Option<&model::FieldToMatch>, transforms: &[model::TextTransformation]) -> Result<Look, Problem> {
    let field = field.ok_or_else(|| none_or_several("FIELD_TO_MATCH", ""))?;
    Ok(Look { field: part(field)?, transforms: self::transforms(transforms)? })
}

pub(super) fn transforms(given: &[model::TextTransformation]) -> Result<Vec<model::TextTransformationType>, Problem> {
    if given.is_empty() || given.len() > MOST_TRANSFORMS {
        let reason = "A statement has one to ten text transformations; NONE stands for none.";
        return Err(Problem::invalid("TEXT_TRANSFORMATION", given.len().to_string(), reason));
    }
    let mut sorted: Vec<&model::TextTransformation> = given.iter().collect();
    sorted.sort_by_key(|t| t.priority);
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0].priority == pair[1].priority) {
        let reason = "Two text transformations have the same priority.";
        return Err(Problem::invalid("TEXT_TRANSFORMATION", pair[0].priority.to_string(), reason));
    }
    let kinds = sorted.into_iter().filter_map(|t| t.r#type);
    Ok(kinds.filter(|kind| *kind != model::TextTransformationType::None).collect())
}

fn part(field: &model::FieldToMatch) -> Result<Field, Problem> {
    let mut found: Vec<Field> = Vec::new();
    found.extend(field.single_header.iter().map(|h| Field::Header(h.name.to_ascii_lowercase())));
    found.extend(field.single_query_argument.iter().map(|a| Field::Argument(a.name.to_ascii_lowercase())));
    found.extend(field.all_query_arguments.iter().map(|_| Field::Arguments));
    found.extend(field.uri_path.iter().map(|_| Field::Path));
    found.extend(field.query_string.iter().map(|_| Field::Query));
    found.extend(field.method.iter().map(|_| Field::Method));
    found.extend(field.body.iter().map(|b| Field::Body(oversize(b.oversize_handling))));
    found.extend(field.header_order.iter().map(|o| Field::HeaderOrder(oversize(o.oversize_handling))));
    found.extend(field.uri_fragment.iter().map(|f| Field::Fragment(fallback(f.fallback_behavior))));
    found.extend(field.ja3_fingerprint.iter().map(|f| Field::Fingerprint("JA3", fallback(f.fallback_behavior))));
    found.extend(field.ja4_fingerprint.iter().map(|f| Field::Fingerprint("JA4", fallback(f.fallback_behavior))));
    if let Some(json) = &field.json_body {
        found.push(json_body(json)?);
    }
    if let Some(h) = &field.headers {
        let pattern = h.match_pattern.clone().unwrap_or_default();
        let pick = pick(pattern.all.is_some(), pattern.included_headers, pattern.excluded_headers)?;
        found.push(Field::Headers(pick, scope(h.match_scope), oversize(h.oversize_handling)));
    }
    if let Some(c) = &field.cookies {
        let pattern = c.match_pattern.clone().unwrap_or_default();
        let pick = pick(pattern.all.is_some(), pattern.included_cookies, pattern.excluded_cookies)?;
        found.push(Field::Cookies(pick, scope(c.match_scope), oversize(c.oversize_handling)));
    }
    match <[Field; 1]>::try_from(found) {
        Ok([field]) => Ok(field),
        Err(_) => Err(none_or_several("FIELD_TO_MATCH", "")),
    }
}

fn json_body(json: &model::JsonBody) -> Result<Field, Problem> {
    let pattern = json.match_pattern.clone().unwrap_or_default();
    let pointers = match (pattern.all, pattern.included_paths) {
        (Some(_), None) => None,
        (None, Some(paths)) => {
            if let Some(path) = paths.iter().find(|path| !path.starts_with('/')) {
                return Err(Problem::invalid("JSON_MATCH_PATTERN", path, "The path is no JSON pointer that begins with a slash."));
            }
            Some(paths)
        }
        _ => return Err(none_or_several("JSON_MATCH_PATTERN", "")),
    };
    let scope = match json.match_scope {
        Some(model::JsonMatchScope::Key) => Scope3::Key,
        Some(model::JsonMatchScope::Value) => Scope3::Value,
        _ => Scope3::All,
    };
    let invalid = match json.invalid_fallback_behavior {
        None => Invalid::Partly,
        Some(BodyParsingFallbackBehavior::Match) => Invalid::Match,
        Some(BodyParsingFallbackBehavior::NoMatch) => Invalid::NoMatch,
        Some(BodyParsingFallbackBehavior::EvaluateAsString) => Invalid::AsString,
    };
    Ok(Field::Json(pointers, scope, invalid, oversize(json.oversize_handling)))
}

fn pick(all: bool, included: Option<Vec<String>>, excluded: Option<Vec<String>>) -> Result<Pick, Problem> {
    let lower = |names: Vec<String>| names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
    match (all, included, excluded) {
        (true, None, None) => Ok(Pick::All),
        (false, Some(names), None) => Ok(Pick::Included(lower(names))),
        (false, None, Some(names)) => Ok(Pick::Excluded(lower(names))),
        _ => Err(none_or_several("HEADER_MATCH_PATTERN", "")),
    }
}

fn scope(scope: Option<MapMatchScope>) -> Scope3 {
    match scope {
        Some(MapMatchScope::Key) => Scope3::Key,
        Some(MapMatchScope::Value) => Scope3::Value,
        _ => Scope3::All,
    }
}

fn oversize(handling: Option<OversizeHandling>) -> Oversize {
    match handling {
        Some(OversizeHandling::Match) => Oversize::Match,
        Some(OversizeHandling::NoMatch) => Oversize::NoMatch,
        _ => Oversize::Continue,
    }
}

pub(super) fn fallback(behavior: Option<FallbackBehavior>) -> bool {
    behavior == Some(FallbackBehavior::Match)
}

/// Statements that are no sets look at the first address.
pub(super) fn forwarded(config: Option<&model::ForwardedIPConfig>) -> Option<Forwarded> {
    config.map(|c| Forwarded {
        header: c.header_name.to_ascii_lowercase(),
        fallback: fallback(c.fallback_behavior),
        position: ForwardedPosition::First,
    })
}

pub(super) fn forwarded_set(config: Option<&model::IPSetForwardedIPConfig>) -> Option<Forwarded> {
    config.map(|c| Forwarded {
        header: c.header_name.to_ascii_lowercase(),
        fallback: fallback(c.fallback_behavior),
        position: match c.position {
            Some(ForwardedIPPosition::Last) => ForwardedPosition::Last,
            Some(ForwardedIPPosition::Any) => ForwardedPosition::Any,
            _ => ForwardedPosition::First,
        },
    })
}
