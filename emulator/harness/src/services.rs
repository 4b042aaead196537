//! The services of a cloud: each a cargo feature, so that a test suite compiles only what it uses.

use kit::Service;
use std::sync::Arc;

/// Every service of this build, fresh.
pub fn all() -> Vec<Arc<dyn Service>> {
    vec![
        #[cfg(feature = "iam")]
        Arc::new(iam::Iam::new()),
        #[cfg(feature = "sts")]
        Arc::new(sts::Sts::new()),
        #[cfg(feature = "s3")]
        Arc::new(s3::S3::new()),
        #[cfg(feature = "sqs")]
        Arc::new(sqs::Sqs::new()),
        #[cfg(feature = "kms")]
        Arc::new(kms::Kms::new()),
        #[cfg(feature = "sns")]
        Arc::new(sns::Sns::new()),
        #[cfg(feature = "logs")]
        Arc::new(logs::Logs::new()),
        #[cfg(feature = "lambda")]
        Arc::new(lambda::Lambda::new()),
        #[cfg(feature = "cognito-idp")]
        Arc::new(cognito_idp::CognitoIdp::new()),
        #[cfg(feature = "cognito-identity")]
        Arc::new(cognito_identity::CognitoIdentity::new()),
        // Before REST APIs: their door takes every address of an API's form.
        #[cfg(feature = "apigatewayv2")]
        Arc::new(apigatewayv2::ApiGatewayV2::new()),
        #[cfg(feature = "apigateway")]
        Arc::new(apigateway::ApiGateway::new()),
        #[cfg(feature = "glue")]
        Arc::new(glue::Glue::new()),
        #[cfg(feature = "athena")]
        Arc::new(athena::Athena::new()),
        #[cfg(feature = "events")]
        Arc::new(events::EventBridge::new()),
        #[cfg(feature = "scheduler")]
        Arc::new(scheduler::Scheduler::new()),
        #[cfg(feature = "secretsmanager")]
        Arc::new(secretsmanager::SecretsManager::new()),
        #[cfg(feature = "ec2")]
        Arc::new(ec2::Ec2::new()),
        #[cfg(feature = "cloudwatch")]
        Arc::new(cloudwatch::CloudWatch::new()),
        #[cfg(feature = "application-autoscaling")]
        Arc::new(application_autoscaling::ApplicationAutoScaling::new()),
        #[cfg(feature = "wafv2")]
        Arc::new(wafv2::Wafv2::new()),
        #[cfg(feature = "kafka")]
        Arc::new(kafka::Kafka::new()),
        #[cfg(feature = "cloudformation")]
        Arc::new(cloudformation::CloudFormation::new()),
    ]
}

/// One operation with its truth label.
#[derive(Clone, Debug, serde::Serialize, PartialEq)]
pub struct Truth {
    /// Service as AWS's tools name it.
    pub service: &'static str,
    /// Operation.
    pub operation: &'static str,
    /// `executed`, `kept` or `refused`.
    pub label: &'static str,
}

/// Every operation that AWS has of the services of this build, with what becomes of it here. Read from the code, so it is true.
pub fn truth() -> Vec<Truth> {
    let mut rows = Vec::new();
    for service in all() {
        let schema = service.schema();
        for (operation, label) in schema.operations.iter().zip(service.labels()) {
            let label = match label {
                kit::Label::Executed => "executed",
                kit::Label::Kept => "kept",
            };
            rows.push(Truth { service: schema.name, operation: operation.name, label });
        }
        rows.extend(schema.refused.iter().map(|r| Truth { service: schema.name, operation: r.name, label: "refused" }));
    }
    rows
}
