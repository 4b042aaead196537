//! ListParts and ListMultipartUploads.

use super::{find, parts_of};
use crate::{
    S3, checksums, encryption, errors, lifecycle,
    listing::{
        encodes, page_size, shown,
        walk::{Walk, rolled},
    },
    model::*,
    state::{self, Found, UPLOADS, Upload},
};
use kit::{Context, Fault, Read};

impl S3 {
    /// The parts of an upload under way.
    pub async fn list_parts(&self, cx: &Context, input: ListPartsInput) -> Result<ListPartsOutput, Fault> {
        // The key of a customer reads nothing here; AWS takes it and so do we, if it is one.
        encryption::customer!(input).read(cx)?;
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let most = page_size(input.max_parts, "max-parts")?;
        let marker = input.part_number_marker.unwrap_or(0).max(0);
        let (upload, parts) = cx.store().read(|s| {
            let (sequence, upload) = find(s, &found, &input.key, &input.upload_id)?;
            Ok::<_, Fault>((upload, parts_of(s, &found, sequence)?))
        })?;
        let after: Vec<_> = parts.into_iter().filter(|(number, _)| *number as i32 > marker).collect();
        let more = after.len() > most as usize;
        let page: Vec<Part> = after
            .into_iter()
            .take(most as usize)
            .map(|(number, part)| {
                let mut shape = Part {
                    part_number: Some(number as i32),
                    last_modified: Some(part.modified),
                    e_tag: Some(format!("\"{}\"", part.etag)),
                    size: Some(part.size as i64),
                    ..Part::default()
                };
                if upload.algorithm.is_some() {
                    checksums::tell!(shape, &part.sum);
                }
                shape
            })
            .collect();
        let abort = lifecycle::abort_rule(&found, &input.key, upload.initiated);
        Ok(ListPartsOutput {
            abort_date: abort.as_ref().map(|(at, _)| *at),
            abort_rule_id: abort.map(|(_, rule)| rule),
            bucket: Some(found.name.clone()),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(marker),
            next_part_number_marker: Some(page.last().and_then(|part| part.part_number).unwrap_or(0)),
            max_parts: Some(most),
            is_truncated: Some(more),
            parts: (!page.is_empty()).then_some(page),
            initiator: Some(self.initiator(&upload)),
            owner: Some(self.owner_to_be(&found, &upload)),
            storage_class: Some(class(&upload)),
            checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().to_owned()),
            checksum_type: kind(&upload),
            ..ListPartsOutput::default()
        })
    }

    /// Uploads under way, by key and then by age.
    pub async fn list_multipart_uploads(
        &self,
        cx: &Context,
        input: ListMultipartUploadsInput,
    ) -> Result<ListMultipartUploadsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let encode = encodes(input.encoding_type.as_deref())?;
        let most = page_size(input.max_uploads, "max-uploads")?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let key_marker = input.key_marker.clone().unwrap_or_default();
        // Without a key marker AWS passes over the upload id marker.
        let id_marker = input.upload_id_marker.clone().filter(|id| !id.is_empty() && !key_marker.is_empty());
        let asked = Walk {
            prefix: &prefix,
            delimiter: input.delimiter.as_deref(),
            after: Some(&*key_marker).filter(|marker| !marker.is_empty()),
            most: most as usize,
        };
        let (items, more) = cx.store().read(|s| walk(s, &found, &asked, id_marker.as_deref()))?;
        // As recorded: the last upload of the page, whether more come or not, and nothing behind a common prefix.
        let next = items.last().and_then(|item| match item {
            Item::Upload(key, upload) => Some((key.clone(), upload.id.clone())),
            Item::Prefix(_) => None,
        });
        let (next_key, next_id) = next.unwrap_or_default();
        let mut output = ListMultipartUploadsOutput {
            bucket: Some(found.name.clone()),
            key_marker: Some(shown(&key_marker, encode)),
            upload_id_marker: Some(id_marker.unwrap_or_default()),
            next_key_marker: Some(shown(&next_key, encode)),
            next_upload_id_marker: Some(next_id),
            prefix: Some(shown(&prefix, encode)).filter(|prefix| !prefix.is_empty()),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()).map(|delimiter| shown(delimiter, encode)),
            max_uploads: Some(most),
            is_truncated: Some(more),
            encoding_type: input.encoding_type.clone(),
            ..ListMultipartUploadsOutput::default()
        };
        for item in items {
            match item {
                Item::Prefix(prefix) => {
                    output.common_prefixes.get_or_insert_default().push(CommonPrefix { prefix: Some(shown(&prefix, encode)) })
                }
                Item::Upload(key, upload) => {
                    output.uploads.get_or_insert_default().push(self.described(&found, shown(&key, encode), *upload))
                }
            }
        }
        Ok(output)
    }
}

