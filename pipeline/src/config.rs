//! What the functions read from their environment variables, checked once at start.
//!
//! A wrong value stops the function in its init phase with a sentence that names the variable; nothing is guessed.

use std::time::Duration;

use pictures::decode::Limits;
use pictures::render::Settings;

/// Where a variable's value comes from: the environment, or a map in a test.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that is missing or can't be used.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Configuration of the `presign` function.
#[derive(Debug, Clone)]
pub struct PresignConfig {
    /// IMAGES_BUCKET: where uploads go.
    pub images_bucket: String,
    /// MAX_UPLOAD_BYTES: the biggest upload that gets a URL.
    pub max_upload_bytes: u64,
    /// URL_EXPIRES_SECONDS: how long an upload URL works.
    pub url_expires_seconds: u64,
    /// MAX_BATCH_BYTES: the biggest batch that gets a URL.
    pub max_batch_bytes: u64,
    /// ALLOWED_ORIGIN: the origin that browsers may call from, `*` for any.
    pub allowed_origin: String,
}

/// Configuration of the `process` function.
#[derive(Debug, Clone)]
pub struct ProcessConfig {
    /// IMAGES_BUCKET: uploads, renditions and quarantine.
    pub images_bucket: String,
    /// METADATA_BUCKET: the rows that Athena reads.
    pub metadata_bucket: String,
    /// MAX_UPLOAD_BYTES, MAX_PIXELS and MAX_DECODED_BYTES.
    pub limits: Limits,
    /// RENDITION_SIZES, JPEG_QUALITY and WEBP_QUALITY.
    pub settings: Settings,
}

/// Configuration of the `images` function.
#[derive(Debug, Clone)]
pub struct ImagesConfig {
    /// IMAGES_BUCKET: uploads and renditions.
    pub images_bucket: String,
    /// METADATA_BUCKET: the rows that Athena reads.
    pub metadata_bucket: String,
    /// URL_EXPIRES_SECONDS: how long a download URL works.
    pub url_expires_seconds: u64,
    /// ALLOWED_ORIGIN: the origin that browsers may call from, `*` for any.
    pub allowed_origin: String,
}

/// Configuration of the `aggregate` function.
#[derive(Debug, Clone)]
pub struct AggregateConfig {
    /// METADATA_BUCKET: the rows of images.
    pub metadata_bucket: String,
    /// ANALYTICS_BUCKET: where the days go.
    pub analytics_bucket: String,
}

/// Configuration of the `batch` function, which parts a batch.
#[derive(Debug, Clone)]
pub struct BatchConfig {
    /// IMAGES_BUCKET: batches, their images and their progress.
    pub images_bucket: String,
    /// AWS_LAMBDA_FUNCTION_NAME, which Lambda sets: who goes on when time is short.
    pub own_name: String,
    /// PART_FUNCTION: who works on a part.
    pub part_function: String,
    /// MAX_BATCH_BYTES: the biggest archive or list.
    pub max_batch_bytes: u64,
    /// MAX_UPLOAD_BYTES: the biggest image.
    pub max_image_bytes: u64,
    /// PART_IMAGES: images in a part at most.
    pub part_images: usize,
    /// PART_BYTES: bytes in a part at most, one image excepted.
    pub part_bytes: u64,
    /// HAND_OVER_SECONDS: with less time than this left, another invocation goes on.
    pub hand_over: Duration,
}

/// Configuration of the `part` function, which works through a part of a batch.
#[derive(Debug, Clone)]
pub struct PartConfig {
    /// What is done to each image.
    pub process: ProcessConfig,
    /// AWS_LAMBDA_FUNCTION_NAME, which Lambda sets: who goes on when time is short.
    pub own_name: String,
    /// HAND_OVER_SECONDS: with less time than this left, another invocation goes on.
    pub hand_over: Duration,
}

const MAX_UPLOAD_BYTES: u64 = 20 * 1024 * 1024;
/// Signature Version 4 lets no URL live longer than seven days.
const LONGEST_URL_SECONDS: u64 = 7 * 24 * 60 * 60;

impl PresignConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self {
            images_bucket: required(lookup, "IMAGES_BUCKET")?,
            max_upload_bytes: number(lookup, "MAX_UPLOAD_BYTES", MAX_UPLOAD_BYTES, 1, 5 << 30)?,
            url_expires_seconds: url_expires(lookup)?,
            max_batch_bytes: max_batch_bytes(lookup)?,
            allowed_origin: allowed_origin(lookup)?,
        })
    }
}

