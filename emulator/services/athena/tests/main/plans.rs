//! Plans that are ours and not the engine's: groups told by the places of objects, distinct texts counted, joins by the sizes of their sides.
//! What they answer is what the rows say.

use crate::lake::Desk;

/// Thirty days of two hours with three hundred rows each, as Parquet; day and hour are partition keys.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    let made = desk
        .run(
            "CREATE TABLE days WITH (format = 'PARQUET', partitioned_by = ARRAY['day', 'hour']) AS
             SELECT d * 1000 + x AS id, CASE WHEN x % 10 = 0 THEN NULL ELSE x END AS size,
                    'user-' || CAST((d * 300 + x) % 700 AS varchar) AS short,
                    to_hex(sha256(to_utf8(CAST((d * 300 + x) % 1100 AS varchar)))) AS long,
                    CAST(d AS varchar) AS day, CAST(x % 2 AS varchar) AS hour
             FROM UNNEST(sequence(1, 30)) a(d), UNNEST(sequence(1, 300)) b(x)",
        )
        .await;
    assert_eq!(made["Status"]["State"], "SUCCEEDED", "{made}");
    desk
}

/// The answer of a query that is planned with a step of that name.
async fn planned(desk: &Desk, step: &str, sql: &str) -> Vec<String> {
    let plan = desk.rows(&format!("EXPLAIN {sql}")).await.join("\n");
    assert!(plan.contains(step), "{sql}: {plan}");
    desk.rows(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_partition_keys_need_no_table_of_groups() {
    let desk = desk().await;
    let parted = async |sql: &str| planned(&desk, "PartedAggregate", sql).await;
    let by_day = parted("SELECT day, count(*), count(size), min(id), max(id), sum(size), avg(size) FROM days GROUP BY day").await;
    let mut wanted: Vec<String> =
        (1..=30).map(|d| format!("{d},300,270,{},{},{},150.0", d * 1000 + 1, d * 1000 + 300, 45150 - 4650)).collect();
    let mut seen = by_day;
    wanted.sort();
    seen.sort();
    assert_eq!(seen, wanted);
    assert_eq!(
        parted("SELECT hour, day, count(*) FROM days WHERE day IN ('3', '11') GROUP BY day, hour ORDER BY 1, 2").await,
        ["0,11,150", "0,3,150", "1,11,150", "1,3,150"]
    );
    assert_eq!(
        parted("SELECT CAST(day AS integer) / 10 AS ten, count(*) AS n FROM days GROUP BY 1 ORDER BY 1").await,
        ["0,2700", "1,3000", "2,3000", "3,300"],
        "what is computed of keys, several parts in one group"
    );
    assert_eq!(
        parted("SELECT day, max(hour), approx_percentile(id, 0.5) FROM days GROUP BY day HAVING min(id) > 28500 ORDER BY 1").await,
        ["29,1,29151", "30,1,30151"],
        "keys among the arguments too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_without_rows_that_are_wanted_is_no_group() {
    let desk = desk().await;
    let parted = async |sql: &str| planned(&desk, "PartedAggregate", sql).await;
    assert_eq!(
        parted("SELECT day, count(*), sum(size) FROM days WHERE id % 1000 = 7 AND id < 4000 GROUP BY day ORDER BY day").await,
        ["1,1,7", "2,1,7", "3,1,7"]
    );
    assert_eq!(
        parted("SELECT day, count(*) FILTER (WHERE id < 2005) FROM days WHERE day < '13' GROUP BY day ORDER BY day").await,
        ["1,300", "10,0", "11,0", "12,0"],
        "a group none of whose rows an aggregate counts is a group all the same"
    );
    assert_eq!(parted("SELECT day, count(*) FROM days WHERE id < 0 GROUP BY day").await, [""; 0]);
    assert_eq!(parted("SELECT day, count(*) FROM days WHERE day = '4' GROUP BY day").await, ["4,300"]);
    // Filters of keys are asked of the parts alone: what a part can't answer is asked of the rows.
    assert_eq!(
        desk.rows("SELECT day, count(*) FROM days WHERE day = (SELECT max(day) FROM days WHERE id < 8000) GROUP BY day").await,
        ["7,300"]
    );
    assert_eq!(
        desk.rows("SELECT day, count(*) FROM days WHERE day IN (SELECT CAST(size AS varchar) FROM days WHERE id = 4004) GROUP BY day")
            .await,
        ["4,300"]
    );
    assert_eq!(
        desk.rows("SELECT hour, count(*) FROM days WHERE day = '4' OR id = 5005 GROUP BY hour ORDER BY hour").await,
        ["0,150", "1,151"]
    );
    assert_eq!(
        desk.rows(
            "SELECT a.day, a.n + b.n FROM (SELECT day, count(*) n FROM days GROUP BY day) a JOIN (SELECT day, count(*) n FROM days
                   WHERE hour = '1' GROUP BY day) b ON a.day = b.day WHERE a.day IN ('9', '10') ORDER BY 1"
        )
        .await,
        ["10,450", "9,450"]
    );
    // What is no key makes groups of rows, as ever.
    assert_eq!(desk.rows("SELECT count(*) FROM (SELECT day, size FROM days GROUP BY day, size)").await, ["8130"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn distinct_texts_are_counted_as_they_are() {
    let desk = desk().await;
    let counted = async |sql: &str| planned(&desk, "count_distinct", sql).await;
    assert_eq!(
        counted("SELECT count(DISTINCT short), count(DISTINCT long), count(DISTINCT day), count(DISTINCT id), count(*) FROM days").await,
        ["700,1100,30,9000,9000"]
    );
    assert_eq!(
        counted(
            "SELECT count(DISTINCT long) FILTER (WHERE day = '1') AS a, count(DISTINCT CASE WHEN size < 5 THEN short END) AS b,
                    count(DISTINCT to_utf8(short)) AS c FROM days WHERE day IN ('1', '2')"
        )
        .await,
        ["300,8,600"]
    );
    assert_eq!(counted("SELECT count(DISTINCT short), count(DISTINCT long) FROM days WHERE id < 0").await, ["0,0"]);
    assert_eq!(desk.rows("SELECT count(DISTINCT short) FROM days").await, ["700"]);
    assert_eq!(
        desk.rows("SELECT day, count(DISTINCT short) FROM days WHERE day < '12' GROUP BY day ORDER BY day").await,
        ["1,300", "10,300", "11,300"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smaller_side_of_a_join_is_kept_and_the_larger_one_goes_by() {
    let desk = desk().await;
    let made = desk
        .run("CREATE TABLE people WITH (format = 'PARQUET') AS SELECT 'user-' || CAST(n AS varchar) AS name, n % 5 AS land FROM UNNEST(sequence(0, 699)) t(n)")
        .await;
    assert_eq!(made["Status"]["State"], "SUCCEEDED", "{made}");
    for from in ["days d JOIN people p", "people p JOIN days d"] {
        let sql = format!("SELECT p.land, count(*) FROM {from} ON d.short = p.name GROUP BY p.land ORDER BY p.land");
        let plan = desk.rows(&format!("EXPLAIN {sql}")).await.join("\n");
        let join = plan.split_once("HashJoinExec: mode=CollectLeft").unwrap_or_else(|| panic!("{plan}")).1;
        let first = join.split("DataSourceExec").nth(1).unwrap_or_default();
        assert!(first.contains("projection=[name, land]"), "{from}: {plan}");
        assert_eq!(desk.rows(&sql).await, ["0,1800", "1,1800", "2,1800", "3,1800", "4,1800"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_footer_tells_how_long_the_others_are() {
    let desk = desk().await;
    desk.s3.read.lock().unwrap().clear();
    assert_eq!(desk.rows("SELECT sum(id) FROM days WHERE day = '7' AND hour = '1'").await, ["1072500"]);
    let read = desk.s3.read.lock().unwrap().len();
    assert_eq!(read, 4, "a footer's length, the footer for the names of columns, the footer, a column");
    desk.s3.read.lock().unwrap().clear();
    assert_eq!(desk.rows("SELECT sum(id) FROM days").await, ["140854500"]);
    let read = desk.s3.read.lock().unwrap().len();
    assert_eq!(read, 2 + 60 + 60, "a footer is one read");
}
