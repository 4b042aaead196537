//! CreateFunction.

use super::{check, secrets};
use crate::{Lambda, code, layers, model::*, names::Name, state::*, versions};
use kit::{Context, Fault, Read};

impl Lambda {
    /// Makes a function. AWS answers `Pending` and is done a moment later; here it is done when the answer leaves.
    pub async fn create_function(&self, cx: &Context, input: CreateFunctionInput) -> Result<CreateFunctionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        if name.function.len() > 64 {
            return Err(invalid(format!(
                "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64",
                name.function
            )));
        }
        let exists = || user(Error::ResourceConflict.says(format!("Function already exist: {}", name.function)));
        if cx.store().read(|s| s.exists(&FUNCTIONS, &name.scope, &name.function))? {
            return Err(exists());
        }
        let tags = input.tags.clone().unwrap_or_default();
        check::tags(&tags)?;
        let config = configure(cx, &name, &input).await?;
        let publish = input.publish == Some(true);
        let (shown, function) = cx
            .store()
            .write(|tx| {
                if tx.exists(&FUNCTIONS, &name.scope, &name.function)? {
                    return Err(exists());
                }
                if let Some(code) = &config.code {
                    tx.adopt(&code.zip);
                }
                let mut function = Function { name: name.function.clone(), latest: config, tags, ..Function::default() };
                let shown = match publish {
                    true => versions::publish(cx, tx, &name, &mut function, None)?,
                    false => function.latest.clone(),
                };
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok((shown, function))
            })
            .await?;
        let name = Name { qualifier: None, ..name };
        Ok(super::show::pending(secrets::shown(cx, &name, &function, &shown).await))
    }
}

async fn configure(cx: &Context, name: &Name, input: &CreateFunctionInput) -> Result<Config, Fault> {
    if input.package_type == Some(PackageType::Image) || input.code.image_uri.is_some() {
        return Err(not_implemented("container images (PackageType Image)"));
    }
    if input.code_signing_config_arn.is_some() || input.publish_to.is_some() || input.tenancy_config.is_some() {
        return Err(not_implemented("code signing, PublishTo and tenancy of functions"));
    }
    check::extras(check::Extras {
        vpc: &input.vpc_config,
        file_systems: &input.file_system_configs,
        image: &input.image_config,
        snap_start: &input.snap_start,
        capacity: &input.capacity_provider_config,
        durable: &input.durable_config,
    })?;
    let runtime = input
        .runtime
        .ok_or_else(|| invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages."))?;
    let handler = input
        .handler
        .clone()
        .ok_or_else(|| invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages."))?;
    let variables = input.environment.as_ref().map(|e| e.variables.clone().unwrap_or_default());
    variables.as_ref().map_or(Ok(()), check::variables)?;
    let dead_letter_arn = check::dead_letter(&input.dead_letter_config)?;
    let mut config = Config {
        version: LATEST.into(),
        runtime: check::runtime(runtime)?,
        role: input.role.clone(),
        handler,
        description: input.description.clone().unwrap_or_default(),
        timeout_secs: input.timeout.unwrap_or(3),
        memory_mb: input.memory_size.unwrap_or(128),
        ephemeral_mb: input.ephemeral_storage.as_ref().map_or(512, |e| e.size),
        architecture: check::architecture(&input.architectures)?,
        variables,
        dead_letter_arn,
        tracing: check::tracing(cx, &input.tracing_config),
        logging: Some(check::logging(input.logging_config.clone(), &name.function)?),
        code: None,
        layers: layers::resolve(cx, input.layers.as_deref().unwrap_or_default())?,
        modified: cx.now(),
        revision: revision(cx),
        kms_key_arn: input.kms_key_arn.clone().filter(|key| !key.is_empty()),
        sealed: None,
    };
    check::role(cx, &config.role, &name.function, config.dead_letter_arn.as_deref()).await?;
    secrets::protect(cx, name, &mut config).await?;
    let source = code::Source {
        zip: input.code.zip_file.clone(),
        bucket: input.code.s3_bucket.clone(),
        key: input.code.s3_key.clone(),
        object_version: input.code.s3_object_version.clone(),
        kms_key_arn: input.code.source_kms_key_arn.clone(),
    };
    config.code = Some(code::take(cx, source).await?);
    Ok(config)
}
