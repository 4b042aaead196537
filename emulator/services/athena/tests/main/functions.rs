//! Trino's functions by its documentation: every line of `functions.txt` is an expression and the text that it gives.

use crate::lake::{Desk, texts};
use serde_json::json;

/// What must pass, of a hundred.
const BAR: usize = 95;

#[tokio::test]
async fn functions_give_what_the_documentation_says() {
    let desk = Desk::new().await;
    let cases: Vec<(&str, &str)> =
        include_str!("functions.txt").lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(" => ")).collect();
    assert!(cases.len() >= 500, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for chunk in cases.chunks(50) {
        let mut started = Vec::new();
        for (expression, wanted) in chunk {
            match desk.start(&format!("SELECT {expression}")).await {
                Ok(id) => started.push((expression, wanted, id)),
                Err(fault) => wrong.push(format!("{expression}: {}", fault.message)),
            }
        }
        desk.cloud.settle(std::time::Duration::from_secs(120)).await.unwrap();
        for (expression, wanted, id) in started {
            let execution = desk.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"].clone();
            let got = match execution["Status"]["State"].as_str() {
                Some("SUCCEEDED") => {
                    let results = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id })).await;
                    texts(&results["ResultSet"]["Rows"]).split_off(1).join("|")
                }
                _ => format!("! {}", execution["Status"]["StateChangeReason"].as_str().unwrap_or("")),
            };
            let same = match wanted.strip_prefix("! ") {
                Some(error) => got.starts_with("! ") && got.contains(error),
                None => got == **wanted,
            };
            if !same {
                wrong.push(format!("{expression}: wanted {wanted}, got {got}"));
            }
        }
    }
    let passed = cases.len() - wrong.len();
    println!("{passed} of {} cases pass", cases.len());
    wrong.iter().for_each(|line| println!("  {line}"));
    assert!(passed * 100 >= cases.len() * BAR, "{passed} of {} pass:\n{}", cases.len(), wrong.join("\n"));
}
