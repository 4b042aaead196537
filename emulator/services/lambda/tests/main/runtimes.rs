//! Python and Node handlers, where the machine has an interpreter.

use crate::desk::{Desk, decode, zip};
use serde_json::{Value, json};

fn has(program: &str) -> bool {
    let there = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()));
    if !there {
        skipped(&format!("this machine has no {program}"));
    }
    there
}

/// CI has everything: there it is a failure.
fn skipped(why: &str) {
    assert!(std::env::var_os("WINDTUNNEL_CI").is_none_or(|on| on != "1"), "CI lacks what a test needs: {why}");
    println!("skipped: {why}");
}

async fn told(desk: &Desk, name: &str, event: Value) -> Value {
    desk.invoke(name, event).await.1
}

#[tokio::test]
async fn python() {
    if !has("python3") {
        return;
    }
    let desk = Desk::new().await;
    let code = b"import os\n\ndef run(event, context):\n    print('seen', event)\n    if event == 'fail':\n        raise KeyError('gone')\n    return {'event': event, 'name': context.function_name, 'left': context.get_remaining_time_in_millis(), 'root': os.getcwd()}\n";
    let python = |handler: &str| json!({ "Runtime": "python3.12", "Handler": handler, "Timeout": 20 });
    let package = zip(&[("app/main.py", code)]);
    desk.made("py", package.clone(), python("app/main.run")).await;
    let answer = told(&desk, "py", json!({ "k": "ü" })).await;
    assert_eq!((&answer["event"], &answer["name"]), (&json!({ "k": "ü" }), &json!("py")), "{answer} {:?}", desk.lines());
    assert!((15_000..=20_000).contains(&answer["left"].as_i64().unwrap()), "{answer}");
    let failure = told(&desk, "py", json!("fail")).await;
    assert_eq!((&failure["errorType"], &failure["errorMessage"]), (&json!("KeyError"), &json!("'gone'")));
    assert!(failure["stackTrace"][0].as_str().unwrap().contains("raise KeyError"), "{failure}");
    desk.made("missing", package.clone(), python("nothing.run")).await;
    let failure = told(&desk, "missing", json!({})).await;
    assert_eq!(failure["errorType"], "Runtime.ImportModuleError", "{failure}");
    assert_eq!(failure["errorMessage"], "Unable to import module 'nothing': No module named 'nothing'");
    desk.made("wrong", package, python("app/main.other")).await;
    assert_eq!(told(&desk, "wrong", json!({})).await["errorType"], "Runtime.HandlerNotFound");
    desk.settle().await;
    assert!(desk.lines().iter().any(|line| line.starts_with("seen {'k'")), "{:?}", desk.lines());
}

#[tokio::test]
async fn node() {
    if !has("node") {
        return;
    }
    let desk = Desk::new().await;
    let node = |handler: &str| json!({ "Runtime": "nodejs20.x", "Handler": handler, "Timeout": 20 });
    let module = b"export const run = async (event, context) => {\n  console.log('seen', event);\n  if (event === 'fail') throw new TypeError('gone');\n  return { event, name: context.functionName, left: context.getRemainingTimeInMillis() };\n};\n";
    let common = b"exports.run = (event, context, callback) => setTimeout(() => callback(null, { common: event }), 5);\n";
    desk.made("esm", zip(&[("index.mjs", module)]), node("index.run")).await;
    let answer = told(&desk, "esm", json!({ "k": 1 })).await;
    assert_eq!((&answer["event"], &answer["name"]), (&json!({ "k": 1 }), &json!("esm")));
    assert!((15_000..=20_000).contains(&answer["left"].as_i64().unwrap()), "{answer}");
    let failure = told(&desk, "esm", json!("fail")).await;
    assert_eq!((&failure["errorType"], &failure["errorMessage"]), (&json!("TypeError"), &json!("gone")));
    desk.made("cjs", zip(&[("lib/index.js", common)]), node("lib/index.run")).await;
    assert_eq!(told(&desk, "cjs", json!(7)).await, json!({ "common": 7 }));
    desk.made("missing", zip(&[("index.mjs", module)]), node("nothing.run")).await;
    assert_eq!(told(&desk, "missing", json!({})).await["errorType"], "Runtime.ImportModuleError");
    desk.settle().await;
    assert!(desk.lines().iter().any(|line| line.contains("\tINFO\tseen { k: 1 }")), "{:?}", desk.lines());
}

