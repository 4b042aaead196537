//! `process` against a store: what lies where afterwards, once and twice, and when things go wrong half way.

use bytes::Bytes;
use serde_json::{Value, json};

use super::memory_store::MemoryStore;
use super::{fixture, limits, settings};
use crate::config::ProcessConfig;
use crate::keys::{ImageId, Owner};
use crate::metadata::Manifest;
use crate::process::{Failure, Outcome, handle, process};
use pictures::refusal::Code;

const SUB: &str = "0b1e3c52-1f5a-4e0b-9d0e-2f7d3c8a1b11";

fn config() -> ProcessConfig {
    ProcessConfig { images_bucket: "images".into(), metadata_bucket: "meta".into(), limits: limits(), settings: settings() }
}

fn id() -> String {
    ImageId::new(&Owner::parse(SUB).unwrap(), 1_790_000_000, *b"somerand").as_str().to_owned()
}

fn upload_key() -> String {
    format!("uploads/{SUB}/{}-cat.jpg", id())
}

fn event(keys: &[&str]) -> Value {
    let records: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "images" }, "object": { "key": key } } }))
        .collect();
    json!({ "Records": records })
}

#[tokio::test]
async fn a_photograph_becomes_renditions_row_and_manifest() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("photos/rocket.jpg"));
    let result = handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
    assert_eq!(result["results"][0]["outcome"], "processed");
    let (id, home) = (id(), format!("images/renditions/{SUB}/{}", id()));
    assert_eq!(
        store.all(),
        [
            format!("{home}/160.jpg"),
            format!("{home}/160.webp"),
            format!("{home}/640.jpg"),
            format!("{home}/640.webp"),
            format!("{home}/image.json"),
            format!("images/{}", upload_key()),
            format!("meta/metadata/dt=2026-09-21/{id}.json"),
        ]
    );
    let line = String::from_utf8(store.get("meta", &format!("metadata/dt=2026-09-21/{id}.json")).unwrap().body.to_vec()).unwrap();
    assert!(line.ends_with('\n') && line.lines().count() == 1, "one line: {line}");
    let row: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&row["owner"], &row["format"], &row["width"], &row["height"]), (&json!(SUB), &json!("jpeg"), &json!(640), &json!(427)));
    assert_eq!((&row["renditions"], &row["source_key"], &row["taken_at"]), (&json!(4), &json!(upload_key()), &Value::Null));
    assert_eq!(store.get("images", &format!("renditions/{SUB}/{id}/160.webp")).unwrap().content_type, "image/webp");
    assert!(store.writes.lock().unwrap().last().unwrap().ends_with("/image.json"), "the manifest comes last");
}

#[tokio::test]
async fn the_row_has_the_columns_of_the_table() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("made/orientation/6.jpg"));
    handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
    let line = store.get("meta", &format!("metadata/dt=2026-09-21/{}.json", id())).unwrap().body;
    let row: serde_json::Map<String, Value> = serde_json::from_slice(&line).unwrap();
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap();
    let (_, table) = template.split_once("\n  Table:\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let columns: Vec<&str> =
        table.lines().filter_map(|line| line.trim().strip_prefix("- { Name: ")?.split(',').next()).filter(|name| *name != "dt").collect();
    assert_eq!(columns, row.keys().map(String::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_second_event_changes_nothing() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("made/formats/rgb8.png"));
    handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
    store.writes.lock().unwrap().clear();
    let again = handle(event(&[&upload_key(), &upload_key()]), &config(), &store).await.unwrap();
    assert_eq!((&again["results"][0]["outcome"], &again["results"][1]["outcome"]), (&json!("unchanged"), &json!("unchanged")));
    assert!(store.writes.lock().unwrap().is_empty());

    let mut other = config();
    other.settings.jpeg_quality = 50;
    assert!(matches!(process(&upload_key(), &other, &store).await.unwrap(), Outcome::Processed { .. }), "new settings make new renditions");
}

#[tokio::test]
async fn a_replaced_upload_is_made_anew_and_keeps_its_row() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("made/formats/rgb8.png"));
    process(&upload_key(), &config(), &store).await.unwrap();
    store.add("images", &upload_key(), fixture("photos/rocket.jpg"));
    process(&upload_key(), &config(), &store).await.unwrap();
    let rows: Vec<String> = store.all().into_iter().filter(|key| key.starts_with("meta/")).collect();
    assert_eq!(rows.len(), 1);
    let manifest = store.get("images", &format!("renditions/{SUB}/{}/image.json", id())).unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&manifest.body).unwrap().image.width, 640);
}

#[tokio::test]
async fn an_upload_that_is_replaced_meanwhile_is_started_over() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("made/formats/rgb8.png"));
    *store.swap.lock().unwrap() = Some((upload_key(), Bytes::from(fixture("photos/rocket.jpg"))));
    process(&upload_key(), &config(), &store).await.unwrap();
    let manifest = store.get("images", &format!("renditions/{SUB}/{}/image.json", id())).unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&manifest.body).unwrap().image.format, "jpeg");
}

