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
    assert!(
        desk.fails("SELECT word_stem('walking')")
            .await
            .starts_with("NOT_SUPPORTED: line 1:8: windtunnel does not run the function word_stem")
    );
    assert!(desk.fails("SELECT nothing_such(1)").await.starts_with("FUNCTION_NOT_FOUND: line 1:8: Function 'nothing_such' not registered"));
}

fn ion(name: &str) -> kit::Bytes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ion/tests/data/");
    std::fs::read(format!("{path}{name}")).unwrap().into()
}

#[tokio::test]
async fn ion_is_read_in_text_and_in_binary() {
    let desk = Desk::new().await;
    for (key, file) in [("lake/i/a.ion", "photos.ion"), ("lake/i/b.10n", "photos.10n")] {
        desk.s3.objects.lock().unwrap().insert(key.into(), ion(file));
    }
    let columns = "id int, big decimal(38,0), name string, size double, price decimal(4,2), kind varchar(20), raw binary, at timestamp, ok boolean, \
                   none string, tags array<string>, place struct<x:double,y:array<int>>, later int";
    desk.lines(&format!("CREATE EXTERNAL TABLE i ({columns}) STORED AS ION LOCATION 's3://lake/i/'")).await;
    let row =
        "2,-170141183460469231731,photo 2 é,3.0,-19.99,portrait,00 9f 92 96,2026-01-01 10:00:00.123,true,-,[a, b2],{x=0.5, y=[1, 2]},-";
    assert_eq!(desk.rows("SELECT * FROM i WHERE id = 2").await, [row, row]);
    assert_eq!(desk.rows("SELECT count(*), sum(size), max(tags[2]) FROM i").await, ["6,18.0,b3"]);
    assert!(desk.lines("SHOW CREATE TABLE i").await.join(" ").contains("com.amazon.ionhiveserde.formats.IonInputFormat"));
}

#[tokio::test]
async fn ions_properties_are_honoured() {
    let desk = Desk::new().await;
    desk.s3.keep(
        "lake/p/a.ion",
        "{identification: {name: \"Foo Bar\"}, Alias: foo, n: 40000, day: 2026-01-01T23:30-01:00, m: {a: 1, b: null}}\n{n: 1}",
    );
    let table = |name: &str, columns: &str, properties: &str| {
        format!(
            "CREATE EXTERNAL TABLE {name} ({columns}) ROW FORMAT SERDE 'com.amazon.ionhiveserde.IonHiveSerDe' WITH SERDEPROPERTIES ({properties}) STORED AS ION LOCATION 's3://lake/p/'"
        )
    };
    let columns = "name string, alias string, n smallint, day date, m map<string,int>";
    let properties = "'ion.name.path_extractor'='(identification name)', 'ion.n.fail_on_overflow'='false'";
    desk.lines(&table("people", columns, properties)).await;
    assert_eq!(desk.rows("SELECT * FROM people").await, ["Foo Bar,foo,-25536,2026-01-02,{a=1, b=null}", "-,-,1,-,-"]);
    desk.lines(&table("strict", "n smallint, alias string", "'ion.path_extractor.case_sensitive'='true'")).await;
    assert_eq!(
        desk.fails("SELECT n FROM strict").await,
        "HIVE_BAD_DATA: Error parsing field value for field n: 40000 overflows smallint (s3://lake/p/a.ion)"
    );
    assert_eq!(desk.rows("SELECT count(alias) FROM strict").await, ["0"], "Alias is another field");
    desk.lines(&table("wrong", "alias int", "'ion.encoding'='TEXT'")).await;
    assert!(desk.fails("SELECT alias FROM wrong").await.contains("field alias: Ion's symbol is no integer"));
    let refused = desk.fails(&table("shared", "a int", "'ion.catalog.url'='https://x/y'")).await;
    assert!(refused.contains("tables with the Ion property ion.catalog.url"), "{refused}");
}

