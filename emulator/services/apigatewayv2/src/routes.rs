//! Routes: `VERB /path/{variable}/{greedy+}` or `$default`, and what stands behind them.

use crate::{ApiGatewayV2, Error, model::*, state::*};
use kit::{Context, Fault};

const VERBS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

impl ApiGatewayV2 {
    /// Makes a route.
    pub async fn create_route(&self, cx: &Context, input: CreateRouteInput) -> Result<CreateRouteOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let mut route: Route = shown(&input)?;
            route.route_id = Some(cx.ids().lower(7));
            route.api_key_required = Some(route.api_key_required.unwrap_or(false));
            route.authorization_type = Some(route.authorization_type.unwrap_or(AuthorizationType::None));
            check(api, &route)?;
            api.routes.insert(route.route_id.clone().unwrap_or_default(), route.clone());
            shown(&route)
        })
        .await
    }

    /// Describes a route.
    pub async fn get_route(&self, cx: &Context, input: GetRouteInput) -> Result<GetRouteOutput, Fault> {
        of_api(cx, &input.api_id, |api| shown(api.routes.get(&input.route_id).ok_or_else(|| missing("Route", &input.route_id))?))
    }

    /// All routes of an API.
    pub async fn get_routes(&self, cx: &Context, input: GetRoutesInput) -> Result<GetRoutesOutput, Fault> {
        let all = of_api(cx, &input.api_id, |api| Ok(api.routes.values().cloned().collect()))?;
        let (items, next_token) =
            page(all, |r: &Route| r.route_id.clone().unwrap_or_default(), input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetRoutesOutput { items: Some(items), next_token })
    }

    /// Changes a route.
    pub async fn update_route(&self, cx: &Context, input: UpdateRouteInput) -> Result<UpdateRouteOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let route = api.routes.get(&input.route_id).ok_or_else(|| missing("Route", &input.route_id))?;
            let mut route: Route = updated(route, &input)?;
            if matches!(route.authorization_type, Some(AuthorizationType::None | AuthorizationType::AwsIam)) {
                route.authorizer_id = None;
            }
            check(api, &route)?;
            api.routes.insert(input.route_id.clone(), route.clone());
            shown(&route)
        })
        .await
    }

    /// Deletes a route.
    pub async fn delete_route(&self, cx: &Context, input: DeleteRouteInput) -> Result<DeleteRouteOutput, Fault> {
        change(cx, &input.api_id, |api| api.routes.remove(&input.route_id).ok_or_else(|| missing("Route", &input.route_id))).await?;
        Ok(DeleteRouteOutput {})
    }
}

/// Checks a route that an API is to have.
pub(crate) fn check(api: &Kept, route: &Route) -> Result<(), Fault> {
    check_key(&route.route_key)?;
    let no = |what: &str| Err(refused("CreateRoute", what));
    if route.api_key_required == Some(true) {
        return Err(bad("API keys are not supported for HTTP APIs"));
    }
    if route.request_models.is_some() || route.request_parameters.is_some() || route.model_selection_expression.is_some() {
        return no("requestModels, requestParameters and modelSelectionExpression (of WebSocket APIs)");
    }
    if route.route_response_selection_expression.is_some() {
        return no("routeResponseSelectionExpression (of WebSocket APIs)");
    }
    if api.routes.values().any(|r| r.route_id != route.route_id && r.route_key == route.route_key) {
        return Err(Error::Conflict.says(format!("Route with key {} already exists for this API", route.route_key)));
    }
    if let Some(target) = &route.target {
        let found = target.strip_prefix("integrations/").is_some_and(|id| api.integrations.contains_key(id));
        if !found {
            return Err(bad(format!("Invalid Target specified {target}")));
        }
    }
    let kind = route.authorizer_id.as_ref().and_then(|id| api.authorizers.get(id)).and_then(|a| a.authorizer_type);
    match (route.authorization_type.unwrap_or(AuthorizationType::None), kind) {
        (AuthorizationType::None | AuthorizationType::AwsIam, _) => Ok(()),
        (AuthorizationType::Jwt, Some(AuthorizerType::Jwt)) | (AuthorizationType::Custom, Some(AuthorizerType::Request)) => Ok(()),
        _ => Err(bad("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or JWT requires a valid authorizer.")),
    }
}

fn check_key(key: &str) -> Result<(), Fault> {
    let wrong = || {
        bad(format!(
            "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\": {key}"
        ))
    };
    if key == "$default" {
        return Ok(());
    }
    let (verb, path) = key.split_once(' ').ok_or_else(wrong)?;
    if !VERBS.contains(&verb) || !path.starts_with('/') {
        return Err(wrong());
    }
    let parts: Vec<&str> = path[1..].split('/').collect();
    for (at, part) in parts.iter().enumerate() {
        let inner = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
        let fits = match inner {
            Some(name) if name.ends_with('+') => at + 1 == parts.len() && name.len() > 1,
            Some(name) => !name.is_empty() && !name.contains(['{', '}']),
            None => !part.contains(['{', '}', ' ']),
        };
        if !fits {
            return Err(wrong());
        }
    }
    Ok(())
}
