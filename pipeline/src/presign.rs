//! `GET /uploads/presign?filename=&contentType=&size=&purpose=`: hands a signed-in user a URL to upload one picture, or with `purpose=batch`
//! an archive of many or a list of those that were uploaded with `purpose=stage`.
//!
//! The URL is signed over content type and content length, so that S3 itself refuses another type or a bigger body. What the
//! picture really is, `process` finds out; here the user's word is checked for sense.

use serde_json::{Map, Value, json};

use crate::api_event::{ApiError, ApiRequest, ApiResponse, answer};
use crate::config::PresignConfig;
use crate::keys::{Batch, ImageId, Upload, sanitise};
use crate::store::Sign;

/// The content types that get a URL.
pub const CONTENT_TYPES: [&str; 6] = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/bmp"];

/// The content types of batches.
pub const BATCH_TYPES: [&str; 2] = ["application/zip", "application/json"];

/// What an upload is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A picture, worked on as soon as it is there.
    Upload,
    /// A picture that waits for a batch to name it.
    Stage,
    /// Many pictures.
    Batch,
}

/// The moment and the chance of one request: what makes its id.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// Seconds since 1970.
    pub now_seconds: u64,
    /// Eight unpredictable bytes.
    pub random: [u8; 8],
}

/// Answers one request.
pub async fn handle(request: &ApiRequest, config: &PresignConfig, signer: &impl Sign, seed: Seed) -> ApiResponse {
    answer(presign(request, config, signer, seed).await, &config.allowed_origin)
}

async fn presign(request: &ApiRequest, config: &PresignConfig, signer: &impl Sign, seed: Seed) -> Result<(u16, Value), ApiError> {
    let owner = request.caller()?;
    let name = filename(request)?;
    let purpose = purpose(request)?;
    let (types, most): (&[&'static str], u64) = match purpose {
        Purpose::Batch => (&BATCH_TYPES, config.max_batch_bytes),
        Purpose::Upload | Purpose::Stage => (&CONTENT_TYPES, config.max_upload_bytes),
    };
    let content_type = content_type(request, types)?;
    let bytes = size(request, most)?;

    let id = ImageId::new(&owner, seed.now_seconds, seed.random);
    let upload = Upload { owner, id, name };
    let key = match purpose {
        Purpose::Upload => upload.key(),
        Purpose::Stage => upload.staged_key(),
        Purpose::Batch => Batch::new(upload.clone()).key(),
    };
    let signed = signer.upload_url(&config.images_bucket, &key, content_type, bytes, config.url_expires_seconds).await?;
    let headers: Map<String, Value> = signed.headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    crate::log::info("UploadUrlSigned", json!({ "id": upload.id.as_str(), "key": key, "bytes": bytes, "contentType": content_type }));
    Ok((
        200,
        json!({
            "id": upload.id.as_str(),
            "url": signed.url,
            "method": "PUT",
            "headers": headers,
            "bucket": config.images_bucket,
            "key": key,
            "expiresIn": config.url_expires_seconds,
        }),
    ))
}

fn filename(request: &ApiRequest) -> Result<String, ApiError> {
    let name = request.query("filename").ok_or_else(|| missing("filename"))?;
    if name.len() > 255 || name.chars().any(char::is_control) {
        return Err(ApiError::new(400, "InvalidFilename", "filename must have 1 to 255 bytes and no control characters."));
    }
    Ok(sanitise(name))
}

fn purpose(request: &ApiRequest) -> Result<Purpose, ApiError> {
    match request.query("purpose") {
        None | Some("upload") => Ok(Purpose::Upload),
        Some("stage") => Ok(Purpose::Stage),
        Some("batch") => Ok(Purpose::Batch),
        Some(_) => Err(ApiError::new(400, "InvalidPurpose", "purpose must be upload, stage or batch.")),
    }
}

fn content_type(request: &ApiRequest, types: &[&'static str]) -> Result<&'static str, ApiError> {
    let given = request.query("contentType").ok_or_else(|| missing("contentType"))?;
    types
        .iter()
        .find(|known| known.eq_ignore_ascii_case(given))
        .copied()
        .ok_or_else(|| ApiError::new(415, "UnsupportedMediaType", format!("contentType must be one of {}.", types.join(", "))))
}

fn size(request: &ApiRequest, most: u64) -> Result<u64, ApiError> {
    let given = request.query("size").ok_or_else(|| missing("size"))?;
    let digits = given.bytes().all(|byte| byte.is_ascii_digit());
    match given.parse::<u64>() {
        Ok(0) => Err(ApiError::new(400, "InvalidSize", "size must be at least 1 byte.")),
        Ok(bytes) if digits && bytes <= most => Ok(bytes),
        Ok(_) | Err(_) if digits => Err(ApiError::new(413, "ContentTooLarge", format!("size must be at most {most} bytes."))),
        _ => Err(ApiError::new(400, "InvalidSize", "size must be the upload's length in bytes, a whole number.")),
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::new(400, "MissingParameter", format!("The query parameter {name} is missing."))
}
