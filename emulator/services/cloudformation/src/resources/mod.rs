//! AWS's resource types, one small handler each: properties to calls of the services' own APIs, through the Directory.
//!
//! A type says which properties it passes on; everything else is refused before anything is made, so that no property is dropped in
//! silence. Handlers act as whoever deploys: IAM decides about every call.

mod apigateway;
mod apigateway_methods;
mod apigateway_parts;
mod apigateway_plans;
mod apigatewayv2;
mod athena;
mod autoscaling;
mod cloudformation;
mod cloudwatch;
mod cognito;
mod cognito_identity;
mod cognito_parts;
mod ec2;
mod events;
mod glue;
mod glue_crawlers;
mod iam;
mod iam_attachments;
mod inline_code;
mod job;
mod kms;
mod lambda;
mod lambda_layers;
mod lambda_parts;
mod logs;
mod logs_filters;
mod msk;
mod s3;
mod s3_listed;
mod s3_shapes;
mod scheduler;
mod secretsmanager;
mod sns;
mod sqs;
pub(crate) mod support;
mod wafv2;

pub(crate) use job::{Job, Made, is_gone, is_there};

use crate::schemas::{self, facts};
use async_trait::async_trait;
use kit::Fault;

/// A resource type that windtunnel makes.
pub(crate) struct Kind {
    /// `AWS::SQS::Queue`
    pub name: &'static str,
    /// Service and operation that make it; the cloud must have them.
    pub made_by: Option<(&'static str, &'static str)>,
    /// Properties that are passed on: a name takes everything below it, a dotted name only what it names. Lists count as their items.
    pub properties: &'static [&'static str],
    /// Attributes for Fn::GetAtt, dotted.
    pub attributes: &'static [&'static str],
    /// The work.
    pub handler: &'static dyn Handler,
}

/// Makes, changes and deletes resources of one type.
#[async_trait]
pub(crate) trait Handler: Send + Sync {
    /// Makes the resource.
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault>;
    /// Brings an existing resource from `job.before` to `job.after`. Changes that need a new resource never come here.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault>;
    /// Deletes the resource. One that is gone already counts as deleted.
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault>;
}

/// All types.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    [
        apigateway::KINDS,
        apigateway_methods::KINDS,
        apigateway_parts::KINDS,
        apigateway_plans::KINDS,
        apigatewayv2::KINDS,
        athena::KINDS,
        autoscaling::KINDS,
        cloudformation::KINDS,
        cloudwatch::KINDS,
        cognito::KINDS,
        cognito_identity::KINDS,
        cognito_parts::KINDS,
        ec2::KINDS,
        events::KINDS,
        glue::KINDS,
        glue_crawlers::KINDS,
        iam::KINDS,
        iam_attachments::KINDS,
        kms::KINDS,
        lambda::KINDS,
        lambda_layers::KINDS,
        lambda_parts::KINDS,
        logs::KINDS,
        logs_filters::KINDS,
        msk::KINDS,
        s3::KINDS,
        scheduler::KINDS,
        secretsmanager::KINDS,
        sns::KINDS,
        sqs::KINDS,
        wafv2::KINDS,
    ]
    .into_iter()
    .flatten()
}

/// A type by name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// Whether Fn::GetAtt may name an attribute of a type; the sentence of the refusal has `{id}` for the logical id.
pub(crate) fn attribute_exists(kind: &str, attribute: &str) -> Result<(), String> {
    let Some(found) = find(kind) else { return Ok(()) };
    if found.attributes.contains(&attribute) {
        return Ok(());
    }
    let known = schemas::registry().schema(kind).is_some_and(|schema| facts::attributes(schema).iter().any(|a| a == attribute));
    Err(match known {
        true => format!("Template error: attribute {attribute} of resource {{id}} ({kind}) is not supported by windtunnel yet"),
        false => format!("Template error: resource {{id}} does not support attribute type {attribute} in Fn::GetAtt"),
    })
}

/// Types whose creation needs CAPABILITY_IAM, and the property that makes it CAPABILITY_NAMED_IAM.
pub(crate) const IAM_TYPES: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];
