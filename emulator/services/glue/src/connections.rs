//! Connections, as entries of the catalog. Nothing here connects: what would be checked by connecting is refused.

use crate::{
    Glue,
    model::*,
    pages,
    state::{detail, own_catalog, unbuilt},
    tags,
};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Timestamp};
use std::collections::BTreeMap;
use wire::kept::Kept;

const CONNECTIONS: Rows<String, Kept<Connection>> = Rows::new("glue.connections", TableScope::Region);

impl Glue {
    /// Makes a connection.
    pub async fn create_connection(&self, cx: &Context, input: CreateConnectionInput) -> Result<CreateConnectionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let tags = tags::checked(input.tags.unwrap_or_default())?;
        let name = input.connection_input.name.clone();
        let made = made(cx, input.connection_input, None)?;
        cx.store()
            .write(|tx| {
                if tx.exists(&CONNECTIONS, cx.scope(), &name)? {
                    return Err(Error::AlreadyExists.says("Connection already exists."));
                }
                tags::put(tx, cx, "connection", &name, &tags)?;
                tx.put(&CONNECTIONS, cx.scope(), &name, &Kept(made))
            })
            .await?;
        Ok(CreateConnectionOutput { create_connection_status: Some(ConnectionStatus::Ready) })
    }

    /// A connection, without its password where the caller asks for that.
    pub async fn get_connection(&self, cx: &Context, input: GetConnectionInput) -> Result<GetConnectionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.apply_override_for_compute_environment.is_some(), "ApplyOverrideForComputeEnvironment")?;
        let found = cx.store().read(|s| must_find(s, cx, &input.name))?;
        Ok(GetConnectionOutput { connection: Some(shown(found, input.hide_password)) })
    }

    /// Connections that fit a filter, by name.
    pub async fn get_connections(&self, cx: &Context, input: GetConnectionsInput) -> Result<GetConnectionsOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let filter = input.filter.unwrap_or_default();
        let fits = |c: &Connection| {
            let criteria = filter.match_criteria.iter().flatten().all(|m| c.match_criteria.iter().flatten().any(|own| own == m));
            criteria
                && filter.connection_type.is_none_or(|t| c.connection_type == Some(t))
                && filter.connection_schema_version.is_none_or(|v| c.connection_schema_version == Some(v))
        };
        let all: Vec<Connection> =
            cx.store().read(|s| s.scan(&CONNECTIONS, cx.scope()).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>())?;
        let some = all.into_iter().filter(fits).map(|c| shown(c, input.hide_password)).collect();
        let page =
            pages::cut(some, |c: &Connection| c.name.clone().unwrap_or_default(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetConnectionsOutput { connection_list: Some(page.items), next_token: page.next })
    }

    /// Replaces a connection.
    pub async fn update_connection(&self, cx: &Context, input: UpdateConnectionInput) -> Result<UpdateConnectionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        if input.connection_input.name != input.name {
            return Err(Error::InvalidInput.says("The name of a connection cannot be changed."));
        }
        let old = cx.store().read(|s| must_find(s, cx, &input.name))?;
        let next = made(cx, input.connection_input, old.creation_time)?;
        cx.store().write(|tx| tx.put(&CONNECTIONS, cx.scope(), &input.name, &Kept(next))).await?;
        Ok(UpdateConnectionOutput {})
    }

    /// Removes a connection.
    pub async fn delete_connection(&self, cx: &Context, input: DeleteConnectionInput) -> Result<DeleteConnectionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store()
            .write(|tx| {
                must_find(tx, cx, &input.connection_name)?;
                tags::forget(tx, cx, "connection", &input.connection_name)?;
                tx.delete(&CONNECTIONS, cx.scope(), &input.connection_name).map(drop)
            })
            .await?;
        Ok(DeleteConnectionOutput {})
    }

    /// Removes several connections; tells which were not there.
    pub async fn batch_delete_connection(
        &self,
        cx: &Context,
        input: BatchDeleteConnectionInput,
    ) -> Result<BatchDeleteConnectionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let (gone, errors) = cx
            .store()
            .write(|tx| {
                let (mut gone, mut errors) = (Vec::new(), BTreeMap::new());
                for name in &input.connection_name_list {
                    tags::forget(tx, cx, "connection", name)?;
                    match tx.delete(&CONNECTIONS, cx.scope(), name)? {
                        Some(_) => gone.push(name.clone()),
                        None => {
                            errors.insert(name.clone(), detail(missing(name)));
                        }
                    }
                }
                Ok((gone, errors))
            })
            .await?;
        Ok(BatchDeleteConnectionOutput { succeeded: Some(gone), errors: Some(errors) })
    }
}

fn missing(name: &str) -> Fault {
    Error::EntityNotFound.says(format!("Connection {name} not found."))
}

pub(crate) fn must_find(store: &impl Read, cx: &Context, name: &str) -> Result<Connection, Fault> {
    store.get(&CONNECTIONS, cx.scope(), &name.to_owned())?.map(|kept| kept.0).ok_or_else(|| missing(name))
}

fn shown(mut connection: Connection, hide: Option<bool>) -> Connection {
    if let (Some(true), Some(properties)) = (hide, &mut connection.connection_properties) {
        properties.remove("PASSWORD");
        properties.remove("ENCRYPTED_PASSWORD");
    }
    connection
}

fn made(cx: &Context, input: ConnectionInput, created: Option<Timestamp>) -> Result<Connection, Fault> {
    unbuilt(input.validate_credentials == Some(true), "ValidateCredentials")?;
    unbuilt(input.validate_for_compute_environments.as_ref().is_some_and(|v| !v.is_empty()), "ValidateForComputeEnvironments")?;
    unbuilt(input.authentication_configuration.is_some(), "AuthenticationConfiguration")?;
    let now = Timestamp::from_secs(cx.now().secs());
    Ok(Connection {
        name: Some(input.name),
        description: input.description,
        connection_type: Some(input.connection_type),
        match_criteria: input.match_criteria,
        connection_properties: Some(input.connection_properties),
        spark_properties: input.spark_properties,
        athena_properties: input.athena_properties,
        python_properties: input.python_properties,
        physical_connection_requirements: input.physical_connection_requirements,
        creation_time: created.or(Some(now)),
        last_updated_time: Some(now),
        last_updated_by: Some(cx.principal().arn()),
        status: Some(ConnectionStatus::Ready),
        connection_schema_version: Some(1),
        ..Connection::default()
    })
}
