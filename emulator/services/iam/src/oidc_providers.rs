//! OpenID Connect providers of an account: URL, client ids and thumbprints, kept as they are given. Nobody asks them anything here: the
//! machine is offline, and AssumeRoleWithWebIdentity takes tokens of issuers whose keys are in the cloud.

use crate::{
    Iam,
    entity::{tag_list, tags_of, whole_second},
    model::*,
    state::{PROVIDERS, Provider},
};
use kit::{Access, Authorize, Context, Fault, Read};

/// Providers of an account, AWS's default quota.
const MOST_PROVIDERS: usize = 100;
/// Client ids of a provider, AWS's quota.
const MOST_CLIENTS: usize = 100;
/// Thumbprints of a provider, AWS's quota.
const MOST_THUMBPRINTS: usize = 5;

impl Iam {
    /// Registers a provider; its ARN carries the URL without `https://`.
    pub async fn create_open_id_connect_provider(
        &self,
        cx: &Context,
        input: CreateOpenIDConnectProviderInput,
    ) -> Result<CreateOpenIDConnectProviderOutput, Fault> {
        let Some(host) = input.url.strip_prefix("https://").map(|rest| rest.trim_end_matches('/')).filter(|host| !host.is_empty()) else {
            return Err(Fault::new("ValidationError", 400, "Invalid Open ID Connect Provider URL"));
        };
        if host.contains(['?', '#']) {
            return Err(Fault::new("ValidationError", 400, "Invalid Open ID Connect Provider URL"));
        }
        let provider = Provider {
            host: host.to_owned(),
            clients: unique(input.client_id_list.unwrap_or_default()),
            thumbprints: input.thumbprint_list.unwrap_or_default(),
            created: whole_second(cx.now()),
            tags: tags_of(input.tags)?,
        };
        provider.check()?;
        let arn = arn_of(cx, host);
        cx.store()
            .write(|tx| {
                if tx.exists(&PROVIDERS, cx.scope(), &arn)? {
                    return Err(Error::EntityAlreadyExists.says(format!("Provider with url {host} already exists.")));
                }
                if tx.count(&PROVIDERS, cx.scope())? >= MOST_PROVIDERS {
                    return Err(
                        Error::LimitExceeded.says(format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST_PROVIDERS}"))
                    );
                }
                tx.put(&PROVIDERS, cx.scope(), &arn, &provider)
            })
            .await?;
        Ok(CreateOpenIDConnectProviderOutput { open_id_connect_provider_arn: Some(arn), tags: tag_list(&provider.tags) })
    }

    /// A provider; the URL is shown without its scheme, as AWS shows it.
    pub async fn get_open_id_connect_provider(
        &self,
        cx: &Context,
        input: GetOpenIDConnectProviderInput,
    ) -> Result<GetOpenIDConnectProviderOutput, Fault> {
        let provider = cx.store().read(|s| must_find_provider(s, cx, &input.open_id_connect_provider_arn))?;
        Ok(GetOpenIDConnectProviderOutput {
            url: Some(provider.host),
            client_id_list: Some(provider.clients),
            thumbprint_list: Some(provider.thumbprints),
            create_date: Some(provider.created),
            tags: tag_list(&provider.tags),
        })
    }

    /// The ARNs of all providers.
    pub async fn list_open_id_connect_providers(
        &self,
        cx: &Context,
        _: ListOpenIDConnectProvidersInput,
    ) -> Result<ListOpenIDConnectProvidersOutput, Fault> {
        let arns: Vec<String> = cx.store().read(|s| s.scan(&PROVIDERS, cx.scope()).keys().collect::<Result<_, Fault>>())?;
        let list = arns.into_iter().map(|arn| OpenIDConnectProviderListEntry { arn: Some(arn) }).collect();
        Ok(ListOpenIDConnectProvidersOutput { open_id_connect_provider_list: Some(list) })
    }

    /// Forgets a provider.
    pub async fn delete_open_id_connect_provider(
        &self,
        cx: &Context,
        input: DeleteOpenIDConnectProviderInput,
    ) -> Result<DeleteOpenIDConnectProviderOutput, Fault> {
        let arn = input.open_id_connect_provider_arn;
        cx.store()
            .write(|tx| {
                must_find_provider(tx, cx, &arn)?;
                tx.delete(&PROVIDERS, cx.scope(), &arn).map(drop)
            })
            .await?;
        Ok(DeleteOpenIDConnectProviderOutput {})
    }

