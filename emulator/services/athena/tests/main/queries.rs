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
    let each = "SELECT count(*) FROM (VALUES 1) AS t(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS u(n) WHERE random() < 0.25";
    let some = count(each).await;
    assert!((2100..2900).contains(&some), "a quarter of 10,000 elements, not {some}");
    let paths = desk.rows("SELECT \"$path\", key FROM photos TABLESAMPLE BERNOULLI (100) ORDER BY key LIMIT 1").await;
    assert!(paths[0].starts_with("s3://") && paths[0].ends_with(",a.jpg"), "{paths:?}");
    assert_eq!(
        desk.rows("SELECT * FROM photos TABLESAMPLE BERNOULLI (100) WHERE key = 'a.jpg'").await,
        desk.rows("SELECT * FROM photos WHERE key = 'a.jpg'").await
    );
}

#[tokio::test]
async fn window_frames_take_offsets() {
    let desk = Desk::new().await;
    let of = |over: &str, rest: &str| format!("SELECT sum(x) OVER ({over}) FROM (VALUES 1, 2, 4, 4) AS t(x) {rest} ORDER BY 1");
    let frame = |frame: &str| of(&format!("ORDER BY x {frame}"), "");
    assert_eq!(desk.rows(&frame("ROWS BETWEEN 1 PRECEDING AND CURRENT ROW")).await, ["1", "3", "6", "8"]);
    assert_eq!(desk.rows(&frame("ROWS 1 PRECEDING")).await, ["1", "3", "6", "8"]);
    assert_eq!(desk.rows(&frame("ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING")).await, ["3", "4", "6", "8"]);
    assert_eq!(desk.rows(&frame("GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW")).await, ["1", "3", "10", "10"]);
    assert_eq!(desk.rows(&frame("RANGE BETWEEN 2 PRECEDING AND CURRENT ROW")).await, ["1", "3", "10", "10"]);
    let named = of("w", "WINDOW w AS (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)");
    assert_eq!(desk.rows(&named).await, ["1", "3", "6", "8"]);
    let days = "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM \
                (VALUES DATE '2026-01-01', DATE '2026-01-02', DATE '2026-01-04') AS t(d) ORDER BY d";
    assert_eq!(desk.rows(days).await, ["1", "2", "1"]);
    let wide = "SELECT avg(x) OVER (ORDER BY x ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM (VALUES 1.0e0, 3.0e0) AS t(x) ORDER BY 1";
    assert_eq!(desk.rows(wide).await, ["1.0", "2.0"]);
}

const SIDES: &str = "WITH l(id, a) AS (VALUES (1, 'l1'), (2, 'l2')), r(id, b) AS (VALUES (2, 'r2'), (3, 'r3'))";

#[tokio::test]
async fn the_columns_of_using_are_those_of_the_side_that_has_them() {
    let desk = Desk::new().await;
    let ask = async |sql: &str| desk.rows(&format!("{SIDES} {sql}")).await;
    assert_eq!(ask("SELECT id, a, b FROM l RIGHT JOIN r USING (id) ORDER BY id").await, ["2,l2,r2", "3,-,r3"]);
    assert_eq!(ask("SELECT * FROM l FULL JOIN r USING (id) ORDER BY id").await, ["1,l1,-", "2,l2,r2", "3,-,r3"]);
    assert_eq!(ask("SELECT id, count(*) FROM l FULL JOIN r USING (id) GROUP BY id ORDER BY id").await, ["1,1", "2,1", "3,1"]);
    assert_eq!(ask("SELECT id, b FROM l JOIN r USING (id) WHERE id = 2").await, ["2,r2"]);
    assert_eq!(ask("SELECT id, a, b FROM l LEFT JOIN r USING (id) WHERE id > 0 ORDER BY 1").await, ["1,l1,-", "2,l2,r2"]);
    let three = "SELECT id, l.a, r.b, x.a FROM l FULL JOIN r USING (id) LEFT JOIN l x USING (id) JOIN (VALUES 3, 2) AS n(k) ON n.k = id ORDER BY id";
    assert_eq!(ask(three).await, ["2,l2,r2,l2", "3,-,r3,-"]);
    let missing = desk.fails(&format!("{SIDES} SELECT 1 FROM l JOIN r USING (a)")).await;
    assert_eq!(missing.split(": ").nth(2), Some("Column 'a' is missing from right side of join"), "{missing}");
    let natural = desk.fails(&format!("{SIDES} SELECT 1 FROM l NATURAL JOIN r")).await;
    assert!(natural.starts_with("NOT_SUPPORTED"), "{natural}");
}

