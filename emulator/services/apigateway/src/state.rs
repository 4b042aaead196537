//! What API Gateway keeps: an API as one row, its deployments as pictures of that row, its stages, and where an API's id belongs.

use crate::{Error, model::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// APIs by id.
pub(crate) const APIS: Table<String, Api> = Table::new("apigateway.apis", TableScope::Region);
/// Deployments by API and id.
pub(crate) const DEPLOYMENTS: Table<(String, String), StoredDeployment> = Table::new("apigateway.deployments", TableScope::Region);
/// What each deployment serves, by API and deployment.
pub(crate) const PICTURES: Table<(String, String), Api> = Table::new("apigateway.pictures", TableScope::Region);
/// Stages by API and name.
pub(crate) const STAGES: Table<(String, String), StoredStage> = Table::new("apigateway.stages", TableScope::Region);
/// API keys by id.
pub(crate) const API_KEYS: Table<String, StoredKey> = Table::new("apigateway.keys", TableScope::Region);
/// Ids of API keys by their values.
pub(crate) const KEY_VALUES: Table<String, String> = Table::new("apigateway.keyvalues", TableScope::Region);
/// Usage plans by id.
pub(crate) const USAGE_PLANS: Table<String, StoredPlan> = Table::new("apigateway.plans", TableScope::Region);
/// Keys of usage plans: (key, plan).
pub(crate) const PLAN_KEYS: Table<(String, String), bool> = Table::new("apigateway.plankeys", TableScope::Region);
/// What a key used of a plan: (plan, key, day as `2015-01-25`).
pub(crate) const USED: Table<(String, String, String), Used> = Table::new("apigateway.used", TableScope::Region);
/// Custom domain names, with the mappings that stand in them.
pub(crate) const DOMAINS: Table<String, StoredDomain> = Table::new("apigateway.domains", TableScope::Region);
/// VPC links by id.
pub(crate) const VPC_LINKS: Table<String, StoredLink> = Table::new("apigateway.vpclinks", TableScope::Region);
/// Where an API's id belongs: requests to an API carry neither account nor region.
pub(crate) const NAMES: Table<String, Place> = Table::new("apigateway.names", TableScope::Global);

/// Account and region of an API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub account: String,
    pub region: String,
}

/// An API: its settings and all that stands in it. A deployment is a copy of this.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Api {
    #[serde(with = "wire::kept")]
    pub settings: RestApi,
    /// By id; methods and integrations stand inside.
    #[serde(with = "wire::kept")]
    pub resources: BTreeMap<String, Resource>,
    /// By id.
    #[serde(with = "wire::kept")]
    pub authorizers: BTreeMap<String, Authorizer>,
    /// By name.
    #[serde(with = "wire::kept")]
    pub models: BTreeMap<String, Model>,
    /// By id.
    #[serde(with = "wire::kept")]
    pub request_validators: BTreeMap<String, RequestValidator>,
    /// By id.
    #[serde(with = "wire::kept")]
    pub documentation_parts: BTreeMap<String, DocumentationPart>,
    /// By version.
    #[serde(with = "wire::kept")]
    pub documentation_versions: BTreeMap<String, DocumentationVersion>,
    /// By type; only those that were put.
    #[serde(with = "wire::kept")]
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// A deployment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredDeployment {
    #[serde(with = "wire::kept")]
    pub settings: Deployment,
    /// SHA-256 of its picture, hexadecimal: what is held decoded is known by it.
    pub digest: String,
}

/// A stage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredStage {
    #[serde(with = "wire::kept")]
    pub settings: Stage,
}

/// An API key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredKey {
    #[serde(with = "wire::kept")]
    pub settings: ApiKey,
}

/// A usage plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredPlan {
    #[serde(with = "wire::kept")]
    pub settings: UsagePlan,
}

/// A VPC link, and when it is ready.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredLink {
    #[serde(with = "wire::kept")]
    pub settings: VpcLink,
    pub ready: kit::Timestamp,
}

/// Requests of a key on a day, and what was added to its quota by hand for the period.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Used {
    pub requests: i64,
    pub extension: i64,
}

/// A custom domain name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredDomain {
    #[serde(with = "wire::kept")]
    pub settings: DomainName,
    /// By base path; `(none)` for the root.
    #[serde(with = "wire::kept")]
    pub mappings: BTreeMap<String, BasePathMapping>,
}