#[tokio::test]
async fn malformed_ion_ends_the_file_or_the_query() {
    let desk = Desk::new().await;
    desk.s3.keep("lake/m/a.ion", "{n: 1} {n: 2} {n: 3 {n: 4}");
    for lenient in ["true", "false"] {
        desk.lines(&format!("CREATE EXTERNAL TABLE m{lenient} (n int) ROW FORMAT SERDE 'com.amazon.ionhiveserde.IonHiveSerDe' WITH SERDEPROPERTIES ('ion.ignore_malformed'='{lenient}') STORED AS ION LOCATION 's3://lake/m/'")).await;
    }
    assert_eq!(desk.rows("SELECT n FROM mtrue ORDER BY n").await, ["1", "2"]);
    assert_eq!(
        desk.fails("SELECT n FROM mfalse").await,
        "HIVE_CURSOR_ERROR: Malformed Ion: a struct without commas at byte 20 (s3://lake/m/a.ion)"
    );
}

fn orc(name: &str) -> kit::Bytes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../orc/tests/data/");
    std::fs::read(format!("{path}{name}")).unwrap().into()
}

#[tokio::test]
async fn orc_is_read_by_place_or_by_name() {
    let desk = Desk::new().await;
    desk.s3.objects.lock().unwrap().insert("lake/o/a.orc".into(), orc("zstd.orc"));
    let columns = "id bigint, jumps bigint, same int, small tinyint, even boolean, ratio double, single float, word string, text varchar(9), \
                   day date, at timestamp, price decimal(25,2), tags array<string>, place struct<x:int,y:string>, counts map<string,bigint>, later int";
    desk.lines(&format!("CREATE EXTERNAL TABLE o ({columns}) STORED AS ORC LOCATION 's3://lake/o/'")).await;
    assert_eq!(
        desk.rows("SELECT * FROM o WHERE text IN ('row 1', 'row 2') ORDER BY id").await,
        [
            "7914,1,-7,-127,false,0.125,0.25,beta,row 1,1967-04-08,1969-12-31 23:00:02.001,-14.99,[1.0],{x=1, y=null},{k0=1},-",
            "31671,2,-7,-126,true,0.25,0.5,,row 2,1967-04-09,1969-12-31 23:00:04.002,-14.98,[2.0, null],{x=2, y=y},{k0=2, k1=3},-",
        ]
    );
    assert_eq!(desk.rows("SELECT count(*), count(word), sum(small), max(\"$path\") FROM o").await, ["3000,2571,-8124,s3://lake/o/a.orc"]);
    desk.lines("CREATE EXTERNAL TABLE named (text string, ID bigint) ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde' WITH SERDEPROPERTIES ('orc.column.index.access'='false') STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.orc.OrcInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat' LOCATION 's3://lake/o/'").await;
    assert_eq!(desk.rows("SELECT text, id FROM named ORDER BY id LIMIT 1").await, ["row 0,-5"]);
}

#[tokio::test]
async fn stripes_of_orc_that_cannot_matter_are_not_read() {
    let desk = Desk::new().await;
    desk.s3.objects.lock().unwrap().insert("lake/o/a.orc".into(), orc("stripes.orc"));
    desk.lines("CREATE EXTERNAL TABLE o (id bigint, word string, ratio double, day date) STORED AS ORC LOCATION 's3://lake/o/'").await;
    let reads = async |sql: &str, rows: &[&str]| {
        desk.s3.read.lock().unwrap().clear();
        assert_eq!(desk.rows(sql).await, rows, "{sql}");
        desk.s3.read.lock().unwrap().iter().filter(|k| k.ends_with("a.orc")).count()
    };
    // The tail, then a footer and a range of each stripe.
    assert_eq!(reads("SELECT count(id) FROM o", &["300"]).await, 7);
    assert_eq!(reads("SELECT word FROM o WHERE id = 150", &["w150"]).await, 3);
    assert_eq!(reads("SELECT id FROM o WHERE word > 'w297' ORDER BY id", &["298", "299"]).await, 3);
    assert_eq!(reads("SELECT id FROM o WHERE day < DATE '1970-01-02'", &["0"]).await, 3);
    assert_eq!(reads("SELECT id FROM o WHERE word IS NULL", &["0"]).await, 3);
    assert_eq!(reads("SELECT id FROM o WHERE id > 1000", &[]).await, 1);
    desk.s3.keep("lake/bad/a.orc", &"no such format ".repeat(40));
    desk.lines("CREATE EXTERNAL TABLE bad (id bigint) STORED AS ORC LOCATION 's3://lake/bad/'").await;
    assert_eq!(desk.fails("SELECT id FROM bad").await, "HIVE_BAD_DATA: Malformed ORC file: it has no postscript (s3://lake/bad/a.orc)");
}

