//! Receiving: what is visible now, or the wait until something is; messages received too often go to the dead-letter queue.

use crate::{Sqs, limits, messages, model::*, redrive, state::*, sums, urls};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use std::{collections::BTreeMap, time::Duration};

struct Ask {
    most: usize,
    visibility_secs: Option<i64>,
    system: Vec<String>,
    attributes: Vec<String>,
}

impl Sqs {
    /// Receives up to ten messages, waiting as long as the caller or the queue says.
    pub async fn receive_message(&self, cx: &Context, input: ReceiveMessageInput) -> Result<ReceiveMessageOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let (system, attributes) = (asked_system(&input), input.message_attribute_names.clone().unwrap_or_default());
        let ask = Ask {
            most: limits::between("MaxNumberOfMessages", input.max_number_of_messages.unwrap_or(1), 1, 10)? as usize,
            visibility_secs: input.visibility_timeout.map(|n| limits::between("VisibilityTimeout", n, 0, 43_200)).transpose()?,
            system,
            attributes,
        };
        let queue = cx.store().read(|s| queue(s, &scope, &name))?;
        let wait = match input.wait_time_seconds {
            Some(secs) => limits::between("WaitTimeSeconds", secs, 0, 20)?,
            None => queue.number("ReceiveMessageWaitTimeSeconds"),
        };
        let messages = self.poll(cx, &scope, &name, &ask, wait).await?;
        Ok(ReceiveMessageOutput { messages: (!messages.is_empty()).then_some(messages) })
    }

    async fn poll(&self, cx: &Context, scope: &Scope, name: &str, ask: &Ask, wait_secs: i64) -> Result<Vec<Message>, Fault> {
        let until = cx.now().plus_ns(seconds(wait_secs));
        let clock = cx.cloud().clock();
        // A frozen clock must not hold a client's socket for longer than it asked.
        let real_end = clock.real_sleep(Duration::from_secs(wait_secs as u64));
        tokio::pin!(real_end);
        loop {
            let arrived = self.arrivals.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let (messages, next) = self.take(cx, scope, name, ask).await?;
            if !messages.is_empty() || cx.now() >= until {
                return Ok(messages);
            }
            let wake = next.map_or(until, |next| next.min(until));
            let over = cx
                .parked(async {
                    tokio::select! {
                        _ = &mut arrived => false,
                        _ = clock.sleep_until(wake) => false,
                        _ = &mut real_end => true,
                    }
                })
                .await;
            if over {
                return Ok(Vec::new());
            }
        }
    }

    /// What is visible now, and when the next message will be.
    async fn take(&self, cx: &Context, scope: &Scope, name: &str, ask: &Ask) -> Result<(Vec<Message>, Option<Timestamp>), Fault> {
        // Most polls find nothing: look before taking the writer's turn.
        let looked = cx.store().read(|s| {
            let queue = queue(s, scope, name)?;
            let first = s.by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),)).first()?;
            Ok::<_, Fault>(first.map(|(_, message)| message.visible_at))
        })?;
        match looked {
            Some(at) if at <= cx.now() => {}
            later => return Ok((Vec::new(), later)),
        }
        cx.store()
            .write(|tx| {
                let queue = queue(tx, scope, name)?;
                let taken = visible(cx, tx, scope, &queue, ask)?;
                let next = tx.by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),)).first()?.map(|(_, m)| m.visible_at);
                Ok((taken, next))
            })
            .await
    }
}

fn visible(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, ask: &Ask) -> Result<Vec<Message>, Fault> {
    let now = cx.now();
    let oldest = now.plus_ns(-seconds(queue.number("MessageRetentionPeriod")));
    let hidden_until = now.plus_ns(seconds(ask.visibility_secs.unwrap_or_else(|| queue.number("VisibilityTimeout"))));
    let redrive = redrive::Policy::of(queue);
    let mut taken = Vec::new();
    loop {
        let left = ask.most - taken.len();
        // A page at a time, for messages that go to the dead-letter queue don't count.
        let page: Vec<StoredMessage> = tx
            .by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),))
            .until(&(queue.id.as_str(), now.plus_ns(1)))
            .limit(left)
            .map(|row| row.map(|(_, message)| message))
            .collect::<Result<_, _>>()?;
        let full = page.len() == left;
        let before = taken.len();
        for mut message in page {
            if message.sent <= oldest {
                tx.delete(&MESSAGES, scope, &(queue.id.clone(), message.seq))?;
                continue;
            }
            if let Some(policy) = &redrive
                && message.receives >= policy.max_receives
                && redrive::bury(tx, scope, queue, policy, &message)?
            {
                continue;
            }
            message.receives += 1;
            message.first_received.get_or_insert(now);
            message.visible_at = hidden_until;
            tx.put(&MESSAGES, scope, &(queue.id.clone(), message.seq), &message)?;
            taken.push(show(&message, ask));
        }
        // With a visibility timeout of 0 the same messages would come again.
        if taken.len() == ask.most || !full || (hidden_until <= now && taken.len() > before) {
            return Ok(taken);
        }
    }
}

fn asked_system(input: &ReceiveMessageInput) -> Vec<String> {
    let old = input.attribute_names.iter().flatten().cloned();
    let new = input.message_system_attribute_names.iter().flatten().map(|name| name.as_str().to_owned());
    old.chain(new).collect()
}

fn show(message: &StoredMessage, ask: &Ask) -> Message {
    let mut system = message.system.clone();
    system.insert("SenderId".into(), message.sender.clone());
    system.insert("SentTimestamp".into(), message.sent.millis().to_string());
    system.insert("ApproximateReceiveCount".into(), message.receives.to_string());
    system.insert("ApproximateFirstReceiveTimestamp".into(), message.first_received.unwrap_or(message.sent).millis().to_string());
    system.retain(|name, _| ask.system.iter().any(|asked| asked == "All" || asked == name));
    let wanted = |name: &str| {
        ask.attributes.iter().any(|asked| {
            let prefix = asked.strip_suffix(".*").or(asked.strip_suffix('*'));
            asked == "All" || asked == name || prefix.is_some_and(|prefix| name.starts_with(prefix))
        })
    };
    let attributes: BTreeMap<_, _> =
        message.attributes.iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
    Message {
        message_id: Some(message.id.clone()),
        receipt_handle: Some(messages::handle(message)),
        md5_of_body: Some(sums::body(&message.body)),
        body: Some(message.body.clone()),
        attributes: (!system.is_empty()).then_some(system),
        md5_of_message_attributes: sums::attributes(&attributes),
        message_attributes: (!attributes.is_empty()).then_some(attributes),
    }
}
