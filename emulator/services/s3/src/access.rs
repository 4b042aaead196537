//! What S3's operations need to be allowed: actions on `arn:aws:s3:::bucket` and `arn:aws:s3:::bucket/key`, with S3's own condition keys.
//!
//! A need is owned by the bucket's account, whoever asks. A bucket that isn't there has no owner to ask: AWS answers NoSuchBucket to
//! everybody, so such a request needs nothing and its handler tells.

mod tags;

pub(crate) use tags::{complete, version_need, with_request_tags};

use crate::{S3, configuration::abac::with_bucket_tags, errors, model::*, state, tagging};
use kit::{Access, Authorize, Context, Decision, Fault, Need};
use tags::{RESOURCE_ACCOUNT, lookup, with_tags};

/// A need on a bucket; `None` when there is no such bucket.
pub(crate) fn bucket_need(cx: &Context, action: &'static str, bucket: &str) -> Option<Need> {
    let owner = state::owner(cx, bucket)?;
    let need = Need::on(action, format!("arn:aws:s3:::{bucket}")).owned_by(&*owner.account).key(RESOURCE_ACCOUNT, &*owner.account);
    Some(with_bucket_tags(cx, &owner, bucket, with_source(cx, need)))
}

/// A need on an object; `None` when there is no such bucket.
pub(crate) fn object_need(cx: &Context, action: &'static str, bucket: &str, key: &str) -> Option<Need> {
    let owner = state::owner(cx, bucket)?;
    let need = Need::on(action, format!("arn:aws:s3:::{bucket}/{key}")).owned_by(&*owner.account).key(RESOURCE_ACCOUNT, &*owner.account);
    Some(with_bucket_tags(cx, &owner, bucket, with_source(cx, need)))
}

/// S3's condition keys about how the request was signed.
fn with_source(cx: &Context, mut need: Need) -> Need {
    let source = cx.source();
    if let Some(kind) = source.auth_type {
        need = need.key("s3:authType", kind);
    }
    if let Some(age) = source.signature_age_ms {
        need = need.key("s3:signatureAge", age.to_string());
    }
    if let Some(version) = source.signature_version {
        need = need.key("s3:signatureversion", version);
    }
    if let Some(hash) = &source.content_sha256 {
        need = need.key("s3:x-amz-content-sha256", hash.clone());
    }
    need
}

/// The needs that are there.
pub(crate) fn all(needs: impl IntoIterator<Item = Option<Need>>) -> Access {
    let needs: Vec<Need> = needs.into_iter().flatten().collect();
    if needs.is_empty() { Access::Public } else { Access::Needs(needs) }
}

