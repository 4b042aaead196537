//! Lines of an inventory: no header, every field in quotes, keys URL-encoded, in the order that the manifest's schema tells.

use crate::{
    acl,
    encryption::Encryption,
    listing::url_encoded,
    model::{InventoryConfiguration, InventoryIncludedObjectVersions, InventoryOptionalField as Field},
    state::{Found, Object},
};

/// The order of optional fields in every report, whatever the order in the configuration.
const ORDER: &[Field] = &[
    Field::Size,
    Field::LastModifiedDate,
    Field::ETag,
    Field::StorageClass,
    Field::IsMultipartUploaded,
    Field::ReplicationStatus,
    Field::EncryptionStatus,
    Field::ObjectLockRetainUntilDate,
    Field::ObjectLockMode,
    Field::ObjectLockLegalHoldStatus,
    Field::IntelligentTieringAccessTier,
    Field::BucketKeyStatus,
    Field::ChecksumAlgorithm,
    Field::ObjectAccessControlList,
    Field::ObjectOwner,
    Field::LifecycleExpirationDate,
];

/// What a report's lines hold.
pub(super) struct Columns {
    /// Every version, rather than the current ones.
    pub all_versions: bool,
    fields: Vec<Field>,
}

impl Columns {
    /// The columns of a configuration.
    pub fn of(configuration: &InventoryConfiguration) -> Columns {
        let asked = configuration.optional_fields.as_deref().unwrap_or_default();
        Columns {
            all_versions: configuration.included_object_versions == Some(InventoryIncludedObjectVersions::All),
            fields: ORDER.iter().copied().filter(|field| asked.contains(field)).collect(),
        }
    }

    /// `Bucket, Key, Size`
    pub fn schema(&self) -> String {
        let versions: &[&str] = if self.all_versions { &["VersionId", "IsLatest", "IsDeleteMarker"] } else { &[] };
        let optional = self.fields.iter().map(|field| field.as_str());
        ["Bucket", "Key"].into_iter().chain(versions.iter().copied()).chain(optional).collect::<Vec<_>>().join(", ")
    }

    /// The line of a version.
    pub fn line(&self, found: &Found, key: &str, object: &Object, latest: bool) -> String {
        let mut values = vec![found.name.clone(), url_encoded(key)];
        if self.all_versions {
            let id = object.version_id.clone().unwrap_or_default();
            values.extend([id, latest.to_string(), object.delete_marker.to_string()]);
        }
        values.extend(self.fields.iter().map(|field| value(*field, found, key, object)));
        let quoted: Vec<String> = values.iter().map(|value| format!("\"{}\"", value.replace('"', "\"\""))).collect();
        format!("{}\n", quoted.join(","))
    }
}

fn value(field: Field, found: &Found, key: &str, object: &Object) -> String {
    // Of a delete marker there is little to say.
    if object.delete_marker && !matches!(field, Field::LastModifiedDate | Field::ObjectOwner) {
        return String::new();
    }
    let retention = object.lock.retention.as_ref();
    match field {
        Field::Size => object.size.to_string(),
        Field::LastModifiedDate => kit::time::iso_millis(object.modified),
        Field::ETag => object.etag.clone(),
        Field::StorageClass => object.storage_class.clone().unwrap_or_else(|| "STANDARD".into()),
        Field::IsMultipartUploaded => object.multipart.to_string(),
        Field::ReplicationStatus => crate::replication::status(object).map_or(String::new(), |status| status.as_str().to_owned()),
        Field::EncryptionStatus => encryption(&object.encryption).into(),
        Field::ObjectLockRetainUntilDate => retention.map_or(String::new(), |retention| kit::time::iso_millis(retention.until)),
        Field::ObjectLockMode => retention.map_or(String::new(), |retention| retention.mode.name().into()),
        Field::ObjectLockLegalHoldStatus => if object.lock.legal_hold == Some(true) { "ON" } else { "OFF" }.into(),
        Field::IntelligentTieringAccessTier => object.tiering.map_or("", |watched| watched.tier.report_name()).into(),
        Field::BucketKeyStatus => {
            if matches!(&object.encryption, Encryption::Kms(kms) if kms.bucket_key) { "ENABLED" } else { "DISABLED" }.into()
        }
        Field::ChecksumAlgorithm => object.sum.as_ref().map_or("", |sum| sum.algorithm.name()).into(),
        Field::ObjectAccessControlList => acl::reported(found, object),
        Field::ObjectOwner => acl::shown_owner(found, object).id.unwrap_or_default(),
        Field::LifecycleExpirationDate => crate::lifecycle::expiration_at(found, key, object).map_or(String::new(), kit::time::iso_millis),
    }
}

fn encryption(encryption: &Encryption) -> &'static str {
    match encryption {
        Encryption::Own => "SSE-S3",
        Encryption::Kms(kms) if kms.dual => "DSSE-KMS",
        Encryption::Kms(_) => "SSE-KMS",
        Encryption::Customer(_) => "SSE-C",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Scope;

    #[test]
    fn fields_stand_in_their_fixed_order_and_in_quotes() {
        let configuration = InventoryConfiguration {
            included_object_versions: Some(InventoryIncludedObjectVersions::Current),
            optional_fields: Some(vec![Field::ETag, Field::Size]),
            ..InventoryConfiguration::default()
        };
        let columns = Columns::of(&configuration);
        assert_eq!(columns.schema(), "Bucket, Key, Size, ETag");
        let found = Found { name: "b".into(), scope: Scope::new("1", "us-east-1"), bucket: Default::default() };
        let object = Object { size: 3, etag: "abc".into(), ..Object::default() };
        assert_eq!(columns.line(&found, "a \"b", &object, true), "\"b\",\"a+%22b\",\"3\",\"abc\"\n");
    }
}
