//! Statements that the catalog answers.

use crate::lake::Desk;
use serde_json::json;

#[tokio::test]
async fn a_table_is_made_changed_shown_and_dropped() {
    let desk = Desk::new().await;
    desk.lines("CREATE DATABASE IF NOT EXISTS logs COMMENT 'all logs'").await;
    assert_eq!(desk.lines("SHOW DATABASES LIKE 'l*'").await, ["logs"]);
    let create = "CREATE EXTERNAL TABLE logs.visits (`id` bigint COMMENT 'the id', name string)\n PARTITIONED BY (day string)\n ROW FORMAT DELIMITED FIELDS TERMINATED BY ','\n LOCATION 's3://lake/visits/' TBLPROPERTIES ('skip.header.line.count'='1')";
    desk.lines(create).await;
    assert!(desk.fails(create).await.contains("already exists"));
    desk.lines("ALTER TABLE logs.visits ADD PARTITION (day='1') LOCATION 's3://lake/visits/one/' PARTITION (day='2')").await;
    assert!(desk.fails("ALTER TABLE logs.visits ADD PARTITION (day='1')").await.contains("Partition already exists"));
    desk.lines("ALTER TABLE logs.visits ADD IF NOT EXISTS PARTITION (day='1')").await;
    assert_eq!(desk.lines("SHOW PARTITIONS logs.visits").await, ["day=1", "day=2"]);
    desk.lines("ALTER TABLE logs.visits PARTITION (day='2') RENAME TO PARTITION (day='3')").await;
    desk.lines("ALTER TABLE logs.visits DROP PARTITION (day < '3')").await;
    assert_eq!(desk.lines("SHOW PARTITIONS logs.visits").await, ["day=3"]);
    desk.lines("ALTER TABLE logs.visits ADD COLUMNS (agent string)").await;
    desk.lines("ALTER TABLE logs.visits SET TBLPROPERTIES ('owner'='ada')").await;
    assert_eq!(desk.lines("SHOW TBLPROPERTIES logs.visits('owner')").await, ["ada"]);
    let columns: Vec<String> = desk.lines("SHOW COLUMNS IN logs.visits").await.iter().map(|l| l.trim().to_owned()).collect();
    assert_eq!(columns, ["id", "name", "agent", "day"]);
    let shown = desk.lines("SHOW CREATE TABLE logs.visits").await.join("\n");
    assert!(shown.starts_with("CREATE EXTERNAL TABLE `visits`(\n  `id` bigint COMMENT 'the id', \n"), "{shown}");
    assert!(
        shown.contains("ROW FORMAT DELIMITED \n  FIELDS TERMINATED BY ',' \n") && shown.contains("LOCATION\n  's3://lake/visits/'"),
        "{shown}"
    );
    assert!(desk.lines("DESCRIBE logs.visits").await.iter().any(|l| l.starts_with("# Partition Information")));
    assert!(desk.fails("DROP DATABASE logs").await.contains("is not empty"));
    desk.lines("DROP TABLE logs.visits").await;
    desk.lines("DROP TABLE IF EXISTS logs.visits").await;
    assert!(desk.fails("DROP TABLE logs.visits").await.contains("Table not found logs.visits"));
    desk.lines("DROP DATABASE logs").await;
}

#[tokio::test]
async fn repair_finds_folders_and_queries_see_them() {
    let desk = Desk::new().await;
    desk.lines("CREATE EXTERNAL TABLE sales (n int) PARTITIONED BY (year int) LOCATION 's3://lake/sales/'").await;
    desk.s3.keep("lake/sales/year=2025/a.txt", "1\n2\n");
    desk.s3.keep("lake/sales/year=2026/a.txt", "4\n");
    assert!(desk.lines("MSCK REPAIR TABLE sales").await[1].contains("sales:year=2025"));
    assert_eq!(desk.rows("SELECT year, sum(n) FROM sales GROUP BY year ORDER BY year").await, ["2025,3", "2026,4"]);
    assert_eq!(desk.rows("SELECT * FROM \"sales$partitions\" ORDER BY 1").await, ["2025", "2026"]);
    desk.s3.read.lock().unwrap().clear();
    assert_eq!(desk.rows("SELECT sum(n) FROM sales WHERE year = 2026").await, ["4"]);
    assert_eq!(*desk.s3.read.lock().unwrap(), ["lake/sales/year=2026/a.txt"]);
}

