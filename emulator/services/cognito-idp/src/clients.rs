//! App clients: made, described, changed, deleted; which flows they allow and how long their tokens live.

use crate::{CognitoIdp, Error, client_secrets::ClientSecret, model::*, pools::bad_token, providers, resource_servers, state::*, tier};
use kit::{Context, Fault, Read, Scope};

const DAY_SECS: i64 = 86_400;

impl CognitoIdp {
    /// Makes a client.
    pub async fn create_user_pool_client(
        &self,
        cx: &Context,
        input: CreateUserPoolClientInput,
    ) -> Result<CreateUserPoolClientOutput, Fault> {
        let id = cx.ids().lower(26);
        let secret = match (input.generate_secret == Some(true), input.client_secret) {
            (true, Some(_)) => return Err(bad("You cannot specify both GenerateSecret as true and provide a ClientSecret value.")),
            (false, None) => None,
            (_, given) => Some(ClientSecret::new(cx, &id, given)),
        };
        let fixed = UserPoolClientType {
            user_pool_id: Some(input.user_pool_id.clone()),
            client_id: Some(id),
            client_secret: secret.as_ref().map(|s| s.value.clone()),
            creation_date: Some(cx.now()),
            ..Default::default()
        };
        let wanted = UpdateUserPoolClientInput {
            user_pool_id: input.user_pool_id,
            client_name: Some(input.client_name),
            refresh_token_validity: input.refresh_token_validity,
            access_token_validity: input.access_token_validity,
            id_token_validity: input.id_token_validity,
            token_validity_units: input.token_validity_units,
            read_attributes: input.read_attributes,
            write_attributes: input.write_attributes,
            explicit_auth_flows: input.explicit_auth_flows,
            supported_identity_providers: input.supported_identity_providers,
            callback_urls: input.callback_urls,
            logout_urls: input.logout_urls,
            default_redirect_uri: input.default_redirect_uri,
            allowed_o_auth_flows: input.allowed_o_auth_flows,
            allowed_o_auth_scopes: input.allowed_o_auth_scopes,
            allowed_o_auth_flows_user_pool_client: input.allowed_o_auth_flows_user_pool_client,
            analytics_configuration: input.analytics_configuration,
            prevent_user_existence_errors: input.prevent_user_existence_errors,
            enable_token_revocation: input.enable_token_revocation,
            enable_propagate_additional_user_context_data: input.enable_propagate_additional_user_context_data,
            auth_session_validity: input.auth_session_validity,
            refresh_token_rotation: input.refresh_token_rotation,
            ..Default::default()
        };
        let client = cx
            .store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &wanted.user_pool_id)?;
                let settings = settings(cx, tx, "CreateUserPoolClient", &pool, fixed, wanted)?;
                let client = Client { settings, secrets: secret.into_iter().collect() };
                let place = Place { account: cx.account().into(), region: cx.region().into(), pool_id: pool.id.clone() };
                tx.put(&NAMES, cx.scope(), &client.id().to_owned(), &place)?;
                tx.put(&CLIENTS, cx.scope(), &(pool.id, client.id().to_owned()), &client)?;
                Ok(client)
            })
            .await?;
        Ok(CreateUserPoolClientOutput { user_pool_client: Some(client.settings) })
    }

    /// Describes a client, its secret included.
    pub async fn describe_user_pool_client(
        &self,
        cx: &Context,
        input: DescribeUserPoolClientInput,
    ) -> Result<DescribeUserPoolClientOutput, Fault> {
        cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            let client = client(s, cx.scope(), &input.user_pool_id, &input.client_id)?;
            Ok(DescribeUserPoolClientOutput { user_pool_client: Some(client.settings) })
        })
    }

    /// Changes a client; what the request doesn't name goes back to its default.
    pub async fn update_user_pool_client(
        &self,
        cx: &Context,
        input: UpdateUserPoolClientInput,
    ) -> Result<UpdateUserPoolClientOutput, Fault> {
        let changed = cx
            .store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let Client { settings: there, secrets } = client(tx, cx.scope(), &pool.id, &input.client_id)?;
                let fixed = UserPoolClientType {
                    user_pool_id: there.user_pool_id,
                    client_id: there.client_id,
                    client_name: there.client_name,
                    client_secret: there.client_secret,
                    creation_date: there.creation_date,
                    ..Default::default()
                };
                let changed = Client { settings: settings(cx, tx, "UpdateUserPoolClient", &pool, fixed, input)?, secrets };
                tx.put(&CLIENTS, cx.scope(), &(pool.id, changed.id().to_owned()), &changed)?;
                Ok(changed)
            })
            .await?;
        Ok(UpdateUserPoolClientOutput { user_pool_client: Some(changed.settings) })
    }

    /// Deletes a client.
    pub async fn delete_user_pool_client(
        &self,
        cx: &Context,
        input: DeleteUserPoolClientInput,
    ) -> Result<DeleteUserPoolClientOutput, Fault> {
        cx.store()
            .write(|tx| {
                pool(tx, cx.scope(), &input.user_pool_id)?;
                client(tx, cx.scope(), &input.user_pool_id, &input.client_id)?;
                tx.delete(&NAMES, cx.scope(), &input.client_id)?;
                tx.delete(&CLIENTS, cx.scope(), &(input.user_pool_id, input.client_id))
            })
            .await?;
        Ok(DeleteUserPoolClientOutput {})
    }

    /// Clients of a pool.
    pub async fn list_user_pool_clients(&self, cx: &Context, input: ListUserPoolClientsInput) -> Result<ListUserPoolClientsOutput, Fault> {
        let clients: Vec<Client> = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            s.scan(&CLIENTS, cx.scope()).prefix(&(input.user_pool_id.as_str(),)).map(|row| row.map(|(_, c)| c)).collect::<Result<_, _>>()
        })?;
        let limit = input.max_results.unwrap_or(60).max(1) as usize;
        let page = kit::pages::page(clients, |c| c.id().to_owned(), input.next_token.as_deref(), limit, bad_token)?;
        let brief = |c: Client| UserPoolClientDescription {
            client_id: c.settings.client_id,
            user_pool_id: c.settings.user_pool_id,
            client_name: c.settings.client_name,
        };
        Ok(ListUserPoolClientsOutput { user_pool_clients: Some(page.items.into_iter().map(brief).collect()), next_token: page.next })
    }
}

