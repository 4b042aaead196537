//! Members of requests on objects that this build does not honour: each is refused by name, so that nobody believes in an effect that isn't there.

use crate::{classes, errors};
use kit::Fault;

/// Refuses the first member that is set: `(what AWS calls it, whether it is there)`.
pub(crate) fn members(members: &[(&str, bool)]) -> Result<(), Fault> {
    match members.iter().find(|(_, set)| *set) {
        Some((name, _)) => Err(errors::not_built(name)),
        None => Ok(()),
    }
}

/// Server-side encryption: S3's own keys are what every object has; other keys are not built.
pub(crate) fn encryption(asked: Option<&str>) -> Result<(), Fault> {
    match asked {
        None | Some("AES256") => Ok(()),
        Some(kms @ ("aws:kms" | "aws:kms:dsse" | "aws:fsx")) => Err(errors::not_built(&format!("server-side encryption {kms}"))),
        Some(other) => {
            Err(errors::invalid_argument("The encryption method specified is not supported", "x-amz-server-side-encryption", other))
        }
    }
}

/// The class as it is stored; it must be one that AWS knows.
pub(crate) fn storage_class(asked: Option<&str>) -> Result<Option<String>, Fault> {
    match asked {
        None | Some(classes::STANDARD) => Ok(None),
        Some(class) if classes::may_be_asked_for(class) => Ok(Some(class.to_owned())),
        Some(class) => {
            Err(Fault::new("InvalidStorageClass", 400, "The storage class you specified is not valid").with("StorageClassRequested", class))
        }
    }
}

/// Refuses what every write of an object may carry and this build lacks: customer keys, KMS, object lock.
macro_rules! unsupported_write {
    ($input:expr) => {
        $crate::objects::refuse::members(&[
            ("server-side encryption with customer keys", $input.sse_customer_algorithm.is_some() || $input.sse_customer_key.is_some()),
            ("server-side encryption with KMS keys", $input.ssekms_key_id.is_some() || $input.ssekms_encryption_context.is_some()),
            (
                "object lock",
                $input.object_lock_mode.is_some()
                    || $input.object_lock_retain_until_date.is_some()
                    || $input.object_lock_legal_hold_status.is_some(),
            ),
        ])
    };
}
/// Refuses customer keys on a read.
macro_rules! unsupported_read {
    ($input:expr) => {
        $crate::objects::refuse::members(&[(
            "server-side encryption with customer keys",
            $input.sse_customer_algorithm.is_some() || $input.sse_customer_key.is_some(),
        )])
    };
}
pub(crate) use {unsupported_read, unsupported_write};
