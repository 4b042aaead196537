//! Tables about tables, hidden columns, and how a query would be run.

use crate::lake::Desk;

#[tokio::test]
async fn partitions_of_a_table_are_rows() {
    let desk = Desk::new().await;
    assert_eq!(desk.rows("SELECT * FROM \"photos$partitions\" ORDER BY owner").await, ["ada", "bob"]);
    assert_eq!(desk.rows("SELECT count(*) FROM db.\"photos$partitions\" WHERE owner > 'ada'").await, ["1"]);
    assert!(desk.s3.read.lock().unwrap().is_empty(), "no object is read for them");
    desk.lines("CREATE EXTERNAL TABLE flat (a int) LOCATION 's3://lake/flat/'").await;
    assert!(desk.fails("SELECT * FROM \"flat$partitions\"").await.starts_with("TABLE_NOT_FOUND"));
    assert!(desk.fails("SELECT * FROM \"photos$snapshots\"").await.starts_with("TABLE_NOT_FOUND"), "only Iceberg has those");
}

#[tokio::test]
async fn hidden_columns_tell_of_objects_and_stay_hidden() {
    let desk = Desk::new().await;
    assert_eq!(
        desk.rows("SELECT \"$path\", count(*) FROM photos GROUP BY \"$path\" ORDER BY 1").await,
        ["s3://lake/photos/owner=ada/1.json,2", "s3://lake/photos/owner=bob/1.json,1"]
    );
    let size = desk.s3.text("lake/photos/owner=bob/1.json").unwrap().len();
    assert_eq!(desk.rows("SELECT \"$file_size\" FROM photos WHERE \"$path\" LIKE '%bob%'").await, [size.to_string()]);
    assert_eq!(desk.rows("SELECT count(\"$file_modified_time\") FROM photos").await, ["3"]);
    assert_eq!(desk.rows("SELECT * FROM photos WHERE key = 'a.jpg'").await, ["a.jpg,800,[sea, sun],ada"]);
    assert_eq!(
        desk.rows("SELECT *, \"$path\" FROM photos WHERE key = 'a.jpg'").await,
        ["a.jpg,800,[sea, sun],ada,s3://lake/photos/owner=ada/1.json"]
    );
}

#[tokio::test]
async fn hidden_columns_are_found_wherever_a_statement_names_them() {
    let desk = Desk::new().await;
    assert_eq!(
        desk.rows("SELECT a.*, '\"$path\"' FROM db.photos a JOIN photos b ON a.\"$path\" = b.\"$path\" WHERE b.key = 'c.jpg'").await,
        ["c.jpg,-,[sea],bob,\"$path\""]
    );
    assert_eq!(desk.rows("SELECT db.photos.key FROM db.photos ORDER BY \"$path\" DESC, key LIMIT 1").await, ["c.jpg"]);
    desk.lines("CREATE VIEW places AS SELECT key, \"$path\" AS place FROM photos").await;
    assert_eq!(desk.rows("SELECT place FROM places WHERE key = 'c.jpg'").await, ["s3://lake/photos/owner=bob/1.json"]);
    desk.lines("PREPARE sizes FROM SELECT max(\"$file_size\") > 0 FROM photos").await;
    assert_eq!(desk.lines("EXECUTE sizes").await, ["_col0", "true"]);
    assert!(desk.fails("SELECT \"$path\" FROM places").await.starts_with("COLUMN_NOT_FOUND"), "a view has none");
    assert!(desk.fails("SELECT places.\"$path\" FROM places, photos").await.starts_with("COLUMN_NOT_FOUND"));
    assert_eq!(
        desk.rows("SELECT *, \"$path\" FROM photos JOIN places v ON v.key = photos.key WHERE width = 800").await,
        ["a.jpg,800,[sea, sun],ada,a.jpg,s3://lake/photos/owner=ada/1.json,s3://lake/photos/owner=ada/1.json"],
        "beside a view it is the table's"
    );
    assert_eq!(
        desk.rows("SELECT p.owner, count(DISTINCT \"$path\") FROM \"photos$partitions\" p JOIN photos f ON f.owner = p.owner GROUP BY 1 ORDER BY 1").await,
        ["ada,1", "bob,1"],
        "beside a table about tables too"
    );
    assert_eq!(
        desk.fails("SELECT \"$path\" FROM photos a JOIN photos b ON a.key = b.key").await,
        "AMBIGUOUS_NAME: line 1:8: Column '$path' is ambiguous"
    );
    assert!(desk.fails("SELECT \"$path\" FROM nothing").await.contains("Table 'awsdatacatalog.db.nothing' does not exist"));
}

#[tokio::test]
async fn information_schema_knows_databases_tables_and_columns() {
    let desk = Desk::new().await;
    assert_eq!(desk.rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1").await, ["db", "information_schema"]);
    assert_eq!(
        desk.rows("SELECT column_name, ordinal_position, data_type, extra_info FROM information_schema.columns WHERE table_schema = 'db' AND table_name = 'photos' ORDER BY 2").await,
        ["key,1,varchar,-", "width,2,integer,-", "tags,3,array(varchar),-", "owner,4,varchar,partition key"]
    );
    desk.lines("CREATE VIEW v AS SELECT key FROM photos").await;
    assert_eq!(
        desk.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'db' ORDER BY 1").await,
        ["photos,BASE TABLE", "v,VIEW"]
    );
    assert_eq!(desk.rows("SELECT view_definition FROM information_schema.views").await, ["SELECT key FROM photos"]);
    assert!(desk.fails("SELECT * FROM information_schema.nothing").await.starts_with("TABLE_NOT_FOUND"));
}

#[tokio::test]
async fn explain_shows_the_plan_and_analyze_what_it_did() {
    let desk = Desk::new().await;
    let plan = desk.run("EXPLAIN SELECT owner, count(*) FROM photos WHERE owner = 'bob' GROUP BY owner").await;
    assert_eq!((&plan["StatementType"], &plan["SubstatementType"]), (&"UTILITY".into(), &"EXPLAIN".into()));
    assert_eq!(plan["Statistics"]["DataScannedInBytes"], 0);
    let lines = desk.rows("EXPLAIN SELECT owner, count(*) FROM photos WHERE owner = 'bob' GROUP BY owner").await;
    assert!(lines.len() > 2 && lines.iter().any(|l| l.contains("Aggregate")), "{lines:#?}");
    assert!(desk.s3.read.lock().unwrap().is_empty(), "a plan reads nothing");
    let done = desk.run("EXPLAIN ANALYZE SELECT owner, count(*) FROM photos WHERE owner = 'bob' GROUP BY owner").await;
    assert_eq!((&done["Status"]["State"], &done["SubstatementType"]), (&"SUCCEEDED".into(), &"EXPLAIN_ANALYZE".into()));
    let lines = desk.rows("EXPLAIN ANALYZE SELECT owner, count(*) FROM photos WHERE owner = 'bob' GROUP BY owner").await;
    assert!(lines.iter().any(|l| l.contains("output_rows=1")), "{lines:#?}");
    assert!(desk.s3.read.lock().unwrap().iter().all(|k| k.contains("owner=bob")));
    assert_eq!(desk.fails("EXPLAIN (FORMAT JSON) SELECT 1").await, "NOT_SUPPORTED: windtunnel does not run EXPLAIN (FORMAT JSON) yet");
    assert!(desk.fails("EXPLAIN SELECT nothing FROM photos").await.starts_with("COLUMN_NOT_FOUND"));
}
