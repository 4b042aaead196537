//! The command as people and scripts use it: a cloud on a free port, steered from outside, exit codes as documented.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
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
        let mut child =
            windtunnel(&["up", "--no-stack", "--port", "0", "--json"]).stderr(Stdio::null()).spawn().expect("the program starts");
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
