//! Amazon Cognito user pools: users, groups, sign-up, sign-in by password and SRP, tokens.
//!
//! A user's password is never kept: its SRP verifier is, and a password is checked by making the verifier again. What is not honoured yet
//! (risks that are enforced, SAML) is refused by name when a pool asks for it. This room knows no other service.

mod access;
mod attributes;
mod auth;
mod client_secrets;
mod clients;
mod codes;
mod devices;
mod domains;
mod doors;
mod filter;
mod firewall;
mod groups;
mod inbox;
mod keys;
mod linking;
mod listing;
mod mfa;
mod mfa_config;
#[allow(missing_docs)]
mod model;
mod names;
mod nobody;
mod oauth;
mod pages;
mod passkeys;
mod password;
mod pool_settings;
mod pools;
mod port;
mod protection;
mod providers;
mod refresh;
mod resource_servers;
mod seal;
mod self_service;
mod sign_up;
mod srp;
mod state;
mod tags;
mod tier;
mod tokens;
mod triggers;
mod users;
mod verification;

pub use model::*;

use kit::{Door, ports::Ports};
use std::sync::Arc;

/// The service. All state is in the store; signing keys wait in a stock of the process until a pool takes them.
#[derive(Clone, Default)]
pub struct CognitoIdp {
    signers: Arc<keys::Signers>,
    issuer: Issuer,
}

/// What stands in the `iss` of tokens. Whoever checks tokens inside the cloud takes either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Issuer {
    /// The cloud's endpoint, where discovery really is to be fetched: `http://127.0.0.1:4566/<pool>`.
    #[default]
    Local,
    /// AWS's name: `https://cognito-idp.<region>.amazonaws.com/<pool>`.
    Aws,
    /// Another URL of the cloud, as out of a container or behind a proxy: `http://localhost:8000` makes `http://localhost:8000/<pool>`.
    At(String),
}

impl CognitoIdp {
    /// The service, ready to be given to a cloud.
    pub fn new() -> CognitoIdp {
        CognitoIdp::default()
    }
    /// The same service with another issuer in its tokens.
    pub fn issuer(mut self, issuer: Issuer) -> CognitoIdp {
        self.issuer = issuer;
        self
    }
}

