//! AWS Secrets Manager: secrets with versions and their staging labels, policies, tags, and deletion that waits.
//!
//! A secret under a key of the customer's own is encrypted with a data key of KMS, on the permissions of whoever writes or reads it. Without
//! one AWS uses its managed key, of which callers notice nothing, and the value lies in the store as it is. Rotation and replicas are refused by
//! name.

mod access;
mod crypt;
mod delete;
mod describe;
mod find;
#[allow(missing_docs)]
mod model;
mod password;
mod policies;
mod port;
mod stages;
mod state;
mod tags;
mod values;
mod write;

pub use model::*;

use kit::{Context, Fault, store::TaskRow};

/// The service. All state is in the store.
#[derive(Default)]
pub struct SecretsManager;

impl SecretsManager {
    /// The service, ready to be given to a cloud.
    pub fn new() -> SecretsManager {
        SecretsManager
    }
}

kit::service! {
    /// AWS Secrets Manager.
    SecretsManager, model = "secretsmanager", invalid_input = "ValidationException";
    // write.rs
    CreateSecret => create_secret,
    PutSecretValue => put_secret_value,
    UpdateSecret => update_secret,
    // values.rs
    GetSecretValue => get_secret_value,
    BatchGetSecretValue => batch_get_secret_value,
    // describe.rs
    DescribeSecret => describe_secret,
    ListSecrets => list_secrets,
    ListSecretVersionIds => list_secret_version_ids,
    // stages.rs
    UpdateSecretVersionStage => update_secret_version_stage,
    // delete.rs
    DeleteSecret => delete_secret,
    RestoreSecret => restore_secret,
    // policies.rs
    PutResourcePolicy => put_resource_policy,
    GetResourcePolicy => get_resource_policy,
    DeleteResourcePolicy => delete_resource_policy,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    // password.rs
    GetRandomPassword => get_random_password,
}

impl kit::Service for SecretsManager {
    fn offer(self: std::sync::Arc<Self>, ports: &kit::ports::Ports) {
        ports.offer_secrets(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(delete::when_due(cx, task))
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        find::by_arn(cx, resource).and_then(|secret| secret.policy)
    }
}
