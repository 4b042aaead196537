//! `windtunnel iam eval`: cases in JSON.

use policy::case::run;

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

#[test]
fn a_case_passes_or_says_what_differs() {
    let case = |expect: &str| {
        format!(
            r#"{{"request":{{"principal":"arn:aws:sts::123456789012:assumed-role/r/s","action":"s3:GetObject","resource":"arn:aws:s3:::b/k",
                "context":{{"aws:SourceIp":"10.0.0.1","aws:TagKeys":["a",1,true]}}}},
                "policies":{{"identity":[{{"arn":"arn:aws:iam::123456789012:policy/p","document":{ALLOW}}}]}},"expect":{expect}}}"#
        )
    };
    let result = run(&case(r#""allow""#)).unwrap();
    assert!(result.passed() && result.decision.allowed);
    assert!(result.explanation.ends_with("(Sid \"A\")\n"), "{}", result.explanation);
    assert!(run(&case(r#"{"decision":"allow","sid":"A","policy":"arn:aws:iam::123456789012:policy/p"}"#)).unwrap().passed());
    let result = run(&case(r#"{"decision":"deny","sid":"B"}"#)).unwrap();
    assert_eq!(result.differences.unwrap(), [r#"decision: expected "deny", got "allow""#, r#"sid: expected "B", got "A""#]);
    assert_eq!(run(&case(r#""allow""#)).unwrap().to_json()["decision"], "allow");
}

#[test]
fn all_kinds_of_principals_and_policies() {
    let everyone = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#;
    let table = [
        (r#""123456789012""#, "{}", true),
        (r#""arn:aws:iam::123456789012:root""#, "{}", true),
        (r#""arn:aws:iam::123456789012:user/path/ada""#, "{}", false),
        (r#""anonymous""#, &format!(r#"{{"resource":{everyone}}}"#), true),
        (r#""s3.amazonaws.com""#, &format!(r#"{{"resource":{everyone}}}"#), true),
        (r#"{"type":"federated","provider":"p"}"#, "{}", false),
        (r#"{"type":"root","account":"123456789012"}"#, &format!(r#"{{"scp":[[{ALLOW}],[{ALLOW}]]}}"#), true),
        (r#"{"type":"root","account":"123456789012"}"#, r#"{"scp":[[]]}"#, false),
        (r#""123456789012""#, r#"{"mode":"required"}"#, false),
        (
            r#"{"type":"session","arn":"arn:aws:sts::123456789012:assumed-role/r/s","roleArn":"arn:aws:iam::123456789012:role/p/r","account":"123456789012","roleId":"AROA","sessionName":"s"}"#,
            &format!(r#"{{"identity":[{ALLOW}],"boundary":{ALLOW},"session":[{ALLOW}],"scp":[{ALLOW}]}}"#),
            true,
        ),
    ];
    for (principal, policies, allowed) in table {
        let case = format!(
            r#"{{"request":{{"principal":{principal},"action":"s3:GetObject","resource":"arn:aws:s3:::b/k"}},"policies":{policies}}}"#
        );
        assert_eq!(run(&case).unwrap().decision.allowed, allowed, "{case}");
    }
}

#[test]
fn trust_cases() {
    let case = r#"{"request":{"principal":"lambda.amazonaws.com","action":"sts:AssumeRole","resource":"arn:aws:iam::123456789012:role/r"},
        "policies":{"trust":true,"resource":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}},
        "expect":"allow"}"#;
    assert!(run(case).unwrap().passed());
}

#[test]
fn flaws_are_named_with_their_place() {
    let table = [
        ("nonsense", "not JSON"),
        ("[]", "the case: must be an object"),
        ("{}", "request is missing"),
        (r#"{"request":{"action":"s3:A"}}"#, "request.principal is missing"),
        (r#"{"request":{"principal":"x","action":"s3:A"}}"#, "is neither"),
        (r#"{"request":{"principal":"anonymous"}}"#, "request.action is missing"),
        (r#"{"request":{"principal":"anonymous","action":"s3:A","ressource":"*"}}"#, r#"unknown member "ressource""#),
        (r#"{"request":{"principal":"anonymous","action":"s3:A"},"policies":{"identitiy":[]}}"#, r#"unknown member "identitiy""#),
        (
            r#"{"request":{"principal":"anonymous","action":"s3:A"},"policies":{"identity":[{}]}}"#,
            "policies.identity[0]: Syntax errors in policy. (Statement is missing)",
        ),
        (r#"{"request":{"principal":"anonymous","action":"s3:A"},"expect":"maybe"}"#, "neither"),
        (r#"{"request":{"principal":"anonymous","action":"s3:A","context":{"k":{}}}}"#, "request.context.k"),
    ];
    for (case, expected) in table {
        let error = run(case).unwrap_err();
        assert!(error.contains(expected), "{case}: {error}");
    }
}
