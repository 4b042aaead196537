//! EC2's faults. Its model names none; codes and sentences are those of AWS's reference of error codes.

use kit::Fault;

/// A fault with its code.
pub(crate) fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(code, 400, message.into())
}
/// A parameter that the request lacks.
pub(crate) fn missing(parameter: &str) -> Fault {
    fault("MissingParameter", format!("The request must contain the parameter {parameter}"))
}
/// A value that is none.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    fault("InvalidParameterValue", message)
}
/// A part that isn't done, by name.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} of EC2."))
}
/// `DryRun`: the caller may do it.
pub(crate) fn dry(asked: Option<bool>) -> Result<(), Fault> {
    match asked {
        Some(true) => Err(Fault::new("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set.".to_owned())),
        _ => Ok(()),
    }
}
/// Refuses members that are given and not done.
pub(crate) fn only(members: &[(&str, bool)]) -> Result<(), Fault> {
    members.iter().find(|(_, given)| *given).map_or(Ok(()), |(name, _)| Err(not_implemented(name)))
}
