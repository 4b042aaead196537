//! How messages are picked: by the time they became visible on standard queues, group by group and in order on FIFO queues. What was received
//! too often goes to the dead-letter queue, what is past its time goes for good.

use crate::{duplicates, groups, receive::Ask, redrive, rows, state::*};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};

/// Messages of a standard queue, at most `room`.
pub(crate) fn visible(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    ask: &Ask,
    room: usize,
) -> Result<Vec<StoredMessage>, Fault> {
    let now = cx.now();
    let picking = Picking::new(cx, scope, queue, ask);
    let mut taken = Vec::new();
    loop {
        let left = room - taken.len();
        // A page at a time, for messages that go to the dead-letter queue don't count.
        let page: Vec<StoredMessage> = tx
            .by_index(&MESSAGES, scope, "visible", &(queue.id.as_str(),))
            .until(&(queue.id.as_str(), now.plus_ns(1)))
            .limit(left)
            .map(|row| row.map(|(_, message)| message))
            .collect::<Result<_, _>>()?;
        let full = page.len() == left;
        let before = taken.len();
        for message in page {
            taken.extend(picking.pick(tx, message)?);
        }
        // With a visibility timeout of 0 the same messages would come again.
        if taken.len() == room || !full || (picking.hidden_until <= now && taken.len() > before) {
            return Ok(taken);
        }
    }
}

/// Messages of a FIFO queue, at most `room`: as many of one group as there are, then of the next. A group's messages are taken up to the
/// first that is hidden (test_fifo_group_visibility_extends_with_change_message_visibility).
pub(crate) fn in_groups(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    ask: &Ask,
    room: usize,
) -> Result<Vec<StoredMessage>, Fault> {
    let now = cx.now();
    let picking = Picking::new(cx, scope, queue, ask);
    if let Some(again) = same_attempt(tx, &picking)? {
        return Ok(again);
    }
    let (mut taken, mut done) = (Vec::new(), Vec::new());
    while taken.len() < room {
        let Some(group) = groups::open(tx, scope, queue, now, &done)? else { break };
        let page: Vec<StoredMessage> = tx
            .by_index(&MESSAGES, scope, "group", &(queue.id.as_str(), group.as_str()))
            .limit(room - taken.len())
            .take_while(|row| row.as_ref().map_or(true, |(_, m)| m.visible_at <= now))
            .map(|row| row.map(|(_, message)| message))
            .collect::<Result<_, _>>()?;
        let mut gone = 0;
        for message in &page {
            match picking.pick(tx, message.clone())? {
                Some(message) => taken.push(message),
                None => gone += 1,
            }
        }
        // A group whose first messages all went may have others behind them.
        if gone < page.len() || page.is_empty() {
            done.push(group);
        }
    }
    if let (Some(attempt), false) = (&ask.attempt, taken.is_empty()) {
        let received = taken.iter().map(|m| (m.seq, m.receives)).collect();
        duplicates::remember_attempt(tx, scope, queue, now, attempt, received)?;
    }
    Ok(taken)
}

/// The messages of the same attempt before, hidden anew, as long as none of them was deleted, changed or visible since.
fn same_attempt(tx: &mut Tx<'_>, picking: &Picking<'_>) -> Result<Option<Vec<StoredMessage>>, Fault> {
    let Picking { cx, scope, queue, .. } = picking;
    let Some(attempt) = &picking.ask.attempt else { return Ok(None) };
    let Some(received) = duplicates::attempt(tx, scope, queue, cx.now(), attempt)? else { return Ok(None) };
    let mut again = Vec::new();
    for (seq, receives) in received {
        match tx.get(&MESSAGES, scope, &(queue.id.clone(), seq))? {
            Some(message) if message.receives == receives && message.visible_at > cx.now() => again.push(message),
            _ => return Ok(None),
        }
    }
    for message in &mut again {
        message.visible_at = picking.hidden_until;
        rows::change(tx, scope, queue, message)?;
    }
    Ok(Some(again))
}

/// One receive and what it does to messages.
struct Picking<'a> {
    cx: &'a Context,
    scope: &'a Scope,
    queue: &'a Queue,
    ask: &'a Ask,
    redrive: Option<redrive::Policy>,
    hidden_until: Timestamp,
}

impl<'a> Picking<'a> {
    fn new(cx: &'a Context, scope: &'a Scope, queue: &'a Queue, ask: &'a Ask) -> Picking<'a> {
        let secs = ask.visibility_secs.unwrap_or_else(|| queue.number("VisibilityTimeout"));
        Picking { cx, scope, queue, ask, redrive: redrive::Policy::of(queue), hidden_until: cx.now().plus_ns(seconds(secs)) }
    }
    /// Receives a message that is visible; `None` where it went to the dead-letter queue or is past its time.
    fn pick(&self, tx: &mut Tx<'_>, mut message: StoredMessage) -> Result<Option<StoredMessage>, Fault> {
        let now = self.cx.now();
        if message.kept_since <= self.queue.oldest(now) {
            rows::remove(tx, self.scope, self.queue, &message)?;
            return Ok(None);
        }
        if let Some(policy) = &self.redrive
            && message.receives >= policy.max_receives
            && redrive::bury(self.cx, tx, self.scope, self.queue, policy, &message)?
        {
            return Ok(None);
        }
        message.receives += 1;
        message.first_received.get_or_insert(now);
        message.visible_at = self.hidden_until;
        rows::change(tx, self.scope, self.queue, &message)?;
        Ok(Some(message))
    }
}
