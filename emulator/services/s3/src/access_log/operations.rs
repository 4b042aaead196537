//! What access logs call the operations: `REST.method.resource`.

use http::{Method, request::Parts};

/// The resource of an operation, where it isn't what follows from its path.
const RESOURCES: &[(&str, &str)] = &[
    ("AbortMultipartUpload", "UPLOAD"),
    ("CompleteMultipartUpload", "UPLOAD"),
    ("CreateMultipartUpload", "UPLOADS"),
    ("DeleteObjects", "MULTI_OBJECT_DELETE"),
    ("ListMultipartUploads", "UPLOADS"),
    ("ListObjectVersions", "BUCKETVERSIONS"),
    ("ListParts", "UPLOAD"),
    ("RestoreObject", "OBJECT"),
    ("UploadPart", "PART"),
    ("UploadPartCopy", "PART"),
    ("Accelerate", "ACCELERATE"),
    ("Acl", "ACL"),
    ("Analytics", "ANALYTICS"),
    ("Attributes", "OBJECT_ATTRIBUTES"),
    ("Cors", "CORS"),
    ("Encryption", "ENCRYPTION"),
    ("IntelligentTiering", "INTELLIGENT_TIERING"),
    ("Inventory", "INVENTORY"),
    ("LegalHold", "LEGAL_HOLD"),
    ("Lifecycle", "LIFECYCLE"),
    ("Location", "LOCATION"),
    ("ObjectLock", "OBJECT_LOCK_CONFIGURATION"),
    ("Logging", "LOGGING_STATUS"),
    ("Metrics", "METRICS"),
    ("Notification", "NOTIFICATION"),
    ("OwnershipControls", "OWNERSHIP_CONTROLS"),
    ("PolicyStatus", "POLICY_STATUS"),
    ("Policy", "BUCKETPOLICY"),
    ("PublicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("Replication", "REPLICATION"),
    ("RequestPayment", "REQUEST_PAYMENT"),
    ("Retention", "RETENTION"),
    ("ObjectTagging", "OBJECT_TAGGING"),
    ("BucketTagging", "TAGGING"),
    ("Versioning", "VERSIONING"),
    ("Website", "WEBSITE"),
];

/// Bucket and key of a path-style request, decoded.
pub(crate) fn key_of(head: &Parts) -> (String, Option<String>) {
    let path = percent_encoding::percent_decode_str(head.uri.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
    match path.split_once('/') {
        Some((bucket, key)) if !key.is_empty() => (bucket.to_owned(), Some(key.to_owned())),
        Some((bucket, _)) => (bucket.to_owned(), None),
        None => (path, None),
    }
}

/// The name of an operation of the model; of a request that was none, what its path says.
pub(crate) fn name_of(operation: &str, method: &Method, has_key: bool) -> String {
    let method = if matches!(operation, "CopyObject" | "UploadPartCopy") { "COPY" } else { method.as_str() };
    let resource = RESOURCES.iter().find(|(name, _)| operation.contains(name)).map(|(_, resource)| *resource);
    let resource = resource.unwrap_or(if has_key { "OBJECT" } else { "BUCKET" });
    format!("REST.{method}.{resource}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_names_of_logs() {
        let name = |operation: &str, method: Method, has_key| name_of(operation, &method, has_key);
        assert_eq!(name("GetObject", Method::GET, true), "REST.GET.OBJECT");
        assert_eq!(name("ListObjectsV2", Method::GET, false), "REST.GET.BUCKET");
        assert_eq!(name("CopyObject", Method::PUT, true), "REST.COPY.OBJECT");
        assert_eq!(name("PutBucketLogging", Method::PUT, false), "REST.PUT.LOGGING_STATUS");
        assert_eq!(name("GetBucketPolicyStatus", Method::GET, false), "REST.GET.POLICY_STATUS");
        assert_eq!(name("PutObjectTagging", Method::PUT, true), "REST.PUT.OBJECT_TAGGING");
        assert_eq!(name("CreateMultipartUpload", Method::POST, true), "REST.POST.UPLOADS");
        assert_eq!(name("", Method::GET, true), "REST.GET.OBJECT");
    }
}
