//! GetObject and HeadObject: the same answer with and without the body.

use super::{
    body::{self, Opened},
    conditions::{self, ReadConditions},
    put, range, words,
};
use crate::{
    S3, access, checksums,
    encryption::{self, DataKey},
    errors,
    model::*,
    payer, replication, restore,
    state::{self, Found, Object, Piece},
    tiering,
    versions::{self, Version},
};
use kit::{Context, Fault, Principal, Reply};
use std::ops::Range;

impl S3 {
    /// The body of an object, or a range of it, with its description in headers.
    pub async fn get_object(&self, cx: &Context, input: GetObjectInput) -> Result<Reply<GetObjectOutput>, Fault> {
        let seen = look(cx, input, "GET")?;
        let key = seen.key(cx).await?;
        self.accesses.note(cx, &seen.found, &seen.input.key, &seen.version).await?;
        let output = seen.describe(cx)?;
        let (status, opened) = (seen.status(), seen.opened.with_key(key));
        let reply = Reply::new(output).body(body::serve(opened)?);
        Ok(if let Some(status) = status { reply.status(status) } else { reply })
    }

    /// The description alone.
    pub async fn head_object(&self, cx: &Context, input: HeadObjectInput) -> Result<Reply<HeadObjectOutput>, Fault> {
        let seen = look(cx, as_get(input), "HEAD")?;
        match seen.input.checksum_mode {
            // The checksum tells of the body, so who asks for it must be able to read that.
            Some(_) => {
                seen.key(cx).await?;
            }
            None => {
                encryption::check_reader(cx, &seen.version.object.encryption, &encryption::customer!(seen.input))?;
            }
        }
        let (status, mut output) = (seen.status(), as_head(seen.describe(cx)?));
        output.archive_status = tiering::archive_tier(&seen.version.object).and_then(ArchiveStatus::parse);
        Ok(if let Some(status) = status { Reply::new(output).status(status) } else { Reply::new(output) })
    }
}

/// What a read found.
struct Seen {
    input: GetObjectInput,
    found: Found,
    version: Version,
    /// The bytes asked for, where not all were.
    range: Option<Range<u64>>,
    part: Option<Piece>,
    opened: Opened,
}

/// Finds the version, judges conditions and range, opens the body.
fn look(cx: &Context, input: GetObjectInput, method: &str) -> Result<Seen, Fault> {
    if input.range.is_some() && input.part_number.is_some() {
        return Err(errors::invalid_request("Cannot specify both Range header and partNumber query parameter"));
    }
    check_overrides(cx, &input)?;
    // How a body is encrypted is a matter of writing it; AWS's model doesn't know the header here, AWS refuses it.
    if let Some(value) = &input.server_side_encryption {
        let sentence = "x-amz-server-side-encryption header is not supported for this operation.";
        return Err(errors::invalid_argument(sentence, "x-amz-server-side-encryption", value));
    }
    let (found, read) = cx.store().read(|s| {
        let found = state::find(s, &input.bucket)?;
        state::expect_region(cx, &found)?;
        payer::expect(cx, &found)?;
        state::expect_owner(&found, &input.expected_bucket_owner)?;
        let read = versions::lookup(s, &found, &input.key, input.version_id.as_deref()).and_then(|version| {
            let version = present(&found, &input, version, method)?;
            let asked = ReadConditions {
                if_match: input.if_match.as_deref(),
                if_none_match: input.if_none_match.as_deref(),
                if_modified_since: input.if_modified_since,
                if_unmodified_since: input.if_unmodified_since,
            };
            conditions::check_read(&version.object, &asked, cx.now())?;
            if method == "GET" {
                restore::readable(&version.object)?;
            }
            let (range, part) = wanted(&input, &version.object)?;
            let whole = 0..version.object.size;
            let opened = body::open(cx.store(), &version.object, range.clone().unwrap_or(whole))?;
            Ok((version, range, part, opened))
        });
        Ok::<_, Fault>((found, read))
    })?;
    match read {
        Ok((version, range, part, opened)) => Ok(Seen { input, found, version, range, part, opened }),
        Err(fault) if &*fault.code == "NoSuchKey" => Err(access::missing(cx, &input.bucket, &input.key, fault)),
        Err(fault) => Err(fault),
    }
}

/// The version, unless it is a delete marker.
fn present(found: &Found, input: &GetObjectInput, version: Option<Version>, method: &str) -> Result<Version, Fault> {
    let Some(version) = version else {
        return Err(match &input.version_id {
            Some(id) => errors::no_such_version(&input.key, id),
            None => errors::no_such_key(&input.key),
        });
    };
    if !version.object.delete_marker {
        return Ok(version);
    }
    let fault = match &input.version_id {
        Some(_) => errors::method_not_allowed(method, "DeleteMarker")
            .header("Last-Modified", kit::time::http_date(version.object.modified))
            .header("Allow", "DELETE"),
        None => errors::no_such_key(&input.key),
    };
    let id = versions::shown_id(found, &version.object).unwrap_or_default();
    Err(fault.header("x-amz-delete-marker", "true").header("x-amz-version-id", id))
}

