//! AWS's managed rule groups. Names, labels, actions, capacities, sizes and the built-in statements are as AWS publishes them; patterns that
//! AWS keeps to itself are approximated, and each such rule says so: in `ListAvailableManagedRuleGroups`, in the version's name, and in
//! `docs/waf.md`. Lists of addresses are the user's own.

mod admin;
mod bad_inputs;
mod bots;
mod core;
mod ip_lists;
mod linux;
mod sql;

use crate::engine::{
    Action, Answer, Field, Group, Invalid, Look, Oversize, Pick, Position, Problem, Rule, RuleKind, Scope3, Statement, pattern,
};
use crate::model::{ComparisonOperator, InspectionLevel, ManagedRuleGroupStatement, TextTransformationType as Transform};
use std::sync::{Arc, OnceLock};

/// A managed rule group.
pub(crate) struct Managed {
    /// `AWSManagedRulesCommonRuleSet`
    pub name: &'static str,
    /// What it costs.
    pub capacity: i64,
    /// AWS's words for it.
    pub description: &'static str,
    /// `awswaf:managed:aws:core-rule-set:`
    pub prefix: &'static str,
    /// Whether AWS gives it versions.
    pub versioned: bool,
    rules: fn() -> Vec<Draft>,
}

/// A rule of a managed group before it has its namespace.
pub(crate) struct Draft {
    pub name: &'static str,
    /// Labels behind the group's namespace.
    pub labels: Vec<String>,
    pub blocks: bool,
    /// Its patterns are not AWS's.
    pub approximated: bool,
    pub statement: Statement,
}

static ALL: [Managed; 8] = [
    Managed {
        name: "AWSManagedRulesCommonRuleSet",
        capacity: 700,
        description: "Contains rules that are generally applicable to web applications. This provides protection against exploitation of a wide range of vulnerabilities, including those described in OWASP publications.",
        prefix: "awswaf:managed:aws:core-rule-set:",
        versioned: true,
        rules: core::rules,
    },
    Managed {
        name: "AWSManagedRulesAdminProtectionRuleSet",
        capacity: 100,
        description: "Contains rules that allow you to block external access to exposed admin pages. This may be useful if you are running third-party software or would like to reduce the risk of a malicious actor gaining administrative access to your application.",
        prefix: "awswaf:managed:aws:admin-protection:",
        versioned: true,
        rules: admin::rules,
    },
    Managed {
        name: "AWSManagedRulesKnownBadInputsRuleSet",
        capacity: 200,
        description: "Contains rules that allow you to block request patterns that are known to be invalid and are associated with exploitation or discovery of vulnerabilities. This can help reduce the risk of a malicious actor discovering a vulnerable application.",
        prefix: "awswaf:managed:aws:known-bad-inputs:",
        versioned: true,
        rules: bad_inputs::rules,
    },
    Managed {
        name: "AWSManagedRulesSQLiRuleSet",
        capacity: 200,
        description: "Contains rules that allow you to block request patterns associated with exploitation of SQL databases, like SQL injection attacks. This can help prevent remote injection of unauthorized queries.",
        prefix: "awswaf:managed:aws:sql-database:",
        versioned: true,
        rules: sql::rules,
    },
    Managed {
        name: "AWSManagedRulesLinuxRuleSet",
        capacity: 200,
        description: "Contains rules that block request patterns associated with exploitation of vulnerabilities specific to Linux, including LFI attacks. This can help prevent attacks that expose file contents or execute code for which the attacker should not have had access.",
        prefix: "awswaf:managed:aws:linux-os:",
        versioned: true,
        rules: linux::rules,
    },
    Managed {
        name: "AWSManagedRulesAmazonIpReputationList",
        capacity: 25,
        description: "This group contains rules that are based on Amazon threat intelligence. This is useful if you would like to block sources associated with bots or other threats.",
        prefix: "awswaf:managed:aws:amazon-ip-list:",
        versioned: false,
        rules: ip_lists::reputation,
    },
    Managed {
        name: "AWSManagedRulesAnonymousIpList",
        capacity: 50,
        description: "This group contains rules that allow you to block requests from services that allow obfuscation of viewer identity. This can include request originating from VPN, proxies, Tor nodes, and hosting providers.",
        prefix: "awswaf:managed:aws:anonymous-ip-list:",
        versioned: false,
        rules: ip_lists::anonymous,
    },
    Managed {
        name: "AWSManagedRulesBotControlRuleSet",
        capacity: 50,
        description: "Provides protection against automated bots that can consume excess resources, skew business metrics, cause downtime, or perform malicious activities.",
        prefix: "awswaf:managed:aws:bot-control:",
        versioned: false,
        rules: bots::rules,
    },
];

/// AWS's other groups: they are refused by name.
const OTHERS: [&str; 8] = [
    "AWSManagedRulesPHPRuleSet",
    "AWSManagedRulesWordPressRuleSet",
    "AWSManagedRulesWindowsRuleSet",
    "AWSManagedRulesUnixRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
    "AWSManagedRulesPOSIXRuleSet",
];

