//! What Cognito keeps: pools, clients, users, groups, sign-ins, and which account and region an id belongs to.
//!
//! Pools and clients are kept as AWS's own shapes describe them; what a shape has no room for stands beside it.

use crate::{Error, client_secrets::ClientSecret, model::*, srp::Verifier};
use kit::{Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pools by id.
pub(crate) const POOLS: Table<String, Pool> = Table::new("cognito-idp.pools", TableScope::Region);
/// Clients by pool and id.
pub(crate) const CLIENTS: Table<(String, String), Client> = Table::new("cognito-idp.clients", TableScope::Region);
/// Users by pool and the name they are looked up by.
pub(crate) const USERS: Table<(String, String), User> = Table::new("cognito-idp.users", TableScope::Region).indexes(&[
    Index { name: "sub", keys: |u| vec![key_bytes(&(u.pool_id.as_str(), u.sub.as_str()))] },
    Index { name: "alias", keys: alias_keys },
    Index {
        name: "identity",
        keys: |u| u.identities.iter().map(|i| key_bytes(&(u.pool_id.as_str(), i.provider.as_str(), i.user_id.as_str()))).collect(),
    },
]);
/// Groups by pool and name.
pub(crate) const GROUPS: Table<(String, String), Group> = Table::new("cognito-idp.groups", TableScope::Region);
/// Who is in a group, by pool, group and the user's key.
pub(crate) const MEMBERS: Table<(String, String, String), Member> = Table::new("cognito-idp.members", TableScope::Region)
    .indexes(&[Index { name: "user", keys: |m| vec![key_bytes(&(m.pool_id.as_str(), m.user_key.as_str(), m.group.as_str()))] }]);
/// Sign-ins that can be refreshed, by pool and origin_jti. An access token whose sign-in is gone is revoked.
pub(crate) const SIGN_INS: Table<(String, String), SignIn> = Table::new("cognito-idp.sign-ins", TableScope::Region).indexes(&[
    Index { name: "user", keys: |s| vec![key_bytes(&(s.pool_id.as_str(), s.user_key.as_str()))] },
    Index { name: "token", keys: |s| s.hashes().map(|hash| key_bytes(&(s.pool_id.as_str(), hash))).collect() },
    Index { name: "end", keys: |s| vec![key_bytes(&(s.pool_id.as_str(), s.ends))] },
]);
/// Where an id that requests carry without account and region belongs: pools and clients.
pub(crate) const NAMES: Table<String, Place> = Table::new("cognito-idp.names", TableScope::Global);

/// Account, region and pool of an id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    pub account: String,
    pub region: String,
    pub pool_id: String,
}

/// A user pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pool {
    pub id: String,
    /// Seals sessions and secret blocks.
    pub secret: Vec<u8>,
    #[serde(with = "wire::kept")]
    pub settings: UserPoolType,
    #[serde(with = "wire::kept")]
    pub mfa: GetUserPoolMfaConfigOutput,
}

/// An app client.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Client {
    #[serde(with = "wire::kept")]
    pub settings: UserPoolClientType,
    /// All that count, oldest first; the first one stands in `settings` too.
    pub secrets: Vec<ClientSecret>,
}

/// A user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct User {
    pub pool_id: String,
    /// As it was given at sign-up; the sub in pools whose user names are addresses.
    pub username: String,
    pub sub: String,
    pub attributes: BTreeMap<String, String>,
    pub password: Option<Verifier>,
    /// Earlier passwords, newest first, where the policy keeps a history.
    pub history: Vec<Verifier>,
    pub status: Option<UserStatus>,
    pub disabled: bool,
    pub created: Timestamp,
    pub modified: Timestamp,
    /// End of a temporary password.
    pub temporary_until: Option<Timestamp>,
    pub codes: Vec<Code>,
    /// Wrong passwords in a row, and when the last one came.
    pub failures: u32,
    pub failed_at: Timestamp,
    pub mfa: UserMfa,
    /// Who else says who this user is, by providers of the pool.
    pub identities: Vec<Identity>,
}

/// A user's second factors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UserMfa {
    pub sms: bool,
    pub email: bool,
    pub totp: bool,
    /// `SMS_MFA`, `SOFTWARE_TOKEN_MFA` or `EMAIL_OTP`.
    pub preferred: Option<String>,
    /// Secret of the authenticator, base 32, once a code has proved it; and of one that waits for its first code.
    pub secret: Option<String>,
    pub pending_secret: Option<String>,
    pub device_name: Option<String>,
    /// The last step of time whose code was taken: a code counts once.
    pub last_step: u64,
}

/// What a user is called by an identity provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Identity {
    /// Name of the provider in the pool.
    pub provider: String,
    /// `OIDC`, `SAML`...
    pub provider_type: String,
    pub user_id: String,
    pub issuer: Option<String>,
    /// False where the user was here before and was linked.
    pub primary: bool,
    pub made: Timestamp,
}

/// Where a user stands.
pub(crate) type UserStatus = UserStatusType;

