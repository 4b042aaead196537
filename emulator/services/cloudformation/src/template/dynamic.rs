//! Dynamic references: `{{resolve:secretsmanager:SECRET:SecretString:KEY:STAGE:ID}}` in a text stands for a secret's value, or for a member of
//! its JSON. Here they are found and read; who looks a value up, and when, is not known here. Those of Systems Manager are refused by name.
//!
//! Source: AWS CloudFormation User Guide, "Get a secret or secret value from Secrets Manager".

use super::{At, Located, Problem, located::Data};
use kit::ports::SecretVersion;
use std::collections::BTreeSet;

/// References in one template; AWS's quota.
pub(crate) const MOST: usize = 60;

const OPENS: &str = "{{resolve:";
const CLOSES: &str = "}}";

/// A reference to a secret's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// As it stands in the template, braces and all.
    pub text: String,
    pub secret: SecretVersion,
    /// Member of the secret's JSON; the whole text where there is none.
    pub key: Option<String>,
}

/// Whether a text has references.
pub(crate) fn is_in(text: &str) -> bool {
    text.contains(OPENS)
}

/// The references of a text, in order; the error says which one can't be used, and why.
pub(crate) fn references(text: &str) -> Result<Vec<Reference>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPENS) {
        let Some(length) = rest[start..].find(CLOSES) else {
            return Err(format!("Template error: the dynamic reference {} has no end", &rest[start..]));
        };
        let (whole, after) = rest[start..].split_at(length + CLOSES.len());
        out.push(read(whole)?);
        rest = after;
    }
    Ok(out)
}

fn read(whole: &str) -> Result<Reference, String> {
    let inner = &whole[OPENS.len()..whole.len() - CLOSES.len()];
    let Some(rest) = inner.strip_prefix("secretsmanager:") else {
        return Err(format!("Template error: the dynamic reference {whole} is not supported by windtunnel"));
    };
    let wrong = |why: &str| Err(format!("Template error: the dynamic reference {whole} is not valid: {why}"));
    let parts: Vec<&str> = rest.split(':').collect();
    // An ARN has six colons of its own.
    let named = if parts[0] == "arn" { 7 } else { 1 };
    if parts.len() < named || parts[named - 1].is_empty() {
        return wrong("it names no secret");
    }
    let given = |n: usize| parts.get(named + n).copied().filter(|part| !part.is_empty()).map(str::to_owned);
    if parts.len() > named + 4 {
        return wrong("there is more than secret, SecretString, json key, version stage and version id");
    }
    if given(0).is_some_and(|what| what != "SecretString") {
        return wrong("only SecretString can be referred to");
    }
    if given(2).is_some() && given(3).is_some() {
        return wrong("version stage and version id exclude each other");
    }
    let secret = SecretVersion { secret: parts[..named].join(":"), stage: given(2), id: given(3) };
    Ok(Reference { text: whole.to_owned(), secret, key: given(1) })
}

/// The references of a value, whatever is inside; a problem where one can't be used.
pub(crate) fn inside(value: &Located) -> Result<BTreeSet<Reference>, Problem> {
    let mut out = BTreeSet::new();
    each(value, &mut |text, at| {
        out.extend(references(text).map_err(|why| Problem::at(at, why))?);
        Ok(())
    })?;
    Ok(out)
}

/// Refuses references where nothing looks them up.
pub(crate) fn none(value: &Located, place: &str) -> Result<(), Problem> {
    each(value, &mut |text, at| match references(text).map_err(|why| Problem::at(at, why))?.first() {
        Some(found) => Err(Problem::at(at, format!("Template error: the dynamic reference {} is not resolved in {place}", found.text))),
        None => Ok(()),
    })
}

/// Whether any text of a value has a reference: what it is, only execution knows.
pub(crate) fn any(value: &Located) -> bool {
    each(value, &mut |_, at| Err(Problem::at(at, ""))).is_err()
}

/// Visits the texts that have references.
fn each(value: &Located, visit: &mut impl FnMut(&str, At) -> Result<(), Problem>) -> Result<(), Problem> {
    match &value.data {
        Data::Text(text) if is_in(text) => visit(text, value.at),
        Data::List(items) => items.iter().try_for_each(|item| each(item, visit)),
        Data::Map(entries) => entries.iter().try_for_each(|(_, item)| each(item, visit)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_the_guide_has_them() {
        let read = |text: &str| references(text).map(|mut all| all.remove(0));
        let whole = read("{{resolve:secretsmanager:MySecret}}").unwrap();
        assert_eq!((whole.secret, whole.key), (SecretVersion::current("MySecret"), None));
        let key = read("user={{resolve:secretsmanager:MySecret:SecretString:password}};").unwrap();
        assert_eq!(
            (key.text.as_str(), key.key.as_deref()),
            ("{{resolve:secretsmanager:MySecret:SecretString:password}}", Some("password"))
        );
        let stage = read("{{resolve:secretsmanager:MySecret:SecretString:password:AWSPREVIOUS}}").unwrap();
        assert_eq!(stage.secret.stage.as_deref(), Some("AWSPREVIOUS"));
        let arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:MySecret-a1b2c3";
        let id = read(&format!("{{{{resolve:secretsmanager:{arn}:SecretString:::v1}}}}")).unwrap();
        assert_eq!((id.secret.secret.as_str(), id.secret.id.as_deref(), id.key), (arn, Some("v1"), None));
        assert_eq!(references("{{resolve:secretsmanager:a}}{{resolve:secretsmanager:b}}").unwrap().len(), 2);
        assert!(references("{{not:this}}").unwrap().is_empty());
        for bad in [
            "{{resolve:ssm:x}}",
            "{{resolve:ssm-secure:x:1}}",
            "{{resolve:secretsmanager:}}",
            "{{resolve:secretsmanager:arn:aws:secretsmanager}}",
            "{{resolve:secretsmanager:s:SecretBinary}}",
            "{{resolve:secretsmanager:s:SecretString:k:AWSCURRENT:v1}}",
            "{{resolve:secretsmanager:s:SecretString:k:::x}}",
            "{{resolve:secretsmanager:s",
        ] {
            assert!(references(bad).is_err(), "{bad}");
        }
    }
}
