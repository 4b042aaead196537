//! Partitions of tables.

use crate::{
    Glue,
    expression::Filter,
    model::*,
    pages,
    state::{PARTITIONS, detail, fold, must_find_table, own_catalog, unbuilt, values_key},
};
use kit::{Context, Fault, Read, Tx};
use wire::kept::Kept;

type Key = (String, String, String);

/// A share of a table's partitions, for those who read them side by side: each partition is in one share, by its values.
struct Share {
    number: u64,
    of: u64,
}

impl Share {
    fn of(segment: &Segment) -> Result<Share, Fault> {
        match (segment.segment_number, segment.total_segments) {
            (number, of) if (0..of).contains(&number) => Ok(Share { number: number as u64, of: of as u64 }),
            _ => Err(Error::InvalidInput.says("SegmentNumber must be less than TotalSegments.")),
        }
    }
    fn has(&self, values: &[String]) -> bool {
        // The same in every run, so that pages of one share fit together.
        let hash = kit::ids::fnv1a(kit::ids::FNV_BASIS, values_key(values).bytes());
        hash % self.of == self.number
    }
}

impl Glue {
    /// Makes a partition.
    pub async fn create_partition(&self, cx: &Context, input: CreatePartitionInput) -> Result<CreatePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store().write(|tx| add(tx, cx, &input.database_name, &input.table_name, &input.partition_input)).await?;
        Ok(CreatePartitionOutput {})
    }

    /// Makes up to 100 partitions; tells which were there already.
    pub async fn batch_create_partition(
        &self,
        cx: &Context,
        input: BatchCreatePartitionInput,
    ) -> Result<BatchCreatePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let errors = cx
            .store()
            .write(|tx| {
                must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                let mut errors = Vec::new();
                for given in &input.partition_input_list {
                    if let Err(fault) = add(tx, cx, &input.database_name, &input.table_name, given) {
                        errors.push(refused(given.values.clone(), fault));
                    }
                }
                Ok(errors)
            })
            .await?;
        Ok(BatchCreatePartitionOutput { errors: Some(errors) })
    }

    /// A partition by its values.
    pub async fn get_partition(&self, cx: &Context, input: GetPartitionInput) -> Result<GetPartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let partition = cx.store().read(|s| {
            must_find_table(s, cx, &input.database_name, &input.table_name)?;
            s.get(&PARTITIONS, cx.scope(), &key(&input.database_name, &input.table_name, &input.partition_values))
        })?;
        let partition = partition.ok_or_else(|| Error::EntityNotFound.says("Cannot find partition."))?;
        Ok(GetPartitionOutput { partition: Some(partition.0) })
    }

    /// Partitions of a table that satisfy `Expression`, in order of their values.
    pub async fn get_partitions(&self, cx: &Context, input: GetPartitionsInput) -> Result<GetPartitionsOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let segment = input.segment.as_ref().map(Share::of).transpose()?;
        unbuilt(input.query_as_of_time.is_some(), "QueryAsOfTime")?;
        unbuilt(input.transaction_id.is_some(), "TransactionId")?;
        let (table, all) = cx.store().read(|s| {
            let table = must_find_table(s, cx, &input.database_name, &input.table_name)?;
            let rows = s.scan(&PARTITIONS, cx.scope()).prefix(&(fold(&input.database_name), fold(&input.table_name)));
            Ok::<_, Fault>((table, rows.map(|row| row.map(|(_, p)| p.0)).collect::<Result<Vec<Partition>, Fault>>()?))
        })?;
        let keys = table.partition_keys.unwrap_or_default();
        let filter = input.expression.as_deref().filter(|e| !e.trim().is_empty()).map(|e| Filter::parse(e, &keys)).transpose();
        let filter = filter.map_err(|message| Error::InvalidInput.says(message))?;
        let fits = |p: &Partition| filter.as_ref().is_none_or(|f| f.fits(p.values.as_deref().unwrap_or_default()));
        let mine = |p: &Partition| segment.as_ref().is_none_or(|s| s.has(p.values.as_deref().unwrap_or_default()));
        let some: Vec<Partition> = all.into_iter().filter(|p| fits(p) && mine(p)).collect();
        let page = pages::cut(
            some,
            |p| values_key(p.values.as_deref().unwrap_or_default()),
            input.next_token.as_deref(),
            input.max_results,
            1000,
        )?;
        let without_columns = |mut p: Partition| {
            if let (Some(true), Some(storage)) = (input.exclude_column_schema, &mut p.storage_descriptor) {
                storage.columns = None;
            }
            p
        };
        Ok(GetPartitionsOutput { partitions: Some(page.items.into_iter().map(without_columns).collect()), next_token: page.next })
    }

    /// Several partitions by their values; those that are not there are left out.
    pub async fn batch_get_partition(&self, cx: &Context, input: BatchGetPartitionInput) -> Result<BatchGetPartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let found = cx.store().read(|s| {
            must_find_table(s, cx, &input.database_name, &input.table_name)?;
            let one = |v: &PartitionValueList| s.get(&PARTITIONS, cx.scope(), &key(&input.database_name, &input.table_name, &v.values));
            input.partitions_to_get.iter().filter_map(|v| one(v).transpose()).collect::<Result<Vec<_>, Fault>>()
        })?;
        Ok(BatchGetPartitionOutput { partitions: Some(found.into_iter().map(|p| p.0).collect()), unprocessed_keys: Some(Vec::new()) })
    }

    /// Replaces a partition, under other values if asked.
    pub async fn update_partition(&self, cx: &Context, input: UpdatePartitionInput) -> Result<UpdatePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store()
            .write(|tx| {
                let old = key(&input.database_name, &input.table_name, &input.partition_value_list);
                must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                let gone = tx.delete(&PARTITIONS, cx.scope(), &old)?;
                gone.ok_or_else(|| Error::EntityNotFound.says("Cannot find partition."))?;
                add(tx, cx, &input.database_name, &input.table_name, &input.partition_input)
            })
            .await?;
        Ok(UpdatePartitionOutput {})
    }

    /// Removes a partition.
    pub async fn delete_partition(&self, cx: &Context, input: DeletePartitionInput) -> Result<DeletePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        cx.store().write(|tx| remove(tx, cx, &input.database_name, &input.table_name, &input.partition_values)).await?;
        Ok(DeletePartitionOutput {})
    }

    /// Removes several partitions; tells which were not there.
    pub async fn batch_delete_partition(
        &self,
        cx: &Context,
        input: BatchDeletePartitionInput,
    ) -> Result<BatchDeletePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let errors = cx
            .store()
            .write(|tx| {
                let mut errors = Vec::new();
                for PartitionValueList { values } in &input.partitions_to_delete {
                    if let Err(fault) = remove(tx, cx, &input.database_name, &input.table_name, values) {
                        errors.push(refused(Some(values.clone()), fault));
                    }
                }
                Ok(errors)
            })
            .await?;
        Ok(BatchDeletePartitionOutput { errors: Some(errors) })
    }

    /// Replaces several partitions; tells which could not be.
    pub async fn batch_update_partition(
        &self,
        cx: &Context,
        input: BatchUpdatePartitionInput,
    ) -> Result<BatchUpdatePartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let errors = cx
            .store()
            .write(|tx| {
                must_find_table(tx, cx, &input.database_name, &input.table_name)?;
                let mut errors = Vec::new();
                for entry in &input.entries {
                    if let Err(fault) = replace(tx, cx, &input.database_name, &input.table_name, entry) {
                        errors.push(BatchUpdatePartitionFailureEntry {
                            partition_value_list: Some(entry.partition_value_list.clone()),
                            error_detail: Some(detail(fault)),
                        });
                    }
                }
                Ok(errors)
            })
            .await?;
        Ok(BatchUpdatePartitionOutput { errors: Some(errors) })
    }
}

