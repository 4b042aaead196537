//! Attributes of queues: what was set, what follows from the messages.

use crate::{
    Sqs, flight,
    model::*,
    redrive, retention,
    settings::{self, Moment, Settings},
    state::*,
    urls,
};
use kit::{Context, Fault, Read, Scope, Timestamp};

impl Sqs {
    /// The attributes asked for.
    pub async fn get_queue_attributes(&self, cx: &Context, input: GetQueueAttributesInput) -> Result<GetQueueAttributesOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let wanted = input.attribute_names.unwrap_or_default();
        settings::asked(&wanted)?;
        let all = cx.store().read(|s| {
            let queue = queue(s, &scope, &name)?;
            Ok::<_, Fault>(describe(&queue, &scope, counts(s, &scope, &queue, cx.now())?))
        })?;
        let asked = |name: &str| wanted.iter().any(|w| w == "All" || w == name);
        let found: Settings = all.into_iter().filter(|(name, _)| asked(name)).collect();
        Ok(GetQueueAttributesOutput { attributes: (!found.is_empty()).then_some(found) })
    }

    /// Sets attributes; an empty text takes Policy, RedrivePolicy, RedriveAllowPolicy and KmsMasterKeyId away.
    pub async fn set_queue_attributes(&self, cx: &Context, input: SetQueueAttributesInput) -> Result<SetQueueAttributesOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        cx.store()
            .write(|tx| {
                let mut queue = queue(tx, &scope, &name)?;
                let attributes = settings::checked(input.attributes, queue.is_fifo(), Moment::Setting)?;
                redrive::check(tx, &scope, &name, &attributes)?;
                let kept = queue.number("MessageRetentionPeriod");
                settings::set(&mut queue, attributes, cx.now());
                settings::together(&queue)?;
                queue.modified = cx.now();
                tx.put(&QUEUES, &scope, &name, &queue)?;
                match kept == queue.number("MessageRetentionPeriod") {
                    true => Ok(()),
                    false => retention::replan(tx, &scope, &queue),
                }
            })
            .await?;
        Ok(SetQueueAttributesOutput {})
    }
}

/// How many messages of a queue are where.
pub(crate) struct Counts {
    pub visible: usize,
    pub in_flight: usize,
    pub delayed: usize,
}

pub(crate) fn counts(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp) -> Result<Counts, Fault> {
    let all = || read.by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),));
    let hidden_from = (queue.id.as_str(), now.plus_ns(1));
    let visible = number(all().until(&hidden_from).keys())?;
    let hidden = number(all().from(&hidden_from).keys())?;
    let in_flight = flight::count(read, scope, queue, now)?;
    Ok(Counts { visible, in_flight, delayed: hidden.saturating_sub(in_flight) })
}

fn number<K>(mut keys: impl Iterator<Item = Result<K, Fault>>) -> Result<usize, Fault> {
    keys.try_fold(0, |n, key| key.map(|_| n + 1))
}

fn describe(queue: &Queue, scope: &Scope, counts: Counts) -> Settings {
    let mut all = settings::shown(queue);
    all.insert("QueueArn".into(), queue.arn(scope));
    all.insert("CreatedTimestamp".into(), queue.created.secs().to_string());
    all.insert("LastModifiedTimestamp".into(), queue.modified.secs().to_string());
    all.insert("ApproximateNumberOfMessages".into(), counts.visible.to_string());
    all.insert("ApproximateNumberOfMessagesNotVisible".into(), counts.in_flight.to_string());
    all.insert("ApproximateNumberOfMessagesDelayed".into(), counts.delayed.to_string());
    all
}
