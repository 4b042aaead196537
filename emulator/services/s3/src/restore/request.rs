//! RestoreObject: begins a restore, hastens one, or makes a copy last longer.

use super::{Restore, Speed, archive_of, finish, tell};
use crate::{
    S3, access, errors,
    model::*,
    state::{self, Found},
    tiering,
    versions::{self, Version},
};
use kit::{Context, Fault, Reply, Timestamp, Tx};

impl S3 {
    /// 202 where the object has to be fetched from its archive, 200 where a copy is there and is to last longer.
    pub async fn restore_object(&self, cx: &Context, input: RestoreObjectInput) -> Result<Reply<RestoreObjectOutput>, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let asked = input.restore_request.ok_or_else(errors::malformed_xml)?;
        if asked.r#type.is_some() || asked.select_parameters.is_some() || asked.output_location.is_some() {
            return Err(errors::not_built("restores of type SELECT"));
        }
        if asked.description.is_some() {
            cx.warn("member RestoreRequest.Description describes SELECT jobs and has no effect");
        }
        let speed = speed_of(&asked);
        let id = input.version_id.as_deref();
        let done = cx.store().write(|tx| {
            let found = state::find(tx, &found.name)?;
            let version = present(&input.key, id, versions::lookup(tx, &found, &input.key, id)?)?;
            restore(tx, cx, &found, &input.key, version, speed, asked.days)
        });
        let fresh = done.await.map_err(|fault| match &*fault.code {
            "NoSuchKey" => access::missing(cx, &input.bucket, &input.key, fault),
            _ => fault,
        })?;
        Ok(Reply::new(RestoreObjectOutput::default()).status(if fresh { 202 } else { 200 }))
    }
}

fn speed_of(asked: &RestoreRequest) -> Speed {
    // `Tier` beside the job parameters is for SELECT on AWS; clients that put it there mean the same.
    match asked.glacier_job_parameters.as_ref().map(|parameters| parameters.tier).or(asked.tier) {
        Some(Tier::Expedited) => Speed::Expedited,
        Some(Tier::Bulk) => Speed::Bulk,
        Some(Tier::Standard) | None => Speed::Standard,
    }
}

fn present(key: &str, id: Option<&str>, version: Option<Version>) -> Result<Version, Fault> {
    match (version, id) {
        (Some(version), None) if version.object.delete_marker => Err(errors::no_such_key(key)),
        (Some(version), Some(_)) if version.object.delete_marker => Err(errors::method_not_allowed("POST", "DeleteMarker")),
        (Some(version), _) => Ok(version),
        (None, Some(id)) => Err(errors::no_such_version(key, id)),
        (None, None) => Err(errors::no_such_key(key)),
    }
}

/// Whether the object has to be fetched.
fn restore(
    tx: &mut Tx<'_>,
    cx: &Context,
    found: &Found,
    key: &str,
    mut version: Version,
    speed: Speed,
    days: Option<i32>,
) -> Result<bool, Fault> {
    let Some(archive) = archive_of(&version.object).map(str::to_owned) else {
        return Err(Error::InvalidObjectState.says("Restore is not allowed for the object's current storage class"));
    };
    let tiered = version.object.storage_class.as_deref() == Some(tiering::CLASS);
    check_days(days, tiered)?;
    let ready = cx.now().plus_ns(delay_ns(&archive, speed)?);
    match &mut version.object.restore {
        Some(copy) if copy.expires.is_some() => {
            copy.days = days;
            copy.expires = finish::expiry(cx.now(), copy);
            versions::write(tx, cx, found, key, version)?;
            return Ok(false);
        }
        // Under way: only a faster option is taken, and only if it is the sooner one.
        Some(running) if speed <= running.speed => return Err(already()),
        Some(running) => {
            let ready = ready.min(running.ready);
            *running = Restore { speed, days, ready, expires: None };
            later(tx, cx, found, key, &version, ready);
        }
        None => {
            version.object.restore = Some(Restore { speed, days, ready, expires: None });
            later(tx, cx, found, key, &version, ready);
            tell(tx, cx, found, key, &version, "ObjectRestore:Post", &[])?;
        }
    }
    versions::write(tx, cx, found, key, version)?;
    Ok(true)
}

fn later(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version, ready: Timestamp) {
    finish::later(tx, cx, found, key, version.sequence, ready);
}

fn already() -> Fault {
    Fault::new("RestoreAlreadyInProgress", 409, "Object restore is already in progress")
}

fn check_days(days: Option<i32>, tiered: bool) -> Result<(), Fault> {
    match days {
        Some(_) if tiered => Err(errors::invalid_request("Days cannot be specified for objects in the INTELLIGENT_TIERING storage class.")),
        Some(days) if days < 1 => Err(errors::invalid_argument("restoration days should be at least 1", "Days", &days.to_string())),
        None if !tiered => Err(errors::malformed_xml()),
        _ => Ok(()),
    }
}

/// How long a restore takes: the end of the range that AWS gives for each option, so that who waits for it has waited long enough there.
fn delay_ns(archive: &str, speed: Speed) -> Result<i128, Fault> {
    const MINUTE: i128 = 60_000_000_000;
    let deep = archive.starts_with("DEEP_ARCHIVE");
    let minutes = match (deep, speed) {
        (false, Speed::Expedited) => 5,
        (false, Speed::Standard) => 5 * 60,
        (false, Speed::Bulk) => 12 * 60,
        (true, Speed::Standard) => 12 * 60,
        (true, Speed::Bulk) => 48 * 60,
        (true, Speed::Expedited) => {
            let sentence = "Retrieval option is not supported by this storage class";
            return Err(Fault::new("InvalidArgument", 400, sentence).with("ArgumentName", "Tier").with("ArgumentValue", "Expedited"));
        }
    };
    Ok(minutes * MINUTE)
}
