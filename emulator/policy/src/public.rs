//! AWS's meaning of "public": a policy is public unless every statement that allows something names fixed values only, be it as principals or in
//! a condition that narrows who may come.
//!
//! From "The meaning of public" in S3's documentation: a fixed value has no wildcard and no policy variable; networks as wide as /7 (IPv4) or
//! /31 (IPv6) are public.

use serde_json::Value;
use std::net::IpAddr;

/// Condition keys whose fixed values make a statement non-public.
const NARROWING: &[&str] = &[
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcevpcarn",
    "aws:vpcsourceip",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];
/// Operators that a request must satisfy, rather than escape.
const FIXING: &[&str] = &["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];

/// Whether a resource's policy opens anything to everybody; `false` for what is no policy.
pub fn is_public(policy: &str) -> bool {
    let Ok(json) = serde_json::from_str::<Value>(policy) else { return false };
    match &json["Statement"] {
        Value::Array(list) => list.iter().any(opens),
        one => opens(one),
    }
}

/// The texts of a value that is one or a list of them: principals, actions, resources and values of conditions are written so.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(|one| one.as_str());
    value.as_str().into_iter().chain(many)
}

fn opens(statement: &Value) -> bool {
    let everyone = texts(&statement["Principal"]).chain(texts(&statement["Principal"]["AWS"])).any(|principal| principal.contains('*'));
    // Whoever is not named there is everybody else.
    let everyone = everyone || statement.get("NotPrincipal").is_some();
    statement["Effect"] == "Allow" && everyone && !narrowed(&statement["Condition"])
}

fn narrowed(condition: &Value) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    let mut pairs =
        operators.flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values)));
    pairs.any(|(operator, key, values)| {
        let (operator, key) = (operator.to_ascii_lowercase(), key.to_ascii_lowercase());
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        let mut values = texts(values).peekable();
        let given = values.peek().is_some();
        given
            && match (operator, &*key) {
                ("ipaddress", "aws:sourceip") => values.all(is_narrow_network),
                // The name of an access point may be anything as long as its account is fixed.
                (operator, "s3:dataaccesspointarn") if FIXING.contains(&operator) => values.all(has_fixed_account),
                (operator, key) => FIXING.contains(&operator) && NARROWING.contains(&key) && values.all(|value| is_fixed(key, value)),
            }
    })
}

fn is_fixed(key: &str, value: &str) -> bool {
    // `AROLEID:*` names the sessions of one role.
    let value = if key == "aws:userid" { value.strip_suffix(":*").unwrap_or(value) } else { value };
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

fn has_fixed_account(arn: &str) -> bool {
    let account = arn.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).unwrap_or_default();
    account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
}

fn is_narrow_network(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (text, Some(128)),
    };
    match (address.parse::<IpAddr>(), bits) {
        (Ok(IpAddr::V4(_)), Some(bits)) => bits >= 8,
        (Ok(IpAddr::V6(_)), Some(bits)) => bits >= 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"{condition}}}]}}"#
        )
    }
    fn narrowed_by(condition: &str) -> bool {
        !is_public(&policy("\"*\"", &format!(r#","Condition":{condition}"#)))
    }

    #[test]
    fn public_is_what_names_nobody() {
        assert!(is_public(&policy("\"*\"", "")));
        assert!(is_public(&policy(r#"{"AWS":["*"]}"#, "")));
        assert!(!is_public(&policy(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, "")));
        assert!(!is_public(&policy(r#"{"Service":"cloudfront.amazonaws.com"}"#, "")));
        assert!(!is_public(&policy("\"*\"", "").replace("Allow", "Deny")));
    }

    #[test]
    fn conditions_narrow_with_fixed_values_only() {
        assert!(narrowed_by(r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#));
        assert!(narrowed_by(r#"{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}"#));
        assert!(narrowed_by(r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:123456789012:accesspoint/*"}}"#));
        assert!(!narrowed_by(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#));
        assert!(!narrowed_by(r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}"#));
        assert!(!narrowed_by(r#"{"StringEquals":{"aws:SourceVpc":["vpc-1","${aws:username}"]}}"#));
        assert!(!narrowed_by(r#"{"StringEquals":{"aws:UserAgent":"curl"}}"#));
        assert!(!narrowed_by(r#"{"StringEquals":{"aws:SourceVpc":[]}}"#));
    }

    #[test]
    fn wide_networks_are_everybody() {
        assert!(!narrowed_by(r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#));
        assert!(!narrowed_by(r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/1"]}}"#));
        assert!(narrowed_by(r#"{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}"#));
        assert!(!narrowed_by(r#"{"IpAddress":{"aws:SourceIp":"2001::/16"}}"#));
        assert!(!narrowed_by(r#"{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#));
    }
}
