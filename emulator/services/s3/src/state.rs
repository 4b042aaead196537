//! What S3 stores: names, buckets, object versions, uploads and their parts. Bodies are blobs that rows point to.
//!
//! Versions of a key stand newest first: rows sort by (bucket, key, descending sequence), so the current version is the first row of a
//! key and a listing needs one step a key. A row whose day of expiry is known stands in the index `due` under that day.

use crate::{
    acl::Given,
    checksums::Sum,
    encryption::{Encryption, Salt},
    errors,
    lifecycle::{self, Rules},
    lock::Lock,
    model, payer,
    replication::Replicating,
    restore::Restore,
    tiering::Watched,
};
use kit::{
    Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp,
    store::{BlobRef, Decoded, Desc, key_bytes},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Every bucket name of the cloud, with its owner's account and region.
pub(crate) const NAMES: Table<String, Scope> = Table::new("s3.names", TableScope::Global);
/// Buckets of an account.
pub(crate) const BUCKETS: Table<String, Bucket> = Table::new("s3.buckets", TableScope::Account);
/// Every request looks at its bucket more than once.
static KNOWN: Decoded<Bucket> = Decoded::new(1000);
/// Object versions and delete markers: (bucket, key, sequence).
pub(crate) const OBJECTS: Table<VersionKey, Object> = Table::new("s3.objects", TableScope::Account)
    .indexes(&[Index { name: "due", keys: |object| object.due_day.iter().map(key_bytes).collect() }]);
/// Multipart uploads under way: (bucket, key, sequence).
pub(crate) const UPLOADS: Table<(String, String, u64), Upload> = Table::new("s3.uploads", TableScope::Account)
    .indexes(&[Index { name: "due", keys: |upload| upload.due_day.iter().map(key_bytes).collect() }]);
/// Parts of uploads: (sequence of the upload, part number).
pub(crate) const PARTS: Table<(u64, u32), Part> = Table::new("s3.parts", TableScope::Account);

/// Buckets whose requests are logged, so that all others cost one look.
pub(crate) const LOGGED: Table<String, bool> = Table::new("s3.logged", TableScope::Global);

/// Where a version stands.
pub(crate) type VersionKey = (String, String, Desc<u64>);

/// A bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// When it was made.
    pub created: Timestamp,
    /// Its region.
    pub region: String,
    /// It was made with the location `EU`, and is told so.
    #[serde(default)]
    pub called_eu: bool,
    /// Versions are kept, are no longer kept, or never were.
    #[serde(default)]
    pub versioning: Versioning,
    /// Its policy, JSON as it was put.
    #[serde(default)]
    pub policy: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// `BucketOwnerEnforced` unless said otherwise; absent when the controls were deleted.
    #[serde(default)]
    pub ownership: Option<String>,
    #[serde(default, with = "wire::kept")]
    pub(crate) public_access_block: Option<model::PublicAccessBlockConfiguration>,
    #[serde(default, with = "wire::kept")]
    pub(crate) encryption: Option<model::ServerSideEncryptionConfiguration>,
    /// Present in buckets that may lock objects; its rule is what new objects are locked with.
    #[serde(default, with = "wire::kept")]
    pub(crate) object_lock: Option<model::ObjectLockConfiguration>,
    #[serde(default, with = "wire::kept")]
    pub(crate) cors: Option<model::CORSConfiguration>,
    /// Names its lifecycle and tiering rules, which stand in a row of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rules_digest: Option<String>,
    /// Those rules, ready to be asked; [`find`] puts them here.
    #[serde(skip)]
    pub(crate) rules: Option<Arc<Rules>>,
    #[serde(default, with = "wire::kept")]
    pub(crate) notifications: Option<model::NotificationConfiguration>,
    /// Absent where the owner alone has full control.
    #[serde(default)]
    pub(crate) acl: Option<Vec<Given>>,
    #[serde(default, with = "wire::kept")]
    pub(crate) website: Option<model::WebsiteConfiguration>,
    #[serde(default, with = "wire::kept")]
    pub(crate) logging: Option<model::LoggingEnabled>,
    /// Where its versions are replicated to.
    #[serde(default, with = "wire::kept")]
    pub(crate) replication: Option<model::ReplicationConfiguration>,
    /// Whoever asks pays, and must say so.
    #[serde(default)]
    pub requester_pays: bool,
    /// `Enabled`, `Suspended`, or never set.
    #[serde(default)]
    pub acceleration: Option<String>,
}

