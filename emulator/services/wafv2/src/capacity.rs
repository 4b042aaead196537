//! Capacity units (WCU) of rules, as AWS publishes them for each statement, and CheckCapacity.

use crate::{Wafv2, check, model::*, state};
use kit::{Context, Fault, Read};

/// Most units of a web ACL or rule group.
pub(crate) const MOST: i64 = 5000;

impl Wafv2 {
    /// What rules would cost.
    pub async fn check_capacity(&self, cx: &Context, input: CheckCapacityInput) -> Result<CheckCapacityOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        cx.store().read(|s| {
            crate::validate::rules(cx, s, &place, &input.rules)?;
            Ok(CheckCapacityOutput { capacity: Some(of_rules(s, &place, &input.rules)?) })
        })
    }
}

/// Sum of rules.
pub(crate) fn of_rules(read: &impl Read, place: &kit::Scope, rules: &[Rule]) -> Result<i64, Fault> {
    rules.iter().map(|rule| rule.statement.as_ref().map_or(Ok(0), |statement| of_statement(read, place, statement))).sum()
}

/// AWS's developer guide, "Rule statements": the base cost, ten for each transformation, ten for all query arguments, twice the base for JSON.
fn of_statement(read: &impl Read, place: &kit::Scope, s: &Statement) -> Result<i64, Fault> {
    let several = |statements: &[Statement]| statements.iter().map(|s| of_statement(read, place, s)).sum::<Result<i64, Fault>>();
    if let Some(b) = &s.byte_match_statement {
        let base = match b.positional_constraint {
            Some(PositionalConstraint::Contains | PositionalConstraint::ContainsWord) => 10,
            _ => 2,
        };
        return Ok(text(base, b.field_to_match.as_ref(), &b.text_transformations));
    }
    if let Some(r) = &s.regex_match_statement {
        return Ok(text(3, r.field_to_match.as_ref(), &r.text_transformations));
    }
    if let Some(r) = &s.regex_pattern_set_reference_statement {
        return Ok(text(25, r.field_to_match.as_ref(), &r.text_transformations));
    }
    if let Some(q) = &s.sqli_match_statement {
        let base = if q.sensitivity_level == Some(SensitivityLevel::High) { 30 } else { 20 };
        return Ok(text(base, q.field_to_match.as_ref(), &q.text_transformations));
    }
    if let Some(x) = &s.xss_match_statement {
        return Ok(text(40, x.field_to_match.as_ref(), &x.text_transformations));
    }
    if let Some(z) = &s.size_constraint_statement {
        return Ok(text(1, z.field_to_match.as_ref(), &z.text_transformations));
    }
    if let Some(set) = &s.ip_set_reference_statement {
        let any = set.ip_set_forwarded_ip_config.as_ref().is_some_and(|c| c.position == Some(ForwardedIPPosition::Any));
        return Ok(if any { 5 } else { 1 });
    }
    if let Some(rate) = &s.rate_based_statement {
        let keys = rate.custom_keys.as_ref().map_or(0, |keys| 30 * keys.len() as i64);
        let scope = rate.scope_down_statement.as_deref().map_or(Ok(0), |s| of_statement(read, place, s))?;
        return Ok(2 + keys + scope);
    }
    if let Some(and) = &s.and_statement {
        return several(&and.statements);
    }
    if let Some(or) = &s.or_statement {
        return several(&or.statements);
    }
    if let Some(inner) = s.not_statement.as_ref().and_then(|not| not.statement.as_deref()) {
        return of_statement(read, place, inner);
    }
    if let Some(group) = &s.rule_group_reference_statement {
        return state::rule_group_by_arn(read, place, &group.arn)?.map(|row| row.group.capacity).ok_or_else(check::nonexistent);
    }
    if let Some(managed) = &s.managed_rule_group_statement {
        let group = crate::managed::find(&managed.vendor_name, &managed.name).map_err(check::of_problem)?;
        let scope = managed.scope_down_statement.as_deref().map_or(Ok(0), |s| of_statement(read, place, s))?;
        return Ok(group.ok_or_else(check::nonexistent)?.capacity + scope);
    }
    // Geo, ASN and labels.
    Ok(1)
}

fn text(base: i64, field: Option<&FieldToMatch>, transforms: &[TextTransformation]) -> i64 {
    let undone = transforms.iter().filter(|t| t.r#type != Some(TextTransformationType::None)).count() as i64;
    let base = if field.is_some_and(|f| f.json_body.is_some()) { base * 2 } else { base };
    let arguments = if field.is_some_and(|f| f.all_query_arguments.is_some()) { 10 } else { 0 };
    base + arguments + 10 * undone
}