    /// Adds a client id; one that is there already changes nothing.
    pub async fn add_client_id_to_open_id_connect_provider(
        &self,
        cx: &Context,
        input: AddClientIDToOpenIDConnectProviderInput,
    ) -> Result<AddClientIDToOpenIDConnectProviderOutput, Fault> {
        change(cx, &input.open_id_connect_provider_arn, |provider| {
            provider.clients.push(input.client_id);
            provider.clients = unique(std::mem::take(&mut provider.clients));
        })
        .await?;
        Ok(AddClientIDToOpenIDConnectProviderOutput {})
    }

    /// Takes a client id away; one that isn't there is no error.
    pub async fn remove_client_id_from_open_id_connect_provider(
        &self,
        cx: &Context,
        input: RemoveClientIDFromOpenIDConnectProviderInput,
    ) -> Result<RemoveClientIDFromOpenIDConnectProviderOutput, Fault> {
        change(cx, &input.open_id_connect_provider_arn, |provider| provider.clients.retain(|client| *client != input.client_id)).await?;
        Ok(RemoveClientIDFromOpenIDConnectProviderOutput {})
    }

    /// Replaces the thumbprints.
    pub async fn update_open_id_connect_provider_thumbprint(
        &self,
        cx: &Context,
        input: UpdateOpenIDConnectProviderThumbprintInput,
    ) -> Result<UpdateOpenIDConnectProviderThumbprintOutput, Fault> {
        change(cx, &input.open_id_connect_provider_arn, |provider| provider.thumbprints = input.thumbprint_list).await?;
        Ok(UpdateOpenIDConnectProviderThumbprintOutput {})
    }
}

impl Provider {
    fn check(&self) -> Result<(), Fault> {
        if self.clients.len() > MOST_CLIENTS {
            return Err(Error::LimitExceeded.says(format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}")));
        }
        match self.thumbprints.len() <= MOST_THUMBPRINTS {
            true => Ok(()),
            false => Err(Error::InvalidInput.says(format!("Thumbprint list must contain fewer than {MOST_THUMBPRINTS} entries."))),
        }
    }
}

fn arn_of(cx: &Context, host: &str) -> String {
    format!("arn:aws:iam::{}:oidc-provider/{host}", cx.account())
}

/// Each once, in the order in which they came.
fn unique(list: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    list.into_iter().filter(|one| seen.insert(one.clone())).collect()
}

fn must_find_provider(store: &impl Read, cx: &Context, arn: &str) -> Result<Provider, Fault> {
    let missing = || Error::NoSuchEntity.says(format!("OpenIDConnect Provider not found for arn {arn}"));
    store.get(&PROVIDERS, cx.scope(), &arn.to_owned())?.ok_or_else(missing)
}

async fn change(cx: &Context, arn: &str, change: impl FnOnce(&mut Provider)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut provider = must_find_provider(tx, cx, arn)?;
            change(&mut provider);
            provider.check()?;
            tx.put(&PROVIDERS, cx.scope(), &arn.to_owned(), &provider)
        })
        .await
}

impl Authorize<Iam> for CreateOpenIDConnectProviderInput {
    fn access(&self, _: &Iam, cx: &Context) -> Access {
        let host = self.url.strip_prefix("https://").unwrap_or(&self.url);
        Access::on("iam:CreateOpenIDConnectProvider", arn_of(cx, host.trim_end_matches('/')))
    }
}
impl Authorize<Iam> for ListOpenIDConnectProvidersInput {
    fn access(&self, _: &Iam, _: &Context) -> Access {
        Access::any("iam:ListOpenIDConnectProviders")
    }
}

macro_rules! on {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Iam> for $input {
            fn access(&self, _: &Iam, _: &Context) -> Access {
                Access::on($action, self.open_id_connect_provider_arn.clone())
            }
        }
    )*};
}
on! {
    GetOpenIDConnectProviderInput => "iam:GetOpenIDConnectProvider";
    DeleteOpenIDConnectProviderInput => "iam:DeleteOpenIDConnectProvider";
    AddClientIDToOpenIDConnectProviderInput => "iam:AddClientIDToOpenIDConnectProvider";
    RemoveClientIDFromOpenIDConnectProviderInput => "iam:RemoveClientIDFromOpenIDConnectProvider";
    UpdateOpenIDConnectProviderThumbprintInput => "iam:UpdateOpenIDConnectProviderThumbprint";
}
