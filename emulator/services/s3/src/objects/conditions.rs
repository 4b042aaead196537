//! Conditional requests: If-Match and its kin on reads, writes and copies.

use crate::{errors, state::Object, versions::Version};
use kit::{Fault, Timestamp};

/// Conditions of a read.
#[derive(Default)]
pub(crate) struct ReadConditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

/// Whether a list of entity tags (or `*`) has this one.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(|one| one.trim().trim_start_matches("W/").trim_matches('"')).any(|one| one == "*" || one == etag)
}

/// Judges a read in the order of RFC 9110: 412 where the caller's copy must be the stored one, 304 where it is new enough.
pub(crate) fn check_read(object: &Object, asked: &ReadConditions<'_>, now: Timestamp) -> Result<(), Fault> {
    match (asked.if_match, asked.if_unmodified_since) {
        (Some(list), _) if !names(list, &object.etag) => return Err(errors::precondition_failed("If-Match")),
        (None, Some(since)) if object.modified.secs() > since.secs() => return Err(errors::precondition_failed("If-Unmodified-Since")),
        _ => {}
    }
    let unchanged = match (asked.if_none_match, asked.if_modified_since) {
        (Some(list), _) => names(list, &object.etag),
        // A date that is still to come says nothing.
        (None, Some(since)) => object.modified.secs() <= since.secs() && since.secs() <= now.secs(),
        (None, None) => false,
    };
    match unchanged {
        true => Err(not_modified(object)),
        false => Ok(()),
    }
}

fn not_modified(object: &Object) -> Fault {
    Fault::new("NotModified", 304, "Not Modified")
        .header("ETag", format!("\"{}\"", object.etag))
        .header("Last-Modified", kit::time::http_date(object.modified))
}

/// Judges the source of a copy or a rename; here every condition that doesn't hold is a 412. `header` is what names the source.
pub(crate) fn check_source(object: &Object, asked: &ReadConditions<'_>, now: Timestamp, header: &str) -> Result<(), Fault> {
    check_read(object, asked, now).map_err(|fault| {
        let condition = match &*fault.code {
            "NotModified" if asked.if_none_match.is_some() => "If-None-Match",
            "NotModified" => "If-Modified-Since",
            _ if asked.if_match.is_some() => "If-Match",
            _ => "If-Unmodified-Since",
        };
        errors::precondition_failed(&format!("{header}-{condition}"))
    })
}

/// Conditions of a write, checked for what AWS accepts.
#[derive(Clone, Default)]
pub(crate) enum WriteCondition {
    #[default]
    Always,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`, of deletes only.
    There,
    /// `If-Match: "etag"`
    Etag(String),
}

impl WriteCondition {
    pub fn read(if_match: Option<&str>, if_none_match: Option<&str>) -> Result<WriteCondition, Fault> {
        let refused = |header: &str| format!("We don't accept the provided value of {header} header for this API");
        match (if_match, if_none_match) {
            (None, None) => Ok(WriteCondition::Always),
            (Some(_), Some(_)) => {
                let more = "Multiple conditional request headers present in the request";
                Err(errors::header_not_implemented("If-Match,If-None-Match", Some(more)))
            }
            (None, Some("*")) => Ok(WriteCondition::Absent),
            (None, Some(_)) => Err(errors::header_not_implemented("If-None-Match", Some(&refused("If-None-Match")))),
            (Some("*"), None) => Err(errors::header_not_implemented("If-Match", Some(&refused("If-Match")))),
            (Some(etag), None) => Ok(WriteCondition::Etag(etag.trim_matches('"').to_owned())),
        }
    }

    /// Judges the topmost version of the key, inside the transaction that writes.
    pub fn check(&self, key: &str, current: Option<&Version>) -> Result<(), Fault> {
        let there = current.filter(|version| !version.object.delete_marker);
        match (self, there) {
            (WriteCondition::Absent, Some(_)) => Err(errors::precondition_failed("If-None-Match")),
            // Measured on AWS: 404 for both, though its guide says 412 of the star.
            (WriteCondition::Etag(_) | WriteCondition::There, None) => Err(errors::no_such_key(key)),
            (WriteCondition::Etag(etag), Some(version)) if *etag != version.object.etag => Err(errors::precondition_failed("If-Match")),
            _ => Ok(()),
        }
    }

    /// Whether there is anything to judge.
    pub fn is_set(&self) -> bool {
        !matches!(self, WriteCondition::Always)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matching_etag_outweighs_dates() {
        let object = Object { etag: "abc".into(), modified: Timestamp::from_secs(1000), ..Object::default() };
        let now = Timestamp::from_secs(5000);
        let old = Some(Timestamp::from_secs(10));
        let check = |asked: ReadConditions<'_>| check_read(&object, &asked, now).map_err(|fault| fault.status);
        assert_eq!(check(ReadConditions { if_match: Some("\"abc\""), if_unmodified_since: old, ..Default::default() }), Ok(()));
        assert_eq!(check(ReadConditions { if_match: Some("\"x\""), ..Default::default() }), Err(412));
        assert_eq!(check(ReadConditions { if_none_match: Some("\"abc\""), if_modified_since: old, ..Default::default() }), Err(304));
        assert_eq!(check(ReadConditions { if_none_match: Some("\"x\""), if_modified_since: Some(now), ..Default::default() }), Ok(()));
        assert_eq!(check(ReadConditions { if_modified_since: Some(now), ..Default::default() }), Err(304));
    }
}
