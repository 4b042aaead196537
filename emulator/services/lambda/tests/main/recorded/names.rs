//! Recordings of names and qualifiers that are none, by four operations.

use super::{RULES, Shot, Table, create, done, helped};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[("TestLambdaFunction::test_function_name_and_qualifier_validation", done!(names))];

const ACCOUNT: &str = "000000000000";

/// A name and a qualifier for what a case says.
fn case(name: &str) -> (String, Option<String>) {
    let a = |n: usize| "a".repeat(n);
    let arn = |region: &str, rest: &str| format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{rest}");
    let here = |rest: &str| arn("us-east-1", rest);
    let mine = || "my-function".to_owned();
    match name {
        "function_name_is_single_invalid" => ("*".into(), None),
        "invalid_characters_in_function_name" => ("my-function!".into(), None),
        "invalid_characters_in_qualifier" => (mine(), Some("invalid!".into())),
        "qualifier_too_long" | "qualifier_too_long0" => (mine(), Some(a(129))),
        "qualifier_too_long1" | "function_name_and_qualifier_too_long" => (mine(), Some(a(65))),
        "invalid_account_id_in_partial_arn" => ("invalid-account:function:my-function".into(), None),
        "invalid_region_in_arn" => (arn("invalid-region", "my-function"), None),
        "non_lambda_arn" => (format!("arn:aws:ec2:us-east-1:{ACCOUNT}:instance:i-1234567890abcdef0"), None),
        "function_name_too_long" => (a(65), None),
        "function_name_too_long_and_invalid_region" => (arn("invalid-region", &format!("my-function{}", a(170))), None),
        "full_arn_and_qualifier_too_long_and_invalid_region" => (arn("invalid-region", &format!("my-function-{}", a(170))), Some(a(129))),
        "full_arn_with_multiple_qualifiers" => (here("my-function:1:2"), None),
        "incomplete_arn" => (format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function"), None),
        "partial_arn_with_extra_qualifier" => ("function:my-function:$LATEST:extra".into(), None),
        "latest_version_with_additional_qualifier" => (here("my-function:$LATEST"), Some("1".into())),
        "lowercase_latest_qualifier" => (here("my-function"), Some("$latest".into())),
        "missing_region_in_arn" => (format!("arn:aws:lambda::{ACCOUNT}:function:my-function"), None),
        "missing_account_id_in_arn" => ("arn:aws:lambda:us-east-1::function:my-function".into(), None),
        "misspelled_latest_in_arn" => (here("my-function:$LATES"), None),
        other => panic!("no case {other}"),
    }
}

/// A refusal as the recordings keep it: several mistakes as a list, whose order is nobody's.
fn kept(code: &str, message: &str) -> Value {
    let Some((count, rest)) = message.split_once(" detected: ").filter(|(start, _)| start.contains(" validation error")) else {
        return json!({ "Code": code, "Message": message });
    };
    let count: u32 = count.split(' ').next().unwrap().parse().unwrap();
    json!({ "Code": code, "Count": count, "Errors": sorted(rest.split("; ").map(Value::from).collect()) })
}

fn sorted(mut errors: Vec<Value>) -> Vec<Value> {
    // What is wrong stands behind the value, which differs by account.
    let wrong = |error: &Value| error.as_str().unwrap().split_once("' at '").map(|(_, rest)| rest.to_owned());
    errors.sort_by_key(wrong);
    errors
}

async fn names(shot: Shot) {
    let desk = Desk::new().await;
    let (of, method) = shot.parameter.rsplit_once('-').unwrap();
    let (name, qualifier) = case(of);
    let (operation, input) = match method {
        "create_function" => {
            let name = qualifier.map_or(name.clone(), |qualifier| format!("{name}:{qualifier}"));
            let mut input = create(helped());
            input["FunctionName"] = name.into();
            ("CreateFunction", input)
        }
        method => {
            let mut input = json!({ "FunctionName": name });
            if let Some(qualifier) = qualifier {
                input["Qualifier"] = qualifier.into();
            }
            (
                if method == "invoke" {
                    "Invoke"
                } else if method == "get_function" {
                    "GetFunction"
                } else {
                    "DeleteFunction"
                },
                input,
            )
        }
    };
    let label = format!("{method}_exception");
    let fault = desk.call(operation, input).await.expect_err(&label);
    let mut recorded = shot.recorded(&label).clone();
    if let Some(errors) = recorded.get("Errors").and_then(Value::as_array).cloned() {
        recorded["Errors"] = sorted(errors).into();
    }
    let ours = kept(&fault.code, &fault.message);
    RULES.like(&recorded, &ours).unwrap_or_else(|why| panic!("{why}\nrecorded: {recorded}\nours: {ours}"));
    shot.by_hand(&label);
}
