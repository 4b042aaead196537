//! Saving, loading and resetting the whole state of a cloud.

use super::{Refusal, Site};
use kit::Cloud;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};

pub(super) async fn save(site: &Site, input: &Value) -> Result<Value, Refusal> {
    let path = path(input)?;
    quiet(&site.cloud).await?;
    #[cfg(feature = "kafka")]
    kafka(site, |broker| broker.save(&beside(&path)), "saved")?;
    site.cloud.store().save(&path).await.map_err(|e| Refusal::bad(format!("not saved: {e}")))?;
    Ok(json!({ "saved": path }))
}

pub(super) async fn load(site: &Site, input: &Value) -> Result<Value, Refusal> {
    let path = path(input)?;
    quiet(&site.cloud).await?;
    site.cloud.store().load(&path).await.map_err(|e| Refusal::bad(format!("not loaded; nothing was changed: {e}")))?;
    // A snapshot from before there was Kafka has nothing beside it: no topics, then.
    #[cfg(feature = "kafka")]
    kafka(site, |broker| if beside(&path).exists() { broker.load(&beside(&path)) } else { broker.reset() }, "loaded")?;
    #[cfg(feature = "kafka")]
    listen_anew(site).await?;
    Ok(json!({ "loaded": path }))
}

pub(super) async fn reset(site: &Site) -> Result<Value, Refusal> {
    quiet(&site.cloud).await?;
    site.cloud.store().reset().await.map_err(|e| Refusal::bad(format!("not reset: {e}")))?;
    #[cfg(feature = "kafka")]
    kafka(site, |broker| broker.reset(), "reset")?;
    #[cfg(feature = "kafka")]
    listen_anew(site).await?;
    Ok(json!({ "reset": true }))
}

/// The broker's logs lie beside the store, and their snapshot beside its.
#[cfg(feature = "kafka")]
fn beside(path: &std::path::Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".kafka");
    name.into()
}

#[cfg(feature = "kafka")]
fn kafka(site: &Site, work: impl FnOnce(&kafka::Broker) -> std::io::Result<()>, done: &str) -> Result<(), Refusal> {
    let broker = site.kafka.broker().map_err(|e| Refusal::bad(e.to_string()))?;
    work(broker).map_err(|e| Refusal::bad(format!("Kafka's logs were not {done}: {e}")))
}

/// The clusters may be others now, and listen elsewhere.
#[cfg(feature = "kafka")]
async fn listen_anew(site: &Site) -> Result<(), Refusal> {
    let cx = site.cloud.house_context("snapshot");
    site.kafka.listen_anew(&cx).await.map_err(|e| Refusal::bad(e.to_string()))
}

/// State must not be taken or replaced under work that is under way.
async fn quiet(cloud: &Arc<Cloud>) -> Result<(), Refusal> {
    cloud.settle(Duration::from_secs(30)).await.map_err(|not| Refusal::bad(not.to_string()))
}

fn path(input: &Value) -> Result<PathBuf, Refusal> {
    input.get("path").and_then(Value::as_str).map(PathBuf::from).ok_or_else(|| Refusal::bad("say where: {\"path\": \"FILE\"}"))
}