#[tokio::test]
async fn bounds_of_another_kind_of_type_prune_nothing() {
    let desk = Desk::new().await;
    desk.s3.objects.lock().unwrap().insert("lake/o/a.orc".into(), orc("five.orc"));
    // As texts 10 stands before 5: what the file says of its numbers tells nothing then.
    desk.lines("CREATE EXTERNAL TABLE o (n string, m tinyint) STORED AS ORC LOCATION 's3://lake/o/'").await;
    assert_eq!(desk.rows("SELECT n FROM o WHERE n = '10'").await, ["10"]);
    assert_eq!(desk.rows("SELECT n FROM o WHERE n < '2'").await, ["10"]);
    assert_eq!(desk.rows("SELECT count(*) FROM o WHERE m IS NULL").await, ["1"], "300 is no tinyint");
}

/// A field of a protobuf message: bytes, or a number.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
fn number(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3);
    varint(out, value);
}
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// An ORC file of one stripe with a double `x` that takes up so many bytes.
fn one_stripe(bytes: usize) -> Vec<u8> {
    let message = |fields: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        fields(&mut out);
        out
    };
    let stream = message(&|m| {
        number(m, 1, 1);
        number(m, 2, 1);
        number(m, 3, bytes as u64);
    });
    let encoding = message(&|m| number(m, 1, 0));
    let stripe_footer = message(&|m| {
        field(m, 1, &stream);
        field(m, 2, &encoding);
        field(m, 2, &encoding);
    });
    let stripe = message(&|m| {
        number(m, 1, 3);
        number(m, 2, 0);
        number(m, 3, bytes as u64);
        number(m, 4, stripe_footer.len() as u64);
        number(m, 5, bytes as u64 / 8);
    });
    let root = message(&|m| {
        number(m, 1, 12);
        field(m, 2, &[1]);
        field(m, 3, b"x");
    });
    let double = message(&|m| number(m, 1, 6));
    let footer = message(&|m| {
        field(m, 3, &stripe);
        field(m, 4, &root);
        field(m, 4, &double);
        number(m, 6, bytes as u64 / 8);
    });
    let mut file = b"ORC".to_vec();
    file.resize(3 + bytes, 0);
    file.extend(stripe_footer);
    file.extend_from_slice(&footer);
    let mut script = message(&|m| {
        number(m, 1, footer.len() as u64);
        number(m, 2, 0);
    });
    // Field 8000: the magic.
    varint(&mut script, 8000 << 3 | 2);
    script.extend(b"\x03ORC");
    file.extend_from_slice(&script);
    file.push(script.len() as u8);
    file
}

#[tokio::test]
async fn a_stripe_of_orc_counts_against_the_querys_memory() {
    let desk = Desk::new().await;
    desk.lines("CREATE EXTERNAL TABLE wide (x double) STORED AS ORC LOCATION 's3://lake/wide/'").await;
    desk.s3.objects.lock().unwrap().insert("lake/wide/a.orc".into(), one_stripe(80_000).into());
    assert_eq!(desk.rows("SELECT count(x), sum(x) FROM wide").await, ["10000,0.0"]);
    desk.s3.objects.lock().unwrap().insert("lake/wide/a.orc".into(), one_stripe(300 << 20).into());
    desk.s3.read.lock().unwrap().clear();
    let said = desk.fails("SELECT sum(x) FROM wide").await;
    assert!(said.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 512MB"), "{said}");
    assert_eq!(desk.s3.read.lock().unwrap().len(), 2, "the tail and the stripe's footer, but not the stripe");
    assert_eq!(desk.rows("SELECT count(*) FROM wide").await, [(300 << 17).to_string()], "for which nothing is fetched");
}

#[tokio::test(flavor = "multi_thread")]
async fn ions_symbols_count_against_a_querys_memory() {
    let desk = Desk::new().await;
    let table = format!("$ion_symbol_table::{{symbols:[\"{}\"]}}\n", "x".repeat(1 << 20));
    desk.s3.keep("lake/b/a.ion", &format!("{table}{}", "{a:$10}\n".repeat(600)));
    desk.lines("CREATE EXTERNAL TABLE b (a string) STORED AS ION LOCATION 's3://lake/b/'").await;
    assert!(
        desk.fails("SELECT count(a) FROM b").await.starts_with("EXCEEDED_LOCAL_MEMORY_LIMIT"),
        "600 MiB of a text that stands there once"
    );
}
