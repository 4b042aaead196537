//! SHOW: databases, tables, views, columns, partitions, properties.

use super::{partitions::key_names, *};

pub(super) async fn databases(desk: &Desk<'_>, like: Option<&str>) -> Result<Finished, QueryError> {
    let all = desk.catalog.databases(desk.cx).await.map_err(refused)?;
    Ok(listing("database_name", all.iter().map(|d| text(d, "Name").to_owned()).filter(|n| matches(like, n))))
}

async fn named(desk: &Desk<'_>, database: Option<&str>) -> Result<Vec<Value>, QueryError> {
    let database = database.unwrap_or(desk.database);
    match desk.catalog.tables(desk.cx, database).await {
        Err(fault) if fault.code == "EntityNotFoundException" => {
            Err(QueryError::failed(format!("SemanticException [Error 10072]: Database does not exist: {database}")))
        }
        found => found.map_err(refused),
    }
}

pub(super) async fn tables(desk: &Desk<'_>, database: Option<&str>, like: Option<&str>) -> Result<Finished, QueryError> {
    let all = named(desk, database).await?;
    Ok(listing("tab_name", all.iter().map(|t| text(t, "Name").to_owned()).filter(|n| matches(like, n))))
}

pub(super) async fn views(desk: &Desk<'_>, database: Option<&str>, like: Option<&str>) -> Result<Finished, QueryError> {
    let all = named(desk, database).await?;
    let views = all.iter().filter(|t| text(t, "TableType") == "VIRTUAL_VIEW");
    Ok(listing("views", views.map(|t| text(t, "Name").to_owned()).filter(|n| matches(like, n))))
}

pub(super) async fn columns(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let table = desk.table(name).await?;
    Ok(listing("field", super::columns(&table).into_iter().map(|(name, ..)| format!("{name:<20}"))))
}

pub(super) async fn partitions(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let table = desk.table(name).await?;
    let keys = key_names(&table);
    if keys.is_empty() {
        return Err(QueryError::failed(format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table {} is not a partitioned table",
            text(&table, "Name")
        )));
    }
    let (database, table) = desk.of(name);
    let all = desk.catalog.partitions(desk.cx, database, table).await.map_err(refused)?;
    let shown = |p: &Value| {
        let values = p["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        keys.iter().zip(values).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("/")
    };
    Ok(listing("partition", all.iter().map(shown)))
}

pub(super) async fn properties(desk: &Desk<'_>, name: &TableName, property: Option<&str>) -> Result<Finished, QueryError> {
    let table = desk.table(name).await?;
    let all = table["Parameters"].as_object().cloned().unwrap_or_default();
    let value = |v: &Value| v.as_str().unwrap_or("").to_owned();
    if let Some(property) = property {
        let found = all
            .get(property)
            .map_or_else(|| format!("Table {} does not have property: {property}", table["Name"].as_str().unwrap_or("")), value);
        return Ok(listing("prpt_name", std::iter::once(found)));
    }
    Ok(listing("prpt_name", all.iter().map(|(k, v)| format!("{k}\t{}", value(v)))))
}
