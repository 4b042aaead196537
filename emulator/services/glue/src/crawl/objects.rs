//! The objects of an include path, read with the crawler's role.

use super::exclusions::Exclusion;
use crate::infer::{self, Custom, Found, More, Sample, compression::Compression};
use kit::{Context, Fault, Need, ports::ObjectInfo};

/// Bytes of a file that are looked at first, and at most where a classifier needs more (one large JSON document).
const HEAD: u64 = 1 << 20;
const MOST: u64 = 32 << 20;
/// Bytes from the end, where Parquet and ORC have their footers; longer footers are read with a second request.
const TAIL: u64 = 64 << 10;
/// Objects of one target.
const MOST_OBJECTS: usize = 1_000_000;

/// `s3://bucket/folder/`, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Include {
    pub bucket: String,
    /// Without slashes at its ends; empty for a whole bucket.
    pub path: String,
}

impl Include {
    /// Reads `s3://bucket/path` (or `bucket/path`, which Glue takes too).
    pub fn parse(text: &str) -> Option<Include> {
        let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = !bucket.is_empty() && !bucket.contains(':');
        fits.then(|| Include { bucket: bucket.to_owned(), path: path.trim_matches('/').to_owned() })
    }
    /// The path of a folder right below; the path itself without one.
    pub fn below(&self, folder: Option<&str>) -> Include {
        let path = [self.path.as_str(), folder.unwrap_or("")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        Include { bucket: self.bucket.clone(), path }
    }
    /// The folders of the path.
    pub fn folders(&self) -> Vec<String> {
        self.path.split('/').filter(|f| !f.is_empty()).map(str::to_owned).collect()
    }
    /// The location of a folder or file below.
    pub fn location(&self, folders: &[String], file: Option<&str>) -> String {
        let mut all = format!("s3://{}/", self.bucket);
        for folder in self.folders().iter().chain(folders) {
            all.push_str(folder);
            all.push('/');
        }
        all.push_str(file.unwrap_or(""));
        all
    }
}

/// An object below an include path.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub key: String,
    pub size: u64,
    pub folders: Vec<String>,
    pub name: String,
}

/// Lists the objects that hold data: folder markers, empty objects and hidden ones (`_SUCCESS`, `.crc`) don't.
pub(crate) async fn list(cx: &Context, include: &Include, exclusions: &[Exclusion]) -> Result<Vec<Listed>, Fault> {
    let objects = cx.cloud().ports().objects()?;
    let arn = format!("arn:aws:s3:::{}", include.bucket);
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let prefix = if include.path.is_empty() { String::new() } else { format!("{}/", include.path) };
        let grant = cx.grant(&Need::on("s3:ListBucket", &arn).key("s3:prefix", &prefix))?;
        let page = objects.list(cx, grant, &include.bucket, &prefix, after.take(), 1_000).await?;
        after = page.last().map(|info| info.key.clone());
        let more = page.len() == 1_000;
        all.extend(page.into_iter().filter_map(|info| listed(info, &prefix, exclusions)));
        if all.len() > MOST_OBJECTS {
            return Err(Fault::new("InternalServiceException", 500, format!("more than {MOST_OBJECTS} objects in {}", include.path)));
        }
        if !more {
            break;
        }
    }
    // An include path may be one object.
    if all.is_empty() && !include.path.is_empty() {
        let grant = cx.grant(&Need::on("s3:GetObject", format!("{arn}/{}", include.path)))?;
        if let Ok(info) = objects.head(cx, grant, &include.bucket, &include.path).await {
            let name = info.key.rsplit('/').next().unwrap_or(&info.key).to_owned();
            all.push(Listed { key: info.key, size: info.size, folders: Vec::new(), name });
        }
    }
    Ok(all)
}

fn listed(info: ObjectInfo, prefix: &str, exclusions: &[Exclusion]) -> Option<Listed> {
    let below = info.key.strip_prefix(prefix)?;
    let mut folders: Vec<String> = below.split('/').map(str::to_owned).collect();
    let name = folders.pop()?;
    let hidden = name.is_empty() || name.starts_with(['_', '.']) || name.ends_with("_$folder$");
    let taken = info.size > 0 && !hidden && !exclusions.iter().any(|e| e.holds(below));
    taken.then(|| Listed { key: info.key.clone(), size: info.size, folders, name })
}

/// Reads as much of an object as its classifier needs.
pub(crate) async fn classify(cx: &Context, bucket: &str, object: &Listed, custom: &[Custom]) -> Result<Found, Fault> {
    let mut most = HEAD;
    loop {
        let raw = read(cx, bucket, &object.key, 0..object.size.min(most)).await?;
        let whole = raw.len() as u64 >= object.size;
        let tail = if whole { None } else { Some(footer(cx, bucket, object, &raw).await?) };
        let compression = Compression::of(&raw);
        let found = match compression.head(&raw, whole, most as usize) {
            Some((head, ended)) => {
                infer::classify(&Sample { head: &head, whole: ended, tail: tail.as_deref().unwrap_or(&raw) }, custom, compression)
            }
            // What can't be unpacked is of no format that is known.
            None => infer::classify(&Sample { head: &[], whole: true, tail: &[] }, &[], compression),
        };
        match found {
            Ok(found) => return Ok(found),
            Err(More) if !whole && most < MOST => most = MOST,
            Err(More) => {
                return Ok(infer::classify(&Sample { head: &[], whole: true, tail: &[] }, &[], compression)
                    .unwrap_or_else(|More| unreachable!("nothing is never too little")));
            }
        }
    }
}

/// The end of a file whose format has a footer.
async fn footer(cx: &Context, bucket: &str, object: &Listed, head: &[u8]) -> Result<Vec<u8>, Fault> {
    let length: fn(&[u8]) -> Option<usize> = match head {
        [b'P', b'A', b'R', b'1', ..] => infer::parquet_footer,
        [b'O', b'R', b'C', ..] => infer::orc_footer,
        _ => return Ok(Vec::new()),
    };
    let tail = read(cx, bucket, &object.key, object.size - TAIL.min(object.size)..object.size).await?;
    match length(&tail).map(|length| length as u64) {
        Some(length) if length > TAIL && length <= object.size.min(MOST) => {
            read(cx, bucket, &object.key, object.size - length..object.size).await
        }
        _ => Ok(tail),
    }
}

async fn read(cx: &Context, bucket: &str, key: &str, range: std::ops::Range<u64>) -> Result<Vec<u8>, Fault> {
    let grant = cx.grant(&Need::on("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")))?;
    let got = cx.cloud().ports().objects()?.get(cx, grant, bucket, key, Some(range)).await?;
    Ok(got.bytes.to_vec())
}
