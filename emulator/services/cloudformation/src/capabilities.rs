//! What a caller must acknowledge before a template may make identities.

use crate::{
    Error,
    resources::IAM_TYPES,
    template::{Expr, Template, expr::Kind},
};
use kit::Fault;

/// The capability that a template needs for its IAM resources, and the types that ask for it.
pub(crate) fn needed(template: &Template) -> Option<(&'static str, Vec<String>)> {
    let mut kinds: Vec<String> = Vec::new();
    let mut named = false;
    for resource in &template.resources {
        let Some((_, name)) = IAM_TYPES.iter().find(|(kind, _)| *kind == resource.kind) else { continue };
        if !kinds.contains(&resource.kind) {
            kinds.push(resource.kind.clone());
        }
        named |= name.is_some_and(|name| has(resource.properties.as_ref(), name));
    }
    let capability = if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    (!kinds.is_empty()).then_some((capability, kinds))
}

/// AWS's reason beside the capabilities.
pub(crate) fn reason(kinds: &[String]) -> String {
    format!("The following resource(s) require capabilities: [{}]", kinds.join(", "))
}

/// Refuses what was not acknowledged.
pub(crate) fn check(template: &Template, given: &[String]) -> Result<(), Fault> {
    let refuse = |needed: &str| Error::InsufficientCapabilities.says(format!("Requires capabilities : [{needed}]"));
    if !template.transforms.is_empty() && !given.iter().any(|c| c == "CAPABILITY_AUTO_EXPAND") {
        return Err(refuse("CAPABILITY_AUTO_EXPAND"));
    }
    match needed(template) {
        Some(("CAPABILITY_IAM", _)) if given.iter().any(|c| c == "CAPABILITY_IAM" || c == "CAPABILITY_NAMED_IAM") => Ok(()),
        Some((capability, _)) if !given.iter().any(|c| c == capability) => Err(refuse(capability)),
        _ => Ok(()),
    }
}

fn has(properties: Option<&Expr>, name: &str) -> bool {
    match properties.map(|p| &p.kind) {
        Some(Kind::Map(entries)) => entries.iter().any(|(key, _)| key == name),
        _ => false,
    }
}
