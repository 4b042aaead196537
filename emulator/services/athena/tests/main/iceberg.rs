//! Iceberg tables as another client wrote them (`tests/data/iceberg.py`): their states, files, deletes and tables about them.

use crate::lake::Desk;
use serde_json::{Value, json};
use std::path::Path;

async fn desk() -> Desk {
    let desk = Desk::new().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/iceberg");
    let latest: Value = serde_json::from_slice(&std::fs::read(folder.join("latest.json")).unwrap()).unwrap();
    for (name, place) in latest.as_object().unwrap() {
        keep(&desk, &folder, &folder.join(name));
        let table = json!({
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": { "table_type": "ICEBERG", "metadata_location": place },
            "StorageDescriptor": { "Location": format!("s3://lake/{name}"), "Columns": [{ "Name": "id", "Type": "bigint" }] },
        });
        let catalog = desk.cloud.ports().catalog().unwrap();
        catalog.run(&desk.cx, "CreateTable", json!({ "DatabaseName": "db", "TableInput": table })).await.unwrap();
    }
    desk
}

fn keep(desk: &Desk, root: &Path, at: &Path) {
    for entry in std::fs::read_dir(at).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            keep(desk, root, &entry);
        } else {
            let key = format!("lake/{}", entry.strip_prefix(root).unwrap().display());
            desk.s3.objects.lock().unwrap().insert(key, std::fs::read(&entry).unwrap().into());
        }
    }
}

/// The data files that a query reads.
async fn reads(desk: &Desk, sql: &str, rows: &[&str]) -> usize {
    desk.s3.read.lock().unwrap().clear();
    assert_eq!(desk.rows(sql).await, rows, "{sql}");
    let read = desk.s3.read.lock().unwrap();
    read.iter().filter(|k| k.ends_with(".parquet")).collect::<std::collections::BTreeSet<_>>().len()
}

#[tokio::test]
async fn files_are_pruned_by_partitions_and_bounds() {
    let desk = desk().await;
    assert_eq!(
        desk.rows("SELECT * FROM events WHERE id < 3 ORDER BY id").await,
        [
            "0,ada,2026-01-01 12:00:00.000250,0.0,[t0]",
            "1,bob,2026-01-01 12:00:01.000250,0.25,[t1]",
            "2,-,2026-01-01 12:00:02.000250,0.5,[t2]",
        ]
    );
    assert_eq!(reads(&desk, "SELECT sum(id) FROM events", &["153"]).await, 9);
    assert_eq!(reads(&desk, "SELECT sum(id) FROM events WHERE owner = 'ada' AND id > 0", &["45"]).await, 3);
    assert_eq!(reads(&desk, "SELECT count(id) FROM events WHERE at >= TIMESTAMP '2026-01-03 00:00:00'", &["6"]).await, 3);
    assert_eq!(
        reads(&desk, "SELECT id FROM events WHERE owner IS NULL AND at < TIMESTAMP '2026-01-02 00:00:00' ORDER BY id", &["2", "5"]).await,
        1
    );
    assert_eq!(reads(&desk, "SELECT id FROM events WHERE id = 100", &[]).await, 0);
    assert_eq!(reads(&desk, "SELECT count(*) FROM empty", &["0"]).await, 0);
    let one = desk.rows("SELECT DISTINCT \"$path\" FROM events WHERE id = 7").await;
    assert!(one.len() == 1 && one[0].starts_with("s3://lake/events/data/owner=bob/at_day=2026-01-02/"), "{one:?}");
}

#[tokio::test]
async fn the_past_is_asked_by_time_and_by_version() {
    let desk = desk().await;
    let snapshots =
        desk.rows("SELECT snapshot_id, operation, summary['total-records'] FROM \"events$snapshots\" ORDER BY committed_at").await;
    let id = |n: usize| snapshots[n].split(',').next().unwrap().to_owned();
    assert_eq!(snapshots.iter().map(|s| s.split_once(',').unwrap().1).collect::<Vec<_>>(), ["append,6", "append,12", "append,18"]);
    assert_eq!(desk.rows(&format!("SELECT count(*), max(e.id) FROM events FOR VERSION AS OF {} e", id(1))).await, ["12,11"]);
    assert_eq!(desk.rows(&format!("SELECT count(*) FROM events a JOIN events FOR VERSION AS OF {} b ON a.id = b.id", id(0))).await, ["6"]);
    let at = desk.rows("SELECT to_unixtime(committed_at) FROM \"events$snapshots\" ORDER BY 1").await;
    let between = format!("from_unixtime({} + 0.0005)", at[1]);
    assert_eq!(desk.rows(&format!("SELECT count(events.id) FROM events FOR TIMESTAMP AS OF {between} WHERE events.id >= 0")).await, ["12"]);
    assert_eq!(
        desk.rows("SELECT count(*) FROM events FOR TIMESTAMP AS OF (TIMESTAMP '2100-01-01 00:00:00 UTC' + interval '1' day)").await,
        ["18"]
    );
    assert_eq!(
        desk.fails("SELECT * FROM events FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'").await,
        "INVALID_ARGUMENTS: No version history table \"db\".\"events\" at or before 2020-01-01T00:00:00.000Z"
    );
    assert_eq!(desk.fails("SELECT * FROM events FOR VERSION AS OF 7").await, "INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: 7");
    assert_eq!(
        desk.fails("SELECT * FROM photos FOR VERSION AS OF 7").await,
        "NOT_SUPPORTED: This connector does not support versioned tables"
    );
}

