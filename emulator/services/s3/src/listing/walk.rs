//! The walk over current versions: one step a key, one seek a common prefix.

use crate::state::{Found, OBJECTS, Object};
use kit::{Fault, Read, store::Desc};

/// Older versions of a key that are stepped over before the walk seeks to the next key instead.
const STEPS_BEFORE_SEEK: usize = 8;

/// What to list.
#[derive(Clone, Copy, Default)]
pub(crate) struct Walk<'a> {
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    /// Keys, and common prefixes, behind this text.
    pub after: Option<&'a str>,
    pub most: usize,
}

/// An item of a listing.
#[allow(clippy::large_enum_variant)] // most items are objects
pub(crate) enum Item {
    Object(String, Object),
    Prefix(String),
}

impl Item {
    /// What the next page starts behind.
    pub fn marker(&self) -> &str {
        match self {
            Item::Object(key, _) | Item::Prefix(key) => key,
        }
    }
}

/// The common prefix that a key is rolled into.
pub(crate) fn rolled<'k>(key: &'k str, asked: &Walk<'_>) -> Option<&'k str> {
    let delimiter = asked.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let rest = &key[asked.prefix.len()..];
    let end = rest.find(delimiter)? + delimiter.len();
    Some(&key[..asked.prefix.len() + end])
}

/// Items in key order, at most `most`, and whether there are more.
pub(crate) fn walk(read: &impl Read, found: &Found, asked: &Walk<'_>) -> Result<(Vec<Item>, bool), Fault> {
    let mut items: Vec<Item> = Vec::new();
    if asked.most == 0 {
        return Ok((items, false));
    }
    let mut seek = asked.after.map_or(Seek::Start, |marker| Seek::BehindKey(marker.to_owned()));
    loop {
        match leg(read, found, asked, &seek, &mut items)? {
            Leg::Ended => return Ok((items, false)),
            Leg::Full => return Ok((items, true)),
            Leg::Seek(next) => seek = next,
        }
    }
}

/// Where a leg of the walk begins.
enum Seek {
    Start,
    BehindKey(String),
    BehindPrefix(String),
}

/// Why a leg ended.
enum Leg {
    Ended,
    Full,
    Seek(Seek),
}

/// Walks until there is reason to seek.
fn leg(read: &impl Read, found: &Found, asked: &Walk<'_>, seek: &Seek, items: &mut Vec<Item>) -> Result<Leg, Fault> {
    let bucket = found.name.as_str();
    let scan = read.scan(&OBJECTS, &found.scope).prefix(&(bucket,));
    let scan = match seek {
        Seek::Start => scan.text_prefix(asked.prefix),
        Seek::BehindKey(key) => scan.text_prefix(asked.prefix).after(&(bucket, key.as_str())),
        Seek::BehindPrefix(prefix) => scan.text_prefix(asked.prefix).after_text_prefix(prefix),
    };
    let mut last: Option<String> = None;
    let mut stepped = 0;
    for row in scan {
        let ((_, key, Desc(_)), object) = row?;
        if last.as_ref() == Some(&key) {
            stepped += 1;
            if stepped >= STEPS_BEFORE_SEEK {
                return Ok(Leg::Seek(Seek::BehindKey(key)));
            }
            continue;
        }
        stepped = 0;
        last = Some(key.clone());
        if object.delete_marker {
            continue;
        }
        let prefix = rolled(&key, asked).map(str::to_owned);
        // A common prefix at or before the marker was on an earlier page.
        let told = prefix.as_ref().is_some_and(|prefix| asked.after.is_some_and(|marker| prefix.as_str() <= marker));
        if !told && items.len() == asked.most {
            return Ok(Leg::Full);
        }
        match prefix {
            Some(prefix) => {
                if !told {
                    items.push(Item::Prefix(prefix.clone()));
                }
                return Ok(Leg::Seek(Seek::BehindPrefix(prefix)));
            }
            None => items.push(Item::Object(key, object)),
        }
    }
    Ok(Leg::Ended)
}
