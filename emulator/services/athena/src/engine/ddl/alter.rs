//! ALTER TABLE: columns, properties, locations; partitions have a file of their own.

use super::{partitions, tables::columns_json, *};
use crate::hive::ast::{Alter, ColumnDef};

pub(super) async fn alter(desk: &Desk<'_>, name: &TableName, alter: &Alter) -> Result<Finished, QueryError> {
    let mut table = desk.changeable(name).await?;
    match alter {
        Alter::AddPartitions { lenient, partitions: all } => partitions::add(desk, &table, *lenient, all).await?,
        Alter::DropPartitions { lenient, partitions: all } => partitions::drop(desk, &table, *lenient, all).await?,
        Alter::RenamePartition { from, to } => partitions::rename(desk, &table, from, to).await?,
        Alter::SetLocation { partition: Some(spec), location } => partitions::set_location(desk, &table, spec, location).await?,
        Alter::SetLocation { partition: None, location } => {
            partitions::check_location(location)?;
            table["StorageDescriptor"]["Location"] = location.as_str().into();
            desk.update(table).await?;
        }
        Alter::SetProperties(properties) => {
            if table["Parameters"].is_null() {
                table["Parameters"] = json!({});
            }
            for (key, value) in properties {
                table["Parameters"][key] = value.as_str().into();
            }
            desk.update(table).await?;
        }
        Alter::AddColumns(new) => {
            check(new, &columns(&table))?;
            if let (Some(old), Value::Array(new)) = (table["StorageDescriptor"]["Columns"].as_array_mut(), columns_json(new)) {
                old.extend(new);
            }
            desk.update(table).await?;
        }
        Alter::ReplaceColumns(new) => {
            let keys = partitions::key_names(&table).into_iter().map(|k| (k, String::new(), String::new())).collect::<Vec<_>>();
            check(new, &keys)?;
            table["StorageDescriptor"]["Columns"] = columns_json(new);
            desk.update(table).await?;
        }
    }
    Ok(done())
}

fn check(new: &[ColumnDef], old: &[(String, String, String)]) -> Result<(), QueryError> {
    for column in new {
        if old.iter().any(|(name, ..)| *name == column.name) {
            return Err(QueryError::failed(format!(
                "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Duplicate column name: {}",
                column.name
            )));
        }
        types::of_hive(&column.kind).map_err(|text| QueryError::failed(format!("ParseException {text}")))?;
    }
    Ok(())
}