#[tokio::test]
async fn projection_makes_partitions_of_every_type() {
    let desk = Desk::new().await;
    let table = "CREATE EXTERNAL TABLE p (n int) PARTITIONED BY (kind string, day string, hour int, id string) LOCATION 's3://lake/p/' TBLPROPERTIES (\
        'projection.enabled'='true', 'projection.kind.type'='enum', 'projection.kind.values'='a,b', \
        'projection.day.type'='date', 'projection.day.format'='yyyy/MM/dd', 'projection.day.range'='2023/11/13,NOW', \
        'projection.hour.type'='integer', 'projection.hour.range'='0,23', 'projection.hour.digits'='2', 'projection.id.type'='injected', \
        'storage.location.template'='s3://lake/p/${kind}/${day}/${hour}/${id}/')";
    desk.lines(table).await;
    desk.s3.keep("lake/p/a/2023/11/14/07/x/1.txt", "5\n");
    desk.s3.keep("lake/p/b/2023/11/14/07/x/1.txt", "6\n");
    assert_eq!(desk.rows("SELECT n, hour FROM p WHERE kind = 'a' AND day >= '2023/11/14' AND hour = 7 AND id = 'x'").await, ["5,7"]);
    assert_eq!(*desk.s3.read.lock().unwrap(), ["lake/p/a/2023/11/14/07/x/1.txt"]);
    assert!(desk.fails("SELECT n FROM p").await.contains("CONSTRAINT_VIOLATION"));
}

#[tokio::test]
async fn views_stand_on_views_and_information_schema_knows_them() {
    let desk = Desk::new().await;
    desk.lines("CREATE VIEW wide AS SELECT owner, key FROM photos WHERE width > 900").await;
    desk.lines("CREATE OR REPLACE VIEW wider AS SELECT upper(owner) AS owner, count(*) AS c FROM wide GROUP BY 1").await;
    assert_eq!(desk.rows("SELECT * FROM wider").await, ["ADA,1"]);
    assert_eq!(desk.lines("SHOW VIEWS").await, ["wide", "wider"]);
    assert!(desk.lines("SHOW CREATE VIEW wide").await[0].contains("SELECT owner, key FROM photos"));
    assert!(desk.fails("CREATE VIEW wide AS SELECT 1 AS x").await.contains("View already exists"));
    let columns = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'wider' ORDER BY ordinal_position";
    assert_eq!(desk.rows(columns).await, ["owner,varchar", "c,bigint"]);
    assert_eq!(desk.rows("SELECT table_type FROM information_schema.tables WHERE table_name = 'photos'").await, ["BASE TABLE"]);
    desk.lines("DROP VIEW wider").await;
    assert!(desk.fails("SELECT * FROM wider").await.starts_with("TABLE_NOT_FOUND: line 1:15"));
    assert_eq!(desk.rows("SELECT DISTINCT \"$path\" FROM photos WHERE owner = 'bob'").await, ["s3://lake/photos/owner=bob/1.json"]);
}

#[tokio::test]
async fn a_column_that_repeats_a_key_is_told() {
    let desk = Desk::new().await;
    let twice = "CREATE EXTERNAL TABLE twice (day string, n int) PARTITIONED BY (Day string) LOCATION 's3://lake/twice/'";
    assert!(desk.fails(twice).await.contains("Column repeated in partitioning columns (day)"), "{}", desk.fails(twice).await);
}

