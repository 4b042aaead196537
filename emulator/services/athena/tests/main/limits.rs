//! What a query may take: memory, time, a place to run in. Whatever one takes too much of, the others go on.

use crate::lake::Desk;
use serde_json::json;
use std::{io::Read, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_query_ends_at_once_and_leaves_no_object() {
    let desk = Desk::new().await;
    let endless = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 1000)) c(z) WHERE x + y + z <> 7";
    let id = desk.start(endless).await.unwrap();
    while desk.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"]["Status"]["State"] == "QUEUED" {
        tokio::task::yield_now().await;
    }
    desk.ok("StopQueryExecution", json!({ "QueryExecutionId": id })).await;
    desk.cloud.settle(Duration::from_secs(30)).await.unwrap();
    let status = desk.ok("GetQueryExecution", json!({ "QueryExecutionId": id })).await["QueryExecution"]["Status"].clone();
    assert_eq!((status["State"].as_str(), status["StateChangeReason"].as_str()), (Some("CANCELLED"), Some("Query cancelled by user")));
    assert!(desk.s3.objects.lock().unwrap().keys().all(|k| !k.contains(&id)), "no result object");
    assert_eq!(desk.rows("SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_beyond_its_memory_fails_in_athenas_words_and_the_next_runs() {
    let desk = Desk::new().await;
    // Ten kilobytes in each of a million rows, all kept in one array.
    let large = "SELECT cardinality(array_agg(rpad('x', 10000, 'x'))) FROM UNNEST(sequence(1, 1000)) a(x), UNNEST(sequence(1, 1000)) b(y)";
    let said = desk.fails(large).await;
    assert!(said.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of "), "{said}");
    assert_eq!(desk.rows("SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_queries_at_once_all_finish() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for n in 0..50 {
        ids.push(desk.start(&format!("SELECT {n}, count(*), max(width) FROM photos")).await.unwrap());
    }
    desk.cloud.settle(Duration::from_secs(120)).await.unwrap();
    for (n, id) in ids.iter().enumerate() {
        let rows = desk.ok("GetQueryResults", json!({ "QueryExecutionId": id })).await;
        assert_eq!(crate::lake::texts(&rows["ResultSet"]["Rows"])[1], format!("{n},3,1200"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_paged_as_they_were_written() {
    let desk = Desk::new().await;
    let execution = desk.run("SELECT x FROM UNNEST(sequence(1, 5000)) AS t(x) ORDER BY x").await;
    let id = execution["QueryExecutionId"].clone();
    let (mut seen, mut input) = (Vec::new(), json!({ "QueryExecutionId": id, "MaxResults": 700 }));
    loop {
        let page = desk.ok("GetQueryResults", input.clone()).await;
        seen.extend(crate::lake::texts(&page["ResultSet"]["Rows"]));
        match page["NextToken"].as_str() {
            Some(token) => input["NextToken"] = token.into(),
            None => break,
        }
    }
    let wanted: Vec<String> = std::iter::once("x".to_owned()).chain((1..=5000).map(|n| n.to_string())).collect();
    assert_eq!(seen, wanted);
    let object = desk.s3.text(&format!("results/out/{}.csv", id.as_str().unwrap())).unwrap();
    assert_eq!(object.lines().map(|l| l.trim_matches('"')).collect::<Vec<_>>(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_one_day_reads_that_days_columns_alone() {
    let desk = Desk::new().await;
    let made = desk
        .run(
            "CREATE TABLE days WITH (format = 'PARQUET', write_compression = 'NONE', partitioned_by = ARRAY['day']) AS
             SELECT d * 1000 + x AS id, to_hex(sha256(to_utf8(CAST(d * 1000 + x AS varchar)))) AS filler, CAST(d AS varchar) AS day
             FROM UNNEST(sequence(1, 30)) a(d), UNNEST(sequence(1, 300)) b(x)",
        )
        .await;
    assert_eq!(made["Status"]["State"], "SUCCEEDED", "{made}");
    let of_the_day: Vec<u64> = {
        let objects = desk.s3.objects.lock().unwrap();
        objects.iter().filter(|(key, _)| key.contains("/day=7/")).map(|(_, bytes)| bytes.len() as u64).collect()
    };
    desk.s3.read.lock().unwrap().clear();
    let execution = desk.run("SELECT count(*), max(id), min(day) FROM days WHERE day = '7'").await;
    let read = desk.s3.read.lock().unwrap().clone();
    assert!(!read.is_empty() && read.iter().all(|key| key.contains("/day=7/")), "{read:?}");
    // The end of the object and its footer, once to compare the columns' names and once to read them; then the one column.
    assert!(read.len() <= 5 * of_the_day.len(), "{read:?}");
    let scanned = execution["Statistics"]["DataScannedInBytes"].as_u64().unwrap();
    assert!(scanned > 0 && scanned < of_the_day.iter().sum::<u64>() / 2, "{scanned} bytes of {of_the_day:?}");
    let rows = desk.ok("GetQueryResults", json!({ "QueryExecutionId": execution["QueryExecutionId"] })).await;
    assert_eq!(crate::lake::texts(&rows["ResultSet"]["Rows"])[1], "300,7300,7");
    desk.s3.read.lock().unwrap().clear();
    assert_eq!(desk.rows("SELECT count(*) FROM days WHERE day > '7' AND day LIKE '_'").await, ["600"]);
    assert!(desk.s3.read.lock().unwrap().iter().all(|key| key.contains("/day=8/") || key.contains("/day=9/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_object_is_read_as_a_stream_and_a_bomb_ends_the_query() {
    let desk = Desk::new().await;
    let packed = |text: &mut dyn std::io::Read| zstd::stream::encode_all(text, 1).unwrap();
    let keep = |name: &str, bytes: Vec<u8>| desk.s3.objects.lock().unwrap().insert(name.to_owned(), bytes.into());
    let line = [&vec![b'x'; (1 << 20) - 1][..], b"\n"].concat();
    keep("lake/long/a.zst", packed(&mut std::io::Cursor::new(line.repeat(16)).chain(std::io::Cursor::new(line.repeat(16)))));
    let whole: Vec<u8> = std::iter::repeat_n(packed(&mut std::io::Cursor::new(line.repeat(32))), 20).flatten().collect();
    // 640 MiB, more than a query's memory, in frames one behind the other.
    keep("lake/long/b.zst", whole);
    desk.lines("CREATE EXTERNAL TABLE long (s string) LOCATION 's3://lake/long/'").await;
    assert_eq!(desk.rows("SELECT count(s) FROM long").await, ["672"]);
    for (name, setting) in [("texts", "format = 'TEXTFILE', write_compression = 'ZSTD'"), ("columns", "write_compression = 'ZSTD'")] {
        desk.lines(&format!("CREATE TABLE {name} WITH ({setting}) AS SELECT s FROM long")).await;
        assert_eq!(desk.rows(&format!("SELECT count(s) FROM {name}")).await, ["672"], "{setting}");
    }
    keep("lake/bomb/a.zst", packed(&mut std::io::repeat(b'x').take(1 << 30)));
    for table in ["STORED AS TEXTFILE", "STORED AS JSONFILE"] {
        let name = table.rsplit(' ').next().unwrap();
        desk.lines(&format!("CREATE EXTERNAL TABLE bomb_{name} (s string) {table} LOCATION 's3://lake/bomb/'")).await;
        let said = desk.fails(&format!("SELECT count(s) FROM bomb_{name}")).await;
        assert!(said.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 512MB"), "{said}");
    }
    assert_eq!(desk.rows("SELECT 1").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_hold_what_they_need_and_count_all_of_it() {
    let desk = Desk::new().await;
    let rows = "FROM UNNEST(sequence(1, 7000)) a(x), UNNEST(sequence(1, 1000)) b(y)";
    assert_eq!(desk.rows(&format!("SELECT round(skewness(y), 6), round(kurtosis(y), 2) {rows}")).await, ["0.0,-1.2"]);
    let large = "SELECT cardinality(multimap_agg(10 * x + y, rpad('x', 10000, 'x'))) FROM UNNEST(sequence(1, 7000)) a(x), UNNEST(sequence(0, 9)) b(y)";
    let said = desk.fails(large).await;
    assert!(said.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT"), "{said}");
}
