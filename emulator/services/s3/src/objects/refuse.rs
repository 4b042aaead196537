//! Members of requests on objects whose values AWS refuses.

use crate::classes;
use kit::Fault;

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