/// What people write first: `logger.info`, numbers of DynamoDB, a mistake in the code.
#[tokio::test]
async fn python_as_people_write_it() {
    if !has("python3") {
        return;
    }
    let desk = Desk::new().await;
    let code = br#"
import decimal, logging
logger = logging.getLogger()
logger.setLevel(logging.INFO)

def run(event, context):
    logger.info("seen %s\nand more", event)
    logging.getLogger("other").debug("not this")
    return {"price": decimal.Decimal("1.5"), "custom": context.client_context and context.client_context.custom}
"#;
    let python = |more: Value| {
        let mut config = json!({ "Runtime": "python3.12", "Handler": "main.run", "Timeout": 20 });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    desk.made("text", zip(&[("main.py", code)]), python(json!({}))).await;
    assert_eq!(told(&desk, "text", json!(7)).await, json!({ "price": 1.5, "custom": null }), "{:?}", desk.lines());
    desk.settle().await;
    let lines = desk.lines();
    let line = lines.iter().find(|line| line.contains("seen 7")).unwrap_or_else(|| panic!("{lines:?}"));
    let parts: Vec<&str> = line.split('\t').collect();
    assert!(parts[0] == "[INFO]" && parts[1].ends_with('Z') && parts[2].len() == 36, "{line}");
    // AWS's client, where it is installed, keeps lines together only with the help of the real service.
    assert!(lines.iter().any(|line| line.contains("and more")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("not this")));

    desk.made("json", zip(&[("main.py", code)]), python(json!({ "LoggingConfig": { "LogFormat": "JSON" } }))).await;
    told(&desk, "json", json!(8)).await;
    desk.settle().await;
    let lines: Vec<Value> = desk.lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let line = lines.iter().find(|line| line["message"] == "seen 8\nand more").unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!((&line["level"], &line["logger"], line["requestId"].is_string()), (&json!("INFO"), &json!("root"), true));

    desk.made("broken", zip(&[("main.py", b"def run(event, context) return\n")]), python(json!({}))).await;
    let failure = told(&desk, "broken", json!({})).await;
    assert_eq!(failure["errorType"], "Runtime.UserCodeSyntaxError", "{failure}");
    assert!(failure["errorMessage"].as_str().unwrap().starts_with("Syntax error in module 'main': "), "{failure}");
}

/// As on AWS: the package is /var/task, /tmp is empty and may be written, and nothing else may.
#[tokio::test]
async fn only_tmp_can_be_written() {
    if !has("python3") {
        return;
    }
    let desk = Desk::new().await;
    let code = br#"
import os

def tried(path):
    try:
        with open(path, "a") as file:
            file.write("x")
        return "written"
    except OSError as error:
        return error.strerror

def run(event, context):
    seen = [os.getcwd(), os.environ["LAMBDA_TASK_ROOT"], __file__, os.listdir("/tmp"), sorted(os.listdir("."))]
    paths = ["beside", "/var/task/main.py", "/etc/windtunnel-was-here", "/opt/windtunnel-was-here", "/var/tmp/windtunnel-was-here", "/tmp/mine", "/dev/null"]
    return {"seen": seen, "tried": [tried(path) for path in paths]}
"#;
    desk.made("f", zip(&[("main.py", code)]), json!({ "Runtime": "python3.12", "Handler": "main.run", "Timeout": 20 })).await;
    let answer = told(&desk, "f", json!({})).await;
    if desk.lines().iter().any(|line| line.contains("windtunnel-lambda")) || answer["seen"][0] != "/var/task" {
        return skipped("this machine gives functions no view of their own");
    }
    assert_eq!(answer["seen"], json!(["/var/task", "/var/task", "/var/task/main.py", [], ["main.py"]]));
    // Whose emulator isn't the machine's root may not write some of them anyway.
    let tried: Vec<bool> = answer["tried"].as_array().unwrap().iter().map(|one| one == "written").collect();
    assert_eq!(tried, [false, false, false, false, false, true, true], "{answer}");
    assert_eq!(answer["tried"][0], "Read-only file system");
    assert_eq!(told(&desk, "f", json!({})).await["seen"][3], json!(["mine"]), "a warm environment keeps its /tmp");
}

/// A Node function of one file.
async fn node_function(desk: &Desk, name: &str, code: &str, more: Value) {
    let mut config = json!({ "Runtime": "nodejs22.x", "Handler": "index.handler", "Timeout": 20 });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.made(name, zip(&[("index.js", code.as_bytes())]), config).await;
}

#[tokio::test]
async fn node_answers_by_callback_context_or_never() {
    if !has("node") {
        return;
    }
    let desk = Desk::new().await;
    let none = || json!({});
    for (name, code, answer) in [
        (
            "waits",
            "exports.handler = (e, c, done) => { let n = 0; done(null, { get n() { return n; } }); setTimeout(() => { n = 1; }, 20); }",
            json!({ "n": 1 }),
        ),
        (
            "hurries",
            "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; done(null, 'now'); setTimeout(() => {}, 60000); }",
            json!("now"),
        ),
        ("succeeds", "exports.handler = (e, c) => { setTimeout(() => c.succeed(5), 5); }", json!(5)),
        ("says_nothing", "exports.handler = () => 'ignored'", json!(null)),
    ] {
        node_function(&desk, name, code, none()).await;
        assert_eq!(told(&desk, name, json!({})).await, answer, "{name} {:?}", desk.lines());
        assert_eq!(told(&desk, name, json!({})).await, answer, "{name} again");
    }
    for (name, code, kind, message) in [
        (
            "thrown",
            "exports.handler = async () => { setTimeout(() => { throw new RangeError('late'); }, 5); await new Promise(() => setTimeout(() => {}, 9000)); }",
            "RangeError",
            "late",
        ),
        (
            "rejected",
            "exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise(() => setTimeout(() => {}, 9000)); }",
            "Runtime.UnhandledPromiseRejection",
            "Error: lost",
        ),
        ("misspelt", "exports.handler = async () => {", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
    ] {
        node_function(&desk, name, code, none()).await;
        let failure = told(&desk, name, json!({})).await;
        assert_eq!((&failure["errorType"], &failure["errorMessage"]), (&json!(kind), &json!(message)), "{name} {failure}");
    }
    let json_logs = json!({ "LoggingConfig": { "LogFormat": "JSON", "ApplicationLogLevel": "WARN" } });
    node_function(&desk, "told", "exports.handler = async (e) => { console.log('not this'); console.warn({ saw: e }); }", json_logs).await;
    told(&desk, "told", json!(3)).await;
    desk.settle().await;
    let lines: Vec<Value> = desk.lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(
        lines.iter().any(|line| line["level"] == "WARN" && line["message"] == json!({ "saw": 3 }) && line["requestId"].is_string()),
        "{lines:?}"
    );
    assert!(!desk.lines().iter().any(|line| line.contains("not this")));
}

/// `awslambda.streamifyResponse`, the way in which Node functions stream.
#[tokio::test]
async fn node_streams_its_answer() {
    if !has("node") {
        return;
    }
    let desk = Desk::new().await;
    let code = "exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 'early') throw new Error('before');
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } });
  stream.write('one ');
  if (event === 'late') throw new Error('on the way');
  stream.write({ two: 2 });
  stream.end();
});";
    node_function(&desk, "streams", code, json!({})).await;
    for _ in 0..2 {
        let done = desk.ok("Invoke", json!({ "FunctionName": "streams" })).await;
        let payload = decode(done["Payload"].as_str().unwrap());
        let (prelude, rest) = payload.split_at(payload.iter().position(|b| *b == 0).unwrap());
        assert_eq!(serde_json::from_slice::<Value>(prelude).unwrap(), json!({ "statusCode": 201, "headers": { "x-a": "b" } }));
        assert_eq!(rest, b"\0\0\0\0\0\0\0\0one {\"two\":2}");
    }
    assert_eq!(told(&desk, "streams", json!("early")).await["errorMessage"], "before");
    assert_eq!(told(&desk, "streams", json!("late")).await["errorMessage"], "on the way");
}

