//! Data catalogs: other names of the account's own, by which queries find the same tables.

use crate::lake::Desk;
use serde_json::json;

#[tokio::test]
async fn a_registered_catalog_is_another_name_of_the_accounts_own() {
    let desk = Desk::new().await;
    let account = desk.cx.account().to_owned();
    let lake =
        json!({ "Name": "Lake", "Type": "GLUE", "Parameters": { "catalog-id": account }, "Tags": [{ "Key": "team", "Value": "a" }] });
    desk.ok("CreateDataCatalog", lake.clone()).await;
    assert_eq!(desk.call("CreateDataCatalog", lake).await.unwrap_err().code, "InvalidRequestException");
    let listed = desk.ok("ListDataCatalogs", json!({})).await;
    let names: Vec<&str> = listed["DataCatalogsSummary"].as_array().unwrap().iter().map(|c| c["CatalogName"].as_str().unwrap()).collect();
    assert_eq!(names, ["AwsDataCatalog", "Lake"]);
    assert_eq!(desk.rows("SELECT count(*) FROM lake.db.photos").await, ["3"]);
    let tables = desk.ok("ListTableMetadata", json!({ "CatalogName": "lake", "DatabaseName": "db" })).await;
    assert_eq!(tables["TableMetadataList"][0]["Name"], "photos");
    let changed = json!({ "Name": "lake", "Type": "GLUE", "Description": "photographs", "Parameters": { "catalog-id": account } });
    desk.ok("UpdateDataCatalog", changed).await;
    assert_eq!(desk.ok("GetDataCatalog", json!({ "Name": "lake" })).await["DataCatalog"]["Description"], "photographs");
    let arn = format!("arn:aws:athena:{}:{account}:datacatalog/lake", desk.cx.region());
    assert_eq!(desk.ok("ListTagsForResource", json!({ "ResourceARN": arn })).await["Tags"][0]["Value"], "a");
    let own = format!("arn:aws:athena:{}:{account}:datacatalog/AwsDataCatalog", desk.cx.region());
    let tagged = json!({ "ResourceARN": own, "Tags": [{ "Key": "a", "Value": "b" }] });
    assert_eq!(desk.call("TagResource", tagged).await.unwrap_err().code, "InvalidRequestException");
    let again = desk.ok("ListDataCatalogs", json!({ "WorkGroup": "primary" })).await;
    assert_eq!(again["DataCatalogsSummary"].as_array().unwrap().len(), 2, "each once: {again}");
    assert!(desk.call("ListDataCatalogs", json!({ "WorkGroup": "nobody's" })).await.is_err());
    assert!(desk.call("DeleteDataCatalog", json!({ "Name": "lake", "DeleteCatalogOnly": true })).await.is_err(), "it is not federated");
    desk.ok("DeleteDataCatalog", json!({ "Name": "lake" })).await;
    assert!(desk.fails("SELECT count(*) FROM lake.db.photos").await.contains("CATALOG_NOT_FOUND"));
}

#[tokio::test]
async fn catalogs_that_nothing_here_reads_are_refused_by_name() {
    let desk = Desk::new().await;
    for kind in ["LAMBDA", "HIVE", "FEDERATED"] {
        let asked = json!({ "Name": "x", "Type": kind, "Parameters": { "function": "arn:aws:lambda:us-east-1:000000000000:function:f" } });
        let refused = desk.call("CreateDataCatalog", asked).await.unwrap_err();
        assert!(refused.status == 501 && refused.message.contains(kind), "{refused}");
    }
    let other = json!({ "Name": "x", "Type": "GLUE", "Parameters": { "catalog-id": "111122223333" } });
    assert_eq!(desk.call("CreateDataCatalog", other).await.unwrap_err().status, 501);
    assert_eq!(desk.call("DeleteDataCatalog", json!({ "Name": "AwsDataCatalog" })).await.unwrap_err().code, "InvalidRequestException");
    let unknown = json!({ "QueryString": "SELECT 1", "QueryExecutionContext": { "Catalog": "nope" }, "ResultConfiguration": { "OutputLocation": "s3://results/" } });
    assert_eq!(desk.call("StartQueryExecution", unknown).await.unwrap_err().code, "InvalidRequestException");
}

#[tokio::test]
async fn tables_are_listed_by_a_pattern_of_their_names() {
    let desk = Desk::new().await;
    desk.run("CREATE TABLE copies AS SELECT key FROM photos").await;
    for (pattern, wanted) in
        [("pho.*", vec!["photos"]), ("*", vec!["copies", "photos"]), ("copie", vec![]), ("c.*|photos", vec!["copies", "photos"])]
    {
        let asked = json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "db", "Expression": pattern });
        let listed = desk.ok("ListTableMetadata", asked).await;
        let mut names: Vec<&str> = listed["TableMetadataList"].as_array().unwrap().iter().map(|t| t["Name"].as_str().unwrap()).collect();
        names.sort();
        assert_eq!(names, wanted, "{pattern}");
    }
    let broken = json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "db", "Expression": "(" });
    assert_eq!(desk.call("ListTableMetadata", broken).await.unwrap_err().code, "InvalidRequestException");
}

#[tokio::test]
async fn runtime_statistics_count_the_rows_of_a_result() {
    let desk = Desk::new().await;
    let execution = desk.run("SELECT key FROM photos").await;
    let told = desk.ok("GetQueryRuntimeStatistics", json!({ "QueryExecutionId": execution["QueryExecutionId"] })).await;
    assert_eq!(told["QueryRuntimeStatistics"]["Rows"]["OutputRows"], 3);
    assert_eq!(told["QueryRuntimeStatistics"]["Rows"]["InputBytes"], execution["Statistics"]["DataScannedInBytes"]);
}
