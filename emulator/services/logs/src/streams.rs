//! Log streams.

use crate::{Error, Logs, groups::bad_token, model::*, state::*};
use kit::{Context, Fault, Read, Tx};

impl Logs {
    /// Makes a stream.
    pub async fn create_log_stream(&self, cx: &Context, input: CreateLogStreamInput) -> Result<CreateLogStreamOutput, Fault> {
        cx.store().write(|tx| create(cx, tx, &group(tx, cx, &input.log_group_name)?, &input.log_stream_name).map(drop)).await?;
        Ok(CreateLogStreamOutput {})
    }

    /// Deletes a stream with its events.
    pub async fn delete_log_stream(&self, cx: &Context, input: DeleteLogStreamInput) -> Result<DeleteLogStreamOutput, Fault> {
        cx.store()
            .write(|tx| {
                let group = group(tx, cx, &input.log_group_name)?;
                stream(tx, cx, &group, &input.log_stream_name)?;
                let leading = (group.id.as_str(), input.log_stream_name.as_str());
                let keys: Vec<EventKey> =
                    tx.by_index(&EVENTS, cx.scope(), "stream", &leading).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
                for key in &keys {
                    tx.delete(&EVENTS, cx.scope(), key)?;
                }
                tx.delete(&STREAMS, cx.scope(), &(group.id.clone(), input.log_stream_name.clone()))
            })
            .await?;
        Ok(DeleteLogStreamOutput {})
    }

    /// Streams by name or by their last event.
    pub async fn describe_log_streams(&self, cx: &Context, input: DescribeLogStreamsInput) -> Result<DescribeLogStreamsOutput, Fault> {
        let name = named(&input.log_group_name, &input.log_group_identifier)?;
        let by_time = input.order_by == Some(OrderBy::LastEventTime);
        if by_time && input.log_stream_name_prefix.is_some() {
            return Err(Error::InvalidParameter.says("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let prefix = input.log_stream_name_prefix.as_deref().unwrap_or("");
        let mut streams: Vec<Stream> = cx.store().read(|s| {
            let group = group(s, cx, name)?;
            let rows = s.scan(&STREAMS, cx.scope()).prefix(&(group.id.as_str(),)).text_prefix(prefix);
            rows.map(|row| row.map(|(_, stream)| stream)).collect::<Result<_, Fault>>()
        })?;
        if by_time {
            streams.sort_by_key(|stream| (stream.last_ms.unwrap_or(stream.created_ms), stream.name.clone()));
        }
        if input.descending == Some(true) {
            streams.reverse();
        }
        let limit = input.limit.unwrap_or(50) as usize;
        // The token carries the place in the list: an order by time has no key that stays.
        let start = match input.next_token.as_deref() {
            Some(token) => kit::pages::key_of(token).and_then(|at| at.parse::<usize>().ok()).ok_or_else(bad_token)?,
            None => 0,
        };
        let next = start.saturating_add(limit);
        let next_token = (next < streams.len()).then(|| kit::pages::token(&next.to_string()));
        let page = streams.into_iter().skip(start).take(limit).map(|stream| show(cx, name, stream)).collect();
        Ok(DescribeLogStreamsOutput { log_streams: Some(page), next_token })
    }
}

/// Makes a stream in a transaction.
pub(crate) fn create(cx: &Context, tx: &mut Tx<'_>, group: &Group, name: &str) -> Result<Stream, Fault> {
    let key = (group.id.clone(), name.to_owned());
    if tx.exists(&STREAMS, cx.scope(), &key)? {
        return Err(Error::ResourceAlreadyExists.says("The specified log stream already exists"));
    }
    let stream = Stream { name: name.to_owned(), created_ms: cx.now().millis(), ..Stream::default() };
    tx.put(&STREAMS, cx.scope(), &key, &stream)?;
    Ok(stream)
}

fn show(cx: &Context, group: &str, stream: Stream) -> LogStream {
    LogStream {
        arn: Some(format!("{}:log-stream:{}", arn(cx.scope(), group), stream.name)),
        log_stream_name: Some(stream.name),
        creation_time: Some(stream.created_ms),
        first_event_timestamp: stream.first_ms,
        last_event_timestamp: stream.last_ms,
        last_ingestion_time: stream.ingested_ms,
        upload_sequence_token: stream.ingested_ms.map(|_| crate::events::SEQUENCE_TOKEN.into()),
        stored_bytes: Some(0),
    }
}