impl Api {
    pub fn id(&self) -> &str {
        self.settings.id.as_deref().unwrap_or_default()
    }
    pub fn resource(&self, id: &str) -> Result<&Resource, Fault> {
        self.resources.get(id).ok_or_else(no_such_resource)
    }
    pub fn resource_mut(&mut self, id: &str) -> Result<&mut Resource, Fault> {
        self.resources.get_mut(id).ok_or_else(no_such_resource)
    }
    pub fn method(&self, resource: &str, verb: &str) -> Result<&Method, Fault> {
        self.resource(resource)?.resource_methods.as_ref().and_then(|methods| methods.get(verb)).ok_or_else(no_such_method)
    }
    pub fn method_mut(&mut self, resource: &str, verb: &str) -> Result<&mut Method, Fault> {
        self.resource_mut(resource)?.resource_methods.as_mut().and_then(|methods| methods.get_mut(verb)).ok_or_else(no_such_method)
    }
    pub fn integration(&self, resource: &str, verb: &str) -> Result<&Integration, Fault> {
        self.method(resource, verb)?.method_integration.as_ref().ok_or_else(no_such_integration)
    }
    pub fn integration_mut(&mut self, resource: &str, verb: &str) -> Result<&mut Integration, Fault> {
        self.method_mut(resource, verb)?.method_integration.as_mut().ok_or_else(no_such_integration)
    }
    /// All methods with the path of their resource.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &str, &Method)> {
        self.resources.values().flat_map(|resource| {
            let path = resource.path.as_deref().unwrap_or_default();
            resource.resource_methods.iter().flatten().map(move |(verb, method)| (path, verb.as_str(), method))
        })
    }
}

/// An API, or AWS's fault.
pub(crate) fn api(read: &impl Read, scope: &Scope, id: &str) -> Result<Api, Fault> {
    read.get(&APIS, scope, &id.to_owned())?.ok_or_else(|| no_such_api(scope, id))
}

/// Reads something of an API of the caller's.
pub(crate) fn of_api<R>(cx: &Context, id: &str, f: impl FnOnce(&Api) -> Result<R, Fault>) -> Result<R, Fault> {
    f(&cx.store().read(|s| api(s, cx.scope(), id))?)
}

/// Changes an API of the caller's.
pub(crate) async fn change<R>(cx: &Context, id: &str, f: impl FnOnce(&mut Api) -> Result<R, Fault>) -> Result<R, Fault> {
    cx.store().write(|tx| change_in(cx, tx, id, f)).await
}

/// What AWS says of methods and integrations of an API that is not there: their resource is not there.
pub(crate) fn as_resource(fault: Fault) -> Fault {
    if fault.message.starts_with("Invalid API identifier") { no_such_resource() } else { fault }
}

/// Reads something of a method of the caller's.
pub(crate) fn of_method<R>(cx: &Context, id: &str, f: impl FnOnce(&Api) -> Result<R, Fault>) -> Result<R, Fault> {
    of_api(cx, id, f).map_err(as_resource)
}

/// Changes a method of the caller's.
pub(crate) async fn change_method<R>(cx: &Context, id: &str, f: impl FnOnce(&mut Api) -> Result<R, Fault>) -> Result<R, Fault> {
    change(cx, id, f).await.map_err(as_resource)
}

/// Changes an API inside a transaction.
pub(crate) fn change_in<R>(cx: &Context, tx: &mut Tx<'_>, id: &str, f: impl FnOnce(&mut Api) -> Result<R, Fault>) -> Result<R, Fault> {
    let mut api = api(tx, cx.scope(), id)?;
    let result = f(&mut api)?;
    tx.put(&APIS, cx.scope(), &id.to_owned(), &api)?;
    Ok(result)
}

/// A page of a listing; `position` is opaque.
pub(crate) fn page<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    position: Option<&str>,
    limit: Option<i32>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let limit = limit.unwrap_or(25).clamp(1, 500) as usize;
    let page = kit::pages::page(items, key, position, limit, || bad("Invalid position parameter specified"))?;
    Ok((page.items, page.next))
}

pub(crate) fn no_such_api(scope: &Scope, id: &str) -> Fault {
    Error::NotFound.says(format!("Invalid API identifier specified {}:{id}", scope.account))
}
pub(crate) fn no_such_resource() -> Fault {
    Error::NotFound.says("Invalid Resource identifier specified")
}
pub(crate) fn no_such_method() -> Fault {
    Error::NotFound.says("Invalid Method identifier specified")
}
pub(crate) fn no_such_integration() -> Fault {
    Error::NotFound.says("Invalid Integration identifier specified")
}
pub(crate) fn no_such_response() -> Fault {
    Error::NotFound.says("Invalid Response status code specified")
}

/// The general fault for what is asked wrongly.
pub(crate) fn bad(message: impl Into<String>) -> Fault {
    Error::BadRequest.says(message)
}
pub(crate) fn conflict(message: impl Into<String>) -> Fault {
    Error::Conflict.says(message)
}

/// A refusal that names what is not honoured.
pub(crate) fn refused(operation: &str, what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not honour {what} of apigateway:{operation} yet, so it is refused."))
}
