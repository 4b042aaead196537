//! What S3 tells CloudWatch (`AWS/S3`): of requests, where a bucket has a metrics configuration for them, and each day what buckets hold.

pub(crate) mod requests;
pub(crate) mod storage;
