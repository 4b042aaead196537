//! AWS WAFv2. Templates name a few things otherwise than the API does; [`api`] makes one out of the other.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::WAFv2::WebACL",
        made_by: Some(("wafv2", "CreateWebACL")),
        properties: &[
            "AssociationConfig",
            "CaptchaConfig",
            "ChallengeConfig",
            "CustomResponseBodies",
            "DefaultAction",
            "Description",
            "Name",
            "Rules",
            "Scope",
            "Tags",
            "TokenDomains",
            "VisibilityConfig",
        ],
        attributes: &["Arn", "Capacity", "Id", "LabelNamespace"],
        handler: &Part { noun: "WebACL", plural: "WebACLs", given: ACL },
    },
    Kind {
        name: "AWS::WAFv2::RuleGroup",
        made_by: Some(("wafv2", "CreateRuleGroup")),
        properties: &["Capacity", "CustomResponseBodies", "Description", "Name", "Rules", "Scope", "Tags", "VisibilityConfig"],
        attributes: &["Arn", "Id", "LabelNamespace"],
        handler: &Part { noun: "RuleGroup", plural: "RuleGroups", given: GROUP },
    },
    Kind {
        name: "AWS::WAFv2::IPSet",
        made_by: Some(("wafv2", "CreateIPSet")),
        properties: &["Addresses", "Description", "IPAddressVersion", "Name", "Scope", "Tags"],
        attributes: &["Arn", "Id"],
        handler: &Part { noun: "IPSet", plural: "IPSets", given: &["Addresses", "Description", "IPAddressVersion"] },
    },
    Kind {
        name: "AWS::WAFv2::RegexPatternSet",
        made_by: Some(("wafv2", "CreateRegexPatternSet")),
        properties: &["Description", "Name", "RegularExpressionList", "Scope", "Tags"],
        attributes: &["Arn", "Id"],
        handler: &Part { noun: "RegexPatternSet", plural: "RegexPatternSets", given: &["Description", "RegularExpressionList"] },
    },
    Kind {
        name: "AWS::WAFv2::WebACLAssociation",
        made_by: Some(("wafv2", "AssociateWebACL")),
        properties: &["ResourceArn", "WebACLArn"],
        attributes: &[],
        handler: &Association,
    },
    Kind {
        name: "AWS::WAFv2::LoggingConfiguration",
        made_by: Some(("wafv2", "PutLoggingConfiguration")),
        properties: &["LogDestinationConfigs", "LoggingFilter", "RedactedFields", "ResourceArn"],
        attributes: &["ManagedByFirewallManager"],
        handler: &Logging,
    },
];

const ACL: &[&str] = &[
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DefaultAction",
    "Description",
    "Rules",
    "TokenDomains",
    "VisibilityConfig",
];
const GROUP: &[&str] = &["Capacity", "CustomResponseBodies", "Description", "Rules", "VisibilityConfig"];
/// What can't be changed once a thing is made.
const FIXED: &[&str] = &["Capacity", "IPAddressVersion"];

/// A property as the API takes it: references are by `ARN`, blobs in base64, patterns in structures.
fn api(value: &Json) -> Json {
    match value {
        Json::Object(members) => Json::Object(members.iter().map(|(name, member)| named(name, member)).collect()),
        Json::Array(items) => items.iter().map(api).collect(),
        other => other.clone(),
    }
}

fn named(name: &str, value: &Json) -> (String, Json) {
    let text = || value.as_str().unwrap_or_default();
    match name {
        "SearchString" => (name.to_owned(), STANDARD.encode(text()).into()),
        "SearchStringBase64" => ("SearchString".to_owned(), value.clone()),
        "RegularExpressionList" => {
            let patterns = value.as_array().into_iter().flatten();
            (name.to_owned(), patterns.map(|p| if p.is_string() { json!({ "RegexString": p }) } else { p.clone() }).collect())
        }
        "IPSetReferenceStatement" | "RegexPatternSetReferenceStatement" | "RuleGroupReferenceStatement" => {
            let mut statement = api(value);
            if let Some(members) = statement.as_object_mut()
                && let Some(arn) = members.remove("Arn")
            {
                members.insert("ARN".to_owned(), arn);
            }
            (name.to_owned(), statement)
        }
        // The registry lets these stand as text too.
        "All" | "Method" | "QueryString" | "UriPath" | "AllQueryArguments" if value.is_string() => (name.to_owned(), json!({})),
        // A body's content is text, whatever it looks like.
        "Content" => (name.to_owned(), value.clone()),
        _ => (name.to_owned(), api(value)),
    }
}

fn given(job: &Job<'_>, names: &[&str]) -> Map<String, Json> {
    job.take(names).iter().map(|(name, value)| named(name, value)).collect()
}

/// Web ACLs, rule groups and sets: each is made, changed and deleted under a name, an id and a lock token.
struct Part {
    noun: &'static str,
    plural: &'static str,
    given: &'static [&'static str],
}

