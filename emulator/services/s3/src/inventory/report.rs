//! Writing a report: files of bounded size, then the manifest that names them, its checksum, and the link that Hive reads.
//!
//! AWS writes the first report within two days; here each is written at midnight UTC, weekly ones on Sundays. S3 writes as itself on behalf of
//! the source bucket: the destination's policy must let it.

use super::{
    columns::{Cell, Columns},
    config::{KIND, bucket_of},
    csv, orc,
};
use crate::{
    configuration::listed,
    encryption::Asked,
    model::{InventoryConfiguration, InventoryFormat, InventoryFrequency, InventoryS3BucketDestination},
    port,
    state::{self, Found, OBJECTS, Object, VersionKey},
};
use kit::{
    Body, Context, Fault, Need, Read, RecordKind, Timestamp, Tx,
    ports::NewObject,
    store::{Desc, NewTask, TaskRow},
};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// Rows read at a time.
const CHUNK: usize = 1000;
/// Lines of one file; a million objects make ten files.
const MOST_LINES: usize = 100_000;
const DAY_SECS: i64 = 86_400;

/// A report to be written.
#[derive(Serialize, Deserialize)]
struct Round {
    bucket: String,
    id: String,
}

/// Sees to it that a report is written when it is due next; once.
pub(super) fn schedule(tx: &mut Tx<'_>, cx: &Context, found: &Found, configuration: &InventoryConfiguration) {
    if !configuration.is_enabled {
        return;
    }
    let due = next(cx.now(), frequency(configuration));
    let lane = format!("{}/{}/{}", found.name, configuration.id, due.secs());
    if tx.tasks_keyed("s3", "inventory", &lane).is_empty() {
        let round = Round { bucket: found.name.clone(), id: configuration.id.clone() };
        tx.task(NewTask::new(&found.scope, "s3", "inventory", &round).at(due).key(lane).cause(cx.cause()));
    }
}

fn frequency(configuration: &InventoryConfiguration) -> InventoryFrequency {
    configuration.schedule.as_ref().and_then(|schedule| schedule.frequency).unwrap_or(InventoryFrequency::Daily)
}

/// The next midnight UTC, or that of the next Sunday; never now.
fn next(now: Timestamp, frequency: InventoryFrequency) -> Timestamp {
    let mut day = now.secs().div_euclid(DAY_SECS) + 1;
    // The epoch's first day was a Thursday.
    while frequency == InventoryFrequency::Weekly && (day + 4).rem_euclid(7) != 0 {
        day += 1;
    }
    Timestamp::from_secs(day * DAY_SECS)
}

/// Writes the report of a round and puts the next one on the clock.
pub(crate) async fn run(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let round: Round = task.payload()?;
    let read = cx.store().read(|s| {
        let found = state::find(s, &round.bucket)?;
        let configuration: InventoryConfiguration = listed::get(s, &found, KIND, &round.id)?;
        Ok::<_, Fault>((found, configuration))
    });
    // The bucket or the configuration is gone.
    let Ok((found, configuration)) = read else { return Ok(()) };
    if !configuration.is_enabled {
        return Ok(());
    }
    // A configuration that was made weekly since waits for Sunday.
    if next(Timestamp::from_secs(task.due.secs() - 1), frequency(&configuration)) == task.due {
        let outcome = write(cx, &found, &configuration).await;
        let told = outcome.as_ref().err().map_or("ok", |fault| &*fault.code).to_owned();
        let detail =
            serde_json::json!({ "bucket": round.bucket, "id": round.id, "message": outcome.as_ref().err().map(|f| f.message.clone()) });
        cx.cloud().journal().write(cx, RecordKind::Event, "s3", "DeliverInventory", &found.arn(), &told, detail);
        if let Err(fault) = outcome
            && fault.status >= 500
        {
            return Err(fault);
        }
    }
    cx.store().write(|tx| Ok(schedule(tx, cx, &found, &configuration))).await
}

/// A file that is being written, in the format of its report.
enum Sheet {
    Csv(csv::Lines),
    Orc(orc::File),
}

