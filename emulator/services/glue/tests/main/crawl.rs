//! Crawls: what lies in S3 becomes tables and partitions as AWS's crawlers write them.

use crate::desk::{Desk, sentences};
use serde_json::{Value, json};

#[tokio::test]
async fn folders_become_a_table_with_partitions() {
    let desk = Desk::lake().await;
    for (day, lines) in [("01", 3), ("02", 5)] {
        let body: String = (0..lines).map(|n| format!("{{\"id\":{n},\"Owner\":\"ada\",\"at\":{{\"x\":1.5}}}}\n")).collect();
        desk.shelf.set("data", &format!("photos/year=2026/day={day}/a.json"), body);
    }
    desk.shelf.set("data", "photos/year=2026/day=02/_SUCCESS", "x");
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/photos" }] }), json!({ "TablePrefix": "raw_" })).await;
    desk.crawl("c").await;

    let table = desk.table("raw_photos").await;
    let storage = &table["StorageDescriptor"];
    assert_eq!(sentences(&storage["Columns"]), ["id int", "owner string", "at struct<x:double>"]);
    assert_eq!(sentences(&table["PartitionKeys"]), ["year string", "day string"]);
    assert_eq!((&storage["Location"], &table["TableType"]), (&json!("s3://data/photos/"), &json!("EXTERNAL_TABLE")));
    assert_eq!(storage["SerdeInfo"]["SerializationLibrary"], "org.openx.data.jsonserde.JsonSerDe");
    assert_eq!(storage["SerdeInfo"]["Parameters"]["paths"], "Owner,at,id");
    let parameters = &table["Parameters"];
    let wanted = [
        ("classification", "json"),
        ("compressionType", "none"),
        ("typeOfData", "file"),
        ("UPDATED_BY_CRAWLER", "c"),
        ("objectCount", "2"),
        ("recordCount", "8"),
        ("partition_filtering.enabled", "true"),
        ("CrawlerSchemaSerializerVersion", "1.0"),
    ];
    for (name, value) in wanted {
        assert_eq!(parameters[name], value, "{name}");
    }
    let size: u64 = parameters["sizeKey"].as_str().unwrap().parse().unwrap();
    assert_eq!(parameters["averageRecordSize"], (size / 8).to_string());

    let partitions = desk.partitions("raw_photos").await;
    let values: Vec<String> = partitions.iter().map(|p| p["Values"].to_string()).collect();
    assert_eq!(values, [r#"["2026","01"]"#, r#"["2026","02"]"#]);
    assert_eq!(partitions[1]["StorageDescriptor"]["Location"], "s3://data/photos/year=2026/day=02/");
    assert_eq!(partitions[1]["Parameters"]["recordCount"], "5");

    let crawler = desk.ok("GetCrawler", json!({ "Name": "c" })).await["Crawler"].clone();
    let last = &crawler["LastCrawl"];
    assert_eq!(
        (&crawler["State"], &last["Status"], &last["LogGroup"]),
        (&json!("READY"), &json!("SUCCEEDED"), &json!("/aws-glue/crawlers"))
    );
    let lines: Vec<String> = desk.told.take("/aws-glue/crawlers").into_iter().map(|sent| sent.body).collect();
    let prefix = format!("[{}] ", last["MessagePrefix"].as_str().unwrap());
    assert!(lines.iter().all(|line| line.starts_with(&prefix)), "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with("INFO : Created table raw_photos in database lake")), "{lines:#?}");
}

#[tokio::test]
async fn every_format_is_known() {
    let desk = Desk::lake().await;
    let csv: String = "id,price\n".to_owned() + &(0..10).map(|n| format!("{n},1.5\n")).collect::<String>();
    desk.shelf.set("data", "csv/a.csv", csv.clone());
    desk.shelf.set("data", "packed/a.csv.gz", gzip(csv.as_bytes()));
    desk.shelf.set("data", "quoted/a.csv", "id,note\n1,\"a, b\"\n2,\"c\"\n");
    desk.shelf.set("data", "pipes/a.txt", "a|b\nc|d\n");
    desk.shelf.set("data", "logs/access.log", r#"10.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl""#);
    desk.shelf.set("data", "words/a.txt", "just some words\nand more\n");
    desk.shelf.set("data", "xml/a.xml", "<?xml version=\"1.0\"?><all><row><a>1</a></row></all>");
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/" }] }), json!({})).await;
    desk.crawl("c").await;

    let see = |t: &Value| {
        let serde =
            t["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].as_str().unwrap_or("").rsplit('.').next().unwrap().to_owned();
        let (class, packed) = (t["Parameters"]["classification"].as_str().unwrap(), t["Parameters"]["compressionType"].as_str().unwrap());
        format!("{class} {packed} {serde}: {}", sentences(&t["StorageDescriptor"]["Columns"]).join(", "))
    };
    assert_eq!(see(&desk.table("csv").await), "csv none LazySimpleSerDe: id bigint, price double");
    assert_eq!(desk.table("csv").await["Parameters"]["skip.header.line.count"], "1");
    assert_eq!(see(&desk.table("packed").await), "csv gzip LazySimpleSerDe: id bigint, price double");
    assert_eq!(see(&desk.table("quoted").await), "csv none OpenCSVSerde: id bigint, note string");
    assert_eq!(see(&desk.table("pipes").await), "csv none LazySimpleSerDe: col0 string, col1 string");
    let logs = see(&desk.table("logs").await);
    assert!(logs.starts_with("combinedapache none GrokSerDe: clientip string, ident string"), "{logs}");
    assert_eq!(see(&desk.table("words").await), "UNKNOWN none : ");
    assert_eq!(see(&desk.table("xml").await), "xml none : ");
}

#[tokio::test]
async fn ion_is_one_table_in_text_and_in_binary() {
    let desk = Desk::lake().await;
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ion/tests/data/");
    for name in ["photos.ion", "photos.10n"] {
        desk.shelf.set("data", &format!("photos/{name}"), std::fs::read(format!("{data}{name}")).unwrap());
    }
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/photos" }] }), json!({})).await;
    desk.crawl("c").await;
    let table = desk.table("photos").await;
    assert_eq!((&table["Parameters"]["classification"], &table["Parameters"]["recordCount"]), (&json!("ion"), &json!("6")));
    let storage = &table["StorageDescriptor"];
    assert_eq!(storage["SerdeInfo"]["SerializationLibrary"], "com.amazon.ionhiveserde.IonHiveSerDe");
    assert_eq!(storage["InputFormat"], "com.amazon.ionhiveserde.formats.IonInputFormat");
    assert_eq!(storage["OutputFormat"], "com.amazon.ionhiveserde.formats.IonOutputFormat");
    assert_eq!(sentences(&storage["Columns"])[..3], ["id int", "big decimal(38,0)", "name string"]);
}

#[tokio::test]
async fn customers_classifiers_come_first() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "shop/a.log", "2026-11-23 WARN 17 full\n2026-11-23 INFO 18 empty\n");
    desk.shelf.set("data", "nested/a.json", "{\"rows\":[{\"a\":1},{\"a\":2,\"b\":\"x\"}]}");
    desk.shelf.set("data", "tilde/a.txt", "1~x\n2~y\n");
    desk.shelf.set("data", "rows/a.xml", "<all><row id=\"1\"><name>x</name></row><row id=\"2\"/></all>");
    let pattern = "%{DAY_OF:day} %{LOGLEVEL:level} %{INT:code:int} %{GREEDYDATA:text}";
    let grok = json!({ "Name": "shop", "Classification": "shoplog", "GrokPattern": pattern, "CustomPatterns": "DAY_OF [0-9-]{10}" });
    desk.ok("CreateClassifier", json!({ "GrokClassifier": grok })).await;
    desk.ok("CreateClassifier", json!({ "JsonClassifier": { "Name": "rows", "JsonPath": "$.rows[*]" } })).await;
    let csv = json!({ "Name": "tilde", "Delimiter": "~", "ContainsHeader": "ABSENT", "Header": ["n", "letter"] });
    desk.ok("CreateClassifier", json!({ "CsvClassifier": csv })).await;
    desk.ok("CreateClassifier", json!({ "XMLClassifier": { "Name": "row", "Classification": "rowed", "RowTag": "row" } })).await;
    let more = json!({ "Classifiers": ["shop", "rows", "tilde", "row"] });
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/" }] }), more).await;
    desk.crawl("c").await;

    let shop = desk.table("shop").await;
    assert_eq!(shop["Parameters"]["classification"], "shoplog");
    assert_eq!(sentences(&shop["StorageDescriptor"]["Columns"]), ["day string", "level string", "code int", "text string"]);
    assert_eq!(shop["StorageDescriptor"]["SerdeInfo"]["Parameters"]["input.grokCustomPatterns"], "DAY_OF [0-9-]{10}");
    assert_eq!(sentences(&desk.table("nested").await["StorageDescriptor"]["Columns"]), ["a int", "b string"]);
    assert_eq!(sentences(&desk.table("tilde").await["StorageDescriptor"]["Columns"]), ["n bigint", "letter string"]);
    assert_eq!(sentences(&desk.table("rows").await["StorageDescriptor"]["Columns"]), ["_id int", "name string"]);

    assert_eq!(
        desk.refused("CreateClassifier", json!({ "GrokClassifier": { "Name": "x", "Classification": "x", "GrokPattern": "%{NONE:a}" } }))
            .await,
        "InvalidInputException"
    );
    assert_eq!(desk.refused("CreateClassifier", json!({})).await, "InvalidInputException");
    desk.ok("UpdateClassifier", json!({ "JsonClassifier": { "Name": "rows", "JsonPath": "$" } })).await;
    let rows = desk.ok("GetClassifier", json!({ "Name": "rows" })).await["Classifier"]["JsonClassifier"].clone();
    assert_eq!((&rows["JsonPath"], &rows["Version"]), (&json!("$"), &json!(2)));
    desk.ok("DeleteClassifier", json!({ "Name": "tilde" })).await;
    assert_eq!(desk.ok("GetClassifiers", json!({})).await["Classifiers"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_changes_is_updated_and_what_goes_is_marked_or_deleted() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "t/a.json", "{\"a\":1,\"x\":1,\"y\":1}");
    desk.shelf.set("data", "u/a.json", "{\"b\":1}");
    let delete = json!({ "SchemaChangePolicy": { "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE" } });
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/t" }, { "Path": "s3://data/u" }] }), json!({})).await;
    desk.crawl("c").await;
    desk.shelf.set("data", "t/b.json", "{\"a\":5000000000,\"x\":1,\"y\":1,\"new\":true}");
    desk.shelf.remove("data", "u/a.json");
    desk.crawl("c").await;
    let t = desk.table("t").await;
    assert_eq!(sentences(&t["StorageDescriptor"]["Columns"]), ["a bigint", "x int", "y int", "new boolean"]);
    assert_eq!(t["VersionId"], "1");
    assert!(desk.table("u").await["Parameters"]["DEPRECATED_BY_CRAWLER"].is_string());
    let versions = desk.ok("GetTableVersions", json!({ "DatabaseName": "lake", "TableName": "t" })).await;
    let old = &versions["TableVersions"][1];
    assert_eq!(
        (&old["VersionId"], sentences(&old["Table"]["StorageDescriptor"]["Columns"])),
        (&json!("0"), vec!["a int".to_owned(), "x int".into(), "y int".into()])
    );

    // Nothing changed: nothing is written.
    desk.crawl("c").await;
    assert_eq!(desk.table("t").await["VersionId"], "1");
    let metrics = desk.ok("GetCrawlerMetrics", json!({ "CrawlerNameList": ["c"] })).await["CrawlerMetricsList"][0].clone();
    assert_eq!([&metrics["TablesCreated"], &metrics["TablesUpdated"], &metrics["TablesDeleted"]], [&json!(0), &json!(0), &json!(0)]);

    let mut update = delete;
    update["Name"] = "c".into();
    desk.ok("UpdateCrawler", update).await;
    desk.crawl("c").await;
    assert_eq!(desk.refused("GetTable", json!({ "DatabaseName": "lake", "Name": "u" })).await, "EntityNotFoundException");
    let crawls = desk.ok("ListCrawls", json!({ "CrawlerName": "c" })).await["Crawls"].clone();
    assert_eq!(crawls.as_array().unwrap().len(), 4);
    assert!(crawls[0]["Summary"].as_str().unwrap().contains("\"DELETE\""), "{crawls}");
    let filter = json!([{ "FieldName": "CRAWL_ID", "FilterOperator": "EQ", "FieldValue": crawls[2]["CrawlId"] }]);
    let one = desk.ok("ListCrawls", json!({ "CrawlerName": "c", "Filters": filter })).await["Crawls"].clone();
    assert_eq!(one.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn logged_changes_are_not_written_and_new_columns_may_be_merged() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "t/a.json", "{\"a\":1,\"b\":1}");
    let log = json!({ "SchemaChangePolicy": { "UpdateBehavior": "LOG", "DeleteBehavior": "LOG" } });
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/t" }] }), log).await;
    desk.crawl("c").await;
    desk.shelf.set("data", "t/a.json", "{\"a\":\"x\",\"c\":1}");
    desk.crawl("c").await;
    assert_eq!(sentences(&desk.table("t").await["StorageDescriptor"]["Columns"]), ["a int", "b int"]);
    let merge = json!({ "Version": 1.0, "CrawlerOutput": { "Tables": { "AddOrUpdateBehavior": "MergeNewColumns" } } }).to_string();
    let policy = json!({ "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG" });
    desk.ok("UpdateCrawler", json!({ "Name": "c", "Configuration": merge, "SchemaChangePolicy": policy })).await;
    desk.crawl("c").await;
    assert_eq!(sentences(&desk.table("t").await["StorageDescriptor"]["Columns"]), ["a int", "b int", "c int"]);
}

#[tokio::test]
async fn only_new_folders_are_looked_at_where_that_is_the_policy() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "t/day=1/a.json", "{\"a\":1}");
    desk.shelf.set("data", "t/day=2/a.json", "{\"a\":1}");
    let policy = json!({
        "RecrawlPolicy": { "RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY" },
        "SchemaChangePolicy": { "UpdateBehavior": "LOG", "DeleteBehavior": "LOG" },
    });
    desk.crawler("c", json!({ "S3Targets": [{ "Path": "s3://data/t" }] }), policy).await;
    desk.crawl("c").await;
    desk.shelf.set("data", "t/day=2/b.json", "{\"a\":1,\"late\":1}");
    desk.shelf.set("data", "t/day=3/a.json", "{\"a\":1}");
    *desk.shelf.read.lock().unwrap() = 0;
    desk.crawl("c").await;
    assert_eq!(*desk.shelf.read.lock().unwrap(), "{\"a\":1}".len() as u64, "only the new folder was read");
    let values: Vec<String> = desk.partitions("t").await.iter().map(|p| p["Values"][0].as_str().unwrap().to_owned()).collect();
    assert_eq!(values, ["1", "2", "3"]);
    let targets = json!({ "S3Targets": [{ "Path": "s3://data/other" }] });
    assert_eq!(desk.refused("UpdateCrawler", json!({ "Name": "c", "Targets": targets })).await, "InvalidInputException");
    let wrong = json!({ "Name": "d", "Role": "crawls", "DatabaseName": "lake", "Targets": targets, "RecrawlPolicy": { "RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY" } });
    assert_eq!(desk.refused("CreateCrawler", wrong).await, "InvalidInputException");
}

#[tokio::test]
async fn exclusions_and_samples_bound_what_is_read() {
    let desk = Desk::lake().await;
    for n in 0..10 {
        desk.shelf.set("data", &format!("t/{n}.json"), "{\"a\":1}");
    }
    desk.shelf.set("data", "t/tmp/x.json", "{\"q\":1}");
    let target = json!({ "Path": "s3://data/t", "Exclusions": ["tmp/**"], "SampleSize": 2 });
    desk.crawler("c", json!({ "S3Targets": [target] }), json!({})).await;
    desk.crawl("c").await;
    let t = desk.table("t").await;
    assert_eq!(*desk.shelf.read.lock().unwrap(), 14);
    assert_eq!((&t["Parameters"]["objectCount"], &t["Parameters"]["recordCount"]), (&json!("10"), &json!("10")));
    assert_eq!(sentences(&t["StorageDescriptor"]["Columns"]), ["a int"]);
}

#[tokio::test]
async fn names_that_are_taken_get_a_hash() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "x/photos-2026/a.json", "{\"a\":1}");
    desk.shelf.set("data", "y/photos-2026/a.json", "{\"a\":1}");
    let targets = json!({ "S3Targets": [{ "Path": "s3://data/x/photos-2026/" }, { "Path": "s3://data/y/photos-2026/" }] });
    desk.crawler("c", targets, json!({})).await;
    desk.crawl("c").await;
    let tables = desk.ok("GetTables", json!({ "DatabaseName": "lake" })).await["TableList"].clone();
    let names: Vec<&str> = tables.as_array().unwrap().iter().map(|t| t["Name"].as_str().unwrap()).collect();
    assert_eq!(names[0], "photos_2026");
    assert!(names[1].starts_with("photos_2026_") && names[1].len() == "photos_2026_".len() + 32, "{names:?}");
    desk.crawl("c").await;
    let again = desk.ok("GetTables", json!({ "DatabaseName": "lake" })).await["TableList"].clone();
    assert_eq!(again.as_array().unwrap().len(), 2, "each is found again by its place");
}

#[tokio::test]
async fn a_catalog_target_is_looked_at_again() {
    let desk = Desk::lake().await;
    let table = json!({
        "Name": "mine",
        "StorageDescriptor": { "Location": "s3://data/m/", "Columns": [{ "Name": "a", "Type": "int" }] },
        "PartitionKeys": [{ "Name": "day", "Type": "string" }],
        "Parameters": { "note": "kept" },
    });
    desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": table })).await;
    desk.shelf.set("data", "m/2026/a.json", "{\"a\":1,\"b\":2}");
    let targets = json!({ "CatalogTargets": [{ "DatabaseName": "lake", "Tables": ["mine"] }] });
    let policy = json!({ "SchemaChangePolicy": { "UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG" } });
    desk.crawler("c", targets, policy).await;
    desk.crawl("c").await;
    let mine = desk.table("mine").await;
    assert_eq!(sentences(&mine["StorageDescriptor"]["Columns"]), ["a int", "b int"]);
    assert_eq!(sentences(&mine["PartitionKeys"]), ["day string"]);
    assert_eq!(mine["Parameters"]["note"], "kept");
    assert_eq!(desk.partitions("mine").await[0]["Values"], json!(["2026"]));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn new_tables_with_partitions_get_an_index_where_it_is_asked_for() {
    let desk = Desk::lake().await;
    desk.shelf.set("data", "photos/year=2026/day=01/a.json", "{\"id\":1}\n");
    desk.shelf.set("data", "flat/a.json", "{\"id\":1}\n");
    let indexes = async |table: &str| desk.ok("GetPartitionIndexes", json!({ "DatabaseName": "lake", "TableName": table })).await;
    let targets = json!({ "S3Targets": [{ "Path": "s3://data/" }] });
    desk.crawler("c", targets, json!({ "Configuration": r#"{"Version":1.0,"CreatePartitionIndex":true}"# })).await;
    desk.crawl("c").await;
    let made = indexes("photos").await["PartitionIndexDescriptorList"].clone();
    assert_eq!((made.as_array().unwrap().len(), &made[0]["IndexName"]), (1, &json!("crawler_partition_index")));
    assert_eq!(made[0]["Keys"].as_array().unwrap().iter().map(|k| k["Name"].as_str().unwrap()).collect::<Vec<_>>(), ["year", "day"]);
    assert_eq!(indexes("flat").await["PartitionIndexDescriptorList"], json!([]));
    desk.crawl("c").await;
    assert_eq!(indexes("photos").await["PartitionIndexDescriptorList"].as_array().unwrap().len(), 1, "a second crawl makes no second");
}

#[tokio::test]
async fn a_crawl_that_finds_too_many_tables_writes_none() {
    let desk = Desk::lake().await;
    for name in ["a", "b", "c"] {
        desk.shelf.set("data", &format!("{name}/x.json"), format!("{{\"{name}\":1}}\n"));
    }
    let threshold =
        |most: u64| json!({ "Configuration": format!(r#"{{"Version":1.0,"CrawlerOutput":{{"Tables":{{"TableThreshold":{most}}}}}}}"#) });
    // None of the targets alone has too many.
    let targets = json!({ "S3Targets": [{ "Path": "s3://data/a/" }, { "Path": "s3://data/b/" }, { "Path": "s3://data/c/" }] });
    desk.crawler("c", targets, threshold(2)).await;
    let last = desk.run("c").await;
    assert_eq!(last["Status"], "FAILED");
    let why = "The number of tables detected by crawler: 3 is greater than the table threshold value provided: 2. Failing crawler without writing to Data Catalog.";
    assert_eq!(last["ErrorMessage"], why);
    assert_eq!(desk.ok("GetTables", json!({ "DatabaseName": "lake" })).await["TableList"], json!([]));
    let mut change = threshold(3);
    change["Name"] = "c".into();
    desk.ok("UpdateCrawler", change).await;
    desk.crawl("c").await;
    assert_eq!(desk.ok("GetTables", json!({ "DatabaseName": "lake" })).await["TableList"].as_array().unwrap().len(), 3);
}
