//! What S3 takes for a bucket policy: about this bucket, with actions, resources, conditions and principals that there are. Codes and sentences
//! are those that clients quote of AWS's answers; actions and condition keys are those of its Service Authorization Reference.

use kit::{
    Context, Fault,
    policy::{Document, DocumentKind, public::texts},
};
use serde_json::Value;

/// Actions on objects.
const ON_OBJECTS: &[&str] = &[
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionForReplication",
    "GetObjectVersionTagging",
    "GetObjectVersionTorrent",
    "InitiateReplication",
    "ListMultipartUploadParts",
    "ObjectOwnerOverrideToBucketOwner",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "RestoreObject",
    "UpdateObjectEncryption",
];
/// Actions on buckets.
const ON_BUCKETS: &[&str] = &[
    "CreateBucket",
    "CreateBucketMetadataTableConfiguration",
    "DeleteBucket",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketPolicy",
    "DeleteBucketWebsite",
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketABAC",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketMetadataTableConfiguration",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetIntelligentTieringConfiguration",
    "GetInventoryConfiguration",
    "GetLifecycleConfiguration",
    "GetMetricsConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "ListBucketMultipartUploads",
    "ListBucketVersions",
    "ListTagsForResource",
    "PauseReplication",
    "PutAccelerateConfiguration",
    "PutAnalyticsConfiguration",
    "PutBucketABAC",
    "PutBucketAcl",
    "PutBucketCORS",
    "PutBucketLogging",
    "PutBucketNotification",
    "PutBucketObjectLockConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutEncryptionConfiguration",
    "PutIntelligentTieringConfiguration",
    "PutInventoryConfiguration",
    "PutLifecycleConfiguration",
    "PutMetricsConfiguration",
    "PutReplicationConfiguration",
    "TagResource",
    "UntagResource",
    "UpdateBucketMetadataInventoryTableConfiguration",
    "UpdateBucketMetadataJournalTableConfiguration",
];
/// Actions on what is neither; a policy may name them, though they do nothing there.
const ELSEWHERE: &[&str] = &[
    "AssociateAccessGrantsIdentityCenter",
    "CreateAccessGrant",
    "CreateAccessGrantsInstance",
    "CreateAccessGrantsLocation",
    "CreateAccessPoint",
    "CreateAccessPointForObjectLambda",
    "CreateJob",
    "CreateMultiRegionAccessPoint",
    "CreateStorageLensGroup",
    "DeleteAccessGrant",
    "DeleteAccessGrantsInstance",
    "DeleteAccessGrantsInstanceResourcePolicy",
    "DeleteAccessGrantsLocation",
    "DeleteAccessPoint",
    "DeleteAccessPointForObjectLambda",
    "DeleteAccessPointPolicy",
    "DeleteAccessPointPolicyForObjectLambda",
    "DeleteJobTagging",
    "DeleteMultiRegionAccessPoint",
    "DeleteStorageLensConfiguration",
    "DeleteStorageLensConfigurationTagging",
    "DeleteStorageLensGroup",
    "DescribeJob",
    "DescribeMultiRegionAccessPointOperation",
    "DissociateAccessGrantsIdentityCenter",
    "GetAccessGrant",
    "GetAccessGrantsInstance",
    "GetAccessGrantsInstanceForPrefix",
    "GetAccessGrantsInstanceResourcePolicy",
    "GetAccessGrantsLocation",
    "GetAccessPoint",
    "GetAccessPointConfigurationForObjectLambda",
    "GetAccessPointForObjectLambda",
    "GetAccessPointPolicy",
    "GetAccessPointPolicyForObjectLambda",
    "GetAccessPointPolicyStatus",
    "GetAccessPointPolicyStatusForObjectLambda",
    "GetAccountPublicAccessBlock",
    "GetDataAccess",
    "GetJobTagging",
    "GetMultiRegionAccessPoint",
    "GetMultiRegionAccessPointPolicy",
    "GetMultiRegionAccessPointPolicyStatus",
    "GetMultiRegionAccessPointRoutes",
    "GetStorageLensConfiguration",
    "GetStorageLensConfigurationTagging",
    "GetStorageLensDashboard",
    "GetStorageLensGroup",
    "ListAccessGrants",
    "ListAccessGrantsInstances",
    "ListAccessGrantsLocations",
    "ListAccessPoints",
    "ListAccessPointsForObjectLambda",
    "ListAllMyBuckets",
    "ListCallerAccessGrants",
    "ListJobs",
    "ListMultiRegionAccessPoints",
    "ListStorageLensConfigurations",
    "ListStorageLensGroups",
    "PutAccessGrantsInstanceResourcePolicy",
    "PutAccessPointConfigurationForObjectLambda",
    "PutAccessPointPolicy",
    "PutAccessPointPolicyForObjectLambda",
    "PutAccessPointPublicAccessBlock",
    "PutAccountPublicAccessBlock",
    "PutJobTagging",
    "PutMultiRegionAccessPointPolicy",
    "PutStorageLensConfiguration",
    "PutStorageLensConfigurationTagging",
    "SubmitMultiRegionAccessPointRoutes",
    "UpdateAccessGrantsLocation",
    "UpdateJobPriority",
    "UpdateJobStatus",
    "UpdateStorageLensGroup",
];
/// Condition keys of S3, without what follows a slash.
const KEYS: &[&str] = &[
    "accessgrantsinstancearn",
    "accesspointnetworkorigin",
    "accesspointtag",
    "authtype",
    "buckettag",
    "dataaccesspointaccount",
    "dataaccesspointarn",
    "delimiter",
    "destinationregion",
    "existingjoboperation",
    "existingjobpriority",
    "existingobjecttag",
    "if-match",
    "if-none-match",
    "inventoryaccessibleoptionalfields",
    "isreplicationpauserequest",
    "jobsuspendedcause",
    "locationconstraint",
    "max-keys",
    "object-lock-legal-hold",
    "object-lock-mode",
    "object-lock-remaining-retention-days",
    "object-lock-retain-until-date",
    "objectcreationoperation",
    "prefix",
    "requestjoboperation",
    "requestjobpriority",
    "requestobjecttag",
    "requestobjecttagkeys",
    "resourceaccount",
    "signatureage",
    "signatureversion",
    "tlsversion",
    "versionid",
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

fn malformed(message: impl Into<String>) -> Fault {
    Fault::new("MalformedPolicy", 400, message)
}

/// Parses a policy as strictly as S3 does.
pub(super) fn check(cx: &Context, bucket: &str, text: &str) -> Result<(), Fault> {
    if !text.trim_start().starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let document = Document::parse(text, DocumentKind::Resource).map_err(|error| malformed(error.to_string()))?;
    if document.principal_arns().any(|principal| !exists(cx, principal)) {
        return Err(malformed("Invalid principal in policy"));
    }
    match &document.to_json()["Statement"] {
        Value::Array(list) => list.iter().try_for_each(|statement| check_statement(bucket, statement)),
        one => check_statement(bucket, one),
    }
}

/// Whether somebody whom the policy names is there. Only roles can be looked up, and only those of this account: others may be of accounts
/// that no cloud here has. Users and sessions are taken on trust.
fn exists(cx: &Context, principal: &str) -> bool {
    let is_own_role = |arn: &kit::Arn<'_>| arn.service == "iam" && arn.account == cx.account() && arn.resource.starts_with("role/");
    match cx.cloud().ports().roles() {
        Ok(roles) if kit::Arn::parse(principal).as_ref().is_some_and(is_own_role) => roles.role(cx, principal).is_some(),
        _ => true,
    }
}

fn check_statement(bucket: &str, statement: &Value) -> Result<(), Fault> {
    let actions: Vec<&str> = texts(&statement["Action"]).chain(texts(&statement["NotAction"])).collect();
    if actions.iter().any(|action| !is_known(action)) {
        return Err(malformed("Policy has invalid action"));
    }
    let arn = format!("arn:aws:s3:::{bucket}");
    let inside = |resource: &str| resource == arn || resource.strip_prefix(&*arn).is_some_and(|rest| rest.starts_with(['/', '*', '?']));
    let resources: Vec<&str> = texts(&statement["Resource"]).chain(texts(&statement["NotResource"])).collect();
    if resources.iter().any(|resource| !inside(resource)) {
        return Err(malformed("Policy has invalid resource"));
    }
    let named: Vec<&str> = texts(&statement["Resource"]).collect();
    if !named.is_empty() && texts(&statement["Action"]).any(|action| !named.iter().any(|resource| applies(action, resource))) {
        return Err(malformed("Action does not apply to any resource(s) in statement"));
    }
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let mut keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten().map(|(key, _)| key));
    match keys.any(|key| !is_key(key)) {
        true => Err(malformed("Policy has an invalid condition key")),
        false => Ok(()),
    }
}