/// The host's python with these modules, as a runtime's name; `None`, told, where it lacks one.
fn python_with(modules: &str) -> Option<String> {
    let code = format!("import sys, {modules}; print('python%d.%d' % sys.version_info[:2])");
    let said = std::process::Command::new("python3").args(["-c", &code]).stderr(std::process::Stdio::null()).output().ok();
    let name = said.filter(|said| said.status.success()).map(|said| String::from_utf8(said.stdout).unwrap().trim().to_owned());
    if name.is_none() {
        skipped(&format!("this machine's python3 lacks one of {modules} (pip install -r tests/python/requirements.txt)"));
    }
    name
}

/// As people write them: AWS's own client runs the handler, Powertools logs, routes, reports metrics and parses the event.
#[tokio::test]
async fn powertools_and_awslambdaric_run_unmodified() {
    let Some(runtime) = python_with("aws_lambda_powertools, awslambdaric") else { return };
    let desk = Desk::new().await;
    let code = br#"
import sys
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="pictures")
metrics = Metrics(namespace="Pictures", service="pictures")
app = LambdaFunctionUrlResolver()

@app.get("/pictures/<name>")
def picture(name: str):
    metrics.add_metric(name="Shown", unit=MetricUnit.Count, value=1)
    logger.info("shown", extra={"picture": name})
    return {"name": name, "client": "awslambdaric" in sys.modules}

