//! Batches against a store made of a map and functions made of a list: parted, worked through, interrupted, given up, closed once.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::memory_store::MemoryStore;
use super::{fixture, limits, settings};
use crate::batch::{Budget, Ending, PartEvent, Summary, child, parent};
use crate::config::{BatchConfig, PartConfig, ProcessConfig};
use crate::keys::{ImageId, Owner};
use crate::store::{Invoke, StoreError};

const SUB: &str = "0b1e3c52-1f5a-4e0b-9d0e-2f7d3c8a1b11";

/// What was sent, in order.
#[derive(Default)]
struct Functions(Mutex<VecDeque<(String, Value)>>);

impl Invoke for Functions {
    async fn send(&self, function: &str, event: &Value) -> Result<(), StoreError> {
        self.0.lock().unwrap().push_back((function.to_owned(), event.clone()));
        Ok(())
    }
}

/// Time that goes by with every look at it.
struct Seconds {
    left: AtomicU64,
    a_look: u64,
}

impl Seconds {
    fn plenty() -> Self {
        Self { left: AtomicU64::new(900), a_look: 0 }
    }
}

impl Budget for Seconds {
    fn left(&self) -> Duration {
        Duration::from_secs(self.left.fetch_sub(self.a_look, Ordering::Relaxed))
    }
}

struct House {
    store: MemoryStore,
    functions: Functions,
    batch: BatchConfig,
    part: PartConfig,
}

impl House {
    fn new() -> Self {
        let process =
            ProcessConfig { images_bucket: "images".into(), metadata_bucket: "meta".into(), limits: limits(), settings: settings() };
        Self {
            store: MemoryStore::default(),
            functions: Functions::default(),
            batch: BatchConfig {
                images_bucket: "images".into(),
                own_name: "batch".into(),
                part_function: "part".into(),
                max_batch_bytes: 1 << 20,
                max_image_bytes: 1 << 18,
                part_images: 4,
                part_bytes: 1 << 30,
                hand_over: Duration::from_secs(60),
            },
            part: PartConfig { process, own_name: "part".into(), hand_over: Duration::from_secs(60) },
        }
    }

    async fn begin(&self, key: &str) -> Value {
        let event = json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "images" }, "object": { "key": key } } }] });
        parent::handle(event, &self.batch, &self.store, &self.functions, &Seconds::plenty()).await.unwrap()
    }

    /// Runs what was sent until nothing is; parts with an image in `poison` end as if they were killed, three times, as Lambda tries.
    async fn run(&self, poison: &str) -> usize {
        let mut runs = 0;
        while let Some((function, event)) = { self.functions.0.lock().unwrap().pop_front() } {
            runs += 1;
            if function == "batch" {
                parent::handle(event, &self.batch, &self.store, &self.functions, &Seconds::plenty()).await.unwrap();
                continue;
            }
            let part: PartEvent = serde_json::from_value(event.clone()).unwrap();
            if let Some(at) = part.keys.iter().position(|key| !poison.is_empty() && key.ends_with(poison)) {
                // Killed at the poison: what came before it is done, nothing is reported.
                let before = PartEvent { keys: part.keys[..at].to_vec(), ..part.clone() };
                for key in &before.keys {
                    crate::process::process(key, &self.part.process, &self.store).await.unwrap();
                }
                let record = json!({
                    "version": "1.0", "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
                    "requestPayload": event, "responsePayload": { "errorType": "Runtime.ExitError", "errorMessage": "signal: killed" },
                });
                parent::handle(record, &self.batch, &self.store, &self.functions, &Seconds::plenty()).await.unwrap();
                continue;
            }
            child::handle(part, &self.part, &self.store, &self.functions, &Seconds::plenty()).await.unwrap();
        }
        runs
    }

    fn notes(&self, name: &str) -> Vec<String> {
        self.store.all().into_iter().filter(|key| key.starts_with("images/progress/") && key.contains(name)).collect()
    }

    fn summary(&self) -> Summary {
        let key = self.notes("summary.json").pop().expect("the batch is closed");
        serde_json::from_slice(&self.store.get("images", key.strip_prefix("images/").unwrap()).unwrap().body).unwrap()
    }
}

fn key(name: &str) -> String {
    let id = ImageId::new(&Owner::parse(SUB).unwrap(), 1_790_000_000, *b"somerand");
    format!("batches/{SUB}/{}-{name}", id.as_str())
}

fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn ten() -> Vec<(String, Vec<u8>)> {
    let picture = fixture("made/formats/rgb8.png");
    (0..10).map(|n| (format!("trip/{n}.png"), picture.clone())).collect()
}

#[tokio::test]
async fn an_archive_is_parted_worked_through_and_closed_once() {
    let house = House::new();
    let mut files = ten();
    files.push(("trip/".to_owned(), Vec::new()));
    files.push(("__MACOSX/trip/._0.png".to_owned(), b"x".to_vec()));
    files.push(("trip/notes.txt".to_owned(), b"no picture".to_vec()));
    files.push(("trip/huge.png".to_owned(), vec![0; (1 << 18) + 1]));
    house.store.add("images", &key("trip.zip"), archive(&files));
    let sent = house.begin(&key("trip.zip")).await;
    assert_eq!((&sent["batches"][0]["outcome"], &sent["batches"][0]["parts"]), (&json!("sent"), &json!(3)));
    assert!(house.notes("summary").is_empty(), "nobody has worked yet");
    assert_eq!(house.run("").await, 3);
    let summary = house.summary();
    let counts = (summary.images, summary.parts, summary.processed, summary.quarantined, summary.refused, summary.failed);
    assert_eq!(counts, (12, 3, 10, 1, 1, 0), "{summary:?}");
    assert_eq!(summary.problems.len(), 2);
    let rows = house.store.all().into_iter().filter(|key| key.starts_with("meta/metadata/")).count();
    assert_eq!(rows, 10, "ten images of the same bytes are ten images");

    house.store.writes.lock().unwrap().clear();
    let again = house.begin(&key("trip.zip")).await;
    assert_eq!(again["batches"][0]["outcome"], "unchanged");
    assert_eq!(house.run("").await, 0);
    assert!(house.store.writes.lock().unwrap().is_empty(), "an event that comes again changes nothing");
}

