//! Recordings of how functions log.

use super::{Shot, Table, done, helped, invoked::f};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLoggingConfig::test_function_advanced_logging_configuration", done!(json_from_the_start)),
    ("TestLoggingConfig::test_advanced_logging_configuration_format_switch", done!(switch)),
    ("TestLoggingConfig::test_function_partial_advanced_logging_configuration_update", done!(part)),
];

const UPDATE: &str = "UpdateFunctionConfiguration";

/// Makes a function and shows it, as all these recordings begin.
async fn made(shot: &Shot, logging: Value) -> Desk {
    let desk = Desk::new().await;
    let mut input = helped();
    input.as_object_mut().unwrap().extend(json!({ "MemorySize": 256, "Timeout": 5 }).as_object().unwrap().clone());
    if !logging.is_null() {
        input["LoggingConfig"] = logging;
    }
    shot.make(&desk, "create_response", input).await;
    shot.call(&desk, "get_function_response", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "function_config", "GetFunctionConfiguration", f(json!({}))).await;
    desk
}

async fn update(shot: &Shot, desk: &Desk, logging: Value, labels: [&str; 2]) {
    shot.call(desk, labels[0], UPDATE, f(json!({ "LoggingConfig": logging }))).await;
    shot.call(desk, labels[1], "GetFunctionConfiguration", f(json!({}))).await;
}

async fn json_from_the_start(shot: Shot) {
    let logging = json!({ "LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO" });
    let desk = made(&shot, logging).await;
    update(&shot, &desk, json!({ "LogGroup": "cool_lambda" }), ["updated_config", "received_config"]).await;
}

async fn switch(shot: Shot) {
    let desk = made(&shot, Value::Null).await;
    update(&shot, &desk, json!({ "LogFormat": "JSON" }), ["updated_config", "received_config"]).await;
    update(&shot, &desk, json!({ "LogFormat": "Text" }), ["updated_config_v2", "received_config_v2"]).await;
}

async fn part(shot: Shot) {
    let desk = made(&shot, Value::Null).await;
    let change = match &*shot.parameter {
        "partial_config0" => json!({ "LogFormat": "JSON" }),
        "partial_config1" => json!({ "LogFormat": "JSON", "ApplicationLogLevel": "DEBUG" }),
        "partial_config2" => json!({ "LogFormat": "JSON", "SystemLogLevel": "DEBUG" }),
        _ => json!({ "LogGroup": "cool_lambda" }),
    };
    update(&shot, &desk, change, ["updated_config", "received_config"]).await;
}
