//! Athena's statements: queries as far as the planner gets them, and Hive's.

use crate::target::Target;

const SAMPLES: &[&str] = &[
    "WITH t AS (SELECT a, b[1].c, m['k'] FROM \"DB\".x WHERE d BETWEEN DATE '2020-01-01' AND now()) SELECT count(DISTINCT a) FILTER (WHERE c > 1.5e0), \
     try(1/0), CAST(ROW(1, 'x') AS ROW(a integer, b varchar(3))) FROM t CROSS JOIN UNNEST(b, c) WITH ORDINALITY AS u(x, y, n) GROUP BY 1 OFFSET 2 LIMIT 5",
    "SELECT transform(a, x -> x + 1), sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM (VALUES 1, (2)) AS t(x) \
     JOIN u USING (x, y) WHERE EXISTS (SELECT 1 FROM v WHERE v.k = t.x) AND a LIKE 'x!%%' ESCAPE '!' OR NOT b IN (1, 2)",
    "CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`t` (`id` bigint COMMENT 'it''s', m map<string,array<struct<a:int,b:decimal(10,2)>>>) PARTITIONED BY (dt string) \
     ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('a'='b') STORED AS PARQUET LOCATION 's3://b/p/' TBLPROPERTIES ('projection.enabled'='true')",
    "ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt = '2020-01-01', n = 5) LOCATION 's3://b/p/' PARTITION (dt = 'x')",
    "CREATE TABLE new WITH (format = 'ORC', partitioned_by = ARRAY['a'], write_compression = 'ZSTD') AS SELECT * FROM t",
    "UNLOAD (SELECT * FROM t) TO 's3://b/p/' WITH (format = 'PARQUET')",
    "SHOW PARTITIONS db.t -- a comment",
    "EXECUTE q USING 1, 'two', (3)",
];

const WORDS: &str = "SELECT FROM WHERE ( ) (( )) [ ] , ; . * ? ' \" ` -> :: || -- /* */ AND OR NOT IN JOIN USING( UNNEST( CAST( cast( position( substring( overlay( array[ AS ROW( array< map< struct< > >> CASE WHEN END \
                     OVER( VALUES 1e999 99999999999999999999 0x INTERVAL '1' DAY TIMESTAMP 'x' U&'\\0041' {fn $1 \u{e9} \\ \n";

#[test]
fn statements() {
    let samples = SAMPLES.iter().map(|text| text.as_bytes().to_vec());
    let mut target = Target::new("statements", samples, WORDS);
    // The parser's tree takes hundreds of bytes for each token.
    target.most_held_bytes = |bytes| (64 << 20) + bytes.len() * 4096;
    target.run(|bytes| match athena::describe_statement(&String::from_utf8_lossy(bytes)) {
        Ok(what) => {
            assert!(what.contains(' '), "{what}");
            true
        }
        Err(sentence) => {
            assert!(!sentence.is_empty());
            false
        }
    });
}