/// The groups that are executed.
pub(crate) fn all() -> &'static [Managed] {
    &ALL
}

/// A group by name, or why there is none.
pub(crate) fn find(vendor: &str, name: &str) -> Result<Option<&'static Managed>, Problem> {
    match ALL.iter().find(|group| vendor == "AWS" && group.name == name) {
        Some(group) => Ok(Some(group)),
        None if OTHERS.contains(&name) || vendor != "AWS" => {
            Err(Problem::NotImplemented(format!("the managed rule group {vendor}/{name}")))
        }
        None => Ok(None),
    }
}

/// A group as a statement wants it.
pub(crate) fn compiled(statement: &ManagedRuleGroupStatement) -> Result<Option<Arc<Group>>, Problem> {
    let Some(group) = find(&statement.vendor_name, &statement.name)? else { return Ok(None) };
    for config in statement.managed_rule_group_configs.iter().flatten() {
        let bots = config.aws_managed_rules_bot_control_rule_set.as_ref();
        if bots.is_some_and(|bots| bots.inspection_level == Some(InspectionLevel::Targeted)) {
            return Err(Problem::NotImplemented("the targeted inspection level of Bot Control".into()));
        }
        if bots.is_none() || group.name != "AWSManagedRulesBotControlRuleSet" {
            return Err(Problem::invalid("MANAGED_RULE_GROUP_CONFIG", group.name, "The rule group takes no such configuration."));
        }
    }
    let is_bots = group.name == "AWSManagedRulesBotControlRuleSet";
    if is_bots && statement.managed_rule_group_configs.as_ref().is_none_or(Vec::is_empty) {
        // What AWS does without a configuration is the common level.
        return Ok(Some(group.compiled()));
    }
    Ok(Some(group.compiled()))
}

impl Managed {
    /// The group, compiled once in a process.
    pub fn compiled(&'static self) -> Arc<Group> {
        static MADE: [OnceLock<Arc<Group>>; ALL.len()] = [const { OnceLock::new() }; ALL.len()];
        let index = ALL.iter().position(|group| std::ptr::eq(group, self)).expect("a group of the table");
        MADE[index].get_or_init(|| Arc::new(self.make())).clone()
    }

    fn make(&self) -> Group {
        let rules = (self.rules)().into_iter().map(|draft| Rule {
            name: draft.name.to_owned(),
            metric: draft.name.to_owned(),
            sampled: true,
            measured: true,
            labels: draft.labels.iter().map(|label| format!("{}{label}", self.prefix)).collect(),
            captcha_secs: None,
            challenge_secs: None,
            kind: RuleKind::Plain(draft.statement, if draft.blocks { Action::Block(Answer::default()) } else { Action::Count(Vec::new()) }),
        });
        Group {
            id: format!("AWS#{}", self.name),
            name: self.name.to_owned(),
            managed: true,
            token_labels: self.name == "AWSManagedRulesBotControlRuleSet",
            label_prefix: self.prefix.to_owned(),
            rules: rules.collect(),
        }
    }

    /// Names of the rules whose patterns are not AWS's.
    pub fn approximated(&self) -> Vec<&'static str> {
        (self.rules)().iter().filter(|draft| draft.approximated).map(|draft| draft.name).collect()
    }
}

fn draft(name: &'static str, label: &str, statement: Statement) -> Draft {
    Draft { name, labels: vec![label.to_owned()], blocks: true, approximated: false, statement }
}

/// A rule whose patterns are our own.
fn about(name: &'static str, label: &str, statement: Statement) -> Draft {
    Draft { approximated: true, ..draft(name, label, statement) }
}

fn look(field: Field, transforms: &[Transform]) -> Look {
    Look { field, transforms: transforms.to_vec() }
}

fn matches(field: Field, transforms: &[Transform], patterns: &[&str]) -> Statement {
    let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
    let set = pattern(&patterns).unwrap_or_else(|problem| panic!("a pattern of a managed rule: {problem:?}"));
    Statement::Patterns(look(field, transforms), Arc::new(set))
}

fn larger(field: Field, size: i64) -> Statement {
    Statement::Size(look(field, &[]), ComparisonOperator::Gt, size)
}

fn exactly(field: Field, text: &str) -> Statement {
    Statement::Bytes(look(field, &[]), text.as_bytes().to_vec(), Position::Exactly)
}

const BODY: Field = Field::Body(Oversize::Continue);

fn header(name: &str) -> Field {
    Field::Header(name.to_owned())
}

/// Names and values of all headers.
fn headers() -> Field {
    Field::Headers(Pick::All, Scope3::All, Oversize::Continue)
}

fn cookies() -> Field {
    Field::Cookies(Pick::All, Scope3::All, Oversize::Continue)
}

/// Strings of a JSON body, or the body as text where it is none.
fn json() -> Field {
    Field::Json(None, Scope3::Value, Invalid::AsString, Oversize::Continue)
}