#[tokio::test]
async fn long_ranges_are_pruned_before_they_are_written_out() {
    let desk = Desk::new().await;
    let table = |name: &str, key: &str, properties: &str| {
        format!(
            "CREATE EXTERNAL TABLE {name} (n int) PARTITIONED BY ({key}) LOCATION 's3://lake/{name}/' \
             TBLPROPERTIES ('projection.enabled'='true', {properties})"
        )
    };
    let minutes = "'projection.dt.type'='date', 'projection.dt.format'='yyyy-MM-dd-HH-mm', \
                   'projection.dt.range'='2023-01-01-00-00,2023-12-31-23-59', 'projection.dt.interval'='1', 'projection.dt.interval.unit'='MINUTES'";
    desk.lines(&table("byminute", "dt string", minutes)).await;
    desk.s3.keep("lake/byminute/dt=2023-06-01-12-30/1.txt", "5\n");
    desk.s3.keep("lake/byminute/dt=2023-06-01-13-30/1.txt", "6\n");
    assert_eq!(desk.rows("SELECT n FROM byminute WHERE dt = '2023-06-01-12-30'").await, ["5"]);
    assert_eq!(desk.rows("SELECT n FROM byminute WHERE dt >= '2023-06-01-13-00' AND dt < '2023-06-01-14-00'").await, ["6"]);
    assert!(desk.fails("SELECT n FROM byminute").await.contains("more than 100000 partitions"));
    desk.lines(&table("bynumber", "k int", "'projection.k.type'='integer', 'projection.k.range'='0,1000000'")).await;
    desk.s3.keep("lake/bynumber/k=5/1.txt", "7\n");
    desk.s3.keep("lake/bynumber/k=999999/1.txt", "8\n");
    assert_eq!(desk.rows("SELECT n FROM bynumber WHERE k = 5").await, ["7"]);
    assert_eq!(desk.rows("SELECT n FROM bynumber WHERE k > 999990").await, ["8"]);
    assert_eq!(desk.rows("SELECT n FROM bynumber WHERE k IN (5, 999999) ORDER BY n").await, ["7", "8"]);
}

#[tokio::test]
async fn a_partition_of_other_columns_in_their_places_is_refused() {
    let desk = Desk::new().await;
    desk.s3.keep("lake/shift/p=1/a.csv", "1,ada\n");
    desk.lines("CREATE EXTERNAL TABLE shift (id int, name string) PARTITIONED BY (p int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/shift/'").await;
    desk.lines("ALTER TABLE shift ADD PARTITION (p = 1) LOCATION 's3://lake/shift/p=1/'").await;
    assert_eq!(desk.rows("SELECT id, name FROM shift").await, ["1,ada"]);
    let catalog = desk.cloud.ports().catalog().unwrap();
    let at = json!({ "DatabaseName": "db", "TableName": "shift", "PartitionValues": ["1"], "PartitionValueList": ["1"] });
    let mut partition = catalog.run(&desk.cx, "GetPartition", at.clone()).await.unwrap()["Partition"].clone();
    partition["StorageDescriptor"]["Columns"] = json!([{ "Name": "name", "Type": "string" }, { "Name": "id", "Type": "int" }]);
    let mut update = at;
    update["PartitionInput"] = partition;
    catalog.run(&desk.cx, "UpdatePartition", update).await.unwrap();
    let said = desk.fails("SELECT id, name FROM shift").await;
    assert!(said.starts_with("HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas."), "{said}");
    assert!(said.contains(
        "The column 'id' in table 'db.shift' is declared as type 'int', but partition 'p=1' declared column 'name' as type 'string'."
    ));
}

#[tokio::test]
async fn a_column_changes_its_name_its_type_and_its_place() {
    let desk = Desk::new().await;
    desk.lines("CREATE EXTERNAL TABLE c (a int COMMENT 'first', b string, d int) PARTITIONED BY (p string) LOCATION 's3://lake/c/'").await;
    desk.lines("ALTER TABLE c CHANGE COLUMN a x bigint").await;
    desk.lines("ALTER TABLE c CHANGE d d bigint COMMENT 'the last' FIRST").await;
    desk.lines("ALTER TABLE c CHANGE b b varchar(3) AFTER d RESTRICT").await;
    let said = desk
        .rows("SELECT column_name, data_type, comment FROM information_schema.columns WHERE table_name = 'c' ORDER BY ordinal_position")
        .await;
    assert_eq!(said, ["d,bigint,the last", "b,varchar,-", "x,bigint,first", "p,varchar,-"]);
    assert!(desk.fails("ALTER TABLE c CHANGE nothing y int").await.contains("Invalid column reference nothing"));
    assert!(desk.fails("ALTER TABLE c CHANGE x p int").await.contains("Duplicate column name: p"));
    assert!(desk.fails("ALTER TABLE c CHANGE x y int CASCADE").await.contains("NOT_SUPPORTED"));
}
