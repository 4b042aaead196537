//! What each operation needs to be allowed: API Gateway's actions are the HTTP methods of its own API, on the path that is called.

use crate::{ApiGateway, model::*};
use kit::{Access, Authorize, Context, Need};
use std::collections::BTreeMap;

fn arn(cx: &Context, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", cx.region())
}

macro_rules! paths {
    ($($input:ident: $verb:literal $path:literal $(, $field:ident)*;)*) => {$(
        impl Authorize<ApiGateway> for $input {
            fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
                Access::on(concat!("apigateway:", $verb), arn(cx, &format!($path $(, self.$field)*)))
            }
        }
    )*};
}
paths! {
    GetVpcLinkInput: "GET" "/vpclinks/{}", vpc_link_id;
    GetVpcLinksInput: "GET" "/vpclinks";
    UpdateVpcLinkInput: "PATCH" "/vpclinks/{}", vpc_link_id;
    DeleteVpcLinkInput: "DELETE" "/vpclinks/{}", vpc_link_id;
    GetRestApiInput: "GET" "/restapis/{}", rest_api_id;
    GetRestApisInput: "GET" "/restapis";
    UpdateRestApiInput: "PATCH" "/restapis/{}", rest_api_id;
    DeleteRestApiInput: "DELETE" "/restapis/{}", rest_api_id;
    CreateResourceInput: "POST" "/restapis/{}/resources/{}", rest_api_id, parent_id;
    GetResourceInput: "GET" "/restapis/{}/resources/{}", rest_api_id, resource_id;
    GetResourcesInput: "GET" "/restapis/{}/resources", rest_api_id;
    UpdateResourceInput: "PATCH" "/restapis/{}/resources/{}", rest_api_id, resource_id;
    DeleteResourceInput: "DELETE" "/restapis/{}/resources/{}", rest_api_id, resource_id;
    PutMethodInput: "PUT" "/restapis/{}/resources/{}/methods/{}", rest_api_id, resource_id, http_method;
    GetMethodInput: "GET" "/restapis/{}/resources/{}/methods/{}", rest_api_id, resource_id, http_method;
    UpdateMethodInput: "PATCH" "/restapis/{}/resources/{}/methods/{}", rest_api_id, resource_id, http_method;
    DeleteMethodInput: "DELETE" "/restapis/{}/resources/{}/methods/{}", rest_api_id, resource_id, http_method;
    PutMethodResponseInput: "PUT" "/restapis/{}/resources/{}/methods/{}/responses/{}", rest_api_id, resource_id, http_method, status_code;
    GetMethodResponseInput: "GET" "/restapis/{}/resources/{}/methods/{}/responses/{}", rest_api_id, resource_id, http_method, status_code;
    UpdateMethodResponseInput: "PATCH" "/restapis/{}/resources/{}/methods/{}/responses/{}", rest_api_id, resource_id, http_method, status_code;
    DeleteMethodResponseInput: "DELETE" "/restapis/{}/resources/{}/methods/{}/responses/{}", rest_api_id, resource_id, http_method, status_code;
    GetIntegrationInput: "GET" "/restapis/{}/resources/{}/methods/{}/integration", rest_api_id, resource_id, http_method;
    DeleteIntegrationInput: "DELETE" "/restapis/{}/resources/{}/methods/{}/integration", rest_api_id, resource_id, http_method;
    PutIntegrationResponseInput: "PUT" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    GetIntegrationResponseInput: "GET" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    UpdateIntegrationResponseInput: "PATCH" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    DeleteIntegrationResponseInput: "DELETE" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    GetAuthorizerInput: "GET" "/restapis/{}/authorizers/{}", rest_api_id, authorizer_id;
    GetAuthorizersInput: "GET" "/restapis/{}/authorizers", rest_api_id;
    DeleteAuthorizerInput: "DELETE" "/restapis/{}/authorizers/{}", rest_api_id, authorizer_id;
    CreateDeploymentInput: "POST" "/restapis/{}/deployments", rest_api_id;
    GetDeploymentInput: "GET" "/restapis/{}/deployments/{}", rest_api_id, deployment_id;
    GetDeploymentsInput: "GET" "/restapis/{}/deployments", rest_api_id;
    UpdateDeploymentInput: "PATCH" "/restapis/{}/deployments/{}", rest_api_id, deployment_id;
    DeleteDeploymentInput: "DELETE" "/restapis/{}/deployments/{}", rest_api_id, deployment_id;
    GetStageInput: "GET" "/restapis/{}/stages/{}", rest_api_id, stage_name;
    GetStagesInput: "GET" "/restapis/{}/stages", rest_api_id;
    UpdateStageInput: "PATCH" "/restapis/{}/stages/{}", rest_api_id, stage_name;
    DeleteStageInput: "DELETE" "/restapis/{}/stages/{}", rest_api_id, stage_name;
    PutGatewayResponseInput: "PUT" "/restapis/{}/gatewayresponses/{}", rest_api_id, response_type;
    GetGatewayResponseInput: "GET" "/restapis/{}/gatewayresponses/{}", rest_api_id, response_type;
    GetGatewayResponsesInput: "GET" "/restapis/{}/gatewayresponses", rest_api_id;
    UpdateGatewayResponseInput: "PATCH" "/restapis/{}/gatewayresponses/{}", rest_api_id, response_type;
    DeleteGatewayResponseInput: "DELETE" "/restapis/{}/gatewayresponses/{}", rest_api_id, response_type;
    CreateModelInput: "POST" "/restapis/{}/models", rest_api_id;
    GetModelInput: "GET" "/restapis/{}/models/{}", rest_api_id, model_name;
    GetModelsInput: "GET" "/restapis/{}/models", rest_api_id;
    UpdateModelInput: "PATCH" "/restapis/{}/models/{}", rest_api_id, model_name;
    DeleteModelInput: "DELETE" "/restapis/{}/models/{}", rest_api_id, model_name;
    CreateRequestValidatorInput: "POST" "/restapis/{}/requestvalidators", rest_api_id;
    GetRequestValidatorInput: "GET" "/restapis/{}/requestvalidators/{}", rest_api_id, request_validator_id;
    GetRequestValidatorsInput: "GET" "/restapis/{}/requestvalidators", rest_api_id;
    UpdateRequestValidatorInput: "PATCH" "/restapis/{}/requestvalidators/{}", rest_api_id, request_validator_id;
    DeleteRequestValidatorInput: "DELETE" "/restapis/{}/requestvalidators/{}", rest_api_id, request_validator_id;
    GetApiKeyInput: "GET" "/apikeys/{}", api_key;
    GetApiKeysInput: "GET" "/apikeys";
    UpdateApiKeyInput: "PATCH" "/apikeys/{}", api_key;
    DeleteApiKeyInput: "DELETE" "/apikeys/{}", api_key;
    GetUsagePlanInput: "GET" "/usageplans/{}", usage_plan_id;
    GetUsagePlansInput: "GET" "/usageplans";
    UpdateUsagePlanInput: "PATCH" "/usageplans/{}", usage_plan_id;
    DeleteUsagePlanInput: "DELETE" "/usageplans/{}", usage_plan_id;
    CreateUsagePlanKeyInput: "POST" "/usageplans/{}/keys", usage_plan_id;
    GetUsagePlanKeyInput: "GET" "/usageplans/{}/keys/{}", usage_plan_id, key_id;
    GetUsagePlanKeysInput: "GET" "/usageplans/{}/keys", usage_plan_id;
    DeleteUsagePlanKeyInput: "DELETE" "/usageplans/{}/keys/{}", usage_plan_id, key_id;
    GetUsageInput: "GET" "/usageplans/{}/usage", usage_plan_id;
    UpdateUsageInput: "PATCH" "/usageplans/{}/keys/{}/usage", usage_plan_id, key_id;
    GetDomainNameInput: "GET" "/domainnames/{}", domain_name;
    GetDomainNamesInput: "GET" "/domainnames";
    UpdateDomainNameInput: "PATCH" "/domainnames/{}", domain_name;
    DeleteDomainNameInput: "DELETE" "/domainnames/{}", domain_name;
    CreateBasePathMappingInput: "POST" "/domainnames/{}/basepathmappings", domain_name;
    GetBasePathMappingInput: "GET" "/domainnames/{}/basepathmappings/{}", domain_name, base_path;
    GetBasePathMappingsInput: "GET" "/domainnames/{}/basepathmappings", domain_name;
    UpdateBasePathMappingInput: "PATCH" "/domainnames/{}/basepathmappings/{}", domain_name, base_path;
    DeleteBasePathMappingInput: "DELETE" "/domainnames/{}/basepathmappings/{}", domain_name, base_path;
    CreateDocumentationPartInput: "POST" "/restapis/{}/documentation/parts", rest_api_id;
    GetDocumentationPartInput: "GET" "/restapis/{}/documentation/parts/{}", rest_api_id, documentation_part_id;
    GetDocumentationPartsInput: "GET" "/restapis/{}/documentation/parts", rest_api_id;
    UpdateDocumentationPartInput: "PATCH" "/restapis/{}/documentation/parts/{}", rest_api_id, documentation_part_id;
    DeleteDocumentationPartInput: "DELETE" "/restapis/{}/documentation/parts/{}", rest_api_id, documentation_part_id;
    CreateDocumentationVersionInput: "POST" "/restapis/{}/documentation/versions", rest_api_id;
    GetDocumentationVersionInput: "GET" "/restapis/{}/documentation/versions/{}", rest_api_id, documentation_version;
    GetDocumentationVersionsInput: "GET" "/restapis/{}/documentation/versions", rest_api_id;
    UpdateDocumentationVersionInput: "PATCH" "/restapis/{}/documentation/versions/{}", rest_api_id, documentation_version;
    DeleteDocumentationVersionInput: "DELETE" "/restapis/{}/documentation/versions/{}", rest_api_id, documentation_version;
    GetExportInput: "GET" "/restapis/{}/stages/{}/exports/{}", rest_api_id, stage_name, export_type;
    TestInvokeMethodInput: "POST" "/restapis/{}/resources/{}/methods/{}", rest_api_id, resource_id, http_method;
    TestInvokeAuthorizerInput: "POST" "/restapis/{}/authorizers/{}", rest_api_id, authorizer_id;
    FlushStageCacheInput: "DELETE" "/restapis/{}/stages/{}/cache/data", rest_api_id, stage_name;
    FlushStageAuthorizersCacheInput: "DELETE" "/restapis/{}/stages/{}/cache/authorizers", rest_api_id, stage_name;
    GetAccountInput: "GET" "/account";
}

