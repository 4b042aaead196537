//! `windtunnel iam`: evaluating a case, and least privilege from what happened.

use super::{Answer, FAILED, Failure, remote::Reach};
use clap::Subcommand;
use kit::policy::{case, synth};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct IamArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Evaluates a request against policies and tells why; no cloud is asked
    #[command(
        after_help = "Example of a case:\n  { \"request\": { \"principal\": \"arn:aws:iam::123456789012:user/ada\", \"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::b/k\" },\n    \"policies\": { \"identity\": [ { \"Version\": \"2012-10-17\", \"Statement\": { \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\" } } ] },\n    \"expect\": \"allow\" }\n\nExit codes: 0 as expected, 1 not as expected, 2 the case can't be read"
    )]
    Eval {
        /// The case's file; - for standard input
        case: PathBuf,
        /// Answers with one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Writes the policy that allows exactly what a principal did and was allowed to do
    #[command(
        after_help = "Examples:\n  windtunnel iam policy --from-journal\n  windtunnel iam policy --from-journal --principal arn:aws:iam::000000000000:role/pipeline-process\n\nExit codes: 0 done, 1 the journal holds nothing of this principal, 2 wrong usage, 3 no cloud answers"
    )]
    Policy {
        /// From the running cloud's journal (the one source there is)
        #[arg(long, required = true)]
        from_journal: bool,
        /// ARN of a user, a role (for all its sessions) or a session; everybody, one policy each, unless told
        #[arg(long, value_name = "ARN")]
        principal: Option<String>,
        /// Keeps every object's name instead of a pattern beyond three
        #[arg(long)]
        exact: bool,
        #[command(flatten)]
        reach: Reach,
    },
}

impl IamArgs {
    pub(crate) fn json(&self) -> bool {
        match &self.what {
            What::Eval { json, .. } => *json,
            What::Policy { reach, .. } => reach.json,
        }
    }
}

pub(crate) async fn iam(args: IamArgs) -> Result<Answer, Failure> {
    match args.what {
        What::Eval { case, .. } => eval(&case),
        What::Policy { principal, exact, reach, .. } => {
            let page = reach.get("journal?limit=100000").await?;
            let options = if exact { synth::Options { collapse_after: None } } else { synth::Options::default() };
            written(page["records"].as_array().map_or(&[], Vec::as_slice), principal.as_deref(), options)
        }
    }
}

fn eval(file: &std::path::Path) -> Result<Answer, Failure> {
    let text = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    };
    let text = text.map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    let result = case::run(&text).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    let word = if result.decision.allowed { "ALLOW" } else { "DENY" };
    let mut text = format!("{word}  {}\n\n{}\n", result.message, result.explanation.trim_end());
    for difference in result.differences.iter().flatten() {
        text.push_str(&format!("\nnot as expected: {difference}"));
    }
    if !result.passed() {
        text.push('\n');
    }
    Ok(Answer { text, json: result.to_json(), code: if result.passed() { 0 } else { FAILED } })
}

/// Policies by principal out of allowed decisions.
fn written(records: &[Value], principal: Option<&str>, options: synth::Options) -> Result<Answer, Failure> {
    let mut seen: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for record in records.iter().filter(|r| r["kind"] == "decision" && r["outcome"] == "allowed") {
        let (Some(who), Some(action), Some(resource)) =
            (record["principal"].as_str(), record["operation"].as_str(), record["resource"].as_str())
        else {
            continue;
        };
        let role = role_of(who);
        if principal.is_some_and(|p| p != who && p != role && role_without_path(p) != role) {
            continue;
        }
        let resource = if resource.is_empty() { "*" } else { resource };
        seen.entry(if principal == Some(who) { who.to_owned() } else { role }).or_default().push((action, resource));
    }
    let policies: Map<String, Value> = seen.into_iter().filter_map(|(who, pairs)| Some((who, synth::document(pairs, options)?))).collect();
    match (principal, policies.values().next()) {
        (_, None) => Err(Failure::failed(format!(
            "the journal holds no allowed request{}",
            principal.map(|p| format!(" of {p}")).unwrap_or_default()
        ))),
        (Some(who), Some(policy)) => Ok(Answer::new(format!("{policy:#}\n"), json!({ "principal": who, "policy": policy }))),
        (None, Some(_)) => {
            let text = policies.iter().map(|(who, policy)| format!("{who}\n{policy:#}\n\n")).collect::<String>();
            Ok(Answer::new(text, json!({ "policies": policies })))
        }
    }
}

/// The role behind a session; others as they are.
fn role_of(principal: &str) -> String {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "sts", "", account, path] => match path.strip_prefix("assumed-role/").and_then(|p| p.split_once('/')) {
            Some((role, _)) => format!("arn:{partition}:iam::{account}:role/{role}"),
            None => principal.to_owned(),
        },
        _ => principal.to_owned(),
    }
}

/// Sessions don't show their role's path.
fn role_without_path(role: &str) -> String {
    match (role.split_once(":role/"), role.rsplit_once('/')) {
        (Some((head, _)), Some((_, name))) => format!("{head}:role/{name}"),
        _ => role.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_a_role_make_one_policy_out_of_what_was_allowed() {
        let record = |session: &str, action: &str, outcome: &str| {
            json!({ "kind": "decision", "principal": format!("arn:aws:sts::000000000000:assumed-role/process/{session}"), "operation": action,
                "resource": "arn:aws:s3:::b/k", "outcome": outcome })
        };
        let records =
            [record("a", "s3:GetObject", "allowed"), record("b", "s3:PutObject", "allowed"), record("b", "s3:DeleteObject", "denied")];
        let role = "arn:aws:iam::000000000000:role/team/process";
        let answer = written(&records, Some(role), synth::Options::default()).unwrap();
        assert_eq!(answer.json["policy"]["Statement"][0]["Action"], json!(["s3:GetObject", "s3:PutObject"]));
        assert!(written(&records, Some("arn:aws:iam::000000000000:role/other"), synth::Options::default()).is_err());
    }
}
