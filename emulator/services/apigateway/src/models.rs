//! Models: JSON schemas that methods name, and that request validators check bodies with.

use crate::{ApiGateway, Error, execute::patterns::Pattern, model::*, patch, state::*};
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest schema, bytes; AWS's limit.
const MOST_SCHEMA_BYTES: usize = 400 * 1024;
/// Deepest nesting of a schema that is looked at.
const MOST_DEPTH: usize = 128;

impl ApiGateway {
    /// Makes a model.
    pub async fn create_model(&self, cx: &Context, input: CreateModelInput) -> Result<Model, Fault> {
        let model = Model {
            id: Some(cx.ids().lower(6)),
            name: Some(input.name.clone()),
            description: input.description,
            schema: input.schema,
            content_type: Some(input.content_type),
        };
        change(cx, &input.rest_api_id, |api| {
            if input.name.is_empty() {
                return Err(bad("Model name must be non-empty"));
            }
            if !input.name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(bad(format!("Model name must be alphanumeric: {}", input.name)));
            }
            check_schema(&model)?;
            if api.models.contains_key(&input.name) {
                return Err(conflict("Model name already exists for this REST API"));
            }
            api.models.insert(input.name, model.clone());
            Ok(model)
        })
        .await
    }

    /// Describes a model. Flattened, the schemas that it refers to stand in its definitions.
    pub async fn get_model(&self, cx: &Context, input: GetModelInput) -> Result<Model, Fault> {
        let api = cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id)).map_err(|_| no_such_model(&input.model_name))?;
        let mut model = api.models.get(&input.model_name).cloned().ok_or_else(|| no_such_model(&input.model_name))?;
        if input.flatten == Some(true) {
            let flat = crate::execute::flattened(&api, &input.model_name);
            model.schema = flat.map(|schema| schema.to_string()).or(model.schema);
        }
        Ok(model)
    }

    /// All models of an API.
    pub async fn get_models(&self, cx: &Context, input: GetModelsInput) -> Result<GetModelsOutput, Fault> {
        let mut all = of_api(cx, &input.rest_api_id, |api| Ok(api.models.values().cloned().collect::<Vec<_>>()))?;
        // What every API has comes last.
        let rank = |m: &Model| (matches!(m.name.as_deref(), Some("Empty" | "Error")), m.name.clone().unwrap_or_default());
        all.sort_by_key(rank);
        let (items, position) = page(all, |m| format!("{:?}", rank(m)), input.position.as_deref(), input.limit)?;
        Ok(GetModelsOutput { items: Some(items), position })
    }

    /// Changes a model.
    pub async fn update_model(&self, cx: &Context, input: UpdateModelInput) -> Result<Model, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let model = api.models.get_mut(&input.model_name).ok_or_else(|| no_such_model(&input.model_name))?;
            for patch in &patches {
                patch.only_replace("/description, /schema")?;
                match patch.parts()[..] {
                    ["description"] => patch.text(&mut model.description)?,
                    _ => patch.text(&mut model.schema)?,
                }
            }
            check_schema(model)?;
            Ok(model.clone())
        })
        .await
        .map_err(|fault| if fault.message.starts_with("Invalid API identifier") { no_such_model(&input.model_name) } else { fault })
    }

    /// Deletes a model that nothing names.
    pub async fn delete_model(&self, cx: &Context, input: DeleteModelInput) -> Result<DeleteModelOutput, Fault> {
        let name = input.model_name;
        let done = change(cx, &input.rest_api_id, |api| {
            let model = api.models.get(&name).ok_or_else(|| no_such_model(&name))?;
            let id = model.id.as_deref().unwrap_or_default();
            for (path, verb, method) in api.methods() {
                let names = |models: &Option<BTreeMap<String, String>>| models.iter().flatten().any(|(_, there)| *there == name);
                if names(&method.request_models) {
                    return Err(conflict(format!("Cannot delete model '{name}', is referenced in method request: {path}/{verb}")));
                }
                if method.method_responses.iter().flatten().any(|(_, response)| names(&response.response_models)) {
                    return Err(conflict(format!("Cannot delete model '{name}', is referenced in method response: {path}/{verb}")));
                }
            }
            let refers = format!("/models/{name}\"");
            let user =
                api.models.values().find(|m| m.id.as_deref() != Some(id) && m.schema.as_deref().is_some_and(|s| s.contains(&refers)));
            if let Some(user) = user {
                let user = user.name.as_deref().unwrap_or_default();
                return Err(conflict(format!("Cannot delete model '{name}', is referenced in model: {user}")));
            }
            api.models.remove(&name);
            Ok(())
        })
        .await;
        done.map_err(|fault| if fault.message.starts_with("Invalid API identifier") { no_such_model(&name) } else { fault })?;
        Ok(DeleteModelOutput {})
    }
}

/// The two models that every API begins with.
pub(crate) fn defaults(cx: &Context) -> BTreeMap<String, Model> {
    let model = |name: &str, description: &str, schema: &str| Model {
        id: Some(cx.ids().lower(6)),
        name: Some(name.into()),
        description: Some(description.into()),
        schema: Some(schema.into()),
        content_type: Some("application/json".into()),
    };
    let error = "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}";
    let empty =
        "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}";
    [model("Empty", "This is a default empty schema model", empty), model("Error", "This is a default error schema model", error)]
        .into_iter()
        .map(|model| (model.name.clone().unwrap_or_default(), model))
        .collect()
}

fn no_such_model(name: &str) -> Fault {
    Error::NotFound.says(format!("Invalid model name specified: {name}"))
}

fn check_schema(model: &Model) -> Result<(), Fault> {
    let schema = model.schema.as_deref().unwrap_or_default();
    if schema.trim().is_empty() {
        return Err(bad("Model schema must have at least 1 property or array items defined"));
    }
    if schema.len() > MOST_SCHEMA_BYTES {
        return Err(bad("Model schema is larger than 400 KB"));
    }
    if model.content_type.as_deref() != Some("application/json") {
        return Ok(());
    }
    match serde_json::from_str::<Value>(schema) {
        Ok(schema) => check_patterns(&schema, 0),
        Err(_) => Err(bad("Invalid model schema specified: it is not JSON")),
    }
}

/// A pattern that can't be run would refuse every body, or let every body pass.
pub(crate) fn check_patterns(schema: &Value, depth: usize) -> Result<(), Fault> {
    let Some(map) = schema.as_object().filter(|_| depth < MOST_DEPTH) else {
        return schema.as_array().into_iter().flatten().filter(|_| depth < MOST_DEPTH).try_for_each(|s| check_patterns(s, depth + 1));
    };
    let names = map.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(|named| named.keys().map(String::as_str));
    for pattern in names.chain(map.get("pattern").and_then(Value::as_str)) {
        if Pattern::new(pattern).is_none() {
            return Err(bad(format!("Invalid model schema specified: the pattern {pattern:?} is no regular expression that can be run")));
        }
    }
    let mut inner = map.iter().filter(|(name, _)| !matches!(name.as_str(), "enum" | "default" | "example" | "examples"));
    inner.try_for_each(|(_, schema)| check_patterns(schema, depth + 1))
}
