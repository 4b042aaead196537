//! The trigger before tokens are made, in its three versions: claims added and taken away, scopes, groups.

use super::{Call, Who, attributes_of};
use crate::{Error, model::*, state::*};
use kit::Fault;
use serde_json::{Map, Value, json};

/// Claims that stay what they are whatever a function says (AWS's documentation of the trigger).
const FIXED: &[&str] = &[
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cognito:default_role",
    "cognito:username",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "scope",
    "sub",
    "token_use",
    "username",
    "version",
];

/// What a function changes about tokens.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    id: Changes,
    access: Changes,
    add_scopes: Vec<String>,
    drop_scopes: Vec<String>,
    groups: Option<Groups>,
}

#[derive(Debug, Default)]
struct Changes {
    add: Map<String, Value>,
    suppress: Vec<String>,
}

#[derive(Debug, Default)]
struct Groups {
    names: Option<Value>,
    roles: Option<Value>,
    preferred: Option<Value>,
}

/// What tokens are about to be made of.
pub(crate) struct Planned<'a> {
    /// What follows `TokenGeneration_`.
    pub source: &'a str,
    /// Absent for a client's own tokens.
    pub user: Option<&'a User>,
    pub groups: &'a [GroupType],
    pub preferred_role: Option<&'a str>,
    pub scopes: &'a [String],
}

impl Who<'_> {
    /// Asks what is to be changed about tokens.
    pub async fn pre_token(&self, planned: Planned<'_>) -> Result<Overrides, Fault> {
        let Some(config) = self.config() else { return Ok(Overrides::default()) };
        let versioned = config.pre_token_generation_config.as_ref();
        let Some(function_arn) = versioned.map(|v| v.lambda_arn.as_str()).or(config.pre_token_generation.as_deref()) else {
            return Ok(Overrides::default());
        };
        let version = versioned.and_then(|v| v.lambda_version).unwrap_or(PreTokenGenerationLambdaVersionType::V10);
        let (number, answer) = match version {
            PreTokenGenerationLambdaVersionType::V10 => ("1", "claimsOverrideDetails"),
            PreTokenGenerationLambdaVersionType::V20 => ("2", "claimsAndScopeOverrideDetails"),
            PreTokenGenerationLambdaVersionType::V30 => ("3", "claimsAndScopeOverrideDetails"),
        };
        // Only the third version knows of clients without users.
        if planned.user.is_none() && number != "3" {
            return Ok(Overrides::default());
        }
        let mut request = Map::new();
        request.insert("userAttributes".into(), planned.user.map_or_else(|| json!({}), attributes_of));
        let names: Vec<&str> = planned.groups.iter().filter_map(|g| g.group_name.as_deref()).collect();
        let roles: Vec<&str> = planned.groups.iter().filter_map(|g| g.role_arn.as_deref()).collect();
        request.insert(
            "groupConfiguration".into(),
            json!({ "groupsToOverride": names, "iamRolesToOverride": roles, "preferredRole": planned.preferred_role }),
        );
        if number != "1" {
            request.insert("scopes".into(), json!(planned.scopes));
        }
        self.with_metadata(&mut request);
        let source = format!("TokenGeneration_{}", planned.source);
        let response = self
            .call(Call {
                trigger: "PreTokenGeneration",
                source: &source,
                version: number,
                function_arn,
                username: planned.user.map_or(self.client_id, |u| &u.username),
                request: request.into(),
                response: json!({ answer: null }),
            })
            .await?;
        match response.get(answer) {
            None | Some(Value::Null) => Ok(Overrides::default()),
            Some(Value::Object(details)) if number == "1" => Overrides::first(details),
            Some(Value::Object(details)) => Overrides::later(details),
            Some(_) => Err(invalid(answer)),
        }
    }
}

fn invalid(what: &str) -> Fault {
    Error::InvalidLambdaResponse.says(format!("PreTokenGeneration returned an invalid {what}."))
}

impl Overrides {
    /// Version 1 changes the id token; groups stand in both.
    fn first(details: &Map<String, Value>) -> Result<Overrides, Fault> {
        let id = Changes::read(details)?;
        if id.add.values().any(|value| !value.is_string()) {
            return Err(invalid("claimsToAddOrOverride: values must be strings"));
        }
        Ok(Overrides { id, groups: Groups::read(details)?, ..Overrides::default() })
    }
    fn later(details: &Map<String, Value>) -> Result<Overrides, Fault> {
        let empty = Map::new();
        let part = |name: &str| match details.get(name) {
            None | Some(Value::Null) => Ok(&empty),
            Some(Value::Object(part)) => Ok(part),
            Some(_) => Err(invalid(name)),
        };
        let access = part("accessTokenGeneration")?;
        Ok(Overrides {
            id: Changes::read(part("idTokenGeneration")?)?,
            access: Changes::read(access)?,
            add_scopes: list(access, "scopesToAdd")?,
            drop_scopes: list(access, "scopesToSuppress")?,
            groups: Groups::read(details)?,
        })
    }

