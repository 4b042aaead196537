//! Subqueries, set operations and joins whose rows the engine alone would tell wrongly, or not at all.

use crate::lake::Desk;

const TABLES: &str =
    "WITH t(id, s) AS (VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'a')), u(id, v) AS (VALUES (1, 'x'), (2, 'y'), (2, 'z'), (9, NULL))";

async fn rows(desk: &Desk, sql: &str) -> Vec<String> {
    desk.rows(&format!("{TABLES} {sql}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_among_the_columns_of_the_same_table() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    assert_eq!(
        rows("SELECT id, id IN (SELECT id FROM t WHERE id > 2) FROM t ORDER BY 1").await,
        ["1,false", "2,false", "3,true", "4,true"]
    );
    assert_eq!(rows("SELECT id, s NOT IN (SELECT s FROM t) FROM t ORDER BY 1").await, ["1,false", "2,false", "3,-", "4,false"]);
    assert_eq!(rows("SELECT (SELECT max(id) FROM t) IN (SELECT id FROM t), 1 NOT IN (SELECT NULL)").await, ["true,-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_sought_among_rows() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    assert_eq!(rows("SELECT id FROM t WHERE (id, s) IN (VALUES (1, 'a'), (2, 'c'), (4, 'a')) ORDER BY 1").await, ["1", "4"]);
    assert_eq!(
        rows("SELECT id, (id, s) IN (SELECT id, s FROM t WHERE id > 1) FROM t ORDER BY 1").await,
        ["1,false", "2,true", "3,-", "4,true"]
    );
    assert_eq!(rows("SELECT id FROM t WHERE (id, s) NOT IN (SELECT id, v FROM u) ORDER BY 1").await, ["1", "2", "3", "4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_in_knows_null_wherever_it_stands() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    assert_eq!(
        rows("SELECT id FROM t WHERE s NOT IN (SELECT w.s FROM t w WHERE w.id < t.id) ORDER BY 1").await,
        ["1", "2"],
        "told by the row"
    );
    assert_eq!(rows("SELECT id FROM t WHERE 7 NOT IN (SELECT CASE WHEN id < 4 THEN id END FROM t)").await, [""; 0], "of a constant");
    assert_eq!(rows("SELECT id FROM t WHERE s NOT IN (SELECT v FROM u) OR id = 1").await, ["1"], "beside OR");
    assert_eq!(rows("SELECT id FROM t WHERE NOT (s IN (SELECT v FROM u) AND id < 4) ORDER BY 1").await, ["4"], "in a NOT");
    assert_eq!(rows("SELECT id FROM t WHERE s NOT IN (SELECT v FROM u WHERE v IS NOT NULL) ORDER BY 1").await, ["1", "2", "4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_groups_and_orders_ask_subqueries() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    assert_eq!(rows("SELECT sum(CASE WHEN id IN (SELECT id FROM u) THEN 10 ELSE 1 END), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)) FROM t").await, ["22,2"]);
    assert_eq!(
        rows("SELECT CASE WHEN id IN (SELECT id FROM u) THEN 'in' ELSE 'out' END, count(*) FROM t GROUP BY 1 ORDER BY 1").await,
        ["in,2", "out,2"]
    );
    assert_eq!(rows("SELECT id FROM t ORDER BY id IN (SELECT id FROM u), id DESC").await, ["4", "3", "2", "1"]);
    assert_eq!(
        rows("SELECT id, row_number() OVER (ORDER BY id NOT IN (SELECT id FROM u WHERE id > 1 AND id < 9), id) FROM t ORDER BY 2").await,
        ["2,1", "1,2", "3,3", "4,4"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subquery_is_one_value() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    assert_eq!(
        rows("SELECT (SELECT 1 WHERE false), (SELECT count(*) FROM t HAVING count(*) > 100), (SELECT s FROM t WHERE id = 2)").await,
        ["-,-,b"]
    );
    assert_eq!(
        rows("SELECT id, (SELECT v FROM u WHERE u.id = t.id ORDER BY v DESC LIMIT 1) FROM t ORDER BY 1").await,
        ["1,x", "2,z", "3,-", "4,-"]
    );
    assert_eq!(
        rows("SELECT id, (SELECT v FROM u WHERE u.id <= t.id ORDER BY id DESC, v LIMIT 1) FROM t ORDER BY 1").await,
        ["1,x", "2,y", "3,y", "4,y"]
    );
    assert_eq!(rows("SELECT id, (SELECT v FROM u WHERE u.id = t.id AND v <> 'z') FROM t ORDER BY 1").await, ["1,x", "2,y", "3,-", "4,-"]);
    assert_eq!(rows("SELECT id, (SELECT count(*) FROM u WHERE 2 = t.id) FROM t ORDER BY 1").await, ["1,0", "2,4", "3,0", "4,0"]);
    for sql in ["SELECT (SELECT v FROM u WHERE u.id = t.id) FROM t", "SELECT 1 WHERE 'x' = (SELECT v FROM u)"] {
        assert_eq!(
            desk.fails(&format!("{TABLES} {sql}")).await,
            "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
            "{sql}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn set_operations_with_all_count_their_rows() {
    let desk = Desk::new().await;
    let rows = async |sql| rows(&desk, sql).await;
    let mut left = rows("(VALUES 1, 1, 1, 2, NULL, NULL) EXCEPT ALL (VALUES 1, 3, NULL)").await;
    left.sort();
    assert_eq!(left, ["-", "1", "1", "2"]);
    assert_eq!(rows("(VALUES 1, 1, 1, 2) INTERSECT ALL (VALUES 1, 1, 3)").await, ["1", "1"]);
    assert_eq!(rows("SELECT id FROM u EXCEPT SELECT id FROM t").await, ["9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_ask_the_column_that_is_meant() {
    let desk = Desk::new().await;
    for sql in [
        "CREATE TABLE a AS SELECT * FROM (VALUES (1, 5, 7), (2, 6, 8), (3, 6, 9)) AS v(k, x, y)",
        "CREATE TABLE b AS SELECT * FROM (VALUES (1, 5, 0), (2, 9, 1)) AS v(k, x, y)",
    ] {
        assert_eq!(desk.run(sql).await["Status"]["State"], "SUCCEEDED", "{sql}");
    }
    let join = "FROM (SELECT b.k, b.x AS bx, a.x, a.y FROM b RIGHT JOIN a ON b.k = a.k) q";
    assert_eq!(desk.rows(&format!("SELECT q.x {join} WHERE q.x IS DISTINCT FROM q.bx AND q.y <> 7 ORDER BY y")).await, ["6", "6"]);
    let sql = "SELECT a.k, b.x FROM b RIGHT JOIN a ON b.k = a.k WHERE a.x IS DISTINCT FROM b.x AND a.y <> 7 ORDER BY a.k";
    assert_eq!(desk.rows(sql).await, ["2,9", "3,-"], "columns of one name on both sides of a join");
    assert_eq!(desk.rows("SELECT 1 IS DISTINCT FROM 2 AND false, NULL IS NOT DISTINCT FROM NULL OR false").await, ["false,true"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_takes_ten_steps() {
    let desk = Desk::new().await;
    let counted = |last: u32| {
        format!("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {last}) SELECT count(*), max(n) FROM r")
    };
    assert_eq!(desk.rows(&counted(5)).await, ["5,5"]);
    assert_eq!(desk.rows(&counted(11)).await, ["11,11"]);
    let said = desk.fails(&counted(12)).await;
    assert_eq!(said, "NOT_SUPPORTED: Recursion depth limit exceeded (10). Use 'max_recursion_depth' session property to modify the limit.");
    let said = desk.fails("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT count(*) FROM r").await;
    assert!(said.contains("Recursion depth limit exceeded"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn distinct_rows_are_ordered_by_what_they_are_made_of() {
    let desk = Desk::new().await;
    let sql = "SELECT DISTINCT upper(s), id % 2 + 1 AS odd FROM t WHERE s IS NOT NULL ORDER BY id % 2 + 1 DESC, upper(s)";
    assert_eq!(rows(&desk, sql).await, ["A,2", "A,1", "B,1"]);
    assert_eq!(rows(&desk, "SELECT coalesce(id, 0) + 2147483646 FROM t WHERE id = 1").await, ["2147483647"]);
    let id = desk.start("SELECT coalesce(CAST(1 AS integer), 0), nullif(CAST(1 AS integer), 2)").await.unwrap();
    desk.cloud.settle(std::time::Duration::from_secs(30)).await.unwrap();
    let told = desk.ok("GetQueryResults", serde_json::json!({ "QueryExecutionId": id })).await;
    let types: Vec<&str> =
        told["ResultSet"]["ResultSetMetadata"]["ColumnInfo"].as_array().unwrap().iter().map(|c| c["Type"].as_str().unwrap()).collect();
    assert_eq!(types, ["integer", "integer"], "numbers beside integers are integers");
}
