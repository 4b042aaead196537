//! Packages and large templates on their way to the code bucket: named by their content, so that an unchanged function is neither uploaded nor
//! updated.

use super::DeployError;
use crate::package::{self, PackageError, PipelineBinaries};
use aws_config::SdkConfig;
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Mutex,
    time::SystemTime,
};

/// Bytes of a template that goes with its request; AWS's limit. Larger ones are read from S3.
const TEMPLATE_IN_REQUEST: usize = 51_200;

/// Key of a package: function and content.
pub fn code_key(function: &str, zip: &[u8]) -> String {
    format!("functions/{function}-{}.zip", content(zip))
}

/// A name for content.
fn content(bytes: &[u8]) -> String {
    // Twice with different seeds: names content, protects nothing.
    let hash = |seed: u64| kit::ids::fnv1a(seed, bytes.iter().copied());
    format!("{:016x}{:016x}", hash(kit::ids::FNV_BASIS), hash(0x6c62_272e_07bb_0142))
}

/// Uploads a template that is too large for a request; its URL, as CloudFormation wants it.
pub(super) async fn template(target: &SdkConfig, bucket: &str, text: &str) -> Result<Option<String>, DeployError> {
    if text.len() <= TEMPLATE_IN_REQUEST {
        return Ok(None);
    }
    let s3 = client(target);
    bucket_exists(&s3, target, bucket).await?;
    let key = format!("templates/{}.yaml", content(text.as_bytes()));
    let body = ByteStream::from(text.as_bytes().to_vec());
    s3.put_object().bucket(bucket).key(&key).body(body).send().await.map_err(DeployError::call("s3:PutObject"))?;
    let region = target.region().map_or(kit::DEFAULT_REGION, |r| r.as_ref());
    Ok(Some(format!("https://{bucket}.s3.{region}.amazonaws.com/{key}")))
}

fn client(target: &SdkConfig) -> aws_sdk_s3::Client {
    let local = target.endpoint_url().is_some();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(target).force_path_style(local).build())
}

/// Uploads what isn't there yet; the template's parameters that name it.
pub(super) async fn packages(
    target: &SdkConfig,
    bucket: &str,
    binaries: &PipelineBinaries,
) -> Result<BTreeMap<String, String>, DeployError> {
    let s3 = client(target);
    bucket_exists(&s3, target, bucket).await?;
    let mut parameters = BTreeMap::from([("CodeBucket".to_owned(), bucket.to_owned())]);
    for (function, binary) in binaries.all() {
        let (key, zip) = packed(function, binary.to_owned()).await?;
        if s3.head_object().bucket(bucket).key(&key).send().await.is_err() {
            let body = ByteStream::from(zip);
            s3.put_object().bucket(bucket).key(&key).body(body).send().await.map_err(DeployError::call("s3:PutObject"))?;
        }
        let parameter = format!("{}{}CodeKey", function[..1].to_uppercase(), &function[1..]);
        parameters.insert(parameter, key);
    }
    Ok(parameters)
}

/// A function's key and zip. Kept as long as the binary stays the same: many clouds of one process deploy the same functions.
async fn packed(function: &'static str, binary: PathBuf) -> Result<(String, Bytes), DeployError> {
    type Kept = HashMap<(PathBuf, u64, Option<SystemTime>), (String, Bytes)>;
    static KEPT: Mutex<Option<Kept>> = Mutex::new(None);
    let pack = move || {
        let meta = std::fs::metadata(&binary).map_err(|e| PackageError::Io(binary.display().to_string(), e))?;
        let id = (binary.clone(), meta.len(), meta.modified().ok());
        // Held while packing, so that clouds which start together wait for one zip instead of making eight.
        let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let kept = kept.get_or_insert_default();
        if let Some(packed) = kept.get(&id) {
            return Ok(packed.clone());
        }
        let zip = Bytes::from(package::zip(&binary)?);
        let packed = (code_key(function, &zip), zip);
        kept.retain(|(path, ..), _| *path != binary);
        kept.insert(id, packed.clone());
        Ok(packed)
    };
    let packed: Result<_, PackageError> =
        tokio::task::spawn_blocking(pack).await.unwrap_or_else(|e| Err(PackageError::Io("a package".into(), e.into())));
    packed.map_err(Into::into)
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
