//! Restoring from archives: what may be read now, what answers say of it, and the copy's end. `request` begins a restore, `finish`
//! completes it when its time has come.
//!
//! An object in GLACIER or DEEP_ARCHIVE gets a readable copy for some days; one in an archive tier of Intelligent-Tiering moves back to
//! the frequent tier and stays there.

mod finish;
mod request;

pub(crate) use finish::finish;

use crate::{
    classes,
    model::{Error, RestoreStatus},
    notifications::{self, Happening},
    state::{Found, Object},
    tiering, usage,
    versions::{self, Version},
};
use kit::{Context, Fault, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// A restore, asked for or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Restore {
    /// How fast it was asked for.
    pub speed: Speed,
    /// Days that the copy is to last; absent for Intelligent-Tiering, which makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// When it is done.
    pub ready: Timestamp,
    /// The midnight at which the copy goes; absent while the restore is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Retrieval options, from slow to fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Speed {
    Bulk,
    Standard,
    Expedited,
}

/// The archive that an object lies in: its class, or its tier of Intelligent-Tiering.
pub(crate) fn archive_of(object: &Object) -> Option<&str> {
    let class = object.storage_class.as_deref().filter(|class| classes::is_archive(class));
    class.or_else(|| tiering::archive_tier(object))
}

/// Whether a restored copy is there to be read.
pub(crate) fn has_copy(object: &Object) -> bool {
    object.restore.as_ref().is_some_and(|restore| restore.expires.is_some())
}

/// The body of an archived object can't be read before it is restored.
pub(crate) fn readable(object: &Object) -> Result<(), Fault> {
    if archive_of(object).is_none() || has_copy(object) {
        return Ok(());
    }
    let class = object.storage_class.clone().unwrap_or_default();
    let fault = Error::InvalidObjectState.says("The operation is not valid for the object's storage class").with("StorageClass", class);
    Err(match tiering::archive_tier(object) {
        Some(tier) => fault.with("AccessTier", tier),
        None => fault,
    })
}

/// As [`readable`], for the source of a copy.
pub(crate) fn copyable(object: &Object) -> Result<(), Fault> {
    match archive_of(object).is_none() || has_copy(object) {
        true => Ok(()),
        false => {
            let sentence = "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.";
            Err(Fault::new("ObjectNotInActiveTierError", 403, sentence))
        }
    }
}

/// The value of x-amz-restore.
pub(crate) fn header(object: &Object) -> Option<String> {
    object.restore.as_ref().map(|restore| match restore.expires {
        None => "ongoing-request=\"true\"".to_owned(),
        Some(at) => format!("ongoing-request=\"false\", expiry-date=\"{}\"", kit::time::http_date(at)),
    })
}

/// The same for listings that ask for it.
pub(crate) fn status(object: &Object) -> Option<RestoreStatus> {
    object
        .restore
        .as_ref()
        .map(|restore| RestoreStatus { is_restore_in_progress: Some(restore.expires.is_none()), restore_expiry_date: restore.expires })
}

/// Takes a copy away whose time is over; whether there was one. The caller writes the row.
pub(crate) fn end_copy(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &mut Version) -> Result<bool, Fault> {
    let over = version.object.restore.as_ref().and_then(|restore| restore.expires).is_some_and(|at| at <= cx.now());
    if over {
        usage::copied(tx, cx, found, &version.object, false)?;
        version.object.restore = None;
        tell(tx, cx, found, key, version, "ObjectRestore:Delete", &[])?;
    }
    Ok(over)
}

fn tell(
    tx: &mut Tx<'_>,
    cx: &Context,
    found: &Found,
    key: &str,
    version: &Version,
    name: &str,
    data: &[(&str, serde_json::Value)],
) -> Result<(), Fault> {
    let id = versions::shown_id(found, &version.object);
    let happening = Happening {
        sequencer: Some(version.sequence),
        storage_class: version.object.storage_class.as_deref(),
        ..Happening::to(name, key, &version.object, id.as_deref())
    };
    notifications::emit_with(tx, cx, found, &happening, data)
}
