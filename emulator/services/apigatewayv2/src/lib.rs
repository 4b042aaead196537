//! Amazon API Gateway, HTTP APIs: routes, integrations, authorizers and stages, and the front door that serves them.
//!
//! `execute/` is the data plane; it serves deployments, which stages with auto deploy get at every change. WebSocket APIs, route responses and
//! models are refused by name.

mod access;
mod apis;
mod authorizers;
mod deployments;
mod domain_names;
mod execute;
mod import;
mod integrations;
mod mappings;
#[allow(missing_docs)]
mod model;
mod routes;
mod stages;
mod state;
mod tags;

pub use model::*;

use kit::Door;
use std::sync::Arc;

/// The service. All state is in the store; what is being served is held decoded.
#[derive(Clone, Default)]
pub struct ApiGatewayV2 {
    edge: Arc<execute::Edge>,
}

impl ApiGatewayV2 {
    /// The service, ready to be given to a cloud.
    pub fn new() -> ApiGatewayV2 {
        ApiGatewayV2::default()
    }
}

kit::service! {
    /// Amazon API Gateway, HTTP APIs.
    ApiGatewayV2, model = "apigatewayv2", invalid_input = "BadRequestException";
    // apis.rs
    CreateApi => create_api,
    GetApi => get_api,
    GetApis => get_apis,
    UpdateApi => update_api,
    DeleteApi => delete_api,
    DeleteCorsConfiguration => delete_cors_configuration,
    // import.rs
    ImportApi => import_api,
    ReimportApi => reimport_api,
    // routes.rs
    CreateRoute => create_route,
    GetRoute => get_route,
    GetRoutes => get_routes,
    UpdateRoute => update_route,
    DeleteRoute => delete_route,
    // integrations.rs
    CreateIntegration => create_integration,
    GetIntegration => get_integration,
    GetIntegrations => get_integrations,
    UpdateIntegration => update_integration,
    DeleteIntegration => delete_integration,
    // authorizers.rs
    CreateAuthorizer => create_authorizer,
    GetAuthorizer => get_authorizer,
    GetAuthorizers => get_authorizers,
    UpdateAuthorizer => update_authorizer,
    DeleteAuthorizer => delete_authorizer,
    ResetAuthorizersCache => reset_authorizers_cache,
    // deployments.rs
    CreateDeployment => create_deployment,
    GetDeployment => get_deployment,
    GetDeployments => get_deployments,
    UpdateDeployment => update_deployment,
    DeleteDeployment => delete_deployment,
    // stages.rs
    CreateStage => create_stage,
    GetStage => get_stage,
    GetStages => get_stages,
    UpdateStage => update_stage,
    DeleteStage => delete_stage,
    DeleteAccessLogSettings => delete_access_log_settings,
    DeleteRouteSettings => delete_route_settings,
    // domain_names.rs
    CreateDomainName => create_domain_name,
    GetDomainName => get_domain_name,
    GetDomainNames => get_domain_names,
    UpdateDomainName => update_domain_name,
    DeleteDomainName => delete_domain_name,
    // mappings.rs
    CreateApiMapping => create_api_mapping,
    GetApiMapping => get_api_mapping,
    GetApiMappings => get_api_mappings,
    UpdateApiMapping => update_api_mapping,
    DeleteApiMapping => delete_api_mapping,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    GetTags => get_tags,
}

impl kit::Service for ApiGatewayV2 {
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(execute::ExecuteApi::new(self.edge.clone()))]
    }
}
