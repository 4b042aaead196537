//! What grants mean to the decider: statements that are added to the bucket's policy for the one need that is being judged.
//!
//! A grant to an account is a permission to it as a whole; its own identity policies still decide who of it may. A bucket's owner has no say
//! about an object of somebody else but to refuse: of its policy only the denying statements count there.

use super::{enforced, grants::Given, groups::Who};
use crate::{
    configuration::public_access,
    model::Permission,
    state::{self, Found, Object},
    versions,
};
use kit::{Context, Need, Principal, ResourceView};
use serde_json::{Value, json};

/// Actions that are judged by an object's list; all others are by the bucket's.
const OF_OBJECTS: &[(&str, Permission)] = &[
    ("s3:GetObject", Permission::Read),
    ("s3:GetObjectVersion", Permission::Read),
    ("s3:GetObjectAcl", Permission::ReadAcp),
    ("s3:GetObjectVersionAcl", Permission::ReadAcp),
    ("s3:PutObjectAcl", Permission::WriteAcp),
    ("s3:PutObjectVersionAcl", Permission::WriteAcp),
];
const OF_BUCKETS: &[(&str, Permission)] = &[
    ("s3:ListBucket", Permission::Read),
    ("s3:ListBucketVersions", Permission::Read),
    ("s3:ListBucketMultipartUploads", Permission::Read),
    // Of an object that isn't there: who may list is told so.
    ("s3:GetObject", Permission::Read),
    ("s3:GetObjectVersion", Permission::Read),
    ("s3:PutObject", Permission::Write),
    // The list that comes with a new object.
    ("s3:PutObjectAcl", Permission::Write),
    ("s3:DeleteObject", Permission::Write),
    ("s3:GetBucketAcl", Permission::ReadAcp),
    ("s3:PutBucketAcl", Permission::WriteAcp),
];

/// The policy of a need, with what lists grant the caller put into it, and the object's owner where that isn't the bucket's.
pub(crate) fn with_grants(cx: &Context, found: &Found, need: &Need, policy: Option<String>) -> ResourceView {
    if enforced(found.bucket.ownership.as_deref()) {
        return ResourceView { policy, owner: None };
    }
    let object = object_of(cx, found, need);
    let owner = object.as_ref().and_then(|object| object.owner.clone());
    let foreign = owner.as_ref().is_some_and(|owner| **owner != *found.scope.account);
    let granted = granting(cx, found, need, object.as_ref());
    if granted.is_empty() && !foreign {
        return ResourceView { policy, owner: None };
    }
    let mut statements = policy.as_deref().map(statements).unwrap_or_default();
    if foreign {
        statements.retain(|statement| statement["Effect"] == "Deny");
    }
    statements.extend(granted);
    let policy = (!statements.is_empty()).then(|| json!({ "Version": "2012-10-17", "Statement": statements }).to_string());
    ResourceView { policy, owner: owner.filter(|_| foreign) }
}

/// A policy with one statement more.
pub(crate) fn with_statement(policy: Option<&str>, statement: Value) -> String {
    let mut all = policy.map(statements).unwrap_or_default();
    all.push(statement);
    json!({ "Version": "2012-10-17", "Statement": all }).to_string()
}

fn statements(policy: &str) -> Vec<Value> {
    match serde_json::from_str::<Value>(policy).map(|mut json| json["Statement"].take()) {
        Ok(Value::Array(list)) => list,
        Ok(Value::Null) | Err(_) => Vec::new(),
        Ok(one) => vec![one],
    }
}

/// The version that a need is about, where an object's list takes part in judging it.
fn object_of(cx: &Context, found: &Found, need: &Need) -> Option<Object> {
    let key = need.resource.strip_prefix(&format!("{}/", found.arn()))?;
    if !is_read_of_object(&need.action) {
        return None;
    }
    let version_id = need.keys.iter().find(|(name, _)| name == "s3:VersionId").and_then(|(_, values)| values.first());
    let version = cx.store().read(|s| versions::lookup(s, found, key, version_id.map(String::as_str))).ok()??;
    Some(version.object)
}

/// Whether an action is about an object that is there, rather than about what may be put into the bucket.
fn is_read_of_object(action: &str) -> bool {
    OF_OBJECTS.iter().any(|(known, _)| *known == action) || action.starts_with("s3:GetObject") || action.contains("Tagging")
}

fn granting(cx: &Context, found: &Found, need: &Need, object: Option<&Object>) -> Vec<Value> {
    let table = if object.is_some() { OF_OBJECTS } else { OF_BUCKETS };
    let Some((_, wanted)) = table.iter().find(|(action, _)| *action == need.action) else { return Vec::new() };
    let owner = object.and_then(|object| object.owner.as_deref()).unwrap_or(&found.scope.account);
    let grants = match object {
        Some(object) => object.acl.as_deref(),
        None => found.bucket.acl.as_deref(),
    };
    let ignores_public = public_access::ignores_acls(&found.bucket);
    let counts = |grant: &&Given| {
        (grant.permission == *wanted || grant.permission == Permission::FullControl)
            && !(ignores_public && grant.who.is_public())
            && grant.who.means(cx)
            && !is_own(cx, &grant.who, owner)
    };
    let statement = |grant: &Given| {
        Some(
            json!({ "Sid": "AccessControlList", "Effect": "Allow", "Principal": principal(cx, &grant.who)?, "Action": need.action, "Resource": "*" }),
        )
    };
    grants.unwrap_or_default().iter().filter(counts).filter_map(statement).collect()
}

/// A grant to the owner's own account adds nothing: in it, identity policies decide.
fn is_own(cx: &Context, who: &Who, owner: &str) -> bool {
    matches!(who, Who::User(_)) && cx.principal().account() == Some(owner)
}

fn principal(cx: &Context, who: &Who) -> Option<Value> {
    match (who, cx.principal()) {
        (Who::AllUsers | Who::AuthenticatedUsers, _) => Some(json!("*")),
        (Who::LogDelivery, Principal::Service { name, .. }) => Some(json!({ "Service": &**name })),
        (Who::LogDelivery, _) => None,
        (Who::User(_), principal) => Some(json!({ "AWS": format!("arn:aws:iam::{}:root", principal.account()?) })),
    }
}

/// Whose an object is: the account that wrote it, where the bucket lets writers own what they write.
pub(crate) fn owner_of<'a>(found: &'a Found, object: &'a Object) -> &'a str {
    match &object.owner {
        Some(owner) if !enforced(found.bucket.ownership.as_deref()) => owner,
        _ => &found.scope.account,
    }
}

/// As answers name an object's owner.
pub(crate) fn shown_owner(found: &Found, object: &Object) -> crate::model::Owner {
    state::owner_of(owner_of(found, object))
}

/// The list of a version as inventories report it: base64 of a small document.
pub(crate) fn reported(found: &Found, object: &Object) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let owner = [Given::full_control(owner_of(found, object))];
    let acl = object.acl.as_deref().filter(|_| !enforced(found.bucket.ownership.as_deref())).unwrap_or(&owner);
    let grants = acl.iter().map(|grant| {
        let shown = grant.who.shown();
        json!({ "canonicalId": shown.id.or(shown.uri), "type": shown.r#type.map(|kind| kind.as_str()), "permission": grant.permission.as_str() })
    });
    let document = json!({ "version": "2022-11-10", "status": "AVAILABLE", "grants": grants.collect::<Vec<_>>() });
    BASE64_STANDARD.encode(document.to_string())
}
