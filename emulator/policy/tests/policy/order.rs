//! The order of evaluation: who must allow, and what a Deny anywhere does.

use policy::{Caller, Decision, Document, Keys, Layer, Missing, Named, Policies, Reason, Request, ResourceMode};

use crate::support::{ACCOUNT, OTHER, ada, identity, judge, resource, session, trust};

fn allow() -> Document {
    identity(r#"{"Sid":"All","Effect":"Allow","Action":"s3:*","Resource":"*"}"#)
}

fn other() -> Document {
    identity(r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#)
}

fn deny() -> Document {
    identity(r#"{"Sid":"No","Effect":"Deny","Action":"s3:GetObject","Resource":"*"}"#)
}

fn bucket(effect: &str, principal: &str) -> Document {
    resource(&format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#))
}

fn ask(principal: &Caller, policies: &Policies<'_>) -> Decision {
    ask_in(principal, ACCOUNT, policies)
}

fn ask_in(principal: &Caller, resource_account: &str, policies: &Policies<'_>) -> Decision {
    let context = Keys::new();
    let (action, resource) = ("s3:GetObject", "arn:aws:s3:::b/k");
    judge(&Request { principal, action, resource, resource_account, context: &context }, policies)
}

fn one(document: &Document) -> Vec<Named<'_>> {
    vec![Named::inline("p", document)]
}

fn by(layer: Layer) -> Reason {
    Reason::Allow { layer }
}

fn lacks(missing: Missing) -> Reason {
    Reason::ImplicitDeny { missing }
}

fn denied_in(decision: &Decision) -> Option<Layer> {
    match decision.reason {
        Reason::ExplicitDeny { layer, .. } => Some(layer),
        _ => None,
    }
}

#[test]
fn nothing_allows_by_itself() {
    assert_eq!(ask(&ada(), &Policies::default()).reason, lacks(Missing::Identity));
    assert_eq!(ask(&Caller::Anonymous, &Policies::default()).reason, lacks(Missing::Resource));
}

#[test]
fn an_identity_policy_suffices_in_the_same_account() {
    let allow = allow();
    let decision = ask(&ada(), &Policies { identity: one(&allow), ..Policies::default() });
    assert_eq!(decision.reason, by(Layer::Identity));
    assert_eq!(decision.deciding.unwrap().sid.as_deref(), Some("All"));
}

#[test]
fn a_deny_anywhere_wins() {
    let (allow, deny) = (allow(), deny());
    let bucket = bucket("Deny", r#""*""#);
    let base = || Policies { identity: one(&allow), ..Policies::default() };
    let table = [
        (Policies { identity: vec![Named::inline("a", &allow), Named::inline("d", &deny)], ..base() }, Layer::Identity),
        (Policies { resource: Some(Named::inline("b", &bucket)), ..base() }, Layer::Resource),
        (Policies { boundary: Some(Named::inline("d", &deny)), ..base() }, Layer::Boundary),
        (Policies { session: Some(vec![Named::inline("a", &allow), Named::inline("d", &deny)]), ..base() }, Layer::Session),
        (Policies { service_control: vec![vec![Named::inline("a", &allow), Named::inline("d", &deny)]], ..base() }, Layer::Scp),
    ];
    for (policies, layer) in table {
        assert_eq!(denied_in(&ask(&session(), &policies)), Some(layer));
    }
}

#[test]
fn boundary_and_session_policies_only_limit() {
    let (allow, other) = (allow(), other());
    let table = [
        (Some(&allow), None, by(Layer::Identity)),
        (Some(&other), None, lacks(Missing::Boundary)),
        (None, Some(vec![&allow]), by(Layer::Identity)),
        (None, Some(vec![&other]), lacks(Missing::Session)),
        (None, Some(vec![&other, &allow]), by(Layer::Identity)),
        (None, Some(vec![]), lacks(Missing::Session)),
        (Some(&other), Some(vec![&other]), lacks(Missing::Boundary)),
    ];
    for (boundary, session_policies, expected) in table {
        let policies = Policies {
            identity: one(&allow),
            boundary: boundary.map(|document| Named::inline("limit", document)),
            session: session_policies.map(|list| list.into_iter().map(|d| Named::inline("s", d)).collect()),
            ..Policies::default()
        };
        assert_eq!(ask(&session(), &policies).reason, expected);
    }
    let limits_alone = Policies { boundary: Some(Named::inline("limit", &allow)), ..Policies::default() };
    assert_eq!(ask(&ada(), &limits_alone).reason, lacks(Missing::Identity));
}

#[test]
fn what_a_resource_policy_overcomes_depends_on_how_it_names_the_caller() {
    let (other, allow) = (other(), allow());
    let user = r#"{"AWS":"arn:aws:iam::123456789012:user/ada"}"#;
    let role = r#"{"AWS":"arn:aws:iam::123456789012:role/worker"}"#;
    let own = r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/worker/i-1"}"#;
    let account = r#"{"AWS":"123456789012"}"#;
    // principal element, caller, identity allows, boundary there (not allowing), session policy there (not allowing)
    let table = [
        (user, ada(), false, true, false, by(Layer::Resource)),
        (user, ada(), false, false, true, lacks(Missing::Session)),
        (role, session(), false, false, false, by(Layer::Resource)),
        (role, session(), false, true, false, lacks(Missing::Boundary)),
        (role, session(), false, false, true, lacks(Missing::Session)),
        (own, session(), false, true, true, by(Layer::Resource)),
        (r#""*""#, session(), false, true, true, by(Layer::Resource)),
        (account, session(), false, false, false, lacks(Missing::Identity)),
        (account, session(), true, false, false, by(Layer::Identity)),
        (account, session(), true, true, false, lacks(Missing::Boundary)),
    ];
    for (principal, caller, identity_allows, bounded, in_session, expected) in table {
        let bucket = bucket("Allow", principal);
        let policies = Policies {
            identity: if identity_allows { one(&allow) } else { Vec::new() },
            resource: Some(Named::inline("b", &bucket)),
            boundary: bounded.then(|| Named::inline("limit", &other)),
            session: in_session.then(|| one(&other)),
            ..Policies::default()
        };
        assert_eq!(ask(&caller, &policies).reason, expected, "{principal} for {}", caller.arn());
    }
}

#[test]
fn the_most_direct_naming_counts_wherever_it_stands() {
    let account = r#"{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#;
    let role = account.replace("123456789012", "arn:aws:iam::123456789012:role/worker");
    for statements in [format!("[{account},{role}]"), format!("[{role},{account}]")] {
        let bucket = resource(&statements);
        let policies = Policies { resource: Some(Named::inline("b", &bucket)), ..Policies::default() };
        assert_eq!(ask(&session(), &policies).reason, by(Layer::Resource), "{statements}");
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let (allow, other) = (allow(), other());
    let everyone = bucket("Allow", r#""*""#);
    let account = bucket("Allow", r#"{"AWS":"arn:aws:iam::123456789012:root"}"#);
    let stranger = bucket("Allow", r#"{"AWS":"111111111111"}"#);
    let table = [
        (Some(&allow), Some(&everyone), by(Layer::Identity)),
        (Some(&allow), Some(&account), by(Layer::Identity)),
        (Some(&allow), Some(&stranger), lacks(Missing::Resource)),
        (Some(&allow), None, lacks(Missing::Resource)),
        (None, Some(&everyone), lacks(Missing::Identity)),
        (None, None, lacks(Missing::Identity)),
    ];
    for (own, theirs, expected) in table {
        let policies = Policies {
            identity: own.map(one).unwrap_or_default(),
            resource: theirs.map(|document| Named::inline("b", document)),
            ..Policies::default()
        };
        assert_eq!(ask_in(&ada(), OTHER, &policies).reason, expected);
    }
    // In the other account's eyes a session named itself is no exception: its own limits hold.
    let own = bucket("Allow", r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/worker/i-1"}"#);
    let policies = Policies {
        identity: one(&allow),
        resource: Some(Named::inline("b", &own)),
        boundary: Some(Named::inline("limit", &other)),
        ..Policies::default()
    };
    assert_eq!(ask_in(&session(), OTHER, &policies).reason, lacks(Missing::Boundary));
}

#[test]
fn root_needs_no_allow_but_bows_to_the_organisation_and_to_denies() {
    let root = Caller::Root { account: ACCOUNT.into() };
    let (other, barred, account) = (other(), bucket("Deny", r#""*""#), bucket("Allow", r#"{"AWS":"123456789012"}"#));
    assert_eq!(ask(&root, &Policies::default()).reason, Reason::Root);
    let organised = Policies { service_control: vec![one(&other)], ..Policies::default() };
    assert_eq!(ask(&root, &organised).reason, lacks(Missing::Scp));
    let locked = Policies { resource: Some(Named::inline("b", &barred)), ..Policies::default() };
    assert_eq!(denied_in(&ask(&root, &locked)), Some(Layer::Resource));
    assert_eq!(ask_in(&root, OTHER, &Policies::default()).reason, lacks(Missing::Resource));
    let invited = Policies { resource: Some(Named::inline("b", &account)), ..Policies::default() };
    assert!(ask_in(&root, OTHER, &invited).allowed);
    let required = Policies { mode: ResourceMode::Required, ..Policies::default() };
    assert_eq!(ask(&root, &required).reason, lacks(Missing::Resource));
}

#[test]
fn root_of_the_owner_can_always_repair_a_bucket_policy() {
    let locked = resource(r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#);
    let policies = Policies { resource: Some(Named::inline("b", &locked)), ..Policies::default() };
    let root = Caller::Root { account: ACCOUNT.into() };
    let context = Keys::new();
    for (principal, action, expected) in [
        (&root, "s3:DeleteBucketPolicy", true),
        (&root, "s3:PutBucketPolicy", true),
        (&root, "s3:DeleteBucket", false),
        (&ada(), "s3:DeleteBucketPolicy", false),
    ] {
        let resource = "arn:aws:s3:::b";
        let request = Request { principal, action, resource, resource_account: ACCOUNT, context: &context };
        assert_eq!(judge(&request, &policies).allowed, expected, "{action}");
    }
}

#[test]
fn every_level_of_the_organisation_must_allow() {
    let (allow, other, deny) = (allow(), other(), deny());
    let table = [
        (vec![vec![&allow]], by(Layer::Identity)),
        (vec![vec![&other, &allow]], by(Layer::Identity)),
        (vec![vec![&allow], vec![&other]], lacks(Missing::Scp)),
        (vec![vec![]], lacks(Missing::Scp)),
        (vec![], by(Layer::Identity)),
    ];
    for (levels, expected) in table {
        let levels = levels.into_iter().map(|level| level.into_iter().map(|d| Named::inline("scp", d)).collect());
        let policies = Policies { identity: one(&allow), service_control: levels.collect(), ..Policies::default() };
        assert_eq!(ask(&ada(), &policies).reason, expected);
    }
    // A resource policy doesn't overcome the organisation.
    let everyone = bucket("Allow", r#""*""#);
    let policies = Policies {
        resource: Some(Named::inline("b", &everyone)),
        service_control: vec![vec![Named::inline("d", &deny), Named::inline("a", &allow)]],
        ..Policies::default()
    };
    assert_eq!(denied_in(&ask(&ada(), &policies)), Some(Layer::Scp));
}

#[test]
fn services_and_strangers_have_only_the_resource_policy() {
    let service = Caller::Service { name: "s3.amazonaws.com".into() };
    let (allow, named, everyone) = (allow(), bucket("Allow", r#"{"Service":"s3.amazonaws.com"}"#), bucket("Allow", r#""*""#));
    let with = |document| Policies { resource: Some(Named::inline("b", document)), ..Policies::default() };
    assert_eq!(ask(&service, &with(&named)).reason, by(Layer::Resource));
    assert_eq!(ask(&service, &Policies::default()).reason, lacks(Missing::Resource));
    assert_eq!(ask(&Caller::Anonymous, &with(&named)).reason, lacks(Missing::Resource));
    assert_eq!(ask(&Caller::Anonymous, &with(&everyone)).reason, by(Layer::Resource));
    // An SCP belongs to an account, and neither has one.
    let organised = Policies { service_control: vec![Vec::new()], identity: one(&allow), ..with(&everyone) };
    assert!(ask(&service, &organised).allowed);
}

#[test]
fn confused_deputy_guards_hold() {
    let function = resource(
        r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f",
            "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}}"#,
    );
    let service = Caller::Service { name: "s3.amazonaws.com".into() };
    for (bucket, account, expected) in [("b", ACCOUNT, true), ("c", ACCOUNT, false), ("b", OTHER, false)] {
        let context = Keys::new().with("aws:SourceArn", format!("arn:aws:s3:::{bucket}")).with("aws:SourceAccount", account);
        let request = Request {
            principal: &service,
            action: "lambda:InvokeFunction",
            resource: "arn:aws:lambda:us-east-1:123456789012:function:f",
            resource_account: ACCOUNT,
            context: &context,
        };
        let policies = Policies { resource: Some(Named::inline("f", &function)), ..Policies::default() };
        assert_eq!(judge(&request, &policies).allowed, expected, "{bucket} {account}");
    }
}

#[test]
fn trust_policies_are_required() {
    let may = identity(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::123456789012:role/r"}"#);
    let names = |principal: &str| {
        trust(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{{"StringEqualsIfExists":{{"sts:ExternalId":"e"}}}}}}"#
        ))
    };
    let user = names(r#"{"AWS":"arn:aws:iam::123456789012:user/ada"}"#);
    let account = names(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#);
    let lambda = names(r#"{"Service":"lambda.amazonaws.com"}"#);
    let service = Caller::Service { name: "lambda.amazonaws.com".into() };
    let ask = |principal: &Caller, account: &str, identity: bool, role: &Document, external: &str| {
        let context = Keys::new().with("sts:ExternalId", external);
        let request = Request {
            principal,
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::123456789012:role/r",
            resource_account: account,
            context: &context,
        };
        let policies = Policies {
            identity: if identity { one(&may) } else { Vec::new() },
            resource: Some(Named::inline("r", role)),
            mode: ResourceMode::Required,
            ..Policies::default()
        };
        judge(&request, &policies).reason
    };
    assert_eq!(ask(&ada(), ACCOUNT, false, &user, "e"), by(Layer::Trust));
    assert_eq!(ask(&ada(), ACCOUNT, false, &account, "e"), lacks(Missing::Identity));
    assert_eq!(ask(&ada(), ACCOUNT, true, &account, "e"), by(Layer::Identity));
    assert_eq!(ask(&ada(), ACCOUNT, true, &account, "wrong"), lacks(Missing::Trust));
    assert_eq!(ask(&ada(), ACCOUNT, true, &lambda, "e"), lacks(Missing::Trust));
    assert_eq!(ask(&ada(), OTHER, true, &lambda, "e"), lacks(Missing::Trust));
    assert_eq!(ask(&service, ACCOUNT, false, &lambda, "e"), by(Layer::Trust));
}

#[test]
fn key_policies_are_required() {
    let (allow, key) = (
        identity(r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#),
        resource(r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}"#),
    );
    let (principal, context) = (ada(), Keys::new());
    let request = Request {
        principal: &principal,
        action: "kms:Decrypt",
        resource: "arn:aws:kms:us-east-1:123456789012:key/1",
        resource_account: ACCOUNT,
        context: &context,
    };
    let policies = |resource| Policies { identity: one(&allow), resource, mode: ResourceMode::Required, ..Policies::default() };
    assert_eq!(judge(&request, &policies(None)).reason, lacks(Missing::Resource));
    assert_eq!(judge(&request, &policies(Some(Named::inline("key", &key)))).reason, by(Layer::Identity));
}
