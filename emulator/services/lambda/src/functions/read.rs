//! GetFunction, GetFunctionConfiguration, ListFunctions.

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
            configuration: Some(super::show(&name, &function, &config)),
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
        cx.store().read(|s| {
            let function = function(s, &name)?;
            let config = config(s, &name, &function)?;
            Ok(super::show(&name, &function, &config))
        })
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
                rows.push((name.clone(), super::listed(super::show(&unqualified, &function, &function.latest))));
                if all_versions {
                    for version in s.scan(&VERSIONS, cx.scope()).prefix(&(name.as_str(),)) {
                        let ((_, number), config) = version?;
                        let shown = super::show(&of(&number.to_string()), &function, &config);
                        rows.push((format!("{name}:{number:012}"), super::listed(shown)));
                    }
                }
            }
            Ok::<_, Fault>(rows)
        })?;
        let limit = input.max_items.unwrap_or(50).min(50) as usize;
        let page = kit::pages::page(rows, |(key, _)| key.clone(), input.marker.as_deref(), limit, bad_marker)?;
        Ok(ListFunctionsOutput { functions: Some(page.items.into_iter().map(|(_, f)| f).collect()), next_marker: page.next })
    }
}

pub(crate) fn bad_marker() -> Fault {
    invalid("Invalid value for Marker.")
}
