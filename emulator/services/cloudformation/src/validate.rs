//! Everything that is refused before anything is made: types, properties, and what this build does not pass on.

use crate::{
    resources::{self, support},
    schemas::{check::Finding, registry},
    side::Side,
    template::{At, Problem, Template, dynamic, evaluate::World, invalid},
};
use kit::{Cloud, Fault};

/// Complaints that are told at once; more would hide the first.
const MOST_FINDINGS: usize = 20;

/// Refuses types that AWS does not have, and types that this cloud cannot make, whether or not their conditions hold.
pub(crate) fn types(cloud: &Cloud, template: &Template) -> Result<(), Fault> {
    let mut unrecognized: Vec<(&str, At)> = Vec::new();
    let mut unsupported = Vec::new();
    for resource in &template.resources {
        let kind = resource.kind.as_str();
        match resources::find(kind) {
            Some(found) => {
                if let Some(why) = support::missing(cloud, found) {
                    unsupported.push(format!("resource {} of type {kind} {why} ({})", resource.logical_id, resource.kind_at));
                }
            }
            None if registry().exists(kind) || kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" => {
                unsupported.push(format!(
                    "resource {} has type {kind}, which windtunnel does not support yet ({})",
                    resource.logical_id, resource.kind_at
                ));
            }
            None if !unrecognized.iter().any(|(k, _)| *k == kind) => unrecognized.push((kind, resource.kind_at)),
            None => {}
        }
    }
    if !unrecognized.is_empty() {
        let names: Vec<&str> = unrecognized.iter().map(|(kind, _)| *kind).collect();
        let message = format!("Template format error: Unrecognized resource types: [{}]", names.join(", "));
        return Err(Problem::at(unrecognized[0].1, message).into());
    }
    match unsupported.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!("Template validation error: {}", joined(unsupported)))),
    }
}

/// Refuses properties that do not fit their schema or would not be passed on, as far as they are known before anything is made.
pub(crate) fn properties(side: &Side, world: &dyn World) -> Result<(), Fault> {
    let mut complaints = Vec::new();
    let mut references = 0;
    for resource in side.order() {
        let (properties, mut findings) = side.properties(resource, world)?;
        references += dynamic::inside(&properties)?.len();
        if references > dynamic::MOST {
            return Err(invalid(format!("Template error: a template can have at most {} dynamic references", dynamic::MOST)));
        }
        // A property that AWS does not know is no property that windtunnel lacks.
        if let Some(kind) = resources::find(&resource.kind) {
            let extra: Vec<Finding> =
                support::unsupported(kind, &properties).into_iter().filter(|f| !findings.iter().any(|other| other.at == f.at)).collect();
            findings.extend(extra);
        }
        if !findings.is_empty() {
            let list: Vec<String> = findings.iter().map(Finding::sentence).collect();
            complaints.push(format!("Properties validation failed for resource {} with message: [{}]", resource.logical_id, joined(list)));
        }
    }
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(invalid(joined(complaints))),
    }
}

fn joined(mut list: Vec<String>) -> String {
    let more = list.len().saturating_sub(MOST_FINDINGS);
    list.truncate(MOST_FINDINGS);
    match more {
        0 => list.join("; "),
        more => format!("{}; and {more} more", list.join("; ")),
    }
}
