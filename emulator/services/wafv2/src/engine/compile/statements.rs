//! Statements out of AWS's model.

use super::{
    Compiler, Problem,
    fields::{fallback, forwarded, forwarded_set, look, transforms},
    none_or_several,
};
use crate::{
    engine::{
        field::Field,
        statement::{Look, Position, RateKind, RateRule, Statement},
    },
    model::{self, PositionalConstraint, RateBasedStatementAggregateKeyType as KeyType},
};
use regex::bytes::{RegexSet, RegexSetBuilder};
use std::sync::Arc;

/// Longest pattern, and most bytes that the automaton of a set may take.
const LONGEST_PATTERN: usize = 512;
const MOST_PATTERN_BYTES: usize = 4 << 20;
/// Deepest nesting of statements.
const DEEPEST: usize = 12;

/// Patterns as one set. AWS takes no look-around, back-references, atomic groups and possessive quantifiers; nor does this engine, which so
/// needs time in proportion to the text.
pub fn pattern(patterns: &[String]) -> Result<RegexSet, Problem> {
    let bad = |pattern: &String, why: String| Problem::invalid("REGEX_STRING", pattern, format!("The pattern can't be used: {why}"));
    if let Some(long) = patterns.iter().find(|p| p.is_empty() || p.len() > LONGEST_PATTERN) {
        return Err(bad(long, format!("it has to have 1 to {LONGEST_PATTERN} characters")));
    }
    let build = |unicode: bool| {
        RegexSetBuilder::new(patterns).unicode(unicode).size_limit(MOST_PATTERN_BYTES).nest_limit(kit::MOST_REGEX_NESTING).build()
    };
    // Texts are bytes; only patterns that name characters beyond ASCII need them to be characters.
    build(false).or_else(|_| build(true)).map_err(|error| {
        let culprit = patterns
            .iter()
            .find(|p| RegexSetBuilder::new([p]).size_limit(MOST_PATTERN_BYTES).nest_limit(kit::MOST_REGEX_NESTING).build().is_err());
        bad(culprit.unwrap_or(&patterns[0]), error.to_string().lines().last().unwrap_or_default().trim().to_owned())
    })
}

