//! API keys: who a caller is to usage plans. Not who it is to IAM.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault, Read};

impl ApiGateway {
    /// Makes an API key, with a value of its own unless one is given.
    pub async fn create_api_key(&self, cx: &Context, input: CreateApiKeyInput) -> Result<ApiKey, Fault> {
        if input.stage_keys.as_ref().is_some_and(|keys| !keys.is_empty()) {
            return Err(refused("CreateApiKey", "stageKeys (AWS keeps them for old accounts; usage plans take their place)"));
        }
        let name = input.name.filter(|name| !name.is_empty());
        if name.as_ref().is_some_and(|name| name.len() > 1024) {
            return Err(bad("Invalid API Key name, can be at most 1024 characters."));
        }
        check_description(input.description.as_deref())?;
        let given = input.value.filter(|value| !value.is_empty());
        match given.as_ref().map_or(40, String::len) {
            0..20 => return Err(bad("API Key value should be at least 20 characters")),
            20..=128 => {}
            _ => return Err(bad("API Key value exceeds maximum size of 128 characters")),
        }
        let key = ApiKey {
            id: Some(cx.ids().lower(10)),
            value: Some(given.unwrap_or_else(|| cx.ids().text(40, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))),
            name,
            customer_id: input.customer_id,
            description: input.description,
            enabled: Some(input.enabled.unwrap_or(false)),
            created_date: Some(cx.now()),
            last_updated_date: Some(cx.now()),
            stage_keys: Some(Vec::new()),
            tags: input.tags.filter(|tags| !tags.is_empty()),
        };
        let (id, value) = (key.id.clone().unwrap_or_default(), key.value.clone().unwrap_or_default());
        cx.store()
            .write(|tx| {
                if tx.exists(&KEY_VALUES, cx.scope(), &value)? {
                    return Err(conflict("API Key already exists"));
                }
                tx.put(&KEY_VALUES, cx.scope(), &value, &id)?;
                tx.put(&API_KEYS, cx.scope(), &id, &StoredKey { settings: key.clone() })
            })
            .await?;
        Ok(key)
    }

    /// Describes a key, with its value where that is asked for.
    pub async fn get_api_key(&self, cx: &Context, input: GetApiKeyInput) -> Result<ApiKey, Fault> {
        let mut key = cx.store().read(|s| self::key(s, cx, &input.api_key))?;
        key.tags.get_or_insert_default();
        Ok(shown(key, input.include_value))
    }

    /// Keys of the account, newest first, whose name begins with what is asked for.
    pub async fn get_api_keys(&self, cx: &Context, input: GetApiKeysInput) -> Result<GetApiKeysOutput, Fault> {
        let mut all: Vec<ApiKey> =
            cx.store().read(|s| s.scan(&API_KEYS, cx.scope()).map(|row| row.map(|(_, key)| key.settings)).collect::<Result<_, _>>())?;
        let prefix = input.name_query.unwrap_or_default();
        all.retain(|key| prefix.is_empty() || key.name.as_deref().is_some_and(|name| name.starts_with(&prefix)));
        all.retain(|key| input.customer_id.is_none() || key.customer_id == input.customer_id);
        let rank = |key: &ApiKey| {
            format!("{:020}{}", u64::MAX - key.created_date.map_or(0, |at| at.unix_ns as u64), key.id.as_deref().unwrap_or_default())
        };
        all.sort_by_key(rank);
        let (items, position) = page(all, rank, input.position.as_deref(), input.limit)?;
        let items = items.into_iter().map(|key| shown(key, input.include_values)).collect();
        Ok(GetApiKeysOutput { items: Some(items), position, warnings: None })
    }

    /// Changes a key; its value never changes.
    pub async fn update_api_key(&self, cx: &Context, input: UpdateApiKeyInput) -> Result<ApiKey, Fault> {
        let patches = patch::read(input.patch_operations)?;
        cx.store()
            .write(|tx| {
                let mut key = self::key(tx, cx, &input.api_key)?;
                for patch in &patches {
                    match (patch.op, &patch.parts()[..]) {
                        (_, ["description"]) => patch.text(&mut key.description)?,
                        // What is no `true` is false, as on AWS.
                        (Op::Replace, ["enabled"]) => key.enabled = Some(patch.value.as_deref() == Some("true")),
                        (_, ["name"]) => patch.text(&mut key.name)?,
                        (_, ["customerId"]) => patch.text(&mut key.customer_id)?,
                        _ => return Err(patch.none_of("/description, /enabled, /name, /customerId")),
                    }
                }
                check_description(key.description.as_deref())?;
                key.last_updated_date = Some(cx.now());
                tx.put(&API_KEYS, cx.scope(), &input.api_key, &StoredKey { settings: key.clone() })?;
                key.tags.get_or_insert_default();
                Ok(shown(key, None))
            })
            .await
    }

    /// Deletes a key, out of its usage plans too.
    pub async fn delete_api_key(&self, cx: &Context, input: DeleteApiKeyInput) -> Result<DeleteApiKeyOutput, Fault> {
        cx.store()
            .write(|tx| {
                let key = self::key(tx, cx, &input.api_key)?;
                let plans: Vec<_> = tx.scan(&PLAN_KEYS, cx.scope()).prefix(&(input.api_key.as_str(),)).keys().collect::<Result<_, _>>()?;
                plans.iter().try_for_each(|row| tx.delete(&PLAN_KEYS, cx.scope(), row).map(drop))?;
                tx.delete(&KEY_VALUES, cx.scope(), &key.value.unwrap_or_default())?;
                tx.delete(&API_KEYS, cx.scope(), &input.api_key)
            })
            .await?;
        Ok(DeleteApiKeyOutput {})
    }
}

/// A key, or AWS's fault.
pub(crate) fn key(read: &impl Read, cx: &Context, id: &str) -> Result<ApiKey, Fault> {
    let found = read.get(&API_KEYS, cx.scope(), &id.to_owned())?;
    Ok(found.ok_or_else(|| Error::NotFound.says("Invalid API Key identifier specified"))?.settings)
}

fn shown(key: ApiKey, with_value: Option<bool>) -> ApiKey {
    ApiKey { value: key.value.filter(|_| with_value == Some(true)), ..key }
}

fn check_description(description: Option<&str>) -> Result<(), Fault> {
    match description.is_some_and(|text| text.len() > 125_000) {
        true => Err(bad("Invalid API Key description specified.")),
        false => Ok(()),
    }
}
