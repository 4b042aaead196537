//! `windtunnel journal`.

use super::{Answer, Failure, clock::plain, pause, remote::Reach};
use serde_json::{Value, json};
use std::{io::Write, time::Duration};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel journal --limit 20\n  windtunnel journal --kind decision --service s3\n  windtunnel journal --follow\n\nWith --follow --json each record is a line of its own.\n\nExit codes: 0 done, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct JournalArgs {
    /// Goes on as records are written
    #[arg(long, short)]
    follow: bool,
    /// Most records from the past
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Only records of this kind
    #[arg(long, value_parser = ["request", "event", "invocation", "timer", "decision", "house"])]
    kind: Option<String>,
    /// Only records of this service
    #[arg(long)]
    service: Option<String>,
    /// Only records with this outcome (ok, denied, or a code of AWS)
    #[arg(long)]
    outcome: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

impl JournalArgs {
    fn wants(&self, record: &Value) -> bool {
        let fits = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|w| record[name] == w.as_str());
        fits("kind", &self.kind) && fits("service", &self.service) && fits("outcome", &self.outcome)
    }
}

pub(crate) async fn journal(args: JournalArgs) -> Result<Answer, Failure> {
    let mut page = args.reach.get("journal?limit=100000").await?;
    let mut newest = page["newest"].as_u64().unwrap_or(0);
    let mut records: Vec<Value> = page["records"].as_array_mut().map(std::mem::take).unwrap_or_default();
    records.retain(|r| args.wants(r));
    records.drain(..records.len().saturating_sub(args.limit));
    if !args.follow {
        let text = records.iter().map(line).collect::<String>();
        return Ok(Answer::new(text, json!({ "newest": newest, "records": records })));
    }
    loop {
        if !print(&args, &records) {
            return Ok(Answer::new("", json!({})));
        }
        pause(Duration::from_millis(300)).await;
        page = match args.reach.get(&format!("journal?after={newest}&limit=10000")).await {
            Ok(page) => page,
            // A burst that ran out of the ring: say so and go on with what is held.
            Err(failure) if failure.code == super::FAILED => {
                eprintln!("{}", failure.message);
                args.reach.get("journal?limit=100").await?
            }
            Err(failure) => return Err(failure),
        };
        records = page["records"].as_array_mut().map(std::mem::take).unwrap_or_default();
        newest = records.last().and_then(|r| r["sequence"].as_u64()).unwrap_or(newest);
        records.retain(|r| args.wants(r));
    }
}

/// Whether anybody still reads.
fn print(args: &JournalArgs, records: &[Value]) -> bool {
    let mut out = std::io::stdout().lock();
    records.iter().all(|r| if args.reach.json { writeln!(out, "{r}").is_ok() } else { write!(out, "{}", line(r)).is_ok() })
}

fn line(record: &Value) -> String {
    let at = moment(&record["at"]);
    let part = |name: &str| plain(&record[name]);
    let detail = if record["detail"].is_null() { String::new() } else { format!("  {}", record["detail"]) };
    format!(
        "{at} {:>6} {:<10} {}:{}  {}  {}  by {}{detail}\n",
        part("sequence"),
        part("kind"),
        part("service"),
        part("operation").rsplit(':').next().unwrap_or_default(),
        part("resource"),
        part("outcome"),
        part("principal")
    )
}

/// A moment as the journal writes it, for people.
fn moment(value: &Value) -> String {
    match serde_json::from_value::<kit::Timestamp>(value.clone()) {
        Ok(at) => kit::time::iso_millis(at),
        Err(_) => plain(value),
    }
}