kit::service! {
    /// Amazon Cognito user pools.
    CognitoIdp, model = "cognito-idp", invalid_input = "InvalidParameterException";
    // pools.rs
    CreateUserPool => create_user_pool,
    DescribeUserPool => describe_user_pool,
    UpdateUserPool => update_user_pool,
    DeleteUserPool => delete_user_pool,
    ListUserPools => list_user_pools,
    AddCustomAttributes => add_custom_attributes,
    // clients.rs
    CreateUserPoolClient => create_user_pool_client,
    DescribeUserPoolClient => describe_user_pool_client,
    UpdateUserPoolClient => update_user_pool_client,
    DeleteUserPoolClient => delete_user_pool_client,
    ListUserPoolClients => list_user_pool_clients,
    // client_secrets.rs
    AddUserPoolClientSecret => add_user_pool_client_secret,
    ListUserPoolClientSecrets => list_user_pool_client_secrets,
    DeleteUserPoolClientSecret => delete_user_pool_client_secret,
    // domains.rs
    CreateUserPoolDomain => create_user_pool_domain,
    DescribeUserPoolDomain => describe_user_pool_domain,
    UpdateUserPoolDomain => update_user_pool_domain,
    DeleteUserPoolDomain => delete_user_pool_domain,
    // resource_servers.rs
    CreateResourceServer => create_resource_server,
    DescribeResourceServer => describe_resource_server,
    UpdateResourceServer => update_resource_server,
    DeleteResourceServer => delete_resource_server,
    ListResourceServers => list_resource_servers,
    // providers.rs
    CreateIdentityProvider => create_identity_provider,
    DescribeIdentityProvider => describe_identity_provider,
    GetIdentityProviderByIdentifier => get_identity_provider_by_identifier,
    UpdateIdentityProvider => update_identity_provider,
    DeleteIdentityProvider => delete_identity_provider,
    ListIdentityProviders => list_identity_providers,
    // mfa_config.rs
    GetUserPoolMfaConfig => get_user_pool_mfa_config,
    SetUserPoolMfaConfig => set_user_pool_mfa_config,
    // sign_up.rs
    SignUp => sign_up,
    ConfirmSignUp => confirm_sign_up,
    ResendConfirmationCode => resend_confirmation_code,
    // auth/
    InitiateAuth => initiate_auth,
    AdminInitiateAuth => admin_initiate_auth,
    RespondToAuthChallenge => respond_to_auth_challenge,
    AdminRespondToAuthChallenge => admin_respond_to_auth_challenge,
    // mfa/
    AssociateSoftwareToken => associate_software_token,
    VerifySoftwareToken => verify_software_token,
    SetUserMFAPreference => set_user_mfa_preference,
    AdminSetUserMFAPreference => admin_set_user_mfa_preference,
    SetUserSettings => set_user_settings,
    AdminSetUserSettings => admin_set_user_settings,
    GetUserAuthFactors => get_user_auth_factors,
    // devices/
    ConfirmDevice => confirm_device,
    GetDevice => get_device,
    ListDevices => list_devices,
    UpdateDeviceStatus => update_device_status,
    ForgetDevice => forget_device,
    AdminGetDevice => admin_get_device,
    AdminListDevices => admin_list_devices,
    AdminUpdateDeviceStatus => admin_update_device_status,
    AdminForgetDevice => admin_forget_device,
    // passkeys/
    StartWebAuthnRegistration => start_web_authn_registration,
    CompleteWebAuthnRegistration => complete_web_authn_registration,
    ListWebAuthnCredentials => list_web_authn_credentials,
    DeleteWebAuthnCredential => delete_web_authn_credential,
    // refresh.rs
    GetTokensFromRefreshToken => get_tokens_from_refresh_token,
    RevokeToken => revoke_token,
    GlobalSignOut => global_sign_out,
    AdminUserGlobalSignOut => admin_user_global_sign_out,
    // users.rs
    AdminCreateUser => admin_create_user,
    AdminGetUser => admin_get_user,
    AdminSetUserPassword => admin_set_user_password,
    AdminResetUserPassword => admin_reset_user_password,
    AdminConfirmSignUp => admin_confirm_sign_up,
    AdminDeleteUser => admin_delete_user,
    AdminEnableUser => admin_enable_user,
    AdminDisableUser => admin_disable_user,
    AdminUpdateUserAttributes => admin_update_user_attributes,
    AdminDeleteUserAttributes => admin_delete_user_attributes,
    // listing.rs
    ListUsers => list_users,
    // self_service.rs
    GetUser => get_user,
    UpdateUserAttributes => update_user_attributes,
    DeleteUserAttributes => delete_user_attributes,
    DeleteUser => delete_user,
    ChangePassword => change_password,
    ForgotPassword => forgot_password,
    ConfirmForgotPassword => confirm_forgot_password,
    GetUserAttributeVerificationCode => get_user_attribute_verification_code,
    VerifyUserAttribute => verify_user_attribute,
    // groups.rs
    CreateGroup => create_group,
    GetGroup => get_group,
    UpdateGroup => update_group,
    DeleteGroup => delete_group,
    ListGroups => list_groups,
    AdminAddUserToGroup => admin_add_user_to_group,
    AdminRemoveUserFromGroup => admin_remove_user_from_group,
    AdminListGroupsForUser => admin_list_groups_for_user,
    ListUsersInGroup => list_users_in_group,
    // linking.rs
    AdminLinkProviderForUser => admin_link_provider_for_user,
    AdminDisableProviderForUser => admin_disable_provider_for_user,
    // protection/
    kept SetRiskConfiguration => set_risk_configuration,
    DescribeRiskConfiguration => describe_risk_configuration,
    AdminListUserAuthEvents => admin_list_user_auth_events,
    AdminUpdateAuthEventFeedback => admin_update_auth_event_feedback,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for CognitoIdp {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_user_pools(self);
    }
    fn doors(&self) -> Vec<Arc<dyn Door>> {
        vec![
            Arc::new(doors::Discovery(self.clone())),
            Arc::new(doors::Inbox),
            Arc::new(doors::Rotation),
            Arc::new(oauth::Hosted(self.clone())),
        ]
    }
    fn tells_faults_in_headers(&self) -> bool {
        true
    }
    fn is_guarded(&self, cx: &kit::Context, resource_arn: &str) -> bool {
        self.guards(cx, resource_arn)
    }
    fn guarded(&self, cx: &kit::Context, op: usize, input: &dyn kit::Typed, body: &kit::Bytes) -> Option<kit::Guarded> {
        self.guarded_pool(cx, op, input, body)
    }
}
