//! `check` and `--dry-run`: they say what is, and change nothing.

use crate::{
    runner::{Setup, run},
    stand::{Stand, TOPIC, numbered},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn check_says_what_is_there_and_what_is_missing() {
    let stand = Stand::new(2).await;
    let (output, text) = run(&stand, &Setup::of(&stand), &["check"]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let expected = ["cluster", "it answers", "photo-ingest: 2 partitions", "dead: 1 partitions", "function f: it may be invoked"];
    assert!(expected.iter().all(|part| text.contains(part)) && !text.contains("BAD"), "{text}");
    let route = "[[routes]]\ntopics = [\"nowhere\", \"^photo-.*$\"]\nfunction = \"g\"";
    let (output, text) = run(&stand, &Setup { route, ..Setup::of(&stand) }, &["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("BAD  topic nowhere: there is none") && text.contains("BAD  function g: ResourceNotFoundException"), "{text}");
    assert!(stand.seen.all().is_empty(), "nothing ran");
    let (output, text) = run(&stand, &Setup { bootstrap: "127.0.0.1:1", ..Setup::of(&stand) }, &["check"]);
    assert!(output.status.code() == Some(1) && text.contains("BAD  cluster 127.0.0.1:1"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_dry_run_says_what_would_go_and_commits_nothing() {
    let stand = Stand::new(1).await;
    let mut values = numbered(0..7);
    values[3] = "nonsense".into();
    stand.produce(Some(0), &values).await;
    let (output, text) = run(&stand, &Setup { route: "batch = { records = 3, wait_ms = 1000 }\n", ..Setup::of(&stand) }, &["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let offsets: Vec<&Value> = lines.iter().map(|line| &line["offsets"]).collect();
    assert_eq!(serde_json::to_string(&offsets).unwrap(), "[[0,2],[3,5],[6,6]]");
    assert!(lines.iter().all(|line| line["function"] == "f" && line["bytes"].as_u64() > Some(100)), "{text}");
    let (_, text) = run(&stand, &Setup { route: "envelope = \"raw\"\n", ..Setup::of(&stand) }, &["--dry-run"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    assert!(lines[3]["wouldFail"].as_str().unwrap().starts_with("the value is no JSON"), "{text}");
    let (output, text) = run(&stand, &Setup { route: "envelope = \"raw\"\n", ..Setup::of(&stand) }, &["--dry-run", "--records", "5"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(0), 6));
    assert_eq!(lines[5], json!({ "stoppedAfter": 5, "notRead": { "photo-ingest-0": [5, 7] }, "why": "--records 5" }));
    assert_eq!((stand.committed(), stand.seen.all().len()), (vec![None], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_configuration_that_makes_no_sense_ends_it_at_once() {
    let stand = Stand::new(1).await;
    let (output, _) = run(&stand, &Setup { options: "\"enable.auto.commit\" = true\n", ..Setup::of(&stand) }, &[]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("kafka.options.\"enable.auto.commit\": this option is the consumer's own"), "{told}");
    // librdkafka knows its own options best.
    let (output, _) = run(&stand, &Setup { options: "\"no.such.option\" = 1\n", ..Setup::of(&stand) }, &[]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && told.contains("no.such.option"), "{told}");
    let _ = TOPIC;
}
