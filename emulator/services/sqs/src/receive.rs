//! Receiving: what is visible now, or the wait until something is. How a queue picks its messages is `take`'s.

use crate::{Error, Sqs, groups, kms::Sealed, limits, messages, metrics, model::*, redrive, state::*, sums, take, urls};
use kit::{Context, Fault, Read, Scope, Timestamp};
use std::{collections::BTreeMap, time::Duration};

/// What a caller asks for.
pub(crate) struct Ask {
    pub most: usize,
    pub visibility_secs: Option<i64>,
    /// ReceiveRequestAttemptId; of FIFO queues.
    pub attempt: Option<String>,
    system: Vec<String>,
    attributes: Vec<String>,
}

/// What a look at a queue finds, before the writer's turn is taken.
struct Look {
    queue: Queue,
    /// When the first message can be received.
    next: Option<Timestamp>,
    /// The data key of that message.
    sealed: Option<Sealed>,
    room: usize,
}

impl Sqs {
    /// Receives up to ten messages, waiting as long as the caller or the queue says.
    pub async fn receive_message(&self, cx: &Context, input: ReceiveMessageInput) -> Result<ReceiveMessageOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let (system, attributes) = (asked_system(&input), input.message_attribute_names.clone().unwrap_or_default());
        let ask = Ask {
            most: limits::between("MaxNumberOfMessages", input.max_number_of_messages.unwrap_or(1), 1, 10)? as usize,
            visibility_secs: input.visibility_timeout.map(|n| limits::between("VisibilityTimeout", n, 0, 43_200)).transpose()?,
            attempt: input.receive_request_attempt_id,
            system,
            attributes,
        };
        let queue = cx.store().read(|s| queue(s, &scope, &name))?;
        if let Some(attempt) = &ask.attempt {
            if !queue.is_fifo() {
                return Err(limits::wrong_type("ReceiveRequestAttemptId", attempt));
            }
            limits::token("ReceiveRequestAttemptId", attempt)?;
        }
        let wait = match input.wait_time_seconds {
            Some(secs) => limits::between("WaitTimeSeconds", secs, 0, 20)?,
            None => queue.number("ReceiveMessageWaitTimeSeconds"),
        };
        self.pace.take(cx, &queue, "receive")?;
        let messages = self.poll(cx, &scope, &name, &ask, wait).await?;
        metrics::received(cx, &scope, &name, messages.len());
        let shown: Vec<Message> = messages.iter().map(|message| show(message, &ask)).collect();
        Ok(ReceiveMessageOutput { messages: (!shown.is_empty()).then_some(shown) })
    }

    async fn poll(&self, cx: &Context, scope: &Scope, name: &str, ask: &Ask, wait_secs: i64) -> Result<Vec<StoredMessage>, Fault> {
        let until = cx.now().plus_ns(seconds(wait_secs));
        let clock = cx.cloud().clock();
        // A frozen clock must not hold a client's socket for longer than it asked.
        let real_end = clock.real_sleep(Duration::from_secs(wait_secs as u64));
        tokio::pin!(real_end);
        loop {
            let arrived = self.arrivals.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let (messages, next) = self.take(cx, scope, name, ask, wait_secs > 0).await?;
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

    /// What can be received now, and when the next message can be.
    async fn take(
        &self,
        cx: &Context,
        scope: &Scope,
        name: &str,
        ask: &Ask,
        long: bool,
    ) -> Result<(Vec<StoredMessage>, Option<Timestamp>), Fault> {
        // Most polls find nothing: look before taking the writer's turn. An attempt may find messages that are hidden.
        let look = self.look(cx, scope, name, ask)?;
        if look.next.is_none_or(|at| at > cx.now()) && ask.attempt.is_none() {
            return Ok((Vec::new(), look.next));
        }
        if look.room == 0 {
            // AWS answers short polls of standard queues with an error and finds nothing otherwise.
            return match look.queue.is_fifo() || long {
                true => Ok((Vec::new(), None)),
                false => Err(Error::OverLimit.says("Too many messages are in flight: the queue has reached its limit.").status(403)),
            };
        }
        if let Some(sealed) = &look.sealed {
            self.data_keys.open(cx, scope, &look.queue, sealed).await?;
        }
        let mut taken = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, scope, name)?;
                let taken = match queue.is_fifo() {
                    true => take::in_groups(cx, tx, scope, &queue, ask, look.room)?,
                    false => take::visible(cx, tx, scope, &queue, ask, look.room)?,
                };
                Ok((taken, next(tx, scope, &queue)?))
            })
            .await?;
        self.flight.took(&look.queue, taken.0.len());
        // Some may be in the dead-letter queue now, where others wait for them.
        if redrive::Policy::of(&look.queue).is_some() {
            self.arrivals.notify_waiters();
        }
        taken.0 = self.data_keys.unseal(cx, scope, &look.queue, taken.0).await?;
        Ok(taken)
    }

    fn look(&self, cx: &Context, scope: &Scope, name: &str, ask: &Ask) -> Result<Look, Fault> {
        cx.store().read(|s| {
            let queue = queue(s, scope, name)?;
            let next = next(s, scope, &queue)?;
            let first = match queue.attributes.contains_key("KmsMasterKeyId") || next.is_none() {
                true => s.by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),)).first()?,
                false => None,
            };
            let room = self.flight.room(s, scope, &queue, cx.now(), ask.most)?;
            Ok(Look { next, sealed: first.and_then(|(_, message)| message.sealed), room, queue })
        })
    }
}

/// When the first message of a queue can be received.
pub(crate) fn next(read: &impl Read, scope: &Scope, queue: &Queue) -> Result<Option<Timestamp>, Fault> {
    if queue.is_fifo() {
        return groups::next(read, scope, queue);
    }
    Ok(read.by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),)).first()?.map(|(_, m)| m.visible_at))
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
