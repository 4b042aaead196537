//! What AWS refuses on Put, and with which words.
//!
//! Recorded from AWS: "This policy contains invalid Json" (CreateRole), "Policies must be valid JSON and ..." and "Missing
//! required field Statement" (PutBucketPolicy). The other sentences follow public reports of AWS's answers and are unconfirmed.

use policy::{Document, DocumentKind, Rules};

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";

fn current(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)
}

fn check(kind: DocumentKind, table: &[(String, &str)]) {
    for (text, expected) in table {
        match Document::parse(text, kind) {
            Ok(_) => assert_eq!(*expected, "", "{text} was taken"),
            Err(flaw) => assert_eq!(flaw.message, *expected, "{text}: {}", flaw.detail),
        }
    }
}

#[test]
fn identity_documents() {
    let sound = r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"}"#;
    let table = [
        ("not JSON".to_owned(), SYNTAX),
        (String::new(), SYNTAX),
        ("[]".to_owned(), SYNTAX),
        (format!(r#"{{"Statement":{sound}}}"#), VERSION),
        (format!(r#"{{"Version":"2008-10-17","Statement":{sound}}}"#), VERSION),
        (format!(r#"{{"Version":"2013-10-17","Statement":{sound}}}"#), SYNTAX),
        (format!(r#"{{"Version":20121017,"Statement":{sound}}}"#), SYNTAX),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), SYNTAX),
        (format!(r#"{{"Version":"2012-10-17","Statement":{sound},"Extra":1}}"#), SYNTAX),
        (format!(r#"{{"Version":"2012-10-17","Id":["x"],"Statement":{sound}}}"#), SYNTAX),
        (format!(r#"{{"Version":"2012-10-17","Version":"2012-10-17","Statement":{sound}}}"#), SYNTAX),
        (format!(r#"{{"version":"2012-10-17","Statement":{sound}}}"#), SYNTAX),
        (current("[]"), SYNTAX),
        (current(r#"["x"]"#), SYNTAX),
        (current("\"x\""), SYNTAX),
        (current(sound), ""),
        (current(&format!("[{sound}]")), ""),
        (format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":{sound}}}"#), ""),
        (current(&"[".repeat(200)), SYNTAX),
    ];
    check(DocumentKind::Identity, &table);
}

#[test]
fn identity_statements() {
    let table = [
        (r#"{"Effect":"Allow","Action":"s3:A","Resource":"*","Extra":"x"}"#, SYNTAX),
        (r#"{"Effect":"invalid","Action":"s3:A","Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"denY","Action":"s3:A","Resource":"*"}"#, LEGACY),
        (r#"{"Action":"s3:A","Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":"invalid","Resource":"*"}"#, VENDOR),
        (r#"{"Effect":"Allow","NotAction":"","Resource":"*"}"#, VENDOR),
        (r#"{"Effect":"Allow","Action":"invalid"}"#, VENDOR),
        (r#"{"Effect":"Allow","Action":"a a:List","Resource":"*"}"#, "Vendor a a is not valid"),
        (r#"{"Effect":"Allow","Action":"s3:List:Bucket","Resource":"*"}"#, "Actions/Condition can contain only one colon."),
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, ""),
        (r#"{"Effect":"Allow","Action":"iam: with spaces ","Resource":"*"}"#, ""),
        (r#"{"Effect":"Allow","Action":"s3.s-x:A","Resource":"*"}"#, ""),
        (r#"{"Effect":"Allow","Action":{},"Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":[[]],"Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, NO_ACTIONS),
        (r#"{"Effect":"Allow","Resource":"*"}"#, NO_ACTIONS),
        (r#"{"Effect":"Allow"}"#, NO_ACTIONS),
        (r#"{"Effect":"Allow","Action":"s3:A","NotAction":"s3:B","Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":"s3:A","Resource":"*","NotResource":[]}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":"s3:A","Action":"s3:B","Resource":"*"}"#, SYNTAX),
        (r#"{"Effect":"Allow","Action":"s3:A"}"#, NO_RESOURCES),
        (r#"{"Effect":"Allow","Action":"s3:A","Resource":[]}"#, NO_RESOURCES),
        (r#"{"Sid":{},"Effect":"Allow","Action":"s3:A","Resource":"*"}"#, SYNTAX),
        (
            r#"{"Sid":"a b","Effect":"Allow","Action":"s3:A","Resource":"*"}"#,
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
        (
            r#"[{"Sid":"a","Effect":"Allow","Action":"s3:A","Resource":"*"},{"Sid":"a","Effect":"Allow"}]"#,
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (r#"[{"Sid":"","Effect":"Allow","Action":"s3:A","Resource":"*"},{"Sid":"","Effect":"Deny","Action":"s3:A","Resource":"*"}]"#, ""),
        (r#"{"Effect":"Allow","Principal":"*","Action":"s3:A","Resource":"*"}"#, "Policy document should not specify a principal."),
    ];
    check(DocumentKind::Identity, &table.map(|(statement, expected)| (current(statement), expected)));
}

#[test]
fn identity_resources() {
    let iam_paths = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, \
                     instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, \
                     report/, access-report/.";
    let vendor = "Resource vendor must be fully qualified and cannot contain regexes.";
    let table = [
        ("no such form", "Resource no such form must be in ARN format or \"*\"."),
        ("", "Resource  must be in ARN format or \"*\"."),
        ("x:mars", "Partition \"mars\" is not valid for resource \"arn:mars:*:*:*:*\"."),
        ("x:mars:sqs", "Partition \"mars\" is not valid for resource \"arn:mars:sqs:*:*:*\"."),
        ("x:mars:sqs:r:1:q:v:w", "Partition \"mars\" is not valid for resource \"arn:mars:sqs:r:1:q:v:w\"."),
        ("aws:s3:::b", "Partition \"s3\" is not valid for resource \"arn:s3:::b:*\"."),
        ("arn:mars:s3:::b", "Partition \"mars\" is not valid for resource \"arn:mars:s3:::b\"."),
        ("arn:aws", vendor),
        ("arn:aws:*:*:*:*", vendor),
        ("arn:aws:s?:::b", vendor),
        ("arn:aws:iam:::b", iam_paths),
        ("arn:aws:iam::*:user/${aws:username}", ""),
        ("arn:aws:iam:us-east-1::b", "IAM resource arn:aws:iam:us-east-1::b cannot contain region information."),
        ("arn:aws:s3:us-east-1::b", "Resource arn:aws:s3:us-east-1::b can not contain region information."),
        ("arn:aws:s3:us-east-1:123456789012:accesspoint/x", ""),
        ("arn:aws:s3::b", LEGACY),
        ("arn:aws::::b", LEGACY),
        ("arn:aws::queue", LEGACY),
        ("arn:aws:queue", ""),
        ("arn:*:s3:::b", ""),
        ("arn:aws-cn:s3:::b", ""),
        ("arn:aws:unknown-service:us-east-1::b", ""),
        ("*", ""),
    ];
    let text = |resource| current(&format!(r#"{{"Effect":"Allow","Action":"s3:A","Resource":"{resource}"}}"#));
    check(DocumentKind::Identity, &table.map(|(resource, expected)| (text(resource), expected)));
}

#[test]
fn identity_conditions() {
    let table = [
        ("[]", SYNTAX),
        (r#""a""#, SYNTAX),
        (r#"{"a":"b"}"#, SYNTAX),
        (r#"{"DateGreaterThan":[]}"#, SYNTAX),
        (r#"{"DateGreaterThan":{"a":{}}}"#, SYNTAX),
        (r#"{"x":{"a":"1"}}"#, SYNTAX),
        (r#"{"stringequals":{"a":"1"}}"#, SYNTAX),
        (r#"{"ForAnyValue::StringEquals":{"a":"1"}}"#, SYNTAX),
        (r#"{"NullIfExists":{"a":"true"}}"#, SYNTAX),
        (r#"{"StringEquals":{"a":null}}"#, SYNTAX),
        (r#"{"StringEquals":{"a":"1"},"StringEquals":{"b":"1"}}"#, SYNTAX),
        (r#"{"StringEquals":{"a":"1","a":"2"}}"#, SYNTAX),
        (r#"{"DateGreaterThan":{"a":"tomorrow"}}"#, LEGACY),
        (r#"{"DateLessThan":{"a":"9223372036854775808"}}"#, LEGACY),
        (r#"{"x":{}}"#, ""),
        (r#"{}"#, ""),
        (r#"{"DateGreaterThan":{"a":[]}}"#, ""),
        (r#"{"ForAnyValue:StringEqualsIfExists":{"a":"b"}}"#, ""),
        (r#"{"NumericLessThan":{"s3:max-keys":10}}"#, ""),
        (r#"{"Bool":{"aws:SecureTransport":false}}"#, ""),
        (r#"{"DateLessThan":{"a":"2024-05-06t7:08:09.25+11"}}"#, ""),
    ];
    let text = |block| current(&format!(r#"{{"Effect":"Allow","Action":"s3:A","Resource":"*","Condition":{block}}}"#));
    check(DocumentKind::Identity, &table.map(|(block, expected)| (text(block), expected)));
}

#[test]
fn trust_documents() {
    let assume = |principal: &str| current(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#));
    let service = r#"{"Service":"lambda.amazonaws.com"}"#;
    let table = [
        ("not JSON".to_owned(), "This policy contains invalid Json"),
        (assume(service), ""),
        (assume(service).replace("2012", "2008"), ""),
        (current(r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#), "Missing required field Principal"),
        (current(&format!(r#"{{"Effect":"Allow","Principal":{service}}}"#)), "Missing required field Action"),
        (
            current(&format!(r#"{{"Effect":"Allow","Principal":{service},"Action":"sts:AssumeRole","Resource":"*"}}"#)),
            "Has prohibited field Resource",
        ),
        (
            current(&format!(r#"{{"Effect":"Allow","Principal":{service},"Action":"sts:AssumeRole","NotResource":"*"}}"#)),
            "Has prohibited field NotResource",
        ),
        (
            current(&format!(r#"{{"Effect":"Allow","Principal":{service},"Action":"s3:GetObject"}}"#)),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            current(&format!(r#"{{"Effect":"Deny","NotPrincipal":{service},"Action":"sts:AssumeRole"}}"#)),
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
        (assume("{}"), "Missing required field Principal cannot be empty!"),
        (assume(r#""x""#), "Invalid principal in policy"),
        (assume(r#"{"AWS":"nobody"}"#), r#"Invalid principal in policy: "AWS":"nobody""#),
        (assume(r#"{"Service":"lambda"}"#), r#"Invalid principal in policy: "SERVICE":"lambda""#),
        (
            assume(r#"{"AWS":"arn:aws:iam::123456789012:role/*"}"#),
            r#"Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/*""#,
        ),
        (assume(r#"{"Nobody":"x"}"#), "Invalid principal in policy"),
        (assume(r#"{"AWS":["123456789012","arn:aws:iam::123456789012:root","*"]}"#), ""),
        (assume(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/r/s"}"#), ""),
        (assume(r#"{"Federated":"cognito-identity.amazonaws.com"}"#), ""),
    ];
    check(DocumentKind::Trust, &table);
}

#[test]
fn resource_documents() {
    let sound = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    let table = [
        (String::new(), "Policies must be valid JSON and the first byte must be '{'"),
        ("random".to_owned(), "Policies must be valid JSON and the first byte must be '{'"),
        ("{".to_owned(), "This policy contains invalid Json"),
        ("{}".to_owned(), "Missing required field Statement"),
        (format!(r#"{{"Statement":{sound}}}"#), ""),
        (format!(r#"{{"Version":"2008-10-17","Statement":{sound}}}"#), ""),
        (format!(r#"{{"Version":"2020-01-01","Statement":{sound}}}"#), "The policy must contain a valid version string"),
        (format!(r#"{{"Statements":{sound}}}"#), "Unknown field Statements"),
        (current(&sound.replace("Effect", "Efect")), "Unknown field Efect"),
        (current(&sound.replace("Allow", "allow")), "Invalid effect: allow"),
        (current(&sound.replace(r#""Principal":"*","#, "")), "Missing required field Principal"),
        (current(&sound.replace(r#""Action":"s3:GetObject","#, "")), "Missing required field Action"),
        (current(&sound.replace(r#","Resource":"arn:aws:s3:::b/*""#, "")), "Missing required field Resource"),
        (current(&sound.replace("arn:aws:s3:::b/*", "b/*")), "Policy has invalid resource"),
        (current(&sound.replace("s3:GetObject", "GetObject")), "Policy has invalid action"),
        (current(&sound.replace("Principal", "NotPrincipal")), "Allow with NotPrincipal is not allowed."),
        (
            current(&sound.replace("\"Resource\"", r#""Condition":{"StringEqual":{"a":"b"}},"Resource""#)),
            "Invalid Condition type : StringEqual",
        ),
        (current(&sound.replace("\"*\"", r#"{"CanonicalUser":"79a5"}"#)), ""),
        (current(&sound.replace("\"*\"", r#"{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}"#)), ""),
        (current(&sound.replace("arn:aws:s3:::b/*", "execute-api:/prod/GET/x")), ""),
    ];
    check(DocumentKind::Resource, &table);
}

#[test]
fn sizes() {
    let with_spaces = |spaces: usize| current(&format!(r#"{{"Effect":"Allow",{}"Action":"s3:A","Resource":"*"}}"#, " ".repeat(spaces)));
    let with_text = |length: usize| current(&format!(r#"{{"Effect":"Allow","Action":"s3:{}","Resource":"*"}}"#, "a".repeat(length)));
    assert!(Document::parse(&with_spaces(50_000), DocumentKind::Identity).is_ok());
    assert!(Document::parse(&with_text(10_000), DocumentKind::Identity).is_ok());
    let flaw = Document::parse(&with_text(10_240), DocumentKind::Identity).unwrap_err();
    assert!(flaw.too_large);
    let flaw = Document::parse_with(&with_text(6_144), DocumentKind::Identity, &Rules::managed()).unwrap_err();
    assert_eq!(flaw.message, "Cannot exceed quota for PolicySize: 6144");
    let rules = Rules::of(DocumentKind::Identity).with_max_bytes(20_000);
    assert!(Document::parse_with(&with_text(12_000), DocumentKind::Identity, &rules).is_ok());
}

#[test]
fn a_document_gives_back_what_it_was_given() {
    let text = r#"{"Version": "2012-10-17", "Id": "x", "Statement": [{"Sid": "One", "Effect": "Deny", "NotAction": ["s3:*"], "NotResource": "*"}]}"#;
    let document = Document::parse(text, DocumentKind::Identity).unwrap();
    assert_eq!(document.text(), text);
    assert_eq!(document.to_json().to_string(), text.replace(": ", ":").replace(", ", ","));
    assert_eq!(document.id(), Some("x"));
    let statement = &document.statements()[0];
    assert_eq!((statement.index(), statement.sid()), (0, Some("One")));
    assert!(statement.actions().is_negated() && statement.resources().unwrap().is_negated());
}
