//! Stages: names under which deployments are served, with variables of their own.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault, Read, Tx};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Makes a stage.
    pub async fn create_stage(&self, cx: &Context, input: CreateStageInput) -> Result<Stage, Fault> {
        if input.canary_settings.is_some() {
            return Err(refused("CreateStage", "canarySettings"));
        }
        if input.cache_cluster_enabled == Some(true) {
            return Err(refused("CreateStage", "cacheClusterEnabled"));
        }
        check_name(&input.stage_name)?;
        check_variables(input.variables.as_ref())?;
        let stage = Stage {
            stage_name: Some(input.stage_name.clone()),
            description: input.description,
            variables: input.variables.filter(|v| !v.is_empty()),
            documentation_version: input.documentation_version,
            tags: input.tags.filter(|t| !t.is_empty()),
            ..fresh(cx, &input.deployment_id, input.tracing_enabled)
        };
        let key = (input.rest_api_id, input.stage_name);
        cx.store()
            .write(|tx| {
                check_deployment(cx, tx, &key.0, &input.deployment_id)?;
                if tx.exists(&STAGES, cx.scope(), &key)? {
                    return Err(conflict("Stage already exists"));
                }
                tx.put(&STAGES, cx.scope(), &key, &StoredStage { settings: stage.clone() })?;
                Ok(stage)
            })
            .await
    }

    /// Describes a stage.
    pub async fn get_stage(&self, cx: &Context, input: GetStageInput) -> Result<Stage, Fault> {
        cx.store().read(|s| {
            api(s, cx.scope(), &input.rest_api_id)?;
            Ok(s.get(&STAGES, cx.scope(), &(input.rest_api_id, input.stage_name))?.ok_or_else(no_such_stage)?.settings)
        })
    }

    /// Stages of an API, or of one deployment.
    pub async fn get_stages(&self, cx: &Context, input: GetStagesInput) -> Result<GetStagesOutput, Fault> {
        let wanted = |stage: &Stage| input.deployment_id.is_none() || stage.deployment_id == input.deployment_id;
        let all: Vec<Stage> = cx.store().read(|s| {
            api(s, cx.scope(), &input.rest_api_id)?;
            let rows = s.scan(&STAGES, cx.scope()).prefix(&(input.rest_api_id.as_str(),));
            rows.into_iter().map(|row| row.map(|(_, stage)| stage.settings)).collect::<Result<_, Fault>>()
        })?;
        Ok(GetStagesOutput { item: Some(all.into_iter().filter(wanted).collect()) })
    }

    /// Changes a stage: another deployment, variables, description.
    pub async fn update_stage(&self, cx: &Context, input: UpdateStageInput) -> Result<Stage, Fault> {
        let patches = patch::read(input.patch_operations)?;
        let key = (input.rest_api_id, input.stage_name);
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &key.0)?;
                let mut stage = tx.get(&STAGES, cx.scope(), &key)?.ok_or_else(no_such_stage)?;
                patches.iter().try_for_each(|patch| apply(cx, tx, &key.0, &mut stage.settings, patch))?;
                stage.settings.last_updated_date = Some(cx.now());
                tx.put(&STAGES, cx.scope(), &key, &stage)?;
                Ok(stage.settings)
            })
            .await
    }

    /// Deletes a stage.
    pub async fn delete_stage(&self, cx: &Context, input: DeleteStageInput) -> Result<DeleteStageOutput, Fault> {
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &input.rest_api_id)?;
                tx.delete(&STAGES, cx.scope(), &(input.rest_api_id, input.stage_name))?.ok_or_else(no_such_stage)
            })
            .await?;
        Ok(DeleteStageOutput {})
    }
}

