//! Makes rules that can be applied out of AWS's model of them, and refuses what could not be: the same work is the check when a web ACL or
//! rule group is put, so that nothing is accepted that would not be executed.

mod fields;
mod statements;

use super::{
    addresses::IpSet,
    rules::{Acl, Action, Answer, Group, Handling, Rule, RuleKind},
};
use crate::model;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use statements::pattern;

/// What rules refer to.
pub trait Parts {
    /// Blocks of an IP set.
    fn ip_set(&self, arn: &str) -> Option<Arc<IpSet>>;
    /// Patterns of a set.
    fn patterns(&self, arn: &str) -> Option<Vec<String>>;
    /// A rule group.
    fn rule_group(&self, arn: &str) -> Option<model::RuleGroup>;
    /// A managed rule group as its configuration wants it.
    fn managed(&self, statement: &model::ManagedRuleGroupStatement) -> Result<Option<Arc<Group>>, Problem>;
}

/// Why rules can't be applied.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// A member is not as it has to be.
    Invalid {
        /// As AWS calls the place (`BYTE_MATCH_STATEMENT`).
        field: &'static str,
        /// What was given.
        parameter: String,
        /// Why not.
        reason: String,
    },
    /// Something that is referred to does not exist; its ARN or name.
    Missing(String),
    /// Something that windtunnel does not execute.
    NotImplemented(String),
}

impl Problem {
    pub(crate) fn invalid(field: &'static str, parameter: impl Into<String>, reason: impl Into<String>) -> Problem {
        Problem::Invalid { field, parameter: parameter.into(), reason: reason.into() }
    }
}

/// Compiles the rules of one web ACL or rule group.
pub struct Compiler<'a> {
    /// What they refer to.
    pub parts: &'a dyn Parts,
    /// Bodies that custom responses name.
    pub bodies: Option<&'a BTreeMap<String, model::CustomResponseBody>>,
    /// Namespace that its labels get (`awswaf:000000000000:webacl:name:`).
    pub label_prefix: String,
    /// Whether rule groups may stand in it: web ACLs.
    pub takes_groups: bool,
}

const IMMUNITY_SECS: i64 = 300;

