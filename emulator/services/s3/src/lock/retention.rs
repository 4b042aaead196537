//! PutObjectRetention and GetObjectRetention.

use super::{Mode, Retention, bypasses, never_set, present, protected, refuse_past};
use crate::{
    S3,
    access::{self, Maybe},
    errors,
    model::*,
    replication, state, versions,
};
use kit::{Access, Authorize, Context, Fault, Need, Timestamp};

impl Authorize<S3> for PutObjectRetentionInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let need = access::object_need(cx, "s3:PutObjectRetention", &self.bucket, &self.key).maybe("s3:VersionId", self.version_id.clone());
        let asked = self.retention.as_ref();
        let mode = asked.and_then(|retention| retention.mode.as_ref()).map(|mode| Mode::of(mode).name().to_owned());
        access::all([with_retention(cx, need, mode, asked.and_then(|retention| retention.retain_until_date))])
    }
}
impl Authorize<S3> for GetObjectRetentionInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let need = access::object_need(cx, "s3:GetObjectRetention", &self.bucket, &self.key);
        access::all([need.maybe("s3:VersionId", self.version_id.clone())])
    }
}

/// Adds what conditions may say of a retention that is asked for.
pub(crate) fn with_retention(cx: &Context, need: Option<Need>, mode: Option<String>, until: Option<Timestamp>) -> Option<Need> {
    // Started days count, as in AWS's examples of s3:object-lock-remaining-retention-days.
    let days = until.map(|until| ((until.secs() - cx.now().secs()).max(0) + 86_399) / 86_400);
    need.maybe("s3:object-lock-mode", mode)
        .maybe("s3:object-lock-retain-until-date", until.map(kit::time::iso_secs))
        .maybe("s3:object-lock-remaining-retention-days", days.map(|days| days.to_string()))
}

impl S3 {
    /// Sets, lengthens or, for those who may, shortens and lifts the retention of a version.
    pub async fn put_object_retention(&self, cx: &Context, input: PutObjectRetentionInput) -> Result<PutObjectRetentionOutput, Fault> {
        errors::needs_digest(cx)?;
        let asked = input.retention.as_ref().ok_or_else(errors::malformed_xml)?;
        let wanted = match (&asked.mode, asked.retain_until_date) {
            (Some(mode), Some(until)) => Some(Retention { mode: Mode::of(mode), until }),
            // Nothing at all lifts it.
            (None, None) => None,
            _ => return Err(errors::malformed_xml()),
        };
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let bypass = bypasses(cx, input.bypass_governance_retention, &input.bucket, &input.key);
        let done = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                let mut version = present(tx, &found, &input.key, input.version_id.as_deref(), "PUT")?;
                if let Some(wanted) = &wanted {
                    refuse_past(cx, wanted.until, "RetainUntilDate")?;
                }
                check_change(version.object.lock.retention.as_ref(), wanted.as_ref(), cx.now(), bypass)?;
                version.object.lock.retention = wanted;
                replication::changed(tx, cx, &found, &input.key, version.sequence, &mut version.object);
                versions::write(tx, cx, &found, &input.key, version).map(|_| ())
            })
            .await;
        done.map_err(|fault| hide(cx, &input.bucket, &input.key, fault))?;
        Ok(PutObjectRetentionOutput::default())
    }

    /// The retention of a version, past or not.
    pub async fn get_object_retention(&self, cx: &Context, input: GetObjectRetentionInput) -> Result<GetObjectRetentionOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let version = cx.store().read(|s| present(s, &found, &input.key, input.version_id.as_deref(), "GET"));
        let version = version.map_err(|fault| hide(cx, &input.bucket, &input.key, fault))?;
        let retention = version.object.lock.retention.ok_or_else(never_set)?;
        let shape = ObjectLockRetention { mode: Some(retention.mode.to_model()), retain_until_date: Some(retention.until) };
        Ok(GetObjectRetentionOutput { retention: Some(shape) })
    }
}

/// Missing keys are told to those only who may list the bucket.
pub(super) fn hide(cx: &Context, bucket: &str, key: &str, fault: Fault) -> Fault {
    if fault.code == "NoSuchKey" { access::missing(cx, bucket, key, fault) } else { fault }
}

/// Judges a change of a retention that is still on: it may be made longer by everybody who may set it; in governance mode all else needs
/// the bypass, in compliance mode nothing helps.
fn check_change(there: Option<&Retention>, wanted: Option<&Retention>, now: Timestamp, bypass: bool) -> Result<(), Fault> {
    let Some(there) = there.filter(|there| there.until > now) else { return Ok(()) };
    let longer = wanted.is_some_and(|wanted| wanted.mode == there.mode && wanted.until >= there.until);
    match longer || (bypass && there.mode == Mode::Governance) {
        true => Ok(()),
        false => Err(protected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions_only_grow_unless_governance_is_bypassed() {
        let of = |mode, secs| Retention { mode, until: Timestamp::from_secs(secs) };
        let now = Timestamp::from_secs(100);
        let may = |there: &Retention, wanted: Option<&Retention>, bypass| check_change(Some(there), wanted, now, bypass).is_ok();
        let (governance, compliance) = (of(Mode::Governance, 200), of(Mode::Compliance, 200));
        for there in [&governance, &compliance] {
            assert!(may(there, Some(&of(there.mode, 201)), false));
            assert!(!may(there, Some(&of(there.mode, 199)), false));
            assert!(!may(there, None, false));
        }
        assert!(may(&governance, Some(&of(Mode::Governance, 150)), true));
        assert!(may(&governance, None, true));
        assert!(!may(&governance, Some(&of(Mode::Compliance, 300)), false));
        assert!(!may(&compliance, Some(&of(Mode::Compliance, 150)), true));
        assert!(!may(&compliance, Some(&of(Mode::Governance, 300)), true));
        // What is over binds nobody.
        assert!(may(&of(Mode::Compliance, 100), None, false));
    }
}
