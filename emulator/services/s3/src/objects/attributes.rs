//! GetObjectAttributes.

use crate::{
    S3, access,
    checksums::{self, Sum},
    encryption, errors,
    model::*,
    state::{self, Object},
    versions,
};
use kit::{Access, Authorize, Context, Fault};

impl Authorize<S3> for GetObjectAttributesInput {
    fn access(&self, _: &S3, cx: &Context) -> Access {
        let actions = match self.version_id {
            Some(_) => ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"],
            None => ["s3:GetObject", "s3:GetObjectAttributes"],
        };
        let need = |action| access::version_need(cx, action, &self.bucket, &self.key, self.version_id.as_deref());
        access::all(actions.map(need))
    }
}

impl S3 {
    /// Chosen attributes of an object; the parts of an upload where it was one.
    pub async fn get_object_attributes(&self, cx: &Context, input: GetObjectAttributesInput) -> Result<GetObjectAttributesOutput, Fault> {
        if input.object_attributes.is_empty() {
            let sentence = "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty";
            return Err(errors::invalid_request(sentence));
        }
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let version = cx.store().read(|s| versions::lookup(s, &found, &input.key, input.version_id.as_deref()))?;
        let object = match (version.map(|version| version.object), &input.version_id) {
            (Some(object), Some(_)) if object.delete_marker => return Err(errors::method_not_allowed("GET", "DeleteMarker")),
            (Some(object), None) if object.delete_marker => return Err(errors::no_such_key(&input.key)),
            (Some(object), _) => object,
            (None, Some(id)) => return Err(errors::no_such_version(&input.key, id)),
            (None, None) => return Err(access::missing(cx, &input.bucket, &input.key, errors::no_such_key(&input.key))),
        };
        let wants = |attribute| input.object_attributes.contains(&attribute);
        let given = encryption::customer!(input);
        // Who wants to know the checksum has to be able to read the body.
        match wants(ObjectAttributes::Checksum) {
            true => {
                encryption::open(cx, &found, &input.key, &object.encryption, &given).await?;
            }
            false => {
                encryption::check_reader(cx, &object.encryption, &given)?;
            }
        }
        let checksum = object.sum.as_ref().filter(|_| wants(ObjectAttributes::Checksum)).map(|sum| {
            let mut shape = Checksum { checksum_type: Some(sum.kind().to_owned()), ..Checksum::default() };
            checksums::tell!(shape, Some(without_count(sum)));
            shape
        });
        Ok(GetObjectAttributesOutput {
            last_modified: Some(object.modified),
            version_id: versions::shown_id(&found, &object),
            e_tag: wants(ObjectAttributes::ETag).then(|| object.etag.clone()),
            checksum,
            object_parts: if wants(ObjectAttributes::ObjectParts) && object.multipart { Some(parts(&object, &input)) } else { None },
            storage_class: wants(ObjectAttributes::StorageClass).then(|| object.storage_class.clone().unwrap_or_else(|| "STANDARD".into())),
            object_size: wants(ObjectAttributes::ObjectSize).then_some(object.size as i64),
            ..GetObjectAttributesOutput::default()
        })
    }
}

/// The sum as this operation shows it: without the number of parts behind it.
fn without_count(sum: &Sum) -> Sum {
    let value = sum.value.split('-').next().unwrap_or_default().to_owned();
    Sum { value, ..sum.clone() }
}

/// A page of the parts. AWS lists them one by one only where each has a checksum of its own.
fn parts(object: &Object, input: &GetObjectAttributesInput) -> GetObjectAttributesParts {
    let total = object.pieces.len() as i32;
    let composite = object.sum.as_ref().is_some_and(|sum| sum.composite);
    if !composite {
        return GetObjectAttributesParts { total_parts_count: Some(total), ..GetObjectAttributesParts::default() };
    }
    let marker = input.part_number_marker.unwrap_or(0).max(0);
    let most = input.max_parts.unwrap_or(1000).clamp(0, 1000);
    let after: Vec<_> = object.pieces.iter().filter(|piece| piece.part as i32 > marker).collect();
    let page: Vec<ObjectPart> = after
        .iter()
        .take(most as usize)
        .map(|piece| {
            let mut part = ObjectPart { part_number: Some(piece.part as i32), size: Some(piece.size as i64), ..ObjectPart::default() };
            checksums::tell!(part, &piece.sum);
            part
        })
        .collect();
    GetObjectAttributesParts {
        total_parts_count: Some(total),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(page.last().and_then(|part| part.part_number).unwrap_or(0)),
        max_parts: Some(most),
        is_truncated: Some(after.len() > page.len()),
        parts: (!page.is_empty()).then_some(page),
    }
}
