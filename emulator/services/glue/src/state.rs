//! What the catalog keeps. Names are folded to lower case, as AWS does.

use crate::model::{Database, Error, ErrorDetail, Partition, Table};
use kit::{
    Context, Fault, Read, Table as Rows, TableScope, Tx,
    store::{Key, Row},
};
use wire::kept::Kept;

/// Database name to database.
pub(crate) const DATABASES: Rows<String, Kept<Database>> = Rows::new("glue.databases", TableScope::Region);
/// (database, table) to table.
pub(crate) const TABLES: Rows<(String, String), Kept<Table>> = Rows::new("glue.tables", TableScope::Region);
/// (database, table, values joined by \u{1}) to partition.
pub(crate) const PARTITIONS: Rows<(String, String, String), Kept<Partition>> = Rows::new("glue.partitions", TableScope::Region);

pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

pub(crate) fn values_key(values: &[String]) -> String {
    values.join("\u{1}")
}

pub(crate) fn must_find_database(store: &impl Read, cx: &Context, name: &str) -> Result<Database, Fault> {
    let row = store.get(&DATABASES, cx.scope(), &fold(name))?;
    row.map(|kept| kept.0).ok_or_else(|| Error::EntityNotFound.says(format!("Database {name} not found.")))
}

pub(crate) fn must_find_table(store: &impl Read, cx: &Context, database: &str, name: &str) -> Result<Table, Fault> {
    must_find_database(store, cx, database)?;
    let row = store.get(&TABLES, cx.scope(), &(fold(database), fold(name)))?;
    row.map(|kept| kept.0).ok_or_else(|| Error::EntityNotFound.says(format!("Entity Not Found. Table {name} not found.")))
}

/// Refuses another account's catalog: resource links and cross-account catalogs are not built.
pub(crate) fn own_catalog(cx: &Context, id: Option<&String>) -> Result<(), Fault> {
    match id {
        Some(id) if id != cx.account() => {
            Err(Fault::new("NotImplemented", 501, format!("windtunnel has no catalog of account {id} for account {} yet.", cx.account())))
        }
        _ => Ok(()),
    }
}

/// Removes all rows whose keys begin with `prefix`.
pub(crate) fn clear<K: Key, V: Row>(tx: &mut Tx<'_>, cx: &Context, rows: &Rows<K, V>, prefix: &impl Key) -> Result<(), Fault> {
    let keys: Vec<K> = tx.scan(rows, cx.scope()).prefix(prefix).map(|row| row.map(|(key, _)| key)).collect::<Result<_, Fault>>()?;
    keys.iter().try_for_each(|key| tx.delete(rows, cx.scope(), key).map(drop))
}

/// A refusal as batches tell it.
pub(crate) fn detail(fault: Fault) -> ErrorDetail {
    ErrorDetail { error_code: Some(fault.code.into()), error_message: Some(fault.message) }
}

/// Refuses a member that would change what happens.
pub(crate) fn unbuilt(given: bool, member: &str) -> Result<(), Fault> {
    match given {
        true => Err(Fault::new("NotImplemented", 501, format!("windtunnel does not take {member} in the Glue catalog yet."))),
        false => Ok(()),
    }
}
