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
    UpdateIntegrationInput: "PATCH" "/restapis/{}/resources/{}/methods/{}/integration", rest_api_id, resource_id, http_method;
    DeleteIntegrationInput: "DELETE" "/restapis/{}/resources/{}/methods/{}/integration", rest_api_id, resource_id, http_method;
    PutIntegrationResponseInput: "PUT" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    GetIntegrationResponseInput: "GET" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    UpdateIntegrationResponseInput: "PATCH" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    DeleteIntegrationResponseInput: "DELETE" "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", rest_api_id, resource_id, http_method, status_code;
    CreateAuthorizerInput: "POST" "/restapis/{}/authorizers", rest_api_id;
    GetAuthorizerInput: "GET" "/restapis/{}/authorizers/{}", rest_api_id, authorizer_id;
    GetAuthorizersInput: "GET" "/restapis/{}/authorizers", rest_api_id;
    UpdateAuthorizerInput: "PATCH" "/restapis/{}/authorizers/{}", rest_api_id, authorizer_id;
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
    GetAccountInput: "GET" "/account";
    UpdateAccountInput: "PATCH" "/account";
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
impl Authorize<ApiGateway> for PutIntegrationInput {
    fn access(&self, _: &ApiGateway, cx: &Context) -> Access {
        let path = format!("/restapis/{}/resources/{}/methods/{}/integration", self.rest_api_id, self.resource_id, self.http_method);
        let access = Access::on("apigateway:PUT", arn(cx, &path));
        match self.credentials.as_deref().filter(|c| c.contains(":role/")) {
            Some(role) => access.and(Need::on("iam:PassRole", role).key("iam:PassedToService", "apigateway.amazonaws.com")),
            None => access,
        }
    }
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
