//! Deployments: pictures of an API as it was. What stages serve never changes with the API.

use crate::{ApiGateway, Error, model::*, patch, stages, state::*};
use kit::{Context, Fault, Read, Tx};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Takes a picture of the API, and points a stage to it where one is named.
    pub async fn create_deployment(&self, cx: &Context, input: CreateDeploymentInput) -> Result<Deployment, Fault> {
        if input.cache_cluster_enabled == Some(true) {
            return Err(refused("CreateDeployment", "cacheClusterEnabled (set it of the stage)"));
        }
        if input.tracing_enabled == Some(true) {
            cx.warn("tracingEnabled has no effect");
        }
        let id = cx.ids().lower(6);
        let api_id = input.rest_api_id;
        cx.store()
            .write(|tx| {
                let api = api(tx, cx.scope(), &api_id)?;
                check_complete(&api)?;
                let deployment = put(cx, tx, &api, &id, input.description)?;
                if let Some(canary) = input.canary_settings {
                    stages::set_canary(cx, tx, &api_id, input.stage_name.as_deref(), &id, canary)?;
                    return Ok(deployment);
                }
                if let Some(stage) = input.stage_name.filter(|name| !name.is_empty()) {
                    stages::point(cx, tx, &api_id, &stage, &id, input.stage_description, input.variables, input.tracing_enabled)?;
                }
                Ok(deployment)
            })
            .await
    }

    /// Describes a deployment.
    pub async fn get_deployment(&self, cx: &Context, input: GetDeploymentInput) -> Result<Deployment, Fault> {
        let key = (input.rest_api_id, input.deployment_id);
        cx.store().read(|s| {
            api(s, cx.scope(), &key.0)?;
            let mut deployment = s.get(&DEPLOYMENTS, cx.scope(), &key)?.ok_or_else(no_such_deployment)?.settings;
            if input.embed.iter().flatten().any(|e| e == "apisummary") {
                deployment.api_summary = s.get(&PICTURES, cx.scope(), &key)?.map(|picture| summary(&picture));
            }
            Ok(deployment)
        })
    }

    /// Deployments of an API.
    pub async fn get_deployments(&self, cx: &Context, input: GetDeploymentsInput) -> Result<GetDeploymentsOutput, Fault> {
        let all: Vec<Deployment> = cx.store().read(|s| {
            api(s, cx.scope(), &input.rest_api_id)?;
            let rows = s.scan(&DEPLOYMENTS, cx.scope()).prefix(&(input.rest_api_id.as_str(),));
            rows.into_iter().map(|row| row.map(|(_, deployment)| deployment.settings)).collect::<Result<_, Fault>>()
        })?;
        let (items, position) = page(all, |d| d.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetDeploymentsOutput { items: Some(items), position })
    }

    /// Changes the description; the picture never changes.
    pub async fn update_deployment(&self, cx: &Context, input: UpdateDeploymentInput) -> Result<Deployment, Fault> {
        let patches = patch::read(input.patch_operations)?;
        let key = (input.rest_api_id, input.deployment_id);
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &key.0)?;
                let mut deployment = tx.get(&DEPLOYMENTS, cx.scope(), &key)?.ok_or_else(no_such_deployment)?;
                for patch in &patches {
                    match patch.parts()[..] {
                        ["description"] => patch.text(&mut deployment.settings.description)?,
                        _ => return Err(patch.unknown()),
                    }
                }
                tx.put(&DEPLOYMENTS, cx.scope(), &key, &deployment)?;
                Ok(deployment.settings)
            })
            .await
    }

    /// Deletes a deployment that no stage points to.
    pub async fn delete_deployment(&self, cx: &Context, input: DeleteDeploymentInput) -> Result<DeleteDeploymentOutput, Fault> {
        let key = (input.rest_api_id, input.deployment_id);
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &key.0)?;
                tx.get(&DEPLOYMENTS, cx.scope(), &key)?.ok_or_else(no_such_deployment)?;
                for row in tx.scan(&STAGES, cx.scope()).prefix(&(key.0.as_str(),)) {
                    let (_, stage) = row?;
                    let canary = stage.settings.canary_settings.as_ref().and_then(|c| c.deployment_id.as_deref());
                    if stage.settings.deployment_id.as_deref() == Some(&key.1) || canary == Some(&key.1) {
                        return Err(bad("Active stages pointing to this deployment must be moved or deleted"));
                    }
                }
                tx.delete(&PICTURES, cx.scope(), &key)?;
                tx.delete(&DEPLOYMENTS, cx.scope(), &key)
            })
            .await?;
        Ok(DeleteDeploymentOutput {})
    }
}

fn no_such_deployment() -> Fault {
    Error::NotFound.says("Invalid Deployment identifier specified")
}

fn check_complete(api: &Api) -> Result<(), Fault> {
    let mut methods = api.methods().peekable();
    if methods.peek().is_none() {
        return Err(bad("The REST API doesn't contain any methods"));
    }
    match methods.any(|(_, _, method)| method.method_integration.is_none()) {
        true => Err(bad("No integration defined for method")),
        false => Ok(()),
    }
}

fn put(cx: &Context, tx: &mut Tx<'_>, api: &Api, id: &str, description: Option<String>) -> Result<Deployment, Fault> {
    let picture = serde_json::to_vec(api).map_err(|e| Fault::internal(format!("an API can't be written: {e}")))?;
    let settings = Deployment { id: Some(id.to_owned()), description, created_date: Some(cx.now()), api_summary: None };
    let stored = StoredDeployment { settings, digest: kit::hex(&Sha256::digest(picture)) };
    let key = (api.id().to_owned(), id.to_owned());
    tx.put(&PICTURES, cx.scope(), &key, api)?;
    tx.put(&DEPLOYMENTS, cx.scope(), &key, &stored)?;
    Ok(stored.settings)
}

fn summary(picture: &Api) -> BTreeMap<String, BTreeMap<String, MethodSnapshot>> {
    let mut summary: BTreeMap<String, BTreeMap<String, MethodSnapshot>> = BTreeMap::new();
    for (path, verb, method) in picture.methods() {
        let snapshot = MethodSnapshot { authorization_type: method.authorization_type.clone(), api_key_required: method.api_key_required };
        summary.entry(path.to_owned()).or_default().insert(verb.to_owned(), snapshot);
    }
    summary
}
