//! Nonsense of every kind that reaches a door: malformed signatures, XML, JSON, policies, templates, zips, YAML. Each is answered in AWS's
//! shape, with a code and a sentence that help, and the cloud goes on. (Damaged pictures: `pictures`.)

use crate::{
    http::{Answer, Keys, ROOT, send, signed},
    standing::{bare, root},
};
use windtunnel::{Emulator, scenario};

/// A request to a door, by hand.
struct Door<'a> {
    emulator: &'a Emulator,
}

impl Door<'_> {
    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.emulator.endpoint())
    }

    /// S3 with these headers beside the Host.
    async fn plain(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers: Vec<_> = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        send(method, &self.url(target), &headers, body).await
    }

    /// S3, signed as root.
    async fn s3(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let url = self.url(target);
        send(method, &url, &signed(ROOT, "s3", method, &url, body), body).await
    }

    /// A service that speaks JSON, signed as root; `target` is `AmazonSQS.SendMessage`.
    async fn json(&self, service: &str, version: &str, target: &str, body: &[u8]) -> Answer {
        let url = self.url("/");
        let mut headers = signed(ROOT, service, "POST", &url, body);
        headers.push(("x-amz-target".into(), target.into()));
        headers.push(("content-type".into(), format!("application/x-amz-json-{version}")));
        send("POST", &url, &headers, body).await
    }

    /// A service that speaks the query protocol, signed as root.
    async fn query(&self, service: &str, form: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let body = form.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&");
        let url = self.url("/");
        let mut headers = signed(ROOT, service, "POST", &url, body.as_bytes());
        headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        send("POST", &url, &headers, body.as_bytes()).await
    }

    async fn cloudformation(&self, template: &str) -> Answer {
        self.query(
            "cloudformation",
            &[("Action", "CreateStack"), ("Version", "2010-05-15"), ("StackName", "s"), ("TemplateBody", template)],
        )
        .await
    }

    /// A function whose package is these bytes.
    async fn function(&self, zip: &[u8]) -> Answer {
        use base64::Engine;
        let zip = base64::engine::general_purpose::STANDARD.encode(zip);
        let body = serde_json::json!({
            "FunctionName": "f", "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": "arn:aws:iam::000000000000:role/f", "Code": { "ZipFile": zip },
        });
        let (body, url) = (body.to_string(), self.url("/2015-03-31/functions"));
        let mut headers = signed(ROOT, "lambda", "POST", &url, body.as_bytes());
        headers.push(("content-type".into(), "application/json".into()));
        send("POST", &url, &headers, body.as_bytes()).await
    }

    /// A role that functions can take.
    async fn role(&self) {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let made = self
            .query("iam", &[("Action", "CreateRole"), ("Version", "2010-05-08"), ("RoleName", "f"), ("AssumeRolePolicyDocument", trust)])
            .await;
        assert_eq!(made.status, 200, "{}", made.text());
    }
}

/// An error document of S3 or of the query protocol.
fn xml_error(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert!(text.contains(&format!("<Code>{code}</Code>")), "expected {code}: {text}");
    assert!(text.contains("<Message>") && text.contains("<RequestId>"), "{text}");
}