impl Compiler<'_> {
    /// The statement of a rule; only here may it count requests.
    pub(super) fn top(&self, statement: &model::Statement) -> Result<Statement, Problem> {
        match &statement.rate_based_statement {
            Some(rate) if only(statement) => self.rate(rate).map(|rule| Statement::Rate(Box::new(rule))),
            Some(_) => Err(none_or_several("STATEMENT", "")),
            None => self.statement(statement),
        }
    }

    /// A statement that may stand in another.
    pub(super) fn statement(&self, statement: &model::Statement) -> Result<Statement, Problem> {
        self.nested(statement, 0)
    }

    fn nested(&self, s: &model::Statement, depth: usize) -> Result<Statement, Problem> {
        if depth > DEEPEST {
            return Err(Problem::invalid("STATEMENT", "", "The statements are nested too deeply."));
        }
        if !only(s) {
            return Err(none_or_several("STATEMENT", ""));
        }
        if s.rate_based_statement.is_some() || s.rule_group_reference_statement.is_some() || s.managed_rule_group_statement.is_some() {
            let reason = "Rate-based statements and rule groups can't be nested in another statement.";
            return Err(Problem::invalid("NESTED_STATEMENT", "", reason));
        }
        let all = |field, statements: &[model::Statement]| match statements.len() {
            0 | 1 => Err(Problem::invalid(field, statements.len().to_string(), "At least two statements are needed.")),
            _ => statements.iter().map(|s| self.nested(s, depth + 1)).collect::<Result<Vec<_>, Problem>>(),
        };
        if let Some(and) = &s.and_statement {
            return Ok(Statement::And(all("AND_STATEMENT", &and.statements)?));
        }
        if let Some(or) = &s.or_statement {
            return Ok(Statement::Or(all("OR_STATEMENT", &or.statements)?));
        }
        if let Some(not) = &s.not_statement {
            let inner = not.statement.as_deref().ok_or_else(|| none_or_several("NOT_STATEMENT", ""))?;
            return Ok(Statement::Not(Box::new(self.nested(inner, depth + 1)?)));
        }
        match text_statement(s)? {
            Some(statement) => Ok(statement),
            None => self.origin_statement(s),
        }
    }

    /// Statements about where a request comes from, labels, and sets.
    fn origin_statement(&self, s: &model::Statement) -> Result<Statement, Problem> {
        if let Some(set) = &s.regex_pattern_set_reference_statement {
            let patterns = self.parts.patterns(&set.arn).ok_or_else(|| Problem::Missing(set.arn.clone()))?;
            let look = look(set.field_to_match.as_ref(), &set.text_transformations)?;
            return Ok(Statement::Patterns(look, Arc::new(pattern(&patterns)?)));
        }
        if let Some(set) = &s.ip_set_reference_statement {
            let blocks = self.parts.ip_set(&set.arn).ok_or_else(|| Problem::Missing(set.arn.clone()))?;
            return Ok(Statement::Ip(blocks, forwarded_set(set.ip_set_forwarded_ip_config.as_ref())));
        }
        if let Some(geo) = &s.geo_match_statement {
            let countries: Vec<String> = geo.country_codes.iter().flatten().map(ToString::to_string).collect();
            if countries.is_empty() {
                return Err(Problem::invalid("GEO_MATCH_STATEMENT", "", "At least one country code is needed."));
            }
            return Ok(Statement::Geo(countries, forwarded(geo.forwarded_ip_config.as_ref())));
        }
        if let Some(asn) = &s.asn_match_statement {
            let numbers = asn.asn_list.iter().filter_map(|number| u32::try_from(*number).ok()).collect();
            return Ok(Statement::Asn(numbers, forwarded(asn.forwarded_ip_config.as_ref())));
        }
        if let Some(label) = &s.label_match_statement {
            let namespace = label.scope == Some(model::LabelMatchScope::Namespace);
            if namespace != label.key.ends_with(':') {
                let reason = "The key of a namespace ends with a colon, the key of a label does not.";
                return Err(Problem::invalid("LABEL_MATCH_STATEMENT", &label.key, reason));
            }
            return Ok(Statement::Label(label.key.clone(), namespace));
        }
        Err(none_or_several("STATEMENT", ""))
    }

    fn rate(&self, rate: &model::RateBasedStatement) -> Result<RateRule, Problem> {
        let bad = |parameter: &str, reason: &str| Problem::invalid("RATE_BASED_STATEMENT", parameter, reason);
        let window = rate.evaluation_window_sec.unwrap_or(300);
        if ![60, 120, 300, 600].contains(&window) {
            return Err(bad(&window.to_string(), "The evaluation window is 60, 120, 300 or 600 seconds."));
        }
        if !(10..=2_000_000_000).contains(&rate.limit) {
            return Err(bad(&rate.limit.to_string(), "The limit is 10 to 2000000000 requests."));
        }
        let kind = rate.aggregate_key_type.unwrap_or(KeyType::Ip);
        let from = forwarded(rate.forwarded_ip_config.as_ref());
        let keys = match (kind, &rate.custom_keys) {
            (KeyType::CustomKeys, Some(keys)) if (1..=5).contains(&keys.len()) => {
                keys.iter().map(|key| custom_key(key, from.as_ref())).collect::<Result<Vec<_>, Problem>>()?
            }
            (KeyType::CustomKeys, _) => return Err(bad("CUSTOM_KEYS", "One to five custom keys are needed.")),
            (_, Some(_)) => return Err(bad(kind.as_str(), "Custom keys go with the aggregate key type CUSTOM_KEYS only.")),
            (KeyType::Ip, None) => vec![RateKind::Ip],
            (KeyType::ForwardedIp, None) => {
                vec![RateKind::ForwardedIp(from.ok_or_else(|| bad("FORWARDED_IP", "ForwardedIPConfig is needed."))?)]
            }
            (KeyType::Constant, None) => Vec::new(),
        };
        if kind == KeyType::CustomKeys && keys.len() == 1 && matches!(keys[0], RateKind::Ip | RateKind::ForwardedIp(_)) {
            return Err(bad("CUSTOM_KEYS", "An address alone is the aggregate key type IP or FORWARDED_IP."));
        }
        if kind == KeyType::Constant && rate.scope_down_statement.is_none() {
            return Err(bad("CONSTANT", "A scope-down statement is needed."));
        }
        let scope_down = rate.scope_down_statement.as_deref().map(|s| self.statement(s)).transpose()?;
        let aggregate = match kind {
            KeyType::Ip => "IP",
            KeyType::ForwardedIp => "FORWARDED_IP",
            KeyType::CustomKeys => "CUSTOMKEYS",
            KeyType::Constant => "CONSTANT",
        };
        Ok(RateRule { limit: rate.limit as u64, window_secs: window as u32, aggregate, keys, scope_down })
    }
}

