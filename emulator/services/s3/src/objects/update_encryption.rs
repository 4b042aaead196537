//! UpdateObjectEncryption: a version gets another KMS key, or gets one at all, and stays what it is: its date, ETag, checksums, class and locks.
//!
//! AWS wraps the object's data key anew and moves no byte. Bodies under S3's own keys lie plain here, so they have to be written once more to
//! be encrypted; those under a KMS key are, too, for one way through. What is asked of KMS is what AWS documents as needed. The sentences
//! are those of AWS's page on the operation.

use super::body::{self, Expected};
use crate::{
    S3,
    access::{self, Maybe},
    encryption::{self, Asked, Given, Sealing},
    errors,
    model::*,
    state::{self, Found, Object, Piece},
    versions::{self, Version},
};
use kit::{Access, Authorize, Context, Fault, Read, ports::key_need};

/// How often it begins again because the version changed under it.
const MOST_TRIES: u32 = 5;

impl Authorize<S3> for UpdateObjectEncryptionInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let need = |action| access::object_need(cx, action, &self.bucket, &self.key).maybe("s3:VersionId", self.version_id.clone());
        access::all([need("s3:PutObject"), need("s3:UpdateObjectEncryption")])
    }
}

impl S3 {
    /// Encrypts a version under another key.
    pub async fn update_object_encryption(
        &self,
        cx: &Context,
        input: UpdateObjectEncryptionInput,
    ) -> Result<UpdateObjectEncryptionOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let (key_arn, bucket_key) = wanted(&input, &found)?;
        require_v4(cx)?;
        for _ in 0..MOST_TRIES {
            let Version { object, .. } = cx.store().read(|s| there(s, cx, &found, &input))?;
            check(cx, &object)?;
            allowed(cx, &found, (&input.key, &object), (key_arn, bucket_key))?;
            let key = encryption::open(cx, &found, &input.key, &object.encryption, &Given::default()).await?;
            let asked = Asked { method: Some("aws:kms"), kms_key: Some(key_arn), bucket_key: Some(bucket_key), ..Asked::nothing() };
            let sealing = encryption::begin(cx, &found, &input.key, &asked).await?;
            let mut pieces = Vec::with_capacity(object.pieces.len());
            for piece in &object.pieces {
                pieces.push(sealed_again(cx, &object, piece, key.clone(), &sealing).await?);
            }
            let write = cx.store().write(|tx| {
                let found = state::find(tx, &found.name)?;
                let mut version = there(tx, cx, &found, &input)?;
                check(cx, &version.object)?;
                if !same_body(&version.object, &object) {
                    return Ok(false);
                }
                version.object.pieces.iter().for_each(|piece| tx.drop_blob(&piece.blob));
                pieces.iter().for_each(|piece| tx.adopt(&piece.blob));
                version.object.encryption = sealing.encryption.clone();
                version.object.pieces = pieces;
                versions::write(tx, cx, &found, &input.key, version)?;
                Ok(true)
            });
            if write.await? {
                return Ok(UpdateObjectEncryptionOutput::default());
            }
        }
        Err(Fault::new("SlowDown", 503, "Please reduce your request rate."))
    }
}

/// The key that the request names, and whether with a bucket key.
fn wanted<'a>(input: &'a UpdateObjectEncryptionInput, found: &Found) -> Result<(&'a str, bool), Fault> {
    let refuse = |sentence| Err(errors::invalid_request(sentence));
    let Some(kms) = &input.object_encryption.ssekms else {
        return refuse(
            "Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.",
        );
    };
    let Some(key_arn) = kms.kms_key_arn.as_deref().filter(|arn| !arn.is_empty()) else {
        return refuse(
            "Requests that modify an object's encryption type to SSE-KMS require an Amazon Web Services KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
        );
    };
    let Some(arn) = kit::Arn::parse(key_arn).filter(|arn| arn.service == "kms" && arn.resource.starts_with("key/")) else {
        return refuse(
            "Requests that modify an object's encryption type to SSE-KMS require a valid Amazon Web Services KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
        );
    };
    if arn.account != &*found.scope.account {
        return Err(Error::AccessDenied.says(
            "The Amazon Web Services KMS key in the request must be owned by the same account as the bucket. Modify the request to specify a KMS key from the same account, and then try again.",
        ));
    }
    Ok((key_arn, kms.bucket_key_enabled.unwrap_or(false)))
}

