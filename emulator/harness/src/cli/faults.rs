//! `windtunnel faults`.

use super::{Answer, Failure, clock::plain, remote::Reach, table};
use clap::Subcommand;
use kit::FaultRule;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel faults add --service s3 --operation GetObject --error SlowDown --status 503 --times 2\n  windtunnel faults add --service lambda --operation Invoke --latency-ms 800 --probability 0.2\n  windtunnel faults remove 1\n  windtunnel faults clear\n\nExit codes: 0 done, 1 the cloud refused, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct FaultsArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the rules and how often each matched (what happens without a word)
    List,
    /// Adds a rule: what it is about, and at least one of --error, --latency-ms, --drop
    Add(Box<Rule>),
    /// Removes one rule
    Remove {
        /// Its id, from `list`
        id: u64,
    },
    /// Removes all rules
    Clear,
}

#[derive(Debug, clap::Args)]
struct Rule {
    /// Service (s3)
    #[arg(long)]
    service: Option<String>,
    /// Operation (PutObject)
    #[arg(long)]
    operation: Option<String>,
    /// Part of the resource's ARN or name
    #[arg(long)]
    resource: Option<String>,
    /// Chance from 0 to 1, drawn from the cloud's seed
    #[arg(long)]
    probability: Option<f64>,
    /// Only the n-th matching call, from 1
    #[arg(long)]
    nth: Option<u64>,
    /// Only the first so many matching calls
    #[arg(long)]
    times: Option<u64>,
    /// Error code to answer with
    #[arg(long)]
    error: Option<String>,
    /// HTTP status of the error; 500 unless told
    #[arg(long, requires = "error")]
    status: Option<u16>,
    /// Message of the error
    #[arg(long, requires = "error")]
    message: Option<String>,
    /// Real milliseconds before the call
    #[arg(long)]
    latency_ms: Option<u64>,
    /// Drops the connection without an answer
    #[arg(long)]
    drop: bool,
}

impl From<Rule> for FaultRule {
    fn from(r: Rule) -> FaultRule {
        let Rule { service, operation, resource, probability, nth, times, error, status, message, latency_ms, drop } = r;
        FaultRule { service, operation, resource, probability, nth, times, error, status, message, latency_ms, drop }
    }
}

pub(crate) async fn faults(args: FaultsArgs) -> Result<Answer, Failure> {
    match args.what {
        None | Some(What::List) => args.reach.get("faults").await.map(listed),
        Some(What::Add(rule)) => {
            let rule = FaultRule::from(*rule);
            if rule.error.is_none() && rule.latency_ms.is_none() && !rule.drop {
                return Err(Failure::usage("a rule needs an effect: --error, --latency-ms or --drop"));
            }
            let rule = serde_json::to_value(rule).map_err(|e| Failure::usage(e.to_string()))?;
            let added = args.reach.post("faults", &rule).await?;
            Ok(Answer::new(format!("rule {}\n", added["id"]), added))
        }
        Some(What::Remove { id }) => {
            let done = args.reach.delete(&format!("faults/{id}")).await?;
            match done["removed"] == true {
                true => Ok(Answer::new(format!("rule {id} removed\n"), done)),
                false => Err(Failure::failed(format!("there is no rule {id}"))),
            }
        }
        Some(What::Clear) => {
            args.reach.delete("faults").await?;
            Ok(Answer::new("no rules\n", json!({ "rules": [] })))
        }
    }
}

fn listed(value: Value) -> Answer {
    let rules: Vec<Vec<String>> = value["rules"].as_array().into_iter().flatten().map(row).collect();
    let text = if rules.is_empty() { "no rules\n".to_owned() } else { table(&["ID", "MATCHED", "RULE"], &rules) };
    Answer::new(text, value)
}

fn row(rule: &Value) -> Vec<String> {
    let members = rule["rule"].as_object().into_iter().flatten().filter(|(_, v)| !v.is_null() && **v != json!(false));
    let said: Vec<String> = members.map(|(k, v)| format!("{k}={}", plain(v))).collect();
    vec![plain(&rule["id"]), plain(&rule["matched"]), said.join(" ")]
}
