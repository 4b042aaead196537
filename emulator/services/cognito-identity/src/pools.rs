//! Identity pools: whom they trust, and whether strangers are identities too.

use crate::{CognitoIdentity, model::*, state::*};
use kit::{Arn, Context, Fault, Read};

/// Pools of an account in a region, AWS's default quota.
const MOST_POOLS: usize = 1000;

impl CognitoIdentity {
    /// Makes a pool.
    pub async fn create_identity_pool(&self, cx: &Context, input: CreateIdentityPoolInput) -> Result<CreateIdentityPoolOutput, Fault> {
        let settings = IdentityPool {
            identity_pool_id: format!("{}:{}", cx.region(), cx.ids().uuid()),
            identity_pool_name: input.identity_pool_name,
            allow_unauthenticated_identities: input.allow_unauthenticated_identities,
            allow_classic_flow: input.allow_classic_flow,
            supported_login_providers: input.supported_login_providers,
            developer_provider_name: input.developer_provider_name,
            open_id_connect_provider_arns: input.open_id_connect_provider_arns,
            cognito_identity_providers: input.cognito_identity_providers,
            saml_provider_arns: input.saml_provider_arns,
            identity_pool_tags: input.identity_pool_tags,
        };
        check(&settings)?;
        let id = settings.identity_pool_id.clone();
        let pool = Pool { settings: settings.clone(), ..Pool::default() };
        let place = Place { account: cx.account().into(), region: cx.region().into(), pool_id: id.clone() };
        cx.store()
            .write(|tx| {
                if tx.count(&POOLS, cx.scope())? >= MOST_POOLS {
                    return Err(crate::Error::LimitExceeded.says(format!("Exceeded the limit of {MOST_POOLS} identity pools.")));
                }
                tx.put(&NAMES, cx.scope(), &id, &place)?;
                tx.put(&POOLS, cx.scope(), &id, &pool)
            })
            .await?;
        Ok(settings)
    }

    /// Describes a pool.
    pub async fn describe_identity_pool(
        &self,
        cx: &Context,
        input: DescribeIdentityPoolInput,
    ) -> Result<DescribeIdentityPoolOutput, Fault> {
        Ok(cx.store().read(|s| pool(s, cx.scope(), &input.identity_pool_id))?.settings)
    }

    /// Replaces a pool's settings: what is left out is set back. Tags stay where none are given.
    pub async fn update_identity_pool(&self, cx: &Context, input: UpdateIdentityPoolInput) -> Result<UpdateIdentityPoolOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.identity_pool_id)?;
                // AWS: the name of the developer provider can't be changed once it is set.
                if pool.developer().is_some() && input.developer_provider_name.as_deref() != pool.developer() {
                    return Err(bad("DeveloperProviderName cannot be changed once it has been set."));
                }
                pool.settings = IdentityPool {
                    identity_pool_id: input.identity_pool_id,
                    identity_pool_name: input.identity_pool_name,
                    allow_unauthenticated_identities: input.allow_unauthenticated_identities,
                    allow_classic_flow: input.allow_classic_flow,
                    supported_login_providers: input.supported_login_providers,
                    developer_provider_name: input.developer_provider_name,
                    open_id_connect_provider_arns: input.open_id_connect_provider_arns,
                    cognito_identity_providers: input.cognito_identity_providers,
                    saml_provider_arns: input.saml_provider_arns,
                    identity_pool_tags: input.identity_pool_tags.or(pool.settings.identity_pool_tags),
                };
                check(&pool.settings)?;
                tx.put(&POOLS, cx.scope(), &pool.id().to_owned(), &pool)?;
                Ok(pool.settings)
            })
            .await
    }

    /// Deletes a pool with its identities.
    pub async fn delete_identity_pool(&self, cx: &Context, input: DeleteIdentityPoolInput) -> Result<DeleteIdentityPoolOutput, Fault> {
        let id = input.identity_pool_id;
        cx.store()
            .write(|tx| {
                pool(tx, cx.scope(), &id)?;
                let keys: Vec<(String, String)> =
                    tx.scan(&IDENTITIES, cx.scope()).prefix(&(id.clone(),)).keys().collect::<Result<_, Fault>>()?;
                for key in keys {
                    tx.delete(&NAMES, cx.scope(), &key.1)?;
                    tx.delete(&IDENTITIES, cx.scope(), &key)?;
                }
                tx.delete(&NAMES, cx.scope(), &id)?;
                tx.delete(&POOLS, cx.scope(), &id).map(drop)
            })
            .await?;
        Ok(DeleteIdentityPoolOutput {})
    }

    /// Names of all pools.
    pub async fn list_identity_pools(&self, cx: &Context, input: ListIdentityPoolsInput) -> Result<ListIdentityPoolsOutput, Fault> {
        let pools: Vec<Pool> =
            cx.store().read(|s| s.scan(&POOLS, cx.scope()).map(|row| row.map(|(_, pool)| pool)).collect::<Result<_, Fault>>())?;
        let page = kit::pages::page(
            pools,
            |pool| pool.id().to_owned(),
            input.next_token.as_deref(),
            input.max_results.max(1) as usize,
            bad_token,
        )?;
        let short = |pool: Pool| IdentityPoolShortDescription {
            identity_pool_id: Some(pool.settings.identity_pool_id),
            identity_pool_name: Some(pool.settings.identity_pool_name),
        };
        Ok(ListIdentityPoolsOutput { identity_pools: Some(page.items.into_iter().map(short).collect()), next_token: page.next })
    }
}

/// What AWS asks of settings beside the model's constraints.
fn check(settings: &IdentityPool) -> Result<(), Fault> {
    for provider in settings.cognito_identity_providers.iter().flatten() {
        let name = provider.provider_name.as_deref().unwrap_or_default();
        let pool = name.strip_prefix("cognito-idp.").and_then(|rest| rest.split_once(".amazonaws.com/"));
        if pool.is_none_or(|(region, pool_id)| !pool_id.starts_with(&format!("{region}_"))) {
            return Err(bad("Invalid Cognito Identity Provider"));
        }
        if provider.client_id.as_deref().is_none_or(str::is_empty) {
            return Err(bad("Please provide a client ID for the Cognito Identity Provider."));
        }
    }
    let provider_of = |arn: &String, kind: &str| Arn::parse(arn).is_some_and(|a| a.service == "iam" && a.after(kind).is_some());
    if let Some(arn) = settings.open_id_connect_provider_arns.iter().flatten().find(|arn| !provider_of(arn, "oidc-provider/")) {
        return Err(bad(format!("Invalid OpenIdConnect provider ARN: {arn}")));
    }
    if let Some(arn) = settings.saml_provider_arns.iter().flatten().find(|arn| !provider_of(arn, "saml-provider/")) {
        return Err(bad(format!("Invalid SAML provider ARN: {arn}")));
    }
    match settings.identity_pool_tags.as_ref().is_some_and(|tags| tags.len() > 50) {
        true => Err(bad("A resource can have at most 50 tags.")),
        false => Ok(()),
    }
}

pub(crate) fn bad_token() -> Fault {
    bad("Invalid pagination token.")
}
