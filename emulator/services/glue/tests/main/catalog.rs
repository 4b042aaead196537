//! The data catalog as a caller sees it: names without case, versions, partitions found by expression, and what goes when a parent goes.

use kit::{ClockMode, Cloud, Context, Fault, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

struct Desk {
    cloud: Arc<Cloud>,
    cx: Context,
}

impl Desk {
    /// With a database `lake` and a table `photos` partitioned by owner and day.
    async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(1_700_000_000)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(glue::Glue::new())).start().await.unwrap();
        let cx = cloud.house_context("test");
        let desk = Desk { cloud, cx };
        desk.ok("CreateDatabase", json!({ "DatabaseInput": { "Name": "Lake" } })).await;
        desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": table("Photos") })).await;
        desk
    }
    async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "glue", operation, &input).await
    }
    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    async fn refused(&self, operation: &str, input: Value) -> String {
        self.call(operation, input).await.map_or_else(|f| f.code.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
    async fn partition(&self, owner: &str, day: &str) {
        let input = json!({ "Values": [owner, day], "StorageDescriptor": { "Location": format!("s3://b/{owner}/{day}/") } });
        self.ok("CreatePartition", json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionInput": input })).await;
    }
    /// Values of the partitions that fit an expression.
    async fn found(&self, expression: &str) -> Vec<String> {
        let answer = self.ok("GetPartitions", json!({ "DatabaseName": "lake", "TableName": "photos", "Expression": expression })).await;
        let values = |p: &Value| p["Values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>().join("/");
        answer["Partitions"].as_array().unwrap().iter().map(values).collect()
    }
}

fn table(name: &str) -> Value {
    json!({
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": { "Location": "s3://b/", "Columns": [{ "Name": "key", "Type": "string" }] },
        "PartitionKeys": [{ "Name": "owner", "Type": "string" }, { "Name": "day", "Type": "date" }],
        "Parameters": { "classification": "json" },
    })
}

#[tokio::test]
async fn databases_and_connections_have_tags() {
    let desk = Desk::new().await;
    let connection = json!({ "Name": "c", "ConnectionType": "NETWORK", "ConnectionProperties": {} });
    desk.ok("CreateConnection", json!({ "ConnectionInput": connection, "Tags": { "a": "1" } })).await;
    desk.ok("CreateDatabase", json!({ "DatabaseInput": { "Name": "Sea" }, "Tags": { "a": "1", "b": "2" } })).await;
    for what in ["database/sea", "connection/c"] {
        let arn = format!("arn:aws:glue:us-east-1:000000000000:{what}");
        assert_eq!(desk.ok("GetTags", json!({ "ResourceArn": arn })).await["Tags"]["a"], "1", "{what}");
        desk.ok("TagResource", json!({ "ResourceArn": arn, "TagsToAdd": { "c": "3" } })).await;
        desk.ok("UntagResource", json!({ "ResourceArn": arn, "TagsToRemove": ["a", "b"] })).await;
        assert_eq!(desk.ok("GetTags", json!({ "ResourceArn": arn })).await["Tags"], json!({ "c": "3" }));
    }
    let arn = "arn:aws:glue:us-east-1:000000000000:database/sea";
    desk.ok("DeleteDatabase", json!({ "Name": "sea" })).await;
    assert_eq!(desk.refused("GetTags", json!({ "ResourceArn": arn })).await, "EntityNotFoundException");
    desk.ok("CreateDatabase", json!({ "DatabaseInput": { "Name": "sea" } })).await;
    assert_eq!(desk.ok("GetTags", json!({ "ResourceArn": arn })).await["Tags"], json!({}), "a new one has none of the old one's");
}

#[tokio::test]
async fn a_column_may_repeat_a_key_but_no_other_column() {
    let desk = Desk::new().await;
    let mut twice = table("repeats");
    twice["StorageDescriptor"]["Columns"] = json!([{ "Name": "Owner", "Type": "string" }]);
    desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": twice })).await;
    twice["StorageDescriptor"]["Columns"] = json!([{ "Name": "x", "Type": "string" }, { "Name": "X", "Type": "int" }]);
    assert_eq!(desk.refused("CreateTable", json!({ "DatabaseName": "lake", "TableInput": twice })).await, "InvalidInputException");
}

#[tokio::test]
async fn names_have_no_case() {
    let desk = Desk::new().await;
    let got = desk.ok("GetTable", json!({ "DatabaseName": "LAKE", "Name": "PHOTOS" })).await["Table"].clone();
    assert_eq!((got["Name"].as_str(), got["DatabaseName"].as_str(), got["VersionId"].as_str()), (Some("photos"), Some("lake"), Some("0")));
    assert_eq!(desk.refused("CreateDatabase", json!({ "DatabaseInput": { "Name": "lake" } })).await, "AlreadyExistsException");
    assert_eq!(desk.refused("GetTable", json!({ "DatabaseName": "lake", "Name": "none" })).await, "EntityNotFoundException");
    assert_eq!(desk.refused("CreateTable", json!({ "DatabaseName": "none", "TableInput": table("t") })).await, "EntityNotFoundException");
}

#[tokio::test]
async fn an_update_makes_a_version_and_loses_to_another_that_was_faster() {
    let desk = Desk::new().await;
    desk.ok("UpdateTable", json!({ "DatabaseName": "lake", "TableInput": table("photos"), "VersionId": "0" })).await;
    let late = json!({ "DatabaseName": "lake", "TableInput": table("photos"), "VersionId": "0" });
    assert_eq!(desk.refused("UpdateTable", late).await, "ConcurrentModificationException");
    assert_eq!(desk.ok("GetTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await["Table"]["VersionId"], "1");
}

#[tokio::test]
async fn tables_are_found_by_pattern_and_paged() {
    let desk = Desk::new().await;
    for name in ["albums", "photo_tags", "users"] {
        desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": table(name) })).await;
    }
    let names =
        |answer: &Value| answer["TableList"].as_array().unwrap().iter().map(|t| t["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let some = desk.ok("GetTables", json!({ "DatabaseName": "lake", "Expression": "photo*|users" })).await;
    assert_eq!(names(&some), ["photo_tags", "photos", "users"]);
    let first = desk.ok("GetTables", json!({ "DatabaseName": "lake", "MaxResults": 3 })).await;
    let rest = desk.ok("GetTables", json!({ "DatabaseName": "lake", "MaxResults": 3, "NextToken": first["NextToken"] })).await;
    assert_eq!([names(&first), names(&rest)].concat(), ["albums", "photo_tags", "photos", "users"]);
    assert!(rest.get("NextToken").is_none_or(Value::is_null));
}

#[tokio::test]
async fn partitions_are_found_by_expression_in_the_types_of_their_keys() {
    let desk = Desk::new().await;
    for (owner, day) in [("ada", "2026-01-01"), ("ada", "2026-02-01"), ("bob", "2026-01-15"), ("cyd", "2025-12-31")] {
        desk.partition(owner, day).await;
    }
    assert_eq!(desk.found("owner = 'ada'").await, ["ada/2026-01-01", "ada/2026-02-01"]);
    assert_eq!(desk.found("day >= '2026-01-01' AND day < '2026-02-01'").await, ["ada/2026-01-01", "bob/2026-01-15"]);
    assert_eq!(desk.found("owner IN ('bob', 'cyd') OR day = '2026-02-01'").await, ["ada/2026-02-01", "bob/2026-01-15", "cyd/2025-12-31"]);
    assert_eq!(desk.found("owner LIKE 'b%' AND NOT (day BETWEEN '2026-02-01' AND '2026-03-01')").await, ["bob/2026-01-15"]);
    let broken = json!({ "DatabaseName": "lake", "TableName": "photos", "Expression": "colour = 'red'" });
    assert_eq!(desk.refused("GetPartitions", broken).await, "InvalidInputException");
}

#[tokio::test]
async fn segments_share_the_partitions_out() {
    let desk = Desk::new().await;
    for day in 1..=9 {
        desk.partition("ada", &format!("2026-01-0{day}")).await;
    }
    let mut seen = Vec::new();
    for number in 0..3 {
        let segment = json!({ "SegmentNumber": number, "TotalSegments": 3 });
        let answer = desk.ok("GetPartitions", json!({ "DatabaseName": "lake", "TableName": "photos", "Segment": segment })).await;
        seen.extend(answer["Partitions"].as_array().unwrap().iter().map(|p| p["Values"][1].as_str().unwrap().to_owned()));
    }
    seen.sort();
    assert_eq!(seen, (1..=9).map(|day| format!("2026-01-0{day}")).collect::<Vec<_>>());
    let beyond = json!({ "DatabaseName": "lake", "TableName": "photos", "Segment": { "SegmentNumber": 3, "TotalSegments": 3 } });
    assert_eq!(desk.refused("GetPartitions", beyond).await, "InvalidInputException");
}

#[tokio::test]
async fn batches_do_what_they_can_and_say_what_they_could_not() {
    let desk = Desk::new().await;
    desk.partition("ada", "2026-01-01").await;
    let list: Vec<Value> = ["2026-01-01", "2026-01-02"].iter().map(|day| json!({ "Values": ["ada", day] })).collect();
    let answer =
        desk.ok("BatchCreatePartition", json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionInputList": list })).await;
    assert_eq!(answer["Errors"].as_array().unwrap().len(), 1);
    assert_eq!(answer["Errors"][0]["ErrorDetail"]["ErrorCode"], "AlreadyExistsException");
    assert_eq!(desk.found("owner = 'ada'").await.len(), 2);
    let gone = desk.ok("BatchDeleteTable", json!({ "DatabaseName": "lake", "TablesToDelete": ["photos", "none"] })).await;
    assert_eq!(gone["Errors"][0]["TableName"], "none");
    assert_eq!(desk.refused("GetTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await, "EntityNotFoundException");
}

#[tokio::test]
async fn a_partition_moves_with_its_values_and_goes_with_its_table() {
    let desk = Desk::new().await;
    desk.partition("ada", "2026-01-01").await;
    let moved = json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionValueList": ["ada", "2026-01-01"], "PartitionInput": { "Values": ["ada", "2026-01-09"] } });
    desk.ok("UpdatePartition", moved).await;
    assert_eq!(desk.found("owner = 'ada'").await, ["ada/2026-01-09"]);
    let short = json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionInput": { "Values": ["ada"] } });
    assert_eq!(desk.refused("CreatePartition", short).await, "InvalidInputException");
    desk.ok("DeleteTable", json!({ "DatabaseName": "lake", "Name": "photos" })).await;
    desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": table("photos") })).await;
    assert!(desk.found("").await.is_empty(), "partitions of a table that is gone don't come back with its name");
    desk.ok("DeleteDatabase", json!({ "Name": "lake" })).await;
    assert_eq!(desk.refused("GetTables", json!({ "DatabaseName": "lake" })).await, "EntityNotFoundException");
}
