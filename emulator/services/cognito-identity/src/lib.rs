//! Amazon Cognito identity pools: who brings a token of a provider that a pool trusts is an identity of the pool, and gets credentials of
//! a role. Whom the role trusts and what its credentials may do is IAM's; tokens of user pools are checked by their port. This room knows
//! no other service.

mod access;
mod credentials;
mod developers;
mod identities;
mod keys;
mod logins;
#[allow(missing_docs)]
mod model;
mod open_id;
mod pools;
mod principal_tags;
mod roles;
mod state;
mod tags;

pub use model::*;

use kit::{Door, ports::Ports};
use std::sync::Arc;

/// The service. All state is in the store; the signing key that was read from it waits here.
#[derive(Clone, Default)]
pub struct CognitoIdentity {
    keys: Arc<keys::Keys>,
}

impl CognitoIdentity {
    /// The service, ready to be given to a cloud.
    pub fn new() -> CognitoIdentity {
        CognitoIdentity::default()
    }
}

kit::service! {
    /// Amazon Cognito identity pools.
    CognitoIdentity, model = "cognito-identity", invalid_input = "ValidationException";
    // pools.rs
    CreateIdentityPool => create_identity_pool,
    DescribeIdentityPool => describe_identity_pool,
    UpdateIdentityPool => update_identity_pool,
    DeleteIdentityPool => delete_identity_pool,
    ListIdentityPools => list_identity_pools,
    // roles.rs
    SetIdentityPoolRoles => set_identity_pool_roles,
    GetIdentityPoolRoles => get_identity_pool_roles,
    // principal_tags.rs
    SetPrincipalTagAttributeMap => set_principal_tag_attribute_map,
    GetPrincipalTagAttributeMap => get_principal_tag_attribute_map,
    // identities.rs
    GetId => get_id,
    DescribeIdentity => describe_identity,
    ListIdentities => list_identities,
    DeleteIdentities => delete_identities,
    UnlinkIdentity => unlink_identity,
    // credentials.rs
    GetCredentialsForIdentity => get_credentials_for_identity,
    // open_id.rs
    GetOpenIdToken => get_open_id_token,
    GetOpenIdTokenForDeveloperIdentity => get_open_id_token_for_developer_identity,
    // developers.rs
    LookupDeveloperIdentity => lookup_developer_identity,
    MergeDeveloperIdentities => merge_developer_identities,
    UnlinkDeveloperIdentity => unlink_developer_identity,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for CognitoIdentity {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_identity_tokens(self);
    }
    fn tells_faults_in_headers(&self) -> bool {
        true
    }
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![Arc::new(open_id::Discovery(self.clone()))]
    }
}
