//! What is kept: targets, their policies and scheduled actions.

use crate::model::*;
use kit::{Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// Targets by resource.
pub(crate) const TARGETS: Table<String, Target> = Table::new("application-autoscaling.targets", TableScope::Region);
/// Policies by resource and name.
pub(crate) const POLICIES: Table<(String, String), Policy> = Table::new("application-autoscaling.policies", TableScope::Region);

/// A scalable target: the provisioned concurrency of a version or alias.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Target {
    /// `function:name:alias`
    pub resource: String,
    pub id: String,
    pub min: i32,
    pub max: i32,
    pub role: Option<String>,
    pub created: Timestamp,
    /// Dynamic scaling in and out, and scheduled scaling, are suspended.
    pub suspended: (bool, bool, bool),
}

/// A policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Policy {
    pub id: String,
    #[serde(with = "wire::kept")]
    pub put: PutScalingPolicyInput,
    /// Names of its alarms.
    pub alarms: Vec<String>,
    pub created: Timestamp,
    /// When it last scaled out, and from what capacity.
    pub out: Option<(Timestamp, u32)>,
    /// When it last scaled in.
    pub inward: Option<Timestamp>,
}

impl Target {
    pub fn arn(&self, scope: &Scope) -> String {
        format!("arn:aws:application-autoscaling:{}:{}:scalable-target/{}", scope.region, scope.account, self.id)
    }
}

impl Policy {
    pub fn arn(&self, scope: &Scope) -> String {
        let (resource, name) = (&self.put.resource_id, &self.put.policy_name);
        let (region, account) = (&scope.region, &scope.account);
        format!("arn:aws:autoscaling:{region}:{account}:scalingPolicy:{}:resource/lambda/{resource}:policyName/{name}", self.id)
    }
    pub fn key(&self) -> (String, String) {
        (self.put.resource_id.clone(), self.put.policy_name.clone())
    }
}

/// The qualified ARN of a resource (`function:name:alias`).
pub(crate) fn function_arn(scope: &Scope, resource: &str) -> String {
    format!("arn:aws:lambda:{}:{}:{resource}", scope.region, scope.account)
}

/// A target, or AWS's fault.
pub(crate) fn target(read: &impl Read, scope: &Scope, resource: &str) -> Result<Target, Fault> {
    read.get(&TARGETS, scope, &resource.to_owned())?.ok_or_else(|| {
        Error::ObjectNotFound.says(format!(
            "No scalable target found for service namespace: lambda, resource ID: {resource}, scalable dimension: \
             lambda:function:ProvisionedConcurrency"
        ))
    })
}

/// The policies of a resource.
pub(crate) fn policies(read: &impl Read, scope: &Scope, resource: &str) -> Result<Vec<Policy>, Fault> {
    read.scan(&POLICIES, scope).prefix(&(resource,)).map(|row| row.map(|(_, policy)| policy)).collect()
}