/// An error of a JSON service.
fn json_error(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let value = answer.json();
    let kind = value["__type"].as_str().or(value["Type"].as_str()).unwrap_or_default().to_owned();
    let header =
        answer.head.lines().find_map(|l| l.to_ascii_lowercase().starts_with("x-amzn-errortype:").then(|| l.to_owned())).unwrap_or_default();
    assert!(kind.contains(code) || header.contains(code), "expected {code}: {} {value}", answer.head);
    value["message"].as_str().or(value["Message"].as_str()).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signatures() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    xml_error(&door.plain("GET", "/", &[("authorization", "AWS4-HMAC-SHA256 nonsense")], b"").await, 400, "AuthorizationHeaderMalformed");
    xml_error(&door.plain("GET", "/", &[("authorization", "Nonsense")], b"").await, 400, "InvalidArgument");
    let half = "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/s3/aws4_request, SignedHeaders=host";
    xml_error(&door.plain("GET", "/", &[("authorization", half)], b"").await, 400, "AuthorizationHeaderMalformed");

    let url = door.url("/");
    let with = |name: &str, value: &str| {
        let mut headers = signed(ROOT, "s3", "GET", &url, b"");
        headers.retain(|(k, _)| k != name);
        headers.push((name.to_owned(), value.to_owned()));
        headers
    };
    // Not what was signed.
    xml_error(&send("GET", &url, &with("x-amz-content-sha256", &"0".repeat(64)), b"").await, 403, "SignatureDoesNotMatch");
    xml_error(
        &send("GET", &url, &signed(Keys { secret: "wrong", ..ROOT }, "s3", "GET", &url, b""), b"").await,
        403,
        "SignatureDoesNotMatch",
    );
    xml_error(
        &send("GET", &url, &signed(Keys { id: "LKIANOBODY0000000000", ..ROOT }, "s3", "GET", &url, b""), b"").await,
        403,
        "InvalidAccessKeyId",
    );
    let date = send("GET", &url, &with("x-amz-date", "yesterday"), b"").await;
    assert_eq!(date.status, 403, "{}", date.text());
    xml_error(&send("GET", &url, &with("x-amz-date", "20200101T000000Z"), b"").await, 400, "AuthorizationHeaderMalformed");
    // The body is another than the one whose sum was signed.
    door.s3("PUT", "/bucket", b"").await;
    let put = door.url("/bucket/key");
    xml_error(&send("PUT", &put, &signed(ROOT, "s3", "PUT", &put, b"one"), b"two").await, 400, "XAmzContentSHA256Mismatch");
    for query in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=b&X-Amz-Expires=c&X-Amz-SignedHeaders=host&X-Amz-Signature=d",
    ] {
        xml_error(&door.plain("GET", &format!("/bucket/key?{query}"), &[], b"").await, 400, "AuthorizationQueryParametersError");
    }
    // Other services say the same in their own forms.
    let sqs = [
        ("authorization", "AWS4-HMAC-SHA256 nonsense"),
        ("x-amz-target", "AmazonSQS.ListQueues"),
        ("content-type", "application/x-amz-json-1.0"),
    ];
    let answer = door.plain("POST", "/", &sqs, b"{}").await;
    assert!(matches!(answer.status, 400 | 403), "{}", answer.text());
    json_error(&answer, answer.status, "IncompleteSignature");
    let nobody = door.plain("POST", "/", &sqs[1..], b"{}").await;
    assert!(matches!(nobody.status, 400 | 403), "{}", nobody.text());
    json_error(&nobody, nobody.status, "MissingAuthenticationToken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn xml() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    assert_eq!(door.s3("PUT", "/bucket", b"").await.status, 200);
    let deep = "<a>".repeat(100_000);
    let entities = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><VersioningConfiguration><Status>&b;</Status></VersioningConfiguration>"#;
    for body in [
        "",
        "no xml",
        "<VersioningConfiguration><Status>",
        "<Other/>",
        "<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>",
        &deep,
        entities,
        "\u{0}",
    ] {
        let answer = door.s3("PUT", "/bucket?versioning", body.as_bytes()).await;
        let shown = &body[..body.len().min(60)];
        let text = answer.text();
        assert_eq!(answer.status, 400, "{shown}: {text}");
        assert!(
            ["MalformedXML", "MissingRequestBodyError", "IllegalVersioningConfigurationException"]
                .iter()
                .any(|code| text.contains(&format!("<Code>{code}</Code>"))),
            "{shown}: {text}"
        );
    }
    xml_error(&door.s3("PUT", "/bucket?lifecycle", b"<LifecycleConfiguration><Rule/></LifecycleConfiguration>").await, 400, "MalformedXML");
    xml_error(&door.s3("POST", "/bucket?delete", b"<Delete></Delete>").await, 400, "MalformedXML");
    let unknown = door.query("sts", &[("Action", "Nonsense"), ("Version", "2011-06-15")]).await;
    xml_error(&unknown, 400, "InvalidAction");
    assert_eq!(door.s3("HEAD", "/bucket", b"").await.status, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "no json",
        "[]",
        "\"a\"",
        r#"{"QueueName": 1}"#,
        r#"{"QueueName": "a", "QueueName": }"#,
        &deep,
        "{\"QueueName\":\"\u{1}\"}",
    ] {
        let answer = door.json("sqs", "1.0", "AmazonSQS.CreateQueue", body.as_bytes()).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        let value = answer.json();
        assert!(value["__type"].is_string(), "{shown}: {value}");
    }
    json_error(&door.json("sqs", "1.0", "AmazonSQS.CreateQueue", b"{\xff}").await, 400, "SerializationException");
    json_error(&door.json("sqs", "1.0", "AmazonSQS.Nonsense", b"{}").await, 400, "UnknownOperationException");
    json_error(&door.json("logs", "1.1", "Logs_20140328.CreateLogGroup", br#"{"logGroupName": {}}"#).await, 400, "SerializationException");
    let missing = json_error(&door.json("glue", "1.1", "AWSGlue.GetDatabase", b"{}").await, 400, "ValidationException");
    assert!(missing.to_lowercase().contains("name"), "{missing}");
    // What AWS has and this cloud doesn't says so by name.
    let refused = door.json("glue", "1.1", "AWSGlue.CreateJob", b"{}").await;
    assert_eq!(refused.status, 501, "{}", refused.text());
    assert!(refused.text().contains("CreateJob"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    assert_eq!(door.s3("PUT", "/bucket", b"").await.status, 200);
    let documents = [
        "",
        "no json",
        "{}",
        r#"{"Version":"2012-10-17"}"#,
        r#"{"Version":"1999-01-01","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::another/*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*","Condition":{"Nonsense":{"a":"b"}}}]}"#,
    ];
    for document in documents {
        let answer = door.s3("PUT", "/bucket?policy", document.as_bytes()).await;
        assert_eq!(answer.status, 400, "{document}: {}", answer.text());
        let text = answer.text();
        assert!(
            text.contains("<Code>MalformedPolicy</Code>") || text.contains("<Code>MissingRequestBodyError</Code>"),
            "{document}: {text}"
        );
    }
    assert_eq!(door.query("iam", &[("Action", "CreateUser"), ("Version", "2010-05-08"), ("UserName", "ana")]).await.status, 200);
    let no_resource = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}"#;
    let with_principal =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}"#;
    for document in ["no json", "{}", r#"{"Statement":[{"Effect":"Allow"}]}"#, no_resource, with_principal] {
        let put = [
            ("Action", "PutUserPolicy"),
            ("Version", "2010-05-08"),
            ("UserName", "ana"),
            ("PolicyName", "p"),
            ("PolicyDocument", document),
        ];
        xml_error(&door.query("iam", &put).await, 400, "MalformedPolicyDocument");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    let bucket = |properties: &str| format!("Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n{properties}");
    let bomb: String = (0..40).fold("a: &a0 [x]\n".to_owned(), |text, n| {
        let refs = format!("*a{n}, ").repeat(9);
        text + &format!("a{n}x: &a{} [{refs}*a{n}]\n", n + 1)
    });
    let cases: Vec<(String, &str)> = vec![
        ("no template".into(), ""),
        ("Resources: [".into(), ""),
        ("{}".into(), ""),
        ("Resources: {}".into(), ""),
        ("AWSTemplateFormatVersion: '2001-01-01'\nResources: {B: {Type: AWS::S3::Bucket}}".into(), "AWSTemplateFormatVersion"),
        ("Resources: {B: {Type: AWS::S3::Bucket}}\nNonsense: {}".into(), "Nonsense"),
        ("Resources: {B: {Type: AWS::Nowhere::Thing}}".into(), "AWS::Nowhere::Thing"),
        (bucket("      Nonsense: 1\n"), "Nonsense"),
        (bucket("      BucketName: [1]\n"), "BucketName"),
        (bucket("      BucketName: !Ref Nowhere\n"), "Nowhere"),
        (bucket("      BucketName: !GetAtt Nowhere.Arn\n"), "Nowhere"),
        (bucket("      BucketName: !Sub \"${Nowhere}\"\n"), "Nowhere"),
        (bucket("      BucketName: !Nonsense x\n"), "Nonsense"),
        ("Resources:\n  A: {Type: AWS::SQS::Queue, DependsOn: B}\n  B: {Type: AWS::SQS::Queue, DependsOn: A}\n".into(), "ircular"),
        (bomb, ""),
        ("[".repeat(50_000), ""),
    ];
    for (template, named) in cases {
        let answer = door.cloudformation(&template).await;
        let shown: String = template.chars().take(80).collect();
        xml_error(&answer, 400, "ValidationError");
        assert!(answer.text().contains(named), "{shown}: the message names {named}: {}", answer.text());
    }
    let stacks = door.query("cloudformation", &[("Action", "DescribeStacks"), ("Version", "2010-05-15")]).await;
    assert!(stacks.status == 200 && !stacks.text().contains("<StackName>"), "nothing was made: {}", stacks.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zips() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    door.role().await;
    let (honest, outside, absolute) = (zip(&[("bootstrap", b"x")]), zip(&[("../../bootstrap", b"x")]), zip(&[("/etc/bootstrap", b"x")]));
    let bomb = zip(&[("bootstrap", &vec![0; 300 << 20])]);
    let cut = &honest[..honest.len() - 10];
    for (what, bytes) in
        [("nothing", &b""[..]), ("no zip", b"no zip"), ("cut short", cut), ("outside", &outside), ("absolute", &absolute), ("bomb", &bomb)]
    {
        let answer = door.function(bytes).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        let message = json_error(&answer, 400, "InvalidParameterValueException");
        assert!(!message.is_empty(), "{what}");
    }
    let made = door.function(&honest).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a name");
        writer.write_all(bytes).expect("writing to memory");
    }
    writer.finish().expect("writing to memory").into_inner()
}

#[test]
fn scenarios() {
    let file = root().join("scenarios/nonsense.yaml");
    let header = "name: test\nsteps:\n";
    for (text, place) in [
        ("", ""),
        ("[", ""),
        ("nonsense", ""),
        ("name: test\nnonsense: 1\nsteps: []\n", "2:1"),
        (&format!("{header}  - fly: {{}}\n"), "3:"),
        (&format!("{header}  - settle: {{within: soon}}\n"), "3:"),
        (&format!("{header}  - settle: {{nonsense: 1}}\n"), "3:"),
        (&format!("{header}  - settle: {{}}\n    expect: {{status: yes}}\n"), "4:"),
    ] {
        let error = scenario::from_text(&file, text).map(|_| ()).expect_err(text).to_string();
        assert!(error.contains("nonsense.yaml") && error.contains(place), "{text:?} is refused with its place {place}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_at_the_own_endpoints() {
    let emulator = bare().await;
    let door = Door { emulator: &emulator };
    for (target, body) in [
        ("clock", "no json"),
        ("clock", r#"{"advance":"soon"}"#),
        ("clock", r#"{"nonsense":1}"#),
        ("faults", r#"{"nonsense":1}"#),
        ("snapshot/save", "{}"),
    ] {
        let answer = door.plain("POST", &format!("/_windtunnel/{target}"), &[], body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{target} {body}: {}", answer.text());
        assert!(answer.json()["error"].is_string());
    }
    assert_eq!(door.plain("GET", "/_windtunnel/nonsense", &[], b"").await.status, 404);
    let foreign = door.plain("POST", "/_windtunnel/clock", &[("origin", "https://evil.example")], br#"{"advance":"1d"}"#).await;
    assert_eq!(foreign.status, 403, "a page of another site may not move the clock");
}