/// The part of an action behind `s3:`; all of S3's where it is `*`.
fn name_of(action: &str) -> Option<&str> {
    match action.split_once(':') {
        Some((service, name)) => service.eq_ignore_ascii_case("s3").then_some(name),
        None => (action == "*").then_some("*"),
    }
}

fn is_known(action: &str) -> bool {
    let one_of = |name: &str| [ON_OBJECTS, ON_BUCKETS, ELSEWHERE].into_iter().flatten().any(|known| is_like(known, name));
    name_of(action).is_some_and(one_of)
}

/// Whether an action is about what a resource names: objects have a slash behind the bucket, a star may stand for either.
fn applies(action: &str, resource: &str) -> bool {
    let Some(name) = name_of(action) else { return false };
    let (object, star) = (resource.contains('/'), resource.contains(['*', '?']));
    let about = |list: &[&str]| list.iter().any(|known| is_like(known, name));
    about(ELSEWHERE) || ((object || star) && about(ON_OBJECTS)) || (!object && about(ON_BUCKETS))
}

/// Keys of S3 are known; those of others are theirs to know.
fn is_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.strip_prefix("s3:").is_none_or(|name| KEYS.contains(&name.split('/').next().unwrap_or_default()))
}

/// Whether a name fits a pattern of letters, stars and question marks, in any case.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    // Where the last star stands, and how much of the name it has taken.
    let (mut n, mut p, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(letter) if *letter == b'?' || letter.eq_ignore_ascii_case(&name[n]) => (n, p) = (n + 1, p + 1),
            _ => {
                let Some((at, taken)) = star else { return false };
                (n, p, star) = (taken + 1, at + 1, Some((at, taken + 1)));
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(statement: Value) -> String {
        let mut whole = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*" });
        whole.as_object_mut().unwrap().extend(statement.as_object().unwrap().clone());
        check_statement("b", &whole).map_or_else(|fault| fault.message, |()| "ok".into())
    }

    #[test]
    fn a_policy_must_be_about_its_bucket() {
        assert_eq!(told(json!({})), "ok");
        assert_eq!(told(json!({ "Resource": "arn:aws:s3:::other/*" })), "Policy has invalid resource");
        assert_eq!(told(json!({ "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Action": "s3:*" })), "ok");
    }

    #[test]
    fn actions_must_be_some_that_apply() {
        for action in ["s3:FooBar", "sqs:SendMessage", "s3:Got*", "s3-outposts:GetObject"] {
            assert_eq!(told(json!({ "Action": action })), "Policy has invalid action", "{action}");
        }
        for action in ["*", "s3:*", "S3:getobject", "s3:Get*", "s3:?etObject", "s3:*Object*"] {
            assert_eq!(told(json!({ "Action": action })), "ok", "{action}");
        }
        let idle = "Action does not apply to any resource(s) in statement";
        assert_eq!(told(json!({ "Resource": "arn:aws:s3:::b" })), idle);
        assert_eq!(told(json!({ "Action": ["s3:GetObject", "s3:ListBucket"] })), idle);
        assert_eq!(told(json!({ "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b" })), "ok");
        assert_eq!(told(json!({ "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::b*" })), "ok");
    }

    #[test]
    fn condition_keys_of_s3_must_be_known() {
        let of = |key: &str| told(json!({ "Condition": { "StringEquals": { key: "x" } } }));
        for key in ["s3:ExistingObjectTag/class", "s3:x-amz-acl", "S3:VersionId", "aws:SourceArn", "s3:if-none-match"] {
            assert_eq!(of(key), "ok", "{key}");
        }
        assert_eq!(of("s3:colour"), "Policy has an invalid condition key");
    }
}
