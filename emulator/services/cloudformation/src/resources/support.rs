//! Which properties of a resource are passed on, and whether the cloud has the service that makes it.

use super::Kind;
use crate::{
    schemas::check::Finding,
    template::{Located, located::Data},
};
use kit::Cloud;

/// A finding for every property that the type's handler would not pass on.
pub(crate) fn unsupported(kind: &Kind, properties: &Located) -> Vec<Finding> {
    let mut out = Vec::new();
    walk(kind, properties, "", "#", &mut out);
    out
}

fn walk(kind: &Kind, value: &Located, dotted: &str, path: &str, out: &mut Vec<Finding>) {
    match &value.data {
        Data::Map(entries) => {
            for (name, member) in entries {
                let inner = if dotted.is_empty() { name.clone() } else { format!("{dotted}.{name}") };
                let inner_path = format!("{path}/{name}");
                if kind.properties.contains(&inner.as_str()) {
                    continue;
                }
                if kind.properties.iter().any(|p| p.strip_prefix(inner.as_str()).is_some_and(|rest| rest.starts_with('.'))) {
                    walk(kind, member, &inner, &inner_path, out);
                    continue;
                }
                out.push(Finding {
                    path: inner_path,
                    at: member.at,
                    message: format!("property {inner} of {} is not supported by windtunnel yet", kind.name),
                });
            }
        }
        Data::List(items) => items.iter().enumerate().for_each(|(index, item)| walk(kind, item, dotted, &format!("{path}/{index}"), out)),
        _ => {}
    }
}

/// Why this cloud cannot make a type; `None` when it can.
pub(crate) fn missing(cloud: &Cloud, kind: &Kind) -> Option<String> {
    let (service, operation) = kind.made_by?;
    match cloud.service(service) {
        None => Some(format!("needs the {service} service, which this cloud does not have")),
        Some(found) if !found.schema().operations.iter().any(|o| o.name == operation) => {
            Some(format!("needs {service}:{operation}, which windtunnel does not implement"))
        }
        Some(_) => None,
    }
}