#[tokio::test]
async fn a_bomb_goes_to_quarantine_with_a_reason() {
    let store = MemoryStore::default();
    let bomb = fixture("made/damage/bomb-50000x50000.png");
    store.add("images", &upload_key(), bomb.clone());
    let result = handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
    assert_eq!(result["results"][0]["outcome"], "quarantined");
    let home = format!("quarantine/{SUB}/{}-cat.jpg", id());
    let all = store.all();
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!((&all[0], &all[1]), (&format!("images/{home}"), &format!("images/{home}.reason.json")));
    let row = format!("/{SUB}-{}-cat.jpg.json", id());
    assert!(all[2].starts_with("meta/failures/dt=") && all[2].ends_with(&row), "{all:?}");
    assert_eq!(store.get("images", &home).unwrap().body, bomb);
    let reason: Value = serde_json::from_slice(&store.get("images", &format!("{home}.reason.json")).unwrap().body).unwrap();
    assert_eq!((&reason["code"], &reason["source_key"]), (&json!("TooManyPixels"), &json!(upload_key())));
    assert!(reason["message"].as_str().unwrap().contains("50000 x 50000"));

    let again = handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
    assert_eq!(again["results"][0]["outcome"], "gone", "a second event finds nothing to do");
}

#[tokio::test]
async fn too_many_bytes_are_not_even_read() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("photos/rocket.jpg"));
    let mut small = config();
    small.limits.max_bytes = 1000;
    let outcome = process(&upload_key(), &small, &store).await.unwrap();
    assert!(matches!(outcome, Outcome::Quarantined { reason, .. } if reason.code == Code::TooManyBytes));
}

#[tokio::test]
async fn keys_without_owner_or_id() {
    let store = MemoryStore::default();
    store.add("images", "uploads/stray.png", fixture("made/formats/rgb8.png"));
    let outcome = process("uploads/stray.png", &config(), &store).await.unwrap();
    assert!(
        matches!(outcome, Outcome::Quarantined { reason, key } if reason.code == Code::NoOwner && key.starts_with("quarantine/_unowned/"))
    );

    let key = format!("uploads/{SUB}/holiday photo+1.png");
    store.add("images", &key, fixture("made/formats/rgb8.png"));
    let encoded = format!("uploads/{SUB}/holiday+photo%2B1.png");
    let result = handle(event(&[&encoded]), &config(), &store).await.unwrap();
    assert_eq!(result["results"][0]["outcome"], "processed");
    assert_eq!(handle(event(&[&encoded]), &config(), &store).await.unwrap()["results"][0]["outcome"], "unchanged");
}

#[tokio::test]
async fn a_failing_store_fails_the_function_and_the_retry_finishes() {
    for operation in ["GetObject", "PutObject", "HeadObject"] {
        let store = MemoryStore::default();
        store.add("images", &upload_key(), fixture("made/formats/rgb8.png"));
        store.failing.lock().unwrap().push(operation);
        let failure = handle(event(&[&upload_key()]), &config(), &store).await.unwrap_err();
        assert!(matches!(&failure, Failure::Store(error) if error.code == "SlowDown"), "{operation}: {failure}");
        let retried = handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
        assert_eq!(retried["results"][0]["outcome"], "processed", "{operation}");
    }
    for operation in ["PutObject", "CopyObject", "DeleteObject"] {
        let store = MemoryStore::default();
        store.add("images", &upload_key(), fixture("made/damage/text.jpg"));
        store.failing.lock().unwrap().push(operation);
        assert!(handle(event(&[&upload_key()]), &config(), &store).await.is_err(), "{operation}");
        let retried = handle(event(&[&upload_key()]), &config(), &store).await.unwrap();
        assert_eq!(retried["results"][0]["outcome"], "quarantined", "{operation}");
    }
}

#[tokio::test]
async fn one_bad_record_does_not_keep_the_others_from_being_tried() {
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("made/formats/rgb8.png"));
    let mut event = event(&["uploads/x/y", &upload_key()]);
    event["Records"][0]["s3"]["bucket"]["name"] = json!("elsewhere");
    assert!(matches!(handle(event, &config(), &store).await, Err(Failure::BadEvent(_))));
    assert!(store.get("images", &format!("renditions/{SUB}/{}/image.json", id())).is_some());
}

#[tokio::test]
async fn messages_of_partners_are_worked_on_like_uploads() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let store = MemoryStore::default();
    store.add("images", &upload_key(), fixture("photos/rocket.jpg"));
    let message = |owner: &str| json!({ "key": upload_key(), "owner": owner });
    let alone = handle(message(SUB), &config(), &store).await.unwrap();
    assert_eq!(alone["results"][0]["outcome"], "processed", "as the consumer's envelope raw sends it");
    let record = |offset: i64, value: Option<String>| {
        json!({ "topic": "photo-ingest", "partition": 0, "offset": offset, "timestamp": 1, "timestampType": "CREATE_TIME", "headers": [],
            "value": value.map(|value| BASE64_STANDARD.encode(value)) })
    };
    let event =
        |records: Vec<Value>| json!({ "eventSource": "aws:kafka", "bootstrapServers": "b:1", "records": { "photo-ingest-0": records } });
    let good = record(0, Some(message(SUB).to_string()));
    let again = handle(event(vec![good.clone(), record(1, None)]), &config(), &store).await.unwrap();
    assert_eq!(again["results"].as_array().unwrap().len(), 1, "a tombstone asks for nothing");
    assert_eq!(again["results"][0]["outcome"], "unchanged");
    for (bad, expected) in [
        (message("somebody-else").to_string(), "the message of owner somebody-else"),
        (json!({ "key": "renditions/a/b", "owner": "a" }).to_string(), "the key is not uploads/<owner>/<name>"),
        (json!({ "key": upload_key().replace("uploads/", "staged/"), "owner": SUB }).to_string(), "the key is not uploads/<owner>/<name>"),
        ("nonsense".to_owned(), "its value is not"),
    ] {
        let failed = handle(event(vec![record(7, Some(bad)), good.clone()]), &config(), &store).await.unwrap_err().to_string();
        assert!(failed.starts_with("the message photo-ingest-0 at offset 7: ") && failed.contains(expected), "{failed}");
    }
}
