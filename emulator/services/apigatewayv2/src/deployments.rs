//! Deployments: pictures of an API as it was; stages with auto deploy get one at every change.

use crate::{ApiGatewayV2, model::*, state::*};
use kit::{Context, Fault, Read, Tx};

impl ApiGatewayV2 {
    /// Takes a picture of the API, and points a stage to it where one is named.
    pub async fn create_deployment(&self, cx: &Context, input: CreateDeploymentInput) -> Result<CreateDeploymentOutput, Fault> {
        let deployment = fresh(cx, input.description, false);
        let id = deployment.deployment_id.clone().unwrap_or_default();
        cx.store()
            .write(|tx| {
                let api = api(tx, cx.scope(), &input.api_id)?;
                if api.routes.is_empty() {
                    return Err(bad("At least one route is required before deploying the Api."));
                }
                let picture = Picture { settings: deployment.clone(), api };
                tx.put(&DEPLOYMENTS, cx.scope(), &(input.api_id.clone(), id.clone()), &picture)?;
                if let Some(name) = input.stage_name {
                    let key = (input.api_id.clone(), name.clone());
                    let mut stage = tx.get(&STAGES, cx.scope(), &key)?.ok_or_else(|| missing("Stage", &name))?;
                    if stage.settings.auto_deploy == Some(true) {
                        return Err(bad("Deployment ID cannot be specified for a stage with AutoDeploy enabled"));
                    }
                    stage.settings.deployment_id = Some(id.clone());
                    stage.settings.last_updated_date = Some(cx.now());
                    tx.put(&STAGES, cx.scope(), &key, &stage)?;
                }
                shown(&deployment)
            })
            .await
    }

    /// Describes a deployment.
    pub async fn get_deployment(&self, cx: &Context, input: GetDeploymentInput) -> Result<GetDeploymentOutput, Fault> {
        cx.store().read(|s| {
            api(s, cx.scope(), &input.api_id)?;
            let found = s.get(&DEPLOYMENTS, cx.scope(), &(input.api_id, input.deployment_id.clone()))?;
            shown(&found.ok_or_else(|| missing("Deployment", &input.deployment_id))?.settings)
        })
    }

    /// Deployments of an API.
    pub async fn get_deployments(&self, cx: &Context, input: GetDeploymentsInput) -> Result<GetDeploymentsOutput, Fault> {
        let all: Vec<Deployment> = cx.store().read(|s| {
            api(s, cx.scope(), &input.api_id)?;
            let rows = s.scan(&DEPLOYMENTS, cx.scope()).prefix(&(input.api_id.as_str(),));
            rows.map(|row| row.map(|(_, d)| d.settings)).collect::<Result<_, Fault>>()
        })?;
        let key = |d: &Deployment| d.deployment_id.clone().unwrap_or_default();
        let (items, next_token) = page(all, key, input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetDeploymentsOutput { items: Some(items), next_token })
    }

    /// Changes the description; the picture never changes.
    pub async fn update_deployment(&self, cx: &Context, input: UpdateDeploymentInput) -> Result<UpdateDeploymentOutput, Fault> {
        let key = (input.api_id, input.deployment_id);
        cx.store()
            .write(|tx| {
                let mut found = tx.get(&DEPLOYMENTS, cx.scope(), &key)?.ok_or_else(|| missing("Deployment", &key.1))?;
                found.settings.description = input.description.or(found.settings.description);
                tx.put(&DEPLOYMENTS, cx.scope(), &key, &found)?;
                shown(&found.settings)
            })
            .await
    }

    /// Deletes a deployment that no stage points to.
    pub async fn delete_deployment(&self, cx: &Context, input: DeleteDeploymentInput) -> Result<DeleteDeploymentOutput, Fault> {
        let key = (input.api_id, input.deployment_id);
        cx.store()
            .write(|tx| {
                if stages(tx, cx.scope(), &key.0)?.iter().any(|stage| stage.deployment_id.as_deref() == Some(&key.1)) {
                    return Err(bad("Active stages pointing to this deployment must be moved or deleted"));
                }
                tx.delete(&DEPLOYMENTS, cx.scope(), &key)?.ok_or_else(|| missing("Deployment", &key.1))
            })
            .await?;
        Ok(DeleteDeploymentOutput {})
    }
}

fn fresh(cx: &Context, description: Option<String>, auto: bool) -> Deployment {
    Deployment {
        auto_deployed: Some(auto),
        created_date: Some(cx.now()),
        deployment_id: Some(cx.ids().lower(6)),
        deployment_status: Some(DeploymentStatus::Deployed),
        description,
        ..Default::default()
    }
}

/// Gives every stage with auto deploy a picture of the API as it is now; the one that it had before goes.
pub(crate) fn deploy_automatically(cx: &Context, tx: &mut Tx<'_>, api: &Kept) -> Result<(), Fault> {
    let id = api.settings.api_id.clone().unwrap_or_default();
    for mut stage in stages(tx, cx.scope(), &id)?.into_iter().filter(|stage| stage.auto_deploy == Some(true)) {
        let deployment = fresh(cx, Some("Automatic deployment triggered by changes to the Api configuration".into()), true);
        let new = deployment.deployment_id.clone().unwrap_or_default();
        tx.put(&DEPLOYMENTS, cx.scope(), &(id.clone(), new.clone()), &Picture { settings: deployment, api: api.clone() })?;
        if let Some(old) = stage.deployment_id.replace(new) {
            let key = (id.clone(), old);
            if tx.get(&DEPLOYMENTS, cx.scope(), &key)?.is_some_and(|old| old.settings.auto_deployed == Some(true)) {
                tx.delete(&DEPLOYMENTS, cx.scope(), &key)?;
            }
        }
        let moved = stage.deployment_id.clone().unwrap_or_default();
        stage.last_deployment_status_message = Some(format!("Successfully deployed stage with deployment ID '{moved}'"));
        let key = (id.clone(), stage.stage_name.clone());
        tx.put(&STAGES, cx.scope(), &key, &StoredStage { settings: stage })?;
    }
    Ok(())
}
