//! Authorizers: user pools, and functions that are asked with a token or with the request.

use crate::{ApiGateway, Error, integrations::function_of, model::*, patch, state::*};
use kit::{Arn, Context, Fault, Read};

/// Where tokens are where nothing else is said.
const DEFAULT_SOURCE: &str = "method.request.header.Authorization";

impl ApiGateway {
    /// Makes an authorizer.
    pub async fn create_authorizer(&self, cx: &Context, input: CreateAuthorizerInput) -> Result<Authorizer, Fault> {
        if !cx.store().read(|s| s.exists(&APIS, cx.scope(), &input.rest_api_id))? {
            // What AWS says to an authorizer of an API that is not there.
            return Err(conflict("Unable to complete operation due to concurrent modification. Please try again later."));
        }
        let cognito = input.r#type == AuthorizerType::CognitoUserPools;
        let authorizer = Authorizer {
            id: Some(cx.ids().lower(6)),
            name: Some(input.name),
            r#type: Some(input.r#type),
            provider_arns: input.provider_arns,
            auth_type: Some(input.auth_type.unwrap_or(if cognito { "cognito_user_pools" } else { "custom" }.into())),
            authorizer_uri: input.authorizer_uri,
            authorizer_credentials: input.authorizer_credentials,
            identity_source: input.identity_source.or((input.r#type != AuthorizerType::Request).then(|| DEFAULT_SOURCE.into())),
            identity_validation_expression: input.identity_validation_expression,
            authorizer_result_ttl_in_seconds: input.authorizer_result_ttl_in_seconds.or((!cognito).then_some(300)),
        };
        change(cx, &input.rest_api_id, |api| {
            check(api, &authorizer)?;
            api.authorizers.insert(authorizer.id.clone().unwrap_or_default(), authorizer.clone());
            Ok(authorizer)
        })
        .await
    }

    /// Describes an authorizer.
    pub async fn get_authorizer(&self, cx: &Context, input: GetAuthorizerInput) -> Result<Authorizer, Fault> {
        of_api(cx, &input.rest_api_id, |api| api.authorizers.get(&input.authorizer_id).cloned().ok_or_else(no_such_authorizer))
    }

    /// All authorizers of an API.
    pub async fn get_authorizers(&self, cx: &Context, input: GetAuthorizersInput) -> Result<GetAuthorizersOutput, Fault> {
        let all = of_api(cx, &input.rest_api_id, |api| Ok(api.authorizers.values().cloned().collect::<Vec<_>>()))?;
        let (items, position) = page(all, |a| a.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetAuthorizersOutput { items: Some(items), position })
    }

    /// Changes an authorizer.
    pub async fn update_authorizer(&self, cx: &Context, input: UpdateAuthorizerInput) -> Result<Authorizer, Fault> {
        let patches = patch::read(input.patch_operations)?;
        change(cx, &input.rest_api_id, |api| {
            let mut authorizer = api.authorizers.get(&input.authorizer_id).cloned().ok_or_else(no_such_authorizer)?;
            patches.iter().try_for_each(|patch| apply(&mut authorizer, patch))?;
            check(api, &authorizer)?;
            api.authorizers.insert(input.authorizer_id, authorizer.clone());
            Ok(authorizer)
        })
        .await
    }

    /// Deletes an authorizer that no method uses.
    pub async fn delete_authorizer(&self, cx: &Context, input: DeleteAuthorizerInput) -> Result<DeleteAuthorizerOutput, Fault> {
        change(cx, &input.rest_api_id, |api| {
            let authorizer = api.authorizers.get(&input.authorizer_id).cloned().ok_or_else(no_such_authorizer)?;
            if let Some((path, verb, _)) = api.methods().find(|(_, _, m)| m.authorizer_id.as_deref() == Some(&input.authorizer_id)) {
                let name = authorizer.name.unwrap_or_default();
                return Err(conflict(format!("Cannot delete authorizer '{name}', is referenced in method: {path}/{verb}")));
            }
            api.authorizers.remove(&input.authorizer_id);
            Ok(())
        })
        .await?;
        Ok(DeleteAuthorizerOutput {})
    }
}

fn no_such_authorizer() -> Fault {
    Error::NotFound.says("Invalid Authorizer identifier specified")
}

/// Checks an authorizer that an API is to have.
pub(crate) fn check(api: &Api, authorizer: &Authorizer) -> Result<(), Fault> {
    let name = authorizer.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        return Err(bad("Authorizer name must be non-empty"));
    }
    if api.authorizers.values().any(|a| a.id != authorizer.id && a.name.as_deref() == Some(name)) {
        return Err(bad(format!("Authorizer name must be unique. Authorizer {name} already exists in this RestApi.")));
    }
    if authorizer.authorizer_result_ttl_in_seconds.is_some_and(|secs| !(0..=3600).contains(&secs)) {
        return Err(bad("Authorizer result TTL must be between 0 and 3600 seconds"));
    }
    match authorizer.identity_validation_expression.as_deref().filter(|e| !e.is_empty()) {
        Some(expression) if crate::execute::patterns::Pattern::new(expression).is_none() => {
            return Err(bad("Invalid identity validation expression specified."));
        }
        _ => {}
    }
    match authorizer.r#type.unwrap_or_default() {
        AuthorizerType::CognitoUserPools => check_pools(authorizer),
        AuthorizerType::Token if header_of(authorizer).is_none() => {
            Err(bad("Invalid identity source specified. It must be a header: method.request.header.NAME"))
        }
        AuthorizerType::Token => check_function(authorizer),
        AuthorizerType::Request => {
            let sources = sources_of(authorizer);
            if sources.is_empty() && authorizer.authorizer_result_ttl_in_seconds != Some(0) {
                return Err(bad("Identity source is required when caching is enabled for the authorizer"));
            }
            const KINDS: [&str; 4] = ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."];
            if let Some(source) =
                sources.iter().find(|source| !KINDS.iter().any(|kind| source.len() > kind.len() && source.starts_with(kind)))
            {
                return Err(bad(format!("Invalid identity source specified: {source}")));
            }
            check_function(authorizer)
        }
    }
}

