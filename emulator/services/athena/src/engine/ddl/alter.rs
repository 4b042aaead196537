//! ALTER TABLE: columns, properties, locations; partitions have a file of their own.

use super::{partitions, tables::columns_json, *};
use crate::hive::ast::{Alter, ColumnDef, Place};

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
        Alter::ChangeColumn { cascade: true, .. } => return Err(QueryError::unbuilt("CHANGE COLUMN with CASCADE")),
        Alter::ChangeColumn { from, to, place, cascade: false } => {
            let others: Vec<_> = columns(&table)
                .into_iter()
                .chain(partitions::key_names(&table).into_iter().map(|k| (k, String::new(), String::new())))
                .filter(|(name, ..)| name != from)
                .collect();
            check(std::slice::from_ref(to), &others)?;
            if let Some(all) = table["StorageDescriptor"]["Columns"].as_array_mut() {
                change(all, from, to, place.as_ref())?;
            }
            desk.update(table).await?;
        }
    }
    Ok(done())
}

/// A column under another name, of another type, at another place; what was said of it stays unless something is said.
fn change(all: &mut Vec<Value>, from: &str, to: &ColumnDef, place: Option<&Place>) -> Result<(), QueryError> {
    let none = |name: &str| {
        QueryError::failed(format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Invalid column reference {name}"
        ))
    };
    let at = |all: &[Value], name: &str| all.iter().position(|c| text(c, "Name") == name).ok_or_else(|| none(name));
    let old = at(all, from)?;
    let mut new = columns_json(std::slice::from_ref(to))[0].take();
    let column = all.remove(old);
    if new["Comment"].is_null() && !column["Comment"].is_null() {
        new["Comment"] = column["Comment"].clone();
    }
    let place = match place {
        None => old,
        Some(Place::First) => 0,
        Some(Place::After(name)) => at(all, name)? + 1,
    };
    all.insert(place, new);
    Ok(())
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