/// Adds condition keys where there are values.
pub(crate) trait Maybe {
    fn maybe(self, name: &'static str, value: Option<String>) -> Self;
    fn with_keys(self, keys: Vec<(&'static str, String)>) -> Self;
}
impl Maybe for Option<Need> {
    fn maybe(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.map(|need| need.key(name, value)),
            None => self,
        }
    }
    fn with_keys(self, keys: Vec<(&'static str, String)>) -> Self {
        keys.into_iter().fold(self, |need, (name, value)| need.maybe(name, Some(value)))
    }
}

/// A write that makes an object: what conditions may say of the condition that it is made on. Beginning an upload and bringing its parts
/// make none, which is what policies exempt them by (user guide, "Enforce conditional writes on Amazon S3 buckets").
pub(crate) fn creation(need: Option<Need>, if_match: &Option<String>, if_none_match: &Option<String>) -> Option<Need> {
    need.maybe("s3:ObjectCreationOperation", Some("true".into()))
        .maybe("s3:if-match", if_match.clone())
        .maybe("s3:if-none-match", if_none_match.clone())
}

/// Who compares an entity tag must be allowed to read the object, or would learn of it by trying; `*` compares none.
pub(crate) fn comparing(cx: &Context, bucket: &str, key: &str, if_match: &Option<String>) -> Option<Need> {
    if_match.as_ref().filter(|etag| *etag != "*").and_then(|_| version_need(cx, "s3:GetObject", bucket, key, None))
}

/// Adds what conditions may say of the encryption that a write asks for.
macro_rules! encryption_keys {
    ($need:expr, $input:expr) => {
        $need
            .maybe("s3:x-amz-server-side-encryption", $input.server_side_encryption.clone())
            .maybe("s3:x-amz-server-side-encryption-aws-kms-key-id", $input.ssekms_key_id.clone())
            .maybe("s3:x-amz-server-side-encryption-customer-algorithm", $input.sse_customer_algorithm.clone())
    };
}
pub(crate) use encryption_keys;

/// Asks for one more permission inside a handler.
pub(crate) fn decide(cx: &Context, need: Option<Need>) -> Decision {
    match need {
        Some(need) => cx.decide(&need),
        None => Decision { allowed: true, message: String::new(), statement: None },
    }
}

/// What a missing key is to the caller: `NoSuchKey` for those who may list the bucket, a refusal for others, so that names don't leak.
/// Who may list one prefix only is told of keys that begin with it.
pub(crate) fn missing(cx: &Context, bucket: &str, key: &str, fault: Fault) -> Fault {
    let decision = decide(cx, list_need(cx, bucket, key));
    if decision.allowed { fault } else { errors::refused(decision.message) }
}

macro_rules! on_bucket {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<S3> for $input {
            fn access(&self, _: &S3, cx: &Context) -> Access {
                all([bucket_need(cx, $action, &self.bucket)])
            }
        }
    )*};
}
macro_rules! on_object {
    ($($input:ident: $action:literal;)*) => {$(
        impl Authorize<S3> for $input {
            fn access(&self, _: &S3, cx: &Context) -> Access {
                all([object_need(cx, $action, &self.bucket, &self.key)])
            }
        }
    )*};
}
macro_rules! on_version {
    ($($input:ident: $action:literal, $versioned:literal;)*) => {$(
        impl Authorize<S3> for $input {
            fn access(&self, _: &S3, cx: &Context) -> Access {
                version_access(cx, [$action, $versioned], &self.bucket, &self.key, self.version_id.as_deref())
            }
        }
    )*};
}

/// What an operation on a version needs: `[action without a version id, action with one]`.
fn version_access(cx: &Context, actions: [&'static str; 2], bucket: &str, key: &str, version_id: Option<&str>) -> Access {
    let action = actions[usize::from(version_id.is_some())];
    let need = object_need(cx, action, bucket, key).maybe("s3:VersionId", version_id.map(str::to_owned));
    let there = lookup(cx, bucket, key, version_id);
    // Who may list a key learns that it is missing, allowed to read it or not: AWS documents so much of `s3:ListBucket`; that `s3:prefix` is
    // then the key is how others found it to be.
    let told = matches!(there, Some(Ok(None))) && actions[0] == "s3:GetObject" && version_id.is_none();
    if told && decide(cx, list_need(cx, bucket, key)).allowed {
        return Access::Public;
    }
    all([need.map(|need| with_tags(need, there))])
}

fn list_need(cx: &Context, bucket: &str, key: &str) -> Option<Need> {
    bucket_need(cx, "s3:ListBucket", bucket).maybe("s3:prefix", Some(key.to_owned()))
}

impl Authorize<S3> for DeleteObjectInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        all(deletion(cx, &self.bucket, &self.key, &self.version_id, &self.if_match))
    }
}

/// What deleting a version, or the key, needs; on condition of an entity tag or without.
pub(crate) fn deletion(cx: &Context, bucket: &str, key: &str, version_id: &Option<String>, if_match: &Option<String>) -> [Option<Need>; 2] {
    let action = if version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    let need = object_need(cx, action, bucket, key).maybe("s3:VersionId", version_id.clone()).maybe("s3:if-match", if_match.clone());
    [need, comparing(cx, bucket, key, if_match)]
}

impl Authorize<S3> for CompleteMultipartUploadInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let put = object_need(cx, "s3:PutObject", &self.bucket, &self.key);
        all([creation(put, &self.if_match, &self.if_none_match), comparing(cx, &self.bucket, &self.key, &self.if_match)])
    }
}

impl Authorize<S3> for UploadPartInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        all([object_need(cx, "s3:PutObject", &self.bucket, &self.key).maybe("s3:ObjectCreationOperation", Some("false".into()))])
    }
}

impl Authorize<S3> for PutObjectTaggingInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let action = if self.version_id.is_some() { "s3:PutObjectVersionTagging" } else { "s3:PutObjectTagging" };
        let need = version_need(cx, action, &self.bucket, &self.key, self.version_id.as_deref());
        all([with_request_tags(need, &tagging::from_model(self.tagging.tag_set.clone().unwrap_or_default()))])
    }
}

