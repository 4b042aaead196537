//! The data catalog as Athena shows it: Glue's, through the Catalog port on the caller's own permissions.

use crate::{Athena, data_catalogs, model::*, state::invalid};
use kit::{Access, Authorize, Context, Fault, pages, time};
use serde_json::Value;

impl Athena {
    /// A database.
    pub async fn get_database(&self, cx: &Context, input: GetDatabaseInput) -> Result<GetDatabaseOutput, Fault> {
        known(cx, &input.catalog_name)?;
        let cx = cx.via("athena.amazonaws.com");
        let found = cx.cloud().ports().catalog()?.database(&cx, &input.database_name).await.map_err(metadata)?;
        Ok(GetDatabaseOutput { database: Some(database(&found)) })
    }

    /// All databases.
    pub async fn list_databases(&self, cx: &Context, input: ListDatabasesInput) -> Result<ListDatabasesOutput, Fault> {
        known(cx, &input.catalog_name)?;
        let cx = cx.via("athena.amazonaws.com");
        let all = cx.cloud().ports().catalog()?.databases(&cx).await.map_err(metadata)?;
        let all: Vec<Database> = all.iter().map(database).collect();
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page = pages::page(all, |d| d.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        Ok(ListDatabasesOutput { database_list: Some(page.items), next_token: page.next })
    }

    /// A table.
    pub async fn get_table_metadata(&self, cx: &Context, input: GetTableMetadataInput) -> Result<GetTableMetadataOutput, Fault> {
        known(cx, &input.catalog_name)?;
        let cx = cx.via("athena.amazonaws.com");
        let found = cx.cloud().ports().catalog()?.table(&cx, &input.database_name, &input.table_name).await.map_err(metadata)?;
        Ok(GetTableMetadataOutput { table_metadata: Some(table(&found)) })
    }

    /// Tables of a database.
    pub async fn list_table_metadata(&self, cx: &Context, input: ListTableMetadataInput) -> Result<ListTableMetadataOutput, Fault> {
        known(cx, &input.catalog_name)?;
        let fits = input.expression.as_deref().map(names).transpose()?;
        let cx = cx.via("athena.amazonaws.com");
        let all = cx.cloud().ports().catalog()?.tables(&cx, &input.database_name).await.map_err(metadata)?;
        let mut all: Vec<TableMetadata> = all.iter().map(table).collect();
        all.retain(|t| fits.as_ref().is_none_or(|fits| fits.is_match(&t.name)));
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page = pages::page(all, |t| t.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        Ok(ListTableMetadataOutput { table_metadata_list: Some(page.items), next_token: page.next })
    }
}

/// A filter of names: a regular expression that the whole name matches; `*` alone stands for all.
fn names(expression: &str) -> Result<regex::Regex, Fault> {
    let expression = if expression == "*" { ".*" } else { expression };
    let bounded = kit::bounded_regex(&format!("^(?:{expression})$")).case_insensitive(true).build();
    bounded.map_err(|_| invalid("INVALID_INPUT", format!("{expression} is not a regular expression")))
}

fn bad_token() -> Fault {
    invalid("MALFORMED_TOKEN", "Malformed nextPageToken")
}

/// Every catalog that is known is the account's own under some name.
fn known(cx: &Context, catalog: &str) -> Result<(), Fault> {
    cx.store().read(|s| data_catalogs::find(s, cx, catalog)).map(drop)
}

fn metadata(fault: Fault) -> Fault {
    match fault.code.as_ref() {
        "EntityNotFoundException" => Error::Metadata.says(fault.message),
        _ => fault,
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn parameters(value: &Value) -> Option<std::collections::BTreeMap<String, String>> {
    Some(value.as_object()?.iter().filter_map(|(k, v)| Some((k.clone(), text(v)?))).collect())
}

fn database(found: &Value) -> Database {
    Database {
        name: text(&found["Name"]).unwrap_or_default(),
        description: text(&found["Description"]),
        parameters: parameters(&found["Parameters"]),
    }
}

fn table(found: &Value) -> TableMetadata {
    let column = |c: &Value| Column { name: text(&c["Name"]).unwrap_or_default(), r#type: text(&c["Type"]), comment: text(&c["Comment"]) };
    let columns = |list: &Value| list.as_array().map(|l| l.iter().map(column).collect::<Vec<_>>());
    TableMetadata {
        name: text(&found["Name"]).unwrap_or_default(),
        create_time: found["CreateTime"].as_str().and_then(time::parse_iso),
        last_access_time: None,
        table_type: text(&found["TableType"]),
        columns: columns(&found["StorageDescriptor"]["Columns"]),
        partition_keys: columns(&found["PartitionKeys"]),
        parameters: parameters(&found["Parameters"]),
    }
}

macro_rules! on_catalog {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, cx: &Context) -> Access {
                Access::on($action, format!("arn:aws:athena:{}:{}:datacatalog/{}", cx.region(), cx.account(), self.catalog_name))
            }
        }
    )*};
}
on_catalog! {
    GetDatabaseInput => "athena:GetDatabase";
    ListDatabasesInput => "athena:ListDatabases";
    GetTableMetadataInput => "athena:GetTableMetadata";
    ListTableMetadataInput => "athena:ListTableMetadata";
}
