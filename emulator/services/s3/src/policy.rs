//! Bucket policies: checked when they are put (`check`), served to the decider for the bucket and every object in it.

mod check;

use crate::{
    S3, acl,
    configuration::public_access,
    model::*,
    multipart,
    state::{self, Found},
};
use kit::{Context, Fault, Need, Principal, Reply, ResourceView, policy::public::is_public};

impl S3 {
    /// Replaces the bucket's policy.
    pub async fn put_bucket_policy(&self, cx: &Context, input: PutBucketPolicyInput) -> Result<PutBucketPolicyOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check::check(cx, &found.name, &input.policy)?;
        if public_access::blocks_policies(&found.bucket) && is_public(&input.policy) {
            return Err(Error::AccessDenied.says(format!(
                "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                cx.principal().arn(),
                found.arn()
            )));
        }
        if input.confirm_remove_self_bucket_access.is_some() {
            cx.warn("member ConfirmRemoveSelfBucketAccess has no effect: nobody is locked out unasked");
        }
        self.configure(cx, &found.name, &None, |bucket| bucket.policy = Some(input.policy)).await?;
        Ok(PutBucketPolicyOutput {})
    }

    /// The policy as it was put.
    pub async fn get_bucket_policy(&self, cx: &Context, input: GetBucketPolicyInput) -> Result<Reply<GetBucketPolicyOutput>, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let policy = policy_of(&found)?.to_owned();
        Ok(Reply::new(GetBucketPolicyOutput { policy: Some(policy) }).header("Content-Type", "application/json"))
    }

    /// Takes the policy away; having none is no error.
    pub async fn delete_bucket_policy(&self, cx: &Context, input: DeleteBucketPolicyInput) -> Result<DeleteBucketPolicyOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.policy = None).await?;
        Ok(DeleteBucketPolicyOutput {})
    }

    /// Whether the policy opens the bucket to everybody.
    pub async fn get_bucket_policy_status(
        &self,
        cx: &Context,
        input: GetBucketPolicyStatusInput,
    ) -> Result<GetBucketPolicyStatusOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let public = is_public(policy_of(&found)?);
        Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(public) }) })
    }
}

fn policy_of(found: &Found) -> Result<&str, Fault> {
    found
        .bucket
        .policy
        .as_deref()
        .ok_or_else(|| Fault::new("NoSuchBucketPolicy", 404, "The bucket policy does not exist").with("BucketName", found.name.clone()))
}

/// The policy of the bucket in an ARN.
pub(crate) fn of_resource(cx: &Context, resource: &str) -> Option<String> {
    let found = bucket_of(cx, resource)?;
    if is_restricted(cx, &found) { None } else { found.bucket.policy.clone() }
}

/// What a bucket says of a need: its policy, and what access control lists grant.
pub(crate) fn view(cx: &Context, need: &Need) -> ResourceView {
    match bucket_of(cx, &need.resource) {
        Some(found) if !is_restricted(cx, &found) => {
            let policy = found.bucket.policy.clone();
            multipart::with_initiators(cx, &found, need, acl::with_grants(cx, &found, need, policy))
        }
        _ => ResourceView::default(),
    }
}

fn bucket_of(cx: &Context, resource: &str) -> Option<Found> {
    let bucket = resource.strip_prefix("arn:aws:s3:::")?.split('/').next()?;
    cx.store().read(|s| state::find(s, bucket)).ok()
}

/// With RestrictPublicBuckets a bucket of a public policy is open to its own account and to services only.
fn is_restricted(cx: &Context, found: &Found) -> bool {
    let outsider = match cx.principal() {
        Principal::Service { .. } => false,
        principal => principal.account() != Some(&*found.scope.account),
    };
    outsider && public_access::restricts(&found.bucket) && found.bucket.policy.as_deref().is_some_and(is_public)
}