/// Whether a bucket keeps versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Never was switched on.
    #[default]
    Off,
    /// Every write makes a version.
    Enabled,
    /// Writes replace the null version; older versions stay.
    Suspended,
}

/// Tags in the order in which they were put.
pub type Tags = Vec<(String, String)>;

/// What most rows hold in most of their members is left out of them: there may be millions.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Object {
    /// Absent for the null version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Hides the versions below it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delete_marker: bool,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    /// Without quotes.
    #[serde(default)]
    pub etag: String,
    /// Last change.
    #[serde(default)]
    pub modified: Timestamp,
    /// The body, piece by piece; one piece unless it was uploaded in parts.
    #[serde(default)]
    pub(crate) pieces: Vec<Piece>,
    /// Headers that were stored with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) headers: Headers,
    /// User metadata, names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Tags,
    /// Absent for STANDARD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Its checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sum: Option<Sum>,
    /// Whether it was uploaded in parts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) multipart: bool,
    /// The id of the upload that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
    /// What keeps it from being deleted.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub(crate) lock: Lock,
    /// How its body is encrypted.
    #[serde(default, skip_serializing_if = "Encryption::is_own")]
    pub(crate) encryption: Encryption,
    /// When a newer version took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) noncurrent_since: Option<Timestamp>,
    /// The first day (since the epoch) on which something is to be done with it: by a rule, by tiering, or because a restored copy ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_day: Option<u32>,
    /// Where it stands in INTELLIGENT_TIERING, if it is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tiering: Option<Watched>,
    /// The restoring of it from an archive, asked for or done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restore: Option<Restore>,
    /// The account that owns it; absent where that is the bucket's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Absent where the owner alone has full control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acl: Option<Vec<Given>>,
    /// That it is a replica, or where it is replicated to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replication: Option<Replicating>,
}

/// A piece of a body: the whole of a blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub blob: BlobRef,
    pub size: u64,
    /// Number of the part, 0 where the object wasn't uploaded in parts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub part: u32,
    /// The part's own checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<Sum>,
    /// Where the blob is encrypted: what its key is derived with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// Headers that S3 keeps with an object and gives back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website_redirect_location: Option<String>,
}

/// A multipart upload under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub id: String,
    pub initiated: Timestamp,
    /// ARN and account of who began it.
    pub initiator: (String, String),
    #[serde(default)]
    pub headers: Headers,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub tags: Tags,
    #[serde(default)]
    pub storage_class: Option<String>,
    /// Algorithm that the client asked for; absent when it asked for none.
    #[serde(default)]
    pub algorithm: Option<crate::checksums::Algorithm>,
    /// The sum of the whole is a sum of all bytes rather than of the parts' sums.
    #[serde(default)]
    pub full_object: bool,
    /// The lock that the object will have.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// How the parts are encrypted, all with one data key.
    #[serde(default, skip_serializing_if = "Encryption::is_own")]
    pub encryption: Encryption,
    /// The key was deleted since the upload began.
    #[serde(default)]
    pub overtaken: bool,
    #[serde(default)]
    pub due_day: Option<u32>,
    /// Owner and list of the object to be, as in [`Object`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<Given>>,
}

/// A part of an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub blob: BlobRef,
    pub size: u64,
    pub etag: String,
    pub modified: Timestamp,
    #[serde(default)]
    pub sum: Option<Sum>,
    /// CRC64NVME, where the upload has no algorithm of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// A bucket that was looked up, with whose it is.
#[derive(Clone)]
pub(crate) struct Found {
    pub name: String,
    /// Account and region of the bucket, not of the caller.
    pub scope: Scope,
    pub bucket: Arc<Bucket>,
}

impl Found {
    /// `arn:aws:s3:::name`
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.name)
    }
    /// Whether writes make versions.
    pub fn keeps_versions(&self) -> bool {
        self.bucket.versioning == Versioning::Enabled
    }
    /// Whether version ids appear in answers.
    pub fn ever_versioned(&self) -> bool {
        self.bucket.versioning != Versioning::Off
    }
}

/// A bucket by name, or `NoSuchBucket`.
pub(crate) fn find(read: &impl Read, name: &str) -> Result<Found, Fault> {
    let name = name.to_owned();
    let scope = read.get(&NAMES, &Scope::new("", ""), &name)?.ok_or_else(|| errors::no_such_bucket(&name))?;
    let mut bucket = read.get_decoded(&BUCKETS, &scope, &name, &KNOWN)?.ok_or_else(|| errors::no_such_bucket(&name))?;
    if let Some(rules) = lifecycle::rules_of(read, &scope, &name, &bucket)? {
        Arc::make_mut(&mut bucket).rules = Some(rules);
    }
    Ok(Found { name, scope, bucket })
}

