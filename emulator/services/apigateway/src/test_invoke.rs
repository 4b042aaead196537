//! TestInvokeMethod and TestInvokeAuthorizer: the API as it is being edited, run once.

use crate::{
    ApiGateway, Error,
    execute::{Tested, test_authorizer, test_method},
    model::*,
    state::*,
};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Runs a method without its guards, and says what happened.
    pub async fn test_invoke_method(&self, cx: &Context, input: TestInvokeMethodInput) -> Result<TestInvokeMethodOutput, Fault> {
        if input.client_certificate_id.is_some() {
            return Err(refused("TestInvokeMethod", "clientCertificateId"));
        }
        let api = cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id))?;
        let resource = api.resource(&input.resource_id)?.clone();
        // A method for any verb is tested with each.
        let method = match api.method(&input.resource_id, &input.http_method) {
            Ok(method) => method.clone(),
            Err(fault) => api.method(&input.resource_id, "ANY").map_err(|_| fault)?.clone(),
        };
        let sent = sent(
            resource.path.as_deref(),
            input.path_with_query_string,
            input.body,
            input.headers,
            input.multi_value_headers,
            input.stage_variables,
        );
        test_method(cx, api, resource, method, &input.http_method, sent).await
    }

    /// Asks an authorizer's function, and says what it answered.
    pub async fn test_invoke_authorizer(
        &self,
        cx: &Context,
        input: TestInvokeAuthorizerInput,
    ) -> Result<TestInvokeAuthorizerOutput, Fault> {
        if input.additional_context.is_some() {
            return Err(refused("TestInvokeAuthorizer", "additionalContext"));
        }
        let api = cx.store().read(|s| api(s, cx.scope(), &input.rest_api_id))?;
        let authorizer = api.authorizers.get(&input.authorizer_id).cloned();
        let authorizer = authorizer.ok_or_else(|| Error::NotFound.says("Invalid Authorizer identifier specified"))?;
        let sent =
            sent(Some("/"), input.path_with_query_string, input.body, input.headers, input.multi_value_headers, input.stage_variables);
        test_authorizer(&self.edge, cx, api, authorizer, sent).await
    }
}

fn sent(
    path: Option<&str>,
    path_with_query: Option<String>,
    body: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    many: Option<BTreeMap<String, Vec<String>>>,
    stage_variables: Option<BTreeMap<String, String>>,
) -> Tested {
    let path_with_query = path_with_query.filter(|path| !path.is_empty()).unwrap_or_else(|| path.unwrap_or("/").to_owned());
    let path_with_query = if path_with_query.starts_with('/') { path_with_query } else { format!("/{path_with_query}") };
    let many = many.into_iter().flatten().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    Tested {
        path_with_query,
        body: body.unwrap_or_default(),
        headers: headers.into_iter().flatten().chain(many).collect(),
        stage_variables: stage_variables.unwrap_or_default(),
    }
}