fn settings(
    cx: &Context,
    read: &impl Read,
    operation: &str,
    pool: &Pool,
    fixed: UserPoolClientType,
    wanted: UpdateUserPoolClientInput,
) -> Result<UserPoolClientType, Fault> {
    refuse_what_is_not_honoured(cx, operation, &wanted)?;
    check_oauth(read, cx.scope(), pool, fixed.client_secret.is_some(), &wanted)?;
    check_attributes(pool, wanted.read_attributes.as_deref())?;
    check_attributes(pool, wanted.write_attributes.as_deref())?;
    check_flows(&wanted)?;
    tier::check_flows(pool, wanted.explicit_auth_flows.as_deref())?;
    let made = UserPoolClientType {
        client_name: wanted.client_name.or(fixed.client_name.clone()),
        last_modified_date: Some(cx.now()),
        refresh_token_validity: Some(wanted.refresh_token_validity.filter(|n| *n > 0).unwrap_or(30)),
        access_token_validity: wanted.access_token_validity,
        id_token_validity: wanted.id_token_validity,
        token_validity_units: Some(wanted.token_validity_units.unwrap_or_default()),
        read_attributes: wanted.read_attributes,
        write_attributes: wanted.write_attributes,
        explicit_auth_flows: wanted.explicit_auth_flows,
        supported_identity_providers: wanted.supported_identity_providers,
        callback_urls: wanted.callback_urls,
        logout_urls: wanted.logout_urls,
        default_redirect_uri: wanted.default_redirect_uri,
        allowed_o_auth_scopes: wanted.allowed_o_auth_scopes,
        allowed_o_auth_flows: wanted.allowed_o_auth_flows,
        allowed_o_auth_flows_user_pool_client: Some(wanted.allowed_o_auth_flows_user_pool_client.unwrap_or(false)),
        prevent_user_existence_errors: wanted.prevent_user_existence_errors,
        enable_token_revocation: Some(wanted.enable_token_revocation.unwrap_or(true)),
        enable_propagate_additional_user_context_data: Some(wanted.enable_propagate_additional_user_context_data.unwrap_or(false)),
        auth_session_validity: Some(wanted.auth_session_validity.unwrap_or(3)),
        refresh_token_rotation: wanted.refresh_token_rotation,
        ..fixed
    };
    check_validity(&Client { settings: made.clone(), secrets: Vec::new() })?;
    Ok(made)
}

