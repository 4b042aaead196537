//! HTTP APIs themselves: made, quickly or bare, described, changed, deleted.

use crate::{ApiGatewayV2, Error, integrations, model::*, state::*};
use kit::{Context, Fault, Read};
use std::collections::BTreeMap;

impl ApiGatewayV2 {
    /// Makes an API. With a target it is whole at once: an integration, a route and the stage `$default`, deployed by itself.
    pub async fn create_api(&self, cx: &Context, input: CreateApiInput) -> Result<CreateApiOutput, Fault> {
        if input.protocol_type != ProtocolType::Http {
            return Err(refused("CreateApi", "protocolType WEBSOCKET"));
        }
        if input.name.trim().is_empty() {
            return Err(bad("Invalid Name specified"));
        }
        if input.target.is_none() && (input.route_key.is_some() || input.credentials_arn.is_some()) {
            return Err(bad("RouteKey and CredentialsArn need a Target"));
        }
        check_cors(input.cors_configuration.as_ref())?;
        let custom = input.tags.as_ref().and_then(|tags| tags.get("_custom_id_")).filter(|id| is_id(id));
        let id = custom.cloned().unwrap_or_else(|| cx.ids().lower(10));
        let settings = Api {
            api_endpoint: Some(format!("https://{id}.execute-api.{}.amazonaws.com", cx.region())),
            api_id: Some(id.clone()),
            api_key_selection_expression: Some(input.api_key_selection_expression.unwrap_or("$request.header.x-api-key".into())),
            cors_configuration: input.cors_configuration,
            created_date: Some(cx.now()),
            description: input.description,
            disable_execute_api_endpoint: Some(input.disable_execute_api_endpoint.unwrap_or(false)),
            ip_address_type: Some(input.ip_address_type.unwrap_or(IpAddressType::Ipv4)),
            name: input.name,
            protocol_type: Some(ProtocolType::Http),
            route_selection_expression: "$request.method $request.path".into(),
            tags: Some(input.tags.unwrap_or_default()),
            version: input.version,
            ..Default::default()
        };
        let mut api = Kept { settings, ..Default::default() };
        let quick = input.target.is_some();
        if let Some(target) = input.target {
            quick_create(cx, &mut api, target, input.route_key, input.credentials_arn)?;
        }
        let place = Place { account: cx.account().into(), region: cx.region().into() };
        cx.store()
            .write(|tx| {
                if tx.exists(&NAMES, cx.scope(), &id)? {
                    return Err(Error::Conflict.says(format!("The API id {id} is taken.")));
                }
                tx.put(&NAMES, cx.scope(), &id, &place)?;
                tx.put(&APIS, cx.scope(), &id, &api)?;
                if quick {
                    let stage = crate::stages::fresh(cx, "$default", true);
                    tx.put(&STAGES, cx.scope(), &(id.clone(), "$default".into()), &StoredStage { settings: stage })?;
                    crate::deployments::deploy_automatically(cx, tx, &api)?;
                }
                Ok(())
            })
            .await?;
        shown(&api.settings)
    }

    /// Describes an API.
    pub async fn get_api(&self, cx: &Context, input: GetApiInput) -> Result<GetApiOutput, Fault> {
        of_api(cx, &input.api_id, |api| shown(&api.settings))
    }

    /// APIs of the account and region.
    pub async fn get_apis(&self, cx: &Context, input: GetApisInput) -> Result<GetApisOutput, Fault> {
        let all: Vec<Api> =
            cx.store().read(|s| s.scan(&APIS, cx.scope()).map(|row| row.map(|(_, api)| api.settings)).collect::<Result<_, _>>())?;
        let (items, next_token) =
            page(all, |a| a.api_id.clone().unwrap_or_default(), input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetApisOutput { items: Some(items), next_token })
    }

