//! The stack of a scenario, through the one deploy path.

use super::{ast::Stack, interpolate, runner::Options, world::World};
use crate::deploy::{Deployment, local_urls};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Deploys and gives the outputs, the API's URL in its local form.
pub(super) async fn deploy(world: &World, stack: &Stack, options: &Options) -> Result<Map<String, Value>, String> {
    let file = options.template.clone().unwrap_or_else(|| world.folder.join(&stack.template));
    let template = std::fs::read_to_string(&file).map_err(|e| format!("can't read {}: {e}", file.display()))?;
    let params = interpolate::fill_map(&stack.params, &world.vars())?;
    let parameters: BTreeMap<String, String> = params.into_iter().map(|(k, v)| (k, text(&v))).collect();
    // A template that asks for the functions' keys gets the functions.
    let binaries = template.contains("PresignCodeKey").then(|| options.binaries.clone());
    if binaries == Some(None) {
        return Err("its functions were not built".into());
    }
    let deployment = Deployment {
        stack: stack.name.clone().unwrap_or_else(|| "pipeline".into()),
        template,
        parameters,
        binaries: binaries.flatten(),
        code_bucket: format!("windtunnel-code-{}-{}", kit::DEFAULT_ACCOUNT, kit::DEFAULT_REGION),
        tags: BTreeMap::new(),
    };
    let target = world.emulator.sdk_config();
    let plan = deployment.plan(&target).await.map_err(|e| e.to_string())?;
    let deployed = plan.execute(&target, &mut |_| {}).await.map_err(|e| e.to_string())?;
    let outputs = local_urls(deployed.outputs, &world.emulator.endpoint());
    Ok(outputs.into_iter().map(|(k, v)| (k, v.into())).collect())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
