//! `windtunnel waf`: what a web ACL of a running cloud would do with a request, and why. Nothing counts it, nothing is sent.

use super::{Answer, FAILED, Failure, remote::Reach};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct WafArgs {
    #[command(subcommand)]
    command: WafCommand,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Subcommand)]
enum WafCommand {
    /// Judges a request out of a file and tells which rules matched and why
    #[command(
        after_help = "Examples:\n  windtunnel waf test sign-up.http --acl pipeline-guard\n  printf 'GET /live/images?q=1%27+OR+1=1-- HTTP/1.1\\nhost: api\\n' | windtunnel waf test - --acl pipeline-guard --ip 198.51.100.7\n\nThe file holds a request as it travels: request line, headers, an empty line, body.\n\nExit codes: 0 it would pass, 1 it would be stopped or there is no such web ACL, 2 wrong usage, 3 no cloud answers"
    )]
    Test {
        /// The request's file; - for standard input
        request: PathBuf,
        /// Name of the web ACL
        #[arg(long, value_name = "NAME")]
        acl: String,
        /// Address that it comes from
        #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
        ip: String,
        /// Region of the web ACL
        #[arg(long, default_value = kit::DEFAULT_REGION)]
        region: String,
    },
}

pub(crate) async fn waf(args: WafArgs) -> Result<Answer, Failure> {
    let WafCommand::Test { request, acl, ip, region } = &args.command;
    let text = match request.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(request),
    };
    let text = text.map_err(|e| Failure::usage(format!("{}: {e}", request.display())))?;
    let told = args.reach.post("wafv2/test", &json!({ "acl": acl, "request": text, "ip": ip, "region": region })).await?;
    let code = if told["action"] == "ALLOW" { 0 } else { FAILED };
    Ok(Answer { text: explained(&told), json: told, code })
}

/// The judgement for people: the verdict first, then every rule that was looked at.
fn explained(told: &Value) -> String {
    let word = |name: &str| told[name].as_str().unwrap_or_default();
    let mut text = format!("{}  by {}", word("action"), word("rule"));
    if let Some(within) = told["ruleWithinGroup"].as_str() {
        text += &format!(" ({within})");
    }
    if let Some(status) = told["status"].as_u64() {
        text += &format!(", answered {status}");
    }
    if let Some(failure) = told["tokenFailure"].as_str() {
        text += &format!(", {failure}");
    }
    text.push('\n');
    for rule in told["rules"].as_array().into_iter().flatten() {
        let mark = if rule["matched"] == true { "*" } else { " " };
        let group = rule["group"].as_str().map_or(String::new(), |group| format!("{group} / "));
        let action = rule["action"].as_str().filter(|action| !action.is_empty()).map_or(String::new(), |action| format!("  {action}"));
        text += &format!("\n{mark} {group}{}{action}\n", rule["rule"].as_str().unwrap_or_default());
        for why in rule["why"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            text += &format!("      {why}\n");
        }
    }
    let labels: Vec<&str> = told["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !labels.is_empty() {
        text += &format!("\nlabels: {}\n", labels.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_first_then_rules_with_their_reasons() {
        let told = json!({
            "action": "BLOCK", "rule": "sql", "status": 403, "labels": ["a:b"],
            "rules": [
                { "rule": "path", "group": null, "matched": false, "action": "", "why": ["no: uri does not: contains `evil`"] },
                { "rule": "sql", "group": null, "matched": true, "action": "BLOCK", "why": ["yes: found"] },
            ],
        });
        assert_eq!(
            explained(&told),
            "BLOCK  by sql, answered 403\n\n  path\n      no: uri does not: contains `evil`\n\n* sql  BLOCK\n      yes: found\n\nlabels: a:b\n"
        );
    }
}
