//! Access control lists. Buckets are owner-enforced: a list says that the owner has full control, and nothing else can be said.
//!
//! Where the ownership controls were loosened, lists that grant something to others are refused by name rather than kept without effect.

use crate::{
    S3, access, errors,
    model::*,
    state::{self, Found},
    versions,
};
use kit::{Context, Fault};

/// Whether an input carries one of the grant headers that all such inputs have.
macro_rules! grants {
    ($input:expr) => {
        $input.grant_full_control.is_some()
            || $input.grant_read.is_some()
            || $input.grant_read_acp.is_some()
            || $input.grant_write_acp.is_some()
    };
}
pub(crate) use grants;

const BUCKET_ACLS: &[&str] = &["private", "public-read", "public-read-write", "authenticated-read"];
const OBJECT_ACLS: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];

/// Whether lists are switched off: the default since April 2023.
fn enforced(ownership: Option<&str>) -> bool {
    ownership == Some("BucketOwnerEnforced")
}

/// The ACL members of a request that writes an object.
pub(crate) fn check_object_acl(found: &Found, acl: Option<&str>, grants: bool) -> Result<(), Fault> {
    check(found.bucket.ownership.as_deref(), acl, grants, OBJECT_ACLS)
}

/// The ACL members of CreateBucket.
pub(crate) fn check_new_bucket_acl(ownership: &str, acl: Option<&str>, grants: bool) -> Result<(), Fault> {
    if enforced(Some(ownership)) && (grants || acl.is_some_and(|acl| acl != "private" && BUCKET_ACLS.contains(&acl))) {
        return Err(Fault::new(
            "InvalidBucketAclWithObjectOwnership",
            400,
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        ));
    }
    check(Some(ownership), acl, grants, BUCKET_ACLS)
}

fn check(ownership: Option<&str>, acl: Option<&str>, grants: bool, known: &[&str]) -> Result<(), Fault> {
    if acl.is_some() && grants {
        return Err(errors::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"));
    }
    if let Some(acl) = acl.filter(|acl| !known.contains(acl)) {
        return Err(errors::invalid_argument("", "x-amz-acl", acl));
    }
    match acl {
        None | Some("private" | "bucket-owner-full-control") if !grants => Ok(()),
        _ if enforced(ownership) => Err(errors::acl_not_supported()),
        _ => Err(errors::not_built("access control lists that grant something to others than the owner")),
    }
}

fn full_control(found: &Found) -> (Owner, Vec<Grant>) {
    let owner = state::owner_of(&found.scope.account);
    let grantee = Grantee { id: owner.id.clone(), r#type: Some(Type::CanonicalUser), ..Grantee::default() };
    (owner, vec![Grant { grantee: Some(grantee), permission: Some(Permission::FullControl) }])
}

/// A list in a body that says what is so anyway.
fn says_owner_only(found: &Found, policy: &AccessControlPolicy) -> bool {
    let id = state::canonical_id(&found.scope.account);
    let own = |grant: &Grant| {
        grant.permission == Some(Permission::FullControl)
            && grant.grantee.as_ref().is_some_and(|grantee| grantee.id.as_deref() == Some(&*id))
    };
    policy.grants.as_ref().is_none_or(|grants| grants.iter().all(own))
}

fn put(found: &Found, acl: Option<&str>, grants: bool, policy: Option<&AccessControlPolicy>, known: &[&str]) -> Result<(), Fault> {
    if acl.is_none() && !grants && policy.is_none() {
        return Err(
            Fault::new("MissingSecurityHeader", 400, "Your request was missing a required header").with("MissingHeaderName", "x-amz-acl")
        );
    }
    if policy.is_some() && (acl.is_some() || grants) {
        return Err(Fault::new("UnexpectedContent", 400, "This request does not support content"));
    }
    if let Some(policy) = policy.filter(|policy| !says_owner_only(found, policy)) {
        if policy.owner.as_ref().is_none_or(|owner| owner.id.is_none()) {
            return Err(Fault::new("MalformedACLError", 400, errors::malformed_xml().message));
        }
        return check(found.bucket.ownership.as_deref(), None, true, known);
    }
    check(found.bucket.ownership.as_deref(), acl, grants, known)
}

impl S3 {
    /// The owner with full control.
    pub async fn get_bucket_acl(&self, cx: &Context, input: GetBucketAclInput) -> Result<GetBucketAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let (owner, grants) = full_control(&found);
        Ok(GetBucketAclOutput { owner: Some(owner), grants: Some(grants) })
    }

    /// Accepts what is so anyway, refuses the rest.
    pub async fn put_bucket_acl(&self, cx: &Context, input: PutBucketAclInput) -> Result<PutBucketAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let grants = grants!(input) || input.grant_write.is_some();
        put(&found, input.acl.as_deref(), grants, input.access_control_policy.as_ref(), BUCKET_ACLS)?;
        Ok(PutBucketAclOutput {})
    }

    /// The owner with full control.
    pub async fn get_object_acl(&self, cx: &Context, input: GetObjectAclInput) -> Result<GetObjectAclOutput, Fault> {
        let found = there(cx, &input.bucket, &input.key, input.version_id.as_deref(), &input.expected_bucket_owner)?;
        let (owner, grants) = full_control(&found);
        Ok(GetObjectAclOutput { owner: Some(owner), grants: Some(grants), request_charged: None })
    }

    /// Accepts what is so anyway, refuses the rest.
    pub async fn put_object_acl(&self, cx: &Context, input: PutObjectAclInput) -> Result<PutObjectAclOutput, Fault> {
        let found = there(cx, &input.bucket, &input.key, input.version_id.as_deref(), &input.expected_bucket_owner)?;
        let grants = grants!(input) || input.grant_write.is_some();
        put(&found, input.acl.as_deref(), grants, input.access_control_policy.as_ref(), OBJECT_ACLS)?;
        Ok(PutObjectAclOutput { request_charged: None })
    }
}

/// The bucket of a version that must be there.
fn there(cx: &Context, bucket: &str, key: &str, version_id: Option<&str>, expected_owner: &Option<String>) -> Result<Found, Fault> {
    let found = state::bucket(cx, bucket, expected_owner)?;
    let version = cx.store().read(|s| versions::lookup(s, &found, key, version_id))?;
    match (version.is_some_and(|version| !version.object.delete_marker), version_id) {
        (true, _) => Ok(found),
        (false, Some(id)) => Err(errors::no_such_version(key, id)),
        (false, None) => Err(access::missing(cx, bucket, errors::no_such_key(key))),
    }
}
