//! Stages: names under which deployments are served, with variables of their own.

use crate::{ApiGateway, Error, method_settings, model::*, patch, state::*};
use kit::{Context, Fault, Read, Tx};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Makes a stage.
    pub async fn create_stage(&self, cx: &Context, input: CreateStageInput) -> Result<Stage, Fault> {
        check_name(&input.stage_name)?;
        check_variables(input.variables.as_ref())?;
        let stage = Stage {
            stage_name: Some(input.stage_name.clone()),
            description: input.description,
            variables: input.variables.filter(|v| !v.is_empty()),
            documentation_version: input.documentation_version,
            canary_settings: input.canary_settings.map(|canary| whole_canary(canary, &input.deployment_id)),
            cache_cluster_enabled: Some(input.cache_cluster_enabled.unwrap_or(false)),
            cache_cluster_size: input.cache_cluster_size,
            tags: input.tags.filter(|t| !t.is_empty()),
            ..fresh(cx, &input.deployment_id, input.tracing_enabled)
        };
        let stage = with_cluster(stage);
        let key = (input.rest_api_id, input.stage_name);
        cx.store()
            .write(|tx| {
                check_deployment(cx, tx, &key.0, &input.deployment_id)?;
                check_canary(cx, tx, &key.0, stage.canary_settings.as_ref())?;
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
        let (api_id, name) = (input.rest_api_id.clone(), input.stage_name.clone());
        let mut stage = cx.store().read(|s| {
            api(s, cx.scope(), &input.rest_api_id)?;
            Ok::<_, Fault>(s.get(&STAGES, cx.scope(), &(input.rest_api_id, input.stage_name))?.ok_or_else(no_such_stage)?.settings)
        })?;
        stage.web_acl_arn = crate::execute::firewall::web_acl_of(cx, &api_id, &name);
        Ok(stage)
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

    /// Changes a stage: another deployment, variables, settings of methods, logs, its canary.
    pub async fn update_stage(&self, cx: &Context, input: UpdateStageInput) -> Result<Stage, Fault> {
        let patches = patch::read_with_copies(input.patch_operations)?;
        let key = (input.rest_api_id, input.stage_name);
        cx.store()
            .write(|tx| {
                api(tx, cx.scope(), &key.0)?;
                let mut stage = tx.get(&STAGES, cx.scope(), &key)?.ok_or_else(no_such_stage)?;
                let before = stage.settings.clone();
                patches.iter().try_for_each(|patch| apply(cx, tx, &key.0, &before, &mut stage.settings, patch))?;
                stage.settings = with_cluster(stage.settings);
                stage.settings.last_updated_date = Some(cx.now());
                tx.put(&STAGES, cx.scope(), &key, &stage)?;
                Ok(stage.settings)
            })
            .await
    }

    /// Forgets the answers that a stage has cached.
    pub async fn flush_stage_cache(&self, cx: &Context, input: FlushStageCacheInput) -> Result<FlushStageCacheOutput, Fault> {
        self.stage_exists(cx, &input.rest_api_id, &input.stage_name)?;
        self.edge.flush_answers(&input.rest_api_id, &input.stage_name);
        Ok(FlushStageCacheOutput {})
    }

    /// Forgets what authorizers have said about callers of a stage.
    pub async fn flush_stage_authorizers_cache(
        &self,
        cx: &Context,
        input: FlushStageAuthorizersCacheInput,
    ) -> Result<FlushStageAuthorizersCacheOutput, Fault> {
        self.stage_exists(cx, &input.rest_api_id, &input.stage_name)?;
        self.edge.flush_verdicts(&input.rest_api_id, &input.stage_name);
        Ok(FlushStageAuthorizersCacheOutput {})
    }

    fn stage_exists(&self, cx: &Context, api_id: &str, stage: &str) -> Result<(), Fault> {
        cx.store().read(|s| {
            api(s, cx.scope(), api_id)?;
            match s.exists(&STAGES, cx.scope(), &(api_id.to_owned(), stage.to_owned()))? {
                true => Ok(()),
                false => Err(no_such_stage()),
            }
        })
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

/// A canary with its defaults; where it names no deployment it is the stage's own.
fn whole_canary(canary: CanarySettings, deployment: &str) -> CanarySettings {
    CanarySettings {
        percent_traffic: Some(canary.percent_traffic.unwrap_or(0.0)),
        deployment_id: Some(canary.deployment_id.unwrap_or(deployment.to_owned())),
        stage_variable_overrides: canary.stage_variable_overrides.filter(|v| !v.is_empty()),
        use_stage_cache: Some(canary.use_stage_cache.unwrap_or(false)),
    }
}

/// A stage whose cache cluster is as it says: the caches here need no time to start.
fn with_cluster(mut stage: Stage) -> Stage {
    let on = stage.cache_cluster_enabled == Some(true);
    stage.cache_cluster_status = Some(if on { CacheClusterStatus::Available } else { CacheClusterStatus::NotAvailable });
    stage.cache_cluster_size =
        if on { Some(stage.cache_cluster_size.unwrap_or(CacheClusterSize::parse("0.5").unwrap_or_default())) } else { None };
    stage
}

fn check_canary(cx: &Context, read: &impl Read, api_id: &str, canary: Option<&CanarySettings>) -> Result<(), Fault> {
    let Some(canary) = canary else { return Ok(()) };
    check_variables(canary.stage_variable_overrides.as_ref())?;
    if canary.percent_traffic.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        return Err(bad("Invalid canary percent traffic: it must be between 0.0 and 100.0"));
    }
    match &canary.deployment_id {
        Some(id) => check_deployment(cx, read, api_id, id),
        None => Ok(()),
    }
}

/// Makes a deployment the canary of a stage that is there.
pub(crate) fn set_canary(
    cx: &Context,
    tx: &mut Tx<'_>,
    api_id: &str,
    name: Option<&str>,
    deployment: &str,
    canary: DeploymentCanarySettings,
) -> Result<(), Fault> {
    let wrong = |what: String| Err(bad(format!("Invalid deployment content specified.{what}")));
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        let provided = name.unwrap_or("null");
        return wrong(format!("Non null and non empty stageName must be provided for canary deployment. Provided value is {provided}"));
    };
    let key = (api_id.to_owned(), name.to_owned());
    let Some(mut stage) = tx.get(&STAGES, cx.scope(), &key)? else {
        return wrong(format!("Stage {name} must already be created before making a canary release deployment"));
    };
    let canary = CanarySettings {
        percent_traffic: canary.percent_traffic,
        deployment_id: Some(deployment.to_owned()),
        stage_variable_overrides: canary.stage_variable_overrides,
        use_stage_cache: canary.use_stage_cache,
    };
    stage.settings.canary_settings = Some(whole_canary(canary, deployment));
    stage.settings.last_updated_date = Some(cx.now());
    check_canary(cx, tx, api_id, stage.settings.canary_settings.as_ref())?;
    tx.put(&STAGES, cx.scope(), &key, &stage)
}

fn apply(cx: &Context, read: &impl Read, api_id: &str, before: &Stage, stage: &mut Stage, patch: &patch::Patch) -> Result<(), Fault> {
    if patch.op == Op::Copy {
        return copy(before, stage, patch);
    }
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
        ["cacheClusterEnabled"] => stage.cache_cluster_enabled = Some(patch.boolean()?),
        ["cacheClusterSize"] => {
            let size = CacheClusterSize::parse(patch.value()?);
            stage.cache_cluster_size = Some(size.ok_or_else(|| bad("Invalid cache cluster size specified"))?);
        }
        ["documentationVersion"] => patch.text(&mut stage.documentation_version)?,
        ["clientCertificateId"] => return Err(refused("UpdateStage", "clientCertificateId")),
        ["accessLogSettings", ..] => access_log(stage, patch)?,
        ["canarySettings", ..] => canary(cx, read, api_id, stage, patch)?,
        _ => {
            let settings = stage.method_settings.get_or_insert_default();
            if !method_settings::apply(settings, patch)? {
                return Err(if patch.op == Op::Remove { method_settings::nothing_there(patch) } else { unknown_path(patch) });
            }
        }
    }
    Ok(())
}

fn unknown_path(patch: &patch::Patch) -> Fault {
    bad(format!("Invalid method setting path: {}. Must be one of: [{PATHS}]", patch.path))
}

/// What AWS says may be changed, as it writes it.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

fn access_log(stage: &mut Stage, patch: &patch::Patch) -> Result<(), Fault> {
    let parts = patch.parts();
    if patch.op == Op::Remove {
        if parts.len() > 1 {
            return Err(method_settings::nothing_there(patch));
        }
        stage.access_log_settings = None;
        return Ok(());
    }
    let ["accessLogSettings", what @ ("destinationArn" | "format")] = parts[..] else {
        return Err(bad("Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]"));
    };
    let Some(value) = patch.value.clone().filter(|value| !value.is_empty()) else { return Err(bad("Access Log value must not be empty")) };
    let settings = stage.access_log_settings.get_or_insert_default();
    if what == "format" {
        settings.format = Some(value);
        return Ok(());
    }
    match kit::Arn::parse(&value) {
        Some(arn) if arn.service == "logs" && arn.resource.starts_with("log-group:") => settings.destination_arn = Some(value),
        Some(arn) if arn.service == "firehose" => return Err(refused("UpdateStage", "accessLogSettings to Firehose")),
        _ => {
            return Err(bad(
                "Invalid ARN specified in the request. ARNs must start with arn: and contain at least 6 elements separated by colons (:)",
            ));
        }
    }
    Ok(())
}

fn canary(cx: &Context, read: &impl Read, api_id: &str, stage: &mut Stage, patch: &patch::Patch) -> Result<(), Fault> {
    let parts = patch.parts();
    match (patch.op, &parts[1..]) {
        (Op::Remove, []) => {
            stage.canary_settings = None;
            return Ok(());
        }
        (Op::Remove, ["stageVariableOverrides", rest @ ..]) if stage.canary_settings.is_some() => {
            let canary = stage.canary_settings.get_or_insert_default();
            match rest {
                [name] => drop(canary.stage_variable_overrides.as_mut().and_then(|v| v.remove(*name))),
                _ => canary.stage_variable_overrides = None,
            }
            canary.stage_variable_overrides = canary.stage_variable_overrides.take().filter(|v| !v.is_empty());
            return Ok(());
        }
        (Op::Remove, _) => return Err(method_settings::nothing_there(patch)),
        (Op::Add, _) => return Err(bad(format!("Invalid add operation with path: {}", patch.path))),
        _ => {}
    }
    let deployment = stage.deployment_id.clone().unwrap_or_default();
    let mut canary = stage.canary_settings.clone().unwrap_or_else(|| whole_canary(CanarySettings::default(), &deployment));
    match parts[1..] {
        ["deploymentId"] => canary.deployment_id = Some(patch.value()?.to_owned()),
        ["percentTraffic"] => {
            canary.percent_traffic = Some(patch.value()?.parse().map_err(|_| bad("Invalid canary percent traffic"))?);
        }
        ["useStageCache"] => canary.use_stage_cache = Some(patch.boolean()?),
        ["stageVariableOverrides", name] => {
            canary.stage_variable_overrides.get_or_insert_default().insert(name.to_owned(), patch.value()?.to_owned());
        }
        _ => return Err(unknown_path(patch)),
    }
    check_canary(cx, read, api_id, Some(&canary))?;
    stage.canary_settings = Some(canary);
    Ok(())
}

/// Promotes a canary: its deployment or its variables become the stage's.
fn copy(before: &Stage, stage: &mut Stage, patch: &patch::Patch) -> Result<(), Fault> {
    let from = patch.from.as_deref().unwrap_or_default();
    let known = matches!(
        (patch.path.as_str(), from),
        ("/deploymentId", "/canarySettings/deploymentId") | ("/variables", "/canarySettings/stageVariableOverrides")
    );
    if !known {
        return Err(bad(format!(
            "Invalid copy operation with path: {} and from {from}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
            patch.path
        )));
    }
    // A canary that the same request makes counts, too.
    let Some(canary) = stage.canary_settings.clone().or(before.canary_settings.clone()) else {
        return Err(bad("Promotion not available. Canary does not exist."));
    };
    match patch.path.as_str() {
        "/deploymentId" => stage.deployment_id = canary.deployment_id,
        _ => {
            let overrides = canary.stage_variable_overrides.unwrap_or_default();
            if !overrides.is_empty() {
                stage.variables.get_or_insert_default().extend(overrides);
            }
        }
    }
    Ok(())
}
