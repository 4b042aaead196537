//! UpdateFunctionCode and UpdateFunctionConfiguration. Environments of the old revision finish what they run and take nothing new.

use super::{check, secrets};
use crate::{Lambda, code, layers, model::*, names::Name, state::*, versions};
use kit::{Context, Fault};

impl Lambda {
    /// Replaces the deployment package of `$LATEST`.
    pub async fn update_function_code(&self, cx: &Context, input: UpdateFunctionCodeInput) -> Result<UpdateFunctionCodeOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let there = cx.store().read(|s| function(s, &name))?;
        same_revision(&input.revision_id, there.revision(), "GetFunction/GetAlias")?;
        if input.image_uri.is_some() {
            return Err(invalid("Please don't provide ImageUri when updating a function with packageType Zip."));
        }
        if input.publish_to.is_some() {
            return Err(not_implemented("PublishTo of functions"));
        }
        let architecture = input.architectures.is_some().then(|| check::architecture(&input.architectures)).transpose()?;
        let source = code::Source {
            zip: input.zip_file,
            bucket: input.s3_bucket,
            key: input.s3_key,
            object_version: input.s3_object_version,
            kms_key_arn: input.source_kms_key_arn,
        };
        let code = code::take(cx, source).await?;
        if input.dry_run == Some(true) {
            let mut config = there.latest.clone();
            config.code = Some(code);
            return Ok(secrets::shown(cx, &name, &there, &config).await);
        }
        let publish = input.publish == Some(true);
        let (function, shown) = cx
            .store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                same_revision(&input.revision_id, function.revision(), "GetFunction/GetAlias")?;
                tx.adopt(&code.zip);
                if let Some(old) = function.latest.code.replace(code) {
                    tx.drop_blob(&old.zip);
                }
                if let Some(architecture) = architecture {
                    function.latest.architecture = architecture;
                }
                function.latest.modified = cx.now();
                function.latest.revision = revision(cx);
                function.published_revision = None;
                let shown = match publish {
                    true => versions::publish(cx, tx, &name, &mut function, None)?,
                    false => function.latest.clone(),
                };
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok((function, shown))
            })
            .await?;
        self.pools.retire(&name, &function.latest.revision);
        let shown = secrets::shown(cx, &name, &function, &shown).await;
        Ok(if publish { super::show::pending(shown) } else { in_progress(shown) })
    }

    /// Changes how `$LATEST` runs.
    pub async fn update_function_configuration(
        &self,
        cx: &Context,
        input: UpdateFunctionConfigurationInput,
    ) -> Result<UpdateFunctionConfigurationOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        let there = cx.store().read(|s| function(s, &name))?;
        same_revision(&input.revision_id, there.revision(), "GetFunction/GetAlias")?;
        let mut changed = change(cx, &name, &there.latest, &input)?;
        if input.role.is_some() || input.dead_letter_config.is_some() {
            check::role(cx, &changed.role, &name.function, changed.dead_letter_arn.as_deref()).await?;
        }
        let sealing = input.environment.is_some() || input.kms_key_arn.is_some() || input.role.is_some();
        if sealing {
            secrets::carry_over(cx, &name, &there.latest, &mut changed, input.environment.is_some()).await?;
        }
        let function = cx
            .store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                // Someone else was faster: the change is made again on what stands now.
                let mut config = change(cx, &name, &function.latest, &input)?;
                same_revision(&input.revision_id, function.revision(), "GetFunction/GetAlias")?;
                if sealing {
                    (config.variables, config.sealed) = (changed.variables.clone(), changed.sealed.clone());
                }
                config.modified = cx.now();
                config.revision = revision(cx);
                function.latest = config;
                function.published_revision = None;
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok(function)
            })
            .await?;
        self.pools.retire(&name, &function.latest.revision);
        Ok(in_progress(secrets::shown(cx, &name, &function, &function.latest).await))
    }
}

fn change(cx: &Context, name: &Name, old: &Config, input: &UpdateFunctionConfigurationInput) -> Result<Config, Fault> {
    check::extras(check::Extras {
        vpc: &input.vpc_config,
        file_systems: &input.file_system_configs,
        image: &input.image_config,
        snap_start: &input.snap_start,
        capacity: &input.capacity_provider_config,
        durable: &input.durable_config,
    })?;
    let mut config = old.clone();
    if let Some(role) = &input.role {
        config.role = role.clone();
    }
    if let Some(handler) = &input.handler {
        config.handler = handler.clone();
    }
    if let Some(description) = &input.description {
        config.description = description.clone();
    }
    if let Some(runtime) = input.runtime {
        config.runtime = check::runtime(runtime)?;
    }
    config.timeout_secs = input.timeout.unwrap_or(config.timeout_secs);
    config.memory_mb = input.memory_size.unwrap_or(config.memory_mb);
    config.ephemeral_mb = input.ephemeral_storage.as_ref().map_or(config.ephemeral_mb, |e| e.size);
    if let Some(environment) = &input.environment {
        let variables = environment.variables.clone().unwrap_or_default();
        check::variables(&variables)?;
        config.variables = Some(variables);
    }
    if let Some(layers) = &input.layers {
        config.layers = layers::resolve(cx, layers)?;
    }
    if let Some(key) = &input.kms_key_arn {
        config.kms_key_arn = Some(key.clone()).filter(|key| !key.is_empty());
    }
    // A configuration that names no target changes nothing, as recorded; an empty name takes the target away.
    if input.dead_letter_config.as_ref().is_some_and(|given| given.target_arn.is_some()) {
        config.dead_letter_arn = check::dead_letter(&input.dead_letter_config)?;
    }
    if input.tracing_config.is_some() {
        config.tracing = check::tracing(cx, &input.tracing_config);
    }
    if let Some(logging) = &input.logging_config {
        config.logging = Some(check::logging(merged(config.logging.take(), logging), &name.function)?);
    }
    Ok(config)
}

/// What a change of logging leaves out stays, as recorded; levels go with the JSON format.
fn merged(old: Option<LoggingConfig>, given: &LoggingConfig) -> Option<LoggingConfig> {
    let old = old.unwrap_or_default();
    let to_text = given.log_format == Some(LogFormat::Text);
    Some(LoggingConfig {
        log_format: given.log_format.or(old.log_format),
        application_log_level: given.application_log_level.or(old.application_log_level.filter(|_| !to_text)),
        system_log_level: given.system_log_level.or(old.system_log_level.filter(|_| !to_text)),
        log_group: given.log_group.clone().or(old.log_group),
    })
}

/// AWS answers that the update is under way; here it is done when the answer leaves.
fn in_progress(mut answer: FunctionConfiguration) -> FunctionConfiguration {
    answer.last_update_status = Some(LastUpdateStatus::InProgress);
    answer.last_update_status_reason = Some("The function is being created.".into());
    answer.last_update_status_reason_code = Some(LastUpdateStatusReasonCode::Creating);
    answer
}
