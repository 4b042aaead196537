//! Identity providers of a pool: who else may say who a user is. OpenID Connect issuers are asked by the hosted pages; the others are
//! checked and kept, for what they lead to lies outside.

use crate::{CognitoIdp, Error, model::*, pools::bad_token, state::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identity providers by pool and name.
pub(crate) const PROVIDERS: Table<(String, String), Provider> = Table::new("cognito-idp.providers", TableScope::Region);

/// An identity provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Provider {
    #[serde(with = "wire::kept")]
    pub settings: IdentityProviderType,
}

type Details = BTreeMap<String, String>;

/// An identity provider, or AWS's fault.
pub(crate) fn provider(read: &impl Read, scope: &Scope, pool_id: &str, name: &str) -> Result<Provider, Fault> {
    read.get(&PROVIDERS, scope, &(pool_id.to_owned(), name.to_owned()))?
        .ok_or_else(|| Error::ResourceNotFound.says(format!("Identity provider {name} does not exist.")))
}

impl CognitoIdp {
    /// Makes an identity provider.
    pub async fn create_identity_provider(
        &self,
        cx: &Context,
        input: CreateIdentityProviderInput,
    ) -> Result<CreateIdentityProviderOutput, Fault> {
        if input.provider_name.eq_ignore_ascii_case("COGNITO") {
            return Err(bad("COGNITO is a reserved provider name."));
        }
        check_name(input.provider_type, &input.provider_name)?;
        let details = checked_details(cx, input.provider_type, input.provider_details)?;
        let key = (input.user_pool_id.clone(), input.provider_name.clone());
        let made = Provider {
            settings: IdentityProviderType {
                user_pool_id: Some(input.user_pool_id),
                provider_name: Some(input.provider_name),
                provider_type: Some(input.provider_type),
                provider_details: Some(details),
                attribute_mapping: Some(with_username(input.provider_type, input.attribute_mapping.unwrap_or_default())),
                idp_identifiers: Some(input.idp_identifiers.unwrap_or_default()),
                last_modified_date: Some(cx.now()),
                creation_date: Some(cx.now()),
            },
        };
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &key.0)?;
                if tx.exists(&PROVIDERS, cx.scope(), &key)? {
                    return Err(Error::DuplicateProvider.says(format!("A provider with the name {} already exists.", key.1)));
                }
                check(tx, cx.scope(), &pool, &made)?;
                tx.put(&PROVIDERS, cx.scope(), &key, &made)
            })
            .await?;
        Ok(CreateIdentityProviderOutput { identity_provider: Some(made.settings) })
    }

    /// Describes an identity provider.
    pub async fn describe_identity_provider(
        &self,
        cx: &Context,
        input: DescribeIdentityProviderInput,
    ) -> Result<DescribeIdentityProviderOutput, Fault> {
        let found = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            provider(s, cx.scope(), &input.user_pool_id, &input.provider_name)
        })?;
        Ok(DescribeIdentityProviderOutput { identity_provider: Some(found.settings) })
    }

    /// The identity provider of an identifier (`example.com`).
    pub async fn get_identity_provider_by_identifier(
        &self,
        cx: &Context,
        input: GetIdentityProviderByIdentifierInput,
    ) -> Result<GetIdentityProviderByIdentifierOutput, Fault> {
        let found = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            by_identifier(s, cx.scope(), &input.user_pool_id, &input.idp_identifier)
        })?;
        let missing = || Error::ResourceNotFound.says(format!("Identity provider for identifier {} does not exist.", input.idp_identifier));
        Ok(GetIdentityProviderByIdentifierOutput { identity_provider: Some(found.ok_or_else(missing)?.settings) })
    }

    /// Changes what the request names.
    pub async fn update_identity_provider(
        &self,
        cx: &Context,
        input: UpdateIdentityProviderInput,
    ) -> Result<UpdateIdentityProviderOutput, Fault> {
        let changed = cx
            .store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let mut there = provider(tx, cx.scope(), &pool.id, &input.provider_name)?;
                let settings = &mut there.settings;
                let kind = settings.provider_type.unwrap_or(IdentityProviderTypeType::Oidc);
                if let Some(details) = input.provider_details {
                    settings.provider_details = Some(checked_details(cx, kind, details)?);
                }
                if let Some(mapping) = input.attribute_mapping {
                    settings.attribute_mapping = Some(with_username(kind, mapping));
                }
                settings.idp_identifiers = input.idp_identifiers.or(settings.idp_identifiers.take());
                settings.last_modified_date = Some(cx.now());
                check(tx, cx.scope(), &pool, &there)?;
                tx.put(&PROVIDERS, cx.scope(), &(pool.id, input.provider_name), &there)?;
                Ok(there)
            })
            .await?;
        Ok(UpdateIdentityProviderOutput { identity_provider: Some(changed.settings) })
    }

    /// Deletes an identity provider; users who came by it stay.
    pub async fn delete_identity_provider(
        &self,
        cx: &Context,
        input: DeleteIdentityProviderInput,
    ) -> Result<DeleteIdentityProviderOutput, Fault> {
        cx.store()
            .write(|tx| {
                pool(tx, cx.scope(), &input.user_pool_id)?;
                provider(tx, cx.scope(), &input.user_pool_id, &input.provider_name)?;
                tx.delete(&PROVIDERS, cx.scope(), &(input.user_pool_id, input.provider_name))
            })
            .await?;
        Ok(DeleteIdentityProviderOutput {})
    }

    /// Identity providers of a pool, by name.
    pub async fn list_identity_providers(
        &self,
        cx: &Context,
        input: ListIdentityProvidersInput,
    ) -> Result<ListIdentityProvidersOutput, Fault> {
        let all = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            of_pool(s, cx.scope(), &input.user_pool_id)
        })?;
        let name = |p: &Provider| p.settings.provider_name.clone().unwrap_or_default();
        let limit = input.max_results.unwrap_or(60).max(1) as usize;
        let page = kit::pages::page(all, name, input.next_token.as_deref(), limit, bad_token)?;
        let brief = |p: Provider| ProviderDescription {
            provider_name: p.settings.provider_name,
            provider_type: p.settings.provider_type,
            last_modified_date: p.settings.last_modified_date,
            creation_date: p.settings.creation_date,
        };
        Ok(ListIdentityProvidersOutput { providers: page.items.into_iter().map(brief).collect(), next_token: page.next })
    }
}