// Operations whose mapping is one action on what their path names. Where it is more, the mapping stands beside the handler.
on_bucket! {
    DeleteBucketInput: "s3:DeleteBucket";
    HeadBucketInput: "s3:ListBucket";
    GetBucketLocationInput: "s3:GetBucketLocation";
    PutBucketVersioningInput: "s3:PutBucketVersioning";
    GetBucketVersioningInput: "s3:GetBucketVersioning";
    PutBucketTaggingInput: "s3:PutBucketTagging";
    GetBucketTaggingInput: "s3:GetBucketTagging";
    DeleteBucketTaggingInput: "s3:PutBucketTagging";
    GetBucketAclInput: "s3:GetBucketAcl";
    PutBucketOwnershipControlsInput: "s3:PutBucketOwnershipControls";
    GetBucketOwnershipControlsInput: "s3:GetBucketOwnershipControls";
    DeleteBucketOwnershipControlsInput: "s3:PutBucketOwnershipControls";
    PutPublicAccessBlockInput: "s3:PutBucketPublicAccessBlock";
    GetPublicAccessBlockInput: "s3:GetBucketPublicAccessBlock";
    DeletePublicAccessBlockInput: "s3:PutBucketPublicAccessBlock";
    PutBucketEncryptionInput: "s3:PutEncryptionConfiguration";
    GetBucketEncryptionInput: "s3:GetEncryptionConfiguration";
    DeleteBucketEncryptionInput: "s3:PutEncryptionConfiguration";
    PutBucketPolicyInput: "s3:PutBucketPolicy";
    GetBucketPolicyInput: "s3:GetBucketPolicy";
    DeleteBucketPolicyInput: "s3:DeleteBucketPolicy";
    GetBucketPolicyStatusInput: "s3:GetBucketPolicyStatus";
    PutBucketCorsInput: "s3:PutBucketCORS";
    GetBucketCorsInput: "s3:GetBucketCORS";
    DeleteBucketCorsInput: "s3:PutBucketCORS";
    PutBucketLifecycleConfigurationInput: "s3:PutLifecycleConfiguration";
    GetBucketLifecycleConfigurationInput: "s3:GetLifecycleConfiguration";
    DeleteBucketLifecycleInput: "s3:PutLifecycleConfiguration";
    PutBucketIntelligentTieringConfigurationInput: "s3:PutIntelligentTieringConfiguration";
    GetBucketIntelligentTieringConfigurationInput: "s3:GetIntelligentTieringConfiguration";
    ListBucketIntelligentTieringConfigurationsInput: "s3:GetIntelligentTieringConfiguration";
    DeleteBucketIntelligentTieringConfigurationInput: "s3:PutIntelligentTieringConfiguration";
    PutBucketNotificationConfigurationInput: "s3:PutBucketNotification";
    GetBucketNotificationConfigurationInput: "s3:GetBucketNotification";
    ListMultipartUploadsInput: "s3:ListBucketMultipartUploads";
    PutBucketWebsiteInput: "s3:PutBucketWebsite";
    GetBucketWebsiteInput: "s3:GetBucketWebsite";
    DeleteBucketWebsiteInput: "s3:DeleteBucketWebsite";
    PutBucketLoggingInput: "s3:PutBucketLogging";
    GetBucketLoggingInput: "s3:GetBucketLogging";
    PutBucketInventoryConfigurationInput: "s3:PutInventoryConfiguration";
    GetBucketInventoryConfigurationInput: "s3:GetInventoryConfiguration";
    DeleteBucketInventoryConfigurationInput: "s3:PutInventoryConfiguration";
    ListBucketInventoryConfigurationsInput: "s3:GetInventoryConfiguration";
    PutBucketAnalyticsConfigurationInput: "s3:PutAnalyticsConfiguration";
    GetBucketAnalyticsConfigurationInput: "s3:GetAnalyticsConfiguration";
    DeleteBucketAnalyticsConfigurationInput: "s3:PutAnalyticsConfiguration";
    ListBucketAnalyticsConfigurationsInput: "s3:GetAnalyticsConfiguration";
    PutBucketMetricsConfigurationInput: "s3:PutMetricsConfiguration";
    GetBucketMetricsConfigurationInput: "s3:GetMetricsConfiguration";
    DeleteBucketMetricsConfigurationInput: "s3:PutMetricsConfiguration";
    ListBucketMetricsConfigurationsInput: "s3:GetMetricsConfiguration";
    PutBucketRequestPaymentInput: "s3:PutBucketRequestPayment";
    PutBucketAbacInput: "s3:PutBucketABAC";
    GetBucketAbacInput: "s3:GetBucketABAC";
    GetBucketRequestPaymentInput: "s3:GetBucketRequestPayment";
    PutBucketAccelerateConfigurationInput: "s3:PutAccelerateConfiguration";
    GetBucketAccelerateConfigurationInput: "s3:GetAccelerateConfiguration";
    GetBucketReplicationInput: "s3:GetReplicationConfiguration";
    DeleteBucketReplicationInput: "s3:PutReplicationConfiguration";
}
on_object! {
    AbortMultipartUploadInput: "s3:AbortMultipartUpload";
    ListPartsInput: "s3:ListMultipartUploadParts";
}
on_version! {
    GetObjectInput: "s3:GetObject", "s3:GetObjectVersion";
    HeadObjectInput: "s3:GetObject", "s3:GetObjectVersion";
    GetObjectTaggingInput: "s3:GetObjectTagging", "s3:GetObjectVersionTagging";
    DeleteObjectTaggingInput: "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging";
    GetObjectAclInput: "s3:GetObjectAcl", "s3:GetObjectVersionAcl";
    RestoreObjectInput: "s3:RestoreObject", "s3:RestoreObject";
}
