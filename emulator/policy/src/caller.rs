//! Who asks for what: the principal in all its forms, and the request that is judged.

use std::borrow::Cow;

use crate::keys::Keys;

/// One request for authorisation: one action on one resource. An operation that needs several is several requests.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Caller,
    /// `service:Action`, e.g. `s3:GetObject`.
    pub action: &'a str,
    /// The ARN, or `*` where the action has no resource.
    pub resource: &'a str,
    /// Account that owns the resource, 12 digits; empty means the caller's own.
    pub resource_account: &'a str,
    /// Condition keys. Those that follow from the principal (aws:PrincipalArn, aws:username, aws:userid,
    /// aws:PrincipalAccount, aws:PrincipalType, aws:PrincipalIsAWSService, aws:ResourceAccount) need not be given.
    pub context: &'a Keys,
}

/// A principal of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The account's root user.
    Root {
        /// 12 digits.
        account: String,
    },
    /// An IAM user.
    User {
        /// `arn:aws:iam::123456789012:user/path/name`.
        arn: String,
        /// 12 digits.
        account: String,
        /// `AIDA...`.
        user_id: String,
        /// Without the path.
        name: String,
    },
    /// A session of a role.
    Session {
        /// `arn:aws:sts::123456789012:assumed-role/Role/session`.
        arn: String,
        /// `arn:aws:iam::123456789012:role/path/Role`.
        role_arn: String,
        /// 12 digits.
        account: String,
        /// `AROA...`.
        role_id: String,
        /// RoleSessionName.
        session_name: String,
        /// Identity provider, if the session came from a web identity or SAML.
        federated: Option<String>,
    },
    /// Somebody whom an identity provider vouches for and who has no AWS identity yet: the caller of
    /// AssumeRoleWithWebIdentity and AssumeRoleWithSAML.
    Federated {
        /// Domain or provider ARN, as the trust policy names it.
        provider: String,
    },
    /// An AWS service acting for itself.
    Service {
        /// E.g. `lambda.amazonaws.com`.
        name: String,
    },
    /// No signature at all.
    Anonymous,
}

/// [`Caller`] without its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// The account's root user.
    Root,
    /// An IAM user.
    User,
    /// A session of a role.
    Session,
    /// Vouched for by an identity provider.
    Federated,
    /// An AWS service.
    Service,
    /// Unsigned.
    Anonymous,
}

impl Caller {
    /// An IAM user without a path.
    pub fn user(account: &str, name: &str, user_id: &str) -> Self {
        Self::User {
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            account: account.to_owned(),
            user_id: user_id.to_owned(),
            name: name.to_owned(),
        }
    }

    /// A session of a role without a path.
    pub fn session(account: &str, role: &str, role_id: &str, session_name: &str) -> Self {
        Self::Session {
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session_name}"),
            role_arn: format!("arn:aws:iam::{account}:role/{role}"),
            account: account.to_owned(),
            role_id: role_id.to_owned(),
            session_name: session_name.to_owned(),
            federated: None,
        }
    }

    /// The name in messages and journals: an ARN, a service's name, a provider, or `anonymous`.
    pub fn arn(&self) -> Cow<'_, str> {
        match self {
            Self::Root { account } => Cow::Owned(format!("arn:aws:iam::{account}:root")),
            Self::User { arn, .. } | Self::Session { arn, .. } => Cow::Borrowed(arn),
            Self::Federated { provider } => Cow::Borrowed(provider),
            Self::Service { name } => Cow::Borrowed(name),
            Self::Anonymous => Cow::Borrowed("anonymous"),
        }
    }

    /// 12 digits; empty for services, federated and anonymous callers.
    pub fn account(&self) -> &str {
        match self {
            Self::Root { account } | Self::User { account, .. } | Self::Session { account, .. } => account,
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => "",
        }
    }

    /// Which kind of principal this is.
    pub fn kind(&self) -> CallerKind {
        match self {
            Self::Root { .. } => CallerKind::Root,
            Self::User { .. } => CallerKind::User,
            Self::Session { .. } => CallerKind::Session,
            Self::Federated { .. } => CallerKind::Federated,
            Self::Service { .. } => CallerKind::Service,
            Self::Anonymous => CallerKind::Anonymous,
        }
    }

    /// aws:PrincipalArn: of a session it is the role's ARN.
    pub(crate) fn principal_arn(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Session { role_arn, .. } => Some(Cow::Borrowed(role_arn)),
            Self::Root { .. } | Self::User { .. } => Some(self.arn()),
            Self::Federated { .. } | Self::Service { .. } | Self::Anonymous => None,
        }
    }

    /// aws:PrincipalType.
    pub(crate) fn principal_type(&self) -> &'static str {
        match self {
            Self::Root { .. } => "Account",
            Self::User { .. } => "User",
            Self::Session { .. } => "AssumedRole",
            Self::Federated { .. } => "FederatedUser",
            Self::Service { .. } => "Service",
            Self::Anonymous => "Anonymous",
        }
    }

    /// aws:userid.
    pub(crate) fn user_id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Root { account } => Some(Cow::Borrowed(account)),
            Self::User { user_id, .. } => Some(Cow::Borrowed(user_id)),
            Self::Session { role_id, session_name, .. } => Some(Cow::Owned(format!("{role_id}:{session_name}"))),
            Self::Anonymous => Some(Cow::Borrowed("anonymous")),
            Self::Federated { .. } | Self::Service { .. } => None,
        }
    }
}
