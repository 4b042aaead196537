//! The syntax of Resource entries in identity policies, with IAM's own sentences for what it refuses.

/// Partitions that AWS has.
const PARTITIONS: [&str; 8] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// S3's resources that do have a region.
const S3_REGIONAL: [&str; 6] = ["accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens/", "storage-lens-group/"];

/// IAM's sentence about a resource that it refuses.
pub(crate) fn complaint(resource: &str) -> Option<String> {
    if resource == "*" {
        return None;
    }
    let not_an_arn = || Some(format!("Resource {resource} must be in ARN format or \"*\"."));
    let Some((_, rest)) = resource.split_once(':') else { return not_an_arn() };
    let (partition, rest) = rest.split_once(':').map_or((rest, None), |(partition, rest)| (partition, Some(rest)));
    if partition != "*" && !PARTITIONS.contains(&partition) {
        return Some(unknown_partition(partition, rest.unwrap_or_default()));
    }
    if !resource.starts_with("arn:") {
        return not_an_arn();
    }
    let vendor = rest.map(|rest| rest.split(':').next().unwrap_or_default());
    if vendor.is_none_or(|vendor| vendor.contains(['*', '?'])) {
        return Some("Resource vendor must be fully qualified and cannot contain regexes.".to_owned());
    }
    let mut parts = rest.unwrap_or_default().splitn(4, ':');
    let (service, region) = (parts.next().unwrap_or_default(), parts.next());
    let path = parts.nth(1).unwrap_or_default();
    complaint_of(service, region.unwrap_or_default(), path, resource)
}

fn complaint_of(service: &str, region: &str, path: &str, resource: &str) -> Option<String> {
    let open = path.starts_with(['*', '$']);
    match service {
        "iam" if !region.is_empty() => Some(format!("IAM resource {resource} cannot contain region information.")),
        "iam" if !open && !IAM_PATHS.iter().any(|start| path.starts_with(start)) => {
            Some(format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", ")))
        }
        "s3" if !region.is_empty() && !open && !S3_REGIONAL.iter().any(|start| path.starts_with(start)) => {
            Some(format!("Resource {resource} can not contain region information."))
        }
        _ => None,
    }
}

/// IAM prints what it took for an ARN, its missing parts as stars.
fn unknown_partition(partition: &str, rest: &str) -> String {
    let mut parts: Vec<&str> = rest.splitn(4, ':').collect();
    if parts == [""] {
        parts.clear();
    }
    parts.resize(4, "*");
    format!("Partition \"{partition}\" is not valid for resource \"arn:{partition}:{}\".", parts.join(":"))
}

/// Whether IAM's older parser also takes the ARN; its only sentence is "The policy failed legacy parsing".
pub(crate) fn passes_legacy_parser(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let parts = resource.matches(':').count();
    let has_service = resource.split(':').nth(2).is_some_and(|service| !service.is_empty());
    has_service && (parts >= 5 || !resource.contains("::"))
}
