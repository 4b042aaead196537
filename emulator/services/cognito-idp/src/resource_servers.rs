//! Resource servers: APIs that clients ask OAuth scopes of, `identifier/scope`.

use crate::{CognitoIdp, Error, model::*, pools::bad_token, state::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope};
use serde::{Deserialize, Serialize};

/// Resource servers by pool and identifier.
pub(crate) const RESOURCE_SERVERS: Table<(String, String), ResourceServer> = Table::new("cognito-idp.resource-servers", TableScope::Region);

/// A resource server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ResourceServer {
    #[serde(with = "wire::kept")]
    pub settings: ResourceServerType,
}

/// Scopes that every pool has.
pub(crate) const STANDARD_SCOPES: [&str; 5] = ["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"];

/// Whether a pool knows a scope: a standard one, or one of its resource servers.
pub(crate) fn knows_scope(read: &impl Read, scope: &Scope, pool_id: &str, name: &str) -> Result<bool, Fault> {
    if STANDARD_SCOPES.contains(&name) {
        return Ok(true);
    }
    // Identifiers may hold slashes, scope names may not.
    let Some((identifier, bare)) = name.rsplit_once('/') else { return Ok(false) };
    let server = read.get(&RESOURCE_SERVERS, scope, &(pool_id.to_owned(), identifier.to_owned()))?;
    Ok(server.is_some_and(|s| s.settings.scopes.iter().flatten().any(|scope| scope.scope_name == bare)))
}

impl CognitoIdp {
    /// Makes a resource server.
    pub async fn create_resource_server(
        &self,
        cx: &Context,
        input: CreateResourceServerInput,
    ) -> Result<CreateResourceServerOutput, Fault> {
        check_scopes(input.scopes.as_deref())?;
        let key = (input.user_pool_id.clone(), input.identifier.clone());
        let made = ResourceServer {
            settings: ResourceServerType {
                user_pool_id: Some(input.user_pool_id),
                identifier: Some(input.identifier),
                name: Some(input.name),
                scopes: Some(input.scopes.unwrap_or_default()),
            },
        };
        cx.store()
            .write(|tx| {
                pool(tx, cx.scope(), &key.0)?;
                match tx.exists(&RESOURCE_SERVERS, cx.scope(), &key)? {
                    true => Err(bad(format!("{} already exists in user pool {}.", key.1, key.0))),
                    false => tx.put(&RESOURCE_SERVERS, cx.scope(), &key, &made),
                }
            })
            .await?;
        Ok(CreateResourceServerOutput { resource_server: Some(made.settings) })
    }

    /// Describes a resource server.
    pub async fn describe_resource_server(
        &self,
        cx: &Context,
        input: DescribeResourceServerInput,
    ) -> Result<DescribeResourceServerOutput, Fault> {
        let found = cx.store().read(|s| server(s, cx.scope(), &input.user_pool_id, &input.identifier))?;
        Ok(DescribeResourceServerOutput { resource_server: Some(found.settings) })
    }

    /// Replaces a resource server's name and scopes.
    pub async fn update_resource_server(
        &self,
        cx: &Context,
        input: UpdateResourceServerInput,
    ) -> Result<UpdateResourceServerOutput, Fault> {
        check_scopes(input.scopes.as_deref())?;
        let changed = cx
            .store()
            .write(|tx| {
                let mut there = server(tx, cx.scope(), &input.user_pool_id, &input.identifier)?;
                there.settings.name = Some(input.name);
                there.settings.scopes = Some(input.scopes.unwrap_or_default());
                tx.put(&RESOURCE_SERVERS, cx.scope(), &(input.user_pool_id, input.identifier), &there)?;
                Ok(there)
            })
            .await?;
        Ok(UpdateResourceServerOutput { resource_server: Some(changed.settings) })
    }

    /// Deletes a resource server.
    pub async fn delete_resource_server(
        &self,
        cx: &Context,
        input: DeleteResourceServerInput,
    ) -> Result<DeleteResourceServerOutput, Fault> {
        cx.store()
            .write(|tx| {
                server(tx, cx.scope(), &input.user_pool_id, &input.identifier)?;
                tx.delete(&RESOURCE_SERVERS, cx.scope(), &(input.user_pool_id, input.identifier))
            })
            .await?;
        Ok(DeleteResourceServerOutput {})
    }

    /// Resource servers of a pool, by identifier.
    pub async fn list_resource_servers(&self, cx: &Context, input: ListResourceServersInput) -> Result<ListResourceServersOutput, Fault> {
        let servers: Vec<ResourceServer> = cx.store().read(|s| {
            pool(s, cx.scope(), &input.user_pool_id)?;
            let rows = s.scan(&RESOURCE_SERVERS, cx.scope()).prefix(&(input.user_pool_id.as_str(),));
            rows.map(|row| row.map(|(_, server)| server)).collect::<Result<_, _>>()
        })?;
        let identifier = |server: &ResourceServer| server.settings.identifier.clone().unwrap_or_default();
        let limit = input.max_results.unwrap_or(50).max(1) as usize;
        let page = kit::pages::page(servers, identifier, input.next_token.as_deref(), limit, bad_token)?;
        Ok(ListResourceServersOutput { resource_servers: page.items.into_iter().map(|s| s.settings).collect(), next_token: page.next })
    }
}

fn server(read: &impl Read, scope: &Scope, pool_id: &str, identifier: &str) -> Result<ResourceServer, Fault> {
    pool(read, scope, pool_id)?;
    read.get(&RESOURCE_SERVERS, scope, &(pool_id.to_owned(), identifier.to_owned()))?
        .ok_or_else(|| Error::ResourceNotFound.says("Resource server does not exist."))
}

fn check_scopes(scopes: Option<&[ResourceServerScopeType]>) -> Result<(), Fault> {
    let mut names: Vec<&str> = scopes.unwrap_or_default().iter().map(|s| s.scope_name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(bad(format!("Duplicate scope name: {}", pair[0]))),
        None => Ok(()),
    }
}
