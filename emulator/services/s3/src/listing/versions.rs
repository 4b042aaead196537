//! ListObjectVersions: every version and delete marker, newest first under each key.

use super::{
    encodes, page_size, shown,
    walk::{Walk, rolled},
    wants_restore,
};
use crate::{
    S3,
    access::{self, Maybe},
    acl, errors,
    model::*,
    restore,
    state::{self, Found, OBJECTS},
    versions,
};
use kit::{Access, Authorize, Context, Fault, Read, store::Desc};

impl Authorize<S3> for ListObjectVersionsInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let need = access::bucket_need(cx, "s3:ListBucketVersions", &self.bucket)
            .maybe("s3:prefix", self.prefix.clone())
            .maybe("s3:delimiter", self.delimiter.clone())
            .maybe("s3:max-keys", self.max_keys.map(|n| n.to_string()));
        access::all([need])
    }
}

/// An item of the listing.
enum Item {
    Version { key: String, object: Box<state::Object>, latest: bool },
    Prefix(String),
}

/// What the next page starts behind: a key and a version of it, or a common prefix.
struct Marker {
    key: String,
    version_id: Option<String>,
}

impl S3 {
    /// Versions and delete markers between a prefix, a delimiter and a marker.
    pub async fn list_object_versions(&self, cx: &Context, input: ListObjectVersionsInput) -> Result<ListObjectVersionsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let encode = encodes(input.encoding_type.as_deref())?;
        let most = page_size(input.max_keys, "max-keys")?;
        let restored = wants_restore(&input.optional_object_attributes);
        let prefix = input.prefix.clone().unwrap_or_default();
        let key_marker = input.key_marker.clone().filter(|key| !key.is_empty());
        let version_marker = input.version_id_marker.clone().filter(|id| !id.is_empty());
        if let (None, Some(id)) = (&key_marker, &version_marker) {
            let sentence = "A version-id marker cannot be specified without a key marker.";
            return Err(errors::invalid_argument(sentence, "version-id-marker", id));
        }
        let asked = Walk { prefix: &prefix, delimiter: input.delimiter.as_deref(), after: key_marker.as_deref(), most: most as usize };
        let (items, more) = cx.store().read(|s| walk(s, &found, &asked, version_marker.as_deref()))?;
        let next = items.last().filter(|_| more).map(marker_of);
        let mut output = ListObjectVersionsOutput {
            is_truncated: Some(more),
            key_marker: Some(shown(&key_marker.clone().unwrap_or_default(), encode)),
            version_id_marker: Some(version_marker.clone().unwrap_or_default()),
            next_key_marker: next.as_ref().map(|next| shown(&next.key, encode)),
            next_version_id_marker: next.and_then(|next| next.version_id),
            name: Some(found.name.clone()),
            prefix: Some(shown(&prefix, encode)),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()).map(|delimiter| shown(delimiter, encode)),
            max_keys: Some(most),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectVersionsOutput::default()
        };
        for item in items {
            add(self, &mut output, &found, item, encode, restored);
        }
        Ok(output)
    }
}

fn marker_of(item: &Item) -> Marker {
    match item {
        Item::Version { key, object, .. } => Marker { key: key.clone(), version_id: Some(versions::id_of(object).to_owned()) },
        Item::Prefix(prefix) => Marker { key: prefix.clone(), version_id: None },
    }
}

fn add(s3: &S3, output: &mut ListObjectVersionsOutput, found: &Found, item: Item, encode: bool, restored: bool) {
    match item {
        Item::Prefix(prefix) => output.common_prefixes.get_or_insert_default().push(CommonPrefix { prefix: Some(shown(&prefix, encode)) }),
        Item::Version { key, object, latest } if object.delete_marker => {
            output.delete_markers.get_or_insert_default().push(DeleteMarkerEntry {
                owner: Some(s3.named(acl::shown_owner(found, &object))),
                key: Some(shown(&key, encode)),
                version_id: Some(versions::id_of(&object).to_owned()),
                is_latest: Some(latest),
                last_modified: Some(object.modified),
            })
        }
        Item::Version { key, object, latest } => output.versions.get_or_insert_default().push(ObjectVersion {
            e_tag: Some(format!("\"{}\"", object.etag)),
            checksum_algorithm: object.sum.as_ref().map(|sum| vec![sum.algorithm.name().to_owned()]),
            checksum_type: object.sum.as_ref().map(|sum| sum.kind().to_owned()),
            size: Some(object.size as i64),
            storage_class: Some(object.storage_class.clone().unwrap_or_else(|| "STANDARD".into())),
            key: Some(shown(&key, encode)),
            version_id: Some(versions::id_of(&object).to_owned()),
            is_latest: Some(latest),
            last_modified: Some(object.modified),
            owner: Some(s3.named(acl::shown_owner(found, &object))),
            restore_status: restored.then(|| restore::status(&object)).flatten(),
        }),
    }
}

/// Items in order, at most `asked.most`, and whether there are more. With a version marker the walk goes on behind that version of the
/// marker's key, without one behind all of them.
fn walk(read: &impl Read, found: &Found, asked: &Walk<'_>, version_marker: Option<&str>) -> Result<(Vec<Item>, bool), Fault> {
    let bucket = found.name.as_str();
    let mut items = Vec::new();
    if asked.most == 0 {
        return Ok((items, false));
    }
    let behind = match (asked.after, version_marker) {
        (Some(key), Some(id)) => Some(match versions::lookup(read, found, key, Some(id))? {
            Some(version) => version.sequence,
            // Deleted since the page before: its place in the order stays.
            None => state::sequence_of(id).ok_or_else(|| errors::invalid_version(id))?,
        }),
        _ => None,
    };
    let mut past: Option<String> = None;
    'seek: loop {
        let scan = read.scan(&OBJECTS, &found.scope).prefix(&(bucket,)).text_prefix(asked.prefix);
        let scan = match (&past, asked.after, behind) {
            (Some(prefix), ..) => scan.after_text_prefix(prefix),
            (None, Some(key), Some(sequence)) => scan.after(&(bucket, key, Desc(sequence))),
            (None, Some(key), None) => scan.after(&(bucket, key)),
            (None, None, _) => scan,
        };
        // Behind a version marker the first row of the marker's key is not its newest version,
        // unless it became that because the newer ones went.
        let mut last: Option<String> = match (&past, asked.after, behind) {
            (None, Some(key), Some(sequence)) => {
                versions::current(read, found, key)?.filter(|top| top.sequence >= sequence).map(|_| key.to_owned())
            }
            _ => None,
        };
        for row in scan {
            let ((_, key, _), object) = row?;
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
            let latest = last.as_ref() != Some(&key);
            last = Some(key.clone());
            items.push(Item::Version { key, object: Box::new(object), latest });
        }
        return Ok((items, false));
    }
}
