//! No role of the template may do more than it must: without any one of its statements some scenario fails. Which one, the table in
//! scenarios/README.md says.

use crate::{
    scenarios::{all, options},
    standing::{root, template},
};
use std::path::Path;
use tokio::task::JoinSet;
use windtunnel::scenario::{Options, Scenario, run_one};

/// Clouds at a time.
const JOBS: usize = 4;

/// A statement of a role's policy, by the lines of the template that it takes.
#[derive(Clone, Debug, PartialEq)]
struct Statement {
    role: String,
    sid: String,
    lines: std::ops::Range<usize>,
}

/// Statements with a Sid, each under the resource that it belongs to.
fn statements(text: &str) -> Vec<Statement> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    let mut resource = "";
    for (at, line) in lines.iter().enumerate() {
        if indent(line) == 2 && line.ends_with(':') && !line.trim_start().starts_with('#') {
            resource = line.trim().trim_end_matches(':');
        }
        let Some(sid) = line.trim_start().strip_prefix("- Sid: ") else { continue };
        let inside = |l: &&str| l.trim().is_empty() || indent(l) > indent(line);
        let length = lines[at + 1..].iter().take_while(|l| inside(l)).count();
        found.push(Statement { role: resource.into(), sid: sid.trim().into(), lines: at..at + 1 + length });
    }
    found
}

/// The template's text without some of its lines.
fn without(text: &str, lines: &std::ops::Range<usize>) -> String {
    text.lines().enumerate().filter(|(at, _)| !lines.contains(at)).flat_map(|(_, line)| [line, "\n"]).collect()
}

/// The file that scenarios/README.md names for a statement: the row that has the role, the Sid and a scenario.
fn named(table: &str, statement: &Statement) -> Option<String> {
    let words = |row: &str| row.split(|c: char| !(c.is_alphanumeric() || "-._".contains(c))).map(str::to_owned).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with('|')).map(words);
    let mut fitting = rows.filter(|row| row.contains(&statement.role) && row.contains(&statement.sid));
    fitting.find_map(|row| row.into_iter().find(|word| word.ends_with(".yaml")))
}

#[test]
fn every_statement_of_a_role_has_a_sid() {
    let text = std::fs::read_to_string(template()).expect("the template is there");
    let policies = text.matches("PolicyDocument:").count() - text.matches("AssumeRolePolicyDocument:").count();
    let allows = text.matches("Effect: Allow").count() - text.matches("AssumeRolePolicyDocument:").count();
    let found = statements(&text);
    assert_eq!(found.len(), allows, "a statement without a Sid can't be taken away");
    let roles: std::collections::BTreeSet<_> = found.iter().map(|s| s.role.as_str()).collect();
    assert_eq!(roles.len(), policies, "{roles:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_one_statement_a_scenario_fails() {
    let text = std::fs::read_to_string(template()).expect("the template is there");
    let table = std::fs::read_to_string(root().join("scenarios/README.md")).expect("scenarios/README.md is there");
    let scenarios = all();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut waiting = statements(&text).into_iter();
    let mut running = JoinSet::new();
    let mut unnoticed = Vec::new();
    loop {
        while running.len() < JOBS {
            let Some(statement) = waiting.next() else { break };
            let file = folder.path().join(format!("{}-{}.yaml", statement.role, statement.sid));
            std::fs::write(&file, without(&text, &statement.lines)).expect("the changed template is written");
            let scenario = named(&table, &statement).unwrap_or_else(|| panic!("scenarios/README.md names no scenario for {statement:?}"));
            let scenario = find(&scenarios, &scenario);
            running.spawn(async move { (is_noticed(scenario, &file).await, statement) });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((Ok(()), _))) => {}
            Some(Ok((Err(why), statement))) => unnoticed.push(format!("{} {}: {why}", statement.role, statement.sid)),
            Some(Err(error)) => panic!("{error}"),
        }
    }
    assert!(unnoticed.is_empty(), "taken away without consequence:\n{}", unnoticed.join("\n"));
}

fn find(scenarios: &[Scenario], file: &str) -> Scenario {
    let found = scenarios.iter().find(|s| s.file.file_name().is_some_and(|name| name == file));
    found.unwrap_or_else(|| panic!("scenarios/README.md names {file}, which isn't there")).clone()
}

/// Whether the scenario fails with this template, in one of its steps and not in deploying.
async fn is_noticed(scenario: Scenario, template: &Path) -> Result<(), String> {
    let report = run_one(&scenario, &Options { template: Some(template.to_owned()), ..options() }).await;
    match (&report.problem, report.passed) {
        // Lambda refuses a dead-letter queue that the role may not send to: the stack itself says that the statement is gone.
        (Some(problem), _) if problem.contains("does not have permissions") => Ok(()),
        (Some(problem), _) => Err(format!("{} did not get to its steps: {problem}", scenario.file.display())),
        (None, true) => Err(format!("{} passes", scenario.file.display())),
        (None, false) => Ok(()),
    }
}

#[test]
fn a_statement_is_cut_out_whole() {
    let text = "Resources:\n  ARole:\n    P:\n      - Sid: One\n        Effect: Allow\n      # why\n      - Sid: Two\n        Effect: Allow\n\n  B:\n    X: 1\n";
    let found = statements(text);
    assert_eq!(found.iter().map(|s| (s.role.as_str(), s.sid.as_str())).collect::<Vec<_>>(), [("ARole", "One"), ("ARole", "Two")]);
    assert_eq!(
        without(text, &found[0].lines),
        "Resources:\n  ARole:\n    P:\n      # why\n      - Sid: Two\n        Effect: Allow\n\n  B:\n    X: 1\n"
    );
    let table = "| statement | scenario |\n|---|---|\n| `ARole` One | [a](x-y.yaml) |\n";
    assert_eq!(named(table, &found[0]).as_deref(), Some("x-y.yaml"));
    assert_eq!(named(table, &found[1]), None);
}
