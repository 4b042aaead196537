//! GetFunction, GetFunctionConfiguration, GetFunctionCodeSigningConfig, ListFunctions.

use super::secrets;
use crate::{Lambda, model::*, names::Name, state::*};
use kit::{Context, Fault, Read};

impl Lambda {
    /// A function with a place to fetch its code from.
    pub async fn get_function(&self, cx: &Context, input: GetFunctionInput) -> Result<GetFunctionOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let (function, config) = cx.store().read(|s| {
            let function = function(s, &name)?;
            let config = config(s, &name, &function)?;
            Ok::<_, Fault>((function, config))
        })?;
        let location = FunctionCodeLocation {
            repository_type: Some("S3".into()),
            location: Some(crate::code::location(cx, &name, &config)),
            ..FunctionCodeLocation::default()
        };
        Ok(GetFunctionOutput {
            configuration: Some(secrets::shown(cx, &name, &function, &config).await),
            code: Some(location),
            tags: (!function.tags.is_empty()).then(|| function.tags.clone()),
            tags_error: None,
            concurrency: function.reserved.map(|n| Concurrency { reserved_concurrent_executions: Some(n) }),
        })
    }

    /// A function's configuration.
    pub async fn get_function_configuration(
        &self,
        cx: &Context,
        input: GetFunctionConfigurationInput,
    ) -> Result<GetFunctionConfigurationOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, input.qualifier.as_deref())?;
        let (function, config) = cx.store().read(|s| {
            let function = function(s, &name)?;
            let config = config(s, &name, &function)?;
            Ok::<_, Fault>((function, config))
        })?;
        Ok(secrets::shown(cx, &name, &function, &config).await)
    }

    /// No configuration of code signing, for there are none here (CreateFunction refuses them): an empty object, as recorded. Terraform asks for it.
    pub async fn get_function_code_signing_config(
        &self,
        cx: &Context,
        input: GetFunctionCodeSigningConfigInput,
    ) -> Result<GetFunctionCodeSigningConfigOutput, Fault> {
        let name = Name::parse(cx, &input.function_name, None)?.unqualified()?;
        cx.store().read(|s| function(s, &name))?;
        Ok(GetFunctionCodeSigningConfigOutput::default())
    }

    /// Functions by name, with all their versions where asked.
    pub async fn list_functions(&self, cx: &Context, input: ListFunctionsInput) -> Result<ListFunctionsOutput, Fault> {
        if input.master_region.as_ref().is_some_and(|region| region != "ALL") {
            return Err(not_implemented("replicated functions (MasterRegion)"));
        }
        let all_versions = input.function_version == Some(FunctionVersion::All);
        let rows = cx.store().read(|s| {
            let mut rows = Vec::new();
            for row in s.scan(&FUNCTIONS, cx.scope()) {
                let (name, function) = row?;
                let of = |version: &str| Name { scope: cx.scope().clone(), function: name.clone(), qualifier: Some(version.to_owned()) };
                let unqualified = Name { qualifier: all_versions.then(|| LATEST.to_owned()), ..of(LATEST) };
                let shown = super::listed(super::show(&unqualified, &function, &function.latest));
                rows.push((name.clone(), of(LATEST), shown, function.latest.clone()));
                if all_versions {
                    for version in s.scan(&VERSIONS, cx.scope()).prefix(&(name.as_str(),)) {
                        let ((_, number), config) = version?;
                        let shown = super::show(&of(&number.to_string()), &function, &config);
                        rows.push((format!("{name}:{number:012}"), of(&number.to_string()), super::listed(shown), config));
                    }
                }
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows, |(key, ..)| key.clone(), input.marker.as_deref(), limit, bad_marker)?;
        let mut functions = Vec::with_capacity(page.items.len());
        for (_, name, mut shown, config) in page.items {
            secrets::reveal(cx, &name, &config, &mut shown).await;
            functions.push(shown);
        }
        Ok(ListFunctionsOutput { functions: Some(functions), next_marker: page.next })
    }
}

pub(crate) fn bad_marker() -> Fault {
    invalid("Invalid value for Marker.")
}
