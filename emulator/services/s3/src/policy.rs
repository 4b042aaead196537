//! Bucket policies: checked when they are put, served to the decider for the bucket and every object in it.

use crate::{
    S3,
    configuration::public_access,
    model::*,
    state::{self, Found},
};
use kit::{
    Context, Fault, Reply,
    policy::{Document, DocumentKind},
};

fn malformed(message: impl Into<String>) -> Fault {
    Fault::new("MalformedPolicy", 400, message)
}

/// Parses a policy as strictly as S3 does, and checks that it is about this bucket.
fn check(bucket: &str, text: &str) -> Result<Document, Fault> {
    if !text.trim_start().starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let document = Document::parse(text, DocumentKind::Resource).map_err(|error| malformed(error.to_string()))?;
    let arn = format!("arn:aws:s3:::{bucket}");
    let inside = |resource: &str| resource == arn || resource.strip_prefix(&*arn).is_some_and(|rest| rest.starts_with(['/', '*', '?']));
    let json = document.to_json();
    let statements = match &json["Statement"] {
        serde_json::Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    for statement in &statements {
        for member in ["Action", "NotAction"] {
            if let Some(action) = texts(&statement[member]).find(|action| *action != "*" && !action.to_ascii_lowercase().starts_with("s3"))
            {
                let _ = action;
                return Err(malformed("Policy has invalid action"));
            }
        }
        for member in ["Resource", "NotResource"] {
            if texts(&statement[member]).any(|resource| !inside(resource)) {
                return Err(malformed("Policy has invalid resource"));
            }
        }
    }
    Ok(document)
}

fn texts(value: &serde_json::Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten().filter_map(|one| one.as_str());
    value.as_str().into_iter().chain(many)
}

/// Whether a policy opens the bucket to everybody: an allowing statement for all principals without a condition that names some.
///
/// AWS's meaning of "public": conditions on fixed accounts, ARNs, addresses or VPCs make a statement not public.
fn is_public(text: &str) -> bool {
    const NARROWING: &[&str] = &[
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceorgid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    ];
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    let statements = match &json["Statement"] {
        serde_json::Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    statements.iter().any(|statement| {
        let everyone = texts(&statement["Principal"]).chain(texts(&statement["Principal"]["AWS"])).any(|principal| principal == "*");
        let negated = statement.get("NotPrincipal").is_some();
        let narrowed = statement["Condition"].as_object().into_iter().flatten().any(|(_, keys)| {
            keys.as_object().into_iter().flatten().any(|(key, values)| {
                NARROWING.contains(&&*key.to_ascii_lowercase())
                    && texts(values).all(|value| value != "*" && value != "0.0.0.0/0" && value != "::/0")
            })
        });
        statement["Effect"] == "Allow" && (everyone || negated) && !narrowed
    })
}

impl S3 {
    /// Replaces the bucket's policy.
    pub async fn put_bucket_policy(&self, cx: &Context, input: PutBucketPolicyInput) -> Result<PutBucketPolicyOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check(&found.name, &input.policy)?;
        if public_access::blocks_policies(&found.bucket) && is_public(&input.policy) {
            return Err(Error::AccessDenied.says(format!(
                "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                cx.principal().arn(),
                found.arn()
            )));
        }
        if input.confirm_remove_self_bucket_access.is_some() {
            cx.warn("member ConfirmRemoveSelfBucketAccess has no effect: nobody is locked out unasked");
        }
        self.configure(cx, &found.name, &None, |bucket| bucket.policy = Some(input.policy)).await?;
        Ok(PutBucketPolicyOutput {})
    }

    /// The policy as it was put.
    pub async fn get_bucket_policy(&self, cx: &Context, input: GetBucketPolicyInput) -> Result<Reply<GetBucketPolicyOutput>, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let policy = policy_of(&found)?.to_owned();
        Ok(Reply::new(GetBucketPolicyOutput { policy: Some(policy) }).header("Content-Type", "application/json"))
    }

    /// Takes the policy away; having none is no error.
    pub async fn delete_bucket_policy(&self, cx: &Context, input: DeleteBucketPolicyInput) -> Result<DeleteBucketPolicyOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.policy = None).await?;
        Ok(DeleteBucketPolicyOutput {})
    }

    /// Whether the policy opens the bucket to everybody.
    pub async fn get_bucket_policy_status(
        &self,
        cx: &Context,
        input: GetBucketPolicyStatusInput,
    ) -> Result<GetBucketPolicyStatusOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let public = is_public(policy_of(&found)?);
        Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(public) }) })
    }
}

fn policy_of(found: &Found) -> Result<&str, Fault> {
    found
        .bucket
        .policy
        .as_deref()
        .ok_or_else(|| Fault::new("NoSuchBucketPolicy", 404, "The bucket policy does not exist").with("BucketName", found.name.clone()))
}

/// The policy for the decider: that of the bucket in an ARN. With RestrictPublicBuckets a public policy counts only inside the bucket's account
/// and for services.
pub(crate) fn of_resource(cx: &Context, resource: &str) -> Option<String> {
    let path = resource.strip_prefix("arn:aws:s3:::")?;
    let bucket = path.split('/').next()?;
    let found = cx.store().read(|s| state::find(s, bucket)).ok()?;
    let policy = found.bucket.policy.clone()?;
    let outsider = match cx.principal() {
        kit::Principal::Service { .. } => false,
        principal => principal.account() != Some(&*found.scope.account),
    };
    let restricted = outsider && public_access::restricts(&found.bucket) && is_public(&policy);
    (!restricted).then_some(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"{condition}}}]}}"#
        )
    }

    #[test]
    fn public_is_what_names_nobody() {
        assert!(is_public(&policy("\"*\"", "")));
        assert!(is_public(&policy(r#"{"AWS":["*"]}"#, "")));
        assert!(!is_public(&policy(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, "")));
        assert!(!is_public(&policy("\"*\"", r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#)));
        assert!(is_public(&policy("\"*\"", r#","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#)));
    }

    #[test]
    fn a_policy_must_be_about_its_bucket() {
        assert!(check("b", &policy("\"*\"", "")).is_ok());
        assert_eq!(check("other", &policy("\"*\"", "")).unwrap_err().message, "Policy has invalid resource");
        assert_eq!(check("b", "nonsense").unwrap_err().message, "Policies must be valid JSON and the first byte must be '{'");
    }
}
