//! AlterConfigs: the settings of a topic are these and no others. Settings of the broker are given at its start.

use crate::{
    auth::Resource,
    call::{Call, text},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{AlterConfigsRequest, AlterConfigsResponse, alter_configs_response::AlterConfigsResourceResponse},
};

const TOPIC: i8 = 2;

pub(super) async fn answer(call: &Call<'_>, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let responses = request.resources.iter().map(|resource| {
        let set = |c: &kafka_protocol::messages::alter_configs_request::AlterableConfig| {
            (c.name.to_string(), c.value.as_ref().map(|value| value.to_string()))
        };
        let changes: Vec<_> = resource.configs.iter().map(set).collect();
        let response = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match configure(call, resource.resource_type, &resource.resource_name, &changes, true, request.validate_only) {
            Ok(()) => response,
            Err((error, why)) => response.with_error_code(error.code()).with_error_message(Some(text(why))),
        }
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}

/// Changes the settings of a resource; with `replace` those that are not named are taken back.
pub(super) fn configure(
    call: &Call<'_>,
    kind: i8,
    name: &str,
    changes: &[(String, Option<String>)],
    replace: bool,
    only_check: bool,
) -> Result<(), (E, String)> {
    if kind != TOPIC {
        let why = "only settings of topics can be changed; those of the broker are given at its start";
        return Err((E::InvalidRequest, why.into()));
    }
    if !call.may("AlterTopicDynamicConfiguration", Resource::Topic(name)) {
        return Err((E::TopicAuthorizationFailed, "Authorization failed.".into()));
    }
    let done = call.broker.topics.configure(name, changes, replace, only_check);
    call.broker.housekeeping.notify_one();
    done.map_err(|error| (super::create_topics::code_of(&error), error.to_string()))
}
