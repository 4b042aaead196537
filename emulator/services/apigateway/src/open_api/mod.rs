//! OpenAPI 2 and 3: definitions with API Gateway's extensions become APIs, and deployed APIs become definitions.

mod export;
mod import;
mod operation;
mod security;
mod yaml_text;

use crate::{ApiGateway, Error, model::*, state::*};
use frontdoor::base_path::BasePath;
use kit::{Context, Fault, Read};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Largest definition, bytes; AWS's limit is 6 MB.
const MOST_BYTES: usize = 6 << 20;

impl ApiGateway {
    /// Makes an API out of a definition.
    pub async fn import_rest_api(&self, cx: &Context, input: ImportRestApiInput) -> Result<RestApi, Fault> {
        let document = read(&input.body)?;
        let parameters = Parameters::read(input.parameters)?;
        let types = parameters.endpoint_type.map(|kind| EndpointConfiguration { types: Some(vec![kind]), ..Default::default() });
        let create = CreateRestApiInput { name: title(&document)?, endpoint_configuration: types, ..Default::default() };
        let made = self.create_rest_api(cx, create).await?;
        let id = made.id.unwrap_or_default();
        let filled = change(cx, &id, |api| {
            // What a definition doesn't name isn't there: not even the models that an empty API has.
            api.models.clear();
            import::fill(cx, api, &document, parameters.base_path)?;
            Ok(api.settings.clone())
        });
        match filled.await {
            Ok(settings) => warned(settings, input.fail_on_warnings),
            Err(fault) => {
                self.delete_rest_api(cx, DeleteRestApiInput { rest_api_id: id }).await?;
                Err(fault)
            }
        }
    }

    /// Puts a definition in the place of an API's content, or adds it to that.
    pub async fn put_rest_api(&self, cx: &Context, input: PutRestApiInput) -> Result<RestApi, Fault> {
        let document = read(&input.body)?;
        let parameters = Parameters::read(input.parameters)?;
        let mut settings = change(cx, &input.rest_api_id, |api| {
            if input.mode != Some(PutMode::Merge) {
                emptied(api);
            }
            import::fill(cx, api, &document, parameters.base_path)?;
            Ok(api.settings.clone())
        })
        .await?;
        settings.tags.get_or_insert_default();
        warned(settings, input.fail_on_warnings)
    }

    /// The definition of what a stage serves.
    pub async fn get_export(&self, cx: &Context, input: GetExportInput) -> Result<GetExportOutput, Fault> {
        let kind = match input.export_type.as_str() {
            "swagger" => export::Kind::Swagger,
            "oas30" => export::Kind::Oas30,
            other => return Err(bad(format!("No API exporter for type '{other}'"))),
        };
        let key = (input.rest_api_id.clone(), input.stage_name.clone());
        let picture = cx.store().read(|s| {
            api(s, cx.scope(), &input.rest_api_id)?;
            let stage = s.get(&STAGES, cx.scope(), &key)?.ok_or_else(crate::stages::no_such_stage)?;
            let picture = s.get(&PICTURES, cx.scope(), &(key.0.clone(), stage.settings.deployment_id.unwrap_or_default()))?;
            picture.ok_or_else(|| Error::NotFound.says("Invalid Deployment identifier specified"))
        })?;
        let extensions = input.parameters.unwrap_or_default().remove("extensions").unwrap_or_default();
        let extras = export::Extras {
            integrations: extensions.contains("apigateway") || extensions.contains("integrations"),
            authorizers: extensions.contains("apigateway") || extensions.contains("authorizers"),
        };
        let document = export::document(cx, &picture, &input.stage_name, kind, extras);
        let version = document["info"]["version"].as_str().unwrap_or_default().to_owned();
        let as_yaml = input.accepts.as_deref().is_some_and(|accepts| accepts.contains("yaml"));
        let (body, ending) = match as_yaml {
            true => (yaml_text::written(&document).into_bytes(), "yaml"),
            false => (serde_json::to_vec_pretty(&document).map_err(|e| Fault::internal(e.to_string()))?, "json"),
        };
        Ok(GetExportOutput {
            content_type: Some("application/octet-stream".into()),
            content_disposition: Some(format!("attachment; filename=\"{}_{version}.{ending}\"", input.export_type)),
            body: Some(body.into()),
        })
    }
}

