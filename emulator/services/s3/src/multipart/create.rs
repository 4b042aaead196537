//! CreateMultipartUpload.

use crate::{
    S3,
    access::{self, Maybe},
    acl,
    checksums::Algorithm,
    encryption::{self, asked},
    errors, lifecycle, lock,
    model::*,
    objects::{
        headers,
        put::{check_key, checked_metadata, tag_need},
        refuse, tags_of_header,
    },
    state::{self, UPLOADS, Upload},
    versions,
};
use kit::{Access, Authorize, Context, Fault};

impl Authorize<S3> for CreateMultipartUploadInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let put = access::object_need(cx, "s3:PutObject", &self.bucket, &self.key)
            .with_keys(acl::asked!(self).keys())
            .maybe("s3:x-amz-storage-class", self.storage_class.clone())
            .maybe("s3:x-amz-website-redirect-location", self.website_redirect_location.clone())
            .maybe("s3:ObjectCreationOperation", Some("false".into()));
        let put = access::encryption_keys!(put, self);
        let [retain, hold] = lock::needs!(cx, self);
        let acl = acl::need(cx, &self.bucket, &self.key, &acl::asked!(self));
        access::all([put, acl, tag_need(cx, &self.bucket, &self.key, self.tagging.as_deref()), retain, hold])
    }
}

impl S3 {
    /// Begins an upload; what is said of the object is said here.
    pub async fn create_multipart_upload(
        &self,
        cx: &Context,
        input: CreateMultipartUploadInput,
    ) -> Result<CreateMultipartUploadOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let owned = acl::of_write(cx, &found, &acl::asked!(input))?;
        check_key(&input.key)?;
        let (algorithm, full_object) = sum_of(input.checksum_algorithm.as_deref(), input.checksum_type.as_deref())?;
        let lock = lock::asked!(cx, &found, input)?;
        let encryption = encryption::begin(cx, &found, &input.key, &asked!(input)).await?.encryption;
        let upload = Upload {
            lock,
            encryption,
            initiated: versions::whole_second(cx),
            initiator: (cx.principal().arn(), cx.principal().account().unwrap_or_default().to_owned()),
            headers: headers::kept!(input),
            metadata: checked_metadata(cx, input.metadata)?,
            tags: input.tagging.as_deref().map(tags_of_header).transpose()?.unwrap_or_default(),
            storage_class: refuse::storage_class(input.storage_class.as_deref())?,
            algorithm,
            full_object,
            owner: owned.owner,
            acl: owned.acl,
            ..Upload::default()
        };
        let (name, key) = (found.name, input.key);
        let (found, upload) = cx
            .store()
            .write(|tx| {
                let found = state::find(tx, &name)?;
                let sequence = tx.next_seq("s3.versions");
                let mut upload = upload;
                upload.id = state::sequenced_id(cx, sequence);
                upload.due_day = lifecycle::upload_due_day(&found, &key, &upload, cx.now());
                if let Some(day) = upload.due_day {
                    lifecycle::look_on(tx, cx, &found, day);
                }
                tx.put(&UPLOADS, &found.scope, &(found.name.clone(), key.clone(), sequence), &upload)?;
                Ok((found, upload))
            })
            .await?;
        let abort = lifecycle::abort_rule(&found, &key, upload.initiated);
        let mut output = CreateMultipartUploadOutput {
            abort_date: abort.as_ref().map(|(at, _)| *at),
            abort_rule_id: abort.map(|(_, rule)| rule),
            bucket: Some(found.name),
            key: Some(key),
            upload_id: Some(upload.id),
            checksum_algorithm: algorithm.map(|algorithm| algorithm.name().to_owned()),
            checksum_type: algorithm.map(|_| if full_object { "FULL_OBJECT".to_owned() } else { "COMPOSITE".to_owned() }),
            ..CreateMultipartUploadOutput::default()
        };
        encryption::tell!(output, upload.encryption);
        encryption::tell_customer!(output, upload.encryption);
        output.ssekms_encryption_context = upload.encryption.kms().and_then(|kms| kms.context_header());
        Ok(output)
    }
}

/// Algorithm and kind of the upload's checksum. CRC64NVME is of the whole, the SHAs are of the parts, the other CRCs may be either.
fn sum_of(algorithm: Option<&str>, kind: Option<&str>) -> Result<(Option<Algorithm>, bool), Fault> {
    let Some(algorithm) = algorithm.map(Algorithm::parse).transpose()? else {
        return match kind {
            Some(_) => {
                Err(errors::invalid_request("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."))
            }
            None => Ok((None, true)),
        };
    };
    let refused = |kind: &str| {
        errors::invalid_request(format!("The {kind} checksum type cannot be used with the {} checksum algorithm.", algorithm.lower()))
    };
    match (kind, algorithm) {
        (Some("COMPOSITE"), Algorithm::Crc64Nvme) => Err(refused("COMPOSITE")),
        (Some("FULL_OBJECT"), algorithm) if !algorithm.combines() => Err(refused("FULL_OBJECT")),
        (Some("FULL_OBJECT"), _) | (None, Algorithm::Crc64Nvme) => Ok((Some(algorithm), true)),
        (Some("COMPOSITE") | None, _) => Ok((Some(algorithm), false)),
        (Some(other), _) => Err(errors::invalid_request(format!("Value for x-amz-checksum-type header is invalid: {other}"))),
    }
}
