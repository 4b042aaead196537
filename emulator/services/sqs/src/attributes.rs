//! Attributes of queues: what was set, what follows from the messages.

use crate::{Sqs, limits, model::*, redrive, state::*, urls};
use kit::{Context, Fault, Read, Scope, Snapshot};
use std::collections::BTreeMap;

impl Sqs {
    /// The attributes asked for.
    pub async fn get_queue_attributes(&self, cx: &Context, input: GetQueueAttributesInput) -> Result<GetQueueAttributesOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let wanted = input.attribute_names.unwrap_or_default();
        limits::attribute_names(wanted.iter())?;
        let all = cx.store().read(|s| {
            let queue = queue(s, &scope, &name)?;
            Ok::<_, Fault>(describe(&queue, &scope, counts(cx, s, &scope, &queue)?))
        })?;
        let asked = |name: &str| wanted.iter().any(|w| w == "All" || w == name);
        let found: BTreeMap<String, String> = all.into_iter().filter(|(name, _)| asked(name)).collect();
        Ok(GetQueueAttributesOutput { attributes: (!found.is_empty()).then_some(found) })
    }

    /// Sets attributes; an empty text takes Policy, RedrivePolicy and RedriveAllowPolicy away.
    pub async fn set_queue_attributes(&self, cx: &Context, input: SetQueueAttributesInput) -> Result<SetQueueAttributesOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        limits::attributes(&input.attributes)?;
        cx.store()
            .write(|tx| {
                let mut queue = queue(tx, &scope, &name)?;
                redrive::check(tx, &scope, &name, &input.attributes)?;
                for (attribute, value) in input.attributes {
                    match value.is_empty() {
                        true => queue.attributes.remove(&attribute),
                        false => queue.attributes.insert(attribute, value),
                    };
                }
                queue.modified = cx.now();
                tx.put(&QUEUES, &scope, &name, &queue)
            })
            .await?;
        Ok(SetQueueAttributesOutput {})
    }
}

/// Messages that are visible, in flight and delayed.
struct Counts([usize; 3]);

fn counts(cx: &Context, s: &Snapshot<'_>, scope: &Scope, queue: &Queue) -> Result<Counts, Fault> {
    let now = cx.now();
    let oldest = now.plus_ns(-seconds(queue.number("MessageRetentionPeriod")));
    let mut counts = [0; 3];
    for row in s.scan(&MESSAGES, scope).prefix(&(queue.id.as_str(),)) {
        let (_, message) = row?;
        if message.sent <= oldest {
            continue;
        }
        let place = match (message.visible_at <= now, message.receives) {
            (true, _) => 0,
            (false, 0) => 2,
            (false, _) => 1,
        };
        counts[place] += 1;
    }
    Ok(Counts(counts))
}

fn describe(queue: &Queue, scope: &Scope, Counts([visible, in_flight, delayed]): Counts) -> BTreeMap<String, String> {
    let mut all = queue.attributes.clone();
    for number in limits::NUMBERS {
        if number.name != "KmsDataKeyReusePeriodSeconds" {
            all.insert(number.name.into(), queue.number(number.name).to_string());
        }
    }
    let kms = all.contains_key("KmsMasterKeyId");
    all.entry("SqsManagedSseEnabled".into()).or_insert_with(|| (!kms).to_string());
    all.insert("QueueArn".into(), queue.arn(scope));
    all.insert("CreatedTimestamp".into(), queue.created.secs().to_string());
    all.insert("LastModifiedTimestamp".into(), queue.modified.secs().to_string());
    all.insert("ApproximateNumberOfMessages".into(), visible.to_string());
    all.insert("ApproximateNumberOfMessagesNotVisible".into(), in_flight.to_string());
    all.insert("ApproximateNumberOfMessagesDelayed".into(), delayed.to_string());
    all
}