#[tokio::test]
async fn columns_are_found_by_id_whatever_they_were_called() {
    let desk = desk().await;
    assert_eq!(desk.rows("SELECT id, title, gone FROM evolved ORDER BY id").await, ["1,a,-", "3,c,-", "1099511627776,d,1.5"]);
    let first = desk.rows("SELECT snapshot_id FROM \"evolved$history\" ORDER BY made_current_at LIMIT 1").await.remove(0);
    assert_eq!(
        desk.rows(&format!("SELECT id, name, gone FROM evolved FOR VERSION AS OF {first} ORDER BY id")).await,
        ["1,a,x", "2,b,y", "3,c,z"]
    );
    assert!(desk.fails("SELECT name FROM evolved").await.starts_with("COLUMN_NOT_FOUND: line 1:8: Column 'name' cannot be resolved"));
}

#[tokio::test]
async fn deleted_rows_are_not_there() {
    let desk = desk().await;
    assert_eq!(desk.rows("SELECT id FROM deletes ORDER BY id").await, ["1", "2", "3", "6", "7", "8"]);
    assert_eq!(desk.rows("SELECT count(*) FROM deletes").await, ["6"]);
    let first = desk.rows("SELECT snapshot_id FROM \"deletes$history\" ORDER BY made_current_at LIMIT 1").await.remove(0);
    assert_eq!(desk.rows(&format!("SELECT count(*) FROM deletes FOR VERSION AS OF {first}")).await, ["10"]);
    assert_eq!(
        desk.rows("SELECT content, record_count, equality_ids FROM \"deletes$files\" ORDER BY content").await,
        ["0,10,-", "1,2,-", "2,2,[2]"]
    );
}

#[tokio::test]
async fn tables_tell_about_the_table() {
    let desk = desk().await;
    assert_eq!(
        desk.rows(
            "SELECT partition, record_count, file_count FROM \"events$partitions\" WHERE partition LIKE '%at_day=2026-01-02' ORDER BY 1"
        )
        .await,
        ["owner=ada/at_day=2026-01-02,2,1", "owner=bob/at_day=2026-01-02,2,1", "owner=null/at_day=2026-01-02,2,1"]
    );
    assert_eq!(desk.rows("SELECT file_format, count(*), sum(record_count) FROM \"events$files\" GROUP BY 1").await, ["PARQUET,9,18"]);
    assert_eq!(desk.rows("SELECT name, type FROM \"events$refs\"").await, ["main,BRANCH"]);
    assert_eq!(desk.rows("SELECT count(*) FROM \"events$history\" WHERE is_current_ancestor").await, ["3"]);
    assert!(desk.fails("SELECT * FROM \"events$nothing\"").await.starts_with("TABLE_NOT_FOUND"));
}

#[tokio::test]
async fn what_would_write_is_refused_and_a_drop_takes_all() {
    let desk = desk().await;
    let refused = "NOT_SUPPORTED: windtunnel does not run writing Iceberg tables yet";
    assert_eq!(desk.fails("INSERT INTO empty (id) VALUES (1)").await, refused);
    assert_eq!(desk.fails("CREATE TABLE new (id int) LOCATION 's3://lake/new/' TBLPROPERTIES ('table_type'='ICEBERG')").await, refused);
    assert!(desk.fails("ALTER TABLE events SET TBLPROPERTIES ('a'='b')").await.contains("changes of Iceberg tables"));
    desk.lines("DROP TABLE events").await;
    assert!(!desk.s3.objects.lock().unwrap().keys().any(|k| k.starts_with("lake/events/")));
    assert!(desk.s3.objects.lock().unwrap().keys().any(|k| k.starts_with("lake/evolved/")));
    desk.s3.keep("lake/empty/metadata/broken.json", "{}");
    let catalog = desk.cloud.ports().catalog().unwrap();
    let table =
        json!({ "Name": "broken", "Parameters": { "table_type": "iceberg", "metadata_location": "s3://lake/empty/metadata/broken.json" } });
    catalog.run(&desk.cx, "CreateTable", json!({ "DatabaseName": "db", "TableInput": table })).await.unwrap();
    assert!(desk.fails("SELECT * FROM broken").await.starts_with("ICEBERG_INVALID_METADATA: Error parsing"));
}

