//! UploadPart and UploadPartCopy.

use super::check_number;
use crate::{
    S3,
    access::{self, Maybe},
    checksums::{self, Algorithm},
    encryption::{self, Sealing},
    errors,
    model::*,
    objects::{
        body::{self, Expected, Opened, Received},
        conditions::ReadConditions,
        copy::{self, Source, source_conditions},
        put::wanted_sum,
    },
    state::{self, Object, PARTS, Part, Upload},
    usage, versions,
};
use kit::{Access, Authorize, Context, Fault};
use std::ops::Range;

impl Authorize<S3> for UploadPartCopyInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let source = Source::read(&self.copy_source).ok().and_then(|source| source.need(cx));
        let put = access::object_need(cx, "s3:PutObject", &self.bucket, &self.key)
            .maybe("s3:ObjectCreationOperation", Some("false".into()))
            .maybe("s3:x-amz-copy-source", Some(self.copy_source.trim_start_matches('/').to_owned()));
        access::all([source, put])
    }
}

impl S3 {
    /// Streams a part; one of the same number is replaced.
    pub async fn upload_part(&self, cx: &Context, input: UploadPartInput) -> Result<UploadPartOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let number = check_number(input.part_number)?;
        let (_, upload) = cx.store().read(|s| super::find(s, &found, &input.key, &input.upload_id))?;
        let body = cx.take_body();
        let given = wanted_sum(cx, checksums::given!(input)?, input.checksum_algorithm.as_deref(), &body)?;
        let sum = sum_of(&upload, given)?;
        let key = encryption::open_for_part(cx, &found, &input.key, &upload.encryption, &encryption::customer!(input)).await?;
        let sealing = Sealing { encryption: upload.encryption.clone(), key };
        let expected =
            Expected { sum: Some(sum), md5: input.content_md5, length: input.content_length, sealing, crc64: upload.algorithm.is_none() };
        let received = body::receive(cx, body, expected).await?;
        let part = keep(cx, &input.bucket, &input.key, &input.upload_id, number, received).await?;
        let mut output = UploadPartOutput { e_tag: Some(format!("\"{}\"", part.etag)), ..UploadPartOutput::default() };
        encryption::tell!(output, upload.encryption);
        encryption::tell_customer!(output, upload.encryption);
        checksums::tell!(output, &part.sum);
        Ok(output)
    }

    /// Makes a part out of an object or a range of one.
    pub async fn upload_part_copy(&self, cx: &Context, input: UploadPartCopyInput) -> Result<UploadPartCopyOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let number = check_number(input.part_number)?;
        let (_, upload) = cx.store().read(|s| super::find(s, &found, &input.key, &input.upload_id))?;
        let source = Source::read(&input.copy_source)?;
        let key = encryption::open_for_part(cx, &found, &input.key, &upload.encryption, &encryption::customer!(input)).await?;
        let sealing = Sealing { encryption: upload.encryption.clone(), key };
        let (object, opened) = self.part_source(cx, &source, &input).await?;
        let expected = Expected { sum: Some(sum_of(&upload, None)?), sealing, crc64: upload.algorithm.is_none(), ..Expected::default() };
        let received = body::receive(cx, body::into_body(opened), expected).await?;
        let part = keep(cx, &input.bucket, &input.key, &input.upload_id, number, received).await?;
        let mut result =
            CopyPartResult { e_tag: Some(format!("\"{}\"", part.etag)), last_modified: Some(part.modified), ..CopyPartResult::default() };
        if upload.algorithm.is_some() {
            checksums::tell!(result, &part.sum);
        }
        let mut output = UploadPartCopyOutput {
            copy_source_version_id: object.version_id.clone(),
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        };
        encryption::tell!(output, upload.encryption);
        encryption::tell_customer!(output, upload.encryption);
        Ok(output)
    }

    /// The source of a part and its bytes, ready to be read. One that changed while it was looked at is looked for again.
    async fn part_source(&self, cx: &Context, source: &Source, input: &UploadPartCopyInput) -> Result<(Object, Opened), Fault> {
        for _ in 0..copy::MOST_TRIES {
            let asked: ReadConditions<'_> = source_conditions!(input);
            let (bucket, object) = source.find(cx, &input.expected_source_bucket_owner, &asked)?;
            let range = copy_range(input.copy_source_range.as_deref(), object.size)?;
            copy::check_size(range.end - range.start)?;
            let key = encryption::open(cx, &bucket, &source.key, &object.encryption, &encryption::source_customer!(input)).await?;
            if let Some(opened) = source.open(cx, &object, range)? {
                self.accesses.note_source(cx, &bucket, &source.key, &object).await?;
                return Ok((object, opened.with_key(key)));
            }
        }
        Err(copy::unsteady())
    }
}

