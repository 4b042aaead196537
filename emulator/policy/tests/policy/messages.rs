//! AWS's access-denied sentences, and the explanation for people.

use policy::{Caller, Document, Keys, Named, Policies, Request, ResourceMode};

use crate::support::{ACCOUNT, ada, identity, judge, resource, session, trust};

const ARN: &str = "arn:aws:s3:::b/k";

fn message(principal: &Caller, action: &str, resource: &str, policies: &Policies<'_>) -> String {
    let context = Keys::new();
    let request = Request { principal, action, resource, resource_account: ACCOUNT, context: &context };
    judge(&request, policies).message(&request)
}

fn get(principal: &Caller, policies: &Policies<'_>) -> String {
    message(principal, "s3:GetObject", ARN, policies)
}

fn deny() -> Document {
    identity(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#)
}

const START: &str = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k";

#[test]
fn implicit_denials() {
    let (allow, other) = (
        identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#),
        identity(r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#),
    );
    let own = || vec![Named::inline("p", &allow)];
    let limit = Named::managed("arn:aws:iam::123456789012:policy/limit", &other);
    let table = [
        (Policies::default(), "identity-based policy"),
        (Policies { identity: own(), boundary: Some(limit), ..Policies::default() }, "permissions boundary"),
        (Policies { identity: own(), session: Some(vec![limit]), ..Policies::default() }, "session policy"),
        (Policies { identity: own(), service_control: vec![vec![limit]], ..Policies::default() }, "service control policy"),
        (Policies { identity: own(), mode: ResourceMode::Required, ..Policies::default() }, "resource-based policy"),
    ];
    for (policies, missing) in table {
        assert_eq!(get(&ada(), &policies), format!("{START} because no {missing} allows the s3:GetObject action"));
    }
}

#[test]
fn explicit_denials_name_managed_policies_only() {
    let (deny, bucket) = (deny(), resource(r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#));
    let arn = "arn:aws:iam::123456789012:policy/no";
    let managed = Named::managed(arn, &deny);
    let table = [
        (Policies { identity: vec![Named::inline("no", &deny)], ..Policies::default() }, "an identity-based policy".to_owned()),
        (Policies { identity: vec![managed], ..Policies::default() }, format!("an identity-based policy: {arn}")),
        (Policies { boundary: Some(managed), ..Policies::default() }, format!("a permissions boundary: {arn}")),
        (Policies { session: Some(vec![Named::inline("s", &deny)]), ..Policies::default() }, "a session policy".to_owned()),
        (Policies { service_control: vec![vec![managed]], ..Policies::default() }, format!("a service control policy: {arn}")),
        (Policies { resource: Some(Named::inline("b", &bucket)), ..Policies::default() }, "a resource-based policy".to_owned()),
    ];
    for (policies, place) in table {
        assert_eq!(get(&ada(), &policies), format!("{START} with an explicit deny in {place}"));
    }
}

#[test]
fn trust_policies_and_odd_callers() {
    let role = trust(r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#);
    let closed = trust(r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:*"}"#);
    let arn = "arn:aws:iam::123456789012:role/r";
    let policies =
        |document| Policies { resource: Some(Named::inline("r", document)), mode: ResourceMode::Required, ..Policies::default() };
    let start = "User: arn:aws:sts::123456789012:assumed-role/worker/i-1 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/r";
    assert_eq!(
        message(&session(), "sts:AssumeRole", arn, &policies(&role)),
        format!("{start} with an explicit deny in the role trust policy")
    );
    assert_eq!(
        message(&session(), "sts:AssumeRole", arn, &policies(&closed)),
        format!("{start} because no role trust policy allows the sts:AssumeRole action")
    );
    let web = Caller::Federated { provider: "accounts.google.com".into() };
    assert_eq!(
        message(&web, "sts:AssumeRoleWithWebIdentity", arn, &policies(&closed)),
        "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    );
    assert_eq!(
        message(&Caller::Anonymous, "execute-api:Invoke", "arn:aws:execute-api:us-east-1:123456789012:a/p/GET/x", &Policies::default()),
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:123456789012:a/p/GET/x because no resource-based policy allows the execute-api:Invoke action"
    );
}

#[test]
fn actions_without_a_resource() {
    for all in ["*", "arn:aws:s3:::*"] {
        assert_eq!(
            message(&ada(), "s3:ListAllMyBuckets", all, &Policies::default()),
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action"
        );
    }
    assert_eq!(
        message(&ada(), "lambda:ListFunctions", "*", &Policies::default()),
        "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action"
    );
}

#[test]
fn the_explanation_says_what_kept_each_statement_from_applying() {
    let document = identity(
        r#"[{"Sid":"Reads","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::other/*"},
            {"Sid":"FromHome","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
            {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}]"#,
    );
    let context = Keys::new().with("aws:SourceIp", "203.0.113.9");
    let principal = ada();
    let request = Request { principal: &principal, action: "s3:GetObject", resource: ARN, resource_account: ACCOUNT, context: &context };
    let decision = judge(&request, &Policies { identity: vec![Named::inline("reader", &document)], ..Policies::default() });
    let text = decision.explain();
    for part in [
        "arn:aws:iam::123456789012:user/ada asks for s3:GetObject on arn:aws:s3:::b/k",
        r#"identity-based policy "reader" (inline), statement 0 "Reads": Allow does not apply"#,
        "yes action    s3:GetObject matches s3:Get*",
        r#"NO  resource  arn:aws:s3:::b/k matches none of ["arn:aws:s3:::other/*"]"#,
        r#"NO  condition IpAddress aws:SourceIp ["10.0.0.0/8"]: the request has "203.0.113.9""#,
        "${aws:PrincipalTag/team} has no value",
        "DENIED: no identity-based policy allows it",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}
