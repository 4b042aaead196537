//! `s3://bucket/prefix` and back.

/// Bucket and key prefix of a location; `None` when the text is no S3 location.
pub(crate) fn parse(location: &str) -> Option<(&str, &str)> {
    let rest = location.strip_prefix("s3://").or_else(|| location.strip_prefix("s3a://"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, prefix))
}
