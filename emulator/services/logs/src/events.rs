//! Events written to a stream and read back from it, forwards and backwards.

use crate::{
    Error, Logs,
    groups::bad_token,
    ingest::{self, Ingested},
    model::*,
    retention,
    state::*,
};
use kit::{Context, Fault, Read, Snapshot, Tx};

/// AWS no longer asks for sequence tokens, and still sends one.
pub(crate) const SEQUENCE_TOKEN: &str = "49590302294545061549041812428379513411386534138291217922";
/// Bytes of a batch; each event counts 26 more than its message.
const MOST_BATCH_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;
const DAY_MS: i64 = 86_400_000;

impl Logs {
    /// Appends events to a stream.
    pub async fn put_log_events(&self, cx: &Context, input: PutLogEventsInput) -> Result<PutLogEventsOutput, Fault> {
        let events = input.log_events;
        check(&events)?;
        if input.entity.is_some() {
            cx.warn("member entity has no effect");
        }
        let (ingested, rejected) = cx
            .store()
            .write(|tx| {
                let group = group(tx, cx, &input.log_group_name)?;
                let stream = stream(tx, cx, &group, &input.log_stream_name)?;
                let (accepted, rejected) = judge(cx, &group, events);
                Ok((append(cx, tx, &group, stream, accepted)?, rejected))
            })
            .await?;
        self.written(cx, cx.scope(), ingested);
        Ok(PutLogEventsOutput {
            next_sequence_token: Some(SEQUENCE_TOKEN.into()),
            rejected_log_events_info: rejected,
            rejected_entity_info: None,
        })
    }

    /// A page of a stream's events with the tokens to both sides.
    pub async fn get_log_events(&self, cx: &Context, input: GetLogEventsInput) -> Result<GetLogEventsOutput, Fault> {
        let name = named(&input.log_group_name, &input.log_group_identifier)?;
        let token = input.next_token.as_deref().map(|text| Token::read(text).ok_or_else(bad_token)).transpose()?;
        let limit = input.limit.unwrap_or(10_000) as usize;
        let page = cx.store().read(|s| {
            let group = group(s, cx, name)?;
            stream(s, cx, &group, &input.log_stream_name)?;
            let from = input.start_time.unwrap_or(0).max(group.oldest_ms(cx.now()));
            let until = input.end_time.unwrap_or(i64::MAX);
            page(cx, s, &group, &input.log_stream_name, from..until, token, input.start_from_head == Some(true), limit)
        })?;
        let fallback = token.map_or((input.start_time.unwrap_or(0), 0), |t| t.at);
        let first = page.first().map_or(fallback, |e| (e.at_ms, e.seq));
        let last = page.last().map_or(fallback, |e| (e.at_ms, e.seq));
        let events = page
            .into_iter()
            .map(|e| OutputLogEvent { timestamp: Some(e.at_ms), message: Some(e.message), ingestion_time: Some(e.ingested_ms) })
            .collect();
        Ok(GetLogEventsOutput {
            events: Some(events),
            next_forward_token: Some(Token { forward: true, at: last }.to_string()),
            next_backward_token: Some(Token { forward: false, at: first }.to_string()),
        })
    }
}