/// Statements about a text in the request.
fn text_statement(s: &model::Statement) -> Result<Option<Statement>, Problem> {
    if let Some(bytes) = &s.byte_match_statement {
        let position = match bytes.positional_constraint {
            Some(PositionalConstraint::Exactly) => Position::Exactly,
            Some(PositionalConstraint::StartsWith) => Position::Starts,
            Some(PositionalConstraint::EndsWith) => Position::Ends,
            Some(PositionalConstraint::Contains) => Position::Contains,
            Some(PositionalConstraint::ContainsWord) => Position::Word,
            None => return Err(none_or_several("POSITIONAL_CONSTRAINT", "")),
        };
        if bytes.search_string.is_empty() || bytes.search_string.len() > 200 {
            let reason = "The search string has 1 to 200 bytes.";
            return Err(Problem::invalid("BYTE_MATCH_STATEMENT", bytes.search_string.len().to_string(), reason));
        }
        let look = look(bytes.field_to_match.as_ref(), &bytes.text_transformations)?;
        return Ok(Some(Statement::Bytes(look, bytes.search_string.to_vec(), position)));
    }
    if let Some(regex) = &s.regex_match_statement {
        let look = look(regex.field_to_match.as_ref(), &regex.text_transformations)?;
        return Ok(Some(Statement::Patterns(look, Arc::new(pattern(std::slice::from_ref(&regex.regex_string))?))));
    }
    if let Some(sqli) = &s.sqli_match_statement {
        let high = sqli.sensitivity_level == Some(model::SensitivityLevel::High);
        return Ok(Some(Statement::Sqli(look(sqli.field_to_match.as_ref(), &sqli.text_transformations)?, high)));
    }
    if let Some(xss) = &s.xss_match_statement {
        return Ok(Some(Statement::Xss(look(xss.field_to_match.as_ref(), &xss.text_transformations)?)));
    }
    if let Some(size) = &s.size_constraint_statement {
        let operator = size.comparison_operator.ok_or_else(|| none_or_several("SIZE_CONSTRAINT_STATEMENT", ""))?;
        return Ok(Some(Statement::Size(look(size.field_to_match.as_ref(), &size.text_transformations)?, operator, size.size)));
    }
    Ok(None)
}

/// Whether exactly one kind of statement is given.
fn only(s: &model::Statement) -> bool {
    let given = [
        s.byte_match_statement.is_some(),
        s.sqli_match_statement.is_some(),
        s.xss_match_statement.is_some(),
        s.size_constraint_statement.is_some(),
        s.geo_match_statement.is_some(),
        s.rule_group_reference_statement.is_some(),
        s.ip_set_reference_statement.is_some(),
        s.regex_pattern_set_reference_statement.is_some(),
        s.rate_based_statement.is_some(),
        s.and_statement.is_some(),
        s.or_statement.is_some(),
        s.not_statement.is_some(),
        s.managed_rule_group_statement.is_some(),
        s.label_match_statement.is_some(),
        s.regex_match_statement.is_some(),
        s.asn_match_statement.is_some(),
    ];
    given.into_iter().filter(|given| *given).count() == 1
}

fn custom_key(key: &model::RateBasedStatementCustomKey, from: Option<&super::super::statement::Forwarded>) -> Result<RateKind, Problem> {
    let part = |field, given: &[model::TextTransformation]| Ok(RateKind::Part(Look { field, transforms: transforms(given)? }));
    let mut found: Vec<RateKind> = Vec::new();
    if let Some(h) = &key.header {
        found.push(part(Field::Header(h.name.to_ascii_lowercase()), &h.text_transformations)?);
    }
    if let Some(c) = &key.cookie {
        found.push(RateKind::Cookie(c.name.clone(), transforms(&c.text_transformations)?));
    }
    if let Some(a) = &key.query_argument {
        found.push(part(Field::Argument(a.name.to_ascii_lowercase()), &a.text_transformations)?);
    }
    if let Some(q) = &key.query_string {
        found.push(part(Field::Query, &q.text_transformations)?);
    }
    if let Some(p) = &key.uri_path {
        found.push(part(Field::Path, &p.text_transformations)?);
    }
    if key.http_method.is_some() {
        found.push(RateKind::Part(Look { field: Field::Method, transforms: Vec::new() }));
    }
    if key.forwarded_ip.is_some() {
        let from = from.ok_or_else(|| Problem::invalid("FORWARDED_IP_CONFIG", "", "ForwardedIPConfig is needed."))?;
        found.push(RateKind::ForwardedIp(from.clone()));
    }
    if key.ip.is_some() {
        found.push(RateKind::Ip);
    }
    if let Some(labels) = &key.label_namespace {
        found.push(RateKind::Labels(labels.namespace.clone()));
    }
    if let Some(f) = &key.ja3_fingerprint {
        found.push(RateKind::Part(Look { field: Field::Fingerprint("JA3", fallback(f.fallback_behavior)), transforms: Vec::new() }));
    }
    if let Some(f) = &key.ja4_fingerprint {
        found.push(RateKind::Part(Look { field: Field::Fingerprint("JA4", fallback(f.fallback_behavior)), transforms: Vec::new() }));
    }
    if key.asn.is_some() {
        found.push(RateKind::Asn);
    }
    match <[RateKind; 1]>::try_from(found) {
        Ok([kind]) => Ok(kind),
        Err(_) => Err(none_or_several("CUSTOM_KEYS", "")),
    }
}
