//! Statements that write: CTAS, INSERT INTO, UNLOAD, prepared statements.

use crate::lake::Desk;
use serde_json::json;

#[tokio::test]
async fn a_table_made_of_a_query_is_read_again_in_every_format() {
    let desk = Desk::new().await;
    for format in ["PARQUET", "ORC", "JSON", "TEXTFILE", "AVRO"] {
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
async fn every_type_comes_back_out_of_columnar_files() {
    let desk = Desk::new().await;
    let values = "SELECT n AS id, CAST(n AS tinyint) AS t, CAST(n AS smallint) AS s, CAST(n AS integer) AS i, n > 1 AS yes, n / 4e0 AS d, \
         CAST(n / 4e0 AS real) AS r, IF(n < 2, 'text ' || CAST(n AS varchar)) AS w, to_utf8('b' || CAST(n AS varchar)) AS b, \
         date_add('day', n, DATE '1969-12-30') AS day, date_add('second', n, TIMESTAMP '1969-12-31 23:59:55.250') AS moment, \
         CAST(n / 8e0 AS decimal(25, 4)) AS p, IF(n <> 2, ARRAY[n, NULL, n + 1]) AS l, MAP(ARRAY['k'], ARRAY[n]) AS m, \
         IF(n > 0, CAST(ROW(n, 'in') AS ROW(x bigint, y varchar))) AS o FROM (VALUES 0, 1, 2, 3) AS v(n)";
    let wanted = desk.rows(&format!("SELECT * FROM ({values}) ORDER BY id")).await;
    assert_eq!(wanted.len(), 4);
    let settings = [
        "format = 'PARQUET'",
        "format = 'ORC'",
        "format = 'ORC', write_compression = 'SNAPPY'",
        "format = 'ORC', orc_compression = 'ZLIB'",
    ];
    let zstd = [
        "format = 'ORC', write_compression = 'ZSTD', compression_level = 9",
        "format = 'PARQUET', write_compression = 'ZSTD', compression_level = 9",
    ];
    for (number, setting) in settings.into_iter().chain(zstd).enumerate() {
        desk.lines(&format!("CREATE TABLE kept_{number} WITH ({setting}) AS {values}")).await;
        assert_eq!(desk.rows(&format!("SELECT * FROM kept_{number} ORDER BY id")).await, wanted, "{setting}");
    }
    let level = "CREATE TABLE bad WITH (format = 'PARQUET', write_compression = 'ZSTD', compression_level = 23) AS SELECT 1 AS x";
    assert!(desk.fails(level).await.starts_with("INVALID_TABLE_PROPERTY: compression_level"));
    assert!(desk.fails(&level.replace("ZSTD", "SNAPPY")).await.starts_with("NOT_SUPPORTED"));
    let last = "CREATE TABLE bad WITH (format = 'ORC') AS SELECT TIMESTAMP '1969-12-31 23:59:59.5' AS x";
    assert_eq!(desk.fails(last).await, "NOT_SUPPORTED: ORC files take no times within the last second before 1970");
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

#[tokio::test]
async fn nothing_is_bent_to_fit_a_column() {
    let desk = Desk::new().await;
    desk.lines("CREATE EXTERNAL TABLE nums (i int, b bigint, p decimal(12,2), d double) STORED AS PARQUET LOCATION 's3://lake/nums/'")
        .await;
    for (sql, said) in [
        ("INSERT INTO nums (i) SELECT 'x'", "Table: [integer], Query: [varchar]"),
        ("INSERT INTO nums (i) VALUES (1.7)", "Table: [integer], Query: [double]"),
        ("INSERT INTO nums (i) SELECT CAST(1 AS bigint)", "Table: [integer], Query: [bigint]"),
        ("INSERT INTO nums (i, b) SELECT 1", "Table: [integer, bigint], Query: [integer]"),
    ] {
        let said = format!("TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: {said}");
        assert_eq!(desk.fails(sql).await, said, "{sql}");
    }
    assert_eq!(
        desk.fails("INSERT INTO nums (i, z) SELECT 1, 2").await,
        "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: z"
    );
    assert!(desk.fails("INSERT INTO nums (i, i) SELECT 1, 2").await.starts_with("DUPLICATE_COLUMN_NAME"));
    assert_eq!(desk.rows("SELECT count(*) FROM nums").await, ["0"], "what failed has written nothing");
    desk.lines("INSERT INTO nums VALUES (1, 2, 3, DECIMAL '4.5'), (NULL, 7, DECIMAL '1.25', 2)").await;
    assert_eq!(desk.rows("SELECT * FROM nums ORDER BY b").await, ["1,2,3.00,4.5", "-,7,1.25,2.0"]);
}

#[tokio::test]
async fn the_metadata_of_a_change_says_which() {
    let desk = Desk::new().await;
    let metadata = async |sql: &str| {
        let place = desk.run(sql).await["ResultConfiguration"]["OutputLocation"].as_str().unwrap().to_owned();
        desk.s3.text(&format!("{}.metadata", place.trim_start_matches("s3://"))).unwrap()
    };
    assert!(metadata("CREATE TABLE kept AS SELECT 1 AS x").await.contains("\u{12}\u{c}CREATE TABLE"));
    assert!(metadata("INSERT INTO kept SELECT 2").await.contains("\u{12}\u{6}INSERT"));
    assert!(!metadata("SELECT x FROM kept").await.contains("INSERT"));
}

#[tokio::test]
async fn a_statement_that_fails_leaves_no_file() {
    let desk = Desk::new().await;
    let rows = "SELECT 1 / (5000 - x) AS y, rpad('x', 2000, CAST(x AS varchar)) AS s, x % 3 AS part FROM UNNEST(sequence(1, 9000)) AS t(x)";
    for format in ["PARQUET", "ORC", "JSON", "AVRO"] {
        let before = desk.s3.objects.lock().unwrap().len();
        let settings = format!("format = '{format}', partitioned_by = ARRAY['part']");
        assert!(desk.fails(&format!("CREATE TABLE bad WITH ({settings}) AS {rows}")).await.starts_with("DIVISION_BY_ZERO"), "{format}");
        assert_eq!(desk.s3.objects.lock().unwrap().len(), before, "{format}");
    }
    assert!(desk.fails("SELECT * FROM bad").await.starts_with("TABLE_NOT_FOUND"));
}

#[tokio::test]
async fn avro_is_packed_as_it_is_asked() {
    let desk = Desk::new().await;
    let mut sizes = Vec::new();
    for codec in ["NONE", "DEFLATE", "SNAPPY", "BZIP2"] {
        let sql = format!(
            "CREATE TABLE avro_{codec} WITH (format = 'AVRO', write_compression = '{codec}', external_location = 's3://lake/{codec}/') AS \
             SELECT 'always the same' AS s FROM UNNEST(sequence(1, 5000))"
        );
        desk.lines(&sql).await;
        assert_eq!(desk.rows(&format!("SELECT count(*), max(s) FROM avro_{codec}")).await, ["5000,always the same"], "{codec}");
        let objects = desk.s3.objects.lock().unwrap();
        sizes.push(objects.iter().filter(|(key, _)| key.starts_with(&format!("lake/{codec}/"))).map(|(_, b)| b.len()).sum::<usize>());
    }
    assert!(sizes[1..].iter().all(|size| size * 5 < sizes[0]), "{sizes:?}");
    let refused = desk.fails("CREATE TABLE bad WITH (format = 'AVRO', write_compression = 'LZ4') AS SELECT 1 AS x").await;
    assert_eq!(refused, "NOT_SUPPORTED: windtunnel does not run writing AVRO files with the compression LZ4 yet");
}
