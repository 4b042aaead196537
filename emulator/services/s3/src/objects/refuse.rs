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
