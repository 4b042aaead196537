//! Templates: text to expressions with places, parameters, conditions, and the order that references make.
//!
//! Knows the template language and nothing of stacks, services or the registry.

pub(crate) mod dynamic;
pub(crate) mod evaluate;
pub(crate) mod expr;
pub(crate) mod graph;
pub(crate) mod located;
pub(crate) mod parameters;
pub(crate) mod problem;
mod read;
mod subnets;
#[cfg(test)]
mod tests;

pub(crate) use expr::Expr;
pub(crate) use located::{At, Located};
pub(crate) use problem::{Problem, invalid};
pub(crate) use read::parse;

use std::collections::BTreeMap;

/// A template as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pub version: Option<String>,
    pub description: Option<String>,
    /// The Metadata section as JSON.
    pub metadata: Option<serde_json::Value>,
    /// Transforms that are declared; only AWS::LanguageExtensions is read.
    pub transforms: Vec<String>,
    pub parameters: Vec<parameters::Declaration>,
    /// Map, first key, second key.
    pub mappings: BTreeMap<String, BTreeMap<String, BTreeMap<String, Located>>>,
    pub conditions: Vec<(String, Expr)>,
    pub resources: Vec<Resource>,
    pub outputs: Vec<Output>,
}

/// A member of Resources.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub logical_id: String,
    pub at: At,
    pub kind: String,
    pub kind_at: At,
    pub properties: Option<Expr>,
    pub condition: Option<String>,
    pub depends_on: Vec<String>,
    pub deletion_policy: Policy,
    pub update_replace_policy: Policy,
    pub metadata: Option<Expr>,
    pub description: Option<String>,
}

/// What becomes of a resource that leaves the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Policy {
    #[default]
    Delete,
    Retain,
    /// Kept, unless its creation is rolled back.
    RetainExceptOnCreate,
}

/// A member of Outputs.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub name: String,
    pub description: Option<String>,
    pub value: Expr,
    pub export: Option<Expr>,
    pub condition: Option<String>,
}

impl Template {
    pub(crate) fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.iter().find(|r| r.logical_id == logical_id)
    }
    pub(crate) fn parameter(&self, name: &str) -> Option<&parameters::Declaration> {
        self.parameters.iter().find(|p| p.name == name)
    }
}
