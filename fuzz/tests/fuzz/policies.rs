//! Policies: documents of the three kinds, and cases as `windtunnel iam eval` takes them.

use crate::target::Target;
use policy::{Caller, Document, DocumentKind, Keys, Named, Policies, Request, Rules, case, evaluate};

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

const DOCUMENTS: &[&str] = &[
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A1","Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":["arn:aws:s3:::images/${aws:username}/*","arn:aws:s3:::b"],"Condition":{"StringLike":{"s3:prefix":["a/*",""]},"Bool":{"aws:SecureTransport":"true"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"iam:*","NotResource":"arn:aws:iam::*:role/x","Condition":{"ForAllValues:StringEqualsIfExists":{"aws:TagKeys":["a","b"]},"NumericLessThan":{"s3:max-keys":"10"},"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]},"Null":{"aws:x":true}}}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:root","123456789012"],"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
    r#"{"Version":"2012-10-17","Id":"p","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:b?"},"StringNotEquals":{"aws:PrincipalTag/team":"${aws:RequestTag/team, 'none'}"},"BinaryEquals":{"k":"aGk="}}},{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:user/ada"},"Action":"s3:*","Resource":"*"}]}"#,
    DENY,
];

const WORDS: &str = "\"Version\":\"2012-10-17\", \"Statement\": \"Effect\":\"Allow\" \"Action\":\"*\" \"NotAction\" \"Resource\":\"*\" \"Principal\" \"NotPrincipal\" \
    \"Condition\":{ \"StringLike\" ForAnyValue: ForAllValues: IfExists ArnLike IpAddress DateEquals NumericEquals BinaryEquals Null ${aws: ${*} ${?} ${$} } ** ***************a \
    *a*a*a*a*a*a*a*a*b arn:aws:s3::: arn:: \u{e9} \\u0000 \\ud800 1e999 -1 null true [[[[ {{{{ 0.0.0.0/33 ::/129 9999-99-99T99:99:99Z";

fn cases() -> Vec<Vec<u8>> {
    let case = |document: &str| {
        format!(
            r#"{{"name":"n","request":{{"principal":"arn:aws:sts::123456789012:assumed-role/presign/i-1","action":"s3:PutObject","resource":"arn:aws:s3:::images/k","resourceAccount":"123456789012","context":{{"aws:SourceIp":"203.0.113.5","aws:TagKeys":["a","b"],"s3:prefix":"a/b"}}}},"policies":{{"identity":[{document}],"boundary":{document},"session":[{document}],"scp":[[{document}]],"mode":"optional"}},"expect":"allow"}}"#
        )
    };
    let identity = DOCUMENTS[..2].iter().map(|document| case(document).into_bytes());
    let resource = DOCUMENTS[3..4].iter().map(|document| {
        format!(r#"{{"request":{{"principal":{{"type":"federated","provider":"cognito-identity.amazonaws.com"}},"action":"s3:GetObject","resource":"arn:aws:s3:::b/x"}},"policies":{{"resource":{document}}},"expect":{{"decision":"deny","message":"m","sid":"s","policy":"p"}}}}"#).into_bytes()
    });
    identity.chain(resource).collect()
}

#[test]
fn policies() {
    let samples = DOCUMENTS.iter().map(|text| text.as_bytes().to_vec()).chain(cases());
    Target::new("policies", samples, WORDS).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut taken = false;
        for kind in [DocumentKind::Identity, DocumentKind::Resource, DocumentKind::Trust] {
            match Document::parse_with(&text, kind, &Rules::of(kind).with_max_bytes(usize::MAX)) {
                Ok(document) => {
                    sound(&document);
                    taken = true;
                }
                Err(flaw) => assert!(!flaw.message.is_empty() && !flaw.detail.is_empty()),
            }
        }
        match case::run(&text) {
            Ok(result) => {
                assert!(!result.explanation.is_empty() && !result.to_json().is_null());
                taken = true;
            }
            Err(sentence) => assert!(!sentence.is_empty()),
        }
        taken
    });
}

/// Whatever a document says: a denial beside it denies, and nobody but the asked principal is let in by it.
fn sound(document: &Document) {
    assert!(!document.to_json().is_null());
    assert!(!document.statements().is_empty());
    let _ = document.principal_arns().count();
    let caller = Caller::user("123456789012", "ada", "AIDAEXAMPLE");
    let mut context = Keys::new();
    context.insert_all("aws:TagKeys", vec!["a".to_owned(), "b".to_owned()]);
    context.insert_all("aws:SourceIp", vec!["203.0.113.5".to_owned()]);
    let request = Request {
        principal: &caller,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::b/photo.jpg",
        resource_account: "123456789012",
        context: &context,
    };
    let deny = Document::parse(DENY, DocumentKind::Identity).expect("a document");
    let identity = document.kind() == DocumentKind::Identity;
    let alone = Policies { identity: if identity { vec![Named::inline("it", document)] } else { Vec::new() }, ..Policies::default() };
    assert!(!evaluate(&request, &alone).message(&request).is_empty());
    let denied =
        Policies { identity: alone.identity.iter().copied().chain([Named::inline("deny", &deny)]).collect(), ..Policies::default() };
    assert!(!evaluate(&request, &denied).allowed, "a denial did not deny");
}
