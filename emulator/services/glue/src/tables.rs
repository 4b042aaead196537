//! Tables.

use crate::{
    Glue,
    databases::remove_table,
    model::*,
    pages,
    state::{TABLES, detail, fold, must_find_database, must_find_table, own_catalog, unbuilt},
    versions,
};
use kit::{Context, Fault, Read};
use wire::kept::Kept;

impl Glue {
    /// Makes a table.
    pub async fn create_table(&self, cx: &Context, input: CreateTableInput) -> Result<CreateTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        unbuilt(input.open_table_format_input.is_some(), "OpenTableFormatInput")?;
        let given = input.table_input.ok_or_else(|| Error::InvalidInput.says("TableInput is missing."))?;
        let table = made(cx, &input.database_name, given)?;
        cx.store()
            .write(|tx| {
                must_find_database(tx, cx, &input.database_name)?;
                let key = (fold(&input.database_name), table.name.clone());
                if tx.exists(&TABLES, cx.scope(), &key)? {
                    return Err(Error::AlreadyExists.says("Table already exists."));
                }
                for index in input.partition_indexes.iter().flatten() {
                    crate::indexes::add(tx, cx, &table, index)?;
                }
                tx.put(&TABLES, cx.scope(), &key, &Kept(table))
            })
            .await?;
        Ok(CreateTableOutput {})
    }

    /// A table.
    pub async fn get_table(&self, cx: &Context, input: GetTableInput) -> Result<GetTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.query_as_of_time.is_some(), "QueryAsOfTime")?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        let table = cx.store().read(|s| must_find_table(s, cx, &input.database_name, &input.name))?;
        Ok(GetTableOutput { table: Some(table) })
    }

    /// Tables of a database whose names match `Expression` (`*` for any text, `|` between alternatives), by name.
    pub async fn get_tables(&self, cx: &Context, input: GetTablesInput) -> Result<GetTablesOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.query_as_of_time.is_some(), "QueryAsOfTime")?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        unbuilt(input.attributes_to_get.is_some(), "AttributesToGet")?;
        let database = fold(&input.database_name);
        let all: Vec<Table> = cx.store().read(|s| {
            must_find_database(s, cx, &input.database_name)?;
            s.scan(&TABLES, cx.scope()).prefix(&(database,)).map(|row| row.map(|(_, t)| t.0)).collect::<Result<_, Fault>>()
        })?;
        let wanted = |name: &str| input.expression.as_deref().is_none_or(|e| e.split('|').any(|part| glob(part.trim(), name)));
        let some = all.into_iter().filter(|t| wanted(&t.name)).collect();
        let page = pages::cut(some, |t| t.name.clone(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetTablesOutput { table_list: Some(page.items), next_token: page.next })
    }

    /// Replaces a table's definition.
    pub async fn update_table(&self, cx: &Context, input: UpdateTableInput) -> Result<UpdateTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        unbuilt(input.view_update_action.is_some(), "ViewUpdateAction")?;
        unbuilt(input.update_open_table_format_input.is_some(), "UpdateOpenTableFormatInput")?;
        let given = input.table_input.ok_or_else(|| Error::InvalidInput.says("TableInput is missing."))?;
        let next = made(cx, &input.database_name, given)?;
        cx.store()
            .write(|tx| {
                let old = must_find_table(tx, cx, &input.database_name, &next.name)?;
                let version = old.version_id.as_deref().and_then(|v| v.parse::<u64>().ok()).unwrap_or(0);
                if input.version_id.as_ref().is_some_and(|v| *v != version.to_string()) {
                    return Err(Error::ConcurrentModification.says("Update table failed due to concurrent modifications."));
                }
                let next = Table { create_time: old.create_time, version_id: Some((version + 1).to_string()), ..next };
                if input.skip_archive != Some(true) {
                    versions::archive(tx, cx, &input.database_name, old)?;
                }
                tx.put(&TABLES, cx.scope(), &(fold(&input.database_name), next.name.clone()), &Kept(next))
            })
            .await?;
        Ok(UpdateTableOutput {})
    }

    /// Removes a table with its partitions.
    pub async fn delete_table(&self, cx: &Context, input: DeleteTableInput) -> Result<DeleteTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        cx.store()
            .write(|tx| {
                let table = must_find_table(tx, cx, &input.database_name, &input.name)?;
                remove_table(tx, cx, &fold(&input.database_name), &table.name)
            })
            .await?;
        Ok(DeleteTableOutput {})
    }

    /// Removes several tables; tells which were not there.
    pub async fn batch_delete_table(&self, cx: &Context, input: BatchDeleteTableInput) -> Result<BatchDeleteTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        let database = fold(&input.database_name);
        let errors = cx
            .store()
            .write(|tx| {
                must_find_database(tx, cx, &database)?;
                let mut errors = Vec::new();
                for name in &input.tables_to_delete {
                    match must_find_table(tx, cx, &database, name) {
                        Ok(table) => remove_table(tx, cx, &database, &table.name)?,
                        Err(fault) => errors.push(TableError { table_name: Some(name.clone()), error_detail: Some(detail(fault)) }),
                    }
                }
                Ok(errors)
            })
            .await?;
        Ok(BatchDeleteTableOutput { errors: (!errors.is_empty()).then_some(errors) })
    }
}

fn made(cx: &Context, database: &str, input: TableInput) -> Result<Table, Fault> {
    unbuilt(input.target_table.is_some(), "TargetTable")?;
    unbuilt(input.view_definition.is_some(), "ViewDefinition")?;
    // A column may have the name of a key: AWS's crawlers write such tables, of files that repeat what their folders say. Athena refuses to read them.
    for columns in [input.storage_descriptor.as_ref().and_then(|s| s.columns.as_ref()), input.partition_keys.as_ref()].into_iter().flatten()
    {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = columns.iter().find(|column| !seen.insert(fold(&column.name))) {
            return Err(Error::InvalidInput.says(format!("Column {} is defined more than once.", twice.name)));
        }
    }
    let now = kit::Timestamp::from_secs(cx.now().secs());
    Ok(Table {
        name: fold(&input.name),
        database_name: Some(fold(database)),
        description: input.description,
        owner: input.owner,
        create_time: Some(now),
        update_time: Some(now),
        last_access_time: input.last_access_time,
        last_analyzed_time: input.last_analyzed_time,
        retention: Some(input.retention.unwrap_or(0)),
        storage_descriptor: input.storage_descriptor,
        partition_keys: input.partition_keys,
        view_original_text: input.view_original_text,
        view_expanded_text: input.view_expanded_text,
        table_type: input.table_type,
        parameters: input.parameters,
        created_by: Some(cx.principal().arn()),
        is_registered_with_lake_formation: Some(false),
        catalog_id: Some(cx.account().to_owned()),
        version_id: Some("0".into()),
        ..Table::default()
    })
}

/// `*` stands for any text.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let pattern = fold(pattern);
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}
