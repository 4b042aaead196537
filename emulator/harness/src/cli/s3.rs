//! `windtunnel s3`: what lies in a running cloud's buckets, and what AWS would ask for it.

use super::{Answer, Failure, remote::Reach, table};
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub(crate) struct S3Args {
    #[command(subcommand)]
    command: S3Command,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, clap::Subcommand)]
enum S3Command {
    /// Bytes by storage class and tier, day by day, with the monthly cost at AWS's public prices
    #[command(
        after_help = "Examples:\n  windtunnel s3 report\n  windtunnel s3 report --bucket photos --days 90\n  windtunnel s3 report --json\n\nStorage and monitoring only: requests, retrievals, transitions, transfer and\nparts of unfinished uploads are not in it.\n\nExit codes: 0 done, 1 no such bucket, 2 wrong usage, 3 no cloud answers"
    )]
    Report {
        /// Only this bucket, with its days
        #[arg(long)]
        bucket: Option<String>,
        /// How many days back
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
        days: u32,
    },
}

pub(crate) async fn s3(args: S3Args) -> Result<Answer, Failure> {
    let S3Command::Report { bucket, days } = &args.command;
    let mut path = format!("s3/report?days={days}");
    if let Some(bucket) = bucket {
        path += &format!("&bucket={bucket}");
    }
    let report = args.reach.get(&path).await?;
    Ok(Answer::new(text(&report, bucket.is_some()), report))
}

fn text(report: &Value, with_days: bool) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut rows = Vec::new();
    for bucket in list(&report["buckets"]) {
        for (class, amount) in bucket["classes"].as_object().cloned().unwrap_or_default() {
            let name = bucket["bucket"].as_str().unwrap_or_default().to_owned();
            rows.push(vec![name, class, number(&amount["objects"]), number(&amount["bytes"]), cost(&amount["monthly_cost"])]);
        }
    }
    let mut text = table(&["BUCKET", "CLASS", "OBJECTS", "BYTES", "USD A MONTH"], &rows);
    if with_days {
        let days = report["buckets"].get(0).map(|bucket| list(&bucket["days"])).unwrap_or_default();
        let cells: Vec<Vec<String>> = days
            .iter()
            .map(|day| {
                let bytes: u64 = day["bytes"].as_object().into_iter().flatten().filter_map(|(_, bytes)| bytes.as_u64()).sum();
                vec![day["date"].as_str().unwrap_or_default().to_owned(), bytes.to_string(), cost(&day["cost"])]
            })
            .collect();
        text += &format!("\n{}", table(&["DAY", "BYTES", "USD THAT DAY"], &cells));
    }
    let prices = &report["prices"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    text + &format!(
        "\nAll: {} USD a month. Prices of {}, from {}\n",
        cost(&report["monthly_cost"]),
        word(&prices["date"]),
        word(&prices["source"])
    )
}

fn number(value: &Value) -> String {
    value.as_u64().unwrap_or(0).to_string()
}

/// A region without prices has none.
fn cost(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".into(), |cost| format!("{cost:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_reads_as_tables() {
        let report = json!({
            "monthly_cost": 1.5,
            "prices": { "date": "2026-11-22", "source": "a page" },
            "buckets": [{
                "bucket": "photos",
                "classes": { "GLACIER": { "objects": 2, "bytes": 10, "monthly_cost": null } },
                "days": [{ "date": "2026-01-01", "bytes": { "GLACIER": 10 }, "cost": 0.25 }],
            }],
        });
        let whole = text(&report, true);
        assert!(whole.contains("photos  GLACIER  2        10     -\n"), "{whole}");
        assert!(whole.contains("2026-01-01  10     0.250000\n"), "{whole}");
        assert!(whole.ends_with("All: 1.500000 USD a month. Prices of 2026-11-22, from a page\n"), "{whole}");
        assert!(!text(&report, false).contains("2026-01-01"));
    }
}
