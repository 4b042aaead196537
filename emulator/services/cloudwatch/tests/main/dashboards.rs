//! Dashboards.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn are_checked_and_given_back() {
    let desk = Desk::new().await;
    let body = json!({ "widgets": [{ "type": "text", "properties": { "markdown": "hello" } }] }).to_string();
    desk.ok("PutDashboard", json!({ "DashboardName": "main", "DashboardBody": body })).await;
    assert_eq!(desk.ok("GetDashboard", json!({ "DashboardName": "main" })).await["DashboardBody"], json!(body));
    for bad in ["no json", "{}", "{\"widgets\": [{}]}"] {
        let fault = desk.refused("PutDashboard", json!({ "DashboardName": "main", "DashboardBody": bad })).await;
        assert_eq!(fault.code, "DashboardInvalidInputError", "{bad}");
    }
    let fault = desk.refused("DeleteDashboards", json!({ "DashboardNames": ["main", "nobody"] })).await;
    assert_eq!((fault.code.as_ref(), fault.query_code.as_deref()), ("DashboardNotFoundError", Some("ResourceNotFound")));
    assert_eq!(desk.ok("ListDashboards", json!({})).await["DashboardEntries"].as_array().unwrap().len(), 1, "all or none");
    desk.ok("DeleteDashboards", json!({ "DashboardNames": ["main"] })).await;
    assert_eq!(desk.refused("GetDashboard", json!({ "DashboardName": "main" })).await.status, 404);
}
