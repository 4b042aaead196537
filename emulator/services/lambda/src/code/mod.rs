//! Deployment packages: taken from the request or from S3, checked, kept as blobs, given out again.

mod cache;
mod door;
mod package;

pub(crate) use cache::{CodeDir, unpacked, unpacked_over};
pub(crate) use door::{CodeDoor, layer_location, location};

use crate::{
    Error,
    state::{Code, invalid, not_implemented},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Bytes, Context, Fault, Need};
use sha2::{Digest, Sha256};

/// Largest zip sent in a request, bytes.
pub(crate) const MOST_ZIPPED: u64 = 52_428_800;
/// Largest package when unpacked, bytes.
pub(crate) const MOST_UNZIPPED: u64 = 262_144_000;

/// Where a package comes from.
pub(crate) struct Source {
    pub zip: Option<Bytes>,
    pub bucket: Option<String>,
    pub key: Option<String>,
    pub object_version: Option<String>,
    pub kms_key_arn: Option<String>,
}

/// Takes a package: reads it, checks it and writes it as a blob that the caller adopts.
pub(crate) async fn take(cx: &Context, source: Source) -> Result<Code, Fault> {
    if source.kms_key_arn.is_some() {
        return Err(not_implemented("packages encrypted under your own key (SourceKMSKeyArn)"));
    }
    let zip = match (source.zip, source.bucket, source.key) {
        (Some(zip), None, None) => small_enough(zip)?,
        (None, Some(bucket), Some(key)) => fetch(cx, &bucket, &key, source.object_version.as_deref()).await?,
        (Some(_), ..) => return Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")),
        _ => return Err(invalid("Please provide a source for function code.")),
    };
    let checked = zip.clone();
    let sha256 = tokio::task::spawn_blocking(move || {
        package::check(&checked)?;
        Ok::<_, Fault>(BASE64_STANDARD.encode(Sha256::digest(&checked)))
    })
    .await
    .map_err(|e| Fault::internal(format!("checking a package: {e}")))??;
    let bytes = zip.len() as u64;
    Ok(Code { sha256, bytes, zip: cx.store().blobs().put(zip).await? })
}

fn small_enough(zip: Bytes) -> Result<Bytes, Fault> {
    if zip.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    match zip.len() as u64 > MOST_ZIPPED {
        true => Err(Fault::new("RequestEntityTooLargeException", 413, format!("Zipped size must be smaller than {MOST_ZIPPED} bytes"))),
        false => Ok(zip),
    }
}

/// Reads the object on the caller's own permissions.
async fn fetch(cx: &Context, bucket: &str, key: &str, version: Option<&str>) -> Result<Bytes, Fault> {
    let objects = cx.cloud().ports().objects()?;
    let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    let need = Need::on(action, format!("arn:aws:s3:::{bucket}/{key}"));
    let told = |fault: Fault| match (fault.status, &*fault.code) {
        (500.., _) => fault,
        (_, "AccessDenied") => Fault::new(
            "AccessDeniedException",
            403,
            format!(
                "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for {bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: {}",
                fault.message
            ),
        ),
        (_, code) => invalid(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {}", fault.message)),
    };
    let grant = cx.grant(&need).map_err(told)?;
    // No more is read than a package may have.
    let range = Some(0..MOST_UNZIPPED + 1);
    let object = match version {
        Some(version) => objects.get_version(cx, grant, bucket, key, version, range).await,
        None => objects.get(cx, grant, bucket, key, range).await,
    };
    let object = object.map_err(told)?;
    if object.info.size > MOST_UNZIPPED {
        return Err(Error::CodeStorageExceeded.says(format!("Unzipped size must be smaller than {MOST_UNZIPPED} bytes")));
    }
    Ok(object.bytes)
}
