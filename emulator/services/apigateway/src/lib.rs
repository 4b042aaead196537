//! Amazon API Gateway, REST APIs: what stands in an API, its deployments, and the front door that serves them.
//!
//! Each room of the control plane keeps one resource; `execute/` is the data plane, which reads deployments only: a change is not live
//! until it is deployed. Functions, user pools and roles are met through ports. What is not honoured (VTL, HTTP integrations, Lambda
//! authorizers, API keys, caches) is refused by name when an API asks for it.

mod access;
mod account;
mod authorizers;
mod deployments;
mod execute;
mod gateway_responses;
mod integrations;
mod methods;
#[allow(missing_docs)]
mod model;
mod patch;
mod resources;
mod rest_apis;
mod stages;
mod state;
mod tags;
mod templates;

pub use model::*;

use kit::Door;
use std::sync::Arc;

/// The service. All state is in the store; deployments that are being served are held decoded.
#[derive(Clone, Default)]
pub struct ApiGateway {
    pictures: Arc<execute::Pictures>,
}

impl ApiGateway {
    /// The service, ready to be given to a cloud.
    pub fn new() -> ApiGateway {
        ApiGateway::default()
    }
}

kit::service! {
    /// Amazon API Gateway, REST APIs.
    ApiGateway, model = "apigateway", invalid_input = "ValidationException";
    // rest_apis.rs
    CreateRestApi => create_rest_api,
    GetRestApi => get_rest_api,
    GetRestApis => get_rest_apis,
    UpdateRestApi => update_rest_api,
    DeleteRestApi => delete_rest_api,
    // resources.rs
    CreateResource => create_resource,
    GetResource => get_resource,
    GetResources => get_resources,
    UpdateResource => update_resource,
    DeleteResource => delete_resource,
    // methods.rs
    PutMethod => put_method,
    GetMethod => get_method,
    UpdateMethod => update_method,
    DeleteMethod => delete_method,
    PutMethodResponse => put_method_response,
    GetMethodResponse => get_method_response,
    UpdateMethodResponse => update_method_response,
    DeleteMethodResponse => delete_method_response,
    // integrations.rs
    PutIntegration => put_integration,
    GetIntegration => get_integration,
    UpdateIntegration => update_integration,
    DeleteIntegration => delete_integration,
    PutIntegrationResponse => put_integration_response,
    GetIntegrationResponse => get_integration_response,
    UpdateIntegrationResponse => update_integration_response,
    DeleteIntegrationResponse => delete_integration_response,
    // authorizers.rs
    CreateAuthorizer => create_authorizer,
    GetAuthorizer => get_authorizer,
    GetAuthorizers => get_authorizers,
    UpdateAuthorizer => update_authorizer,
    DeleteAuthorizer => delete_authorizer,
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
    // gateway_responses.rs
    PutGatewayResponse => put_gateway_response,
    GetGatewayResponse => get_gateway_response,
    GetGatewayResponses => get_gateway_responses,
    UpdateGatewayResponse => update_gateway_response,
    DeleteGatewayResponse => delete_gateway_response,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    GetTags => get_tags,
    // account.rs
    GetAccount => get_account,
    UpdateAccount => update_account,
}

impl kit::Service for ApiGateway {
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(execute::ExecuteApi::new(self.pictures.clone()))]
    }
    fn is_guarded(&self, cx: &kit::Context, resource_arn: &str) -> bool {
        execute::firewall::is_stage(cx, resource_arn)
    }
}
