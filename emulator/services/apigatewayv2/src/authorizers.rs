//! Authorizers: tokens of user pools (JWT), and functions that judge requests.

use crate::{ApiGatewayV2, Error, integrations::function_of, model::*, state::*};
use kit::{Context, Fault};

impl ApiGatewayV2 {
    /// Makes an authorizer.
    pub async fn create_authorizer(&self, cx: &Context, input: CreateAuthorizerInput) -> Result<CreateAuthorizerOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let mut authorizer: Authorizer = shown(&input)?;
            authorizer.authorizer_id = Some(cx.ids().lower(6));
            check(api, &authorizer)?;
            api.authorizers.insert(authorizer.authorizer_id.clone().unwrap_or_default(), authorizer.clone());
            shown(&authorizer)
        })
        .await
    }

    /// Describes an authorizer.
    pub async fn get_authorizer(&self, cx: &Context, input: GetAuthorizerInput) -> Result<GetAuthorizerOutput, Fault> {
        let id = &input.authorizer_id;
        of_api(cx, &input.api_id, |api| shown(api.authorizers.get(id).ok_or_else(|| missing("Authorizer", id))?))
    }

    /// All authorizers of an API.
    pub async fn get_authorizers(&self, cx: &Context, input: GetAuthorizersInput) -> Result<GetAuthorizersOutput, Fault> {
        let all = of_api(cx, &input.api_id, |api| Ok(api.authorizers.values().cloned().collect()))?;
        let key = |a: &Authorizer| a.authorizer_id.clone().unwrap_or_default();
        let (items, next_token) = page(all, key, input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetAuthorizersOutput { items: Some(items), next_token })
    }

    /// Changes an authorizer.
    pub async fn update_authorizer(&self, cx: &Context, input: UpdateAuthorizerInput) -> Result<UpdateAuthorizerOutput, Fault> {
        change(cx, &input.api_id.clone(), |api| {
            let there = api.authorizers.get(&input.authorizer_id).ok_or_else(|| missing("Authorizer", &input.authorizer_id))?;
            let authorizer: Authorizer = updated(there, &input)?;
            check(api, &authorizer)?;
            api.authorizers.insert(input.authorizer_id.clone(), authorizer.clone());
            shown(&authorizer)
        })
        .await
    }

    /// Deletes an authorizer that no route has.
    pub async fn delete_authorizer(&self, cx: &Context, input: DeleteAuthorizerInput) -> Result<DeleteAuthorizerOutput, Fault> {
        let id = input.authorizer_id;
        change(cx, &input.api_id, |api| {
            if api.routes.values().any(|r| r.authorizer_id.as_deref() == Some(&id)) {
                return Err(Error::Conflict.says(format!("Cannot delete Authorizer {id}: it is used by a Route")));
            }
            api.authorizers.remove(&id).ok_or_else(|| missing("Authorizer", &id))
        })
        .await?;
        Ok(DeleteAuthorizerOutput {})
    }

    /// Forgets what authorizers have said about callers of a stage.
    pub async fn reset_authorizers_cache(
        &self,
        cx: &Context,
        input: ResetAuthorizersCacheInput,
    ) -> Result<ResetAuthorizersCacheOutput, Fault> {
        of_api(cx, &input.api_id, |_| Ok(()))?;
        self.edge.forget_callers(&format!("{}/{}/", input.api_id, input.stage_name));
        Ok(ResetAuthorizersCacheOutput {})
    }
}

/// Checks an authorizer that an API is to have.
pub(crate) fn check(api: &Kept, authorizer: &Authorizer) -> Result<(), Fault> {
    let name = &authorizer.name;
    if api.authorizers.values().any(|a| a.authorizer_id != authorizer.authorizer_id && a.name == *name) {
        return Err(bad(format!("Authorizer name must be unique. Authorizer {name} already exists in this Api.")));
    }
    let sources = authorizer.identity_source.as_deref().unwrap_or_default();
    const KINDS: [&str; 4] = ["$request.header.", "$request.querystring.", "$context.", "$stageVariables."];
    if let Some(source) = sources.iter().find(|source| !KINDS.iter().any(|kind| source.starts_with(kind))) {
        return Err(bad(format!("Invalid identity source specified {source}")));
    }
    if authorizer.authorizer_type == Some(AuthorizerType::Jwt) {
        let jwt = authorizer.jwt_configuration.clone().unwrap_or_default();
        if jwt.audience.is_none_or(|audience| audience.is_empty()) || sources.len() != 1 {
            return Err(bad("JWT authorizers need JwtConfiguration with Audience and Issuer, and one IdentitySource"));
        }
        let issuer = jwt.issuer.unwrap_or_default();
        return match pool_of(&issuer) {
            Some(_) => Ok(()),
            None if !issuer.starts_with("https://") => {
                Err(bad("Caught exception when connecting to the issuer. Please try again later. Error: Invalid issuer"))
            }
            None => Err(refused("CreateAuthorizer", &format!("the issuer {issuer} (user pools of this cloud only)"))),
        };
    }
    if function_of(authorizer.authorizer_uri.as_deref().unwrap_or_default()).is_none() {
        return Err(bad("Invalid Authorizer URI specified"));
    }
    match authorizer.authorizer_payload_format_version.as_deref() {
        Some("1.0") if authorizer.enable_simple_responses == Some(true) => {
            Err(bad("EnableSimpleResponses is only supported for payload format version 2.0"))
        }
        Some("1.0" | "2.0") => Ok(()),
        _ => Err(bad("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer")),
    }
}

/// Id of the user pool that an issuer is, in AWS's form (`https://cognito-idp.R.amazonaws.com/R_ID`) or in that of the cloud's own discovery
/// (`http://127.0.0.1:4566/R_ID`). The pool is asked by its id; which form a token has is its own affair.
pub(crate) fn pool_of(issuer: &str) -> Option<&str> {
    let aws = issuer.strip_prefix("https://cognito-idp.").and_then(|rest| rest.split_once(".amazonaws.com/"));
    let here = || issuer.strip_prefix("http://")?.split_once('/');
    let (_, pool) = aws.or_else(here)?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    pool.split_once('_').is_some_and(|(region, name)| plain(region) && plain(name)).then_some(pool)
}
