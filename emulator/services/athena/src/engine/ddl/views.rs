//! Views: Presto's form in the catalog, a comment that holds base64 of JSON. CREATE VIEW itself needs the engine, which knows the columns.

use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};

const BEFORE: &str = "/* Presto View: ";
const AFTER: &str = " */";

/// What a view says: its query, and the database that names in it mean.
pub(crate) struct View {
    pub sql: String,
    pub database: String,
}

/// The view behind a definition; the error tells what it is instead.
pub(crate) fn read(table: &Value) -> Result<View, String> {
    let text = table["ViewOriginalText"].as_str().unwrap_or("");
    let inner = text.trim().strip_prefix(BEFORE).and_then(|t| t.strip_suffix(AFTER));
    let Some(inner) = inner else { return Err("Hive views".into()) };
    let decoded = STANDARD.decode(inner.trim()).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let decoded = decoded.ok_or("views whose definition is not base64 of JSON")?;
    let database = decoded["schema"].as_str().or(table["DatabaseName"].as_str()).unwrap_or("default").to_owned();
    let sql = decoded["originalSql"].as_str().ok_or("views without originalSql")?.to_owned();
    Ok(View { sql, database })
}

/// The definition of a view with these columns: name, Trino's type, Hive's type.
pub(crate) fn definition(cx: &Context, name: &str, database: &str, sql: &str, columns: &[(String, String, String)]) -> Value {
    let shown: Vec<Value> = columns.iter().map(|(name, kind, _)| json!({ "name": name, "type": kind })).collect();
    let inner = json!({ "originalSql": sql.trim(), "catalog": "awsdatacatalog", "schema": database, "columns": shown });
    let hive: Vec<Value> = columns.iter().map(|(name, _, kind)| json!({ "Name": name, "Type": kind })).collect();
    json!({
        "Name": name,
        "Owner": "hadoop",
        "Retention": 0,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": format!("{BEFORE}{}{AFTER}", STANDARD.encode(inner.to_string())),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "Parameters": { "presto_view": "true", "comment": "Presto View", "transient_lastDdlTime": cx.now().secs().to_string() },
        "StorageDescriptor": {
            "Columns": hive, "Location": "", "Compressed": false, "NumberOfBuckets": 0, "SerdeInfo": {}, "BucketColumns": [], "SortColumns": [],
            "Parameters": {}, "StoredAsSubDirectories": false,
        },
    })
}

async fn view(desk: &Desk<'_>, name: &TableName) -> Result<Value, QueryError> {
    let (database, table) = desk.of(name);
    let found = match desk.catalog.table(desk.cx, database, table).await {
        Err(fault) if fault.code == "EntityNotFoundException" => None,
        found => Some(found.map_err(refused)?),
    };
    found
        .filter(|t| text(t, "TableType") == "VIRTUAL_VIEW")
        .ok_or_else(|| QueryError::user(1301, format!("TABLE_NOT_FOUND: line 1:1: View '{}' does not exist", shown(desk, name))))
}

fn shown(desk: &Desk<'_>, name: &TableName) -> String {
    let (database, table) = desk.of(name);
    format!("awsdatacatalog.{database}.{table}")
}

/// Keeps a view; replaces one only where the statement says so.
pub(crate) async fn create(desk: &Desk<'_>, name: &TableName, replace: bool, definition: Value) -> Result<Finished, QueryError> {
    let (database, _) = desk.of(name);
    let made = desk.run("CreateTable", json!({ "DatabaseName": database, "TableInput": definition })).await;
    match made {
        Err(fault) if fault.code == "AlreadyExistsException" && replace => {
            view(desk, name).await?;
            desk.run("UpdateTable", json!({ "DatabaseName": database, "TableInput": definition })).await.map_err(refused)?;
            Ok(done())
        }
        Err(fault) if fault.code == "AlreadyExistsException" => {
            Err(QueryError::user(1000, format!("ALREADY_EXISTS: line 1:1: View already exists: '{}'", shown(desk, name))))
        }
        Err(fault) if fault.code == "EntityNotFoundException" => {
            Err(QueryError::user(1301, format!("SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist")))
        }
        made => made.map(|_| done()).map_err(refused),
    }
}

pub(super) async fn drop(desk: &Desk<'_>, name: &TableName, lenient: bool) -> Result<Finished, QueryError> {
    match view(desk, name).await {
        Err(error) if error.message.starts_with("TABLE_NOT_FOUND") && lenient => return Ok(done()),
        found => found?,
    };
    let (database, table) = desk.of(name);
    desk.run("DeleteTable", json!({ "DatabaseName": database, "Name": table })).await.map_err(refused)?;
    Ok(done())
}

pub(super) async fn show_create(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let found = read(&view(desk, name).await?).map_err(|what| QueryError::unbuilt(&what))?;
    let (database, table) = desk.of(name);
    let statement = format!("CREATE VIEW {database}.{table} AS\n{}", found.sql);
    Ok(listing("Create View", std::iter::once(statement)))
}

pub(super) async fn describe(desk: &Desk<'_>, name: &TableName) -> Result<Finished, QueryError> {
    let found = view(desk, name).await?;
    let rows: Vec<TextRow> =
        columns(&found).into_iter().map(|(name, kind, comment)| vec![Some(format!("{name:<20}\t{kind:<20}\t{comment:<20}"))]).collect();
    let columns = ["col_name", "data_type", "comment"].map(types::varchar).to_vec();
    Ok(Finished { columns, rows: Rows::Few(rows), header: false, update_count: Some(0), manifest: None })
}
