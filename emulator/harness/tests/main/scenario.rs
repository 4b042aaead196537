//! The scenario engine from outside: what passes, what a failure says, what is traced and replayed.

use std::path::{Path, PathBuf};
use windtunnel::scenario::{self, Options, Report, Status, replay::replay, report};

async fn run(text: &str, options: &Options) -> Report {
    let scenario = scenario::from_text(Path::new("here.yaml"), text).unwrap_or_else(|error| panic!("{error}"));
    scenario::run_one(&scenario, options).await
}

/// A folder of this test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the test's folder");
    folder
}

const LETTERS: &str = r#"
name: letters
seed: 3
steps:
  - aws: { service: s3, operation: CreateBucket, input: { Bucket: letters } }
  - s3.put: { bucket: letters, key: a.json, body: { n: 1 }, content_type: application/json }
    capture: { tag: $.ETag }
  - s3.get: { bucket: letters, key: a.json }
    expect: { ContentType: application/json, ETag: "${tag}", $.json.n: 1, body: { contains: n } }
  - repeat:
      times: 3
      steps:
        - s3.put: { bucket: letters, key: "b/${index}", body: x }
  - s3.list: { bucket: letters, prefix: b/ }
    expect: { $.count: 3, $.keys.2: b/2 }
  - s3.head: { bucket: letters, key: nothing }
    expect: { error: NoSuchKey }
  - http: { GET: "${run.endpoint}/letters/a.json" }
    expect: { status: 403, error: AccessDenied }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_as_expected_passes() {
    let report = run(LETTERS, &Options::default()).await;
    assert!(report.passed, "{}", report::text::failure(&report));
    assert_eq!(report.steps.len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_says_where_what_and_what_instead() {
    let text = "name: wrong\nsteps:\n  - aws: { service: s3, operation: CreateBucket, input: { Bucket: empty } }\n  - s3.list: { bucket: empty }\n    expect:\n      $.count: 1\n  - s3.list: { bucket: empty }\n";
    let report = run(text, &Options::default()).await;
    assert!(!report.passed);
    assert_eq!(report.steps.len(), 2, "the first failure ends a scenario");
    let said = report::text::failure(&report);
    for part in ["here.yaml:6:7: $.count", "expected 1", "got      0", "s3 CreateBucket"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let junit = report::junit::write(std::slice::from_ref(&report));
    assert!(junit.contains("failures=\"1\"") && junit.contains("expected 1, got 0"), "{junit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denial_is_explained() {
    let text = r#"
name: denied
steps:
  - aws: { service: iam, operation: CreateUser, input: { UserName: ann } }
  - aws: { service: s3, operation: CreateBucket, input: { Bucket: closed } }
  - s3.list: { bucket: closed }
    as: { user: ann }
"#;
    let report = run(text, &Options::default()).await;
    let step = report.steps.last().expect("a step");
    assert_eq!(step.status, Status::Failed);
    assert!(step.failures[0].got.contains("user/ann is not authorized to perform: s3:ListBucket"), "{step:?}");
    assert!(step.why.iter().any(|why| why.starts_with("s3:ListBucket on arn:aws:s3:::closed")), "{:?}", step.why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_finds_nothing_or_the_first_difference() {
    let folder = folder("replay");
    let file = folder.join("letters.yaml");
    std::fs::write(&file, LETTERS).expect("written");
    let scenario = scenario::load(&file).expect("read");
    let report = scenario::run_one(&scenario, &Options { trace_dir: Some(folder.clone()), ..Options::default() }).await;
    let trace = report.trace.expect("a trace");
    let same = replay(&trace, None, Options::default()).await.expect("replayed");
    assert_eq!((same.difference, same.text_changed), (None, false));

    std::fs::write(&file, LETTERS.replace("times: 3", "times: 2").replace("$.count: 3, $.keys.2: b/2", "$.count: 2")).expect("written");
    let other = replay(&trace, None, Options::default()).await.expect("replayed");
    assert!(other.text_changed && other.difference.is_some(), "{other:?}");
}
