//! Key policies: without their consent nothing is done with a key. Grants are judged as statements beside the policy.

use crate::{Error, Kms, find, grants, model::*, rules, state::*};
use kit::{
    Context, Fault, Need, Principal, Read, Scope,
    policy::{self, Caller, Document, DocumentKind, Layer, Named, Policies, Reason, ResourceMode, Rules},
};
use serde_json::{Value, json};

/// Largest key policy, in bytes.
const LARGEST: usize = 32 << 10;
/// The only name that AWS has for policies of keys.
const NAME: &str = "default";

impl Kms {
    /// The key policy.
    pub async fn get_key_policy(&self, cx: &Context, input: GetKeyPolicyInput) -> Result<GetKeyPolicyOutput, Fault> {
        let key = cx.store().read(|s| find::own(s, cx, &input.key_id))?;
        named(&input.policy_name)?;
        Ok(GetKeyPolicyOutput { policy: Some(key.policy), policy_name: Some(NAME.into()) })
    }

    /// Replaces the key policy.
    pub async fn put_key_policy(&self, cx: &Context, input: PutKeyPolicyInput) -> Result<PutKeyPolicyOutput, Fault> {
        let there = cx.store().read(|s| find::own(s, cx, &input.key_id))?;
        find::of_customer(&there)?;
        find::not_pending(&there)?;
        named(&input.policy_name)?;
        check(cx, &input.policy, &there.arn, input.bypass_policy_lockout_safety_check.unwrap_or(false))?;
        cx.store()
            .write(|tx| {
                let mut key = find::own(tx, cx, &input.key_id)?;
                key.policy = input.policy;
                tx.put(&KEYS, cx.scope(), &key.id, &key)
            })
            .await?;
        Ok(PutKeyPolicyOutput {})
    }

    /// The names of a key's policies: one.
    pub async fn list_key_policies(&self, cx: &Context, input: ListKeyPoliciesInput) -> Result<ListKeyPoliciesOutput, Fault> {
        cx.store().read(|s| find::own(s, cx, &input.key_id))?;
        let page = rules::page([NAME.to_owned()], String::clone, &input.marker, rules::limit(input.limit, 100))?;
        Ok(ListKeyPoliciesOutput { policy_names: Some(page.items), truncated: Some(page.next.is_some()), next_marker: page.next })
    }
}

fn named(name: &Option<String>) -> Result<(), Fault> {
    match name.as_deref() {
        None | Some(NAME) => Ok(()),
        Some(_) => Err(Error::NotFound.says("No such policy exists")),
    }
}

/// The policy that AWS gives to keys made without one, laid out as AWS lays it out.
pub(crate) fn default(scope: &Scope) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:aws:iam::{}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#,
        scope.account
    )
}

/// Refuses policies that AWS would refuse: malformed ones, ones that name nobody, and ones that lock their author out.
pub(crate) fn check(cx: &Context, text: &str, arn: &str, bypass: bool) -> Result<(), Fault> {
    if text.len() > LARGEST {
        return Err(Error::LimitExceeded.says(format!("The key policy is larger than {LARGEST} bytes")));
    }
    let malformed = |message: &str| Error::MalformedPolicyDocument.says(message);
    let rules = Rules::of(DocumentKind::Resource).with_max_bytes(LARGEST);
    let document = Document::parse_with(text, DocumentKind::Resource, &rules).map_err(|e| malformed(&e.message))?;
    if document.principal_arns().any(|principal| !exists(cx, principal)) {
        return Err(malformed("Policy contains a statement with one or more invalid principals."));
    }
    match bypass || lets_its_author_in(cx, &document, arn) {
        true => Ok(()),
        false => Err(malformed("The new key policy will not allow you to update the key policy in the future.")),
    }
}

/// Whether somebody whom a policy or grant names is there. Only roles can be looked up; users and sessions are taken on trust.
pub(crate) fn exists(cx: &Context, principal: &str) -> bool {
    let is_role = kit::Arn::parse(principal).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    match cx.cloud().ports().roles() {
        Ok(roles) if is_role => roles.role(cx, principal).is_some(),
        _ => true,
    }
}

/// Whether the policy leaves it to its author, or to the IAM policies of the author, to put another one.
fn lets_its_author_in(cx: &Context, document: &Document, arn: &str) -> bool {
    let Some(caller) = caller(cx.principal()) else { return true };
    let need = Need::on("kms:PutKeyPolicy", arn);
    let need = crate::access::complete(cx, &need).unwrap_or(need);
    let keys = need.keys.iter().map(|(name, values)| (name.to_string(), values.first().cloned().unwrap_or_default())).collect();
    let request =
        policy::Request { principal: &caller, action: "kms:PutKeyPolicy", resource: arn, resource_account: cx.account(), context: &keys };
    let policies = Policies { resource: Some(Named::inline("key policy", document)), mode: ResourceMode::Required, ..Policies::default() };
    !matches!(policy::evaluate(&request, &policies).reason, Reason::ExplicitDeny { .. } | Reason::ImplicitDeny { missing: Layer::Resource })
}

/// The principal in the policy language's words; services keep their own keys' policies.
fn caller(principal: &Principal) -> Option<Caller> {
    match principal {
        Principal::Root { account } => Some(Caller::Root { account: account.to_string() }),
        Principal::User(user) => Some(Caller::User {
            arn: principal.arn(),
            account: user.account.to_string(),
            user_id: user.user_id.clone(),
            name: user.name.clone(),
        }),
        Principal::Session(s) => Some(Caller::Session {
            arn: principal.arn(),
            role_arn: role_arn(s),
            account: s.account.to_string(),
            role_id: s.role_id.clone(),
            session_name: s.session_name.clone(),
            federated: s.federated.as_ref().map(|f| f.provider.clone()),
        }),
        Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => None,
    }
}

/// The ARN of a session's role.
pub(crate) fn role_arn(session: &kit::RoleSession) -> String {
    format!("arn:aws:iam::{}:role{}{}", session.account, session.role_path, session.role_name)
}

/// What stands for a key when somebody asks for it: its policy, with a statement for each grant that the caller holds.
pub(crate) fn in_force(cx: &Context, resource: &str) -> Option<String> {
    let key = find::by_arn(cx, resource)?;
    let statements: Vec<Value> = cx
        .store()
        .read(|s| {
            let all = s.scan(&GRANTS, &key.scope()).prefix(&(key.id.as_str(),)).filter_map(Result::ok);
            all.filter(|(_, grant)| grants::is_named(cx, &grant.grantee)).map(|(_, grant)| grant).collect::<Vec<_>>()
        })
        .iter()
        .flat_map(grants::statements)
        .collect();
    if statements.is_empty() {
        return Some(key.policy);
    }
    let mut policy: Value = serde_json::from_str(&key.policy).ok()?;
    let own = match policy["Statement"].take() {
        Value::Array(own) => own,
        one => vec![one],
    };
    policy["Statement"] = own.into_iter().chain(statements).collect::<Vec<_>>().into();
    // Variables in a policy count only under the version that the policy itself names; grants have none.
    Some(policy.to_string())
}

/// The policy of a key that AWS manages for one of its services.
pub(crate) fn of_service(scope: &Scope, alias: &str, service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{alias}-1"),
        "Statement": [
            {
                "Sid": format!("Allow access through {service} for all principals in the account that are authorized to use {service}"),
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": { "StringEquals": {
                    "kms:CallerAccount": &*scope.account,
                    "kms:ViaService": format!("{service}.{}.amazonaws.com", scope.region),
                } },
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{}:root", scope.account) },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
    .to_string()
}