impl Sheet {
    fn new(destination: &InventoryS3BucketDestination, columns: &Columns) -> Sheet {
        match destination.format {
            Some(InventoryFormat::Orc) => Sheet::Orc(orc::File::new(&columns.names())),
            _ => Sheet::Csv(csv::Lines::new()),
        }
    }
    fn add(&mut self, cells: &[Cell]) -> Result<(), Fault> {
        match self {
            Sheet::Csv(lines) => lines.add(cells).map_err(unwritable),
            Sheet::Orc(file) => {
                file.add(cells);
                Ok(())
            }
        }
    }
    fn finish(self) -> Result<Vec<u8>, Fault> {
        match self {
            Sheet::Csv(lines) => lines.finish().map_err(unwritable),
            Sheet::Orc(file) => file.finish().map_err(unwritable),
        }
    }
}

fn unwritable(error: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("writing an inventory: {error}"))
}

/// A file of a report.
struct File {
    key: String,
    size: usize,
    md5: String,
}

async fn write(cx: &Context, found: &Found, configuration: &InventoryConfiguration) -> Result<(), Fault> {
    let destination = configuration.destination.as_ref().and_then(|destination| destination.s3_bucket_destination.as_ref());
    let Some(destination) = destination else { return Ok(()) };
    let writer = Writer::new(cx, found, configuration, destination)?;
    let columns = Columns::of(configuration);
    let prefix = configuration.filter.as_ref().map_or("", |filter| &filter.prefix);
    let (mut files, mut after, mut last_key) = (Vec::new(), None, None);
    loop {
        let mut sheet = Sheet::new(destination, &columns);
        let (mut lines, mut ended) = (0, false);
        while lines < MOST_LINES && !ended {
            let rows = cx.store().read(|s| chunk(s, found, prefix, after.as_ref()))?;
            ended = rows.len() < CHUNK;
            for ((bucket, key, Desc(sequence)), object) in rows {
                let latest = last_key.as_ref() != Some(&key);
                if columns.all_versions || (latest && !object.delete_marker) {
                    sheet.add(&columns.cells(found, &key, &object, latest))?;
                    lines += 1;
                }
                last_key = Some(key.clone());
                after = Some((bucket, key, Desc(sequence)));
            }
        }
        files.push(writer.data(sheet.finish()?).await?);
        if ended {
            return writer.manifest(&columns, &files).await;
        }
    }
}

fn chunk(read: &impl Read, found: &Found, prefix: &str, after: Option<&VersionKey>) -> Result<Vec<(VersionKey, Object)>, Fault> {
    let scan = read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(),)).text_prefix(prefix).limit(CHUNK);
    let scan = if let Some(after) = after { scan.after(after) } else { scan };
    scan.collect()
}

/// Puts the parts of one report where they belong.
struct Writer<'a> {
    /// S3 itself, because of the source bucket.
    cx: Context,
    source: &'a Found,
    target: Found,
    /// Prefix, source bucket and id, with a slash.
    place: String,
    at: Timestamp,
    destination: &'a InventoryS3BucketDestination,
}

