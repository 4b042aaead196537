//! Access control lists. Since April 2023 new buckets are owner-enforced: lists are off and only the owner's full control can be said.
//! Where ownership controls allow lists, they are kept for buckets and versions and take part in every decision (`decide`).

mod access;
mod decide;
mod grants;
pub(crate) mod groups;
mod objects;

pub(crate) use access::need;
pub(crate) use decide::{owner_of, reported, shown_owner, with_grants, with_statement};
pub(crate) use grants::{Asked, Choice, Given, asked, malformed};

use crate::{
    S3,
    configuration::public_access,
    errors,
    model::*,
    state::{self, Found},
};
use kit::{Context, Fault, Principal};

const BUCKET_ACLS: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "log-delivery-write",
    // AWS passes over these two where a bucket is meant.
    "bucket-owner-read",
    "bucket-owner-full-control",
];
const OBJECT_ACLS: &[&str] = &[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];

/// Whether lists are switched off.
pub(crate) fn enforced(ownership: Option<&str>) -> bool {
    ownership == Some("BucketOwnerEnforced")
}

/// Who owns a new object and what its list says; both absent where that is the bucket's owner alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ownership {
    /// Account, where it isn't the bucket's.
    pub owner: Option<String>,
    pub acl: Option<Vec<Given>>,
}

/// Owner and list of an object that the caller is about to write.
pub(crate) fn of_write(cx: &Context, found: &Found, asked: &Asked<'_>) -> Result<Ownership, Fault> {
    let choice = asked.read(OBJECT_ACLS)?;
    let bucket_owner = &*found.scope.account;
    let ownership = found.bucket.ownership.as_deref();
    if enforced(ownership) {
        return match choice {
            // As AWS's pages have it: `private`, which says the same here, is refused like any other.
            None | Some(Choice::Canned("bucket-owner-full-control")) => Ok(Ownership::default()),
            Some(Choice::Grants(grants)) if grants == [Given::full_control(bucket_owner)] => Ok(Ownership::default()),
            Some(_) => Err(errors::acl_not_supported()),
        };
    }
    let given_away = matches!(choice, Some(Choice::Canned("bucket-owner-full-control"))) && ownership == Some("BucketOwnerPreferred");
    let owner = if given_away { bucket_owner } else { writer(cx, bucket_owner) };
    let acl = choice.map(|choice| grants_of(choice, owner, bucket_owner));
    refuse_public(cx, found, acl.as_deref(), "s3:PutObject", &found.arn())?;
    Ok(Ownership { owner: (owner != bucket_owner).then(|| owner.to_owned()), acl })
}

/// The account that a written object belongs to. Services and strangers write for the bucket's owner.
fn writer<'a>(cx: &'a Context, bucket_owner: &'a str) -> &'a str {
    match cx.principal() {
        Principal::Service { .. } | Principal::Anonymous => bucket_owner,
        principal => principal.account().unwrap_or(bucket_owner),
    }
}

fn grants_of(choice: Choice<'_>, owner: &str, bucket_owner: &str) -> Vec<Given> {
    match choice {
        Choice::Canned(acl) => grants::canned(acl, owner, bucket_owner),
        Choice::Grants(grants) => grants,
    }
}

/// With BlockPublicAcls no list may open anything to everybody.
fn refuse_public(cx: &Context, found: &Found, acl: Option<&[Given]>, action: &str, resource: &str) -> Result<(), Fault> {
    let public = acl.is_some_and(|grants| grants.iter().any(|grant| grant.who.is_public()));
    if !public || !public_access::blocks_acls(&found.bucket) {
        return Ok(());
    }
    Err(Error::AccessDenied.says(format!(
        "User: {} is not authorized to perform: {action} on resource: \"{resource}\" because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
        cx.principal().arn()
    )))
}

/// The list of a bucket that is about to be made. New buckets block public access, so that a public list can't be one of them.
pub(crate) fn of_new_bucket(
    ownership: Option<&str>,
    blocks_public: bool,
    account: &str,
    asked: &Asked<'_>,
) -> Result<Option<Vec<Given>>, Fault> {
    let choice = asked.read(BUCKET_ACLS)?;
    let says_nothing = matches!(choice, None | Some(Choice::Canned("private" | "bucket-owner-read" | "bucket-owner-full-control")));
    if says_nothing {
        return Ok(None);
    }
    if enforced(ownership) {
        let sentence = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Fault::new("InvalidBucketAclWithObjectOwnership", 400, sentence));
    }
    let acl = choice.map(|choice| grants_of(choice, account, account));
    if blocks_public && acl.iter().flatten().any(|grant| grant.who.is_public()) {
        let sentence = "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
        return Err(Fault::new("InvalidBucketAclWithBlockPublicAccessError", 400, sentence));
    }
    Ok(acl)
}

/// What a Put...Acl request sets: headers or a document, never both and never neither.
fn wanted(
    asked: &Asked<'_>,
    policy: Option<&AccessControlPolicy>,
    known: &[&str],
    owner: &str,
    bucket_owner: &str,
) -> Result<Vec<Given>, Fault> {
    match (policy, asked.read(known)?) {
        (Some(_), Some(_)) => Err(Fault::new("UnexpectedContent", 400, "This request does not support content")),
        (Some(policy), None) => grants::of_document(policy, owner),
        (None, Some(choice)) => Ok(grants_of(choice, owner, bucket_owner)),
        (None, None) => {
            let sentence = "Your request was missing a required header";
            Err(Fault::new("MissingSecurityHeader", 400, sentence).with("MissingHeaderName", "x-amz-acl"))
        }
    }
}

impl S3 {
    /// A list as answers show it.
    fn shown(&self, owner: &str, acl: Option<&[Given]>) -> (Owner, Vec<Grant>) {
        let full = [Given::full_control(owner)];
        let mut grants: Vec<Grant> = acl.unwrap_or(&full).iter().map(Given::shown).collect();
        for grantee in grants.iter_mut().filter_map(|grant| grant.grantee.as_mut()) {
            grantee.display_name = self.name_of(grantee.id.as_deref());
        }
        (self.named(state::owner_of(owner)), grants)
    }

    /// The bucket's list; the owner's full control alone where lists are off.
    pub async fn get_bucket_acl(&self, cx: &Context, input: GetBucketAclInput) -> Result<GetBucketAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let acl = found.bucket.acl.as_deref().filter(|_| !enforced(found.bucket.ownership.as_deref()));
        let (owner, grants) = self.shown(&found.scope.account, acl);
        Ok(GetBucketAclOutput { owner: Some(owner), grants: Some(grants) })
    }

    /// Replaces the bucket's list.
    pub async fn put_bucket_acl(&self, cx: &Context, input: PutBucketAclInput) -> Result<PutBucketAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let account = &*found.scope.account;
        let asked = asked!(input, write);
        let acl = wanted(&asked, input.access_control_policy.as_ref(), BUCKET_ACLS, account, account)?;
        if enforced(found.bucket.ownership.as_deref()) {
            let says_owner_only = acl == [Given::full_control(account)] && asked.acl != Some("private");
            return if says_owner_only { Ok(PutBucketAclOutput {}) } else { Err(errors::acl_not_supported()) };
        }
        refuse_public(cx, &found, Some(&acl), "s3:PutBucketAcl", &found.arn())?;
        self.configure(cx, &found.name, &None, |bucket| bucket.acl = Some(acl)).await?;
        Ok(PutBucketAclOutput {})
    }
}
