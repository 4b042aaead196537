//! `windtunnel services`: the truth labels, read from the code.

use super::{Answer, Failure, table};
use crate::services::{Truth, truth};
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel services\n  windtunnel services --service s3 --label refused\n  windtunnel services --json\n\nLabels: executed (does what AWS does), kept (stored, checked and given back; no effect), refused (answers 501 by name)"
)]
pub(crate) struct ServicesArgs {
    /// Only this service, operation by operation
    #[arg(long)]
    service: Option<String>,
    /// Only operations with this label
    #[arg(long, value_parser = ["executed", "kept", "refused"])]
    label: Option<String>,
    /// Answers with one JSON object
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn services(args: &ServicesArgs) -> Result<Answer, Failure> {
    let all = truth();
    if let Some(name) = &args.service
        && !all.iter().any(|t| t.service == name)
    {
        let mut known: Vec<&str> = all.iter().map(|t| t.service).collect();
        known.dedup();
        return Err(Failure::usage(format!("there is no service {name} in this build; there are {}", known.join(", "))));
    }
    let wanted = |t: &&Truth| args.service.as_ref().is_none_or(|s| s == t.service) && args.label.as_ref().is_none_or(|l| l == t.label);
    let rows: Vec<&Truth> = all.iter().filter(wanted).collect();
    let text = if args.service.is_some() || args.label.is_some() { operations(&rows) } else { summary(&rows) };
    Ok(Answer::new(text, json!({ "operations": rows })))
}

fn operations(rows: &[&Truth]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|t| vec![t.service.into(), t.operation.into(), t.label.into()]).collect();
    table(&["SERVICE", "OPERATION", "LABEL"], &cells)
}

fn summary(rows: &[&Truth]) -> String {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for truth in rows {
        let column = ["executed", "kept", "refused"].iter().position(|l| *l == truth.label).unwrap_or(2);
        counts.entry(truth.service).or_default()[column] += 1;
    }
    let cells: Vec<Vec<String>> =
        counts.iter().map(|(s, n)| [vec![s.to_string()], n.iter().map(usize::to_string).collect()].concat()).collect();
    table(&["SERVICE", "EXECUTED", "KEPT", "REFUSED"], &cells) + "\nOne by one: windtunnel services --service NAME\n"
}
