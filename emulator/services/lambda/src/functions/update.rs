//! UpdateFunctionCode and UpdateFunctionConfiguration. Environments of the old revision finish what they run and take nothing new.

use super::check;
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
            return Ok(super::show(&name, &there, &config));
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
        let shown = super::show(&name, &function, &shown);
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
        let changed = change(cx, &name, &there.latest, &input)?;
        if input.role.is_some() || input.dead_letter_config.is_some() {
            check::role(cx, &changed.role, &name.function, changed.dead_letter_arn.as_deref()).await?;
        }
        let function = cx
            .store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                // Someone else was faster: the change is made again on what stands now.
                let mut config = change(cx, &name, &function.latest, &input)?;
                same_revision(&input.revision_id, function.revision(), "GetFunction/GetAlias")?;
                config.modified = cx.now();
                config.revision = revision(cx);
                function.latest = config;
                function.published_revision = None;
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok(function)
            })
            .await?;
        self.pools.retire(&name, &function.latest.revision);
        Ok(in_progress(super::show(&name, &function, &function.latest)))
    }
}

fn change(cx: &Context, name: &Name, old: &Config, input: &UpdateFunctionConfigurationInput) -> Result<Config, Fault> {
    check::extras(check::Extras {
        vpc: &input.vpc_config,
        file_systems: &input.file_system_configs,
        image: &input.image_config,
        snap_start: &input.snap_start,
        kms_key_arn: &input.kms_key_arn,
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
    if input.dead_letter_config.is_some() {
        config.dead_letter_arn = check::dead_letter(&input.dead_letter_config)?;
    }
    if input.tracing_config.is_some() {
        config.tracing = check::tracing(cx, &input.tracing_config);
    }
    if input.logging_config.is_some() {
        config.logging = Some(check::logging(input.logging_config.clone(), &name.function)?);
    }
    Ok(config)
}

/// AWS answers that the update is under way; here it is done when the answer leaves.
fn in_progress(mut answer: FunctionConfiguration) -> FunctionConfiguration {
    answer.last_update_status = Some(LastUpdateStatus::InProgress);
    answer.last_update_status_reason = Some("The function is being created.".into());
    answer.last_update_status_reason_code = Some(LastUpdateStatusReasonCode::Creating);
    answer
}
