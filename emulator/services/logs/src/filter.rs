//! FilterLogEvents: a group's events in the order of time, by stream, time and pattern.

use crate::{Error, Logs, groups::bad_token, model::*, pattern::Pattern, state::*};
use kit::{Context, Fault, Read};

/// Events that one call looks at; the token leads on.
const MOST_SEEN: usize = 100_000;
const MOST_BYTES: usize = 1_048_576;

impl Logs {
    /// Events that match.
    pub async fn filter_log_events(&self, cx: &Context, input: FilterLogEventsInput) -> Result<FilterLogEventsOutput, Fault> {
        let name = named(&input.log_group_name, &input.log_group_identifier)?;
        if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
            return Err(Error::InvalidParameter.says("Cannot specify both logStreamNames and logStreamNamePrefix."));
        }
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or(""))?;
        let start = input.next_token.as_deref().map(|token| place(token).ok_or_else(bad_token)).transpose()?;
        let limit = input.limit.unwrap_or(10_000) as usize;
        let wanted = |stream: &str| {
            input.log_stream_names.as_ref().is_none_or(|names| names.iter().any(|n| n == stream))
                && input.log_stream_name_prefix.as_ref().is_none_or(|prefix| stream.starts_with(prefix.as_str()))
        };
        let (found, next) = cx.store().read(|s| {
            let group = group(s, cx, name)?;
            for stream_name in input.log_stream_names.iter().flatten() {
                stream(s, cx, &group, stream_name)?;
            }
            let from = input.start_time.unwrap_or(0).max(group.oldest_ms(cx.now()));
            // Unlike GetLogEvents, the end is part of the span.
            let until = input.end_time.map_or(i64::MAX, |end| end.saturating_add(1));
            let mut scan = s.scan(&EVENTS, cx.scope()).from(&(group.id.as_str(), from)).until(&(group.id.as_str(), until));
            scan = scan.prefix(&(group.id.as_str(),));
            if let Some((at, seq)) = start {
                scan = scan.after(&(group.id.clone(), at, seq));
            }
            let (mut found, mut bytes) = (Vec::new(), 0);
            for (seen, row) in scan.enumerate() {
                let ((_, at, seq), event) = row?;
                if wanted(&event.stream) && pattern.matches(&event.message) {
                    bytes += event.message.len() + 26;
                    found.push(event);
                }
                if found.len() >= limit || bytes >= MOST_BYTES || seen + 1 >= MOST_SEEN {
                    return Ok::<_, Fault>((found, Some(format!("{at}/{seq}"))));
                }
            }
            Ok((found, None))
        })?;
        let events = found.into_iter().map(show).collect();
        Ok(FilterLogEventsOutput {
            events: Some(events),
            searched_log_streams: Some(Vec::new()),
            next_token: next.map(|key| kit::pages::token(&key)),
        })
    }
}

fn place(token: &str) -> Option<(i64, u64)> {
    let key = kit::pages::key_of(token)?;
    let (at, seq) = key.split_once('/')?;
    Some((at.parse().ok()?, seq.parse().ok()?))
}

fn show(event: Event) -> FilteredLogEvent {
    FilteredLogEvent {
        event_id: Some(event.id()),
        log_stream_name: Some(event.stream),
        timestamp: Some(event.at_ms),
        message: Some(event.message),
        ingestion_time: Some(event.ingested_ms),
    }
}
