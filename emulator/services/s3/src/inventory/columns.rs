//! What a report tells of a version, column by column, in the order that the manifest's schema tells.

use crate::{
    acl,
    encryption::Encryption,
    lifecycle,
    model::{InventoryConfiguration, InventoryIncludedObjectVersions, InventoryOptionalField as Field},
    replication,
    state::{Found, Object},
};
use kit::Timestamp;

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

/// A value; absent where there is nothing to tell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(Option<String>),
    /// A key, which lines of text have to encode.
    Key(String),
    Number(Option<i64>),
    Flag(Option<bool>),
    Time(Option<Timestamp>),
}

/// What a report holds.
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

    /// `Bucket`, `Key`, `Size`
    pub fn names(&self) -> Vec<&'static str> {
        let versions: &[&str] = if self.all_versions { &["VersionId", "IsLatest", "IsDeleteMarker"] } else { &[] };
        let optional = self.fields.iter().map(|field| field.as_str());
        ["Bucket", "Key"].into_iter().chain(versions.iter().copied()).chain(optional).collect()
    }

    /// The values of a version.
    pub fn cells(&self, found: &Found, key: &str, object: &Object, latest: bool) -> Vec<Cell> {
        let mut cells = vec![Cell::Text(Some(found.name.clone())), Cell::Key(key.to_owned())];
        if self.all_versions {
            cells.extend([Cell::Text(object.version_id.clone()), Cell::Flag(Some(latest)), Cell::Flag(Some(object.delete_marker))]);
        }
        cells.extend(self.fields.iter().map(|field| cell(*field, found, key, object)));
        cells
    }
}

fn cell(field: Field, found: &Found, key: &str, object: &Object) -> Cell {
    let retention = object.lock.retention.as_ref();
    // Of a delete marker there is little to say.
    let thing = !object.delete_marker;
    let text = |text: Option<String>| Cell::Text(text.filter(|_| thing));
    let said = |text: &str| Cell::Text(Some(text.to_owned()).filter(|_| thing));
    match field {
        Field::Size => Cell::Number(thing.then_some(object.size as i64)),
        Field::LastModifiedDate => Cell::Time(Some(object.modified)),
        Field::ETag => said(&object.etag),
        Field::StorageClass => said(object.storage_class.as_deref().unwrap_or("STANDARD")),
        Field::IsMultipartUploaded => Cell::Flag(thing.then_some(object.multipart)),
        Field::ReplicationStatus => text(replication::status(object).map(|status| status.as_str().to_owned())),
        Field::EncryptionStatus => said(encryption(&object.encryption)),
        Field::ObjectLockRetainUntilDate => Cell::Time(retention.map(|retention| retention.until)),
        Field::ObjectLockMode => text(retention.map(|retention| retention.mode.name().to_owned())),
        Field::ObjectLockLegalHoldStatus => said(if object.lock.legal_hold == Some(true) { "ON" } else { "OFF" }),
        Field::IntelligentTieringAccessTier => text(object.tiering.map(|watched| watched.tier.report_name().to_owned())),
        Field::BucketKeyStatus => {
            said(if matches!(&object.encryption, Encryption::Kms(kms) if kms.bucket_key) { "ENABLED" } else { "DISABLED" })
        }
        Field::ChecksumAlgorithm => text(object.sum.as_ref().map(|sum| sum.algorithm.name().to_owned())),
        Field::ObjectAccessControlList => said(&acl::reported(found, object)),
        Field::ObjectOwner => Cell::Text(acl::shown_owner(found, object).id),
        Field::LifecycleExpirationDate => Cell::Time(lifecycle::expiration_at(found, key, object).filter(|_| thing)),
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