/// What a request says beside the definition.
struct Parameters {
    base_path: BasePath,
    endpoint_type: Option<EndpointType>,
}

impl Parameters {
    fn read(parameters: Option<BTreeMap<String, String>>) -> Result<Parameters, Fault> {
        let mut out = Parameters { base_path: BasePath::Ignore, endpoint_type: None };
        for (name, value) in parameters.unwrap_or_default() {
            match (name.as_str(), value.as_str()) {
                // AWS's documentation writes both.
                ("basepath" | "basePath", way) if BasePath::parse(way).is_some() => {
                    out.base_path = BasePath::parse(way).unwrap_or(BasePath::Ignore);
                }
                ("endpointConfigurationTypes", kind) => {
                    out.endpoint_type = Some(EndpointType::parse(kind).ok_or_else(|| bad("Invalid endpointConfigurationTypes"))?);
                }
                ("ignore", "documentation") => {}
                ("failonwarnings" | "mode", _) => {}
                _ => return Err(refused("ImportRestApi", &format!("the parameter {name}={value}"))),
            }
        }
        Ok(out)
    }
}

/// Roles that a definition hands to integrations and authorizers; none where it can't be read, for then nothing is made of it.
pub(crate) fn roles(body: &[u8]) -> BTreeSet<String> {
    let Ok(document) = read(body) else { return BTreeSet::new() };
    let schemes = document.get("securityDefinitions").or_else(|| document.get("components")?.get("securitySchemes"));
    let schemes = schemes.and_then(Value::as_object).into_iter().flatten();
    let authorizers = schemes.map(|(_, scheme)| &scheme["x-amazon-apigateway-authorizer"]["authorizerCredentials"]);
    let operations = document["paths"].as_object().into_iter().flatten().flat_map(|(_, item)| item.as_object()).flatten();
    let integrations = operations.map(|(_, operation)| &operation["x-amazon-apigateway-integration"]["credentials"]);
    authorizers.chain(integrations).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// JSON or YAML of OpenAPI 2 or 3.
fn read(body: &[u8]) -> Result<Value, Fault> {
    let wrong = || bad("Invalid OpenAPI input.");
    if body.len() > MOST_BYTES {
        return Err(bad("The definition is larger than 6 MB."));
    }
    let text = std::str::from_utf8(body).map_err(|_| wrong())?;
    let document = match serde_json::from_str::<Value>(text) {
        Ok(document) => document,
        Err(_) => yaml::parse(text).map_err(|_| wrong())?.to_json(),
    };
    let version = document.get("swagger").or(document.get("openapi")).map(crate::vtl::text_of_json).unwrap_or_default();
    match version.starts_with('2') || version.starts_with('3') {
        true => Ok(document),
        false => Err(wrong()),
    }
}

fn title(document: &Value) -> Result<String, Fault> {
    let title = document["info"]["title"].as_str().filter(|title| !title.is_empty());
    title.map(str::to_owned).ok_or_else(|| bad("Invalid OpenAPI input."))
}

fn warned(settings: RestApi, fail: Option<bool>) -> Result<RestApi, Fault> {
    match settings.warnings.as_ref().filter(|_| fail == Some(true)) {
        Some(warnings) => Err(bad(format!("Warnings found during import:\n\t{}", warnings.join("\n\t")))),
        None => Ok(settings),
    }
}

/// An API without what a definition makes.
fn emptied(api: &mut Api) {
    api.resources.retain(|_, resource| resource.parent_id.is_none());
    api.resources.values_mut().for_each(|root| root.resource_methods = None);
    api.models.clear();
    api.authorizers.clear();
    api.request_validators.clear();
    api.gateway_responses.clear();
    api.settings.binary_media_types = None;
    api.settings.policy = None;
}
