//! Stages: names under which deployments are served; `$default` stands at the root of the API's address.

use crate::{ApiGatewayV2, Error, model::*, state::*};
use kit::{Context, Fault, Read};
use std::collections::BTreeMap;

impl ApiGatewayV2 {
    /// Makes a stage.
    pub async fn create_stage(&self, cx: &Context, input: CreateStageInput) -> Result<CreateStageOutput, Fault> {
        let name = input.stage_name.clone();
        let fits = name == "$default" || name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !fits {
            return Err(bad("Stage name only allows a-zA-Z0-9_- or $default"));
        }
        let given: Stage = shown(&input)?;
        let stage: Stage = updated(&fresh(cx, &name, false), &given)?;
        check(&stage)?;
        let key = (input.api_id, name);
        cx.store()
            .write(|tx| {
                let api = api(tx, cx.scope(), &key.0)?;
                if tx.exists(&STAGES, cx.scope(), &key)? {
                    return Err(Error::Conflict.says(format!("Stage already exists: {}", key.1)));
                }
                if let Some(id) = &stage.deployment_id {
                    check_deployment(cx, tx, &key.0, id)?;
                }
                tx.put(&STAGES, cx.scope(), &key, &StoredStage { settings: stage })?;
                crate::deployments::deploy_automatically(cx, tx, &api)?;
                shown(&tx.get(&STAGES, cx.scope(), &key)?.unwrap_or_default().settings)
            })
            .await
    }

    /// Describes a stage.
    pub async fn get_stage(&self, cx: &Context, input: GetStageInput) -> Result<GetStageOutput, Fault> {
        let found = cx.store().read(|s| s.get(&STAGES, cx.scope(), &(input.api_id, input.stage_name.clone())))?;
        shown(&found.ok_or_else(|| missing("Stage", &input.stage_name))?.settings)
    }

    /// Stages of an API.
    pub async fn get_stages(&self, cx: &Context, input: GetStagesInput) -> Result<GetStagesOutput, Fault> {
        let all: Vec<Stage> = cx.store().read(|s| {
            api(s, cx.scope(), &input.api_id)?;
            let rows = s.scan(&STAGES, cx.scope()).prefix(&(input.api_id.as_str(),));
            rows.map(|row| row.map(|(_, stage)| stage.settings)).collect::<Result<_, Fault>>()
        })?;
        let (items, next_token) = page(all, |s| s.stage_name.clone(), input.next_token.as_deref(), input.max_results.as_deref())?;
        Ok(GetStagesOutput { items: Some(items), next_token })
    }

    /// Changes a stage.
    pub async fn update_stage(&self, cx: &Context, input: UpdateStageInput) -> Result<UpdateStageOutput, Fault> {
        change_stage(cx, input.api_id.clone(), input.stage_name.clone(), |stage| {
            if stage.auto_deploy == Some(true) && input.deployment_id.is_some() && input.auto_deploy != Some(false) {
                return Err(bad("Deployment ID cannot be set on update because AutoDeploy is enabled"));
            }
            *stage = updated(stage, &input)?;
            check(stage)
        })
        .await
        .and_then(|stage| shown(&stage))
    }

    /// Deletes a stage.
    pub async fn delete_stage(&self, cx: &Context, input: DeleteStageInput) -> Result<DeleteStageOutput, Fault> {
        let key = (input.api_id, input.stage_name);
        cx.store().write(|tx| tx.delete(&STAGES, cx.scope(), &key)?.ok_or_else(|| missing("Stage", &key.1))).await?;
        Ok(DeleteStageOutput {})
    }

    /// Ends the access log of a stage.
    pub async fn delete_access_log_settings(
        &self,
        cx: &Context,
        input: DeleteAccessLogSettingsInput,
    ) -> Result<DeleteAccessLogSettingsOutput, Fault> {
        change_stage(cx, input.api_id, input.stage_name, |stage| {
            stage.access_log_settings = None;
            Ok(())
        })
        .await?;
        Ok(DeleteAccessLogSettingsOutput {})
    }

    /// Takes the settings of a route away.
    pub async fn delete_route_settings(&self, cx: &Context, input: DeleteRouteSettingsInput) -> Result<DeleteRouteSettingsOutput, Fault> {
        change_stage(cx, input.api_id, input.stage_name, |stage| {
            let gone = stage.route_settings.as_mut().and_then(|all| all.remove(&input.route_key));
            gone.map(drop).ok_or_else(|| missing("Route settings", &input.route_key))
        })
        .await?;
        Ok(DeleteRouteSettingsOutput {})
    }
}

/// A stage with nothing but its name.
pub(crate) fn fresh(cx: &Context, name: &str, auto: bool) -> Stage {
    Stage {
        stage_name: name.to_owned(),
        auto_deploy: Some(auto),
        api_gateway_managed: auto.then_some(true),
        created_date: Some(cx.now()),
        last_updated_date: Some(cx.now()),
        default_route_settings: Some(RouteSettings { detailed_metrics_enabled: Some(false), ..Default::default() }),
        route_settings: Some(BTreeMap::new()),
        stage_variables: Some(BTreeMap::new()),
        tags: Some(BTreeMap::new()),
        ..Default::default()
    }
}

fn check(stage: &Stage) -> Result<(), Fault> {
    if stage.client_certificate_id.is_some() {
        return Err(refused("CreateStage", "clientCertificateId"));
    }
    let settings = stage.default_route_settings.iter().chain(stage.route_settings.iter().flatten().map(|(_, s)| s));
    for settings in settings {
        if settings.data_trace_enabled == Some(true) || settings.logging_level.is_some_and(|level| level != LoggingLevel::Off) {
            return Err(bad("Execution logs are not supported on protocolType HTTP"));
        }
    }
    if let Some(arn) = stage.access_log_settings.as_ref().and_then(|a| a.destination_arn.as_deref())
        && frontdoor::access_log::group_of(arn).is_none()
    {
        return Err(refused("CreateStage", "accessLogSettings to what is no log group"));
    }
    Ok(())
}

fn check_deployment(cx: &Context, read: &impl Read, api_id: &str, id: &str) -> Result<(), Fault> {
    match read.exists(&DEPLOYMENTS, cx.scope(), &(api_id.to_owned(), id.to_owned()))? {
        true => Ok(()),
        false => Err(bad("Deployment id does not exist")),
    }
}

async fn change_stage(cx: &Context, api_id: String, name: String, f: impl FnOnce(&mut Stage) -> Result<(), Fault>) -> Result<Stage, Fault> {
    let key = (api_id, name);
    cx.store()
        .write(|tx| {
            let api = api(tx, cx.scope(), &key.0)?;
            let mut stage = tx.get(&STAGES, cx.scope(), &key)?.ok_or_else(|| missing("Stage", &key.1))?.settings;
            f(&mut stage)?;
            stage.last_updated_date = Some(cx.now());
            if let Some(id) = stage.deployment_id.clone() {
                check_deployment(cx, tx, &key.0, &id)?;
            }
            tx.put(&STAGES, cx.scope(), &key, &StoredStage { settings: stage })?;
            crate::deployments::deploy_automatically(cx, tx, &api)?;
            Ok(tx.get(&STAGES, cx.scope(), &key)?.unwrap_or_default().settings)
        })
        .await
}
