//! The catalog as the engine sees it: every schema may exist, a table is looked up when it is asked for.

use super::{
    errors::{QueryError, carry},
    table::{GlueTable, Scans},
};
use datafusion::{
    catalog::{CatalogProvider, SchemaProvider, TableProvider},
    error::Result,
};
use std::sync::Arc;

pub(crate) struct Glue(pub Arc<Scans>);

impl std::fmt::Debug for Glue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Glue")
    }
}

impl CatalogProvider for Glue {
    fn schema_names(&self) -> Vec<String> {
        Vec::new()
    }
    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(Database { name: name.to_lowercase(), scans: self.0.clone() }))
    }
}

struct Database {
    name: String,
    scans: Arc<Scans>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.name)
    }
}

#[async_trait::async_trait]
impl SchemaProvider for Database {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }
    fn table_exist(&self, _name: &str) -> bool {
        true
    }
    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let cx = &self.scans.cx;
        let glue = |fault| carry(QueryError::from_fault("AmazonDataCatalog", &fault));
        let catalog = cx.cloud().ports().catalog().map_err(glue)?;
        let definition = match catalog.table(cx, &self.name, name).await {
            Ok(definition) => definition,
            Err(fault) if fault.code == "EntityNotFoundException" && fault.message.starts_with("Database") => {
                return Err(carry(QueryError::user(1301, format!("SCHEMA_NOT_FOUND: {{}}: Schema '{}' does not exist", self.name))));
            }
            Err(fault) if fault.code == "EntityNotFoundException" => return Ok(None),
            Err(fault) => return Err(glue(fault)),
        };
        let table = GlueTable::new(definition, self.scans.clone()).map_err(carry)?;
        Ok(Some(Arc::new(table)))
    }
}
