//! Saving, loading and resetting the whole state of a cloud.

use super::Refusal;
use kit::Cloud;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};

pub(super) async fn save(cloud: &Arc<Cloud>, input: &Value) -> Result<Value, Refusal> {
    let path = path(input)?;
    quiet(cloud).await?;
    cloud.store().save(&path).await.map_err(|e| Refusal::bad(format!("not saved: {e}")))?;
    Ok(json!({ "saved": path }))
}

pub(super) async fn load(cloud: &Arc<Cloud>, input: &Value) -> Result<Value, Refusal> {
    let path = path(input)?;
    quiet(cloud).await?;
    cloud.store().load(&path).await.map_err(|e| Refusal::bad(format!("not loaded; nothing was changed: {e}")))?;
    Ok(json!({ "loaded": path }))
}

pub(super) async fn reset(cloud: &Arc<Cloud>) -> Result<Value, Refusal> {
    quiet(cloud).await?;
    cloud.store().reset().await.map_err(|e| Refusal::bad(format!("not reset: {e}")))?;
    Ok(json!({ "reset": true }))
}

/// State must not be taken or replaced under work that is under way.
async fn quiet(cloud: &Arc<Cloud>) -> Result<(), Refusal> {
    cloud.settle(Duration::from_secs(30)).await.map_err(|not| Refusal::bad(not.to_string()))
}

fn path(input: &Value) -> Result<PathBuf, Refusal> {
    input.get("path").and_then(Value::as_str).map(PathBuf::from).ok_or_else(|| Refusal::bad("say where: {\"path\": \"FILE\"}"))
}
