//! Universal targets: `arn:aws:scheduler:::aws-sdk:sqs:sendMessage` is an operation of AWS's API by the names of its SDKs.

use base64::Engine;
use kit::Arn;
use serde_json::Value;

/// An operation that a schedule calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Universal {
    /// As this cloud names it.
    pub service: &'static str,
    /// As the model names it: `SendMessage`.
    pub operation: String,
}

/// Services by the SDK's name and by ours, where universal targets may call them.
const SERVICES: &[(&str, &str)] = &[
    ("apigateway", "apigateway"),
    ("athena", "athena"),
    ("cloudformation", "cloudformation"),
    ("cloudwatch", "monitoring"),
    ("cloudwatchlogs", "logs"),
    ("cognitoidentityprovider", "cognito-idp"),
    ("eventbridge", "events"),
    ("glue", "glue"),
    ("iam", "iam"),
    ("kms", "kms"),
    ("lambda", "lambda"),
    ("s3", "s3"),
    ("scheduler", "scheduler"),
    ("sns", "sns"),
    ("sqs", "sqs"),
    ("sts", "sts"),
];

/// What reading operations begin with; universal targets don't call them (AWS's list).
const READING: &[&str] = &[
    "get",
    "describe",
    "list",
    "poll",
    "receive",
    "search",
    "scan",
    "query",
    "select",
    "read",
    "lookup",
    "discover",
    "validate",
    "batchGet",
    "batchDescribe",
    "batchRead",
    "transactGet",
    "adminGet",
    "adminList",
    "testMigration",
    "retrieve",
    "testConnection",
    "translateDocument",
    "isAuthorized",
    "invokeModel",
];

impl Universal {
    /// From a target's ARN; `None` for one that is no universal target of a known service.
    pub fn read(arn: &str) -> Option<Universal> {
        let arn = Arn::parse(arn).filter(|arn| arn.service == "scheduler" && arn.region.is_empty() && arn.account.is_empty())?;
        let (service, operation) = arn.after("aws-sdk:")?.split_once(':')?;
        let (_, service) = SERVICES.iter().find(|(sdk, _)| *sdk == service)?;
        let mut chars = operation.chars();
        let first = chars.next().filter(char::is_ascii_lowercase)?;
        Some(Universal { service, operation: first.to_ascii_uppercase().to_string() + chars.as_str() })
    }

    /// Whether the operation only reads.
    pub fn reads(&self) -> bool {
        let mut chars = self.operation.chars();
        let camel = chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str());
        READING.iter().any(|prefix| camel.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase())))
    }

    /// The input for the Directory, where bytes are base64: a function's payload is given as its text.
    pub fn input(&self, mut input: Value) -> Value {
        if (self.service, self.operation.as_str()) == ("lambda", "Invoke")
            && let Some(payload) = input.get_mut("Payload")
        {
            let text = match payload.as_str() {
                Some(text) => text.to_owned(),
                None => payload.to_string(),
            };
            *payload = base64::engine::general_purpose::STANDARD.encode(text).into();
        }
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_operations() {
        let send = Universal::read("arn:aws:scheduler:::aws-sdk:sqs:sendMessage").unwrap();
        assert_eq!((send.service, send.operation.as_str(), send.reads()), ("sqs", "SendMessage", false));
        let logs = Universal::read("arn:aws:scheduler:::aws-sdk:cloudwatchlogs:deleteLogGroup").unwrap();
        assert_eq!(logs.service, "logs");
        assert!(Universal::read("arn:aws:scheduler:::aws-sdk:sqs:receiveMessage").unwrap().reads());
        assert!(Universal::read("arn:aws:scheduler:::aws-sdk:s3:listObjectsV2").unwrap().reads());
        for bad in [
            "arn:aws:scheduler:::aws-sdk:sqs:SendMessage",
            "arn:aws:scheduler:::aws-sdk:nothing:run",
            "arn:aws:scheduler:::sqs:sendMessage",
            "arn:aws:scheduler:us-east-1::aws-sdk:sqs:sendMessage",
            "arn:aws:sqs:::aws-sdk:sqs:sendMessage",
        ] {
            assert_eq!(Universal::read(bad), None, "{bad}");
        }
    }
}
