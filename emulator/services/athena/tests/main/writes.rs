//! Statements that write: CTAS, INSERT INTO, UNLOAD, prepared statements.

use crate::lake::Desk;
use serde_json::json;

#[tokio::test]
async fn a_table_made_of_a_query_is_read_again_in_every_format() {
    let desk = Desk::new().await;
    for format in ["PARQUET", "JSON", "TEXTFILE", "AVRO"] {
        let sql = format!(
            "CREATE TABLE copy_{format} WITH (format = '{format}', partitioned_by = ARRAY['owner']) AS SELECT key, width, owner FROM photos"
        );
        let execution = desk.run(&sql).await;
        assert_eq!(execution["Status"]["State"], "SUCCEEDED", "{execution}");
        assert_eq!(execution["SubstatementType"], "CREATE_TABLE_AS_SELECT");
        let manifest = execution["Statistics"]["DataManifestLocation"].as_str().unwrap().trim_start_matches("s3://").to_owned();
        assert_eq!(desk.s3.text(&manifest).unwrap().lines().count(), 2, "one file for each owner");
        assert_eq!(
            desk.rows(&format!("SELECT key, width, owner FROM copy_{format} ORDER BY key")).await,
            ["a.jpg,800,ada", "b.jpg,1200,ada", "c.jpg,-,bob"],
            "{format}"
        );
        desk.lines(&format!("INSERT INTO copy_{format} VALUES ('d.jpg', 5, 'eve')")).await;
        assert_eq!(desk.rows(&format!("SELECT count(*), max(owner) FROM copy_{format}")).await, ["4,eve"]);
        let id = execution["QueryExecutionId"].clone();
        assert_eq!(desk.ok("GetQueryResults", json!({ "QueryExecutionId": id })).await["UpdateCount"], 3);
    }
    assert!(desk.fails("CREATE TABLE copy_json AS SELECT 1 AS x").await.starts_with("TABLE_ALREADY_EXISTS"));
}

#[tokio::test]
async fn unload_writes_files_and_refuses_places_that_are_taken() {
    let desk = Desk::new().await;
    let sql = "UNLOAD (SELECT key, width FROM photos WHERE width > ?) TO 's3://out/u/' WITH (format = 'JSON', compression = 'NONE')";
    let input = json!({ "QueryString": sql, "ExecutionParameters": ["900"], "QueryExecutionContext": { "Database": "db" }, "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    desk.ok("StartQueryExecution", input).await;
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    let name = desk.s3.objects.lock().unwrap().keys().find(|k| k.starts_with("out/u/")).unwrap().clone();
    assert_eq!(desk.s3.text(&name).unwrap(), "{\"key\":\"b.jpg\",\"width\":1200}\n");
    assert!(desk.fails(&sql.replace('?', "1")).await.starts_with("HIVE_PATH_ALREADY_EXISTS"));
}

#[tokio::test]
async fn prepared_statements_run_with_their_values() {
    let desk = Desk::new().await;
    desk.lines("PREPARE wide FROM SELECT key FROM photos WHERE width > ? AND owner = ?").await;
    let listed = desk.ok("ListPreparedStatements", json!({ "WorkGroup": "primary" })).await;
    assert_eq!(listed["PreparedStatements"][0]["StatementName"], "wide");
    assert_eq!(desk.lines("EXECUTE wide USING 900, 'ada'").await, ["key", "b.jpg"]);
    assert!(desk.fails("EXECUTE wide USING 900").await.starts_with("INVALID_PARAMETER_USAGE"));
    desk.lines("PREPARE more FROM INSERT INTO photos VALUES ('z.jpg', 1, NULL, 'zoe')").await;
    let executed = desk.run("EXECUTE more").await;
    assert_eq!(executed["Status"]["State"], "SUCCEEDED", "{executed}");
    let place = executed["ResultConfiguration"]["OutputLocation"].as_str().unwrap();
    assert_eq!(place, format!("s3://results/out/{}", executed["QueryExecutionId"].as_str().unwrap()), "named as an INSERT's result");
    desk.lines("DEALLOCATE PREPARE wide").await;
    assert_eq!(desk.fails("EXECUTE wide USING 900, 'ada'").await, "NOT_FOUND: Prepared statement not found: wide");
}
