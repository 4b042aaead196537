//! Databases: CREATE, DROP, ALTER.

use super::*;
use crate::hive::ast::Properties;

pub(super) async fn create(
    desk: &Desk<'_>,
    name: &str,
    lenient: bool,
    comment: Option<&str>,
    location: Option<&str>,
    properties: &Properties,
) -> Result<Finished, QueryError> {
    let mut input = json!({ "Name": name });
    if let Some(comment) = comment {
        input["Description"] = comment.into();
    }
    if let Some(location) = location {
        input["LocationUri"] = location.into();
    }
    if !properties.is_empty() {
        input["Parameters"] = json!(properties);
    }
    let made = desk.run("CreateDatabase", json!({ "DatabaseInput": input })).await;
    tolerate(made, lenient, "AlreadyExistsException", || {
        format!("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database {name} already exists")
    })
}

pub(super) async fn drop(desk: &Desk<'_>, name: &str, lenient: bool, cascade: bool) -> Result<Finished, QueryError> {
    if !cascade && desk.catalog.tables(desk.cx, name).await.is_ok_and(|tables| !tables.is_empty()) {
        return Err(QueryError::failed(format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
        )));
    }
    let gone = desk.run("DeleteDatabase", json!({ "Name": name })).await;
    tolerate(gone, lenient, "EntityNotFoundException", || format!("SemanticException [Error 10072]: Database does not exist: {name}"))
}

pub(super) async fn alter(desk: &Desk<'_>, name: &str, properties: &Properties) -> Result<Finished, QueryError> {
    let found = desk.catalog.database(desk.cx, name).await.map_err(refused)?;
    let mut input = json!({ "Name": name, "Parameters": found["Parameters"] });
    for member in ["Description", "LocationUri", "CreateTableDefaultPermissions"] {
        if !found[member].is_null() {
            input[member] = found[member].clone();
        }
    }
    if input["Parameters"].is_null() {
        input["Parameters"] = json!({});
    }
    for (key, value) in properties {
        input["Parameters"][key] = value.as_str().into();
    }
    desk.run("UpdateDatabase", json!({ "Name": name, "DatabaseInput": input })).await.map_err(refused)?;
    Ok(done())
}
