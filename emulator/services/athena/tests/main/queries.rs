//! Queries from their text to their result.

use crate::lake::{Desk, texts};
use serde_json::json;

#[tokio::test]
async fn a_query_gives_typed_columns_rows_and_an_object() {
    let desk = Desk::new().await;
    let execution = desk.run("SELECT owner, key, width FROM photos ORDER BY key").await;
    assert_eq!((execution["Status"]["State"].as_str(), execution["StatementType"].as_str()), (Some("SUCCEEDED"), Some("DML")));
    let id = execution["QueryExecutionId"].as_str().unwrap();
    let results = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id })).await["ResultSet"].clone();
    assert_eq!(texts(&results["Rows"]), ["owner,key,width", "ada,a.jpg,800", "ada,b.jpg,1200", "bob,c.jpg,-"]);
    let types: Vec<&str> =
        results["ResultSetMetadata"]["ColumnInfo"].as_array().unwrap().iter().map(|c| c["Type"].as_str().unwrap()).collect();
    assert_eq!(types, ["varchar", "varchar", "integer"]);
    let csv = desk.s3.text(&format!("results/out/{id}.csv")).unwrap();
    assert_eq!(csv, "\"owner\",\"key\",\"width\"\n\"ada\",\"a.jpg\",\"800\"\n\"ada\",\"b.jpg\",\"1200\"\n\"bob\",\"c.jpg\",\n");
    assert!(desk.s3.text(&format!("results/out/{id}.csv.metadata")).is_some());
    let read: u64 = ["owner=ada", "owner=bob"].iter().map(|p| desk.s3.text(&format!("lake/photos/{p}/1.json")).unwrap().len() as u64).sum();
    assert_eq!(execution["Statistics"]["DataScannedInBytes"], read, "the bytes that were really read");
}

#[tokio::test]
async fn a_filter_on_the_partition_reads_that_partition_only() {
    let desk = Desk::new().await;
    assert_eq!(desk.rows("SELECT count(*) FROM db.photos WHERE owner = 'bob'").await, ["1"]);
    assert_eq!(*desk.s3.read.lock().unwrap(), ["lake/photos/owner=bob/1.json"]);
}

