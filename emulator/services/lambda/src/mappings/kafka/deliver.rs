//! A batch and its function: what was dealt with is committed, what was not is tried again, split, or given up, as the mapping says.

use super::{
    Status, discard,
    event::{self, Record},
    login::Problem,
    poll::{self, Lane, Look, MOST_BYTES, Piece},
};
use crate::{
    Lambda,
    invoke::{
        run,
        run::{Call, Done},
        target,
    },
};
use kit::Fault;
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest pause between attempts, seconds. AWS tells neither this nor the first; one second, doubling, is what its queues of events do.
const MOST_PAUSE_SECS: i128 = 60;

/// What became of an invocation.
enum End {
    /// All of it was dealt with.
    Dealt,
    /// These partitions were dealt with up to these offsets, which failed; partitions that are not named were dealt with.
    Part(BTreeMap<i32, i64>, Done),
    /// None of it.
    Failed(Done),
    /// There was no room for the function, or no function.
    Refused(Fault),
}

/// Deals with the lane's next piece.
pub(super) async fn next(lambda: &Lambda, look: &Look<'_>, lane: &mut Lane) -> Result<(), Problem> {
    let Some(piece) = lane.pieces.pop_front() else { return Ok(()) };
    let Some(piece) = too_old(look, lane, piece).await? else { return Ok(()) };
    if piece.records.len() == 1 && piece.records[0].bytes > MOST_BYTES {
        // It fits into no event, and never will.
        discard::discard(look, &piece, "RecordSizeExceeded", None).await;
        return poll::commit(look, lane, piece.upto).await;
    }
    let note = |result: &str| look.topics.note(look.cx, look.key, Status { reason: None, result: result.into() });
    match invoke(lambda, look, &piece.records).await {
        End::Dealt => {
            note("OK");
            poll::commit(look, lane, piece.upto).await?;
            poll::measure(look, lane);
            poll::widen(look, lane);
            Ok(())
        }
        End::Refused(fault) => {
            note(&match fault.status {
                429 => "PROBLEM: Function call throttled.".to_owned(),
                _ => format!("PROBLEM: Function call failed. {}", fault.message),
            });
            // Not the batch's fault: it costs no retry.
            rest(look, lane, 1);
            lane.pieces.push_front(piece);
            Ok(())
        }
        End::Failed(done) => {
            note("PROBLEM: Function call failed.");
            failed(look, lane, piece, done).await
        }
        End::Part(failed_at, done) => {
            note("OK");
            let left: Vec<Record> =
                piece.records.iter().filter(|r| failed_at.get(&r.raw.partition).is_some_and(|at| r.raw.offset >= *at)).cloned().collect();
            let mut dealt = piece.upto.clone();
            dealt.extend(failed_at);
            poll::commit(look, lane, dealt).await?;
            failed(look, lane, Piece { records: left, ..piece }, done).await
        }
    }
}

/// Gives up the records that are past the mapping's age, counted from when the broker took them; what is left of the piece, if anything is.
async fn too_old(look: &Look<'_>, lane: &mut Lane, piece: Piece) -> Result<Option<Piece>, Problem> {
    let Some(most_secs) = look.topic.max_age_secs.filter(|secs| *secs >= 0) else { return Ok(Some(piece)) };
    let oldest = look.cx.now().millis() - i64::from(most_secs) * 1000;
    let Piece { records, upto, attempts } = piece;
    let (young, old): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.raw.appended_ms >= oldest);
    if !old.is_empty() {
        let old = Piece { records: old, upto: upto.clone(), attempts };
        discard::discard(look, &old, "RecordAgeExceeded", None).await;
    }
    if young.is_empty() {
        poll::commit(look, lane, upto).await?;
        return Ok(None);
    }
    Ok(Some(Piece { records: young, upto, attempts }))
}

/// The function failed with a piece: in two, once more, or away with it.
async fn failed(look: &Look<'_>, lane: &mut Lane, mut piece: Piece, done: Done) -> Result<(), Problem> {
    if look.topic.bisects == Some(true) && piece.records.len() > 1 {
        // Splitting costs no retry (AWS's guide to stream sources).
        let second = piece.records.split_off(piece.records.len().div_ceil(2));
        let upto = piece.records.iter().map(|r| (r.raw.partition, r.raw.offset + 1)).collect();
        lane.pieces.push_front(Piece { records: second, upto: piece.upto, attempts: piece.attempts });
        lane.pieces.push_front(Piece { records: piece.records, upto, attempts: piece.attempts });
        rest(look, lane, 1);
        return Ok(());
    }
    if look.topic.retries().is_some_and(|most| piece.attempts >= most) {
        discard::discard(look, &piece, "RetryAttemptsExhausted", Some(&done)).await;
        return poll::commit(look, lane, piece.upto).await;
    }
    piece.attempts += 1;
    rest(look, lane, piece.attempts);
    lane.pieces.push_front(piece);
    Ok(())
}