/// Calls from inside the house have no host and need no signature.
fn require_v4(cx: &Context) -> Result<(), Fault> {
    let source = cx.source();
    match source.host.is_none() || source.signature_version == Some("AWS4-HMAC-SHA256") {
        true => Ok(()),
        false => Err(errors::invalid_request(
            "Requests that modify an object encryption configuration require Amazon Web Services Signature Version 4. Modify the request to use Amazon Web Services Signature Version 4, and then try again.",
        )),
    }
}

fn there(read: &impl Read, cx: &Context, found: &Found, input: &UpdateObjectEncryptionInput) -> Result<Version, Fault> {
    let version = versions::lookup(read, found, &input.key, input.version_id.as_deref())?;
    match (version, &input.version_id) {
        (Some(version), _) if !version.object.delete_marker => Ok(version),
        (Some(_), Some(_)) => Err(errors::method_not_allowed("PUT", "DeleteMarker")),
        (None, Some(id)) => Err(errors::no_such_version(&input.key, id)),
        (_, None) => Err(access::missing(cx, &found.name, &input.key, errors::no_such_key(&input.key))),
    }
}

/// What it is encrypted with now, and that no lock keeps it.
fn check(cx: &Context, object: &Object) -> Result<(), Fault> {
    if object.encryption.dual() || object.encryption.customer().is_some() {
        return Err(errors::invalid_request(
            "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
        ));
    }
    crate::lock::check_delete(object, cx.now(), false).map_err(|_| {
        Error::AccessDenied
            .says("The encryption type for the specified object can’t be updated because that object is protected by S3 Object Lock.")
    })
}

/// What AWS documents that the caller must be allowed of KMS besides making and opening data keys, which are asked for where that is done.
fn allowed(cx: &Context, found: &Found, (key, object): (&str, &Object), (key_arn, bucket_key): (&str, bool)) -> Result<(), Fault> {
    let cx = cx.via("s3.amazonaws.com");
    let about = |arn: String| [("aws:s3:arn".to_owned(), arn)].into();
    let to = about(if bucket_key { found.arn() } else { format!("{}/{key}", found.arn()) });
    cx.grant(&key_need("kms:Encrypt", key_arn, &to))?;
    cx.grant(&key_need("kms:ReEncryptTo", key_arn, &to))?;
    if let Some(kms) = object.encryption.kms() {
        cx.grant(&key_need("kms:ReEncryptFrom", &kms.key_arn, &kms.full_context(found, key)))?;
    }
    Ok(())
}

/// A piece's bytes in a blob of their own under the new key.
async fn sealed_again(
    cx: &Context,
    object: &Object,
    piece: &Piece,
    key: Option<encryption::DataKey>,
    sealing: &Sealing,
) -> Result<Piece, Fault> {
    // The piece as an object: its sum, where it has one, is verified as the bytes pass.
    let sum = object.sum.clone().filter(|_| object.pieces.len() == 1);
    let alone = Object { pieces: vec![piece.clone()], size: piece.size, sum, ..object.clone() };
    let opened = cx.store().read(|_| body::open(cx.store(), &alone, 0..piece.size))?;
    let expected = Expected { sealing: sealing.clone(), ..Expected::default() };
    let received = body::receive(cx, body::into_body(opened.with_key(key)), expected).await?;
    Ok(Piece { blob: received.blob, salt: received.salt, ..piece.clone() })
}

fn same_body(now: &Object, before: &Object) -> bool {
    now.pieces.iter().map(|piece| &piece.blob).eq(before.pieces.iter().map(|piece| &piece.blob)) && now.encryption == before.encryption
}
