//! Which role an identity gets: the pool's, or one that rules or the token itself choose.

use crate::{CognitoIdentity, Error, logins::Login, model::*, state::*};
use kit::{Arn, Context, Fault};
use serde_json::Value;

/// Rules of one provider, AWS's quota.
const MOST_RULES: usize = 25;

impl CognitoIdentity {
    /// Sets roles and role mappings, all of them at once.
    pub async fn set_identity_pool_roles(
        &self,
        cx: &Context,
        input: SetIdentityPoolRolesInput,
    ) -> Result<SetIdentityPoolRolesOutput, Fault> {
        check(&input)?;
        cx.store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.identity_pool_id)?;
                pool.roles = GetIdentityPoolRolesOutput {
                    identity_pool_id: Some(input.identity_pool_id.clone()),
                    roles: Some(input.roles),
                    role_mappings: input.role_mappings,
                };
                tx.put(&POOLS, cx.scope(), &input.identity_pool_id, &pool)
            })
            .await?;
        Ok(SetIdentityPoolRolesOutput {})
    }

    /// Roles and role mappings.
    pub async fn get_identity_pool_roles(
        &self,
        cx: &Context,
        input: GetIdentityPoolRolesInput,
    ) -> Result<GetIdentityPoolRolesOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.identity_pool_id))?;
        Ok(GetIdentityPoolRolesOutput { identity_pool_id: Some(input.identity_pool_id), ..pool.roles })
    }
}

fn check(input: &SetIdentityPoolRolesInput) -> Result<(), Fault> {
    if let Some(kind) = input.roles.keys().find(|kind| !["authenticated", "unauthenticated"].contains(&kind.as_str())) {
        return Err(bad(format!("Invalid role type: {kind}")));
    }
    let rules = |mapping: &RoleMapping| mapping.rules_configuration.as_ref().map_or(0, |rules| rules.rules.len());
    for (provider, mapping) in input.role_mappings.iter().flatten() {
        let by_rules = mapping.r#type == Some(RoleMappingType::Rules);
        if by_rules && rules(mapping) == 0 {
            return Err(bad(format!("Rules must be specified for provider {provider} with role mapping type Rules.")));
        }
        if rules(mapping) > MOST_RULES {
            return Err(bad(format!("A provider can have at most {MOST_RULES} rules.")));
        }
        if mapping.ambiguous_role_resolution.is_none() {
            return Err(bad("AmbiguousRoleResolution must be specified for the role mapping types Token and Rules."));
        }
    }
    let is_role = |arn: &str| Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.after("role/").is_some());
    match roles(input).into_iter().find(|arn| !is_role(arn)) {
        Some(arn) => Err(bad(format!("Invalid role ARN: {arn}"))),
        None => Ok(()),
    }
}

/// Every role that the request names: who sets them passes them.
pub(crate) fn roles(input: &SetIdentityPoolRolesInput) -> Vec<String> {
    let rules = input.role_mappings.iter().flatten().flat_map(|(_, mapping)| &mapping.rules_configuration).flat_map(|rules| &rules.rules);
    let mut arns: Vec<String> = input.roles.values().cloned().chain(rules.map(|rule| rule.role_arn.clone())).collect();
    arns.sort();
    arns.dedup();
    arns
}

/// The role for an identity with these logins. `custom` is one that the token allows and the request asks for.
pub(crate) fn choose(pool: &Pool, logins: &[Login], custom: Option<&str>) -> Result<String, Fault> {
    let kind = if logins.is_empty() { "unauthenticated" } else { "authenticated" };
    let default = || pool.roles.roles.as_ref().and_then(|roles| roles.get(kind)).cloned().ok_or_else(unconfigured);
    let mapped = logins.iter().find_map(|login| Some((login, mapping(pool, login)?)));
    if let Some(custom) = custom {
        let allowed = mapped.is_some_and(|(login, mapping)| {
            mapping.r#type == Some(RoleMappingType::Token) && token_roles(login).iter().any(|role| role == custom)
        });
        return match allowed {
            true => Ok(custom.to_owned()),
            false => Err(not_authorized("CustomRoleArn is not in the list of roles of the token.")),
        };
    }
    let Some((login, mapping)) = mapped else { return default() };
    let chosen = match mapping.r#type {
        Some(RoleMappingType::Rules) => by_rules(mapping, login),
        _ => by_token(login),
    };
    match chosen {
        Some(role) => Ok(role),
        None if mapping.ambiguous_role_resolution == Some(AmbiguousRoleResolutionType::Deny) => {
            Err(not_authorized("Access denied: the role of this identity could not be resolved."))
        }
        None => default(),
    }
}

