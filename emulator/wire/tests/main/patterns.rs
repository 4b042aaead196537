//! The patterns of all of AWS's models, by hand:
//!
//! `WIRE_PATTERNS=patterns.json cargo test -p wire --test main -- --ignored --nocapture patterns`, where the file is a JSON list of the
//! models' patterns.

use wire::Pattern;

#[test]
#[ignore = "by hand: needs a list of the patterns of all models"]
fn all_patterns_of_all_models() {
    let file = std::env::var("WIRE_PATTERNS").expect("WIRE_PATTERNS names a file");
    let text = std::fs::read_to_string(file).expect("the file is readable");
    let sources: Vec<String> = serde_json::from_str(&text).expect("the file is a JSON list");
    let mut unusable = Vec::new();
    for source in &sources {
        let pattern = Pattern::new(Box::leak(source.clone().into_boxed_str()));
        if !pattern.is_usable() {
            unusable.push(source);
        }
    }
    for source in &unusable {
        println!("{source}");
    }
    println!("{} of {} patterns are unusable", unusable.len(), sources.len());
    assert!(unusable.len() * 200 <= sources.len(), "more than one in 200 is unusable");
}