#[tokio::test]
async fn columns_may_have_the_same_name_or_none() {
    let desk = Desk::new().await;
    let heads = async |sql: &str| {
        let id = desk.run(sql).await["QueryExecutionId"].clone();
        let results = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id })).await["ResultSet"].clone();
        let info = results["ResultSetMetadata"]["ColumnInfo"].as_array().unwrap().clone();
        let names: Vec<&str> = info.iter().map(|c| c["Name"].as_str().unwrap()).collect();
        assert_eq!(texts(&results["Rows"])[0], names.join(","));
        names.join(",")
    };
    assert_eq!(heads("SELECT *, key FROM photos").await, "key,width,tags,owner,key");
    assert_eq!(heads("SELECT key, key, key AS x, width AS x FROM photos").await, "key,key,x,x");
    assert_eq!(heads("SELECT *, width + 1, upper(key) AS key FROM photos ORDER BY 1").await, "key,width,tags,owner,_col4,key");
    assert_eq!(heads("SELECT *, -width AS least FROM photos ORDER BY least").await, "key,width,tags,owner,least");
    assert_eq!(heads("SELECT * FROM (SELECT key, key, 1, 1 FROM photos)").await, "key,key,_col2,_col3");
    assert_eq!(heads("SELECT r.a, t.r.b FROM (SELECT CAST(ROW(1, 2) AS ROW(a integer, b integer)) AS r) AS t").await, "a,b");
    assert_eq!(heads("VALUES (1, 'a')").await, "_col0,_col1");
    assert_eq!(heads("SELECT * FROM (VALUES 1, 2)").await, "_col0");
    assert_eq!(desk.rows("SELECT 1, 1 UNION ALL SELECT 2, 2 ORDER BY 1").await, ["1,1", "2,2"]);
    assert_eq!(desk.rows("SELECT a FROM (SELECT r.a FROM (SELECT CAST(ROW(7) AS ROW(a integer)) AS r) AS t)").await, ["7"]);
    desk.lines("CREATE VIEW starred AS SELECT *, width + 1 FROM photos").await;
    assert_eq!(desk.rows("SELECT _col4 FROM starred WHERE width = 800").await, ["801"]);
    let twice = desk.fails("CREATE VIEW twice AS SELECT key, key FROM photos").await;
    assert!(twice.contains("DUPLICATE_COLUMN_NAME") && twice.contains("'key'"), "{twice}");
}

#[tokio::test]
async fn subqueries_stand_in_select_lists_and_know_ranges() {
    let desk = Desk::new().await;
    let ask = async |sql: &str| desk.rows(&format!("WITH t(x) AS (VALUES 1, 2, NULL), u(y) AS (VALUES 2, 3) {sql}")).await;
    assert_eq!(ask("SELECT x, EXISTS (SELECT 1 FROM u WHERE u.y = t.x) FROM t ORDER BY x").await, ["1,false", "2,true", "-,false"]);
    assert_eq!(ask("SELECT x, NOT EXISTS (SELECT 1 FROM u WHERE u.y < t.x) FROM t ORDER BY x").await, ["1,true", "2,true", "-,true"]);
    assert_eq!(ask("SELECT x, x IN (SELECT y FROM u) FROM t ORDER BY x").await, ["1,false", "2,true", "-,-"]);
    assert_eq!(ask("SELECT x, x NOT IN (SELECT y FROM u UNION ALL SELECT NULL) FROM t ORDER BY x").await, ["1,-", "2,false", "-,-"]);
    assert_eq!(ask("SELECT y, y IN (SELECT x FROM t WHERE t.x < u.y) FROM u ORDER BY y").await, ["2,false", "3,false"]);
    assert_eq!(ask("SELECT CASE WHEN x IN (SELECT y FROM u) THEN 'in' ELSE 'out' END FROM t ORDER BY x").await, ["out", "in", "out"]);
    assert_eq!(ask("SELECT x, (SELECT count(*) FROM u WHERE u.y > t.x) FROM t ORDER BY x").await, ["1,2", "2,1", "-,0"]);
    assert_eq!(ask("SELECT x, (SELECT max(y) + 1 FROM u WHERE u.y > t.x AND u.y < 9) FROM t ORDER BY x").await, ["1,4", "2,4", "-,-"]);
    assert_eq!(ask("SELECT x FROM t WHERE (SELECT count(*) FROM u WHERE u.y > t.x) = 1").await, ["2"]);
    assert_eq!(
        ask("SELECT x, x >= ANY (SELECT y FROM u), x < ALL (SELECT y FROM u) FROM t ORDER BY x").await,
        ["1,false,true", "2,true,false", "-,-,-"]
    );
}

