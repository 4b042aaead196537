//! Databases.

use crate::{
    Glue,
    model::*,
    pages,
    state::{DATABASES, PARTITIONS, TABLES, clear, fold, must_find_database, own_catalog, unbuilt},
    tags,
};
use kit::{Context, Fault, Read, Tx};
use wire::kept::Kept;

impl Glue {
    /// Makes a database.
    pub async fn create_database(&self, cx: &Context, input: CreateDatabaseInput) -> Result<CreateDatabaseOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let tags = tags::checked(input.tags.unwrap_or_default())?;
        let database = made(cx, input.database_input)?;
        cx.store()
            .write(|tx| {
                if tx.exists(&DATABASES, cx.scope(), &database.name)? {
                    return Err(Error::AlreadyExists.says("Database already exists."));
                }
                tags::put(tx, cx, "database", &database.name, &tags)?;
                tx.put(&DATABASES, cx.scope(), &database.name.clone(), &Kept(database))
            })
            .await?;
        Ok(CreateDatabaseOutput {})
    }

    /// A database.
    pub async fn get_database(&self, cx: &Context, input: GetDatabaseInput) -> Result<GetDatabaseOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let database = cx.store().read(|s| must_find_database(s, cx, &input.name))?;
        Ok(GetDatabaseOutput { database: Some(database) })
    }

    /// All databases, by name.
    pub async fn get_databases(&self, cx: &Context, input: GetDatabasesInput) -> Result<GetDatabasesOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.resource_share_type.is_some(), "ResourceShareType")?;
        unbuilt(input.attributes_to_get.is_some(), "AttributesToGet")?;
        let all: Vec<Database> =
            cx.store().read(|s| s.scan(&DATABASES, cx.scope()).map(|row| row.map(|(_, d)| d.0)).collect::<Result<_, Fault>>())?;
        let page = pages::cut(all, |d| d.name.clone(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetDatabasesOutput { database_list: page.items, next_token: page.next })
    }

    /// Replaces a database's definition.
    pub async fn update_database(&self, cx: &Context, input: UpdateDatabaseInput) -> Result<UpdateDatabaseOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let next = made(cx, input.database_input)?;
        if next.name != fold(&input.name) {
            return Err(Error::InvalidInput.says("Database name cannot be changed."));
        }
        cx.store()
            .write(|tx| {
                let old = must_find_database(tx, cx, &input.name)?;
                let next = Database { create_time: old.create_time, ..next };
                tx.put(&DATABASES, cx.scope(), &next.name.clone(), &Kept(next))
            })
            .await?;
        Ok(UpdateDatabaseOutput {})
    }

    /// Removes a database with its tables and partitions.
    pub async fn delete_database(&self, cx: &Context, input: DeleteDatabaseInput) -> Result<DeleteDatabaseOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let name = fold(&input.name);
        cx.store()
            .write(|tx| {
                must_find_database(tx, cx, &input.name)?;
                let tables: Vec<String> =
                    tx.scan(&TABLES, cx.scope()).prefix(&(name.clone(),)).map(|row| row.map(|((_, t), _)| t)).collect::<Result<_, _>>()?;
                tables.iter().try_for_each(|table| remove_table(tx, cx, &name, table))?;
                crate::functions::remove(tx, cx, &name)?;
                tags::forget(tx, cx, "database", &name)?;
                tx.delete(&DATABASES, cx.scope(), &name).map(drop)
            })
            .await?;
        Ok(DeleteDatabaseOutput {})
    }
}

/// Removes a table with its partitions, versions, indexes and statistics.
pub(crate) fn remove_table(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str) -> Result<(), Fault> {
    let of = (database.to_owned(), table.to_owned());
    clear(tx, cx, &PARTITIONS, &of)?;
    crate::versions::remove(tx, cx, database, table)?;
    crate::indexes::remove(tx, cx, database, table)?;
    crate::statistics::remove(tx, cx, database, table)?;
    tx.delete(&TABLES, cx.scope(), &of).map(drop)
}

fn made(cx: &Context, input: DatabaseInput) -> Result<Database, Fault> {
    unbuilt(input.target_database.is_some(), "TargetDatabase")?;
    unbuilt(input.federated_database.is_some(), "FederatedDatabase")?;
    let name = fold(&input.name);
    if name.trim().is_empty() {
        return Err(Error::InvalidInput.says("Database name is empty."));
    }
    Ok(Database {
        name,
        description: input.description,
        location_uri: input.location_uri,
        parameters: input.parameters,
        create_time: Some(kit::Timestamp::from_secs(cx.now().secs())),
        create_table_default_permissions: input.create_table_default_permissions.or_else(|| Some(default_permissions())),
        catalog_id: Some(cx.account().to_owned()),
        ..Database::default()
    })
}

/// What AWS gives a database that asks for nothing: everyone whom IAM allows.
fn default_permissions() -> Vec<PrincipalPermissions> {
    let everyone = DataLakePrincipal { data_lake_principal_identifier: Some("IAM_ALLOWED_PRINCIPALS".into()) };
    vec![PrincipalPermissions { principal: Some(everyone), permissions: Some(vec![Permission::All]) }]
}
