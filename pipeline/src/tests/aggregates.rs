//! `aggregate` against a store: sums of a day, whatever the pages and whoever asks twice.

use serde_json::{Value, json};

use super::memory_store::MemoryStore;
use crate::aggregates::{AggregateError, DailyRow, handle};
use crate::config::AggregateConfig;

fn config() -> AggregateConfig {
    AggregateConfig { metadata_bucket: "meta".into(), analytics_bucket: "stats".into() }
}

fn line(id: &str, format: &str, bytes: u64) -> String {
    let row = json!({
        "id": id, "owner": "o", "source_key": "k", "etag": "e", "bytes": bytes, "format": format, "width": 10, "height": 20, "orientation": 1,
        "taken_at": null, "renditions": 2, "rendition_bytes": 7, "blurhash": "", "phash": "", "colours": [],
        "uploaded_at": "2026-03-10T10:00:00Z", "processed_at": "2026-03-10T10:00:01Z",
    });
    format!("{row}\n")
}

fn rows(store: &MemoryStore, key: &str) -> Vec<DailyRow> {
    let object = store.get("stats", key).expect("the day was written");
    String::from_utf8(object.body.to_vec()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_day_before_is_summed_by_uploader_and_format() {
    let store = MemoryStore::default();
    for n in 0..25 {
        store.add("meta", &format!("metadata/dt=2026-03-10/{n:02}.json"), line(&format!("aaaaaaaa{n}"), "jpeg", 100).into_bytes());
    }
    let two = line("bbbbbbbb0", "png", 5) + &line("aaaaaaaa9", "png", 6);
    store.add("meta", "metadata/dt=2026-03-10/zz.json", two.into_bytes());
    store.add("meta", "metadata/dt=2026-03-11/today.json", line("cccccccc0", "png", 1).into_bytes());
    let answer = handle(json!({ "time": "2026-03-11T00:30:00Z" }), &config(), &store).await.unwrap();
    assert_eq!(answer, json!({ "day": "2026-03-10", "rows": 3, "images": 27, "key": "daily/dt=2026-03-10/images.json" }));
    let row = |uploader: &str, format: &str, images, bytes| DailyRow {
        uploader: uploader.into(),
        format: format.into(),
        images,
        bytes,
        rendition_bytes: 7 * images,
        pixels: 200 * images,
    };
    let expected = [row("aaaaaaaa", "jpeg", 25, 2500), row("aaaaaaaa", "png", 1, 6), row("bbbbbbbb", "png", 1, 5)];
    assert_eq!(rows(&store, "daily/dt=2026-03-10/images.json"), expected);

    let again = handle(json!({ "day": "2026-03-10" }), &config(), &store).await.unwrap();
    assert_eq!(again, answer);
    assert_eq!(rows(&store, "daily/dt=2026-03-10/images.json"), expected);
}

#[test]
fn a_row_has_the_columns_of_the_table() {
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap();
    let (_, table) = template.split_once("\n  DailyTable:\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let names = table.lines().filter_map(|line| line.trim().strip_prefix("- { Name: ")?.split(',').next()).filter(|name| *name != "dt");
    let row = serde_json::to_value(DailyRow::default()).unwrap();
    assert_eq!(names.collect::<Vec<_>>(), row.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_day_without_images_is_written_as_such() {
    let store = MemoryStore::default();
    let answer = handle(json!({ "day": "2026-03-10" }), &config(), &store).await.unwrap();
    assert_eq!(answer["rows"], 0);
    assert!(rows(&store, "daily/dt=2026-03-10/images.json").is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_fails_the_day_and_writes_nothing() {
    let store = MemoryStore::default();
    for event in [json!({}), json!({ "time": "noon" }), json!({ "day": "../x" }), Value::Null] {
        assert!(matches!(handle(event, &config(), &store).await, Err(AggregateError::Event(_))));
    }
    store.add("meta", "metadata/dt=2026-03-10/1.json", b"not a row\n".to_vec());
    assert!(matches!(handle(json!({ "day": "2026-03-10" }), &config(), &store).await, Err(AggregateError::Metadata(_))));
    store.failing.lock().unwrap().push("ListObjectsV2");
    assert!(matches!(handle(json!({ "day": "2026-03-10" }), &config(), &store).await, Err(AggregateError::Store(_))));
    assert!(store.get("stats", "daily/dt=2026-03-10/images.json").is_none());
}