impl Authorize<ApiGateway> for CreateRestApiInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/restapis")), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for CreateStageInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, &format!("/restapis/{}/stages", self.rest_api_id))), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for CreateApiKeyInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/apikeys")), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for CreateVpcLinkInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/vpclinks")), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for CreateUsagePlanInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/usageplans")), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for CreateDomainNameInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/domainnames")), self.tags.as_ref())
    }
}
impl Authorize<ApiGateway> for PutIntegrationInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let path = format!("/restapis/{}/resources/{}/methods/{}/integration", self.rest_api_id, self.resource_id, self.http_method);
        passing(Access::on("apigateway:PUT", arn(cx, &path)), self.credentials.as_deref())
    }
}
impl Authorize<ApiGateway> for UpdateIntegrationInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let path = format!("/restapis/{}/resources/{}/methods/{}/integration", self.rest_api_id, self.resource_id, self.http_method);
        passing(Access::on("apigateway:PATCH", arn(cx, &path)), patched(self.patch_operations.as_ref(), "/credentials"))
    }
}
impl Authorize<ApiGateway> for CreateAuthorizerInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let access = Access::on("apigateway:POST", arn(cx, &format!("/restapis/{}/authorizers", self.rest_api_id)));
        passing(access, self.authorizer_credentials.as_deref())
    }
}
impl Authorize<ApiGateway> for UpdateAuthorizerInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let access = Access::on("apigateway:PATCH", arn(cx, &format!("/restapis/{}/authorizers/{}", self.rest_api_id, self.authorizer_id)));
        passing(access, patched(self.patch_operations.as_ref(), "/authorizerCredentials"))
    }
}
impl Authorize<ApiGateway> for UpdateAccountInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        passing(Access::on("apigateway:PATCH", arn(cx, "/account")), patched(self.patch_operations.as_ref(), "/cloudwatchRoleArn"))
    }
}
impl Authorize<ApiGateway> for ImportRestApiInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let roles = crate::open_api::roles(&self.body);
        passing(Access::on("apigateway:POST", arn(cx, "/restapis")), roles.iter().map(String::as_str))
    }
}
impl Authorize<ApiGateway> for PutRestApiInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let roles = crate::open_api::roles(&self.body);
        passing(Access::on("apigateway:PUT", arn(cx, &format!("/restapis/{}", self.rest_api_id))), roles.iter().map(String::as_str))
    }
}