@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict, context: LambdaContext) -> dict:
    if event.get("fail"):
        raise ValueError("asked to")
    return app.resolve(event, context)
"#;
    desk.made("tools", zip(&[("app.py", code)]), json!({ "Runtime": runtime, "Handler": "app.handler", "Timeout": 30 })).await;
    let event = json!({ "version": "2.0", "rawPath": "/pictures/cat", "headers": {}, "requestContext": { "http": { "method": "GET", "path": "/pictures/cat" }, "stage": "$default" } });
    let answer = told(&desk, "tools", event).await;
    assert_eq!(answer["statusCode"], 200, "{answer} {:?}", desk.lines());
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({ "name": "cat", "client": true }));
    let failure = told(&desk, "tools", json!({ "fail": true })).await;
    assert_eq!((&failure["errorType"], &failure["errorMessage"]), (&json!("ValueError"), &json!("asked to")));
    desk.settle().await;
    let lines: Vec<Value> = desk.lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let shown = lines.iter().find(|line| line["message"] == "shown").unwrap_or_else(|| panic!("{:?}", desk.lines()));
    assert_eq!((&shown["picture"], &shown["function_name"], &shown["cold_start"]), (&json!("cat"), &json!("tools"), &json!(true)));
    assert!(lines.iter().any(|line| line["Shown"] == json!([1.0])), "{lines:?}");
}

/// What `cargo lambda build --output-format zip` writes: the program as `bootstrap`, deflated, and what is included beside it.
#[tokio::test]
async fn a_zip_of_cargo_lambda_runs_unmodified() {
    use std::io::Write;
    let desk = Desk::new().await;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("bootstrap", deflated.unix_permissions(0o755)).unwrap();
    writer.write_all(&std::fs::read(env!("CARGO_BIN_EXE_echo-bootstrap")).unwrap()).unwrap();
    writer.start_file("assets/words.txt", deflated.unix_permissions(0o644)).unwrap();
    writer.write_all(b"words").unwrap();
    let zip = writer.finish().unwrap().into_inner();
    desk.world.objects.lock().insert("test/cargo-lambda.zip".into(), zip.into());
    desk.function("rust", json!({ "Code": { "S3Bucket": "test", "S3Key": "cargo-lambda.zip" } })).await;
    assert_eq!(told(&desk, "rust", json!({ "a": 1 })).await["event"], json!({ "a": 1 }));
    let root = told(&desk, "rust", json!({})).await["env"]["LAMBDA_TASK_ROOT"].as_str().unwrap().to_owned();
    assert_eq!(told(&desk, "rust", json!(format!("read {root}/assets/words.txt"))).await, "words");
}
