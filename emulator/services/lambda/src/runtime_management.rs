//! When a function gets a new build of its runtime. There is one build of each here, so that `Auto` and `FunctionUpdate` come to the same; a
//! build of AWS's own can't be had.

use crate::{Error, Lambda, functions, model::*, names::Name, state::*};
use kit::{Context, Fault};

impl Lambda {
    /// Sets it for a version.
    pub async fn put_runtime_management_config(
        &self,
        cx: &Context,
        input: PutRuntimeManagementConfigInput,
    ) -> Result<PutRuntimeManagementConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let (manual, given) = (input.update_runtime_on == UpdateRuntimeOn::Manual, input.runtime_version_arn.is_some());
        if manual != given {
            return Err(invalid("RuntimeVersionArn must be given if, and only if, UpdateRuntimeOn is Manual."));
        }
        let arn = cx
            .store()
            .write(|tx| {
                let mut function = function(tx, &name)?;
                let config = config(tx, &name, &function)?;
                let build = functions::runtime_version_arn(&name, &config);
                if input.runtime_version_arn.as_ref().is_some_and(|wanted| *wanted != build) {
                    return Err(user(Error::InvalidParameterValue.says(format!(
                        "Runtime version {} is not one that windtunnel has; it runs {build}.",
                        input.runtime_version_arn.clone().unwrap_or_default()
                    ))));
                }
                function.runtime_updates.insert(config.version, input.update_runtime_on.as_str().to_owned());
                tx.put(&FUNCTIONS, &name.scope, &name.function, &function)?;
                Ok(build)
            })
            .await?;
        Ok(PutRuntimeManagementConfigOutput {
            update_runtime_on: Some(input.update_runtime_on),
            function_arn: shown(&name),
            runtime_version_arn: manual.then_some(arn),
        })
    }

    /// What is set for a version.
    pub async fn get_runtime_management_config(
        &self,
        cx: &Context,
        input: GetRuntimeManagementConfigInput,
    ) -> Result<GetRuntimeManagementConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let (function, config) = cx.store().read(|s| {
            let function = function(s, &name)?;
            let config = config(s, &name, &function)?;
            Ok::<_, Fault>((function, config))
        })?;
        let set = function.runtime_updates.get(&config.version).and_then(|text| UpdateRuntimeOn::parse(text));
        let set = set.unwrap_or(UpdateRuntimeOn::Auto);
        Ok(GetRuntimeManagementConfigOutput {
            update_runtime_on: Some(set),
            runtime_version_arn: (set == UpdateRuntimeOn::Manual).then(|| functions::runtime_version_arn(&name, &config)),
            function_arn: Some(shown(&name)),
        })
    }
}

fn shown(name: &Name) -> String {
    name.with(name.qualifier.as_deref().unwrap_or(LATEST)).arn()
}