/// A bucket by name for a request: it must be there and belong to whom the caller expects.
pub(crate) fn bucket(cx: &Context, name: &str, expected_owner: &Option<String>) -> Result<Found, Fault> {
    let found = cx.store().read(|s| find(s, name))?;
    expect_region(cx, &found)?;
    payer::expect(cx, &found)?;
    expect_owner(&found, expected_owner)?;
    Ok(found)
}

/// A request that was signed for another region than the bucket's is sent there; clients follow.
pub(crate) fn expect_region(cx: &Context, found: &Found) -> Result<(), Fault> {
    let (here, there) = (cx.region(), &found.bucket.region);
    // Calls from inside the house, anonymous requests and old signatures name no region.
    let (Some(kind), Some("AWS4-HMAC-SHA256")) = (cx.source().auth_type, cx.source().signature_version) else { return Ok(()) };
    if here == there {
        return Ok(());
    }
    // Signed for the region that the host names: it is the host that is wrong, and the answer says which is right.
    let host = cx.source().host.as_deref().unwrap_or_default();
    if host.contains(&format!(".{here}.")) || host.contains(&format!("-{here}.")) {
        let sentence = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
        return Err(Fault::new("PermanentRedirect", 301, sentence)
            .with("Endpoint", format!("{}.s3.{there}.amazonaws.com", found.name))
            .with("Bucket", found.name.clone())
            .header("x-amz-bucket-region", there.clone()));
    }
    let (code, sentence) = match kind {
        "REST-QUERY-STRING" => ("AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter"),
        _ => ("AuthorizationHeaderMalformed", "The authorization header is malformed"),
    };
    Err(Fault::new(code, 400, format!("{sentence}; the region '{here}' is wrong; expecting '{there}'"))
        .with("Region", there.clone())
        .header("x-amz-bucket-region", there.clone()))
}

pub(crate) fn expect_owner(found: &Found, expected: &Option<String>) -> Result<(), Fault> {
    match expected {
        Some(id) if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) => Err(Fault::new(
            "InvalidBucketOwnerAWSAccountID",
            400,
            format!("The value of the expected bucket owner parameter must be an AWS Account ID... [{id}]"),
        )),
        Some(id) if **id != *found.scope.account => Err(errors::access_denied()),
        _ => Ok(()),
    }
}

/// Account and region of a bucket.
pub(crate) fn owner(cx: &Context, name: &str) -> Option<Scope> {
    cx.store().read(|s| s.get(&NAMES, &Scope::new("", ""), &name.to_owned())).ok().flatten()
}

/// The canonical user id of an account: 64 hexadecimal digits that stay the same.
pub(crate) fn canonical_id(account: &str) -> String {
    use sha2::{Digest, Sha256};
    kit::hex(&Sha256::digest(format!("canonical user of {account}")))
}

/// The owner as answers name it. AWS no longer sends display names.
pub(crate) fn owner_of(account: &str) -> model::Owner {
    model::Owner { id: Some(canonical_id(account)), display_name: None }
}

const ID_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/// An opaque id of 32 characters that carries a sequence number, so that a version or upload is found without a search, and a few
/// characters that follow from the others, so that an id that was made up is known to be none.
pub(crate) fn sequenced_id(cx: &Context, sequence: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let number: String = (0..13).rev().map(|place| DIGITS[(sequence >> (place * 5)) as usize % 32] as char).collect();
    let random = cx.ids().text(16, ID_LETTERS);
    format!("{random}{}{number}", proof(&random, &number))
}

/// Three characters that follow from the rest of an id: FNV-1a, cut short. Keeps out typing errors and guesses, not attackers.
fn proof(random: &str, number: &str) -> String {
    let hash = kit::ids::fnv1a(kit::ids::FNV_BASIS, random.bytes().chain(number.bytes()));
    (0..3).map(|place| ID_LETTERS.as_bytes()[(hash >> (40 + place * 6)) as usize % 64] as char).collect()
}

/// The sequence inside an id; `None` when the text can't be an id of ours.
pub(crate) fn sequence_of(id: &str) -> Option<u64> {
    if id.len() != 32 || !id.is_ascii() || proof(&id[..16], &id[19..]) != id[16..19] {
        return None;
    }
    id[19..].bytes().try_fold(0u64, |number, digit| {
        let value = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|d| *d == digit)?;
        number.checked_mul(32)?.checked_add(value as u64)
    })
}