fn rest(look: &Look<'_>, lane: &mut Lane, attempts: u32) {
    let secs = (1i128 << attempts.saturating_sub(1).min(6)).min(MOST_PAUSE_SECS);
    lane.rest_until = Some(look.cx.now().plus_ns(secs * 1_000_000_000));
}

async fn invoke(lambda: &Lambda, look: &Look<'_>, records: &[Record]) -> End {
    let name = look.mapping.name(&look.key.0);
    let cx = look.cx.child();
    let target = match target::resolve(&cx, &name) {
        Ok(target) => target,
        Err(fault) => return End::Refused(fault),
    };
    let event = event::event(&look.mapping, &look.topic, &look.opened.bootstrap, records);
    let call = Call { name, payload: event.to_string().into(), request_id: cx.ids().uuid(), client_context: None, tail: false, sink: None };
    let turn = match lambda.turns.take().await {
        Ok(turn) => turn,
        Err(fault) => return End::Refused(fault),
    };
    let result = turn.during(cx.cloud().clock(), run::run(&lambda.pools, &cx, target, call)).await;
    match result {
        Ok(done) if done.error.is_some() => End::Failed(done),
        Ok(done) if look.mapping.reports_failures => match reported(&done.payload, &look.topic.topic, records) {
            Some(failed) if failed.is_empty() => End::Dealt,
            Some(failed) => End::Part(failed, done),
            None => End::Failed(done),
        },
        Ok(_) => End::Dealt,
        Err(fault) => End::Refused(fault),
    }
}

/// The lowest offset of each partition that a function reports as failed; `None` where the whole batch is, because the answer makes no sense.
fn reported(payload: &[u8], topic: &str, records: &[Record]) -> Option<BTreeMap<i32, i64>> {
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let list = match &answer {
        Value::Null => return Some(BTreeMap::new()),
        Value::String(text) if text.is_empty() => return Some(BTreeMap::new()),
        Value::Object(answer) => answer.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return None,
    };
    let items = match list {
        Value::Null => return Some(BTreeMap::new()),
        Value::Array(items) => items,
        _ => return None,
    };
    let mut failed = BTreeMap::new();
    for item in items {
        let id = &item["itemIdentifier"];
        let partition = id["partition"].as_str()?.strip_prefix(topic)?.strip_prefix('-')?.parse::<i32>().ok()?;
        let offset = id["offset"].as_i64()?;
        if !records.iter().any(|r| (r.raw.partition, r.raw.offset) == (partition, offset)) {
            return None;
        }
        failed.entry(partition).and_modify(|at: &mut i64| *at = offset.min(*at)).or_insert(offset);
    }
    Some(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::ports::KafkaRecord;

    #[test]
    fn the_lowest_offset_of_each_partition_counts() {
        let record = |partition, offset| Record::new("a-b", KafkaRecord { partition, offset, ..KafkaRecord::default() });
        let records = [record(0, 5), record(0, 6), record(1, 9)];
        let failed = |answer: &str| reported(answer.as_bytes(), "a-b", &records);
        let item = |partition: &str, offset: i64| format!(r#"{{"itemIdentifier":{{"partition":"{partition}","offset":{offset}}}}}"#);
        let answer = |items: &[String]| format!(r#"{{"batchItemFailures":[{}]}}"#, items.join(","));
        for nothing in ["null", "{}", "\"\"", r#"{"batchItemFailures":[]}"#] {
            assert_eq!(failed(nothing), Some(BTreeMap::new()), "{nothing}");
        }
        assert_eq!(failed(&answer(&[item("a-b-0", 6), item("a-b-0", 5), item("a-b-1", 9)])), Some([(0, 5), (1, 9)].into()));
        for senseless in [answer(&[item("a-b-0", 7)]), answer(&[item("other-0", 5)]), "[]".into(), "no json".into()] {
            assert_eq!(failed(&senseless), None, "{senseless}");
        }
    }
}