#[tokio::test]
async fn aggregates_joins_and_windows_run() {
    let desk = Desk::new().await;
    assert_eq!(desk.rows("SELECT owner, max(width) FROM photos GROUP BY owner ORDER BY owner").await, ["ada,1200", "bob,-"]);
    let joined = "WITH n AS (SELECT owner, count(*) AS c FROM photos GROUP BY owner) SELECT p.key, n.c FROM photos p JOIN n ON p.owner = n.owner ORDER BY p.key";
    assert_eq!(desk.rows(joined).await, ["a.jpg,2", "b.jpg,2", "c.jpg,1"]);
    assert_eq!(
        desk.rows("SELECT key, row_number() OVER (ORDER BY key DESC) FROM photos ORDER BY 2").await,
        ["c.jpg,1", "b.jpg,2", "a.jpg,3"]
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_before_the_start_or_as_the_querys_failure() {
    let desk = Desk::new().await;
    for text in ["selec 1", "SELECT FROM", "", "SELECT (1"] {
        let fault = desk.start(text).await.unwrap_err();
        assert_eq!((&*fault.code, fault.status), ("InvalidRequestException", 400), "{text}");
    }
    let gone = desk.run("SELECT * FROM db.nothing").await;
    assert_eq!(gone["Status"]["State"], "FAILED");
    let why = gone["Status"]["StateChangeReason"].as_str().unwrap();
    assert!(why.contains("TABLE_NOT_FOUND") && why.contains("nothing"), "{why}");
    let column = desk.run("SELECT colour FROM photos").await;
    let why = column["Status"]["StateChangeReason"].as_str().unwrap();
    assert!(why.contains("COLUMN_NOT_FOUND") && why.contains("colour"), "{why}");
    let results = desk.call("GetQueryResults", json!({ "QueryExecutionId": gone["QueryExecutionId"] })).await.unwrap_err();
    assert_eq!(results.message, "Query did not finish successfully. Final query state: FAILED");
}

#[tokio::test]
async fn pages_go_on_where_they_ended_and_a_token_starts_one_query() {
    let desk = Desk::new().await;
    let id = desk.run("SELECT key FROM photos ORDER BY key").await["QueryExecutionId"].clone();
    let first = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id, "MaxResults": 2 })).await;
    let rest = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id, "MaxResults": 3, "NextToken": first["NextToken"] })).await;
    let all = [texts(&first["ResultSet"]["Rows"]), texts(&rest["ResultSet"]["Rows"])].concat();
    assert_eq!(all, ["key", "a.jpg", "b.jpg", "c.jpg"]);

    let input = json!({ "QueryString": "SELECT 1", "ClientRequestToken": "0123456789012345678901234567890123", "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    let one = desk.ok("StartQueryExecution", input.clone()).await;
    assert_eq!(desk.ok("StartQueryExecution", input.clone()).await, one);
    for (member, value) in [
        ("QueryString", json!("SELECT 2")),
        ("QueryExecutionContext", json!({ "Database": "db" })),
        ("ResultConfiguration", json!({ "OutputLocation": "s3://results/elsewhere/" })),
        ("ExecutionParameters", json!(["1"])),
        ("ResultReuseConfiguration", json!({ "ResultReuseByAgeConfiguration": { "Enabled": true } })),
    ] {
        let mut other = input.clone();
        other[member] = value;
        let refused = desk.call("StartQueryExecution", other).await.unwrap_err();
        assert_eq!((&*refused.code, &*refused.message), ("InvalidRequestException", "Idempotent parameters do not match"), "{member}");
    }
    let mut same = input;
    same["WorkGroup"] = "primary".into();
    assert_eq!(desk.ok("StartQueryExecution", same).await, one, "which is the one that is meant without a name");
}

#[tokio::test]
async fn a_query_that_fails_tells_what_it_scanned() {
    let desk = Desk::new().await;
    let execution = desk.run("SELECT 1 / (width - 800) FROM photos WHERE owner = 'ada'").await;
    assert_eq!(execution["Status"]["AthenaError"]["ErrorType"], 1001, "{execution}");
    let read = desk.s3.text("lake/photos/owner=ada/1.json").unwrap().len();
    assert_eq!(execution["Statistics"]["DataScannedInBytes"], read);
}

#[tokio::test]
async fn a_stopped_query_stays_stopped() {
    let desk = Desk::new().await;
    let id = desk.start("SELECT count(*) FROM photos a, photos b, photos c").await.unwrap();
    desk.ok("StopQueryExecution", json!({ "QueryExecutionId": id })).await;
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    let state = desk.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"]["Status"]["State"].clone();
    assert_eq!(state, "CANCELLED");
    assert_eq!(desk.s3.text(&format!("results/out/{id}.csv")), None, "nothing is left half done");
}

#[tokio::test]
async fn texts_numbers_and_dates_are_not_compared_with_each_other() {
    let desk = Desk::new().await;
    for (sql, said) in [
        ("SELECT key FROM photos WHERE width = '800'", "TYPE_MISMATCH: line 1:30: Cannot apply operator: integer = varchar(3)"),
        ("SELECT DATE '2026-01-01' < '2026'", "TYPE_MISMATCH: line 1:1: Cannot apply operator: date < varchar(4)"),
        ("SELECT true = 1", "TYPE_MISMATCH: line 1:1: Cannot apply operator: boolean = integer"),
    ] {
        assert_eq!(desk.fails(sql).await, said, "{sql}");
    }
    let sql = "SELECT count(*) FROM photos WHERE width = 800.0 AND DATE '2026-01-01' < TIMESTAMP '2026-01-01 00:00:01' AND owner <> 'bob'";
    assert_eq!(desk.rows(sql).await, ["1"]);
}

#[tokio::test]
async fn a_sample_is_of_rows_with_their_chance() {
    let desk = Desk::new().await;
    let count = async |sql: &str| desk.rows(sql).await[0].parse::<i64>().unwrap();
    assert_eq!(count("SELECT count(*) FROM photos TABLESAMPLE BERNOULLI (100)").await, 3);
    assert_eq!(count("SELECT count(*) FROM photos AS p TABLESAMPLE SYSTEM (0) WHERE p.width > 0").await, 0);
    let lines: String = (0..10_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    desk.s3.keep("lake/many/a.json", &lines);
    desk.lines("CREATE EXTERNAL TABLE many (n int) STORED AS JSONFILE LOCATION 's3://lake/many/'").await;
    let some = count("SELECT count(*) FROM many TABLESAMPLE BERNOULLI (25)").await;
    assert!((2100..2900).contains(&some), "a quarter of 10,000 rows, not {some}");
    let paths = desk.rows("SELECT \"$path\", key FROM photos TABLESAMPLE BERNOULLI (100) ORDER BY key LIMIT 1").await;
    assert!(paths[0].starts_with("s3://") && paths[0].ends_with(",a.jpg"), "{paths:?}");
    assert_eq!(
        desk.rows("SELECT * FROM photos TABLESAMPLE BERNOULLI (100) WHERE key = 'a.jpg'").await,
        desk.rows("SELECT * FROM photos WHERE key = 'a.jpg'").await
    );
}

#[tokio::test]
async fn what_aws_refuses_at_the_start_is_refused_there() {
    let desk = Desk::new().await;
    for sql in ["DESCRIBE nothing", "SHOW COLUMNS FROM nothing"] {
        let refused = desk.start(sql).await.unwrap_err();
        let said = "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Request ID: ";
        assert!(refused.code == "InvalidRequestException" && refused.message.starts_with(said), "{refused}");
    }
    let input = json!({ "QueryString": "SELECT 1", "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    let refused = desk.cloud.call_json(&desk.cx, "athena", "StartQueryExecution", &input).await.unwrap_err();
    assert_eq!((&*refused.code, &*refused.message), ("InvalidRequestException", "clientRequestToken is null or empty"));
}
