//! Who can be granted something: accounts by canonical id, and AWS's three groups. Grants by e-mail address ended in October 2025: AWS answers
//! 405 to them since, and so does this.

use super::grants::malformed;
use crate::{errors, model::*, state};
use kit::{Context, Fault, Principal};
use serde::{Deserialize, Serialize};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
/// The principal that the group of log delivery stands for.
pub(crate) const LOG_PRINCIPAL: &str = "logging.s3.amazonaws.com";

/// A grantee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Who {
    /// Canonical id of an account.
    User(String),
    AllUsers,
    AuthenticatedUsers,
    LogDelivery,
}

impl Who {
    /// Whether everybody, or everybody with an account anywhere, is meant: what AWS calls public.
    pub fn is_public(&self) -> bool {
        matches!(self, Who::AllUsers | Who::AuthenticatedUsers)
    }

    /// Whether the caller is meant.
    pub fn means(&self, cx: &Context) -> bool {
        match (self, cx.principal()) {
            (Who::AllUsers, _) => true,
            (Who::AuthenticatedUsers, principal) => *principal != Principal::Anonymous,
            (Who::LogDelivery, Principal::Service { name, .. }) => &**name == LOG_PRINCIPAL,
            (Who::LogDelivery, _) | (Who::User(_), Principal::Service { .. }) => false,
            (Who::User(id), principal) => principal.account().is_some_and(|account| state::canonical_id(account) == *id),
        }
    }

    /// As answers show it.
    pub fn shown(&self) -> Grantee {
        let group = |uri: &str| Grantee { r#type: Some(Type::Group), uri: Some(uri.into()), ..Grantee::default() };
        match self {
            Who::User(id) => Grantee { r#type: Some(Type::CanonicalUser), id: Some(id.clone()), ..Grantee::default() },
            Who::AllUsers => group(ALL_USERS),
            Who::AuthenticatedUsers => group(AUTHENTICATED_USERS),
            Who::LogDelivery => group(LOG_DELIVERY),
        }
    }
}

fn group(uri: &str, argument: &str) -> Result<Who, Fault> {
    match uri {
        ALL_USERS => Ok(Who::AllUsers),
        AUTHENTICATED_USERS => Ok(Who::AuthenticatedUsers),
        LOG_DELIVERY => Ok(Who::LogDelivery),
        other => Err(errors::invalid_argument("Invalid group uri", argument, other)),
    }
}

/// A canonical id has the form of one; whether such an account exists nobody here can know.
pub(super) fn check_id(id: &str, argument: &str) -> Result<(), Fault> {
    match id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(errors::invalid_argument("Invalid id", argument, id)),
    }
}

fn by_email() -> Fault {
    Fault::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
}

/// A grantee of a document.
pub(crate) fn grantee(grantee: &Grantee) -> Result<Who, Fault> {
    match (grantee.r#type, &grantee.id, &grantee.uri) {
        (Some(Type::CanonicalUser), Some(id), _) => check_id(id, "CanonicalUser/ID").map(|()| Who::User(id.to_ascii_lowercase())),
        (Some(Type::Group), _, Some(uri)) => group(uri, "Group/URI"),
        (Some(Type::AmazonCustomerByEmail), ..) => Err(by_email()),
        _ => Err(malformed()),
    }
}

/// The grantees of a header: `id="...", uri="...", emailAddress="..."`.
pub(super) fn of_header(name: &str, value: &str) -> Result<Vec<Who>, Fault> {
    value.split(',').map(|one| one_of_header(name, one.trim())).collect()
}

fn one_of_header(name: &str, text: &str) -> Result<Who, Fault> {
    let refused = || errors::invalid_argument("Argument format not recognized", name, text);
    let (kind, value) = text.split_once('=').ok_or_else(refused)?;
    let value = value.trim().trim_matches('"');
    match kind.trim() {
        "id" => check_id(value, "id").map(|()| Who::User(value.to_ascii_lowercase())),
        "uri" => group(value, "uri"),
        "emailAddress" => Err(by_email()),
        _ => Err(refused()),
    }
}
