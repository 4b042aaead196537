//! CreatePartitions: topics grow, they don't shrink.

use crate::{
    auth::Resource,
    call::{Call, text},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        CreatePartitionsRequest, CreatePartitionsResponse, create_partitions_request::CreatePartitionsTopic,
        create_partitions_response::CreatePartitionsTopicResult,
    },
};

pub(super) async fn answer(call: &Call<'_>, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let results = request.topics.iter().map(|topic| {
        let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
        match grow(call, topic, request.validate_only) {
            Ok(()) => result,
            Err((error, why)) => result.with_error_code(error.code()).with_error_message(Some(text(why))),
        }
    });
    CreatePartitionsResponse::default().with_results(results.collect())
}

fn grow(call: &Call<'_>, topic: &CreatePartitionsTopic, only_check: bool) -> Result<(), (E, String)> {
    if !call.may("AlterTopic", Resource::Topic(&topic.name)) {
        return Err((E::TopicAuthorizationFailed, "Authorization failed.".into()));
    }
    let elsewhere = topic.assignments.iter().flatten().flat_map(|a| &a.broker_ids).any(|id| **id != crate::shared::NODE);
    if elsewhere {
        return Err((E::InvalidReplicaAssignment, "the one broker is 1".into()));
    }
    let grown = call.broker.topics.grow(&topic.name, topic.count, only_check);
    grown.map_err(|error| (super::create_topics::code_of(&error), error.to_string()))
}
