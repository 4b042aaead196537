//! Partition indexes: names of keys by which partitions are found. Ours are found by any key; an index is checked and listed.

use crate::{
    Glue,
    model::*,
    state::{clear, fold, must_find_table, own_catalog},
};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Tx};
use wire::kept::Kept;

/// (database, table, index).
const INDEXES: Rows<(String, String, String), Kept<PartitionIndexDescriptor>> = Rows::new("glue.indexes", TableScope::Region);
/// Indexes of one table.
const MOST: usize = 3;

/// Removes the indexes of a table.
pub(crate) fn remove(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str) -> Result<(), Fault> {
    clear(tx, cx, &INDEXES, &(database.to_owned(), table.to_owned()))
}

/// Adds an index to a table that is there.
pub(crate) fn add(tx: &mut Tx<'_>, cx: &Context, table: &Table, index: &PartitionIndex) -> Result<(), Fault> {
    let database = table.database_name.clone().unwrap_or_default();
    let of = (database.clone(), table.name.clone());
    let there: Vec<PartitionIndexDescriptor> =
        tx.scan(&INDEXES, cx.scope()).prefix(&of).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>()?;
    if there.iter().any(|other| other.index_name == index.index_name) {
        return Err(Error::AlreadyExists.says(format!("Index with the given name already exists: {}", index.index_name)));
    }
    if there.len() >= MOST {
        return Err(Error::ResourceNumberLimitExceeded.says(format!("A table can have at most {MOST} partition indexes.")));
    }
    let keys = index.keys.iter().map(|name| {
        let column = table.partition_keys.iter().flatten().find(|c| fold(&c.name) == fold(name));
        let column =
            column.ok_or_else(|| Error::InvalidInput.says(format!("Key {name} is not a partition key of table {}.", table.name)))?;
        Ok(KeySchemaElement { name: fold(name), r#type: column.r#type.clone().unwrap_or_default() })
    });
    let made = PartitionIndexDescriptor {
        index_name: index.index_name.clone(),
        keys: keys.collect::<Result<_, Fault>>()?,
        index_status: Some(PartitionIndexStatus::Active),
        backfill_errors: None,
    };
    if there.iter().any(|other| other.keys == made.keys) {
        return Err(Error::AlreadyExists.says("Index with the given keys already exists."));
    }
    tx.put(&INDEXES, cx.scope(), &(database, table.name.clone(), index.index_name.clone()), &Kept(made))
}

impl Glue {
    /// Adds an index; it is active at once.
    pub async fn create_partition_index(
        &self,
        cx: &Context,
        input: CreatePartitionIndexInput,
    ) -> Result<CreatePartitionIndexOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store()
            .write(|tx| {
                let table = must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                add(tx, cx, &table, &input.partition_index)
            })
            .await?;
        Ok(CreatePartitionIndexOutput {})
    }

    /// The indexes of a table.
    pub async fn get_partition_indexes(&self, cx: &Context, input: GetPartitionIndexesInput) -> Result<GetPartitionIndexesOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let all = cx.store().read(|s| {
            must_find_table(s, cx, &input.database_name, &input.table_name)?;
            let of = (fold(&input.database_name), fold(&input.table_name));
            s.scan(&INDEXES, cx.scope()).prefix(&of).map(|row| row.map(|(_, kept)| kept.0)).collect::<Result<_, Fault>>()
        })?;
        Ok(GetPartitionIndexesOutput { partition_index_descriptor_list: Some(all), next_token: None })
    }

    /// Removes an index.
    pub async fn delete_partition_index(
        &self,
        cx: &Context,
        input: DeletePartitionIndexInput,
    ) -> Result<DeletePartitionIndexOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store()
            .write(|tx| {
                must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                let key = (fold(&input.database_name), fold(&input.table_name), input.index_name.clone());
                let gone = tx.delete(&INDEXES, cx.scope(), &key)?;
                gone.map(drop).ok_or_else(|| {
                    Error::EntityNotFound.says(format!("Index with the given indexName : {} does not exist", input.index_name))
                })
            })
            .await?;
        Ok(DeletePartitionIndexOutput {})
    }
}
