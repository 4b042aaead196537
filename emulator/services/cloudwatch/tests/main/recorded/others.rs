//! Dashboards, and what is refused.

use super::{How, Shot};
use crate::desk::Desk;
use serde_json::json;

pub fn table() -> Vec<(&'static str, How)> {
    use How::*;
    vec![
        ("test_invalid_dashboard_name", Done(|s| Box::pin(invalid(s)))),
        ("test_dashboard_lifecycle", Done(|s| Box::pin(lifecycle(s)))),
        ("test_create_metric_stream", Listed("metric streams are refused by name")),
        ("test_insight_rule", Listed("insight rules are refused by name")),
        ("test_anomaly_detector_lifecycle", Listed("anomaly detectors are refused by name")),
    ]
}

async fn invalid(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "error-invalid-dashboardname", "PutDashboard", json!({ "DashboardName": "test name", "DashboardBody": "{}" })).await;
}

async fn lifecycle(shot: Shot) {
    let desk = Desk::new().await;
    let body = r#"{"widgets": [{"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]], "region": "us-east-1", "view": "timeSeries", "stacked": false}}]}"#;
    // The recording tells the body parsed; its text had 240 characters.
    desk.ok("PutDashboard", json!({ "DashboardName": "d", "DashboardBody": format!("{body:240}") })).await;
    shot.call(&desk, "get_dashboard", "GetDashboard", json!({ "DashboardName": "d" })).await;
    shot.call(&desk, "list_dashboards", "ListDashboards", json!({})).await;
    shot.call(&desk, "list_dashboards_prefix_empty", "ListDashboards", json!({ "DashboardNamePrefix": "no" })).await;
    shot.call(&desk, "list_dashboards_prefix", "ListDashboards", json!({ "DashboardNamePrefix": "d" })).await;
    desk.ok("DeleteDashboards", json!({ "DashboardNames": ["d"] })).await;
    shot.call(&desk, "list_dashboards_empty", "ListDashboards", json!({})).await;
}