    /// Scopes after the function.
    pub fn scopes(&self, scopes: &[String]) -> Vec<String> {
        let mut kept: Vec<String> = scopes.iter().filter(|s| !self.drop_scopes.contains(s)).cloned().collect();
        for added in &self.add_scopes {
            if !kept.contains(added) {
                kept.push(added.clone());
            }
        }
        kept
    }
    /// Changes an id token.
    pub fn change_id(&self, claims: &mut Map<String, Value>) {
        self.id.apply(claims);
        if let Some(groups) = &self.groups {
            groups.apply(claims, true);
        }
    }
    /// Changes an access token.
    pub fn change_access(&self, claims: &mut Map<String, Value>) {
        self.access.apply(claims);
        if let Some(groups) = &self.groups {
            groups.apply(claims, false);
        }
    }
}

impl Changes {
    fn read(details: &Map<String, Value>) -> Result<Changes, Fault> {
        let add = match details.get("claimsToAddOrOverride") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(add)) => add.clone(),
            Some(_) => return Err(invalid("claimsToAddOrOverride")),
        };
        Ok(Changes { add, suppress: list(details, "claimsToSuppress")? })
    }
    fn apply(&self, claims: &mut Map<String, Value>) {
        let free = |name: &str| !FIXED.contains(&name) && !name.starts_with("aws:") && !name.starts_with("dev:");
        for (name, value) in self.add.iter().filter(|(name, _)| free(name)) {
            claims.insert(name.clone(), value.clone());
        }
        // What is both added and taken away is taken away.
        for name in self.suppress.iter().filter(|name| free(name)) {
            claims.remove(name);
        }
    }
}

impl Groups {
    fn read(details: &Map<String, Value>) -> Result<Option<Groups>, Fault> {
        match details.get("groupOverrideDetails") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(groups)) => {
                let given = |name: &str| groups.get(name).filter(|v| !v.is_null()).cloned();
                Ok(Some(Groups { names: given("groupsToOverride"), roles: given("iamRolesToOverride"), preferred: given("preferredRole") }))
            }
            Some(_) => Err(invalid("groupOverrideDetails")),
        }
    }
    /// An empty object takes the groups away.
    fn apply(&self, claims: &mut Map<String, Value>, id: bool) {
        let mut set = |name: &str, value: &Option<Value>| match value {
            Some(value) => drop(claims.insert(name.into(), value.clone())),
            None => drop(claims.remove(name)),
        };
        set("cognito:groups", &self.names);
        if id {
            set("cognito:roles", &self.roles);
            set("cognito:preferred_role", &self.preferred);
        }
    }
}

fn list(details: &Map<String, Value>, name: &str) -> Result<Vec<String>, Fault> {
    match details.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(|| invalid(name))).collect(),
        Some(_) => Err(invalid(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn fixed_claims_stay_and_suppression_wins() {
        let details = claims(json!({
            "idTokenGeneration": { "claimsToAddOrOverride": { "tier": ["gold"], "sub": "x", "gone": 1 }, "claimsToSuppress": ["gone", "email", "iss"] },
            "accessTokenGeneration": { "scopesToAdd": ["a/b"], "scopesToSuppress": ["openid"] },
            "groupOverrideDetails": { "groupsToOverride": ["g"] },
        }));
        let overrides = Overrides::later(&details).unwrap();
        let mut id = claims(json!({ "sub": "1", "iss": "i", "email": "e", "cognito:groups": ["old"], "cognito:roles": ["r"] }));
        overrides.change_id(&mut id);
        assert_eq!(Value::from(id), json!({ "sub": "1", "iss": "i", "tier": ["gold"], "cognito:groups": ["g"] }));
        assert_eq!(overrides.scopes(&["openid".into(), "email".into()]), ["email", "a/b"]);
    }

    #[test]
    fn the_first_version_knows_texts_only() {
        assert!(Overrides::first(&claims(json!({ "claimsToAddOrOverride": { "n": 1 } }))).is_err());
        assert!(Overrides::first(&claims(json!({ "claimsToAddOrOverride": { "n": "1" } }))).is_ok());
    }
}