/// Makes a table anew whose metadata are another's, changed.
async fn changed(desk: &Desk, of: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let catalog = desk.cloud.ports().catalog().unwrap();
    let mut table = catalog.table(&desk.cx, "db", of).await.unwrap();
    let place = table["Parameters"]["metadata_location"].as_str().unwrap().trim_start_matches("s3://").to_owned();
    let mut metadata: Value = serde_json::from_str(&desk.s3.text(&place).unwrap()).unwrap();
    change(&mut metadata);
    desk.s3.keep(&format!("lake/{name}/metadata/changed.json"), &metadata.to_string());
    table["Name"] = name.into();
    table["Parameters"]["metadata_location"] = format!("s3://lake/{name}/metadata/changed.json").into();
    catalog.run(&desk.cx, "CreateTable", json!({ "DatabaseName": "db", "TableInput": table })).await.unwrap();
}

#[tokio::test]
async fn columns_of_files_without_ids_are_found_by_the_names_that_the_table_tells() {
    let desk = desk().await;
    assert_eq!(desk.rows("SELECT id, title FROM \"foreign\" ORDER BY id").await, ["1,a", "2,b"]);
    changed(&desk, "foreign", "unmapped", |metadata| {
        metadata["properties"].as_object_mut().unwrap().remove("schema.name-mapping.default").unwrap();
    })
    .await;
    let said = desk.fails("SELECT id, title FROM unmapped").await;
    assert!(said.starts_with("NOT_SUPPORTED: windtunnel does not run files without field ids of Iceberg tables"), "{said}");
}

#[tokio::test]
async fn names_of_fields_inside_columns_are_honoured_where_they_are_the_tables_own() {
    let desk = desk().await;
    let nested = async |name: &str, called: &str| {
        changed(&desk, "foreign", name, |metadata| {
            metadata["schemas"][1]["fields"][1]["type"] = json!({ "type": "list", "element-id": 3, "element-required": false,
                "element": { "type": "struct", "fields": [{ "id": 4, "name": "word", "type": "string", "required": false }] } });
            let inner = json!([{ "field-id": 3, "names": ["element"], "fields": [{ "field-id": 4, "names": [called] }] }]);
            let mapping = json!([{ "field-id": 1, "names": ["id"] }, { "field-id": 2, "names": ["name"], "fields": inner }]);
            metadata["properties"]["schema.name-mapping.default"] = mapping.to_string().into();
        })
        .await;
        assert_eq!(desk.rows(&format!("SELECT id FROM {name} ORDER BY id")).await, ["1", "2"], "other columns are read");
        desk.fails(&format!("SELECT title FROM {name}")).await
    };
    let said = nested("renamed", "wort").await;
    assert!(said.starts_with("NOT_SUPPORTED: windtunnel does not run name mappings of the fields inside title"), "{said}");
    // The file's own column is a text, which is another refusal.
    let said = nested("same", "word").await;
    assert!(!said.contains("name mappings"), "{said}");
}

#[tokio::test]
async fn what_would_be_read_wrongly_is_refused() {
    let desk = desk().await;
    changed(&desk, "events", "defaults", |metadata| {
        metadata["schemas"][0]["fields"][3]["initial-default"] = 0.5.into();
    })
    .await;
    assert_eq!(
        desk.fails("SELECT id FROM defaults").await,
        "NOT_SUPPORTED: windtunnel does not run Iceberg columns with an initial default (ratio) yet"
    );
    assert_eq!(
        desk.fails("SELECT \"$file_modified_time\" FROM events").await,
        "NOT_SUPPORTED: windtunnel does not run \"$file_modified_time\" of Iceberg tables yet"
    );
    assert_eq!(desk.rows("SELECT count(DISTINCT \"$path\") FROM events WHERE \"$file_size\" > 0").await, ["9"]);
}

#[tokio::test]
async fn a_whole_bucket_is_not_emptied() {
    let desk = desk().await;
    let catalog = desk.cloud.ports().catalog().unwrap();
    let mut table = catalog.table(&desk.cx, "db", "events").await.unwrap();
    table["StorageDescriptor"]["Location"] = "s3://lake/".into();
    catalog.run(&desk.cx, "UpdateTable", json!({ "DatabaseName": "db", "TableInput": table })).await.unwrap();
    let before = desk.s3.objects.lock().unwrap().keys().filter(|k| k.starts_with("lake/")).count();
    let said = desk.fails("DROP TABLE events").await;
    assert!(said.starts_with("NOT_SUPPORTED") && said.contains("'s3://lake/'"), "{said}");
    assert_eq!(desk.s3.objects.lock().unwrap().keys().filter(|k| k.starts_with("lake/")).count(), before);
    assert_eq!(desk.rows("SELECT count(*) FROM events").await, ["18"], "the table is there still");
}