#[tokio::test]
async fn a_list_names_what_was_uploaded_before() {
    let house = House::new();
    let staged: Vec<String> = (0..3).map(|n| format!("staged/{SUB}/{n}.png")).collect();
    for key in &staged[..2] {
        house.store.add("images", key, fixture("made/formats/rgb8.png"));
    }
    let others = "staged/77777777-1f5a-4e0b-9d0e-2f7d3c8a1b22/a.png";
    house.store.add("images", others, fixture("made/formats/rgb8.png"));
    let list = json!({ "keys": [staged[0], staged[1], staged[1], staged[2], others, "renditions/x"] });
    house.store.add("images", &key("list.json"), list.to_string().into_bytes());
    house.begin(&key("list.json")).await;
    house.run("").await;
    let summary = house.summary();
    assert_eq!((summary.images, summary.processed, summary.missing, summary.refused), (5, 2, 1, 2), "{summary:?}");
    assert!(summary.problems.iter().any(|problem| problem.key == others && problem.ending == Ending::Refused));
}

#[tokio::test]
async fn an_image_that_kills_its_function_takes_no_other_with_it() {
    let house = House::new();
    house.store.add("images", &key("trip.zip"), archive(&ten()));
    house.begin(&key("trip.zip")).await;
    house.run("-5.png").await;
    let summary = house.summary();
    assert_eq!((summary.images, summary.processed, summary.failed), (10, 9, 1), "{summary:?}");
    assert_eq!(summary.problems[0].ending, Ending::Failed);
    assert_eq!(summary.problems[0].reason.as_deref(), Some("RetriesExhausted: signal: killed"));
    assert!(summary.parts > 3, "images were tried alone: {}", summary.parts);
}

#[tokio::test]
async fn who_runs_short_of_time_hands_over() {
    let house = House::new();
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("{n}.txt"), format!("no picture {n}").into_bytes())).collect();
    house.store.add("images", &key("trip.zip"), archive(&files));
    // Two looks at the clock and the time is up: for 16 files at a time that is after 32 of them.
    let time = Seconds { left: AtomicU64::new(130), a_look: 40 };
    let event = json!({ "bucket": "images", "key": key("trip.zip") });
    let answer = parent::handle(event, &house.batch, &house.store, &house.functions, &time).await.unwrap();
    assert_eq!(answer["batches"][0]["outcome"], "handedOver");
    let rest = house.functions.0.lock().unwrap().front().unwrap().clone();
    assert_eq!((rest.0.as_str(), &rest.1["from"], &rest.1["turn"]), ("batch", &json!(32), &json!(1)));
    assert!(house.notes("plan").is_empty());
    let (_, event) = house.functions.0.lock().unwrap().pop_front().unwrap();
    parent::handle(event, &house.batch, &house.store, &house.functions, &Seconds::plenty()).await.unwrap();

    let (_, event) = house.functions.0.lock().unwrap().pop_front().unwrap();
    let part: PartEvent = serde_json::from_value(event).unwrap();
    assert_eq!(part.keys.len(), 4);
    let short = Seconds { left: AtomicU64::new(10), a_look: 0 };
    let answer = child::handle(part.clone(), &house.part, &house.store, &house.functions, &short).await.unwrap();
    assert_eq!((&answer["outcome"], &answer["left"]), (&json!("handedOver"), &json!(3)), "one image is done in any case");
    house.run("").await;
    let summary = house.summary();
    assert_eq!((summary.images, summary.quarantined), (40, 40), "{summary:?}");
}

#[tokio::test]
async fn what_is_neither_archive_nor_list_is_closed_with_a_reason() {
    for (body, word) in [
        (b"PK\x03\x04rubbish".to_vec(), "archive can't be read"),
        (b"[1]".to_vec(), "neither a zip"),
        (vec![b' '; (1 << 20) + 1], "is the most"),
    ] {
        let house = House::new();
        house.store.add("images", &key("trip.zip"), body);
        assert_eq!(house.begin(&key("trip.zip")).await["batches"][0]["outcome"], "refused");
        let error = house.summary().error.unwrap();
        assert!(error.contains(word), "{error}");
        assert_eq!(house.begin(&key("trip.zip")).await["batches"][0]["outcome"], "unchanged");
    }
}

#[tokio::test]
async fn a_failing_store_fails_the_part_and_the_retry_finishes() {
    let house = House::new();
    house.store.add("images", &key("trip.zip"), archive(&ten()[..2]));
    house.begin(&key("trip.zip")).await;
    let (_, event) = house.functions.0.lock().unwrap().pop_front().unwrap();
    let part: PartEvent = serde_json::from_value(event).unwrap();
    house.store.failing.lock().unwrap().push("GetObject");
    let failure = child::handle(part.clone(), &house.part, &house.store, &house.functions, &Seconds::plenty()).await.unwrap_err();
    assert!(failure.to_string().starts_with("1 of the part's images failed"), "{failure}");
    let rows = || house.store.all().into_iter().filter(|key| key.starts_with("meta/")).count();
    assert_eq!(rows(), 1, "the other image was tried all the same");
    child::handle(part, &house.part, &house.store, &house.functions, &Seconds::plenty()).await.unwrap();
    assert_eq!((rows(), house.summary().processed), (2, 2));
}