    /// Changes an API.
    pub async fn update_api(&self, cx: &Context, input: UpdateApiInput) -> Result<UpdateApiOutput, Fault> {
        if input.target.is_some() || input.route_key.is_some() || input.credentials_arn.is_some() {
            return Err(refused("UpdateApi", "target, routeKey and credentialsArn (change the route and its integration)"));
        }
        check_cors(input.cors_configuration.as_ref())?;
        change(cx, &input.api_id.clone(), |api| {
            api.settings = updated(&api.settings, &input)?;
            shown(&api.settings)
        })
        .await
    }

    /// Deletes an API with all that is in it.
    pub async fn delete_api(&self, cx: &Context, input: DeleteApiInput) -> Result<DeleteApiOutput, Fault> {
        let id = input.api_id;
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &id)?;
                let deployments: Vec<_> = tx.scan(&DEPLOYMENTS, cx.scope()).prefix(&(id.as_str(),)).keys().collect::<Result<_, _>>()?;
                deployments.iter().try_for_each(|key| tx.delete(&DEPLOYMENTS, cx.scope(), key).map(drop))?;
                let stages: Vec<_> = tx.scan(&STAGES, cx.scope()).prefix(&(id.as_str(),)).keys().collect::<Result<_, _>>()?;
                stages.iter().try_for_each(|key| tx.delete(&STAGES, cx.scope(), key).map(drop))?;
                tx.delete(&NAMES, cx.scope(), &id)?;
                tx.delete(&APIS, cx.scope(), &id)
            })
            .await?;
        Ok(DeleteApiOutput {})
    }

    /// Takes the CORS configuration away.
    pub async fn delete_cors_configuration(
        &self,
        cx: &Context,
        input: DeleteCorsConfigurationInput,
    ) -> Result<DeleteCorsConfigurationOutput, Fault> {
        change(cx, &input.api_id, |api| {
            api.settings.cors_configuration = None;
            Ok(DeleteCorsConfigurationOutput {})
        })
        .await
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn quick_create(cx: &Context, api: &mut Kept, target: String, route_key: Option<String>, role: Option<String>) -> Result<(), Fault> {
    let http = target.starts_with("http://") || target.starts_with("https://");
    let id = cx.ids().lower(7);
    let integration = Integration {
        api_gateway_managed: Some(true),
        integration_id: Some(id.clone()),
        integration_type: Some(if http { IntegrationType::HttpProxy } else { IntegrationType::AwsProxy }),
        integration_method: Some(if http { "ANY" } else { "POST" }.into()),
        integration_uri: Some(target),
        credentials_arn: role,
        payload_format_version: Some(if http { "1.0" } else { "2.0" }.into()),
        connection_type: Some(ConnectionType::Internet),
        timeout_in_millis: Some(30_000),
        ..Default::default()
    };
    integrations::check(&integration)?;
    let route = Route {
        api_gateway_managed: Some(true),
        route_id: Some(cx.ids().lower(7)),
        route_key: route_key.unwrap_or("$default".into()),
        target: Some(format!("integrations/{id}")),
        authorization_type: Some(AuthorizationType::None),
        api_key_required: Some(false),
        ..Default::default()
    };
    api.integrations = BTreeMap::from([(id, integration)]);
    crate::routes::check(api, &route)?;
    api.routes = BTreeMap::from([(route.route_id.clone().unwrap_or_default(), route)]);
    Ok(())
}

/// Checks a CORS configuration that an API is to have.
pub(crate) fn check_cors(cors: Option<&Cors>) -> Result<(), Fault> {
    let Some(cors) = cors else { return Ok(()) };
    let any = cors.allow_origins.iter().flatten().any(|origin| origin == "*");
    if any && cors.allow_credentials == Some(true) {
        return Err(bad("Cannot set allowCredentials to true when allowOrigins is *"));
    }
    let wrong = |origin: &&String| *origin != "*" && !origin.contains("://");
    match cors.allow_origins.iter().flatten().find(wrong) {
        Some(origin) => Err(bad(format!("Invalid format for origin {origin}. Origins must begin with a scheme, like https://"))),
        None => Ok(()),
    }
}