/// Mappings of user pools name the client too: `cognito-idp.us-east-1.amazonaws.com/us-east-1_abc:client`.
fn mapping<'a>(pool: &'a Pool, login: &Login) -> Option<&'a RoleMapping> {
    let mappings = pool.roles.role_mappings.as_ref()?;
    let with_client = format!("{}:{}", login.provider, login.text("aud").unwrap_or_default());
    mappings.get(&with_client).or_else(|| mappings.get(&login.provider))
}

fn token_roles(login: &Login) -> Vec<String> {
    let roles = login.claims.get("cognito:roles").and_then(Value::as_array);
    roles.into_iter().flatten().filter_map(|role| role.as_str().map(str::to_owned)).collect()
}

/// cognito:preferred_role, or the only one of cognito:roles.
fn by_token(login: &Login) -> Option<String> {
    if let Some(role) = login.text("cognito:preferred_role") {
        return Some(role.to_owned());
    }
    let mut roles = token_roles(login);
    match roles.len() {
        1 => roles.pop(),
        _ => None,
    }
}

/// The role of the first rule that fits.
fn by_rules(mapping: &RoleMapping, login: &Login) -> Option<String> {
    let rules = mapping.rules_configuration.iter().flat_map(|rules| &rules.rules);
    rules.into_iter().find(|rule| fits(rule, login)).map(|rule| rule.role_arn.clone())
}

fn fits(rule: &MappingRule, login: &Login) -> bool {
    let value = match login.claims.get(&rule.claim) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => return false,
        // Lists (cognito:groups) and booleans are compared by their JSON text.
        Some(other) => other.to_string(),
    };
    match rule.match_type {
        Some(MappingRuleMatchType::Equals) => value == rule.value,
        Some(MappingRuleMatchType::Contains) => value.contains(&rule.value),
        Some(MappingRuleMatchType::StartsWith) => value.starts_with(&rule.value),
        Some(MappingRuleMatchType::NotEqual) => value != rule.value,
        None => false,
    }
}

/// The fault for pools that have no role to give, or one that doesn't trust them.
pub(crate) fn unconfigured() -> Fault {
    Error::InvalidIdentityPoolConfiguration.says("Invalid identity pool configuration. Check assigned IAM roles for this pool.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn login(claims: Value) -> Login {
        Login { provider: "p".into(), subject: "s".into(), claims: claims.as_object().unwrap().clone() }
    }
    fn rule(kind: MappingRuleMatchType, value: &str) -> MappingRule {
        MappingRule { claim: "team".into(), match_type: Some(kind), value: value.into(), role_arn: "r".into() }
    }

    #[test]
    fn rules_compare_as_they_say() {
        let blue = login(json!({ "team": "blue whale" }));
        assert!(fits(&rule(MappingRuleMatchType::Equals, "blue whale"), &blue));
        assert!(fits(&rule(MappingRuleMatchType::Contains, "wha"), &blue));
        assert!(fits(&rule(MappingRuleMatchType::StartsWith, "blue"), &blue));
        assert!(fits(&rule(MappingRuleMatchType::NotEqual, "red"), &blue));
        assert!(!fits(&rule(MappingRuleMatchType::Equals, "blue"), &blue));
        assert!(!fits(&rule(MappingRuleMatchType::NotEqual, "red"), &login(json!({}))), "a claim that is missing fits no rule");
    }

    #[test]
    fn a_token_chooses_its_preferred_role_or_its_only_one() {
        assert_eq!(by_token(&login(json!({ "cognito:preferred_role": "a", "cognito:roles": ["a", "b"] }))).as_deref(), Some("a"));
        assert_eq!(by_token(&login(json!({ "cognito:roles": ["b"] }))).as_deref(), Some("b"));
        assert_eq!(by_token(&login(json!({ "cognito:roles": ["a", "b"] }))), None);
    }
}