/// Order, size and span of a batch.
fn check(events: &[InputLogEvent]) -> Result<(), Fault> {
    let invalid = |text: &str| Err(Error::InvalidParameter.says(text));
    if events.windows(2).any(|pair| pair[0].timestamp > pair[1].timestamp) {
        return invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && last.timestamp - first.timestamp > DAY_MS
    {
        return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    }
    let bytes: usize = events.iter().map(|e| e.message.len() + EVENT_BYTES).sum();
    match bytes > MOST_BATCH_BYTES {
        true => invalid(&format!("Upload too large: {bytes} bytes exceeds limit of {MOST_BATCH_BYTES}")),
        false => Ok(()),
    }
}

/// Takes out what is too old, expired or too new; AWS accepts the rest and says where the borders were.
fn judge(cx: &Context, group: &Group, events: Vec<InputLogEvent>) -> (Vec<InputLogEvent>, Option<RejectedLogEventsInfo>) {
    let now = cx.now().millis();
    let count = |before: i64| events.iter().take_while(|e| e.timestamp < before).count();
    let too_old = count(now - 14 * DAY_MS);
    let expired = count(group.oldest_ms(cx.now()));
    let fresh = count(now + 2 * 3_600_000 + 1);
    let total = events.len();
    let index = |n: usize| (n > 0).then_some(n as i32);
    let info = RejectedLogEventsInfo {
        too_old_log_event_end_index: index(too_old),
        expired_log_event_end_index: index(expired),
        too_new_log_event_start_index: (fresh < total).then_some(fresh as i32),
    };
    let accepted = events.into_iter().take(fresh).skip(too_old.max(expired)).collect();
    (accepted, (info != RejectedLogEventsInfo::default()).then_some(info))
}

/// Appends events that were judged; what comes of them is measured by the caller behind the commit.
pub(crate) fn append(
    cx: &Context,
    tx: &mut Tx<'_>,
    group: &Group,
    mut stream: Stream,
    events: Vec<InputLogEvent>,
) -> Result<Ingested, Fault> {
    if events.is_empty() {
        return ingest::follow(cx, tx, cx.scope(), group, Vec::new());
    }
    let mut rows = Vec::with_capacity(events.len());
    let ingested_ms = cx.now().millis();
    for event in events {
        let at_ms = event.timestamp;
        stream.first_ms = Some(stream.first_ms.map_or(at_ms, |first| first.min(at_ms)));
        stream.last_ms = Some(stream.last_ms.map_or(at_ms, |last| last.max(at_ms)));
        stream.bytes += (event.message.len() + EVENT_BYTES) as u64;
        let row = Event {
            group_id: group.id.clone(),
            stream: stream.name.clone(),
            at_ms,
            seq: tx.next_seq("logs.events"),
            ingested_ms,
            message: event.message,
        };
        tx.put(&EVENTS, cx.scope(), &row.key(), &row)?;
        rows.push(row);
    }
    stream.ingested_ms = Some(ingested_ms);
    tx.put(&STREAMS, cx.scope(), &(group.id.clone(), stream.name.clone()), &stream)?;
    retention::plan(cx, tx, group)?;
    ingest::follow(cx, tx, cx.scope(), group, rows)
}

/// Where a page ended: `f/` goes on behind it, `b/` before it.
#[derive(Clone, Copy)]
struct Token {
    forward: bool,
    at: (i64, u64),
}

impl Token {
    fn read(text: &str) -> Option<Token> {
        let (side, digits) = text.split_once('/')?;
        if digits.len() != 56 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let at = (digits[..28].parse().ok()?, digits[28..].parse().ok()?);
        matches!(side, "f" | "b").then_some(Token { forward: side == "f", at })
    }
}
impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{:028}{:028}", if self.forward { 'f' } else { 'b' }, self.at.0.max(0), self.at.1)
    }
}

#[allow(clippy::too_many_arguments)]
fn page(
    cx: &Context,
    s: &Snapshot<'_>,
    group: &Group,
    stream: &str,
    times: std::ops::Range<i64>,
    token: Option<Token>,
    from_head: bool,
    limit: usize,
) -> Result<Vec<Event>, Fault> {
    let leading = (group.id.as_str(), stream);
    let mut scan = s.by_index(&EVENTS, cx.scope(), "stream", &leading).from(&(group.id.as_str(), stream, times.start)).until(&(
        group.id.as_str(),
        stream,
        times.end,
    ));
    let forward = match token {
        Some(Token { forward: true, at }) => {
            scan = scan.after(&(group.id.as_str(), stream, at.0, at.1));
            true
        }
        Some(Token { forward: false, at }) => {
            scan = scan.until(&(group.id.as_str(), stream, at.0, at.1));
            false
        }
        None => from_head,
    };
    let scan = if forward { scan } else { scan.reverse() };
    let mut page = Vec::new();
    let mut bytes = 0;
    for row in scan.limit(limit) {
        let (_, event) = row?;
        bytes += event.message.len() + EVENT_BYTES;
        if bytes > MOST_BATCH_BYTES && !page.is_empty() {
            break;
        }
        page.push(event);
    }
    if !forward {
        page.reverse();
    }
    Ok(page)
}
