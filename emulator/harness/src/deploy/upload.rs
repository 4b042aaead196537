//! Packages on their way to the code bucket: named by their content, so that an unchanged function is neither uploaded nor updated.

use super::DeployError;
use crate::package::{self, PipelineBinaries};
use aws_config::SdkConfig;
use aws_sdk_s3::{primitives::ByteStream, types::{BucketLocationConstraint, CreateBucketConfiguration}};
use std::collections::BTreeMap;

/// Key of a package: function and content.
pub fn code_key(function: &str, zip: &[u8]) -> String {
    // FNV-1a over the bytes, twice with different seeds: names content, protects nothing.
    let hash = |seed: u64| zip.iter().fold(seed, |h, b| (h ^ *b as u64).wrapping_mul(0x100_0000_01b3));
    format!("functions/{function}-{:016x}{:016x}.zip", hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142))
}

/// Uploads what isn't there yet; the template's parameters that name it.
pub(super) async fn packages(
    target: &SdkConfig,
    bucket: &str,
    binaries: &PipelineBinaries,
) -> Result<BTreeMap<String, String>, DeployError> {
    let local = target.endpoint_url().is_some();
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(target).force_path_style(local).build());
    bucket_exists(&s3, target, bucket).await?;
    let mut parameters = BTreeMap::from([("CodeBucket".to_owned(), bucket.to_owned())]);
    for (function, binary) in binaries.all() {
        let zip = package::zip(binary)?;
        let key = code_key(function, &zip);
        if s3.head_object().bucket(bucket).key(&key).send().await.is_err() {
            let body = ByteStream::from(zip);
            s3.put_object().bucket(bucket).key(&key).body(body).send().await.map_err(DeployError::call("s3:PutObject"))?;
        }
        let parameter = format!("{}{}CodeKey", function[..1].to_uppercase(), &function[1..]);
        parameters.insert(parameter, key);
    }
    Ok(parameters)
}

async fn bucket_exists(s3: &aws_sdk_s3::Client, target: &SdkConfig, bucket: &str) -> Result<(), DeployError> {
    if s3.head_bucket().bucket(bucket).send().await.is_ok() {
        return Ok(());
    }
    let region = target.region().map_or(kit::DEFAULT_REGION, |r| r.as_ref()).to_owned();
    let mut request = s3.create_bucket().bucket(bucket);
    // us-east-1 is the one region that must not be named.
    if region != "us-east-1" {
        let constraint = BucketLocationConstraint::from(region.as_str());
        request = request.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(constraint).build());
    }
    request.send().await.map(drop).map_err(DeployError::call("s3:CreateBucket"))
}
