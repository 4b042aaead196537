//! Attributes for access control: claims of a login that become tags of the session.

use crate::{CognitoIdentity, logins::Login, model::*, state::*};
use kit::{Context, Fault};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The claim under which session tags travel.
pub(crate) const CLAIM: &str = "https://aws.amazon.com/tags";
/// Tags of a mapping, AWS's quota.
const MOST_TAGS: usize = 50;

impl CognitoIdentity {
    /// Sets the mapping of a provider.
    pub async fn set_principal_tag_attribute_map(
        &self,
        cx: &Context,
        input: SetPrincipalTagAttributeMapInput,
    ) -> Result<SetPrincipalTagAttributeMapOutput, Fault> {
        let map = TagMap { defaults: input.use_defaults == Some(true), tags: input.principal_tags.clone().unwrap_or_default() };
        if map.defaults && !map.tags.is_empty() {
            return Err(bad("PrincipalTags must be empty when UseDefaults is true."));
        }
        if map.tags.len() > MOST_TAGS {
            return Err(bad(format!("A mapping can have at most {MOST_TAGS} tags.")));
        }
        cx.store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.identity_pool_id)?;
                pool.tag_maps.insert(input.identity_provider_name.clone(), map);
                tx.put(&POOLS, cx.scope(), &input.identity_pool_id, &pool)
            })
            .await?;
        Ok(SetPrincipalTagAttributeMapOutput {
            identity_pool_id: Some(input.identity_pool_id),
            identity_provider_name: Some(input.identity_provider_name),
            use_defaults: input.use_defaults,
            principal_tags: input.principal_tags,
        })
    }

    /// The mapping of a provider.
    pub async fn get_principal_tag_attribute_map(
        &self,
        cx: &Context,
        input: GetPrincipalTagAttributeMapInput,
    ) -> Result<GetPrincipalTagAttributeMapOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.identity_pool_id))?;
        let map = pool.tag_maps.get(&input.identity_provider_name);
        let map = map.ok_or_else(|| crate::Error::ResourceNotFound.says("Principal tag attribute map not found."))?;
        Ok(GetPrincipalTagAttributeMapOutput {
            identity_pool_id: Some(input.identity_pool_id),
            identity_provider_name: Some(input.identity_provider_name),
            use_defaults: Some(map.defaults),
            principal_tags: Some(if map.defaults { defaults() } else { map.tags.clone() }),
        })
    }
}

/// AWS's default mapping.
fn defaults() -> BTreeMap<String, String> {
    [("client", "aud"), ("username", "sub")].map(|(tag, claim)| (tag.to_owned(), claim.to_owned())).into()
}

/// The session tags of an identity with these logins: those of the first provider that has a mapping.
pub(crate) fn of_logins(pool: &Pool, logins: &[Login]) -> Vec<(String, String)> {
    let Some((login, map)) = logins.iter().find_map(|login| Some((login, pool.tag_maps.get(&login.provider)?))) else { return Vec::new() };
    let tags = if map.defaults { defaults() } else { map.tags.clone() };
    let value = |claim: &str| match login.claims.get(claim)? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    tags.into_iter().filter_map(|(tag, claim)| Some((tag, value(&claim)?))).collect()
}

/// Tags as a token carries them.
pub(crate) fn to_claim(tags: impl IntoIterator<Item = (String, String)>) -> Value {
    let tags: Map<String, Value> = tags.into_iter().map(|(tag, value)| (tag, json!([value]))).collect();
    json!({ "principal_tags": tags })
}

/// Tags out of a token.
pub(crate) fn of_claim(claim: &Value) -> Vec<(String, String)> {
    let tags = claim.get("principal_tags").and_then(Value::as_object);
    tags.into_iter().flatten().filter_map(|(tag, value)| Some((tag.clone(), value.get(0)?.as_str()?.to_owned()))).collect()
}
