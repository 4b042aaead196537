//! What a crawl did: its log lines, its summary, its counts.

use super::describe::Writer;
use kit::{Context, Need, Timestamp};
use serde_json::{Map, Value, json};

/// The log group of every crawler.
pub(crate) const GROUP: &str = "/aws-glue/crawlers";

/// What was changed in the catalog.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<(Timestamp, String)>,
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub deleted: Vec<String>,
    pub partitions_added: usize,
    pub partitions_updated: usize,
    pub partitions_deleted: usize,
}

impl Report {
    /// A line as AWS's crawlers write them: `[run] LEVEL : text`.
    pub fn line(&mut self, cx: &Context, writer: &Writer<'_>, level: &str, text: impl std::fmt::Display) {
        self.lines.push((cx.now(), format!("[{}] {level} : {text}", writer.run)));
    }

    /// Writes the lines to the crawler's stream with its role; a role that may not write logs leaves none, as on AWS.
    pub async fn log(&mut self, cx: &Context, crawler: &str) {
        let lines = std::mem::take(&mut self.lines);
        let arn = format!("arn:aws:logs:{}:{}:log-group:{GROUP}:log-stream:{crawler}", cx.region(), cx.account());
        let (Ok(port), Ok(grant)) = (cx.cloud().ports().logs(), cx.grant(&Need::on("logs:PutLogEvents", arn))) else { return };
        // What came too late or is too long is the log's own affair.
        drop(port.append(cx, grant, GROUP, crawler, lines, true).await);
    }

    /// What ListCrawls shows: by kind, what was added, updated and deleted. The form of its values is from AWS's documentation.
    pub fn summary(&self) -> String {
        let names = |names: &[String]| (!names.is_empty()).then(|| json!({ "Details": { "names": names }, "Count": names.len() }));
        let count = |count: usize| (count > 0).then(|| json!({ "Count": count }));
        let mut all = Map::new();
        let kinds = [
            ("TABLE", [names(&self.created), names(&self.updated), names(&self.deleted)]),
            ("PARTITION", [count(self.partitions_added), count(self.partitions_updated), count(self.partitions_deleted)]),
        ];
        for (kind, changes) in kinds {
            let changes: Map<String, Value> = ["ADD", "UPDATE", "DELETE"]
                .into_iter()
                .zip(changes)
                .filter_map(|(name, change)| Some((name.to_owned(), change?)))
                .collect();
            if !changes.is_empty() {
                all.insert(kind.to_owned(), changes.into());
            }
        }
        Value::Object(all).to_string()
    }
}
