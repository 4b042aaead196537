//! AWS KMS: keys with policies of their own, and the cryptography under them, for callers and (by the port) for other services.
//!
//! Key material, aliases and grants are rows; ciphertexts carry what is needed to find the material again. What a library doesn't give
//! (other curves, imported material, custom key stores) is refused by name. This room must not know which services encrypt with it, save
//! for the aliases of their AWS managed keys.

mod access;
mod aliases;
mod blob;
mod cipher;
mod data_keys;
mod find;
mod grants;
mod keys;
mod macs;
mod managed;
mod material;
#[allow(missing_docs)]
mod model;
mod notices;
mod policies;
mod port;
mod retiring;
mod rotation;
mod rules;
mod signing;
mod spec;
mod state;
mod states;
mod tags;

pub use model::*;

use kit::{Context, Fault, Need, ports::Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store.
#[derive(Default)]
pub struct Kms;

impl Kms {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Kms {
        Kms
    }
}

kit::service! {
    /// AWS Key Management Service.
    Kms, model = "kms", invalid_input = "ValidationException";
    // keys.rs
    CreateKey => create_key,
    DescribeKey => describe_key,
    ListKeys => list_keys,
    UpdateKeyDescription => update_key_description,
    // states.rs
    EnableKey => enable_key,
    DisableKey => disable_key,
    ScheduleKeyDeletion => schedule_key_deletion,
    CancelKeyDeletion => cancel_key_deletion,
    // rotation.rs
    EnableKeyRotation => enable_key_rotation,
    DisableKeyRotation => disable_key_rotation,
    GetKeyRotationStatus => get_key_rotation_status,
    RotateKeyOnDemand => rotate_key_on_demand,
    ListKeyRotations => list_key_rotations,
    // policies.rs
    GetKeyPolicy => get_key_policy,
    PutKeyPolicy => put_key_policy,
    ListKeyPolicies => list_key_policies,
    // aliases.rs
    CreateAlias => create_alias,
    UpdateAlias => update_alias,
    DeleteAlias => delete_alias,
    ListAliases => list_aliases,
    // cipher.rs
    Encrypt => encrypt,
    Decrypt => decrypt,
    ReEncrypt => re_encrypt,
    // data_keys.rs
    GenerateDataKey => generate_data_key,
    GenerateDataKeyWithoutPlaintext => generate_data_key_without_plaintext,
    GenerateDataKeyPair => generate_data_key_pair,
    GenerateDataKeyPairWithoutPlaintext => generate_data_key_pair_without_plaintext,
    GenerateRandom => generate_random,
    // macs.rs
    GenerateMac => generate_mac,
    VerifyMac => verify_mac,
    // signing.rs
    Sign => sign,
    Verify => verify,
    GetPublicKey => get_public_key,
    // grants.rs
    CreateGrant => create_grant,
    ListGrants => list_grants,
    RevokeGrant => revoke_grant,
    // retiring.rs
    RetireGrant => retire_grant,
    ListRetirableGrants => list_retirable_grants,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListResourceTags => list_resource_tags,
}

impl kit::Service for Kms {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_keys(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match &*task.kind {
                states::DELETE => states::delete_when_due(cx, task).await,
                rotation::ROTATE => rotation::rotate_when_due(cx, task).await,
                kind => Err(Fault::internal(format!("kms has no task {kind}"))),
            }
        })
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        policies::in_force(cx, resource)
    }
    /// An IAM policy alone opens no key: its key policy has to let IAM in.
    fn complete(&self, cx: &Context, need: &Need) -> Option<Need> {
        access::complete(cx, need)
    }
}
