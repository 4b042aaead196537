//! The port by which functions and other services write their lines.

use crate::{Error, Logs, events, groups, model::InputLogEvent, state::*, streams};
use kit::{BoxFuture, Context, Fault, Grant, Read, Timestamp, ports::LogLines};

/// Lines longer than AWS takes are cut.
const MOST_LINE_BYTES: usize = 1_048_576 - 26;

impl LogLines for Logs {
    fn append<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        group: &'a str,
        stream: &'a str,
        lines: Vec<(Timestamp, String)>,
        create: bool,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            grant.covers("logs:PutLogEvents", &format!("{}:log-stream:{stream}", arn(cx.scope(), group)))?;
            let mut events: Vec<InputLogEvent> =
                lines.into_iter().map(|(at, text)| InputLogEvent { timestamp: at.millis(), message: cut(text) }).collect();
            events.sort_by_key(|event| event.timestamp);
            let ingested = cx
                .store()
                .write(|tx| {
                    let name = group.to_owned();
                    if create && !tx.exists(&GROUPS, cx.scope(), &name)? {
                        groups::create(cx, tx, group, None, Default::default())?;
                    }
                    let found = crate::state::group(tx, cx, group)?;
                    let row = match tx.get(&STREAMS, cx.scope(), &(found.id.clone(), stream.to_owned()))? {
                        Some(row) => row,
                        None if create => streams::create(cx, tx, &found, stream)?,
                        None => return Err(Error::ResourceNotFound.says("The specified log stream does not exist.")),
                    };
                    events::append(cx, tx, &found, row, events)
                })
                .await?;
            self.written(cx, cx.scope(), ingested);
            Ok(())
        })
    }

    fn exists(&self, cx: &Context, group: &str) -> bool {
        cx.store().read(|s| s.exists(&GROUPS, cx.scope(), &group.to_owned())).unwrap_or(false)
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MOST_LINE_BYTES {
        let end = (0..=MOST_LINE_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
