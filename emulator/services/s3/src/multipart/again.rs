//! A CompleteMultipartUpload that is sent once more, because its answer was lost: on AWS it is answered again, and nothing is done.
//!
//! AWS doesn't document it; that it is so has been tried by many. Here it holds as long as the object that the upload became is there.

use super::complete::etag_of;
use crate::{
    checksums::Algorithm,
    model::CompleteMultipartUploadInput,
    state::{Found, OBJECTS, Object},
};
use kit::{Fault, Read};

/// Versions of the key that are looked through for the upload's.
const MOST_VERSIONS: usize = 1000;

/// The object that the upload became, where the request names the parts that it was made of.
pub(super) fn completed(read: &impl Read, found: &Found, input: &CompleteMultipartUploadInput) -> Result<Option<Object>, Fault> {
    let Some(parts) = input.multipart_upload.as_ref().and_then(|list| list.parts.as_ref()) else { return Ok(None) };
    let etag = etag_of(parts.iter().map(|part| part.e_tag.as_deref().unwrap_or_default().trim_matches('"')));
    for row in read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), input.key.as_str())).take(MOST_VERSIONS) {
        let (_, object) = row?;
        if object.upload.as_ref() == Some(&input.upload_id) && object.etag == etag {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

/// Whether the upload was begun with an algorithm: without one the sum is a CRC64NVME.
pub(super) fn told_a_sum(object: &Object) -> bool {
    object.sum.as_ref().is_some_and(|sum| sum.algorithm != Algorithm::Crc64Nvme)
}