fn refuse_what_is_not_honoured(cx: &Context, operation: &str, wanted: &UpdateUserPoolClientInput) -> Result<(), Fault> {
    if wanted.analytics_configuration.is_some() {
        return Err(refused(operation, "AnalyticsConfiguration"));
    }
    if wanted.enable_propagate_additional_user_context_data == Some(true) {
        cx.warn("EnablePropagateAdditionalUserContextData has no effect");
    }
    Ok(())
}

/// What OAuth needs: flows that go together, scopes and providers of the pool, URLs that may be led back to.
fn check_oauth(read: &impl Read, scope: &Scope, pool: &Pool, has_secret: bool, wanted: &UpdateUserPoolClientInput) -> Result<(), Fault> {
    let flows = wanted.allowed_o_auth_flows.as_deref().unwrap_or_default();
    let scopes = wanted.allowed_o_auth_scopes.as_deref().unwrap_or_default();
    if wanted.allowed_o_auth_flows_user_pool_client == Some(true) && (flows.is_empty() || scopes.is_empty()) {
        return Err(bad("AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."));
    }
    if flows.contains(&OAuthFlowType::ClientCredentials) {
        if flows.len() > 1 {
            return Err(Error::InvalidOAuthFlow.says("client_credentials flow can not be selected along with code flow or implicit flow."));
        }
        if !has_secret {
            return Err(
                Error::InvalidOAuthFlow.says("client_credentials flow can not be selected if client does not have a client secret.")
            );
        }
        if let Some(user) = scopes.iter().find(|s| resource_servers::STANDARD_SCOPES.contains(&s.as_str())) {
            return Err(bad(format!("{user} is not supported with client_credentials flow.")));
        }
    }
    for name in scopes {
        if !resource_servers::knows_scope(read, scope, &pool.id, name)? {
            return Err(Error::ScopeDoesNotExist.says(format!("Invalid scope requested: {name}")));
        }
    }
    for name in wanted.supported_identity_providers.iter().flatten().filter(|name| *name != "COGNITO") {
        if providers::provider(read, scope, &pool.id, name).is_err() {
            return Err(bad(format!("The provider {name} does not exist for User Pool {}.", pool.id)));
        }
    }
    let callbacks = wanted.callback_urls.as_deref().unwrap_or_default();
    callbacks.iter().chain(wanted.logout_urls.iter().flatten()).chain(&wanted.default_redirect_uri).try_for_each(|url| check_url(url))?;
    match &wanted.default_redirect_uri {
        Some(url) if !callbacks.contains(url) => Err(bad("The default redirect URI must be in the list of callback URLs.")),
        _ => Ok(()),
    }
}

/// An absolute URL without fragment; plain http leads to this machine only.
fn check_url(url: &str) -> Result<(), Fault> {
    let (scheme, rest) = url
        .split_once(':')
        .filter(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        .ok_or_else(|| bad(format!("{url} is not a valid redirect URI.")))?;
    let host = rest.trim_start_matches('/').split(['/', ':', '?']).next().unwrap_or_default();
    let local = matches!(host, "localhost" | "127.0.0.1" | "[") || host.ends_with(".localhost");
    if scheme == "http" && !local {
        return Err(bad(format!("cannot use the HTTP protocol for {url}: only for http://localhost.")));
    }
    match url.contains('#') {
        true => Err(bad(format!("{url}: redirect URIs cannot contain fragments."))),
        false => Ok(()),
    }
}

fn check_attributes(pool: &Pool, names: Option<&[String]>) -> Result<(), Fault> {
    match names.unwrap_or_default().iter().find(|name| pool.attribute(name).is_none()) {
        Some(name) => Err(bad(format!("Invalid attributes {name} specified while creating a client."))),
        None => Ok(()),
    }
}

fn check_flows(wanted: &UpdateUserPoolClientInput) -> Result<(), Fault> {
    let flows = wanted.explicit_auth_flows.as_deref().unwrap_or_default();
    let new = flows.iter().filter(|flow| flow.as_str().starts_with("ALLOW_")).count();
    if new > 0 && new < flows.len() {
        return Err(bad("Cannot use both old and new ExplicitAuthFlows values."));
    }
    let rotates = wanted.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == Some(FeatureType::Enabled));
    if rotates && flows.contains(&ExplicitAuthFlowsType::AllowRefreshTokenAuth) {
        return Err(bad("Refresh token rotation cannot be enabled when ALLOW_REFRESH_TOKEN_AUTH is enabled."));
    }
    Ok(())
}