fn check_pools(authorizer: &Authorizer) -> Result<(), Fault> {
    let pools = authorizer.provider_arns.as_deref().unwrap_or_default();
    if pools.is_empty() {
        return Err(bad("Invalid ProviderARNs: at least one user pool is required."));
    }
    let is_pool = |arn: &&String| Arn::parse(arn).is_some_and(|a| a.service == "cognito-idp" && a.after("userpool/").is_some());
    if let Some(arn) = pools.iter().find(|arn| !is_pool(arn)) {
        return Err(bad(format!("Invalid ARN: Not a user pool: {arn}")));
    }
    match header_of(authorizer) {
        Some(_) => Ok(()),
        None => Err(bad("Invalid identity source specified. It must be a header: method.request.header.NAME")),
    }
}

fn check_function(authorizer: &Authorizer) -> Result<(), Fault> {
    // AWS takes addresses that were broken over lines.
    let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default().split_whitespace().collect::<String>();
    match function_of(&uri) {
        Some(_) => Ok(()),
        None => Err(bad(
            "Invalid Authorizer URI: it must be arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations",
        )),
    }
}

/// Where the identity of a request is found: what a cached answer is kept by.
pub(crate) fn sources_of(authorizer: &Authorizer) -> Vec<&str> {
    authorizer.identity_source.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|source| !source.is_empty()).collect()
}

/// The header that carries the token.
pub(crate) fn header_of(authorizer: &Authorizer) -> Option<&str> {
    let source = authorizer.identity_source.as_deref().unwrap_or(DEFAULT_SOURCE);
    source.strip_prefix("method.request.header.").filter(|name| !name.is_empty())
}

fn apply(authorizer: &mut Authorizer, patch: &patch::Patch) -> Result<(), Fault> {
    match patch.parts()[..] {
        ["name"] => patch.text(&mut authorizer.name)?,
        ["authType"] => patch.text(&mut authorizer.auth_type)?,
        ["identitySource"] => patch.text(&mut authorizer.identity_source)?,
        ["identityValidationExpression"] => patch.text(&mut authorizer.identity_validation_expression)?,
        ["authorizerUri"] => patch.text(&mut authorizer.authorizer_uri)?,
        ["authorizerCredentials"] => patch.text(&mut authorizer.authorizer_credentials)?,
        ["authorizerResultTtlInSeconds"] => authorizer.authorizer_result_ttl_in_seconds = Some(patch.number()?),
        ["type"] => {
            authorizer.r#type = Some(AuthorizerType::parse(patch.value()?).ok_or_else(|| bad("Invalid authorizer type specified"))?);
        }
        ["providerARNs"] => {
            let arn = patch.value()?.to_owned();
            let arns = authorizer.provider_arns.get_or_insert_default();
            arns.retain(|there| *there != arn);
            if patch.op != Op::Remove {
                arns.push(arn);
            }
        }
        _ => return Err(patch.unknown()),
    }
    Ok(())
}