/// Roles that are handed over must be ones that the caller may pass.
fn passing<'a>(access: Access, roles: impl IntoIterator<Item = &'a str>) -> Access {
    let roles = roles.into_iter().filter(|role| role.contains(":role/"));
    roles.fold(access, |access, role| access.and(Need::on("iam:PassRole", role).key("iam:PassedToService", "apigateway.amazonaws.com")))
}

/// What patches put at a path.
fn patched<'a>(operations: Option<&'a Vec<PatchOperation>>, path: &'a str) -> impl Iterator<Item = &'a str> {
    operations.into_iter().flatten().filter(move |o| o.path.as_deref() == Some(path)).filter_map(|o| o.value.as_deref())
}

/// `/tags/` and the ARN, percent-encoded.
fn tags_path(cx: &Context, resource: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(resource, percent_encoding::NON_ALPHANUMERIC);
    arn(cx, &format!("/tags/{encoded}"))
}

impl Authorize<ApiGateway> for TagResourceInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        tagged(Access::on("apigateway:PUT", tags_path(cx, &self.resource_arn)), Some(&self.tags))
    }
}
impl Authorize<ApiGateway> for UntagResourceInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        Need::on("apigateway:DELETE", tags_path(cx, &self.resource_arn)).keys("aws:TagKeys", self.tag_keys.clone()).into()
    }
}
impl Authorize<ApiGateway> for GetTagsInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        Access::on("apigateway:GET", tags_path(cx, &self.resource_arn))
    }
}

/// The condition keys of tags in a request.
fn tagged(mut access: Access, tags: Option<&BTreeMap<String, String>>) -> Access {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return access };
    if let Access::Needs(needs) = &mut access {
        for need in needs {
            need.keys.push(("aws:TagKeys".into(), tags.keys().cloned().collect()));
            need.keys.extend(tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}").into(), vec![value.clone()])));
        }
    }
    access
}