impl Part {
    /// `name|id|scope`, which is what Ref gives.
    fn named(physical: &str) -> Json {
        let mut parts = physical.split('|');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        json!({ "Name": part(), "Id": part(), "Scope": part() })
    }

    async fn made(&self, job: &Job<'_>, physical: &str) -> Result<Made, Fault> {
        let answer = job.call("wafv2", &format!("Get{}", self.noun), Self::named(physical)).await?;
        let found = &answer[self.noun];
        let mut made = Made::new(physical).with("Arn", found["ARN"].clone()).with("Id", found["Id"].clone());
        for name in ["Capacity", "LabelNamespace"] {
            if !found[name].is_null() {
                made = made.with(name, found[name].clone());
            }
        }
        Ok(made)
    }

    async fn lock(&self, job: &Job<'_>) -> Result<Json, Fault> {
        let answer = job.call("wafv2", &format!("Get{}", self.noun), Self::named(job.physical())).await?;
        Ok(answer["LockToken"].clone())
    }
}

#[async_trait]
impl Handler for Part {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 128);
        let scope = job.text("Scope");
        let mut input = given(job, self.given);
        input.insert("Name".into(), name.clone().into());
        input.insert("Scope".into(), scope.into());
        input.insert("Tags".into(), job.tag_list("Tags"));
        let summary = match job.call_made("wafv2", &format!("Create{}", self.noun), Json::Object(input)).await? {
            Some(answer) => answer["Summary"].clone(),
            None => {
                let listed = job.call("wafv2", &format!("List{}", self.plural), json!({ "Scope": scope })).await?;
                listed[self.plural].as_array().and_then(|all| all.iter().find(|s| s["Name"] == name)).cloned().unwrap_or_default()
            }
        };
        let id = summary["Id"].as_str().unwrap_or_default();
        self.made(job, &format!("{name}|{id}|{scope}")).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = given(job, self.given);
        input.retain(|name, _| !FIXED.contains(&name.as_str()));
        if let Json::Object(named) = Self::named(job.physical()) {
            input.extend(named);
        }
        input.insert("LockToken".into(), self.lock(job).await?);
        job.call("wafv2", &format!("Update{}", self.noun), Json::Object(input)).await?;
        let made = self.made(job, job.physical()).await?;
        let arn = &made.attributes["Arn"];
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("wafv2", "UntagResource", json!({ "ResourceARN": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("wafv2", "TagResource", json!({ "ResourceARN": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let lock = match self.lock(job).await {
            Ok(lock) => lock,
            Err(fault) if super::is_gone(&fault) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let mut input = Self::named(job.physical());
        input["LockToken"] = lock;
        job.call_gone("wafv2", &format!("Delete{}", self.noun), input).await
    }
}

struct Association;

#[async_trait]
impl Handler for Association {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (acl, resource) = (job.text("WebACLArn"), job.text("ResourceArn"));
        job.call("wafv2", "AssociateWebACL", json!({ "WebACLArn": acl, "ResourceArn": resource })).await?;
        Ok(Made::new(format!("{acl}|{resource}")))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.create(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let resource = job.physical().rsplit('|').next().unwrap_or_default();
        job.call_gone("wafv2", "DisassociateWebACL", json!({ "ResourceArn": resource })).await
    }
}

struct Logging;

#[async_trait]
impl Handler for Logging {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let configuration = given(job, &["LogDestinationConfigs", "LoggingFilter", "RedactedFields", "ResourceArn"]);
        job.call("wafv2", "PutLoggingConfiguration", json!({ "LoggingConfiguration": configuration })).await?;
        Ok(Made::new(job.text("ResourceArn")).with("ManagedByFirewallManager", false))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.create(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("wafv2", "DeleteLoggingConfiguration", json!({ "ResourceArn": job.physical() })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_what_the_api_takes() {
        let rules = json!([{ "Statement": { "AndStatement": { "Statements": [
            { "ByteMatchStatement": { "SearchString": "evil", "FieldToMatch": { "UriPath": {} } } },
            { "ByteMatchStatement": { "SearchStringBase64": "ZXZpbA==" } },
            { "NotStatement": { "Statement": { "IPSetReferenceStatement": { "Arn": "arn:x" } } } },
        ] } } }]);
        assert_eq!(
            api(&rules),
            json!([{ "Statement": { "AndStatement": { "Statements": [
                { "ByteMatchStatement": { "SearchString": "ZXZpbA==", "FieldToMatch": { "UriPath": {} } } },
                { "ByteMatchStatement": { "SearchString": "ZXZpbA==" } },
                { "NotStatement": { "Statement": { "IPSetReferenceStatement": { "ARN": "arn:x" } } } },
            ] } } }])
        );
        assert_eq!(named("RegularExpressionList", &json!(["a"])).1, json!([{ "RegexString": "a" }]));
    }
}