/// The range of a Range header or of a part.
fn wanted(input: &GetObjectInput, object: &Object) -> Result<(Option<Range<u64>>, Option<Piece>), Fault> {
    let Some(number) = input.part_number else {
        return Ok((range::requested(input.range.as_deref(), object.size)?, None));
    };
    if !(1..=10_000).contains(&number) {
        let sentence = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(errors::invalid_argument(sentence, "partNumber", &number.to_string()));
    }
    let mut start = 0;
    for (index, piece) in object.pieces.iter().enumerate() {
        if index + 1 == number as usize {
            return Ok((Some(start..start + piece.size), Some(piece.clone())));
        }
        start += piece.size;
    }
    Err(Fault::new("InvalidPartNumber", 416, "The requested partnumber is not satisfiable")
        .with("PartNumberRequested", number.to_string())
        .with("ActualPartCount", object.pieces.len().to_string()))
}

/// Anonymous callers may not choose response headers: AWS trusts such a choice to who signed only.
fn check_overrides(cx: &Context, input: &GetObjectInput) -> Result<(), Fault> {
    let overrides = [
        &input.response_cache_control,
        &input.response_content_disposition,
        &input.response_content_encoding,
        &input.response_content_language,
        &input.response_content_type,
        &input.response_expires,
    ];
    if overrides.iter().any(|one| one.is_some()) && *cx.principal() == Principal::Anonymous {
        return Err(errors::invalid_request("Request specific response headers cannot be used for anonymous GET requests."));
    }
    const NAMES: [&str; 6] = ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];
    let wide = |text: &&String| text.chars().any(|c| c > '\u{ff}');
    match overrides.iter().zip(NAMES).find_map(|(value, name)| Some((value.as_ref().filter(wide)?, name))) {
        Some((value, name)) => {
            let sentence = "Header value cannot be represented using ISO-8859-1.";
            Err(errors::invalid_argument(sentence, &format!("response-{name}"), value))
        }
        None => Ok(()),
    }
}

impl Seen {
    /// The key of the body, where it is encrypted with one that isn't S3's.
    async fn key(&self, cx: &Context) -> Result<Option<DataKey>, Fault> {
        let given = encryption::customer!(self.input);
        encryption::open(cx, &self.found, &self.input.key, &self.version.object.encryption, &given).await
    }

    /// 206 where not the whole was asked for.
    fn status(&self) -> Option<u16> {
        self.range.is_some().then_some(206)
    }

    fn describe(&self, cx: &Context) -> Result<GetObjectOutput, Fault> {
        let (input, object) = (&self.input, &self.version.object);
        let headers = &object.headers;
        let or = |chosen: &Option<String>, kept: &Option<String>| chosen.clone().or_else(|| kept.clone());
        let length = self.range.as_ref().map_or(object.size, |range| range.end - range.start);
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            last_modified: Some(object.modified),
            content_length: Some(length as i64),
            content_range: self.range.as_ref().filter(|_| object.size > 0).map(|range| range::content_range(range, object.size)),
            e_tag: Some(format!("\"{}\"", object.etag)),
            content_type: or(&input.response_content_type, &headers.content_type).or_else(|| Some("binary/octet-stream".into())),
            cache_control: or(&input.response_cache_control, &headers.cache_control),
            content_disposition: or(&input.response_content_disposition, &headers.content_disposition),
            content_encoding: or(&input.response_content_encoding, &headers.content_encoding),
            content_language: or(&input.response_content_language, &headers.content_language),
            expires: or(&input.response_expires, &headers.expires),
            website_redirect_location: headers.website_redirect_location.clone(),
            metadata: (!object.metadata.is_empty()).then(|| shown_metadata(object)),
            storage_class: object.storage_class.clone(),
            restore: restore::header(object),
            version_id: versions::shown_id(&self.found, object),
            parts_count: (self.part.is_some() && object.multipart).then_some(object.pieces.len() as i32),
            tag_count: self.tag_count(cx),
            replication_status: replication::status(object),
            ..GetObjectOutput::default()
        };
        encryption::tell!(output, object.encryption);
        encryption::tell_customer!(output, object.encryption);
        self.describe_lock(cx, &mut output);
        if self.version.current && input.version_id.is_none() {
            output.expiration = put::expiration(&self.found, &input.key, object);
        }
        if input.checksum_mode.is_some() {
            // As recorded: a part of a sum of sums has its own, all bytes have that of the object, however they were asked for, and
            // everything else has none.
            let all = self.range.as_ref().is_none_or(|range| *range == (0..object.size));
            let composite = object.sum.as_ref().is_some_and(|sum| sum.composite);
            let sum = match &self.part {
                Some(part) if composite => &part.sum,
                _ if all => &object.sum,
                _ => &None,
            };
            checksums::tell!(output, sum);
            output.checksum_type = sum.as_ref().and(object.sum.as_ref()).map(|sum| sum.kind().to_owned());
        }
        Ok(output)
    }

    /// Retention and legal hold, for those who may read them.
    fn describe_lock(&self, cx: &Context, output: &mut GetObjectOutput) {
        let lock = &self.version.object.lock;
        let may = |action| access::decide(cx, access::object_need(cx, action, &self.found.name, &self.input.key)).allowed;
        if let Some(retention) = lock.retention.as_ref().filter(|_| may("s3:GetObjectRetention")) {
            output.object_lock_mode = Some(retention.mode.name().to_owned());
            output.object_lock_retain_until_date = Some(retention.until);
        }
        if let Some(on) = lock.legal_hold.filter(|_| may("s3:GetObjectLegalHold")) {
            output.object_lock_legal_hold_status = Some(if on { "ON".to_owned() } else { "OFF".to_owned() });
        }
    }

    /// The number of tags, for those who may read them.
    fn tag_count(&self, cx: &Context) -> Option<i32> {
        let count = self.version.object.tags.len();
        let may = || {
            let action = if self.input.version_id.is_some() { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
            access::decide(cx, access::object_need(cx, action, &self.found.name, &self.input.key)).allowed
        };
        (count > 0 && may()).then_some(count as i32)
    }
}