/// All identity providers of a pool.
pub(crate) fn of_pool(read: &impl Read, scope: &Scope, pool_id: &str) -> Result<Vec<Provider>, Fault> {
    read.scan(&PROVIDERS, scope).prefix(&(pool_id,)).map(|row| row.map(|(_, provider)| provider)).collect()
}

/// The identity provider that has this identifier.
pub(crate) fn by_identifier(read: &impl Read, scope: &Scope, pool_id: &str, identifier: &str) -> Result<Option<Provider>, Fault> {
    let all = of_pool(read, scope, pool_id)?;
    Ok(all.into_iter().find(|p| p.settings.idp_identifiers.iter().flatten().any(|known| known == identifier)))
}

/// Attributes of the pool and identifiers that nobody else has.
fn check(read: &impl Read, scope: &Scope, pool: &Pool, provider: &Provider) -> Result<(), Fault> {
    let settings = &provider.settings;
    let mapped = settings.attribute_mapping.iter().flat_map(BTreeMap::keys);
    if let Some(unknown) = mapped.into_iter().find(|name| *name != "username" && pool.attribute(name).is_none()) {
        return Err(bad(format!("Invalid AttributeMapping: attribute {unknown} does not exist in the user pool.")));
    }
    for identifier in settings.idp_identifiers.iter().flatten() {
        let other = by_identifier(read, scope, &pool.id, identifier)?;
        if other.is_some_and(|other| other.settings.provider_name != settings.provider_name) {
            return Err(bad(format!("The identifier {identifier} is already used by another provider.")));
        }
    }
    Ok(())
}

/// Social providers have one name each (AWS's reference of CreateUserPoolClient lists them as SupportedIdentityProviders).
fn check_name(kind: IdentityProviderTypeType, name: &str) -> Result<(), Fault> {
    let social = !matches!(kind, IdentityProviderTypeType::Oidc | IdentityProviderTypeType::Saml);
    match social && name != kind.as_str() {
        true => Err(bad(format!("Provider {name} cannot be of type {kind}: its name must be {kind}."))),
        false => Ok(()),
    }
}

/// OpenID Connect's user name is the subject unless the mapping says otherwise.
fn with_username(kind: IdentityProviderTypeType, mut mapping: Details) -> Details {
    if kind == IdentityProviderTypeType::Oidc {
        mapping.entry("username".into()).or_insert_with(|| "sub".into());
    }
    mapping
}

fn checked_details(cx: &Context, kind: IdentityProviderTypeType, mut details: Details) -> Result<Details, Fault> {
    let needed: &[&str] = match kind {
        IdentityProviderTypeType::Oidc => &["client_id", "authorize_scopes", "oidc_issuer"],
        IdentityProviderTypeType::Saml => &[],
        IdentityProviderTypeType::SignInWithApple => &["client_id", "team_id", "key_id", "authorize_scopes"],
        _ => &["client_id", "client_secret", "authorize_scopes"],
    };
    if let Some(missing) = needed.iter().find(|name| details.get(**name).is_none_or(String::is_empty)) {
        return Err(bad(format!("Missing required provider detail: {missing}.")));
    }
    match kind {
        IdentityProviderTypeType::Oidc => {
            let issuer = &details["oidc_issuer"];
            if !issuer.starts_with("https://") && !is_local(issuer) {
                return Err(bad("oidc_issuer must be an https URL."));
            }
            details.entry("attributes_request_method".into()).or_insert_with(|| "GET".into());
            details.entry("attributes_url_add_attributes".into()).or_insert_with(|| "false".into());
        }
        IdentityProviderTypeType::Saml => check_saml(cx, &details)?,
        other => cx.warn(format!("ProviderType {other} is kept: nobody can sign in by it here, for it lies outside")),
    }
    Ok(details)
}

/// SAML providers are checked and kept. Nobody signs in by one: a response is only as good as the check of its XML signature, and what there is
/// for that in Rust stands on C libraries (samael on xmlsec1 and libxml2) or on releases of cryptography that are not final (bergshamra).
fn check_saml(cx: &Context, details: &Details) -> Result<(), Fault> {
    match (details.get("MetadataFile"), details.get("MetadataURL")) {
        (Some(file), None) if file.contains("EntityDescriptor") && file.contains("entityID") => {}
        (Some(_), None) => return Err(bad("Invalid SAML metadata: no EntityDescriptor with an entityID.")),
        (None, Some(url)) if url.starts_with("https://") || is_local(url) => {}
        (None, Some(_)) => return Err(bad("MetadataURL must be an https URL.")),
        _ => return Err(bad("Exactly one of MetadataFile and MetadataURL must be given.")),
    }
    cx.warn("ProviderType SAML is kept: nobody can sign in by it here, for nothing here checks signatures of XML");
    Ok(())
}

/// An issuer of this machine may do without TLS.
fn is_local(url: &str) -> bool {
    let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
    host.is_some_and(|host| host == "localhost" || host == "127.0.0.1" || host.ends_with(".localhost"))
}