/// A code that was sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Code {
    pub purpose: CodePurpose,
    pub code: String,
    pub expires: Timestamp,
    pub wrong: u32,
    /// The attribute that the code proves, and its new value where that waits for the proof.
    pub attribute: String,
    pub pending: Option<String>,
}

/// What a code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CodePurpose {
    #[default]
    SignUp,
    Password,
    Attribute,
}

/// A group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    #[serde(with = "wire::kept")]
    pub settings: GroupType,
}

/// A membership.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Member {
    pub pool_id: String,
    pub group: String,
    pub user_key: String,
}

/// A sign-in that can be refreshed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignIn {
    pub pool_id: String,
    pub client_id: String,
    pub user_key: String,
    pub origin_jti: String,
    pub event_id: String,
    pub auth_time: i64,
    /// SHA-256 of the refresh token, hexadecimal.
    pub token: String,
    /// The refresh tokens before it and until when they are still taken (rotation), newest first.
    pub before: Vec<(String, Timestamp)>,
    /// End of the refresh token.
    pub expires: Timestamp,
    /// When no token of the sign-in can be valid any more, and the row may go.
    pub ends: Timestamp,
    /// What an OAuth client asked for; absent where the API was asked.
    pub oauth: Option<OAuthGrant>,
    /// The device that it happened on, where the pool tracks devices.
    pub device_key: Option<String>,
}

/// What an OAuth client was granted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OAuthGrant {
    pub scopes: Vec<String>,
    pub nonce: Option<String>,
}

impl OAuthGrant {
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

impl SignIn {
    fn hashes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.token.as_str()).chain(self.before.iter().map(|(hash, _)| hash.as_str()))
    }
}

/// The attributes by which a user may be found beside the user name.
pub(crate) const ALIASES: [&str; 3] = ["email", "phone_number", "preferred_username"];

fn alias_keys(user: &User) -> Vec<Vec<u8>> {
    let keyed = |name: &&str| user.attributes.get(*name).map(|v| key_bytes(&(user.pool_id.as_str(), *name, v.to_lowercase())));
    ALIASES.iter().filter_map(keyed).collect()
}

impl Pool {
    /// What follows `_` in the id: the pool's name in SRP.
    pub fn srp_name(&self) -> &str {
        self.id.split_once('_').map_or("", |(_, name)| name)
    }
    /// Whether `Ann` and `ann` are two users.
    pub fn case_sensitive(&self) -> bool {
        self.settings.username_configuration.as_ref().is_none_or(|c| c.case_sensitive)
    }
    /// The key of a user name.
    pub fn user_key(&self, username: &str) -> String {
        if self.case_sensitive() { username.to_owned() } else { username.to_lowercase() }
    }
    /// Addresses that serve as user names.
    pub fn username_attributes(&self) -> &[UsernameAttributeType] {
        self.settings.username_attributes.as_deref().unwrap_or_default()
    }
    /// Attributes that may be used in place of the user name.
    pub fn alias_attributes(&self) -> &[AliasAttributeType] {
        self.settings.alias_attributes.as_deref().unwrap_or_default()
    }
    /// Attributes that are verified at sign-up.
    pub fn auto_verified(&self) -> &[VerifiedAttributeType] {
        self.settings.auto_verified_attributes.as_deref().unwrap_or_default()
    }
    /// By what users may prove themselves first: passwords where nothing else is said.
    pub fn first_factors(&self) -> &[AuthFactorType] {
        first_factors(&self.settings)
    }
    /// The description of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&SchemaAttributeType> {
        self.settings.schema_attributes.iter().flatten().find(|a| a.name.as_deref() == Some(name))
    }
}

/// By what users of a pool with these settings may prove themselves first.
pub(crate) fn first_factors(settings: &UserPoolType) -> &[AuthFactorType] {
    let policy = settings.policies.as_ref().and_then(|p| p.sign_in_policy.as_ref());
    policy.and_then(|p| p.allowed_first_auth_factors.as_deref()).unwrap_or(&[AuthFactorType::Password])
}

impl User {
    pub fn key(&self, pool: &Pool) -> String {
        pool.user_key(&self.username)
    }
    pub fn status(&self) -> UserStatus {
        self.status.unwrap_or(UserStatus::Unknown)
    }
    pub fn is_verified(&self, attribute: &str) -> bool {
        self.attributes.get(&format!("{attribute}_verified")).is_some_and(|v| v == "true")
    }
}

impl Client {
    pub fn id(&self) -> &str {
        self.settings.client_id.as_deref().unwrap_or_default()
    }
    /// The secrets that count; none for public clients.
    pub fn secrets(&self) -> Vec<&str> {
        match self.secrets.is_empty() {
            true => self.settings.client_secret.as_deref().into_iter().collect(),
            false => self.secrets.iter().map(|s| s.value.as_str()).collect(),
        }
    }
    /// Whether the client wants unknown users to look like known ones.
    pub fn hides_users(&self) -> bool {
        self.settings.prevent_user_existence_errors == Some(PreventUserExistenceErrorTypes::Enabled)
    }
}

