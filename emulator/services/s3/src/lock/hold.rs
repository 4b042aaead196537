//! PutObjectLegalHold and GetObjectLegalHold.

use super::{never_set, present, retention::hide};
use crate::{
    S3,
    access::{self, Maybe},
    errors,
    model::*,
    replication, state, versions,
};
use kit::{Access, Authorize, Context, Fault};

impl Authorize<S3> for PutObjectLegalHoldInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let status = self.legal_hold.as_ref().and_then(|hold| hold.status.clone());
        let need = access::object_need(cx, "s3:PutObjectLegalHold", &self.bucket, &self.key)
            .maybe("s3:VersionId", self.version_id.clone())
            .maybe("s3:object-lock-legal-hold", status);
        access::all([need])
    }
}
impl Authorize<S3> for GetObjectLegalHoldInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let need = access::object_need(cx, "s3:GetObjectLegalHold", &self.bucket, &self.key);
        access::all([need.maybe("s3:VersionId", self.version_id.clone())])
    }
}

impl S3 {
    /// Puts a version under legal hold, or lets it go.
    pub async fn put_object_legal_hold(&self, cx: &Context, input: PutObjectLegalHoldInput) -> Result<PutObjectLegalHoldOutput, Fault> {
        errors::needs_digest(cx)?;
        let on = match input.legal_hold.as_ref().and_then(|hold| hold.status.as_deref()) {
            Some("ON") => true,
            Some("OFF") => false,
            _ => return Err(errors::malformed_xml()),
        };
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let done = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, &found.name)?;
                let mut version = present(tx, &found, &input.key, input.version_id.as_deref(), "PUT")?;
                version.object.lock.legal_hold = Some(on);
                replication::changed(tx, cx, &found, &input.key, version.sequence, &mut version.object);
                versions::write(tx, cx, &found, &input.key, version).map(|_| ())
            })
            .await;
        done.map_err(|fault| hide(cx, &input.bucket, &input.key, fault))?;
        Ok(PutObjectLegalHoldOutput::default())
    }

    /// Whether a version is under legal hold; an error where nobody ever said.
    pub async fn get_object_legal_hold(&self, cx: &Context, input: GetObjectLegalHoldInput) -> Result<GetObjectLegalHoldOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let version = cx.store().read(|s| present(s, &found, &input.key, input.version_id.as_deref(), "GET"));
        let version = version.map_err(|fault| hide(cx, &input.bucket, &input.key, fault))?;
        let on = version.object.lock.legal_hold.ok_or_else(never_set)?;
        let status = if on { "ON" } else { "OFF" };
        Ok(GetObjectLegalHoldOutput { legal_hold: Some(ObjectLockLegalHold { status: Some(status.into()) }) })
    }
}
