//! What each operation needs to be allowed: API Gateway's actions are the HTTP methods of its own API, on the path that is called.

use crate::{ApiGatewayV2, model::*};
use kit::{Access, Authorize, Context, Need};
use std::collections::BTreeMap;

fn arn(cx: &Context, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", cx.region())
}

macro_rules! paths {
    ($($input:ident: $verb:literal $path:literal $(, $field:ident)*;)*) => {$(
        impl Authorize<ApiGatewayV2> for $input {
            fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
                Access::on(concat!("apigateway:", $verb), arn(cx, &format!($path $(, self.$field)*)))
            }
        }
    )*};
}
paths! {
    GetApiInput: "GET" "/apis/{}", api_id;
    GetApisInput: "GET" "/apis";
    UpdateApiInput: "PATCH" "/apis/{}", api_id;
    DeleteApiInput: "DELETE" "/apis/{}", api_id;
    DeleteCorsConfigurationInput: "DELETE" "/apis/{}/cors", api_id;
    CreateRouteInput: "POST" "/apis/{}/routes", api_id;
    GetRouteInput: "GET" "/apis/{}/routes/{}", api_id, route_id;
    GetRoutesInput: "GET" "/apis/{}/routes", api_id;
    UpdateRouteInput: "PATCH" "/apis/{}/routes/{}", api_id, route_id;
    DeleteRouteInput: "DELETE" "/apis/{}/routes/{}", api_id, route_id;
    GetIntegrationInput: "GET" "/apis/{}/integrations/{}", api_id, integration_id;
    GetIntegrationsInput: "GET" "/apis/{}/integrations", api_id;
    DeleteIntegrationInput: "DELETE" "/apis/{}/integrations/{}", api_id, integration_id;
    GetAuthorizerInput: "GET" "/apis/{}/authorizers/{}", api_id, authorizer_id;
    GetAuthorizersInput: "GET" "/apis/{}/authorizers", api_id;
    DeleteAuthorizerInput: "DELETE" "/apis/{}/authorizers/{}", api_id, authorizer_id;
    CreateDeploymentInput: "POST" "/apis/{}/deployments", api_id;
    GetDeploymentInput: "GET" "/apis/{}/deployments/{}", api_id, deployment_id;
    GetDeploymentsInput: "GET" "/apis/{}/deployments", api_id;
    UpdateDeploymentInput: "PATCH" "/apis/{}/deployments/{}", api_id, deployment_id;
    DeleteDeploymentInput: "DELETE" "/apis/{}/deployments/{}", api_id, deployment_id;
    ResetAuthorizersCacheInput: "DELETE" "/apis/{}/stages/{}/cache/authorizers", api_id, stage_name;
    GetStageInput: "GET" "/apis/{}/stages/{}", api_id, stage_name;
    GetStagesInput: "GET" "/apis/{}/stages", api_id;
    UpdateStageInput: "PATCH" "/apis/{}/stages/{}", api_id, stage_name;
    DeleteStageInput: "DELETE" "/apis/{}/stages/{}", api_id, stage_name;
    DeleteAccessLogSettingsInput: "DELETE" "/apis/{}/stages/{}/accesslogsettings", api_id, stage_name;
    DeleteRouteSettingsInput: "DELETE" "/apis/{}/stages/{}/routesettings/{}", api_id, stage_name, route_key;
    GetDomainNameInput: "GET" "/domainnames/{}", domain_name;
    GetDomainNamesInput: "GET" "/domainnames";
    UpdateDomainNameInput: "PATCH" "/domainnames/{}", domain_name;
    DeleteDomainNameInput: "DELETE" "/domainnames/{}", domain_name;
    CreateApiMappingInput: "POST" "/domainnames/{}/apimappings", domain_name;
    GetApiMappingInput: "GET" "/domainnames/{}/apimappings/{}", domain_name, api_mapping_id;
    GetApiMappingsInput: "GET" "/domainnames/{}/apimappings", domain_name;
    UpdateApiMappingInput: "PATCH" "/domainnames/{}/apimappings/{}", domain_name, api_mapping_id;
    DeleteApiMappingInput: "DELETE" "/domainnames/{}/apimappings/{}", domain_name, api_mapping_id;
}

impl Authorize<ApiGatewayV2> for CreateApiInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        passing(tagged(Access::on("apigateway:POST", arn(cx, "/apis")), self.tags.as_ref()), self.credentials_arn.as_deref())
    }
}
impl Authorize<ApiGatewayV2> for ImportApiInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        let roles = crate::import::roles(&self.body);
        passing(Access::on("apigateway:PUT", arn(cx, "/apis")), roles.iter().map(String::as_str))
    }
}
impl Authorize<ApiGatewayV2> for ReimportApiInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        let roles = crate::import::roles(&self.body);
        passing(Access::on("apigateway:PUT", arn(cx, &format!("/apis/{}", self.api_id))), roles.iter().map(String::as_str))
    }
}
impl Authorize<ApiGatewayV2> for CreateStageInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, &format!("/apis/{}/stages", self.api_id))), self.tags.as_ref())
    }
}
impl Authorize<ApiGatewayV2> for CreateDomainNameInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", arn(cx, "/domainnames")), self.tags.as_ref())
    }
}
impl Authorize<ApiGatewayV2> for CreateIntegrationInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        passing(Access::on("apigateway:POST", arn(cx, &format!("/apis/{}/integrations", self.api_id))), self.credentials_arn.as_deref())
    }
}
impl Authorize<ApiGatewayV2> for CreateAuthorizerInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        let access = Access::on("apigateway:POST", arn(cx, &format!("/apis/{}/authorizers", self.api_id)));
        passing(access, self.authorizer_credentials_arn.as_deref())
    }
}
impl Authorize<ApiGatewayV2> for UpdateIntegrationInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        let access = Access::on("apigateway:PATCH", arn(cx, &format!("/apis/{}/integrations/{}", self.api_id, self.integration_id)));
        passing(access, self.credentials_arn.as_deref())
    }
}
impl Authorize<ApiGatewayV2> for UpdateAuthorizerInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        let access = Access::on("apigateway:PATCH", arn(cx, &format!("/apis/{}/authorizers/{}", self.api_id, self.authorizer_id)));
        passing(access, self.authorizer_credentials_arn.as_deref())
    }
}
impl Authorize<ApiGatewayV2> for TagResourceInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        tagged(Access::on("apigateway:POST", tags_path(cx, &self.resource_arn)), self.tags.as_ref())
    }
}
impl Authorize<ApiGatewayV2> for UntagResourceInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        Need::on("apigateway:DELETE", tags_path(cx, &self.resource_arn)).keys("aws:TagKeys", self.tag_keys.clone()).into()
    }
}
impl Authorize<ApiGatewayV2> for GetTagsInput {
    fn access(&self, _: &ApiGatewayV2, cx: &Context) -> Access {
        Access::on("apigateway:GET", tags_path(cx, &self.resource_arn))
    }
}

/// `/tags/` and the ARN, percent-encoded.
fn tags_path(cx: &Context, resource: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(resource, percent_encoding::NON_ALPHANUMERIC);
    arn(cx, &format!("/tags/{encoded}"))
}

/// A role that is handed over must be one that the caller may pass.
fn passing<'a>(access: Access, roles: impl IntoIterator<Item = &'a str>) -> Access {
    let roles = roles.into_iter().filter(|role| role.contains(":role/"));
    roles.fold(access, |access, role| access.and(Need::on("iam:PassRole", role).key("iam:PassedToService", "apigateway.amazonaws.com")))
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
