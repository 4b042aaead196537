//! AWS Lambda: functions that run their own binaries, as plain child processes that speak the Runtime API.
//!
//! The API is in the files of this folder, one resource a file; `code/` takes and unpacks deployment packages; `runtime/` starts and ends
//! environments; `invoke/` is the way of an event through versions, aliases, concurrency, the environment and back; `events/` is the queue
//! of asynchronous invocations. An environment that waits for its next event runs on in the background.

mod access;
mod aliases;
mod code;
mod concurrency;
mod destinations;
mod event_invoke;
mod events;
mod functions;
pub mod in_process;
mod invoke;
mod layers;
mod mappings;
#[allow(missing_docs)]
mod model;
mod names;
mod permissions;
mod port;
mod provisioned;
mod recursion;
mod runtime;
mod runtime_management;
mod state;
mod tags;
mod urls;
mod versions;

pub use model::*;

use kit::{Context, Fault, ports::Ports, store::TaskRow};
use runtime::pools::Pools;
use std::sync::Arc;

/// The service. Its fields hold running environments; all else is in the store.
pub struct Lambda {
    pools: Arc<Pools>,
    /// Of events of the asynchronous queue, and of batches of event sources.
    turns: events::Turns,
    /// The pollers of event source mappings.
    pollers: Arc<mappings::Pollers>,
    /// Those of topics.
    topics: Arc<mappings::kafka::Pollers>,
}

impl Lambda {
    /// Registers a closure as code: functions deployed from [`in_process::package`] of this name run it.
    pub fn register(&self, name: &str, handler: impl in_process::Handler + 'static) -> std::io::Result<()> {
        self.pools.closures.add(name, Arc::new(handler))
    }

    /// The service, ready to be given to a cloud.
    pub fn new() -> Lambda {
        Lambda { pools: Arc::default(), turns: events::Turns::default(), pollers: Arc::default(), topics: Arc::default() }
    }
}

impl Default for Lambda {
    fn default() -> Lambda {
        Lambda::new()
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.pools.close();
    }
}

kit::service! {
    /// AWS Lambda.
    Lambda, model = "lambda", invalid_input = "ValidationException";
    // functions/create.rs, update.rs, read.rs, delete.rs
    CreateFunction => create_function,
    UpdateFunctionCode => update_function_code,
    UpdateFunctionConfiguration => update_function_configuration,
    GetFunction => get_function,
    GetFunctionConfiguration => get_function_configuration,
    ListFunctions => list_functions,
    DeleteFunction => delete_function,
    // versions.rs
    PublishVersion => publish_version,
    ListVersionsByFunction => list_versions_by_function,
    // aliases.rs
    CreateAlias => create_alias,
    UpdateAlias => update_alias,
    GetAlias => get_alias,
    ListAliases => list_aliases,
    DeleteAlias => delete_alias,
    // invoke/mod.rs
    Invoke => invoke,
    // invoke/streaming.rs
    InvokeWithResponseStream => invoke_with_response_stream,
    // permissions.rs
    AddPermission => add_permission,
    RemovePermission => remove_permission,
    GetPolicy => get_policy,
    // event_invoke.rs
    PutFunctionEventInvokeConfig => put_function_event_invoke_config,
    UpdateFunctionEventInvokeConfig => update_function_event_invoke_config,
    GetFunctionEventInvokeConfig => get_function_event_invoke_config,
    ListFunctionEventInvokeConfigs => list_function_event_invoke_configs,
    DeleteFunctionEventInvokeConfig => delete_function_event_invoke_config,
    // concurrency.rs
    PutFunctionConcurrency => put_function_concurrency,
    GetFunctionConcurrency => get_function_concurrency,
    DeleteFunctionConcurrency => delete_function_concurrency,
    // urls/config.rs
    CreateFunctionUrlConfig => create_function_url_config,
    UpdateFunctionUrlConfig => update_function_url_config,
    GetFunctionUrlConfig => get_function_url_config,
    ListFunctionUrlConfigs => list_function_url_configs,
    DeleteFunctionUrlConfig => delete_function_url_config,
    // layers/publish.rs, policy.rs
    PublishLayerVersion => publish_layer_version,
    GetLayerVersion => get_layer_version,
    GetLayerVersionByArn => get_layer_version_by_arn,
    DeleteLayerVersion => delete_layer_version,
    ListLayerVersions => list_layer_versions,
    ListLayers => list_layers,
    AddLayerVersionPermission => add_layer_version_permission,
    GetLayerVersionPolicy => get_layer_version_policy,
    RemoveLayerVersionPermission => remove_layer_version_permission,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTags => list_tags,
    // concurrency.rs
    GetAccountSettings => get_account_settings,
    // mappings/api.rs
    CreateEventSourceMapping => create_event_source_mapping,
    UpdateEventSourceMapping => update_event_source_mapping,
    GetEventSourceMapping => get_event_source_mapping,
    ListEventSourceMappings => list_event_source_mappings,
    DeleteEventSourceMapping => delete_event_source_mapping,
    // provisioned.rs
    PutProvisionedConcurrencyConfig => put_provisioned_concurrency_config,
    GetProvisionedConcurrencyConfig => get_provisioned_concurrency_config,
    ListProvisionedConcurrencyConfigs => list_provisioned_concurrency_configs,
    DeleteProvisionedConcurrencyConfig => delete_provisioned_concurrency_config,
    // recursion.rs
    PutFunctionRecursionConfig => put_function_recursion_config,
    GetFunctionRecursionConfig => get_function_recursion_config,
    // functions/read.rs: which functions are signed is not built, so none is
    GetFunctionCodeSigningConfig => get_function_code_signing_config,
    // runtime_management.rs
    PutRuntimeManagementConfig => put_runtime_management_config,
    GetRuntimeManagementConfig => get_runtime_management_config,
}

impl kit::Service for Lambda {
    fn offer(self: Arc<Self>, ports: &Ports) {
        self.pollers.belong(Arc::downgrade(&self));
        self.topics.belong(Arc::downgrade(&self));
        ports.offer_scaled(self.clone());
        ports.offer_functions(self);
    }
    fn start<'a>(&'a self, cx: &'a Context) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            tokio::spawn(Pools::reap(Arc::downgrade(&self.pools), cx.cloud().clock().clone()));
            let pools = Arc::downgrade(&self.pools);
            // Environments of a state that is no more hold credentials that nobody knows.
            cx.store().on_commit(move |committed| {
                if let Some(pools) = pools.upgrade().filter(|_| committed.replaced) {
                    pools.clear();
                }
            });
            self.pollers.open(cx)?;
            self.topics.open(cx)
        })
    }
    fn stop(&self) -> kit::BoxFuture<'_, ()> {
        Box::pin(async move { self.pools.close() })
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.run_task(cx, task))
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        layers::policy_of(cx, resource).or_else(|| permissions::of_arn(cx, resource))
    }
    fn doors(&self) -> Vec<Arc<dyn kit::Door>> {
        vec![Arc::new(code::CodeDoor), Arc::new(urls::UrlDoor(self.pools.clone()))]
    }
}
