//! Glue asks for an action on the catalog, the database and the table: each of them must be allowed.

use crate::{Glue, model::*, state::fold};
use kit::{Access, Authorize, Context, Need};

pub(crate) fn needs(cx: &Context, action: &'static str, database: Option<&str>, table: Option<&str>) -> Vec<Need> {
    let base = format!("arn:aws:glue:{}:{}", cx.region(), cx.account());
    let mut needs = vec![Need::on(action, format!("{base}:catalog"))];
    if let Some(database) = database {
        needs.push(Need::on(action, format!("{base}:database/{}", fold(database))));
        if let Some(table) = table {
            needs.push(Need::on(action, format!("{base}:table/{}/{}", fold(database), fold(table))));
        }
    }
    needs
}

macro_rules! access {
    ($($input:ident => $action:literal, |$i:ident| $database:expr, $table:expr;)*) => {$(
        impl Authorize<Glue> for $input {
            fn access(&self, _: &Glue, cx: &Context) -> Access {
                let $i = self;
                Access::Needs(needs(cx, $action, $database, $table))
            }
        }
    )*};
}
access! {
    CreateDatabaseInput => "glue:CreateDatabase", |i| Some(i.database_input.name.as_str()), None;
    GetDatabaseInput => "glue:GetDatabase", |i| Some(i.name.as_str()), None;
    GetDatabasesInput => "glue:GetDatabases", |_i| None, None;
    UpdateDatabaseInput => "glue:UpdateDatabase", |i| Some(i.name.as_str()), None;
    DeleteDatabaseInput => "glue:DeleteDatabase", |i| Some(i.name.as_str()), None;
    CreateTableInput => "glue:CreateTable", |i| Some(i.database_name.as_str()), i.table_input.as_ref().map(|t| t.name.as_str());
    GetTableInput => "glue:GetTable", |i| Some(i.database_name.as_str()), Some(i.name.as_str());
    GetTablesInput => "glue:GetTables", |i| Some(i.database_name.as_str()), Some("*");
    UpdateTableInput => "glue:UpdateTable", |i| Some(i.database_name.as_str()), i.table_input.as_ref().map(|t| t.name.as_str());
    DeleteTableInput => "glue:DeleteTable", |i| Some(i.database_name.as_str()), Some(i.name.as_str());
    BatchDeleteTableInput => "glue:BatchDeleteTable", |i| Some(i.database_name.as_str()), Some("*");
    CreatePartitionInput => "glue:CreatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchCreatePartitionInput => "glue:BatchCreatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetPartitionInput => "glue:GetPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetPartitionsInput => "glue:GetPartitions", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchGetPartitionInput => "glue:BatchGetPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    UpdatePartitionInput => "glue:UpdatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeletePartitionInput => "glue:DeletePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchDeletePartitionInput => "glue:BatchDeletePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
}
