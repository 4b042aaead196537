//! Python and Node handlers, where the machine has an interpreter.

use crate::desk::{Desk, zip};
use serde_json::{Value, json};

fn has(program: &str) -> bool {
    let there = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()));
    if !there {
        println!("skipped: this machine has no {program}");
    }
    there
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
