//! Statistics of columns, of tables and of their partitions, as analysers write them.

use crate::{
    Glue,
    model::*,
    state::{PARTITIONS, clear, detail, fold, must_find_table, own_catalog, values_key},
};
use kit::{Context, Fault, Read, Table as Rows, TableScope, Tx};
use wire::kept::Kept;

/// (database, table, partition's values (empty for the table), column).
type Key = (String, String, String, String);
const STATISTICS: Rows<Key, Kept<ColumnStatistics>> = Rows::new("glue.statistics", TableScope::Region);

/// Removes the statistics of a table and of its partitions.
pub(crate) fn remove(tx: &mut Tx<'_>, cx: &Context, database: &str, table: &str) -> Result<(), Fault> {
    clear(tx, cx, &STATISTICS, &(database.to_owned(), table.to_owned()))
}

/// Whose statistics: a table's, or those of one of its partitions.
struct Of<'a> {
    database: &'a str,
    table: &'a str,
    values: Option<&'a [String]>,
}

impl Of<'_> {
    fn key(&self, column: &str) -> Key {
        let values = self.values.map(|values| format!("\u{1}{}", values_key(values))).unwrap_or_default();
        (fold(self.database), fold(self.table), values, fold(column))
    }

    /// The columns that may have statistics.
    fn columns(&self, store: &impl Read, cx: &Context) -> Result<Vec<Column>, Fault> {
        let table = must_find_table(store, cx, self.database, self.table)?;
        if let Some(values) = self.values {
            let at = (fold(self.database), fold(self.table), values_key(values));
            if !store.exists(&PARTITIONS, cx.scope(), &at)? {
                return Err(Error::EntityNotFound.says("Cannot find partition."));
            }
        }
        Ok(table.storage_descriptor.and_then(|s| s.columns).unwrap_or_default())
    }

    async fn update(&self, cx: &Context, list: Vec<ColumnStatistics>) -> Result<Vec<ColumnStatisticsError>, Fault> {
        cx.store()
            .write(|tx| {
                let columns = self.columns(tx, cx)?;
                let mut errors = Vec::new();
                for one in list {
                    let problem = problem(&columns, &one);
                    match problem {
                        None => tx.put(&STATISTICS, cx.scope(), &self.key(&one.column_name), &Kept(one))?,
                        Some(fault) => {
                            errors.push(ColumnStatisticsError { column_statistics: Some(one), error: Some(detail(fault)) });
                        }
                    }
                }
                Ok(errors)
            })
            .await
    }

    fn get(&self, cx: &Context, names: &[String]) -> Result<(Vec<ColumnStatistics>, Vec<ColumnError>), Fault> {
        cx.store().read(|s| {
            self.columns(s, cx)?;
            let (mut found, mut errors) = (Vec::new(), Vec::new());
            for name in names {
                match s.get(&STATISTICS, cx.scope(), &self.key(name))? {
                    Some(kept) => found.push(kept.0),
                    None => errors.push(ColumnError { column_name: Some(name.clone()), error: Some(detail(missing(name))) }),
                }
            }
            Ok((found, errors))
        })
    }

    async fn delete(&self, cx: &Context, column: &str) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                self.columns(tx, cx)?;
                tx.delete(&STATISTICS, cx.scope(), &self.key(column))?.map(drop).ok_or_else(|| missing(column))
            })
            .await
    }
}

fn missing(column: &str) -> Fault {
    Error::EntityNotFound.says(format!("Column statistics of {column} not found."))
}

/// Why a column can't have these statistics.
fn problem(columns: &[Column], one: &ColumnStatistics) -> Option<Fault> {
    let column = columns.iter().find(|c| fold(&c.name) == fold(&one.column_name));
    let Some(column) = column else {
        return Some(Error::EntityNotFound.says(format!("Column {} not found.", one.column_name)));
    };
    let other = column.r#type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case(&one.column_type));
    if other {
        return Some(Error::InvalidInput.says(format!("Column {} is not of type {}.", one.column_name, one.column_type)));
    }
    let data = one.statistics_data.as_ref();
    let given = data.is_some_and(|d| match d.r#type {
        Some(ColumnStatisticsType::Boolean) => d.boolean_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::Date) => d.date_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::Decimal) => d.decimal_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::Double) => d.double_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::Long) => d.long_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::String) => d.string_column_statistics_data.is_some(),
        Some(ColumnStatisticsType::Binary) => d.binary_column_statistics_data.is_some(),
        None => false,
    });
    (!given).then(|| Error::InvalidInput.says(format!("The statistics of column {} have no data of their type.", one.column_name)))
}

impl Glue {
    /// Writes statistics of a table's columns; tells which were refused.
    pub async fn update_column_statistics_for_table(
        &self,
        cx: &Context,
        input: UpdateColumnStatisticsForTableInput,
    ) -> Result<UpdateColumnStatisticsForTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let of = Of { database: &input.database_name, table: &input.table_name, values: None };
        Ok(UpdateColumnStatisticsForTableOutput { errors: Some(of.update(cx, input.column_statistics_list).await?) })
    }

    /// Statistics of columns of a table; tells which have none.
    pub async fn get_column_statistics_for_table(
        &self,
        cx: &Context,
        input: GetColumnStatisticsForTableInput,
    ) -> Result<GetColumnStatisticsForTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let of = Of { database: &input.database_name, table: &input.table_name, values: None };
        let (found, errors) = of.get(cx, &input.column_names)?;
        Ok(GetColumnStatisticsForTableOutput { column_statistics_list: Some(found), errors: Some(errors) })
    }

    /// Removes the statistics of a column.
    pub async fn delete_column_statistics_for_table(
        &self,
        cx: &Context,
        input: DeleteColumnStatisticsForTableInput,
    ) -> Result<DeleteColumnStatisticsForTableOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        Of { database: &input.database_name, table: &input.table_name, values: None }.delete(cx, &input.column_name).await?;
        Ok(DeleteColumnStatisticsForTableOutput {})
    }

    /// Writes statistics of a partition's columns; tells which were refused.
    pub async fn update_column_statistics_for_partition(
        &self,
        cx: &Context,
        input: UpdateColumnStatisticsForPartitionInput,
    ) -> Result<UpdateColumnStatisticsForPartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let of = Of { database: &input.database_name, table: &input.table_name, values: Some(&input.partition_values) };
        Ok(UpdateColumnStatisticsForPartitionOutput { errors: Some(of.update(cx, input.column_statistics_list).await?) })
    }

    /// Statistics of columns of a partition; tells which have none.
    pub async fn get_column_statistics_for_partition(
        &self,
        cx: &Context,
        input: GetColumnStatisticsForPartitionInput,
    ) -> Result<GetColumnStatisticsForPartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let of = Of { database: &input.database_name, table: &input.table_name, values: Some(&input.partition_values) };
        let (found, errors) = of.get(cx, &input.column_names)?;
        Ok(GetColumnStatisticsForPartitionOutput { column_statistics_list: Some(found), errors: Some(errors) })
    }

    /// Removes the statistics of a column of a partition.
    pub async fn delete_column_statistics_for_partition(
        &self,
        cx: &Context,
        input: DeleteColumnStatisticsForPartitionInput,
    ) -> Result<DeleteColumnStatisticsForPartitionOutput, Fault> {
        own_catalog(cx, input.catalog_id.as_ref())?;
        let of = Of { database: &input.database_name, table: &input.table_name, values: Some(&input.partition_values) };
        of.delete(cx, &input.column_name).await?;
        Ok(DeleteColumnStatisticsForPartitionOutput {})
    }
}