/// The ARN of a pool.
pub(crate) fn arn(scope: &Scope, pool_id: &str) -> String {
    format!("arn:aws:cognito-idp:{}:{}:userpool/{pool_id}", scope.region, scope.account)
}

/// A pool, or AWS's fault.
pub(crate) fn pool(read: &impl Read, scope: &Scope, id: &str) -> Result<Pool, Fault> {
    read.get(&POOLS, scope, &id.to_owned())?.ok_or_else(|| Error::ResourceNotFound.says(format!("User pool {id} does not exist.")))
}

/// A client, or AWS's fault.
pub(crate) fn client(read: &impl Read, scope: &Scope, pool_id: &str, id: &str) -> Result<Client, Fault> {
    read.get(&CLIENTS, scope, &(pool_id.to_owned(), id.to_owned()))?.ok_or_else(|| no_such_client(id))
}

pub(crate) fn no_such_client(id: &str) -> Fault {
    Error::ResourceNotFound.says(format!("User pool client {id} does not exist."))
}

/// Where an id belongs.
pub(crate) fn place(cx: &Context, id: &str) -> Result<Option<Place>, Fault> {
    cx.store().read(|s| s.get(&NAMES, cx.scope(), &id.to_owned()))
}

impl Place {
    pub fn scope(&self) -> Scope {
        Scope::new(&self.account, &self.region)
    }
}

/// A user by name, alias or sub.
pub(crate) fn find_user(read: &impl Read, scope: &Scope, pool: &Pool, login: &str) -> Result<Option<User>, Fault> {
    let key = (pool.id.clone(), pool.user_key(login));
    if let Some(user) = read.get(&USERS, scope, &key)? {
        return Ok(Some(user));
    }
    for name in ALIASES {
        if let Some(user) = by_alias(read, scope, pool, name, login)? {
            return Ok(Some(user));
        }
    }
    let found = read.by_index(&USERS, scope, "sub", &(pool.id.as_str(), login)).first()?;
    Ok(found.map(|(_, user)| user))
}

/// The user whose attribute serves as the name: every address in pools that use them as user names, verified ones in pools with aliases. Who
/// came by another provider is found by none of his: the address is still free for a user of the pool itself, who may be there too.
pub(crate) fn by_alias(read: &impl Read, scope: &Scope, pool: &Pool, name: &str, value: &str) -> Result<Option<User>, Fault> {
    let is_name = pool.username_attributes().iter().any(|a| a.as_str() == name);
    let is_alias = pool.alias_attributes().iter().any(|a| a.as_str() == name);
    if !is_name && !is_alias {
        return Ok(None);
    }
    for row in read.by_index(&USERS, scope, "alias", &(pool.id.as_str(), name, value.to_lowercase())) {
        let (_, user) = row?;
        if user.status() == UserStatus::ExternalProvider {
            continue;
        }
        let same = !pool.case_sensitive() || user.attributes.get(name).is_some_and(|v| v == value);
        if same && (is_name || name == "preferred_username" || user.is_verified(name)) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The user whom a provider of the pool knows by an id of its own.
pub(crate) fn by_identity(read: &impl Read, scope: &Scope, pool_id: &str, provider: &str, user_id: &str) -> Result<Option<User>, Fault> {
    let found = read.by_index(&USERS, scope, "identity", &(pool_id, provider, user_id)).first()?;
    Ok(found.map(|(_, user)| user))
}

/// A user by name, alias or sub, or AWS's fault.
pub(crate) fn user(read: &impl Read, scope: &Scope, pool: &Pool, login: &str) -> Result<User, Fault> {
    find_user(read, scope, pool, login)?.ok_or_else(no_such_user)
}

pub(crate) fn no_such_user() -> Fault {
    Error::UserNotFound.says("User does not exist.")
}

/// Groups of a user, most important first.
pub(crate) fn groups_of(read: &impl Read, scope: &Scope, pool: &Pool, user_key: &str) -> Result<Vec<GroupType>, Fault> {
    let mut groups = Vec::new();
    for row in read.by_index(&MEMBERS, scope, "user", &(pool.id.as_str(), user_key)) {
        let (_, member) = row?;
        groups.extend(read.get(&GROUPS, scope, &(pool.id.clone(), member.group))?.map(|group| group.settings));
    }
    groups.sort_by_key(|group| (group.precedence.unwrap_or(i32::MAX), group.group_name.clone()));
    Ok(groups)
}

/// Days, hours... as nanoseconds.
pub(crate) fn seconds(n: i64) -> i128 {
    n as i128 * 1_000_000_000
}

/// A refusal that names what is not honoured.
pub(crate) fn refused(operation: &str, what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not honour {what} of cognito-idp:{operation} yet, so it is refused."))
}

/// The general fault for a parameter.
pub(crate) fn bad(message: impl Into<String>) -> Fault {
    Error::InvalidParameter.says(message)
}
/// The general fault for a caller.
pub(crate) fn not_authorized(message: impl Into<String>) -> Fault {
    Error::NotAuthorized.says(message)
}
