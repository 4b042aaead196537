//! Amazon API Gateway, REST APIs: what stands in an API, its deployments, and the front door that serves them.
//!
//! Each room of the control plane keeps one resource; `execute/` is the data plane, which reads deployments only: a change is not live
//! until it is deployed. Functions, user pools and roles are met through ports, other services through the Directory. `vtl/` is the language of mapping
//! templates, `open_api/` reads and writes definitions. client certificates and SDKs are refused by name.

mod access;
mod account;
mod api_keys;
mod authorizers;
mod base_path_mappings;
mod deployments;
mod documentation;
mod domain_names;
mod execute;
mod gateway_responses;
mod integrations;
mod mapping;
mod method_settings;
mod methods;
#[allow(missing_docs)]
mod model;
mod models;
mod open_api;
mod patch;
mod request_validators;
mod resources;
mod rest_apis;
mod sentences;
mod stages;
mod state;
mod tags;
mod test_invoke;
mod usage_plan_keys;
mod usage_plans;
mod vpc_links;
pub mod vtl;

pub use execute::describe_body;
pub use model::*;

use kit::Door;
use std::sync::Arc;

/// The service. All state is in the store; deployments that are being served are held decoded.
#[derive(Clone, Default)]
pub struct ApiGateway {
    edge: Arc<execute::Edge>,
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
    // models.rs
    CreateModel => create_model,
    GetModel => get_model,
    GetModels => get_models,
    UpdateModel => update_model,
    DeleteModel => delete_model,
    // request_validators.rs
    CreateRequestValidator => create_request_validator,
    GetRequestValidator => get_request_validator,
    GetRequestValidators => get_request_validators,
    UpdateRequestValidator => update_request_validator,
    DeleteRequestValidator => delete_request_validator,
    // api_keys.rs
    CreateApiKey => create_api_key,
    GetApiKey => get_api_key,
    GetApiKeys => get_api_keys,
    UpdateApiKey => update_api_key,
    DeleteApiKey => delete_api_key,
    // usage_plans.rs
    CreateUsagePlan => create_usage_plan,
    GetUsagePlan => get_usage_plan,
    GetUsagePlans => get_usage_plans,
    UpdateUsagePlan => update_usage_plan,
    DeleteUsagePlan => delete_usage_plan,
    // usage_plan_keys.rs
    CreateUsagePlanKey => create_usage_plan_key,
    GetUsagePlanKey => get_usage_plan_key,
    GetUsagePlanKeys => get_usage_plan_keys,
    DeleteUsagePlanKey => delete_usage_plan_key,
    GetUsage => get_usage,
    UpdateUsage => update_usage,
    // domain_names.rs
    CreateDomainName => create_domain_name,
    GetDomainName => get_domain_name,
    GetDomainNames => get_domain_names,
    UpdateDomainName => update_domain_name,
    DeleteDomainName => delete_domain_name,
    // base_path_mappings.rs
    CreateBasePathMapping => create_base_path_mapping,
    GetBasePathMapping => get_base_path_mapping,
    GetBasePathMappings => get_base_path_mappings,
    UpdateBasePathMapping => update_base_path_mapping,
    DeleteBasePathMapping => delete_base_path_mapping,
    // documentation.rs
    kept CreateDocumentationPart => create_documentation_part,
    GetDocumentationPart => get_documentation_part,
    GetDocumentationParts => get_documentation_parts,
    kept UpdateDocumentationPart => update_documentation_part,
    DeleteDocumentationPart => delete_documentation_part,
    kept CreateDocumentationVersion => create_documentation_version,
    GetDocumentationVersion => get_documentation_version,
    GetDocumentationVersions => get_documentation_versions,
    kept UpdateDocumentationVersion => update_documentation_version,
    DeleteDocumentationVersion => delete_documentation_version,
    // open_api/
    ImportRestApi => import_rest_api,
    PutRestApi => put_rest_api,
    GetExport => get_export,
    // test_invoke.rs
    TestInvokeMethod => test_invoke_method,
    TestInvokeAuthorizer => test_invoke_authorizer,
    // stages.rs
    FlushStageCache => flush_stage_cache,
    FlushStageAuthorizersCache => flush_stage_authorizers_cache,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    GetTags => get_tags,
    // vpc_links.rs
    CreateVpcLink => create_vpc_link,
    GetVpcLink => get_vpc_link,
    GetVpcLinks => get_vpc_links,
    UpdateVpcLink => update_vpc_link,
    DeleteVpcLink => delete_vpc_link,
    // account.rs
    GetAccount => get_account,
    UpdateAccount => update_account,
}

impl kit::Service for ApiGateway {
    fn undecodable_input(&self, operation: &wire::OperationSchema, error: wire::DecodeError) -> kit::Fault {
        sentences::undecodable(self, operation, error)
    }
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(execute::ExecuteApi::new(self.edge.clone()))]
    }
    fn is_guarded(&self, cx: &kit::Context, resource_arn: &str) -> bool {
        execute::firewall::is_stage(cx, resource_arn)
    }
}
