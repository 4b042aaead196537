//! What may be scaled here, and sentences that operations share.

use crate::model::*;
use kit::Fault;

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Error::Validation.says(message)
}

/// The 501 for a part of an operation.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} in Application Auto Scaling."))
}

pub(crate) fn bad_token() -> Fault {
    Error::InvalidNextToken.says("Invalid NextToken")
}

/// The length of a page.
pub(crate) fn limit(asked: Option<i32>) -> usize {
    asked.map_or(50, |most| most.clamp(1, 50) as usize)
}

/// Refuses the resources of other services by name.
pub(crate) fn namespace(namespace: ServiceNamespace) -> Result<(), Fault> {
    match namespace {
        ServiceNamespace::Lambda => Ok(()),
        other => Err(not_implemented(&format!("scalable targets of {other}"))),
    }
}

/// A version or alias of a function: `function:name:alias`.
pub(crate) fn resource(of: ServiceNamespace, dimension: Option<ScalableDimension>, resource: &str) -> Result<(), Fault> {
    namespace(of)?;
    if dimension.is_some_and(|dimension| dimension.as_str() != "lambda:function:ProvisionedConcurrency") {
        return Err(invalid("Unsupported service namespace, resource type or scalable dimension"));
    }
    let parts: Vec<&str> = resource.split(':').collect();
    match parts[..] {
        ["function", name, qualifier] if !name.is_empty() && !qualifier.is_empty() && qualifier != "$LATEST" => Ok(()),
        _ => Err(invalid(format!("Unsupported resource ID: {resource} (function:name:alias or function:name:version is needed)"))),
    }
}
