//! Action, Resource, Principal and policy variables.

use policy::{CANONICAL_USER, Caller, Document, DocumentKind, Keys, Named, Policies, Request};

use crate::support::{ACCOUNT, OTHER, ada, admits, allows, identity, judge, resource, session};

#[test]
fn actions_and_resources() {
    let table = [
        // Actions are compared without regard to case, resources with it.
        (r#""Action":"s3:getobject","Resource":"*""#, "s3:GetObject", "arn:aws:s3:::b/k", true),
        (r#""Action":"S3:GetObject","Resource":"*""#, "s3:GetObject", "arn:aws:s3:::b/k", true),
        (r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::B/k""#, "s3:GetObject", "arn:aws:s3:::b/k", false),
        (r#""Action":"s3:Get*","Resource":"*""#, "s3:GetObjectTagging", "arn:aws:s3:::b/k", true),
        (r#""Action":"s3:Get*","Resource":"*""#, "s3:PutObject", "arn:aws:s3:::b/k", false),
        (r#""Action":"s3:?etObject","Resource":"*""#, "s3:GetObject", "arn:aws:s3:::b/k", true),
        (r#""Action":"*","Resource":"*""#, "iam:PassRole", "arn:aws:iam::1:role/r", true),
        (r#""Action":["sqs:*","s3:Put*"],"Resource":"*""#, "s3:PutObject", "arn:aws:s3:::b/k", true),
        // A star crosses slashes and colons.
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b/*""#, "s3:GetObject", "arn:aws:s3:::b/a/b:c/d", true),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b""#, "s3:GetObject", "arn:aws:s3:::b/k", false),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b/*""#, "s3:ListBucket", "arn:aws:s3:::b", false),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b*""#, "s3:ListBucket", "arn:aws:s3:::b", true),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b/?.jpg""#, "s3:GetObject", "arn:aws:s3:::b/1.jpg", true),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::b/?.jpg""#, "s3:GetObject", "arn:aws:s3:::b/12.jpg", false),
        (r#""Action":"sqs:*","Resource":"arn:aws:sqs:*:123456789012:q""#, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q", true),
        // NotAction with Allow grants everything else, of every service.
        (r#""NotAction":"iam:*","Resource":"*""#, "s3:GetObject", "arn:aws:s3:::b/k", true),
        (r#""NotAction":"iam:*","Resource":"*""#, "IAM:CreateUser", "*", false),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::b/secret/*""#, "s3:GetObject", "arn:aws:s3:::b/secret/x", false),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::b/secret/*""#, "s3:GetObject", "arn:aws:s3:::b/open/x", true),
    ];
    for (elements, action, resource, expected) in table {
        let document = identity(&format!(r#"{{"Effect":"Allow",{elements}}}"#));
        assert_eq!(allows(&document, action, resource, &Keys::new()), expected, "{elements}: {action} on {resource}");
    }
}

#[test]
fn policy_variables() {
    let keys = Keys::new().with("aws:PrincipalTag/team", "red").with("s3:prefix", "home/ada/").with("aws:PrincipalTag/star", "*");
    let table = [
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ada/k", true),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/k", false),
        ("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/ada/k", true),
        ("arn:aws:s3:::b/${aws:userid}/*", "arn:aws:s3:::b/AIDAADA/k", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/red/k", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none}/*", "arn:aws:s3:::b//k", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none, 'all'}/*", "arn:aws:s3:::b/all/k", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'all'}/*", "arn:aws:s3:::b/all/k", false),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", true),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", false),
        ("arn:aws:s3:::b/${?}", "arn:aws:s3:::b/?", true),
        ("arn:aws:s3:::b/${$}{x}", "arn:aws:s3:::b/${x}", true),
        // What a variable stands for is no pattern.
        ("arn:aws:s3:::b/${aws:PrincipalTag/star}", "arn:aws:s3:::b/anything", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/star}", "arn:aws:s3:::b/*", true),
        ("arn:aws:s3:::${aws:PrincipalAccount}/*", "arn:aws:s3:::123456789012/k", true),
    ];
    for (pattern, name, expected) in table {
        let document = identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"{pattern}"}}"#));
        assert_eq!(allows(&document, "s3:GetObject", name, &keys), expected, "{pattern} against {name}");
    }
}

#[test]
fn version_2008_knows_no_variables() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}"#;
    for (version, name, expected) in [
        (r#""Version":"2008-10-17","#, "arn:aws:s3:::b/${aws:username}", true),
        (r#""Version":"2008-10-17","#, "arn:aws:s3:::b/ada", false),
        ("", "arn:aws:s3:::b/ada", false),
        (r#""Version":"2012-10-17","#, "arn:aws:s3:::b/ada", true),
    ] {
        let text = format!(r#"{{{version}"Statement":{statement}}}"#);
        let document = Document::parse(&text, DocumentKind::Resource).unwrap();
        let (principal, context) = (ada(), Keys::new());
        let request =
            Request { principal: &principal, action: "s3:GetObject", resource: name, resource_account: ACCOUNT, context: &context };
        let policies = Policies { resource: Some(Named::inline("b", &document)), ..Policies::default() };
        assert_eq!(judge(&request, &policies).allowed, expected, "{version} {name}");
    }
}

#[test]
fn principals() {
    let lambda = Caller::Service { name: "lambda.amazonaws.com".into() };
    let logs = Caller::Service { name: "logs.us-east-1.amazonaws.com".into() };
    let web = Caller::Federated { provider: "accounts.google.com".into() };
    let root = Caller::Root { account: ACCOUNT.into() };
    let foreign = Caller::user(OTHER, "eve", "AIDAEVE");
    let table = [
        (r#""*""#, &Caller::Anonymous, true),
        (r#"{"AWS":"*"}"#, &Caller::Anonymous, true),
        (r#"{"AWS":"*"}"#, &ada(), true),
        (r#""*""#, &lambda, true),
        (r#"{"AWS":"arn:aws:iam::123456789012:user/ada"}"#, &ada(), true),
        (r#"{"AWS":"arn:aws:iam::123456789012:user/Ada"}"#, &ada(), false),
        (r#"{"AWS":"arn:aws:iam::123456789012:user/ada"}"#, &Caller::Anonymous, false),
        (r#"{"AWS":["arn:aws:iam::123456789012:user/bob","arn:aws:iam::123456789012:user/ada"]}"#, &ada(), true),
        // An account only delegates: ada still needs an identity policy.
        (r#"{"AWS":"123456789012"}"#, &ada(), false),
        (r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, &ada(), false),
        (r#"{"AWS":"123456789012"}"#, &root, true),
        (r#"{"AWS":"arn:aws:iam::123456789012:role/worker"}"#, &session(), true),
        (r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/worker/i-1"}"#, &session(), true),
        (r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/worker/i-2"}"#, &session(), false),
        (r#"{"Service":"lambda.amazonaws.com"}"#, &lambda, true),
        (r#"{"Service":"s3.amazonaws.com"}"#, &lambda, false),
        (r#"{"Service":"lambda.amazonaws.com"}"#, &ada(), false),
        (r#"{"Service":"logs.amazonaws.com"}"#, &logs, true),
        (r#"{"Service":"logs.eu-west-1.amazonaws.com"}"#, &lambda, false),
        (r#"{"Federated":"accounts.google.com"}"#, &web, true),
        (r#"{"Federated":"graph.facebook.com"}"#, &web, false),
        // A foreign user needs its own account's leave as well.
        (r#""*""#, &foreign, false),
    ];
    for (element, caller, expected) in table {
        let document =
            resource(&format!(r#"{{"Effect":"Allow","Principal":{element},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#));
        assert_eq!(admits(&document, caller), expected, "{element} for {}", caller.arn());
    }
}

#[test]
fn canonical_users_name_an_account() {
    let bucket = resource(r#"{"Effect":"Allow","Principal":{"CanonicalUser":"79a5"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#);
    let own = identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let eve = Caller::user(OTHER, "eve", "AIDAEVE");
    for (id, expected) in [("79a5", true), ("1234", false)] {
        let context = Keys::new().with(CANONICAL_USER, id);
        let request =
            Request { principal: &eve, action: "s3:GetObject", resource: "arn:aws:s3:::b/k", resource_account: ACCOUNT, context: &context };
        let policies =
            Policies { identity: vec![Named::inline("own", &own)], resource: Some(Named::inline("b", &bucket)), ..Policies::default() };
        assert_eq!(judge(&request, &policies).allowed, expected, "{id}");
    }
}

#[test]
fn not_principal_spares_only_those_whose_every_name_is_listed() {
    let (user, root) = ("arn:aws:iam::123456789012:user/ada", "arn:aws:iam::123456789012:root");
    let (role, own) = ("arn:aws:iam::123456789012:role/worker", "arn:aws:sts::123456789012:assumed-role/worker/i-1");
    let table = [
        (vec![user, root], ada(), true),
        (vec![user], ada(), false),
        (vec![root], ada(), false),
        (vec![own, role, root], session(), true),
        (vec![role, root], session(), false),
        (vec![own, root], session(), false),
        (vec![own, role], session(), false),
        (vec![user, root], session(), false),
        (vec!["*"], Caller::Anonymous, true),
        (vec![user, root], Caller::Anonymous, false),
    ];
    for (listed, caller, spared) in table {
        let document = resource(&format!(
            r#"[{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}},
                {{"Effect":"Deny","NotPrincipal":{{"AWS":{listed:?}}},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}]"#
        ));
        assert_eq!(admits(&document, &caller), spared, "{listed:?} for {}", caller.arn());
    }
}

#[test]
fn the_short_form_of_api_gateway() {
    let document = resource(r#"{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/*"}"#);
    for (name, expected) in [
        ("arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/pets", true),
        ("arn:aws:execute-api:us-east-1:123456789012:abc/test/GET/pets", false),
    ] {
        let context = Keys::new();
        let request = Request {
            principal: &Caller::Anonymous,
            action: "execute-api:Invoke",
            resource: name,
            resource_account: ACCOUNT,
            context: &context,
        };
        let policies = Policies { resource: Some(Named::inline("api", &document)), ..Policies::default() };
        assert_eq!(judge(&request, &policies).allowed, expected, "{name}");
    }
}
