//! IncrementalAlterConfigs: settings one by one; lists can be added to and taken from.

use super::alter_configs::configure;
use crate::{
    call::{Call, text},
    configs,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
        incremental_alter_configs_response::AlterConfigsResourceResponse,
    },
};

pub(super) async fn answer(call: &Call<'_>, request: IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.iter().map(|resource| {
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        let done = resource.configs.iter().map(|config| change(call, resource, config)).collect::<Result<Vec<_>, _>>();
        let done = done
            .and_then(|changes| configure(call, resource.resource_type, &resource.resource_name, &changes, false, request.validate_only));
        match done {
            Ok(()) => response,
            Err((error, why)) => response.with_error_code(error.code()).with_error_message(Some(text(why))),
        }
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

/// The change of one setting: 0 set, 1 delete, 2 append, 3 subtract.
fn change(call: &Call<'_>, resource: &AlterConfigsResource, config: &AlterableConfig) -> Result<(String, Option<String>), (E, String)> {
    let name = config.name.to_string();
    let value = config.value.as_ref().map(|value| value.to_string());
    match (config.config_operation, value) {
        (0, Some(value)) => Ok((name, Some(value))),
        (1, _) => Ok((name, None)),
        (operation @ (2 | 3), Some(value)) => {
            let Some(setting) = configs::SETTINGS.iter().find(|s| s.name == name && matches!(s.kind, configs::Kind::Some(_))) else {
                return Err((E::InvalidConfig, format!("Config value append is not allowed for config key: {name}")));
            };
            let set = call.broker.topics.get(&resource.resource_name).and_then(|topic| topic.configs().get(&name).cloned());
            let now = set.unwrap_or_else(|| setting.default.to_owned());
            let mut parts: Vec<&str> = now.split(',').filter(|part| *part != value).collect();
            if operation == 2 {
                parts.push(&value);
            }
            Ok((name, Some(parts.join(","))))
        }
        (0 | 2 | 3, None) => Err((E::InvalidRequest, format!("Null value not supported for : {name}"))),
        (other, _) => Err((E::InvalidRequest, format!("unknown operation {other} of {name}"))),
    }
}
