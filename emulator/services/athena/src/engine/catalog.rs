//! The catalog as the engine sees it: every schema may exist, a table is looked up when it is asked for.

use super::{
    ddl::views,
    errors::{QueryError, carry},
    iceberg::{self, At, IcebergTable},
    schemas, session, sql,
    table::{GlueTable, Scans},
};
use datafusion::{
    catalog::{CatalogProvider, SchemaProvider, TableProvider, view::ViewTable},
    error::Result,
};
use kit::Fault;
use serde_json::Value;
use std::sync::Arc;

/// Views inside views.
const MOST_VIEWS: usize = 16;

pub(crate) struct Glue {
    pub scans: Arc<Scans>,
    /// Views around what is looked up.
    pub depth: usize,
}

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
        Some(Arc::new(Database { name: name.to_lowercase(), scans: self.scans.clone(), depth: self.depth }))
    }
}

struct Database {
    name: String,
    scans: Arc<Scans>,
    depth: usize,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.name)
    }
}

fn glue(fault: Fault) -> datafusion::error::DataFusionError {
    carry(QueryError::from_fault("AmazonDataCatalog", &fault))
}

impl Database {
    /// The definition, if there is such a table.
    async fn definition(&self, name: &str) -> Result<Option<Value>> {
        let cx = &self.scans.cx;
        let catalog = cx.cloud().ports().catalog().map_err(glue)?;
        match catalog.table(cx, &self.name, name).await {
            Ok(definition) => Ok(Some(definition)),
            Err(fault) if fault.code == "EntityNotFoundException" && fault.message.starts_with("Database") => {
                Err(carry(QueryError::user(1301, format!("SCHEMA_NOT_FOUND: {{}}: Schema '{}' does not exist", self.name))))
            }
            Err(fault) if fault.code == "EntityNotFoundException" => Ok(None),
            Err(fault) => Err(glue(fault)),
        }
    }

    async fn view(&self, definition: &Value) -> Result<Arc<dyn TableProvider>> {
        if self.depth >= MOST_VIEWS {
            return Err(carry(QueryError::user(1000, format!("VIEW_IS_RECURSIVE: {{}}: views are nested more than {MOST_VIEWS} deep"))));
        }
        let view = views::read(definition).map_err(|what| carry(QueryError::unbuilt(&what)))?;
        let session = session::session(&view.database, &self.scans, self.depth + 1).map_err(carry)?;
        // A future that holds itself, since a view may stand on views.
        let plan = Box::pin(session.plan(&view.sql, &[])).await?;
        Ok(Arc::new(ViewTable::new(session::as_table(plan)?, Some(view.sql))))
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
        let (name, hidden) = match name.strip_suffix(sql::HIDDEN) {
            Some(name) => (name, true),
            None => (name, false),
        };
        if self.name == "information_schema" {
            return schemas::table(&self.scans, name).await;
        }
        if let Some((of, at)) = versioned(name) {
            let Some(definition) = self.definition(of).await? else { return Ok(None) };
            if !iceberg::is(&definition) {
                return Err(carry(QueryError::user(1200, "NOT_SUPPORTED: This connector does not support versioned tables")));
            }
            return Ok(Some(Arc::new(IcebergTable::open(&definition, self.scans.clone(), at, hidden).await?)));
        }
        if let Some((of, about)) = name.rsplit_once('$') {
            let Some(definition) = self.definition(of).await? else { return Ok(None) };
            return match about {
                about if iceberg::is(&definition) => iceberg::about(&definition, &self.scans, about).await,
                "partitions" => schemas::partitions(&self.scans, &definition).await.map(Some),
                _ => Ok(None),
            };
        }
        let Some(definition) = self.definition(name).await? else { return Ok(None) };
        if definition["TableType"].as_str() == Some("VIRTUAL_VIEW") {
            return self.view(&definition).await.map(Some);
        }
        if iceberg::is(&definition) {
            return Ok(Some(Arc::new(IcebergTable::open(&definition, self.scans.clone(), At::Now, hidden).await?)));
        }
        Ok(Some(Arc::new(GlueTable::new(definition, self.scans.clone(), hidden).map_err(carry)?)))
    }
}

/// Whether a table of a query has hidden columns: objects hold its rows. One that is not there is told so where it is looked up.
pub(crate) async fn has_hidden(scans: &Arc<Scans>, database: &str, name: &[String]) -> bool {
    let (database, table) = match name {
        [table] => (database, table),
        [.., database, table] => (database.as_str(), table),
        [] => return false,
    };
    let table = versioned(table).map_or(table.as_str(), |(of, _)| of);
    if database == "information_schema" || table.contains('$') {
        return false;
    }
    let database = Database { name: database.to_owned(), scans: scans.clone(), depth: 0 };
    let found = database.definition(table).await.ok().flatten();
    found.is_none_or(|definition| definition["TableType"].as_str() != Some("VIRTUAL_VIEW"))
}

/// A table's name and the state of it that [`sql`] wrote behind it.
fn versioned(name: &str) -> Option<(&str, At)> {
    if let Some((of, id)) = name.split_once(sql::VERSION) {
        return Some((of, At::Version(id.parse().ok()?)));
    }
    let (of, ms) = name.split_once(sql::TIME)?;
    Some((of, At::Time(ms.parse().ok()?)))
}
