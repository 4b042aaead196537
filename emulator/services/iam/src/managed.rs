//! AWS's own managed policies that serverless templates commonly use, as AWS publishes them (`managed.json`). Others are refused by
//! name: a policy of unknown content must not be attached as if it allowed nothing.

use crate::model::{Error, Policy};
use kit::{Fault, Timestamp, time};
use std::{collections::BTreeMap, sync::OnceLock};

struct AwsPolicy {
    version: String,
    created: Option<Timestamp>,
    document: String,
}

fn known() -> &'static BTreeMap<String, AwsPolicy> {
    static KNOWN: OnceLock<BTreeMap<String, AwsPolicy>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let rows: Vec<serde_json::Value> = serde_json::from_str(include_str!("managed.json")).expect("a committed file that a test reads");
        let read = |row: &serde_json::Value| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let policy =
                AwsPolicy { version: text("version"), created: time::parse_iso(&text("created")), document: row["document"].to_string() };
            (text("arn"), policy)
        };
        rows.iter().map(read).collect()
    })
}

/// The document of one of AWS's policies.
pub(crate) fn document(arn: &str) -> Option<&'static str> {
    known().get(arn).map(|p| p.document.as_str())
}

/// One of AWS's policies as GetPolicy answers it.
pub(crate) fn shown(arn: &str) -> Option<Policy> {
    let policy = known().get(arn)?;
    let (_, path_and_name) = arn.split_once(":policy")?;
    let (path, name) = path_and_name.rsplit_once('/')?;
    Some(Policy {
        policy_name: Some(name.to_owned()),
        policy_id: Some(format!(
            "ANPA{:0<17}",
            name.to_ascii_uppercase().chars().filter(char::is_ascii_alphanumeric).take(17).collect::<String>()
        )),
        arn: Some(arn.to_owned()),
        path: Some(format!("{path}/")),
        default_version_id: Some(policy.version.clone()),
        is_attachable: Some(true),
        create_date: policy.created,
        update_date: policy.created,
        ..Policy::default()
    })
}

/// All of them, for ListPolicies.
pub(crate) fn all() -> Vec<Policy> {
    known().keys().filter_map(|arn| shown(arn)).collect()
}

/// The fault for a policy that is neither the account's nor among these.
pub(crate) fn unknown(arn: &str) -> Fault {
    let mut message = format!("Policy {arn} does not exist or is not attachable.");
    if arn.starts_with("arn:aws:iam::aws:") {
        message += " (windtunnel knows the AWS managed policies that `aws iam list-policies --scope AWS` lists.)";
    }
    Error::NoSuchEntity.says(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_policy_is_one_that_the_evaluator_takes() {
        for (arn, policy) in known() {
            let rules = kit::policy::Rules::managed();
            let parsed = kit::policy::Document::parse_with(&policy.document, kit::policy::DocumentKind::Identity, &rules);
            assert!(parsed.is_ok(), "{arn}: {parsed:?}");
            assert!(shown(arn).is_some(), "{arn}");
        }
        assert!(document("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").is_some());
    }
}
