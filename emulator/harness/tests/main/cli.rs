//! The command as people and scripts use it: a cloud on a free port, steered from outside, exit codes as documented.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// A command whose environment points nowhere.
fn windtunnel(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(words).env_remove("WINDTUNNEL_ENDPOINT").env_remove("AWS_ENDPOINT_URL").env_remove("WINDTUNNEL_CONFIRM");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn done(words: &[&str]) -> Output {
    windtunnel(words).output().expect("the program starts")
}

/// A running `windtunnel up` without a stack.
struct Up {
    child: Child,
    endpoint: String,
}

impl Up {
    fn start() -> Up {
        Up::with(&[])
    }

    fn with(more: &[&str]) -> Up {
        let words = [&["up", "--no-stack", "--port", "0", "--json"], more].concat();
        let mut child = windtunnel(&words).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it listens");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        Up { child, endpoint: said["endpoint"].as_str().expect("an endpoint").to_owned() }
    }

    /// The answer of a command that succeeds.
    fn ask(&self, words: &[&str]) -> Value {
        let output = self.tell(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{words:?} answers one JSON object ({e}): {text}"))
    }

    fn tell(&self, words: &[&str]) -> Output {
        done(&[words, &["--json", "--endpoint", &self.endpoint]].concat())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of this test program that isn't there yet.
fn scratch(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&file);
    file
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_running_cloud_is_steered_from_outside() {
    let up = Up::start();
    up.ask(&["clock", "freeze"]);
    let moved = up.ask(&["clock", "advance", "8d"]);
    let (from, now) = (moved["from"].as_str().expect("a moment"), moved["now"].as_str().expect("a moment"));
    let parse = |text| windtunnel::kit::time::parse_iso(text).expect("ISO 8601").millis();
    assert_eq!(parse(now) - parse(from), 8 * 86_400_000);
    assert_eq!(up.ask(&["clock"])["now"], now, "a frozen clock stands");

    assert_eq!(up.ask(&["faults", "add", "--service", "s3", "--error", "SlowDown", "--status", "503"]), json!({ "id": 1 }));
    assert_eq!(up.ask(&["faults"])["rules"][0]["rule"]["error"], "SlowDown");
    assert_eq!(up.tell(&["faults", "remove", "7"]).status.code(), Some(1));
    up.ask(&["faults", "clear"]);
    assert_eq!(up.ask(&["faults"]), json!({ "rules": [] }));

    assert_eq!(up.ask(&["settle"]), json!({ "quiet": true }));
    assert!(up.ask(&["journal", "--limit", "5"])["records"].is_array());
    let file = scratch("state.snap").display().to_string();
    up.ask(&["snapshot", "save", &file]);
    up.ask(&["snapshot", "load", &file]);
    assert_eq!(up.tell(&["snapshot", "load", "/nowhere/state.snap"]).status.code(), Some(1));
    assert_eq!(up.tell(&["iam", "policy", "--from-journal", "--principal", "arn:aws:iam::000000000000:role/none"]).status.code(), Some(1));
}

/// The body of an answer to a request of AWS's JSON protocol that nobody signs.
fn posted(endpoint: &str, target: &str, body: &Value) -> Value {
    let address = endpoint.strip_prefix("http://").expect("an http URL");
    let mut socket = std::net::TcpStream::connect(address).expect("the cloud listens");
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: {target}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(body.as_bytes())).expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers");
    let (_, text) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {answer}"))
}

const POOL: &str = r#"{"Resources": {
  "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"AutoVerifiedAttributes": ["email"]}},
  "Client": {"Type": "AWS::Cognito::UserPoolClient",
    "Properties": {"UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}}},
  "Outputs": {"Pool": {"Value": {"Ref": "Pool"}}, "Client": {"Value": {"Ref": "Client"}}}}"#;

#[test]
fn a_sign_ups_code_is_read_in_the_terminal_and_tokens_name_the_issuer_that_was_asked_for() {
    for issuer in ["local", "aws", "http://cloud.test:8000/"] {
        // Every address of the machine is where it listens, not where it is.
        let up = Up::with(&["--issuer", issuer, "--bind", "0.0.0.0"]);
        assert!(up.endpoint.starts_with("http://127.0.0.1:"), "{}", up.endpoint);
        let template = scratch("pool.json");
        std::fs::write(&template, POOL).expect("a template");
        let deployed = up.ask(&["deploy", "--template", &template.display().to_string(), "--stack", "people"]);
        let output = |name: &str| deployed["outputs"][name].as_str().unwrap_or_else(|| panic!("no {name} in {deployed}")).to_owned();
        let (pool, client) = (output("Pool"), output("Client"));
        let call = |operation: &str, body: Value| posted(&up.endpoint, &format!("AWSCognitoIdentityProviderService.{operation}"), &body);
        let address = json!([{ "Name": "email", "Value": "ann@example.com" }]);
        call("SignUp", json!({ "ClientId": client, "Username": "ann", "Password": "Passw0rd-1", "UserAttributes": address }));
        let sent = up.ask(&["messages", "--user", "ann@example.com", "--pool", &pool]);
        let code = sent["messages"][0]["code"].as_str().unwrap_or_else(|| panic!("no code in {sent}")).to_owned();
        assert_eq!(up.ask(&["messages", "--user", "bob"]), json!({ "messages": [] }));
        let shown = done(&["messages", "--endpoint", &up.endpoint]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains(&format!("SignUp to ann@example.com (ann, {pool})  {code}")), "{shown:?}");
        assert_eq!(call("ConfirmSignUp", json!({ "ClientId": client, "Username": "ann", "ConfirmationCode": code })), json!({}));
        let parameters = json!({ "USERNAME": "ann", "PASSWORD": "Passw0rd-1" });
        let signed_in = call("InitiateAuth", json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters }));
        let token = signed_in["AuthenticationResult"]["AccessToken"].as_str().unwrap_or_else(|| panic!("{signed_in}"));
        let body = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, token.split('.').nth(1).expect("a body"));
        let claims: Value = serde_json::from_slice(&body.expect("base64url")).expect("JSON");
        let wanted = match issuer {
            "aws" => format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}"),
            url if url.starts_with("http") => format!("http://cloud.test:8000/{pool}"),
            _ => format!("{}/{pool}", up.endpoint),
        };
        assert_eq!(claims["iss"], wanted);
        // Cognito takes its own tokens whoever they name.
        assert_eq!(call("GetUser", json!({ "AccessToken": token }))["Username"], "ann");
    }
    for wrong in ["example.com", "http://", "http://example.com/a"] {
        assert_eq!(done(&["up", "--issuer", wrong]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_taken_port_is_the_environments_fault_and_names_the_way_out() {
    let up = Up::start();
    let port = up.endpoint.rsplit(':').next().expect("a port").to_owned();
    let output = done(&["up", "--no-stack", "--port", &port]);
    assert_eq!(output.status.code(), Some(3));
    assert!(error(&output).contains("--port"), "{}", error(&output));
}

#[cfg(unix)]
#[test]
fn a_cloud_that_is_told_to_end_ends_with_0() {
    let mut up = Up::start();
    let killed = Command::new("kill").arg(up.child.id().to_string()).status().expect("kill is there");
    assert!(killed.success());
    assert_eq!(up.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn without_a_cloud_commands_say_how_to_start_one() {
    for words in [vec!["clock"], vec!["journal"], vec!["faults"], vec!["settle"]] {
        let output = done(&[words.as_slice(), &["--endpoint", "http://127.0.0.1:1"]].concat());
        assert_eq!(output.status.code(), Some(3), "{words:?}");
        assert!(error(&output).contains("windtunnel up"), "{}", error(&output));
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for words in [
        vec!["--what"],
        vec!["clock", "advance", "soon"],
        vec!["faults", "add", "--service", "s3"],
        vec!["services", "--service", "s33"],
        vec!["destroy"],
    ] {
        assert_eq!(done(&words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn what_a_guard_refuses_ends_with_4() {
    let template = scratch("empty.yaml");
    std::fs::write(&template, "Resources: {}\n").expect("a template");
    let template = template.display().to_string();
    let elsewhere = done(&["deploy", "--template", &template, "--endpoint", "https://cloudformation.us-east-1.amazonaws.com"]);
    assert_eq!(elsewhere.status.code(), Some(4), "{}", error(&elsewhere));
    let list = scratch("none.toml").display().to_string();
    let unlisted = done(&["deploy", "--template", &template, "--target", "aws", "--config", &list]);
    assert_eq!(unlisted.status.code(), Some(4), "{}", error(&unlisted));
    assert!(error(&unlisted).contains("[targets."), "{}", error(&unlisted));
}

#[test]
fn the_environment_is_told_for_each_shell() {
    for (shell, set, unset) in [
        ("bash", "export AWS_ENDPOINT_URL='http://127.0.0.1:9'", "unset AWS_PROFILE"),
        ("fish", "set -gx AWS_ENDPOINT_URL 'http://127.0.0.1:9'", "set -e AWS_PROFILE"),
        ("powershell", "$env:AWS_ENDPOINT_URL = 'http://127.0.0.1:9'", "Remove-Item Env:AWS_PROFILE"),
        ("json", "\"AWS_ENDPOINT_URL\":\"http://127.0.0.1:9\"", "\"AWS_PROFILE\""),
    ] {
        let text = String::from_utf8(done(&["env", "--shell", shell, "--endpoint", "http://127.0.0.1:9"]).stdout).expect("text");
        assert!(text.contains(set) && text.contains(unset), "{shell}: {text}");
    }
}

#[test]
fn a_case_tells_whether_it_is_as_expected() {
    let file = scratch("case.json");
    let case = |expect: &str| {
        let request =
            json!({ "principal": "arn:aws:iam::123456789012:user/ada", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k" });
        json!({ "request": request, "policies": {}, "expect": expect }).to_string()
    };
    for (expect, code) in [("deny", 0), ("allow", 1), ("perhaps", 2)] {
        std::fs::write(&file, case(expect)).expect("a case");
        assert_eq!(done(&["iam", "eval", &file.display().to_string()]).status.code(), Some(code), "{expect}");
    }
}