/// Points a stage to a deployment; makes the stage where there is none (CreateDeployment with a stage's name).
#[allow(clippy::too_many_arguments)]
pub(crate) fn point(
    cx: &Context,
    tx: &mut Tx<'_>,
    api_id: &str,
    name: &str,
    deployment: &str,
    description: Option<String>,
    variables: Option<BTreeMap<String, String>>,
    tracing: Option<bool>,
) -> Result<(), Fault> {
    check_name(name)?;
    check_variables(variables.as_ref())?;
    let key = (api_id.to_owned(), name.to_owned());
    let mut settings = match tx.get(&STAGES, cx.scope(), &key)? {
        Some(there) => there.settings,
        None => Stage { stage_name: Some(name.to_owned()), ..fresh(cx, deployment, tracing) },
    };
    settings.deployment_id = Some(deployment.to_owned());
    settings.last_updated_date = Some(cx.now());
    settings.description = description.or(settings.description);
    settings.variables = variables.filter(|v| !v.is_empty()).or(settings.variables);
    tx.put(&STAGES, cx.scope(), &key, &StoredStage { settings })
}

fn fresh(cx: &Context, deployment: &str, tracing: Option<bool>) -> Stage {
    if tracing == Some(true) {
        cx.warn("tracingEnabled has no effect");
    }
    Stage {
        deployment_id: Some(deployment.to_owned()),
        cache_cluster_enabled: Some(false),
        cache_cluster_status: Some(CacheClusterStatus::NotAvailable),
        method_settings: Some(BTreeMap::new()),
        tracing_enabled: Some(tracing.unwrap_or(false)),
        created_date: Some(cx.now()),
        last_updated_date: Some(cx.now()),
        ..Default::default()
    }
}

pub(crate) fn no_such_stage() -> Fault {
    Error::NotFound.says("Invalid stage identifier specified")
}

fn check_name(name: &str) -> Result<(), Fault> {
    let fits = (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if fits { Ok(()) } else { Err(bad("Stage name only allows a-zA-Z0-9_")) }
}

fn check_variables(variables: Option<&BTreeMap<String, String>>) -> Result<(), Fault> {
    for (name, value) in variables.into_iter().flatten() {
        let name_fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let value_fits = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&b));
        if !name_fits || !value_fits {
            return Err(bad(format!(
                "Stage variable {name} has characters that are not allowed: names take A-Za-z0-9_, values A-Za-z0-9-._~:/?#&=,"
            )));
        }
    }
    Ok(())
}

fn check_deployment(cx: &Context, read: &impl Read, api_id: &str, deployment: &str) -> Result<(), Fault> {
    api(read, cx.scope(), api_id)?;
    match read.exists(&DEPLOYMENTS, cx.scope(), &(api_id.to_owned(), deployment.to_owned()))? {
        true => Ok(()),
        false => Err(bad("Deployment id does not exist")),
    }
}

fn apply(cx: &Context, read: &impl Read, api_id: &str, stage: &mut Stage, patch: &patch::Patch) -> Result<(), Fault> {
    match patch.parts()[..] {
        ["deploymentId"] => {
            check_deployment(cx, read, api_id, patch.value()?)?;
            stage.deployment_id = patch.value.clone();
        }
        ["description"] => patch.text(&mut stage.description)?,
        ["variables", name] => {
            match patch.op {
                Op::Remove => drop(stage.variables.as_mut().and_then(|v| v.remove(name))),
                _ => drop(stage.variables.get_or_insert_default().insert(name.to_owned(), patch.value()?.to_owned())),
            }
            check_variables(stage.variables.as_ref())?;
            stage.variables = stage.variables.take().filter(|v| !v.is_empty());
        }
        ["tracingEnabled"] => {
            stage.tracing_enabled = Some(patch.boolean()?);
            if stage.tracing_enabled == Some(true) {
                cx.warn("tracingEnabled has no effect");
            }
        }
        ["cacheClusterEnabled"] if !patch.boolean()? => {}
        ["cacheClusterEnabled"] => return Err(refused("UpdateStage", "cacheClusterEnabled")),
        ["accessLogSettings", ..] => return Err(refused("UpdateStage", "accessLogSettings")),
        ["canarySettings", ..] => return Err(refused("UpdateStage", "canarySettings")),
        ["clientCertificateId"] => return Err(refused("UpdateStage", "clientCertificateId")),
        [.., "throttling" | "caching" | "logging" | "metrics", _] => {
            return Err(refused("UpdateStage", &format!("the method setting {}", patch.path)));
        }
        _ => return Err(bad(format!("Invalid method setting path: {}", patch.path))),
    }
    Ok(())
}