impl ProcessConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self {
            images_bucket: required(lookup, "IMAGES_BUCKET")?,
            metadata_bucket: required(lookup, "METADATA_BUCKET")?,
            limits: Limits {
                max_bytes: number(lookup, "MAX_UPLOAD_BYTES", MAX_UPLOAD_BYTES, 1, 5 << 30)?,
                max_pixels: number(lookup, "MAX_PIXELS", 100_000_000, 1, 1 << 32)?,
                max_decoded_bytes: number(lookup, "MAX_DECODED_BYTES", 512 << 20, 1 << 20, 10 << 30)?,
            },
            settings: Settings {
                sizes: sizes(lookup)?,
                jpeg_quality: number(lookup, "JPEG_QUALITY", 82, 1, 100)? as u8,
                webp_quality: number(lookup, "WEBP_QUALITY", 80, 1, 100)? as u8,
            },
        })
    }
}

impl ImagesConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self {
            images_bucket: required(lookup, "IMAGES_BUCKET")?,
            metadata_bucket: required(lookup, "METADATA_BUCKET")?,
            url_expires_seconds: url_expires(lookup)?,
            allowed_origin: allowed_origin(lookup)?,
        })
    }
}

impl AggregateConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self { metadata_bucket: required(lookup, "METADATA_BUCKET")?, analytics_bucket: required(lookup, "ANALYTICS_BUCKET")? })
    }
}

impl BatchConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self {
            images_bucket: required(lookup, "IMAGES_BUCKET")?,
            own_name: required(lookup, "AWS_LAMBDA_FUNCTION_NAME")?,
            part_function: required(lookup, "PART_FUNCTION")?,
            max_batch_bytes: max_batch_bytes(lookup)?,
            max_image_bytes: number(lookup, "MAX_UPLOAD_BYTES", MAX_UPLOAD_BYTES, 1, 5 << 30)?,
            part_images: number(lookup, "PART_IMAGES", 25, 1, 1000)? as usize,
            part_bytes: number(lookup, "PART_BYTES", 64 << 20, 1, 5 << 30)?,
            hand_over: hand_over(lookup)?,
        })
    }
}

impl PartConfig {
    /// Reads and checks the variables.
    pub fn read(lookup: Lookup) -> Result<Self, ConfigError> {
        Ok(Self {
            process: ProcessConfig::read(lookup)?,
            own_name: required(lookup, "AWS_LAMBDA_FUNCTION_NAME")?,
            hand_over: hand_over(lookup)?,
        })
    }
}

/// The real environment.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn required(lookup: Lookup, name: &str) -> Result<String, ConfigError> {
    lookup(name)
        .filter(|value| !value.trim().is_empty())
        .ok_or_else(|| ConfigError(format!("environment variable {name} is missing or empty")))
}

fn number(lookup: Lookup, name: &str, default: u64, least: u64, most: u64) -> Result<u64, ConfigError> {
    let Some(text) = lookup(name) else { return Ok(default) };
    match text.trim().parse::<u64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(ConfigError(format!("environment variable {name} is '{text}'; it must be a whole number from {least} to {most}"))),
    }
}

fn url_expires(lookup: Lookup) -> Result<u64, ConfigError> {
    number(lookup, "URL_EXPIRES_SECONDS", 300, 1, LONGEST_URL_SECONDS)
}

/// An archive is read whole, in a function of 2 GB.
fn max_batch_bytes(lookup: Lookup) -> Result<u64, ConfigError> {
    number(lookup, "MAX_BATCH_BYTES", 256 << 20, 1, 512 << 20)
}

fn hand_over(lookup: Lookup) -> Result<Duration, ConfigError> {
    number(lookup, "HAND_OVER_SECONDS", 60, 1, 600).map(Duration::from_secs)
}

fn allowed_origin(lookup: Lookup) -> Result<String, ConfigError> {
    let origin = lookup("ALLOWED_ORIGIN").unwrap_or_else(|| "*".to_owned());
    // It is sent as a header: a line break in it would write headers of its own.
    if origin.is_empty() || !origin.chars().all(|c| c.is_ascii_graphic()) {
        return Err(ConfigError(format!("environment variable ALLOWED_ORIGIN is '{}'; it must be one origin or *", origin.escape_debug())));
    }
    Ok(origin)
}

/// Sizes in pixels of the long side, ascending and without doubles. 4096 at most: WebP ends at 16383, and nobody looks at more.
fn sizes(lookup: Lookup) -> Result<Vec<u32>, ConfigError> {
    let text = lookup("RENDITION_SIZES").unwrap_or_else(|| "160,640,1600".to_owned());
    let parsed: Option<Vec<u32>> = text.split(',').map(|size| size.trim().parse().ok().filter(|size| (16..=4096).contains(size))).collect();
    match parsed {
        Some(mut sizes) if sizes.len() <= 10 => {
            sizes.sort_unstable();
            sizes.dedup();
            Ok(sizes)
        }
        _ => Err(ConfigError(format!(
            "environment variable RENDITION_SIZES is '{text}'; it must be one to ten whole numbers from 16 to 4096, separated by commas"
        ))),
    }
}
