//! Emptying the buckets of a stack before it is taken down: CloudFormation deletes no bucket that holds something.

use super::DeployError;
use aws_config::SdkConfig;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

/// Deletes every version of every object in the stack's buckets; how many went.
pub async fn empty_buckets(target: &SdkConfig, stack: &str) -> Result<usize, DeployError> {
    let stacks = aws_sdk_cloudformation::Client::new(target);
    let resources = stacks.describe_stack_resources().stack_name(stack).send().await;
    let resources = resources.map_err(DeployError::call("cloudformation:DescribeStackResources"))?;
    let local = target.endpoint_url().is_some();
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(target).force_path_style(local).build());
    let mut gone = 0;
    let standing = |status: Option<&str>| status != Some("DELETE_COMPLETE");
    for resource in resources.stack_resources() {
        let is_bucket = resource.resource_type() == Some("AWS::S3::Bucket") && standing(resource.resource_status().map(|s| s.as_str()));
        if let (true, Some(bucket)) = (is_bucket, resource.physical_resource_id()) {
            gone += empty(&s3, bucket).await?;
        }
    }
    Ok(gone)
}

async fn empty(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<usize, DeployError> {
    let mut gone = 0;
    loop {
        // Always the first page: what was on it is gone when it is asked for again.
        let page = s3.list_object_versions().bucket(bucket).send().await.map_err(DeployError::call("s3:ListObjectVersions"))?;
        let versions = page.versions().iter().filter_map(|v| Some((v.key()?, v.version_id())));
        let markers = page.delete_markers().iter().filter_map(|m| Some((m.key()?, m.version_id())));
        let object = |(key, version): (&str, Option<&str>)| {
            ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build().expect("it has a key")
        };
        let objects: Vec<ObjectIdentifier> = versions.chain(markers).map(object).collect();
        if objects.is_empty() {
            return Ok(gone);
        }
        gone += objects.len();
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build().expect("it has objects");
        let done = s3.delete_objects().bucket(bucket).delete(delete).send().await.map_err(DeployError::call("s3:DeleteObjects"))?;
        if let Some(error) = done.errors().first() {
            let reason = format!("{} in {bucket}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
            return Err(DeployError::Call { call: "s3:DeleteObjects", reason });
        }
    }
}
