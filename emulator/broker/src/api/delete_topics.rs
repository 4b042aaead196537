//! DeleteTopics, by name or id.

use crate::{
    auth::Resource,
    call::{Call, text},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{DeleteTopicsRequest, DeleteTopicsResponse, TopicName, delete_topics_response::DeletableTopicResult},
};
use uuid::Uuid;

pub(super) async fn answer(call: &Call<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter().map(|name| (Some(name), Uuid::nil()));
    let by_state = request.topics.into_iter().map(|topic| (topic.name, topic.topic_id));
    let responses = by_name.chain(by_state).map(|(name, id)| delete(call, name, id)).collect();
    DeleteTopicsResponse::default().with_responses(responses)
}

fn delete(call: &Call<'_>, name: Option<TopicName>, id: Uuid) -> DeletableTopicResult {
    let topics = &call.broker.topics;
    let found = match &name {
        Some(name) => topics.get(name),
        None => topics.by_id(id.as_bytes()),
    };
    let by_id = name.is_none();
    let name = name.or_else(|| found.as_ref().map(|topic| TopicName(text(&*topic.name))));
    let mut result = DeletableTopicResult::default().with_name(name.clone());
    if call.version >= 6 {
        result = result.with_topic_id(found.as_ref().map_or(id, |topic| Uuid::from_bytes(topic.id)));
    }
    let outcome = match (&name, found) {
        (Some(name), _) if !call.may("DeleteTopic", Resource::Topic(name)) => Err((E::TopicAuthorizationFailed, None)),
        (Some(name), Some(_)) => topics.delete(name).map_err(|e| (super::create_topics::code_of(&e), Some(e.to_string()))),
        _ if by_id => Err((E::UnknownTopicId, None)),
        _ => Err((E::UnknownTopicOrPartition, None)),
    };
    call.done("DeleteTopics", name.as_deref().map_or("", |name| name), outcome.as_ref().err().map_or(0, |(e, _)| e.code()), None);
    match outcome {
        Ok(()) => result,
        Err((error, why)) if call.version >= 5 => result.with_error_code(error.code()).with_error_message(why.map(text)),
        Err((error, _)) => result.with_error_code(error.code()),
    }
}
