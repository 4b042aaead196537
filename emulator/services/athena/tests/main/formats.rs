//! Tables of every SerDe over objects as others write them.

use crate::lake::Desk;

#[tokio::test]
async fn each_serde_reads_its_own() {
    let desk = Desk::new().await;
    desk.s3.keep("lake/tsv/a.txt", "1\tx\\\ty\t2020-01-02 03:04:05\tp:q\n\\N\tz\tnonsense\t\n");
    desk.lines(r"CREATE EXTERNAL TABLE tsv (n int, s string, t timestamp, a array<string>) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY ':' LOCATION 's3://lake/tsv/'").await;
    assert_eq!(desk.rows("SELECT * FROM tsv ORDER BY s").await, ["1,x\ty,2020-01-02 03:04:05.000,[p, q]", "-,z,-,[]"]);
    desk.s3.keep("lake/csv/a.csv", "id,name\n1,\"a, \"\"b\"\"\"\n2,\"two\nlines\"\n");
    desk.lines("CREATE EXTERNAL TABLE c (id int, name string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://lake/csv/' TBLPROPERTIES ('skip.header.line.count'='1')").await;
    assert_eq!(desk.rows("SELECT id, name FROM c ORDER BY id").await, ["1,a, \"b\"", "2,two\nlines"]);
    desk.s3.keep("lake/log/a.log", "10.0.0.1 GET /x 200\nnot a line\n");
    desk.lines(r"CREATE EXTERNAL TABLE r (ip string, verb string, path string, status int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='(\\S+) (\\S+) (\\S+) (\\d+)') LOCATION 's3://lake/log/'").await;
    assert_eq!(desk.rows("SELECT * FROM r WHERE ip IS NOT NULL").await, ["10.0.0.1,GET,/x,200"]);
    desk.lines("CREATE EXTERNAL TABLE g (ip string, verb string, path string, status int) ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe' WITH SERDEPROPERTIES ('input.format'='%{IP:ip} %{WORD:verb} %{NOTSPACE:path} %{INT:status}') LOCATION 's3://lake/log/'").await;
    assert_eq!(desk.rows("SELECT status + 1 FROM g WHERE verb = 'GET'").await, ["201"]);
}

#[tokio::test]
async fn json_bends_to_the_columns() {
    let desk = Desk::new().await;
    desk.s3.keep(
        "lake/j/a.json",
        "{\"ID\":\"7\",\"s\":{\"a\":1},\"m\":{\"x\":1.5},\"t\":\"2020-01-01T00:00:00Z\",\"raw\":{\"k\":[1]}}\nbroken\n",
    );
    let table = |lenient: &str| {
        format!(
            "CREATE EXTERNAL TABLE j{lenient} (id int, s struct<a:int>, m map<string,double>, t timestamp, raw string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='{lenient}') LOCATION 's3://lake/j/'"
        )
    };
    desk.lines(&table("true")).await;
    desk.lines(&table("false")).await;
    assert_eq!(
        desk.rows("SELECT id, s.a, m['x'], t, raw FROM jtrue WHERE id IS NOT NULL").await,
        ["7,1,1.5,2020-01-01 00:00:00.000,{\"k\":[1]}"]
    );
    assert!(desk.fails("SELECT * FROM jfalse").await.starts_with("HIVE_CURSOR_ERROR: Row is not a valid JSON Object"));
}

#[tokio::test]
async fn what_is_not_read_is_refused_by_name() {
    let desk = Desk::new().await;
    let orc = desk.fails("CREATE EXTERNAL TABLE o (a int) STORED AS ORC LOCATION 's3://lake/o/'").await;
    assert_eq!(orc, "NOT_SUPPORTED: windtunnel does not run ORC files yet");
    assert!(
        desk.fails("SELECT word_stem('walking')")
            .await
            .starts_with("NOT_SUPPORTED: line 1:8: windtunnel does not run the function word_stem")
    );
    assert!(desk.fails("SELECT nothing_such(1)").await.starts_with("FUNCTION_NOT_FOUND: line 1:8: Function 'nothing_such' not registered"));
}
