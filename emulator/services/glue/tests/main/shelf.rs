//! What else the catalog holds: statistics, indexes, functions, connections, its policy, and what is found in it.

use crate::desk::Desk;
use serde_json::{Value, json};

async fn desk() -> Desk {
    let desk = Desk::lake().await;
    let table = |name: &str, note: &str| {
        json!({
            "Name": name,
            "Description": note,
            "StorageDescriptor": { "Location": "s3://b/", "Columns": [{ "Name": "size", "Type": "bigint", "Comment": "in bytes" }] },
            "PartitionKeys": [{ "Name": "day", "Type": "date" }],
            "Parameters": { "classification": "json" },
        })
    };
    for (name, note) in [("photos", "what was uploaded"), ("users", "who uploads")] {
        desk.ok("CreateTable", json!({ "DatabaseName": "lake", "TableInput": table(name, note) })).await;
    }
    desk.ok("CreatePartition", json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionInput": { "Values": ["2026-01-01"] } }))
        .await;
    desk
}

#[tokio::test]
async fn columns_have_statistics() {
    let desk = desk().await;
    let data = json!({ "Type": "LONG", "LongColumnStatisticsData": { "MinimumValue": 1, "MaximumValue": 9, "NumberOfNulls": 0, "NumberOfDistinctValues": 5 } });
    let one = |column: &str, kind: &str| json!({ "ColumnName": column, "ColumnType": kind, "AnalyzedTime": 1_700_000_000, "StatisticsData": data });
    for (put, get, delete, extra) in [
        ("UpdateColumnStatisticsForTable", "GetColumnStatisticsForTable", "DeleteColumnStatisticsForTable", Value::Null),
        (
            "UpdateColumnStatisticsForPartition",
            "GetColumnStatisticsForPartition",
            "DeleteColumnStatisticsForPartition",
            json!(["2026-01-01"]),
        ),
    ] {
        let with = |members: Value| {
            let mut input = json!({ "DatabaseName": "lake", "TableName": "photos" });
            if !extra.is_null() {
                input["PartitionValues"] = extra.clone();
            }
            input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            input
        };
        let list = json!([one("size", "bigint"), one("none", "bigint"), one("size", "string")]);
        let errors = desk.ok(put, with(json!({ "ColumnStatisticsList": list }))).await["Errors"].clone();
        let codes: Vec<&str> = errors.as_array().unwrap().iter().map(|e| e["Error"]["ErrorCode"].as_str().unwrap()).collect();
        assert_eq!(codes, ["EntityNotFoundException", "InvalidInputException"]);
        let found = desk.ok(get, with(json!({ "ColumnNames": ["size", "other"] }))).await;
        assert_eq!(found["ColumnStatisticsList"][0]["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"], 9);
        assert_eq!(found["Errors"][0]["ColumnName"], "other");
        desk.ok(delete, with(json!({ "ColumnName": "size" }))).await;
        assert_eq!(desk.refused(delete, with(json!({ "ColumnName": "size" }))).await, "EntityNotFoundException");
    }
}

#[tokio::test]
async fn tables_have_indexes() {
    let desk = desk().await;
    let index = |name: &str, keys: Value| json!({ "DatabaseName": "lake", "TableName": "photos", "PartitionIndex": { "IndexName": name, "Keys": keys } });
    desk.ok("CreatePartitionIndex", index("by_day", json!(["day"]))).await;
    assert_eq!(desk.refused("CreatePartitionIndex", index("by_day", json!(["day"]))).await, "AlreadyExistsException");
    assert_eq!(desk.refused("CreatePartitionIndex", index("other", json!(["size"]))).await, "InvalidInputException");
    let all = desk.ok("GetPartitionIndexes", json!({ "DatabaseName": "lake", "TableName": "photos" })).await;
    let first = &all["PartitionIndexDescriptorList"][0];
    assert_eq!((&first["IndexStatus"], &first["Keys"]), (&json!("ACTIVE"), &json!([{ "Name": "day", "Type": "date" }])));
    desk.ok("DeletePartitionIndex", json!({ "DatabaseName": "lake", "TableName": "photos", "IndexName": "by_day" })).await;
    let all = desk.ok("GetPartitionIndexes", json!({ "DatabaseName": "lake", "TableName": "photos" })).await;
    assert_eq!(all["PartitionIndexDescriptorList"], json!([]));
}

#[tokio::test]
async fn tables_are_found_by_what_they_say() {
    let desk = desk().await;
    let found = |input: Value| {
        let desk = &desk;
        async move {
            let answer = desk.ok("SearchTables", input).await;
            answer["TableList"].as_array().unwrap().iter().map(|t| t["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(json!({ "SearchText": "uploaded" })).await, ["photos"]);
    assert_eq!(
        found(json!({ "SearchText": "IN BYTES", "SortCriteria": [{ "FieldName": "Name", "Sort": "DESC" }] })).await,
        ["users", "photos"]
    );
    assert_eq!(found(json!({ "SearchText": "\"photo\"" })).await, Vec::<String>::new());
    assert_eq!(found(json!({ "Filters": [{ "Key": "Name", "Value": "users", "Comparator": "EQUALS" }] })).await, ["users"]);
    assert_eq!(found(json!({ "Filters": [{ "Key": "classification", "Value": "json" }] })).await, ["photos", "users"]);
}

#[tokio::test]
async fn functions_and_connections_are_entries_of_the_catalog() {
    let desk = desk().await;
    let function = json!({ "FunctionName": "Area", "ClassName": "org.example.Area", "OwnerName": "me", "OwnerType": "USER" });
    desk.ok("CreateUserDefinedFunction", json!({ "DatabaseName": "lake", "FunctionInput": function })).await;
    assert_eq!(
        desk.refused("CreateUserDefinedFunction", json!({ "DatabaseName": "lake", "FunctionInput": function })).await,
        "AlreadyExistsException"
    );
    let all = desk.ok("GetUserDefinedFunctions", json!({ "Pattern": "a*" })).await;
    assert_eq!(all["UserDefinedFunctions"][0]["FunctionName"], "area");
    let renamed = json!({ "FunctionName": "surface", "ClassName": "org.example.Area" });
    desk.ok("UpdateUserDefinedFunction", json!({ "DatabaseName": "lake", "FunctionName": "area", "FunctionInput": renamed })).await;
    assert_eq!(
        desk.refused("GetUserDefinedFunction", json!({ "DatabaseName": "lake", "FunctionName": "area" })).await,
        "EntityNotFoundException"
    );
    desk.ok("DeleteUserDefinedFunction", json!({ "DatabaseName": "lake", "FunctionName": "surface" })).await;

    let connection =
        json!({ "Name": "db", "ConnectionType": "JDBC", "ConnectionProperties": { "JDBC_CONNECTION_URL": "jdbc:x", "PASSWORD": "p" } });
    desk.ok("CreateConnection", json!({ "ConnectionInput": connection })).await;
    let hidden = desk.ok("GetConnection", json!({ "Name": "db", "HidePassword": true })).await["Connection"].clone();
    assert_eq!(hidden["ConnectionProperties"], json!({ "JDBC_CONNECTION_URL": "jdbc:x" }));
    let gone = desk.ok("BatchDeleteConnection", json!({ "ConnectionNameList": ["db", "none"] })).await;
    assert_eq!((&gone["Succeeded"], &gone["Errors"]["none"]["ErrorCode"]), (&json!(["db"]), &json!("EntityNotFoundException")));
}

#[tokio::test]
async fn the_catalog_has_a_policy() {
    let desk = desk().await;
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "glue:GetTable", "Resource": "*" });
    let text = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    assert_eq!(desk.refused("GetResourcePolicy", json!({})).await, "EntityNotFoundException");
    assert_eq!(
        desk.refused("PutResourcePolicy", json!({ "PolicyInJson": text, "PolicyExistsCondition": "MUST_EXIST" })).await,
        "EntityNotFoundException"
    );
    assert_eq!(desk.refused("PutResourcePolicy", json!({ "PolicyInJson": "{}" })).await, "InvalidInputException");
    let hash = desk.ok("PutResourcePolicy", json!({ "PolicyInJson": text })).await["PolicyHash"].clone();
    assert_eq!(desk.ok("GetResourcePolicy", json!({})).await["PolicyInJson"], text);
    let arn = "arn:aws:glue:us-east-1:000000000000:table/lake/photos";
    assert_eq!(desk.cloud.service("glue").unwrap().resource_policy(&desk.cx, arn), Some(text));
    assert_eq!(desk.refused("DeleteResourcePolicy", json!({ "PolicyHashCondition": "0" })).await, "ConditionCheckFailureException");
    desk.ok("DeleteResourcePolicy", json!({ "PolicyHashCondition": hash })).await;
    assert_eq!(desk.ok("GetResourcePolicies", json!({})).await["GetResourcePoliciesResponseList"], json!([]));
}
