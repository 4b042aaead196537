//! Bringing lines into the target bucket, as AWS's logging service: the target's policy, or its list, must let it in.

use super::{Delivery, LINES, Target, Waiting};
use crate::{
    acl::{self, Given, groups::LOG_PRINCIPAL},
    state::{self, Found},
    versions,
};
use kit::{Body, Context, Fault, Need, Read, RecordKind, Timestamp, Tx, ports::NewObject, store::TaskRow};

/// Most lines of one log object.
const MOST_LINES: usize = 10_000;

/// Delivers what was written down before this task came due.
pub(crate) async fn deliver(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let Delivery { bucket } = task.payload()?;
    let Ok(source) = cx.store().read(|s| state::find(s, &bucket)) else { return Ok(()) };
    loop {
        let Some((target, lines)) = cx.store().read(|s| batch(s, &source, task.due))? else { return Ok(()) };
        let outcome = put(cx, &source, &target, &lines).await;
        let told = outcome.as_ref().err().map_or("ok", |fault| &*fault.code).to_owned();
        let detail =
            serde_json::json!({ "bucket": bucket, "lines": lines.len(), "message": outcome.as_ref().err().map(|f| f.message.clone()) });
        cx.cloud().journal().write(cx, RecordKind::Event, "s3", "DeliverAccessLog", &target.bucket, &told, detail);
        match outcome {
            Err(fault) if fault.status >= 500 => return Err(fault),
            // As on AWS, lines that may not be delivered are gone; the journal says so.
            _ => cx.store().write(|tx| drop_lines(tx, &source, &lines)).await?,
        }
    }
}

type Lines = Vec<((String, u64), Waiting)>;

/// The next lines that go into one object: of one target, and of one day where keys are partitioned by the day of the event.
fn batch(read: &impl Read, source: &Found, before: Timestamp) -> Result<Option<(Target, Lines)>, Fault> {
    let mut lines = Lines::new();
    for row in read.scan(&LINES, &source.scope).prefix(&(source.name.as_str(),)).limit(MOST_LINES) {
        let (key, line) = row?;
        let fits = lines.first().is_none_or(|(_, first)| {
            let by_event = first.target.partitioned.as_deref() == Some("EventTime");
            first.target == line.target && (!by_event || kit::time::date(first.at) == kit::time::date(line.at))
        });
        if line.at >= before || !fits {
            break;
        }
        lines.push((key, line));
    }
    Ok(lines.first().map(|(_, first)| first.target.clone()).map(|target| (target, lines)))
}

async fn put(cx: &Context, source: &Found, target: &Target, lines: &Lines) -> Result<(), Fault> {
    let bucket = cx.store().read(|s| state::find(s, &target.bucket))?;
    let cx = &cx.in_scope(bucket.scope.clone()).as_service(LOG_PRINCIPAL, &source.arn(), &source.scope.account);
    let key = key_of(cx, source, target, lines);
    let need = Need::on("s3:PutObject", format!("{}/{key}", bucket.arn())).owned_by(&*bucket.scope.account);
    let grant = cx.grant(&need)?;
    let text: String = lines.iter().map(|(_, line)| format!("{}\n", line.text)).collect();
    let object =
        NewObject { bucket: bucket.name.clone(), key: key.clone(), content_type: Some("text/plain".into()), ..NewObject::default() };
    cx.cloud().ports().objects()?.put(cx, grant, object, Body::from_bytes(text)).await?;
    if target.grants.is_empty() || acl::enforced(bucket.bucket.ownership.as_deref()) {
        return Ok(());
    }
    cx.store().write(|tx| share(tx, cx, &bucket, &key, target)).await
}

/// Lets those read the log whom the configuration names.
fn share(tx: &mut Tx<'_>, cx: &Context, bucket: &Found, key: &str, target: &Target) -> Result<(), Fault> {
    let Some(mut version) = versions::current(tx, bucket, key)? else { return Ok(()) };
    let owner = Given::full_control(&bucket.scope.account);
    version.object.acl = Some(std::iter::once(owner).chain(target.grants.iter().cloned()).collect());
    versions::write(tx, cx, bucket, key, version).map(|_| ())
}

fn drop_lines(tx: &mut Tx<'_>, source: &Found, lines: &Lines) -> Result<(), Fault> {
    lines.iter().try_for_each(|(key, _)| tx.delete(&LINES, &source.scope, key).map(|_| ()))
}

/// `prefix` + `YYYY-MM-DD-hh-mm-ss-UNIQUE`; partitioned, account, region, bucket and date stand before it.
fn key_of(cx: &Context, source: &Found, target: &Target, lines: &Lines) -> String {
    let unique = cx.ids().hex(16).to_uppercase();
    let stamp =
        |at: Timestamp, form: &str| jiff::Timestamp::from_nanosecond(at.unix_ns).unwrap_or(jiff::Timestamp::MAX).strftime(form).to_string();
    let (at, time) = match target.partitioned.as_deref() {
        // AWS zeroes the time of day in names of logs that are sorted by the day of the event.
        Some("EventTime") => (lines.first().map_or(cx.now(), |(_, line)| line.at), "%Y-%m-%d-00-00-00"),
        _ => (cx.now(), "%Y-%m-%d-%H-%M-%S"),
    };
    let name = format!("{}-{unique}", stamp(at, time));
    match target.partitioned {
        None => format!("{}{name}", target.prefix),
        Some(_) => {
            let place = format!("{}/{}/{}", source.scope.account, source.bucket.region, source.name);
            format!("{}{place}/{}/{name}", target.prefix, stamp(at, "%Y/%m/%d"))
        }
    }
}

/// Lines of a bucket that is deleted go with it.
pub(crate) fn forget(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    let keys: Vec<_> = tx.scan(&LINES, &found.scope).prefix(&(found.name.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&LINES, &found.scope, key).map(|_| ()))
}