/// The checksum of a part: that of the upload, which the client's must be, too. Without one it is the client's own choice, and the whole
/// gets a CRC64NVME, put together from one of each part.
fn sum_of(upload: &Upload, given: Option<(Algorithm, Option<String>)>) -> Result<(Algorithm, Option<String>), Fault> {
    let expected = match (upload.algorithm, &given) {
        (Some(algorithm), _) => algorithm,
        (None, Some((algorithm, _))) => return Ok((*algorithm, given.and_then(|(_, value)| value))),
        (None, None) => Algorithm::Crc64Nvme,
    };
    match given {
        Some((algorithm, _)) if algorithm != expected => Err(errors::invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            expected.lower(),
            algorithm.lower()
        ))),
        Some((_, value)) => Ok((expected, value)),
        None => Ok((expected, None)),
    }
}

/// Stores a part in the place of an older one.
async fn keep(cx: &Context, bucket: &str, key: &str, upload_id: &str, number: u32, received: Received) -> Result<Part, Fault> {
    let part = Part {
        blob: received.blob,
        size: received.size,
        etag: received.etag,
        modified: versions::whole_second(cx),
        sum: Some(received.sum),
        salt: received.salt,
        crc64: received.crc64,
    };
    cx.store()
        .write(|tx| {
            let found = state::find(tx, bucket)?;
            // The upload may have been completed while the part arrived.
            let (sequence, _) = super::find(tx, &found, key, upload_id)?;
            if let Some(old) = tx.delete(&PARTS, &found.scope, &(sequence, number))? {
                tx.drop_blob(&old.blob);
                usage::parts_went(tx, cx, &found, &[old.size])?;
            }
            usage::part_came(tx, cx, &found, part.size)?;
            tx.adopt(&part.blob);
            tx.put(&PARTS, &found.scope, &(sequence, number), &part)
        })
        .await?;
    Ok(part)
}

/// `bytes=first-last`, both there and inside the source.
fn copy_range(text: Option<&str>, size: u64) -> Result<Range<u64>, Fault> {
    let Some(text) = text else { return Ok(0..size) };
    let malformed = || {
        let sentence = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
        errors::invalid_argument(sentence, "x-amz-copy-source-range", text)
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (first, last) = text.strip_prefix("bytes=").and_then(|spec| spec.split_once('-')).ok_or_else(malformed)?;
    let (first, last) = (number(first).ok_or_else(malformed)?, number(last).ok_or_else(malformed)?);
    if first > last {
        return Err(malformed());
    }
    if first >= size {
        return Err(errors::invalid_request("The specified copy range is invalid for the source object size"));
    }
    if last >= size {
        let sentence = format!("Range specified is not valid for source object of size: {size}");
        return Err(errors::invalid_argument(sentence, "x-amz-copy-source-range", text));
    }
    Ok(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_ranges_name_both_ends() {
        assert_eq!(copy_range(Some("bytes=0-8"), 10).unwrap(), 0..9);
        assert_eq!(copy_range(None, 10).unwrap(), 0..10);
        assert_eq!(copy_range(Some("bytes=100-200"), 10).unwrap_err().code, "InvalidRequest");
        for bad in ["0-8", "bytes=1-0", "bytes=-2", "bytes=1-", "bytes=-", "bytes=0--1", "bytes=0-1,3-4", "bytes=0-100"] {
            assert_eq!(copy_range(Some(bad), 10).unwrap_err().code, "InvalidArgument", "{bad}");
        }
    }
}
