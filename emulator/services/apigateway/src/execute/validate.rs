//! What a request validator checks: that required parameters are there, and that the body fits its model.

use super::{answers::Refusal, call::Call, schema::Checker};
use crate::{mapping::Source, state::Api};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Refuses a request that the method's validator would not let pass.
pub(crate) fn check(call: &Call) -> Result<(), Refusal> {
    let validator = call.method.request_validator_id.as_ref().and_then(|id| call.api.request_validators.get(id));
    let Some(validator) = validator else { return Ok(()) };
    if validator.validate_request_parameters == Some(true) {
        parameters(call)?;
    }
    if validator.validate_request_body == Some(true) {
        body(call)?;
    }
    Ok(())
}

fn parameters(call: &Call) -> Result<(), Refusal> {
    let required = call.method.request_parameters.iter().flatten().filter(|(_, required)| **required).map(|(key, _)| key);
    let is_missing = |key: &&String| {
        let values = Source::of_request(key).map(|source| call.values(source)).unwrap_or_default();
        values.first().is_none_or(String::is_empty)
    };
    let missing: Vec<String> = required
        .filter(is_missing)
        .map(|key| key.rsplit_once("request.").map_or(key.as_str(), |(_, rest)| rest))
        .map(|rest| rest.split_once('.').map_or(rest, |(_, name)| name).to_owned())
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::missing_parameters(&missing)) }
}

/// A body of a content type without a model is not looked at, but for `application/json`'s, which stands for requests that name none.
fn body(call: &Call) -> Result<(), Refusal> {
    let models = call.method.request_models.as_ref();
    let kind = call.content_type().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let model = models.and_then(|m| m.get(&kind).or_else(|| m.get("$default")));
    let Some(model) = model.filter(|model| *model != "Empty") else { return Ok(()) };
    let Some(schema) = call.memo.schema(model, || flattened(&call.api, model)) else { return Ok(()) };
    // Nothing is checked as an empty object, as AWS's answers show.
    let text: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    let unfit = match serde_json::from_slice::<Value>(text) {
        Ok(value) => {
            let mut checker = Checker::new(&schema, &call.memo, text.len());
            if checker.fits(&value) {
                return Ok(());
            }
            checker.told()
        }
        Err(why) => format!("[the body is no JSON: {why}]"),
    };
    call.note(|| format!("Request body does not match model schema for content type {kind}: {unfit}"));
    Err(Refusal::invalid_body(unfit))
}

/// A model's schema with those of the models that it refers to among its definitions.
pub(crate) fn flattened(api: &Api, name: &str) -> Option<Value> {
    let schema_of = |name: &str| serde_json::from_str::<Value>(api.models.get(name)?.schema.as_deref()?).ok();
    let mut schema = schema_of(name)?;
    let mut wanted = BTreeSet::new();
    localize(&mut schema, &mut wanted, 0);
    let mut definitions = Map::new();
    while let Some(next) = wanted.pop_first() {
        if definitions.contains_key(&next) {
            continue;
        }
        let mut found = schema_of(&next).unwrap_or_else(|| Value::Object(Map::new()));
        localize(&mut found, &mut wanted, 0);
        definitions.insert(next, found);
    }
    if !definitions.is_empty() {
        let own = schema.as_object_mut()?.entry("definitions").or_insert_with(|| Value::Object(Map::new()));
        own.as_object_mut()?.extend(definitions);
    }
    Some(schema)
}

/// Makes `https://apigateway.amazonaws.com/restapis/ID/models/NAME` a reference within the document.
fn localize(schema: &mut Value, wanted: &mut BTreeSet<String>, depth: usize) {
    if depth > 64 {
        return;
    }
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(name)) =
                    (key == "$ref", value.as_str().and_then(|text| text.split_once("/models/")).map(|(_, name)| name.to_owned()))
                {
                    *value = Value::String(format!("#/definitions/{name}"));
                    wanted.insert(name);
                    continue;
                }
                localize(value, wanted, depth + 1);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| localize(item, wanted, depth + 1)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use serde_json::json;

    #[test]
    fn models_that_refer_to_one_another_are_gone_through_once() {
        let mut api = Api::default();
        let most = 20_000;
        for n in 0..most {
            let next = format!("https://apigateway.amazonaws.com/restapis/a/models/M{}", (n + 1) % most);
            let schema = json!({ "properties": { "next": { "$ref": next } } }).to_string();
            api.models.insert(format!("M{n}"), Model { schema: Some(schema), ..Default::default() });
        }
        let whole = flattened(&api, "M0").unwrap();
        assert_eq!(whole["definitions"].as_object().unwrap().len(), most);
        assert_eq!(whole["definitions"]["M7"]["properties"]["next"]["$ref"], "#/definitions/M8");
        assert_eq!(flattened(&api, "none"), None);
    }
}