impl<'a> Writer<'a> {
    fn new(
        cx: &Context,
        source: &'a Found,
        configuration: &InventoryConfiguration,
        destination: &'a InventoryS3BucketDestination,
    ) -> Result<Writer<'a>, Fault> {
        let name = bucket_of(&destination.bucket).unwrap_or_default();
        let target = cx.store().read(|s| state::find(s, name))?;
        if destination.account_id.as_ref().is_some_and(|account| **account != *target.scope.account) {
            return Err(crate::errors::access_denied());
        }
        let prefix = destination.prefix.as_deref().filter(|prefix| !prefix.is_empty());
        let prefix = prefix.map_or(String::new(), |prefix| format!("{}/", prefix.trim_end_matches('/')));
        let place = format!("{prefix}{}/{}/", source.name, configuration.id);
        let at = cx.now();
        let cx = cx.in_scope(target.scope.clone()).as_service("s3.amazonaws.com", &source.arn(), &source.scope.account);
        Ok(Writer { cx, source, target, place, at, destination })
    }

    async fn put(&self, key: String, bytes: Vec<u8>, content_type: &str) -> Result<(), Fault> {
        let need = Need::on("s3:PutObject", format!("{}/{key}", self.target.arn())).owned_by(&*self.target.scope.account);
        let grant = self.cx.grant(&need.key("s3:x-amz-acl", "bucket-owner-full-control"))?;
        let object = NewObject { bucket: self.target.name.clone(), key, content_type: Some(content_type.into()), ..NewObject::default() };
        port::write(&self.cx, grant, object, Body::from_bytes(bytes), &self.encryption()).await.map(|_| ())
    }

    /// What the configuration asks for. A key of KMS has to let S3 make data keys, by its policy.
    fn encryption(&self) -> Asked<'_> {
        let asked = self.destination.encryption.as_ref();
        let key = asked.and_then(|encryption| encryption.ssekms.as_ref()).map(|kms| &*kms.key_id);
        let own = asked.filter(|encryption| encryption.sses3.is_some()).map(|_| "AES256");
        Asked { method: key.map(|_| "aws:kms").or(own), kms_key: key, ..Asked::nothing() }
    }

    async fn data(&self, bytes: Vec<u8>) -> Result<File, Fault> {
        let (ending, content_type) = match self.destination.format {
            Some(InventoryFormat::Orc) => ("orc", "application/octet-stream"),
            _ => ("csv.gz", "application/x-gzip"),
        };
        let key = format!("{}data/{}.{ending}", self.place, self.cx.ids().uuid());
        let file = File { key: key.clone(), size: bytes.len(), md5: kit::hex(&Md5::digest(&bytes)) };
        self.put(key, bytes, content_type).await.map(|()| file)
    }

    /// The manifest comes after all it names; whoever is told of it may read on.
    async fn manifest(&self, columns: &Columns, files: &[File]) -> Result<(), Fault> {
        let at = jiff::Timestamp::from_nanosecond(self.at.unix_ns).unwrap_or(jiff::Timestamp::MAX);
        let links: Vec<String> = files.iter().map(|file| format!("s3://{}/{}", self.target.name, file.key)).collect();
        let link = format!("{}hive/dt={}/symlink.txt", self.place, at.strftime("%Y-%m-%d-%H-%M"));
        self.put(link, links.join("\n").into_bytes(), "text/plain").await?;
        let files = files.iter().map(|file| serde_json::json!({ "key": file.key, "size": file.size, "MD5checksum": file.md5 }));
        let (format, schema) = match self.destination.format {
            Some(InventoryFormat::Orc) => ("ORC", orc::schema(&columns.names())),
            _ => ("CSV", columns.names().join(", ")),
        };
        let manifest = serde_json::json!({
            "sourceBucket": self.source.name,
            "destinationBucket": self.destination.bucket,
            "version": "2016-11-30",
            "creationTimestamp": (self.at.unix_ns / 1_000_000).to_string(),
            "fileFormat": format,
            "fileSchema": schema,
            "files": files.collect::<Vec<_>>(),
        });
        let text = serde_json::to_vec_pretty(&manifest).map_err(|e| Fault::internal(e.to_string()))?;
        let (checksum, folder) = (kit::hex(&Md5::digest(&text)), format!("{}{}", self.place, at.strftime("%Y-%m-%dT%H-%MZ")));
        self.put(format!("{folder}/manifest.json"), text, "application/json").await?;
        self.put(format!("{folder}/manifest.checksum"), checksum.into_bytes(), "text/plain").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_due_at_midnight_and_weekly_ones_on_sundays() {
        // Tuesday, 2023-11-14T22:13:20Z
        let now = Timestamp::from_secs(1_700_000_000);
        assert_eq!(kit::time::iso_secs(next(now, InventoryFrequency::Daily)), "2023-11-15T00:00:00Z");
        let sunday = next(now, InventoryFrequency::Weekly);
        assert_eq!(kit::time::iso_secs(sunday), "2023-11-19T00:00:00Z");
        assert_eq!(kit::time::iso_secs(next(sunday, InventoryFrequency::Weekly)), "2023-11-26T00:00:00Z");
    }
}
