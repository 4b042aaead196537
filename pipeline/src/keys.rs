//! The names of things: who owns an image, its id, and where each of its objects lies.
//!
//! Ownership is in the key: everything of a user lies under a prefix with the user's `sub`, and every lookup is made under the
//! caller's own prefix. The id carries a tag of its owner too, so that an id of somebody else is recognised, and refused,
//! without looking anywhere.
//!
//! ```text
//! images bucket    uploads/<sub>/<id>-<name>
//!                  batches/<sub>/<id>-<name> (an archive, or a list of keys), staged/<sub>/<id>-<name> (its images)
//!                  progress/<sub>/<batch>/plan.json, dispatched.json, parts/<part>.json, summary.json
//!                  renditions/<sub>/<id>/<size>.jpg, <size>.webp, image.json (the manifest)
//!                  quarantine/<sub>/<id>-<name>, and the same with .reason.json
//! metadata bucket  metadata/dt=YYYY-MM-DD/<id>.json, failures/dt=YYYY-MM-DD/<sub>-<id>-<name>.json
//! ```

use sha2::{Digest, Sha256};

/// Uploads lie under this prefix; the bucket notifies for it alone.
pub const UPLOADS: &str = "uploads/";
/// Batches lie under this one; the bucket notifies the function `batch` for it.
pub const BATCHES: &str = "batches/";
/// Images of batches: nobody is notified, the batch's parts work through them.
pub const STAGED: &str = "staged/";
const PROGRESS: &str = "progress/";
const RENDITIONS: &str = "renditions/";
const QUARANTINE: &str = "quarantine/";

/// A user, by the `sub` of the user pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// A `sub` as Cognito makes them (a UUID); anything that could leave its prefix is no owner.
    pub fn parse(sub: &str) -> Option<Self> {
        let fits = (1..=64).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| Self(sub.to_owned()))
    }

    /// The `sub`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight hex digits of the SHA-256 of the sub: says whose an id is without saying who that is.
    fn tag(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes())[..4])
    }
}

/// An image's id: 32 hex digits, which are 8 of the owner's tag, 8 that fall as time goes on, 16 random.
///
/// The middle part makes a listing (S3 lists by key) show the newest first; the last makes ids unpredictable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageId(String);

impl ImageId {
    /// A new id for an upload by `owner` at `now_seconds` since 1970.
    pub fn new(owner: &Owner, now_seconds: u64, random: [u8; 8]) -> Self {
        let age = u32::MAX - u32::try_from(now_seconds).unwrap_or(u32::MAX);
        Self(format!("{}{age:08x}{}", owner.tag(), hex(&random)))
    }

    /// The id of an upload whose key carries none: the same key always gives the same id. Sorts last.
    pub fn of_key(owner: &Owner, key: &str) -> Self {
        Self(format!("{}ffffffff{}", owner.tag(), hex(&Sha256::digest(key.as_bytes())[..8])))
    }

    /// The id of an image that came in a batch: the same name in the same batch always gives the same id. Sorts where the batch does.
    pub fn in_batch(batch: &Self, name: &str) -> Self {
        let seed = format!("{}/{name}", batch.0);
        Self(format!("{}{}", &batch.0[..16], hex(&Sha256::digest(seed.as_bytes())[..8])))
    }

    /// An id as it is written, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether this id was made for this owner.
    pub fn belongs_to(&self, owner: &Owner) -> bool {
        self.0.starts_with(&owner.tag())
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the key of an upload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Whose it is.
    pub owner: Owner,
    /// The image that it becomes.
    pub id: ImageId,
    /// The file name that the user gave, made harmless.
    pub name: String,
}

impl Upload {
    /// Reads `uploads/<sub>/<id>-<name>`, and the same under `staged/`; an id that is missing or not the owner's is derived from the key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::under(UPLOADS, key).or_else(|| Self::under(STAGED, key))
    }

    fn under(prefix: &str, key: &str) -> Option<Self> {
        let (sub, file) = key.strip_prefix(prefix)?.split_once('/')?;
        let owner = Owner::parse(sub)?;
        if file.is_empty() {
            return None;
        }
        if let Some((id, name)) = file.split_at_checked(32)
            && let (Some(id), Some(name)) = (ImageId::parse(id), name.strip_prefix('-'))
            && id.belongs_to(&owner)
        {
            let name = sanitise(name);
            return Some(Self { owner, id, name });
        }
        let id = ImageId::of_key(&owner, key);
        Some(Self { owner, id, name: sanitise(file) })
    }