impl Compiler<'_> {
    /// A web ACL.
    pub fn acl(&self, acl: &model::WebACL) -> Result<Acl, Problem> {
        let visibility = acl.visibility_config.clone().unwrap_or_default();
        let default = acl.default_action.clone().unwrap_or_default();
        let default = match (default.allow, default.block) {
            (Some(allow), None) => Action::Allow(handling(allow.custom_request_handling.as_ref())),
            (None, Some(block)) => Action::Block(self.answer(block.custom_response.as_ref())?),
            _ => {
                return Err(Problem::invalid(
                    "DEFAULT_ACTION",
                    "",
                    "You have used none or multiple values for a field that requires exactly one value.",
                ));
            }
        };
        let limits = acl.association_config.iter().flat_map(|c| c.request_body.iter().flatten());
        let body_limits = limits.filter_map(|(kind, config)| {
            let kib = match config.default_size_inspection_limit? {
                model::SizeInspectionLimit::Kb16 => 16,
                model::SizeInspectionLimit::Kb32 => 32,
                model::SizeInspectionLimit::Kb48 => 48,
                model::SizeInspectionLimit::Kb64 => 64,
            };
            Some((model::AssociatedResourceType::parse(kind)?, kib << 10))
        });
        Ok(Acl {
            arn: acl.arn.clone(),
            name: acl.name.clone(),
            metric: visibility.metric_name,
            default,
            rules: self.rules(acl.rules.as_deref().unwrap_or_default())?,
            body_limits: body_limits.collect(),
            token_domains: acl.token_domains.clone().unwrap_or_default(),
            label_prefix: self.label_prefix.clone(),
            captcha_secs: captcha_secs(acl.captcha_config.as_ref()).unwrap_or(IMMUNITY_SECS),
            challenge_secs: challenge_secs(acl.challenge_config.as_ref()).unwrap_or(IMMUNITY_SECS),
            sampled: visibility.sampled_requests_enabled,
            measured: visibility.cloud_watch_metrics_enabled,
        })
    }

    /// A rule group.
    pub fn group(&self, group: &model::RuleGroup) -> Result<Group, Problem> {
        Ok(Group {
            id: group.arn.clone(),
            name: group.name.clone(),
            managed: false,
            token_labels: false,
            label_prefix: self.label_prefix.clone(),
            rules: self.rules(group.rules.as_deref().unwrap_or_default())?,
        })
    }

    /// Rules by ascending priority.
    pub fn rules(&self, rules: &[model::Rule]) -> Result<Vec<Rule>, Problem> {
        let (mut names, mut priorities, mut metrics) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            let metric = rule.visibility_config.as_ref().map_or("", |v| v.metric_name.as_str());
            let once = [
                (names.insert(rule.name.as_str()), "RULE", rule.name.clone()),
                (priorities.insert(rule.priority), "RULE_PRIORITY", rule.priority.to_string()),
                (metrics.insert(metric), "METRIC_NAME", metric.to_owned()),
            ];
            if let Some((_, field, parameter)) = once.into_iter().find(|(is_new, ..)| !is_new) {
                return Err(Problem::invalid(field, parameter, "A value that has to be unique among the rules is used twice."));
            }
        }
        let mut sorted: Vec<&model::Rule> = rules.iter().collect();
        sorted.sort_by_key(|rule| rule.priority);
        sorted.into_iter().map(|rule| self.rule(rule)).collect()
    }

    fn rule(&self, rule: &model::Rule) -> Result<Rule, Problem> {
        let visibility = rule.visibility_config.clone().unwrap_or_default();
        let statement = rule.statement.as_ref().ok_or_else(|| none_or_several("STATEMENT", &rule.name))?;
        let labels = rule.rule_labels.iter().flatten().map(|label| self.label(&label.name)).collect::<Result<Vec<_>, Problem>>()?;
        let group = statement.rule_group_reference_statement.is_some() || statement.managed_rule_group_statement.is_some();
        let kind = match group {
            true => self.group_rule(rule, statement)?,
            false => {
                if rule.override_action.is_some() {
                    let reason = "OverrideAction is for rules that refer to a rule group; this one needs an Action.";
                    return Err(Problem::invalid("OVERRIDE_ACTION", &rule.name, reason));
                }
                let action = rule.action.as_ref().ok_or_else(|| none_or_several("RULE_ACTION", &rule.name))?;
                RuleKind::Plain(self.top(statement)?, self.action(action)?)
            }
        };
        Ok(Rule {
            name: rule.name.clone(),
            metric: visibility.metric_name,
            sampled: visibility.sampled_requests_enabled,
            measured: visibility.cloud_watch_metrics_enabled,
            labels,
            captcha_secs: captcha_secs(rule.captcha_config.as_ref()),
            challenge_secs: challenge_secs(rule.challenge_config.as_ref()),
            kind,
        })
    }

    fn group_rule(&self, rule: &model::Rule, statement: &model::Statement) -> Result<RuleKind, Problem> {
        if !self.takes_groups {
            return Err(Problem::invalid("STATEMENT", &rule.name, "A rule group can't hold another rule group."));
        }
        let count = match (&rule.action, &rule.override_action) {
            (None, Some(model::OverrideAction { count: Some(_), none: None })) => true,
            (None, Some(model::OverrideAction { count: None, none: Some(_) })) => false,
            _ => return Err(none_or_several("OVERRIDE_ACTION", &rule.name)),
        };
        let (group, excluded, overrides, scope) = match (&statement.rule_group_reference_statement, &statement.managed_rule_group_statement)
        {
            (Some(of), None) => {
                let group = self.parts.rule_group(&of.arn).ok_or_else(|| Problem::Missing(of.arn.clone()))?;
                let inner = Compiler {
                    parts: self.parts,
                    bodies: group.custom_response_bodies.as_ref(),
                    label_prefix: group.label_namespace.clone().unwrap_or_default(),
                    takes_groups: false,
                };
                (Arc::new(inner.group(&group)?), &of.excluded_rules, &of.rule_action_overrides, None)
            }
            (None, Some(of)) => {
                let missing = || Problem::Missing(format!("{}/{}", of.vendor_name, of.name));
                let group = self.parts.managed(of)?.ok_or_else(missing)?;
                (group, &of.excluded_rules, &of.rule_action_overrides, of.scope_down_statement.as_deref())
            }
            _ => return Err(none_or_several("STATEMENT", &rule.name)),
        };
        let mut actions = BTreeMap::new();
        for excluded in excluded.iter().flatten() {
            actions.insert(excluded.name.clone(), Action::Count(Vec::new()));
        }
        for given in overrides.iter().flatten() {
            let action = given.action_to_use.as_ref().ok_or_else(|| none_or_several("RULE_ACTION_OVERRIDE", &given.name))?;
            actions.insert(given.name.clone(), self.action(action)?);
        }
        // AWS takes overrides for rules that a group does not have: a later version may.
        let scope_down = scope.map(|statement| self.statement(statement)).transpose()?;
        Ok(RuleKind::Group { group, count, overrides: actions, scope_down })
    }

    fn label(&self, name: &str) -> Result<String, Problem> {
        const RESERVED: [&str; 6] = ["awswaf", "aws", "waf", "rulegroup", "webacl", "regexpatternset"];
        let parts: Vec<&str> = name.split(':').collect();
        let plain = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let reserved = parts.iter().find(|part| RESERVED.contains(part) || matches!(**part, "ipset" | "managed"));
        if name.len() > 1024 || parts.len() > 6 || !parts.iter().all(plain) || reserved.is_some() {
            return Err(Problem::invalid("LABEL", name, "The label has characters, parts or reserved words that labels can't have."));
        }
        Ok(format!("{}{name}", self.label_prefix))
    }

    /// An action of a rule or of an override.
    pub fn action(&self, action: &model::RuleAction) -> Result<Action, Problem> {
        let model::RuleAction { block, allow, count, captcha, challenge } = action;
        let mut given: Vec<Action> = Vec::new();
        if let Some(block) = block {
            given.push(Action::Block(self.answer(block.custom_response.as_ref())?));
        }
        given.extend(allow.iter().map(|a| Action::Allow(handling(a.custom_request_handling.as_ref()))));
        given.extend(count.iter().map(|a| Action::Count(handling(a.custom_request_handling.as_ref()))));
        given.extend(captcha.iter().map(|a| Action::Captcha(handling(a.custom_request_handling.as_ref()))));
        given.extend(challenge.iter().map(|a| Action::Challenge(handling(a.custom_request_handling.as_ref()))));
        match <[Action; 1]>::try_from(given) {
            Ok([action]) => Ok(action),
            Err(_) => Err(none_or_several("RULE_ACTION", "")),
        }
    }

    fn answer(&self, custom: Option<&model::CustomResponse>) -> Result<Answer, Problem> {
        let Some(custom) = custom else { return Ok(Answer::default()) };
        let status = u16::try_from(custom.response_code).ok().filter(|code| (200..600).contains(code));
        let status = status.ok_or_else(|| {
            Problem::invalid("CUSTOM_RESPONSE", custom.response_code.to_string(), "The response code is no status code from 200 to 599.")
        })?;
        let body = match &custom.custom_response_body_key {
            None => None,
            Some(key) => {
                let missing = || Problem::invalid("CUSTOM_RESPONSE_BODY", key, "The custom response body key does not exist.");
                let body = self.bodies.and_then(|bodies| bodies.get(key)).ok_or_else(missing)?;
                let kind = match body.content_type {
                    Some(model::ResponseContentType::TextHtml) => "text/html",
                    Some(model::ResponseContentType::TextPlain) => "text/plain",
                    _ => "application/json",
                };
                Some((kind, body.content.clone()))
            }
        };
        let headers = custom.response_headers.iter().flatten().map(|h| (h.name.clone(), h.value.clone())).collect();
        Ok(Answer { status, headers, body, custom: true })
    }
}

/// WAF puts its prefix before the names that it inserts, so that no header of the client is replaced.
fn handling(custom: Option<&model::CustomRequestHandling>) -> Handling {
    custom
        .into_iter()
        .flat_map(|c| &c.insert_headers)
        .map(|h| (format!("x-amzn-waf-{}", h.name.to_ascii_lowercase()), h.value.clone()))
        .collect()
}

fn captcha_secs(config: Option<&model::CaptchaConfig>) -> Option<i64> {
    Some(config?.immunity_time_property.as_ref()?.immunity_time)
}

fn challenge_secs(config: Option<&model::ChallengeConfig>) -> Option<i64> {
    Some(config?.immunity_time_property.as_ref()?.immunity_time)
}

fn none_or_several(field: &'static str, parameter: &str) -> Problem {
    Problem::invalid(field, parameter, "You have used none or multiple values for a field that requires exactly one value.")
}