/// How long a client's tokens live, seconds.
pub(crate) struct Validity {
    pub access_secs: i64,
    pub id_secs: i64,
    pub refresh_secs: i64,
}

/// How long a client's tokens live.
pub(crate) fn validity(client: &Client) -> Validity {
    let settings = &client.settings;
    let units = settings.token_validity_units.clone().unwrap_or_default();
    let secs = |n: Option<i32>, unit: Option<TimeUnitsType>, default: TimeUnitsType| {
        n.map(|n| {
            let factor = match unit.unwrap_or(default) {
                TimeUnitsType::Seconds => 1,
                TimeUnitsType::Minutes => 60,
                TimeUnitsType::Hours => 3600,
                TimeUnitsType::Days => DAY_SECS,
            };
            i64::from(n) * factor
        })
    };
    Validity {
        access_secs: secs(settings.access_token_validity, units.access_token, TimeUnitsType::Hours).unwrap_or(3600),
        id_secs: secs(settings.id_token_validity, units.id_token, TimeUnitsType::Hours).unwrap_or(3600),
        refresh_secs: secs(settings.refresh_token_validity, units.refresh_token, TimeUnitsType::Days).unwrap_or(30 * DAY_SECS),
    }
}

fn check_validity(client: &Client) -> Result<(), Fault> {
    let validity = validity(client);
    let short = 300..=DAY_SECS;
    if !short.contains(&validity.access_secs)
        || !short.contains(&validity.id_secs)
        || !(3600..=3650 * DAY_SECS).contains(&validity.refresh_secs)
    {
        return Err(bad("Invalid range for token validity."));
    }
    match validity.access_secs > validity.refresh_secs || validity.id_secs > validity.refresh_secs {
        true => Err(bad("Invalid range for token validity. The refresh token must live longer than the access and id tokens.")),
        false => Ok(()),
    }
}

/// Whether a client changes its refresh tokens with each use.
pub(crate) fn rotates(client: &Client) -> bool {
    client.settings.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == Some(FeatureType::Enabled))
}

/// Whether a client allows a flow, by its new or its old name. A client that names none allows SRP, custom and refresh; one that rotates
/// refreshes by GetTokensFromRefreshToken alone, for REFRESH_TOKEN_AUTH gives no new token.
pub(crate) fn allows(client: &Client, new: ExplicitAuthFlowsType, old: Option<ExplicitAuthFlowsType>) -> bool {
    use ExplicitAuthFlowsType::*;
    let flows = client.settings.explicit_auth_flows.as_deref().unwrap_or_default();
    if new == AllowRefreshTokenAuth && rotates(client) {
        return false;
    }
    if flows.is_empty() {
        return matches!(new, AllowUserSrpAuth | AllowCustomAuth | AllowRefreshTokenAuth);
    }
    // Clients of the old kind always allow SRP and refresh, unless they are for custom sign-in only.
    let old_kind = !flows.iter().any(|flow| flow.as_str().starts_with("ALLOW_"));
    let implied = old_kind && (new == AllowRefreshTokenAuth || new == AllowUserSrpAuth && !flows.contains(&CustomAuthFlowOnly));
    implied || flows.contains(&new) || old.is_some_and(|old| flows.contains(&old))
}
