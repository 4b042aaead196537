//! The store for real: the verbs of `store` in the words of the S3 SDK.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::StorageClass;
use bytes::Bytes;

use crate::store::{Copied, Facts, Fetched, Keys, Sign, SignedUrl, Store, StoreError};

/// S3 through the SDK.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// A store on this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Store for S3 {
    async fn fetch(&self, bucket: &str, key: &str, max_bytes: u64) -> Result<Fetched, StoreError> {
        let call = "GetObject";
        let object = match self.client.get_object().bucket(bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if status(&error) == Some(404) => return Ok(Fetched::Missing),
            Err(error) => return Err(failure(call, bucket, key, &error)),
        };
        let facts = Facts {
            etag: bare(object.e_tag()),
            bytes: object.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
            content_type: object.content_type().map(str::to_owned),
            modified_seconds: object.last_modified().map_or(0, |moment| moment.secs()),
        };
        if facts.bytes > max_bytes {
            return Ok(Fetched::TooBig(facts));
        }
        let body = object.body.collect().await.map_err(|error| StoreError {
            operation: call,
            place: format!("{bucket}/{key}"),
            code: "BodyBroke".to_owned(),
            message: chain(&error),
        })?;
        Ok(Fetched::Object(facts, body.into_bytes()))
    }

    async fn facts(&self, bucket: &str, key: &str) -> Result<Option<Facts>, StoreError> {
        match self.client.head_object().bucket(bucket).key(key).send().await {
            Ok(object) => Ok(Some(Facts {
                etag: bare(object.e_tag()),
                bytes: object.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
                content_type: object.content_type().map(str::to_owned),
                modified_seconds: object.last_modified().map_or(0, |moment| moment.secs()),
            })),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failure("HeadObject", bucket, key, &error)),
        }
    }

    async fn put(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type(content_type).body(body.into());
        request.send().await.map(drop).map_err(|error| failure("PutObject", bucket, key, &error))
    }

    async fn put_new(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<bool, StoreError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type(content_type).body(body.into());
        match request.if_none_match("*").send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(412) => Ok(false),
            Err(error) => Err(failure("PutObject", bucket, key, &error)),
        }
    }

    async fn put_tiered(&self, bucket: &str, key: &str, body: Bytes, content_type: &str) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type(content_type).body(body.into());
        let request = request.storage_class(StorageClass::IntelligentTiering);
        request.send().await.map(drop).map_err(|error| failure("PutObject", bucket, key, &error))
    }

    async fn copy(&self, bucket: &str, from: &str, etag: &str, to: &str) -> Result<Copied, StoreError> {
        let source = format!("{bucket}/{}", percent_encoding::utf8_percent_encode(from, COPY_SOURCE));
        let request = self.client.copy_object().bucket(bucket).key(to).copy_source(source).copy_source_if_match(format!("\"{etag}\""));
        match request.send().await {
            Ok(_) => Ok(Copied::Done),
            Err(error) if matches!(status(&error), Some(404 | 412)) => Ok(Copied::SourceChanged),
            Err(error) => Err(failure("CopyObject", bucket, to, &error)),
        }
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(bucket).key(key);
        request.send().await.map(drop).map_err(|error| failure("DeleteObject", bucket, key, &error))
    }

    async fn keys(&self, bucket: &str, prefix: &str, after: Option<&str>) -> Result<Keys, StoreError> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix).set_start_after(after.map(str::to_owned));
        let page = request.send().await.map_err(|error| failure("ListObjectsV2", bucket, prefix, &error))?;
        Ok(Keys {
            keys: page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect(),
            more: page.is_truncated().unwrap_or_default(),
        })
    }
}

impl Sign for S3 {
    async fn upload_url(&self, bucket: &str, key: &str, content_type: &str, bytes: u64, seconds: u64) -> Result<SignedUrl, StoreError> {
        let length = i64::try_from(bytes).unwrap_or(i64::MAX);
        let request = self.client.put_object().bucket(bucket).key(key).content_type(content_type).content_length(length);
        let signed = request.presigned(lifetime(seconds)).await.map_err(|error| failure("PutObject", bucket, key, &error))?;
        let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(SignedUrl { url: signed.uri().to_owned(), headers })
    }

    async fn download_url(&self, bucket: &str, key: &str, seconds: u64) -> Result<String, StoreError> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let signed = request.presigned(lifetime(seconds)).await.map_err(|error| failure("GetObject", bucket, key, &error))?;
        Ok(signed.uri().to_owned())
    }
}

/// Everything but unreserved characters and the slash is written in hex in `x-amz-copy-source`.
const COPY_SOURCE: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn lifetime(seconds: u64) -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(seconds)).expect("the configuration allows a week at most")
}

fn bare(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn failure<E: ProvideErrorMetadata + std::error::Error + 'static>(
    operation: &'static str,
    bucket: &str,
    key: &str,
    error: &SdkError<E>,
) -> StoreError {
    let place = format!("{bucket}/{key}");
    at(operation, place, error)
}

/// The same, of any place.
pub(crate) fn at<E: ProvideErrorMetadata + std::error::Error + 'static>(
    operation: &'static str,
    place: String,
    error: &SdkError<E>,
) -> StoreError {
    let code = error.code().map(str::to_owned).or_else(|| status(error).map(|status| format!("HTTP {status}")));
    StoreError {
        operation,
        place,
        code: code.unwrap_or_else(|| "NoAnswer".to_owned()),
        message: error.message().map_or_else(|| chain(error), str::to_owned),
    }
}

/// An SDK error says "dispatch failure" and hides the rest in its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