    /// The key of a new upload.
    pub fn key(&self) -> String {
        format!("{UPLOADS}{}/{}-{}", self.owner.0, self.id.0, self.name)
    }

    /// The key of a new upload that waits for a batch to name it.
    pub fn staged_key(&self) -> String {
        format!("{STAGED}{}/{}-{}", self.owner.0, self.id.0, self.name)
    }

    /// Where the upload goes if it is no picture that we show.
    pub fn quarantine_key(&self) -> String {
        format!("{QUARANTINE}{}/{}-{}", self.owner.0, self.id.0, self.name)
    }
}

/// What the key of a batch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch(Upload);

impl Batch {
    /// Reads `batches/<sub>/<id>-<name>` as [`Upload::parse`] reads uploads.
    pub fn parse(key: &str) -> Option<Self> {
        Upload::under(BATCHES, key).map(Self)
    }

    /// A new batch with the owner, id and name of an upload.
    pub fn new(upload: Upload) -> Self {
        Self(upload)
    }

    /// Where it is uploaded to.
    pub fn key(&self) -> String {
        format!("{BATCHES}{}/{}-{}", self.0.owner.0, self.0.id.0, self.0.name)
    }

    /// Whose it is.
    pub fn owner(&self) -> &Owner {
        &self.0.owner
    }

    /// The prefix of all that is noted of this batch with this content. Another body under the same key is another batch.
    pub fn progress(&self, etag: &str) -> String {
        format!("{PROGRESS}{}/{}-{}/", self.0.owner.0, self.0.id.0, hex(&Sha256::digest(etag.as_bytes())[..4]))
    }

    /// Where an archive's file goes.
    pub fn staged_key(&self, name: &str) -> String {
        let image = Upload { owner: self.0.owner.clone(), id: ImageId::in_batch(&self.0.id, name), name: sanitise(name) };
        image.staged_key()
    }
}

/// The prefix of everything that `owner` has.
pub fn owner_prefix(owner: &Owner) -> String {
    format!("{RENDITIONS}{}/", owner.0)
}

/// The prefix of everything that one image has, except its original and its metadata row.
pub fn image_prefix(owner: &Owner, id: &ImageId) -> String {
    format!("{RENDITIONS}{}/{}/", owner.0, id.0)
}

/// Where a rendition lies.
pub fn rendition_key(owner: &Owner, id: &ImageId, size: u32, extension: &str) -> String {
    format!("{}{size}.{extension}", image_prefix(owner, id))
}

/// Where an image's manifest lies.
pub fn manifest_key(owner: &Owner, id: &ImageId) -> String {
    format!("{}image.json", image_prefix(owner, id))
}

/// Where an image's metadata row lies; `date` is YYYY-MM-DD.
pub fn metadata_key(date: &str, id: &ImageId) -> String {
    format!("metadata/dt={date}/{}.json", id.0)
}

/// Where an upload without an owner goes; the hash keeps two of the same name apart.
pub fn ownerless_quarantine_key(key: &str) -> String {
    format!("{QUARANTINE}_unowned/{}-{}", hex(&Sha256::digest(key.as_bytes())[..6]), sanitise(key))
}

/// Where the row of a refused upload lies, which Athena reads; `date` is YYYY-MM-DD. One upload has one, however often it is tried.
pub fn failure_key(date: &str, quarantine_key: &str) -> String {
    let name = quarantine_key.strip_prefix(QUARANTINE).unwrap_or(quarantine_key).replace('/', "-");
    format!("failures/dt={date}/{name}.json")
}

/// Where the reason for a quarantined object lies.
pub fn reason_key(quarantine_key: &str) -> String {
    format!("{quarantine_key}.reason.json")
}

/// A file name that is harmless in a key, a header and a shell: its last path segment, of letters, digits, `.`, `_` and `-`,
/// 80 bytes at most with its ending kept; `image` if nothing is left.
pub fn sanitise(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut clean = String::with_capacity(last.len());
    for c in last.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        if !(c == '-' && clean.ends_with('-')) {
            clean.push(c);
        }
    }
    let clean = clean.trim_matches(['.', '-']);
    if clean.is_empty() {
        return "image".to_owned();
    }
    if clean.len() <= 80 {
        return clean.to_owned();
    }
    match clean.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 8 => format!("{}.{ending}", &stem[..stem.len().min(79 - ending.len())]),
        _ => clean[..80].to_owned(),
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
