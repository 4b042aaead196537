//! Versions of tables: each update leaves the table as it was, unless the caller skips the archive.

use crate::{
    Glue,
    model::*,
    state::{clear, detail, fold, must_find_table, own_catalog},
};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Tx};
use wire::kept::Kept;

/// (database, table, version) to the table as it was; the current version stands with the tables.
const VERSIONS: Rows<(String, String, u64), Kept<Table>> = Rows::new("glue.versions", TableScope::Region);

/// Keeps a version that another takes the place of.
pub(crate) fn archive(tx: &mut Tx<'_>, cx: &Context, database: &str, old: Table) -> Result<(), Fault> {
    let key = (fold(database), old.name.clone(), number(old.version_id.as_deref()));
    tx.put(&VERSIONS, cx.scope(), &key, &Kept(old))
}

/// Removes all versions of a table.
pub(crate) fn remove(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str) -> Result<(), Fault> {
    clear(tx, cx, &VERSIONS, &(database.to_owned(), table.to_owned()))
}

impl Glue {
    /// A version of a table; the current one where none is named.
    pub async fn get_table_version(&self, cx: &Context, input: GetTableVersionInput) -> Result<GetTableVersionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let all = all(cx, &input.database_name, &input.table_name)?;
        let found = match &input.version_id {
            None => all.into_iter().next(),
            Some(id) => all.into_iter().find(|table| table.version_id.as_ref() == Some(id)),
        };
        let found = found.ok_or_else(|| missing(input.version_id.as_deref().unwrap_or_default()))?;
        Ok(GetTableVersionOutput { table_version: Some(shown(found)) })
    }

    /// The versions of a table, newest first.
    pub async fn get_table_versions(&self, cx: &Context, input: GetTableVersionsInput) -> Result<GetTableVersionsOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let all = all(cx, &input.database_name, &input.table_name)?;
        let key = |table: &Table| format!("{:020}", u64::MAX - number(table.version_id.as_deref()));
        let page = crate::pages::cut(all, key, input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetTableVersionsOutput { table_versions: Some(page.items.into_iter().map(shown).collect()), next_token: page.next })
    }

    /// Removes an old version.
    pub async fn delete_table_version(&self, cx: &Context, input: DeleteTableVersionInput) -> Result<DeleteTableVersionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store().write(|tx| delete(tx, cx, &input.database_name, &input.table_name, &input.version_id)).await?;
        Ok(DeleteTableVersionOutput {})
    }

    /// Removes old versions; tells which could not be.
    pub async fn batch_delete_table_version(
        &self,
        cx: &Context,
        input: BatchDeleteTableVersionInput,
    ) -> Result<BatchDeleteTableVersionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let errors = cx
            .store()
            .write(|tx| {
                must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                let mut errors = Vec::new();
                for id in &input.version_ids {
                    if let Err(fault) = delete(tx, cx, &input.database_name, &input.table_name, id) {
                        errors.push(TableVersionError {
                            table_name: Some(fold(&input.table_name)),
                            version_id: Some(id.clone()),
                            error_detail: Some(detail(fault)),
                        });
                    }
                }
                Ok(errors)
            })
            .await?;
        Ok(BatchDeleteTableVersionOutput { errors: Some(errors) })
    }
}

fn delete(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str, id: &str) -> Result<(), Fault> {
    let current = must_find_table(tx, cx, database, table)?;
    if current.version_id.as_deref() == Some(id) {
        return Err(Error::InvalidInput.says("The current version of a table cannot be deleted."));
    }
    let gone = tx.delete(&VERSIONS, cx.scope(), &(fold(database), fold(table), number(Some(id))))?;
    gone.map(drop).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Fault {
    Error::EntityNotFound.says(format!("Version {id} not found."))
}

/// Newest first.
fn all(cx: &Context, database: &str, table: &str) -> Result<Vec<Table>, Fault> {
    cx.store().read(|s| {
        let current = must_find_table(s, cx, database, table)?;
        let of = (fold(database), fold(table));
        let old: Vec<Table> =
            s.scan(&VERSIONS, cx.scope()).prefix(&of).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>()?;
        Ok([current].into_iter().chain(old.into_iter().rev()).collect())
    })
}

fn shown(table: Table) -> TableVersion {
    TableVersion { version_id: table.version_id.clone(), table: Some(table) }
}

fn number(id: Option<&str>) -> u64 {
    id.and_then(|id| id.parse().ok()).unwrap_or(0)
}