/// User metadata as headers can carry it.
fn shown_metadata(object: &Object) -> std::collections::BTreeMap<String, String> {
    object.metadata.iter().map(|(name, value)| (name.clone(), words::encoded(value))).collect()
}

/// HeadObject takes what GetObject takes.
fn as_get(input: HeadObjectInput) -> GetObjectInput {
    GetObjectInput {
        bucket: input.bucket,
        if_match: input.if_match,
        if_modified_since: input.if_modified_since,
        if_none_match: input.if_none_match,
        if_unmodified_since: input.if_unmodified_since,
        key: input.key,
        range: input.range,
        response_cache_control: input.response_cache_control,
        response_content_disposition: input.response_content_disposition,
        response_content_encoding: input.response_content_encoding,
        response_content_language: input.response_content_language,
        response_content_type: input.response_content_type,
        response_expires: input.response_expires,
        version_id: input.version_id,
        sse_customer_algorithm: input.sse_customer_algorithm,
        sse_customer_key: input.sse_customer_key,
        sse_customer_key_md5: input.sse_customer_key_md5,
        request_payer: input.request_payer,
        part_number: input.part_number,
        expected_bucket_owner: input.expected_bucket_owner,
        checksum_mode: input.checksum_mode,
        server_side_encryption: input.server_side_encryption,
    }
}

/// HeadObject answers what GetObject answers; members that this build never sets are left out.
fn as_head(output: GetObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        accept_ranges: output.accept_ranges,
        expiration: output.expiration,
        last_modified: output.last_modified,
        content_length: output.content_length,
        content_range: output.content_range,
        checksum_crc32: output.checksum_crc32,
        checksum_crc32_c: output.checksum_crc32_c,
        checksum_crc64_nvme: output.checksum_crc64_nvme,
        checksum_sha1: output.checksum_sha1,
        checksum_sha256: output.checksum_sha256,
        checksum_sha512: output.checksum_sha512,
        checksum_md5: output.checksum_md5,
        checksum_xxhash64: output.checksum_xxhash64,
        checksum_xxhash3: output.checksum_xxhash3,
        checksum_xxhash128: output.checksum_xxhash128,
        checksum_type: output.checksum_type,
        e_tag: output.e_tag,
        version_id: output.version_id,
        cache_control: output.cache_control,
        content_disposition: output.content_disposition,
        content_encoding: output.content_encoding,
        content_language: output.content_language,
        content_type: output.content_type,
        expires: output.expires,
        website_redirect_location: output.website_redirect_location,
        server_side_encryption: output.server_side_encryption,
        ssekms_key_id: output.ssekms_key_id,
        bucket_key_enabled: output.bucket_key_enabled,
        sse_customer_algorithm: output.sse_customer_algorithm,
        sse_customer_key_md5: output.sse_customer_key_md5,
        object_lock_mode: output.object_lock_mode,
        object_lock_retain_until_date: output.object_lock_retain_until_date,
        object_lock_legal_hold_status: output.object_lock_legal_hold_status,
        metadata: output.metadata,
        storage_class: output.storage_class,
        restore: output.restore,
        parts_count: output.parts_count,
        tag_count: output.tag_count,
        replication_status: output.replication_status,
        ..HeadObjectOutput::default()
    }
}