impl S3 {
    fn described(&self, found: &Found, key: String, upload: Upload) -> MultipartUpload {
        MultipartUpload {
            key: Some(key),
            initiated: Some(upload.initiated),
            storage_class: Some(class(&upload)),
            owner: Some(self.owner_to_be(found, &upload)),
            initiator: Some(self.initiator(&upload)),
            checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().to_owned()),
            checksum_type: kind(&upload),
            upload_id: Some(upload.id),
        }
    }

    /// Whose the object will be.
    fn owner_to_be(&self, found: &Found, upload: &Upload) -> Owner {
        self.named(state::owner_of(upload.owner.as_deref().unwrap_or(&found.scope.account)))
    }

    /// Roots are named by canonical id, others by ARN.
    fn initiator(&self, upload: &Upload) -> Initiator {
        let (arn, account) = &upload.initiator;
        let id = if arn.ends_with(":root") { state::canonical_id(account) } else { arn.clone() };
        Initiator { display_name: self.name_of(Some(&state::canonical_id(account))), id: Some(id) }
    }
}

fn class(upload: &Upload) -> String {
    upload.storage_class.clone().unwrap_or_else(|| "STANDARD".into())
}

fn kind(upload: &Upload) -> Option<String> {
    upload.algorithm.map(|_| if upload.full_object { "FULL_OBJECT".into() } else { "COMPOSITE".into() })
}

enum Item {
    Upload(String, Box<Upload>),
    Prefix(String),
}

/// Items in order, at most `asked.most`, and whether there are more.
fn walk(read: &impl Read, found: &Found, asked: &Walk<'_>, id_marker: Option<&str>) -> Result<(Vec<Item>, bool), Fault> {
    let bucket = found.name.as_str();
    let behind = match (asked.after, id_marker) {
        (Some(_), Some(id)) => {
            let sequence =
                state::sequence_of(id).ok_or_else(|| errors::invalid_argument("Invalid uploadId marker", "upload-id-marker", id))?;
            // As recorded: an upload of another key is no marker.
            if !read.exists(&UPLOADS, &found.scope, &(bucket.to_owned(), asked.after.unwrap_or_default().to_owned(), sequence))? {
                return Err(errors::invalid_argument("Invalid uploadId marker", "upload-id-marker", id));
            }
            Some(sequence)
        }
        _ => None,
    };
    let mut items = Vec::new();
    if asked.most == 0 {
        return Ok((items, false));
    }
    let mut past: Option<String> = None;
    'seek: loop {
        let scan = read.scan(&UPLOADS, &found.scope).prefix(&(bucket,)).text_prefix(asked.prefix);
        let scan = match (&past, asked.after, behind) {
            (Some(prefix), ..) => scan.after_text_prefix(prefix),
            (None, Some(key), Some(sequence)) => scan.after(&(bucket, key, sequence)),
            (None, Some(key), None) => scan.after(&(bucket, key)),
            (None, None, _) => scan,
        };
        for row in scan {
            let ((_, key, _), upload) = row?;
            let prefix = rolled(&key, asked).map(str::to_owned);
            let told = prefix.as_ref().is_some_and(|prefix| asked.after.is_some_and(|marker| prefix.as_str() <= marker));
            if !told && items.len() == asked.most {
                return Ok((items, true));
            }
            if let Some(prefix) = prefix {
                if !told {
                    items.push(Item::Prefix(prefix.clone()));
                }
                past = Some(prefix);
                continue 'seek;
            }
            items.push(Item::Upload(key, Box::new(upload)));
        }
        return Ok((items, false));
    }
}