/// Puts a partition in the place of another, or leaves both.
fn replace(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str, entry: &BatchUpdatePartitionRequestEntry) -> Result<(), Fault> {
    let at = key(database, table, &entry.partition_value_list);
    let old = tx.delete(&PARTITIONS, cx.scope(), &at)?.ok_or_else(|| Error::EntityNotFound.says("Cannot find partition."))?;
    let added = add(tx, cx, database, table, &entry.partition_input);
    if added.is_err() {
        tx.put(&PARTITIONS, cx.scope(), &at, &old)?;
    }
    added
}

fn key(database: &str, table: &str, values: &[String]) -> Key {
    (fold(database), fold(table), values_key(values))
}

fn add(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str, input: &PartitionInput) -> Result<(), Fault> {
    let keys = must_find_table(tx, cx, database, table)?.partition_keys.unwrap_or_default();
    let values = input.values.clone().unwrap_or_default();
    if values.len() != keys.len() {
        return Err(Error::InvalidInput.says("The number of partition keys do not match the number of partition values"));
    }
    let at = key(database, table, &values);
    if tx.exists(&PARTITIONS, cx.scope(), &at)? {
        return Err(Error::AlreadyExists.says("Partition already exists."));
    }
    let partition = Partition {
        values: Some(values),
        database_name: Some(at.0.clone()),
        table_name: Some(at.1.clone()),
        creation_time: Some(kit::Timestamp::from_secs(cx.now().secs())),
        last_access_time: input.last_access_time,
        storage_descriptor: input.storage_descriptor.clone(),
        parameters: input.parameters.clone(),
        last_analyzed_time: input.last_analyzed_time,
        catalog_id: Some(cx.account().to_owned()),
    };
    tx.put(&PARTITIONS, cx.scope(), &at, &Kept(partition))
}

fn remove(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str, values: &[String]) -> Result<(), Fault> {
    must_find_table(tx, cx, database, table)?;
    let gone = tx.delete(&PARTITIONS, cx.scope(), &key(database, table, values))?;
    gone.map(drop).ok_or_else(|| Error::EntityNotFound.says("Cannot find partition."))
}

fn refused(values: Option<Vec<String>>, fault: Fault) -> PartitionError {
    PartitionError { partition_values: values, error_detail: Some(detail(fault)) }
}