#[tokio::test]
async fn guards_guard() {
    let desk = Desk::new().await;
    let with = "WITH t(a, b, s) AS (VALUES (6, 0, 'x'), (6, 2, '7'), (1, 2, '8'))";
    let ask = async |sql: &str| desk.rows(&format!("{with} {sql}")).await;
    assert_eq!(ask("SELECT a, b FROM t WHERE b <> 0 AND a / b > 1").await, ["6,2"]);
    assert_eq!(ask("SELECT a, b FROM t WHERE b = 0 OR a / b > 1 ORDER BY b").await, ["6,0", "6,2"]);
    assert_eq!(ask("SELECT a, b FROM (SELECT * FROM t WHERE b <> 0) WHERE a / b > 1").await, ["6,2"]);
    assert_eq!(ask("SELECT s FROM t WHERE s <> 'x' AND cast(s AS integer) = 7").await, ["7"]);
    assert_eq!(ask("SELECT t.s FROM t JOIN (VALUES 6) AS n(k) ON n.k = t.a AND t.b <> 0 AND t.a / t.b > 1").await, ["7"]);
    assert_eq!(ask("SELECT n.k FROM (VALUES 6) AS n(k) LEFT JOIN t ON n.k = t.a AND t.b <> 0 AND n.k / t.b > 100").await, ["6"]);
    assert_eq!(ask("SELECT b <> 0 AND a / b > 1 FROM t ORDER BY b, a DESC").await, ["false", "true", "false"]);
    assert_eq!(ask("SELECT b FROM t GROUP BY b HAVING b <> 0 AND sum(a) / b > 1").await, ["2"]);
    assert!(desk.fails(&format!("{with} SELECT a FROM t WHERE a / b > 1")).await.starts_with("DIVISION_BY_ZERO"));
}

#[tokio::test]
async fn values_of_another_kind_are_refused_wherever_they_meet() {
    let desk = Desk::new().await;
    for sql in [
        "SELECT key FROM photos WHERE width IN (1, '800')",
        "SELECT key FROM photos WHERE width BETWEEN '1' AND '2'",
        "SELECT width FROM photos UNION SELECT key FROM photos",
        "SELECT CASE WHEN width > 1 THEN 'a' ELSE 2 END FROM photos",
        "SELECT if(width > 1, 'a', 2) FROM photos",
        "SELECT coalesce(width, 'a') FROM photos",
        "SELECT date '2026-01-01' + 1",
        "SELECT 1 FROM photos JOIN (VALUES 1) AS v(key) USING (key)",
        "SELECT 1 FROM photos WHERE width IN (SELECT key FROM photos)",
    ] {
        let said = desk.fails(sql).await;
        assert!(said.starts_with("TYPE_MISMATCH: line 1:") && !said.contains('$'), "{sql}: {said}");
    }
    assert_eq!(desk.rows("SELECT coalesce(NULL, width, 1.5) FROM photos WHERE width IN (800, NULL, 8e2)").await, ["800.0"]);
}

#[tokio::test]
async fn the_engines_errors_are_told_in_trinos_words() {
    let desk = Desk::new().await;
    let mut wrong = Vec::new();
    for (sql, said) in [
        (
            "SELECT key, count(*) FROM photos",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'key' must be an aggregate expression or appear in GROUP BY clause",
        ),
        (
            "SELECT sum(key) FROM photos",
            "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar) for function sum. Expected: sum(double)",
        ),
        ("SELECT avg(key) FROM photos", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters"),
        (
            "SELECT 'a' || 1",
            "FUNCTION_NOT_FOUND: line 1:1: Unexpected parameters (varchar, integer) for function concat. Expected: concat(",
        ),
        ("SELECT key FROM photos GROUP BY key HAVING width > 1", "EXPRESSION_NOT_AGGREGATE: line 1:44: 'width' must be"),
        ("SELECT 9223372036854775808", "INVALID_LITERAL: line 1:8: Invalid numeric literal: 9223372036854775808"),
    ] {
        let got = desk.fails(sql).await;
        if !got.starts_with(said) {
            wrong.push(format!("{sql}: {got}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn sums_leave_no_range_unseen() {
    let desk = Desk::new().await;
    let many = "(VALUES 9223372036854775807, 1) AS t(x)";
    for sql in [
        format!("SELECT sum(x) FROM {many}"),
        format!("SELECT sum(x) FROM {many} GROUP BY x > 0"),
        format!("SELECT sum(x) OVER (ORDER BY x) FROM {many}"),
    ] {
        let said = desk.fails(&sql).await;
        assert!(said.starts_with("NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow"), "{sql}: {said}");
    }
    let decimal = format!("SELECT sum(x) FROM (VALUES DECIMAL '{0}', DECIMAL '{0}') AS t(x)", "9".repeat(38));
    assert_eq!(desk.fails(&decimal).await, "NUMERIC_VALUE_OUT_OF_RANGE: Decimal overflow");
    assert_eq!(desk.rows("SELECT typeof(sum(x)), sum(x) FROM (VALUES REAL '1.5', REAL '2.5') AS t(x)").await, ["real,4.0"]);
    assert_eq!(desk.rows("SELECT sum(x), sum(DISTINCT x), count_if(DISTINCT x > 1) FROM (VALUES 2, 2, 3) AS t(x)").await, ["7,5,1"]);
    assert_eq!(desk.rows("SELECT -9223372036854775808").await, ["-9223372036854775808"]);
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
