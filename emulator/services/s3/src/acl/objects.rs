//! GetObjectAcl and PutObjectAcl: the list of one version.

use super::{Given, OBJECT_ACLS, asked, enforced, owner_of, refuse_public, wanted};
use crate::{
    S3, access, errors,
    model::*,
    notifications::{self, Happening},
    replication,
    state::{self, Found},
    versions::{self, Version},
};
use kit::{Context, Fault};

impl S3 {
    /// The list of a version; the owner's full control alone where nothing else was said.
    pub async fn get_object_acl(&self, cx: &Context, input: GetObjectAclInput) -> Result<GetObjectAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let of = Of { key: &input.key, version_id: input.version_id.as_deref(), method: "GET" };
        let version = cx.store().read(|s| versions::lookup(s, &found, of.key, of.version_id))?;
        let version = of.present(&found, version).map_err(|fault| of.hide(cx, &found, fault))?;
        let acl = version.object.acl.as_deref().filter(|_| !enforced(found.bucket.ownership.as_deref()));
        let (owner, grants) = self.shown(owner_of(&found, &version.object), acl);
        Ok(GetObjectAclOutput { owner: Some(owner), grants: Some(grants), request_charged: None })
    }

    /// Replaces the list of a version. Whoever asked for it is told, unless nothing changed.
    pub async fn put_object_acl(&self, cx: &Context, input: PutObjectAclInput) -> Result<PutObjectAclOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let of = Of { key: &input.key, version_id: input.version_id.as_deref(), method: "PUT" };
        let asked = asked!(input, write);
        let done = cx.store().write(|tx| {
            let found = state::find(tx, &found.name)?;
            let mut version = of.present(&found, versions::lookup(tx, &found, of.key, of.version_id)?)?;
            let (bucket_owner, owner) = (&*found.scope.account, owner_of(&found, &version.object).to_owned());
            let acl = wanted(&asked, input.access_control_policy.as_ref(), OBJECT_ACLS, &owner, bucket_owner)?;
            if enforced(found.bucket.ownership.as_deref()) {
                let says_owner_only = acl == [Given::full_control(bucket_owner)] && asked.acl != Some("private");
                return if says_owner_only { Ok(()) } else { Err(errors::acl_not_supported()) };
            }
            refuse_public(cx, &found, Some(&acl), "s3:PutObjectAcl", &format!("{}/{}", found.arn(), of.key))?;
            // Who never set a list has the owner's full control: to say so changes nothing.
            if version.object.acl.as_deref().unwrap_or(&[Given::full_control(&owner)]) == acl {
                return Ok(());
            }
            version.object.acl = Some(acl);
            replication::changed(tx, cx, &found, of.key, version.sequence, &mut version.object);
            let (id, etag) = (versions::shown_id(&found, &version.object), version.object.etag.clone());
            versions::write(tx, cx, &found, of.key, version)?;
            let name = "ObjectAcl:Put";
            let happening = Happening { name, key: of.key, etag: Some(&etag), version_id: id.as_deref(), ..Happening::default() };
            notifications::emit(tx, cx, &found, &happening)
        });
        done.await.map_err(|fault| of.hide(cx, &found, fault))?;
        Ok(PutObjectAclOutput { request_charged: None })
    }
}

/// The version that a request is about.
struct Of<'a> {
    key: &'a str,
    version_id: Option<&'a str>,
    method: &'a str,
}

impl Of<'_> {
    /// The version, which must be there and be no delete marker. Recorded: a read of the key under a marker finds nothing, a write says why.
    fn present(&self, found: &Found, version: Option<Version>) -> Result<Version, Fault> {
        match (version, self.version_id) {
            (Some(version), _) if !version.object.delete_marker => Ok(version),
            (Some(version), id) if id.is_some() || self.method == "PUT" => {
                let fault = errors::method_not_allowed(self.method, "DeleteMarker").header("x-amz-delete-marker", "true");
                let id = versions::shown_id(found, &version.object).unwrap_or_default();
                Err(fault.header("x-amz-version-id", id).header("Allow", "DELETE"))
            }
            (_, Some(id)) => Err(errors::no_such_version(self.key, id)),
            (_, None) => Err(errors::no_such_key(self.key)),
        }
    }

    /// Missing keys are told to those only who may list the bucket.
    fn hide(&self, cx: &Context, found: &Found, fault: Fault) -> Fault {
        if fault.code == "NoSuchKey" { access::missing(cx, &found.name, self.key, fault) } else { fault }
    }
}
