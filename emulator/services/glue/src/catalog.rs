//! The Catalog port: others read the catalog on the caller's own permissions, through the same operations as any client.

use kit::{BoxFuture, Context, Fault, ports};
use serde_json::{Value, json};

/// Offers the catalog; keeps nothing.
pub(crate) struct Port;

impl Port {
    /// Every page of a listing.
    async fn all(&self, cx: &Context, operation: &str, mut input: Value, list: &str) -> Result<Vec<Value>, Fault> {
        let mut items = Vec::new();
        loop {
            let mut page = cx.cloud().call_json(cx, "glue", operation, &input).await?;
            if let Some(Value::Array(found)) = page.get_mut(list).map(Value::take) {
                items.extend(found);
            }
            match page.get_mut("NextToken").map(Value::take) {
                Some(Value::String(token)) => input["NextToken"] = token.into(),
                _ => return Ok(items),
            }
        }
    }
}

impl ports::Catalog for Port {
    fn database<'a>(&'a self, cx: &'a Context, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { Ok(self.run(cx, "GetDatabase", json!({ "Name": name })).await?["Database"].take()) })
    }
    fn databases<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(self.all(cx, "GetDatabases", json!({}), "DatabaseList"))
    }
    fn table<'a>(&'a self, cx: &'a Context, database: &'a str, name: &'a str) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { Ok(self.run(cx, "GetTable", json!({ "DatabaseName": database, "Name": name })).await?["Table"].take()) })
    }
    fn tables<'a>(&'a self, cx: &'a Context, database: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(self.all(cx, "GetTables", json!({ "DatabaseName": database }), "TableList"))
    }
    fn partitions<'a>(&'a self, cx: &'a Context, database: &'a str, table: &'a str) -> BoxFuture<'a, Result<Vec<Value>, Fault>> {
        Box::pin(self.all(cx, "GetPartitions", json!({ "DatabaseName": database, "TableName": table }), "Partitions"))
    }
    fn run<'a>(&'a self, cx: &'a Context, operation: &'a str, input: Value) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move { cx.cloud().call_json(cx, "glue", operation, &input).await })
    }
}
