//! `windtunnel clock` and `windtunnel settle`.

use super::{Answer, FAILED, Failure, remote::Reach};
use crate::durations;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  windtunnel clock\n  windtunnel clock advance 8d\n  windtunnel clock advance 36h --settle end\n  windtunnel clock freeze\n\nExit codes: 0 done, 1 real time ran out before virtual time did, 2 wrong usage, 3 no cloud answers"
)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Shows virtual time (what happens without a word)
    Show,
    /// Lets virtual time pass; timers that come due fire in order, and each is waited for
    Advance {
        /// How long: 90s, 15m, 36h, 8d, 1d12h
        #[arg(value_parser = duration)]
        by: String,
        /// When to wait for what was set going: after each due time, once at the end, or not at all
        #[arg(long, default_value = "each", value_parser = ["each", "end", "none"])]
        settle: String,
        /// Most real time to spend
        #[arg(long, value_parser = duration, default_value = "10m")]
        within: String,
    },
    /// Virtual time stands still unless it is advanced
    Freeze,
    /// Virtual time runs as real time does
    Run,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  windtunnel settle --within 60s\n\nExit codes: 0 quiet, 1 not quiet in time (what it waited for is named), 3 no cloud answers"
)]
pub(crate) struct SettleArgs {
    /// Most real time to wait
    #[arg(long, value_parser = duration, default_value = "30s")]
    within: String,
    #[command(flatten)]
    pub reach: Reach,
}

/// Checked here so that the mistake is told before anything is asked; sent as it was written.
pub(crate) fn duration(text: &str) -> Result<String, String> {
    durations::parse(text).map(|_| text.to_owned())
}

pub(crate) async fn clock(args: ClockArgs) -> Result<Answer, Failure> {
    match args.what {
        None | Some(What::Show) => args.reach.get("clock").await.map(shown),
        Some(What::Freeze) => args.reach.post("clock", &json!({ "mode": "frozen" })).await.map(shown),
        Some(What::Run) => args.reach.post("clock", &json!({ "mode": "running" })).await.map(shown),
        Some(What::Advance { by, settle, within }) => {
            let done = args.reach.post("clock", &json!({ "advance": by, "settle": settle, "within": within })).await?;
            let mut text = format!("{} -> {}, {} due times\n", plain(&done["from"]), plain(&done["now"]), done["fired"]);
            let early = done["stopped_early"].as_str().map(|why| format!("stopped early: {why}\n"));
            let code = if early.is_some() { FAILED } else { 0 };
            text.push_str(&early.unwrap_or_default());
            Ok(Answer { text, json: done, code })
        }
    }
}

fn shown(value: Value) -> Answer {
    let days = value["offset_ms"].as_f64().unwrap_or(0.0) / 86_400_000.0;
    let offset = if days.abs() < 0.000_01 { "real time".to_owned() } else { format!("{days:+.2} days from real time") };
    Answer::new(format!("{}  {}, {offset}\n", plain(&value["now"]), plain(&value["mode"])), value)
}

pub(crate) async fn settle(args: SettleArgs) -> Result<Answer, Failure> {
    let done = args.reach.post("settle", &json!({ "within": args.within })).await?;
    if done["quiet"] == true {
        return Ok(Answer::new("quiet\n", done));
    }
    let held: Vec<String> = done["waiting_for"].as_array().into_iter().flatten().map(plain).collect();
    let text = format!(
        "not quiet after {} ms; still under way: {}\n",
        done["waited_ms"],
        if held.is_empty() { "due tasks".into() } else { held.join(", ") }
    );
    Ok(Answer { text, json: done, code: FAILED })
}

/// A JSON value without quotes.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
