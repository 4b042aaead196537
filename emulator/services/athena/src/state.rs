//! What Athena keeps: work groups, executions, named queries.

use crate::model::{DataCatalog, NamedQuery, PreparedStatement, QueryExecution, ResultSetMetadata, WorkGroup};
use kit::{Context, Fault, Principal, Table, TableScope, wire::kept::Kept};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Name to work group.
pub(crate) const WORK_GROUPS: Table<String, GroupRow> = Table::new("athena.work_groups", TableScope::Region);
/// Id to execution.
pub(crate) const EXECUTIONS: Table<String, ExecutionRow> = Table::new("athena.executions", TableScope::Region);
/// (work group, descending time, id): the order of ListQueryExecutions.
pub(crate) const BY_TIME: Table<(String, u64, String), ()> = Table::new("athena.executions_by_time", TableScope::Region);
/// Client request token to execution id.
pub(crate) const TOKENS: Table<String, String> = Table::new("athena.tokens", TableScope::Region);
/// Id to named query.
pub(crate) const NAMED: Table<String, Kept<NamedQuery>> = Table::new("athena.named_queries", TableScope::Region);

/// (work group, name) to prepared statement.
pub(crate) const PREPARED: Table<(String, String), Kept<PreparedStatement>> = Table::new("athena.prepared_statements", TableScope::Region);

/// Folded name to data catalog, and its tags.
pub(crate) const DATA_CATALOGS: Table<String, CatalogRow> = Table::new("athena.data_catalogs", TableScope::Region);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CatalogRow {
    pub catalog: Kept<DataCatalog>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// The work group that every account has.
pub(crate) const PRIMARY: &str = "primary";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    pub group: Kept<WorkGroup>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ExecutionRow {
    pub execution: Kept<QueryExecution>,
    /// Whose permissions it runs on.
    pub owner: Owner,
    /// Columns and rows of a finished query; what GetQueryResults pages through.
    #[serde(default)]
    pub columns: Option<Kept<ResultSetMetadata>>,
    /// The rows, in blobs of [`crate::results::PAGE_ROWS`] each.
    #[serde(default)]
    pub pages: Vec<kit::store::BlobRef>,
    #[serde(default)]
    pub row_count: usize,
    #[serde(default)]
    pub update_count: Option<i64>,
    /// The first row repeats the column names.
    #[serde(default)]
    pub header: bool,
    /// Tells what was asked from what else might have been, for requests that come again with their token.
    #[serde(default)]
    pub request: String,
}

/// The caller of a query, kept so that it runs on the same permissions after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Owner {
    Root { account: String },
    User { account: String, name: String, path: String, user_id: String },
    Session(kit::RoleSession),
}

impl Owner {
    pub(crate) fn of(principal: &Principal) -> Result<Owner, Fault> {
        Ok(match principal {
            Principal::Root { account } => Owner::Root { account: account.to_string() },
            Principal::User(u) => {
                Owner::User { account: u.account.to_string(), name: u.name.clone(), path: u.path.clone(), user_id: u.user_id.clone() }
            }
            Principal::Session(session) => Owner::Session((**session).clone()),
            _ => return Err(Fault::new("AccessDeniedException", 400, "Queries run for users and roles only.")),
        })
    }
    /// The context of a query: the caller's permissions, by way of Athena.
    pub(crate) fn context(self, cx: &Context) -> Context {
        let principal = match self {
            Owner::Root { account } => Principal::Root { account: account.into() },
            Owner::User { account, name, path, user_id } => {
                Principal::User(Arc::new(kit::UserIdentity { account: account.into(), name, path, user_id }))
            }
            Owner::Session(session) => Principal::Session(Arc::new(session)),
        };
        cx.with_principal(principal).via("athena.amazonaws.com")
    }
}

/// Athena's own form of an invalid request: the code of the problem stands beside the message, twice.
pub(crate) fn invalid(code: &str, message: impl Into<String>) -> Fault {
    crate::model::Error::InvalidRequest.says(message).with("AthenaErrorCode", code).with("ErrorCode", code)
}
