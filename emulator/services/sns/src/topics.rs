//! Topics: made, listed, deleted.

use crate::{Sns, arns, delivery, model::*, permissions, state::*, tags, topic_attributes};
use kit::{Context, Fault, Read, store::NewTask};
use std::collections::BTreeMap;

/// How long subscriptions of a deleted topic can still be seen; AWS deletes them in the background.
const AFTERLIFE_SECS: i128 = 60;
/// Topics and subscriptions of a page, as AWS documents it.
pub(crate) const PAGE: usize = 100;

impl Sns {
    /// Makes a topic; the same name with the same attributes and tags answers the topic that is there.
    pub async fn create_topic(&self, cx: &Context, input: CreateTopicInput) -> Result<CreateTopicOutput, Fault> {
        let attributes = input.attributes.unwrap_or_default();
        let fifo = attributes.get("FifoTopic").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        check_name(&input.name, fifo)?;
        if input.name.starts_with("aws-") {
            return Err(refused("topics whose names begin with aws-, which AWS keeps for itself"));
        }
        let given = topic_attributes::checked(cx, &arns::topic(cx.scope(), &input.name), attributes)?;
        let tags = tags::checked(input.tags.unwrap_or_default())?;
        let arn = arns::topic(cx.scope(), &input.name);
        cx.store()
            .write(|tx| {
                if let Some(there) = tx.get(&TOPICS, cx.scope(), &input.name)? {
                    return same(&there, &given, &tags);
                }
                let mut kept: BTreeMap<String, String> = given.into_iter().filter(|(_, value)| !value.is_empty()).collect();
                if kept.get("FifoTopic").is_some_and(|v| v == "true") {
                    kept.entry("ContentBasedDeduplication".into()).or_insert_with(|| "false".into());
                }
                let topic =
                    StoredTopic { id: cx.ids().lower(16), name: input.name.clone(), attributes: kept, tags, created: cx.now(), deleted: 0 };
                tx.put(&TOPICS, cx.scope(), &input.name, &topic)
            })
            .await?;
        Ok(CreateTopicOutput { topic_arn: Some(arn) })
    }

    /// Deletes a topic; one that is not there is fine.
    pub async fn delete_topic(&self, cx: &Context, input: DeleteTopicInput) -> Result<DeleteTopicOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        cx.store()
            .write(|tx| {
                let Some(topic) = tx.delete(&TOPICS, &scope, &name)? else { return Ok(()) };
                let due = cx.now().plus_ns(AFTERLIFE_SECS * 1_000_000_000);
                tx.task(NewTask::new(&scope, "sns", "forget-topic", &topic.id).at(due).cause(cx.cause()));
                Ok(())
            })
            .await?;
        Ok(DeleteTopicOutput {})
    }

    /// All topics of account and region.
    pub async fn list_topics(&self, cx: &Context, input: ListTopicsInput) -> Result<ListTopicsOutput, Fault> {
        let names: Vec<String> = cx.store().read(|s| s.scan(&TOPICS, cx.scope()).keys().collect::<Result<_, _>>())?;
        let page = kit::pages::page(names, String::clone, input.next_token.as_deref(), PAGE, bad_token)?;
        let topics = page.items.iter().map(|name| Topic { topic_arn: Some(arns::topic(cx.scope(), name)) }).collect();
        Ok(ListTopicsOutput { topics: Some(topics), next_token: page.next })
    }

    /// The task that takes away what belonged to a deleted topic.
    pub(crate) async fn forget_topic(&self, cx: &Context, topic_id: String) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                let arns: Vec<String> = tx
                    .by_index(&SUBSCRIPTIONS, &everywhere(), "topic", &(topic_id.as_str(),))
                    .map(|row| row.map(|(arn, _)| arn))
                    .collect::<Result<_, _>>()?;
                arns.iter().try_for_each(|arn| {
                    delivery::forget_pace(tx, arn)?;
                    tx.delete(&SUBSCRIPTIONS, &everywhere(), arn).map(drop)
                })
            })
            .await
    }
}

pub(crate) fn bad_token() -> Fault {
    invalid("NextToken")
}

fn check_name(name: &str, fifo: bool) -> Result<(), Fault> {
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let fits =
        |stem: &str| !stem.is_empty() && name.len() <= 256 && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match stem.is_some_and(fits) {
        true => Ok(()),
        false => Err(invalid("Topic Name")),
    }
}

/// CreateTopic on a topic that is there: every attribute and tag given must be as it is.
fn same(there: &StoredTopic, given: &BTreeMap<String, String>, tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    let is_same = |(name, value): (&String, &String)| match there.attributes.get(name) {
        Some(current) => current == value,
        // A topic is standard because it is not said to be FIFO.
        None => value.is_empty() || (name == "FifoTopic" && value == "false"),
    };
    if !given.iter().all(is_same) {
        return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
    }
    if tags.iter().any(|(key, value)| there.tags.get(key) != Some(value)) {
        return Err(invalid("Tags Reason: Topic already exists with different tags"));
    }
    Ok(())
}

/// The policy of a topic: the one that was set, or AWS's default.
pub(crate) fn policy(topic: &StoredTopic, arn: &str) -> String {
    topic.attributes.get("Policy").cloned().unwrap_or_else(|| permissions::default_policy(arn).to_string())
}
