//! Who calls. A principal changes only by [`Context::as_role`](crate::Context::as_role),
//! [`as_service`](crate::Context::as_service) or [`via`](crate::Context::via).

use std::sync::Arc;
use wire::Timestamp;

/// Who calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// The root of an account: may do anything in it, as on AWS.
    Root {
        /// 12 digits.
        account: Arc<str>,
    },
    /// An IAM user.
    User(Arc<UserIdentity>),
    /// A session of a role.
    Session(Arc<RoleSession>),
    /// An AWS service on its own behalf (`s3.amazonaws.com`), with the resource it acts for.
    Service {
        /// `s3.amazonaws.com`
        name: Arc<str>,
        /// ARN of the resource that causes the call.
        source_arn: Option<Arc<str>>,
        /// Account that owns it.
        source_account: Option<Arc<str>>,
    },
    /// Somebody whom an identity provider vouches for, who asks for a role: trust policies name the provider under `Federated`.
    Federated {
        /// Domain (`cognito-identity.amazonaws.com`) or ARN of the provider.
        provider: Arc<str>,
    },
    /// Nobody: no credentials were sent.
    Anonymous,
}

/// An IAM user as seen by a request.
#[derive(Clone, Debug, PartialEq)]
pub struct UserIdentity {
    /// 12 digits.
    pub account: Arc<str>,
    /// User name.
    pub name: String,
    /// Path, with slashes at both ends.
    pub path: String,
    /// `AIDA...`-like id.
    pub user_id: String,
}

/// A session of a role as seen by a request.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RoleSession {
    /// 12 digits.
    pub account: Arc<str>,
    /// Role name.
    pub role_name: String,
    /// Role path, with slashes at both ends.
    pub role_path: String,
    /// `AROA...`-like id.
    pub role_id: String,
    /// Session name.
    pub session_name: String,
    /// Session policies as JSON text; empty means that none limits the session.
    pub session_policies: Vec<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Who vouched for its holder, where it was made for a web identity.
    pub federated: Option<Federation>,
    /// When the session ends.
    pub expires: Timestamp,
}

/// An identity provider and what it says of the holder of a session.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Federation {
    /// Domain (`cognito-identity.amazonaws.com`) or ARN of the provider.
    pub provider: String,
    /// Condition keys that every request of the session carries: `cognito-identity.amazonaws.com:sub`, `:aud`, `:amr`.
    pub keys: Vec<(String, Vec<String>)>,
}

impl Principal {
    /// The account, where there is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Root { account } => Some(account),
            Principal::User(user) => Some(&user.account),
            Principal::Session(session) => Some(&session.account),
            Principal::Service { source_account, .. } => source_account.as_deref(),
            Principal::Federated { .. } | Principal::Anonymous => None,
        }
    }

    /// The ARN as AWS writes it in messages and in GetCallerIdentity; a service's name for services.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root { account } => format!("arn:aws:iam::{account}:root"),
            Principal::User(user) => format!("arn:aws:iam::{}:user{}{}", user.account, user.path, user.name),
            Principal::Session(s) => format!("arn:aws:sts::{}:assumed-role/{}/{}", s.account, s.role_name, s.session_name),
            Principal::Service { name, .. } => name.to_string(),
            Principal::Federated { provider } => provider.to_string(),
            Principal::Anonymous => "anonymous".into(),
        }
    }

    /// The unique id as GetCallerIdentity gives it (`AROA...:session`).
    pub fn user_id(&self) -> String {
        match self {
            Principal::Root { account } => account.to_string(),
            Principal::User(user) => user.user_id.clone(),
            Principal::Session(s) => format!("{}:{}", s.role_id, s.session_name),
            Principal::Service { name, .. } => name.to_string(),
            Principal::Federated { provider } => provider.to_string(),
            Principal::Anonymous => "anonymous".into(),
        }
    }
}
