//! What is kept of HTTP APIs: an API as one row, its deployments as pictures of that row, its stages, and where an API's id belongs.

use crate::{Error, model::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wire::kept::Keep;

/// APIs by id.
pub(crate) const APIS: Table<String, Kept> = Table::new("apigatewayv2.apis", TableScope::Region);
/// Deployments by API and id.
pub(crate) const DEPLOYMENTS: Table<(String, String), Picture> = Table::new("apigatewayv2.deployments", TableScope::Region);
/// Stages by API and name.
pub(crate) const STAGES: Table<(String, String), StoredStage> = Table::new("apigatewayv2.stages", TableScope::Region);
/// Custom domain names.
pub(crate) const DOMAINS: Table<String, StoredDomain> = Table::new("apigatewayv2.domains", TableScope::Region);
/// Where an API's id or a domain's name belongs: requests to an API carry neither account nor region.
pub(crate) const NAMES: Table<String, Place> = Table::new("apigatewayv2.names", TableScope::Global);

/// Account and region of an API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub account: String,
    pub region: String,
}

/// An API and all that stands in it, each by its id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    #[serde(with = "wire::kept")]
    pub settings: Api,
    #[serde(with = "wire::kept")]
    pub routes: BTreeMap<String, Route>,
    #[serde(with = "wire::kept")]
    pub integrations: BTreeMap<String, Integration>,
    #[serde(with = "wire::kept")]
    pub authorizers: BTreeMap<String, Authorizer>,
}

/// A deployment: the API as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Picture {
    #[serde(with = "wire::kept")]
    pub settings: Deployment,
    pub api: Kept,
}

/// A stage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredStage {
    #[serde(with = "wire::kept")]
    pub settings: Stage,
}

/// A custom domain name with its mappings by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredDomain {
    #[serde(with = "wire::kept")]
    pub settings: DomainName,
    #[serde(with = "wire::kept")]
    pub mappings: BTreeMap<String, ApiMapping>,
}

/// A value as another shape of AWS's model that has the same members.
pub(crate) fn shown<A: Keep, B: Keep>(value: &A) -> Result<B, Fault> {
    B::regain(&value.keep()).map_err(|e| Fault::internal(format!("a shape can't be shown: {e}")))
}

/// A value with what an update tells put over it. Maps and lists are replaced whole.
pub(crate) fn updated<A: Keep, B: Keep>(value: &A, update: &B) -> Result<A, Fault> {
    let mut all = value.keep();
    if let (Value::Object(all), Value::Object(update)) = (&mut all, update.keep()) {
        all.extend(update.into_iter().filter(|(_, value)| !value.is_null()));
    }
    A::regain(&all).map_err(|e| Fault::internal(format!("a shape can't be changed: {e}")))
}

/// An API, or AWS's fault.
pub(crate) fn api(read: &impl Read, scope: &Scope, id: &str) -> Result<Kept, Fault> {
    read.get(&APIS, scope, &id.to_owned())?.ok_or_else(|| missing("API", id))
}

/// Reads something of an API.
pub(crate) fn of_api<R>(cx: &Context, id: &str, f: impl FnOnce(&Kept) -> Result<R, Fault>) -> Result<R, Fault> {
    f(&cx.store().read(|s| api(s, cx.scope(), id))?)
}

/// Changes an API; stages with auto deploy serve the change at once.
pub(crate) async fn change<R>(cx: &Context, id: &str, f: impl FnOnce(&mut Kept) -> Result<R, Fault>) -> Result<R, Fault> {
    cx.store()
        .write(|tx| {
            let mut api = api(tx, cx.scope(), id)?;
            let result = f(&mut api)?;
            tx.put(&APIS, cx.scope(), &id.to_owned(), &api)?;
            crate::deployments::deploy_automatically(cx, tx, &api)?;
            Ok(result)
        })
        .await
}

/// The stages of an API.
pub(crate) fn stages(tx: &Tx<'_>, scope: &Scope, api_id: &str) -> Result<Vec<Stage>, Fault> {
    tx.scan(&STAGES, scope).prefix(&(api_id,)).map(|row| row.map(|(_, stage)| stage.settings)).collect()
}

/// A page of a listing.
pub(crate) fn page<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    token: Option<&str>,
    limit: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let limit = match limit {
        Some(text) => text.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| bad("Invalid value for maxResults"))?.min(500),
        None => 500,
    };
    let page = kit::pages::page(items, key, token, limit, || bad("Invalid value for nextToken"))?;
    Ok((page.items, page.next))
}

/// AWS's fault for what is not there.
pub(crate) fn missing(kind: &str, id: &str) -> Fault {
    Error::NotFound.says(format!("Invalid {kind} identifier specified {id}"))
}
pub(crate) fn bad(message: impl Into<String>) -> Fault {
    Error::BadRequest.says(message)
}
/// A refusal that names what is not honoured.
pub(crate) fn refused(operation: &str, what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not honour {what} of apigatewayv2:{operation} yet, so it is refused."))
}
