//! Keys of usage plans, and what they have used of their quotas.

use crate::{ApiGateway, Error, api_keys, execute::Quota, model::*, patch, state::*, usage_plans::plan};
use kit::{Context, Fault, Read};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Puts a key into a usage plan.
    pub async fn create_usage_plan_key(&self, cx: &Context, input: CreateUsagePlanKeyInput) -> Result<UsagePlanKey, Fault> {
        if input.key_type != "API_KEY" {
            return Err(bad("Invalid key type. Must be API_KEY"));
        }
        cx.store()
            .write(|tx| {
                let wanted = plan(tx, cx, &input.usage_plan_id)?;
                let key = api_keys::key(tx, cx, &input.key_id)?;
                let row = (input.key_id.clone(), input.usage_plan_id.clone());
                if tx.exists(&PLAN_KEYS, cx.scope(), &row)? {
                    return Err(conflict("Usage Plan key already exists for this API Key"));
                }
                // A key may stand in one plan of a stage only, for a stage asks one.
                let others: Vec<_> = tx.scan(&PLAN_KEYS, cx.scope()).prefix(&(input.key_id.as_str(),)).keys().collect::<Result<_, _>>()?;
                for (_, other) in others {
                    let other = plan(tx, cx, &other)?;
                    let mut stages = wanted.api_stages.iter().flatten();
                    if stages.any(|s| other.api_stages.iter().flatten().any(|o| (&o.api_id, &o.stage) == (&s.api_id, &s.stage))) {
                        return Err(conflict("The API key is in another usage plan of the same API stage"));
                    }
                }
                tx.put(&PLAN_KEYS, cx.scope(), &row, &true)?;
                Ok(shown(key))
            })
            .await
    }

    /// Describes a key of a plan.
    pub async fn get_usage_plan_key(&self, cx: &Context, input: GetUsagePlanKeyInput) -> Result<UsagePlanKey, Fault> {
        cx.store().read(|s| {
            in_plan(s, cx, &input.usage_plan_id, &input.key_id)?;
            Ok(shown(api_keys::key(s, cx, &input.key_id)?))
        })
    }

    /// Keys of a plan, newest first. A plan that is not there has none, as on AWS.
    pub async fn get_usage_plan_keys(&self, cx: &Context, input: GetUsagePlanKeysInput) -> Result<GetUsagePlanKeysOutput, Fault> {
        let mut keys: Vec<ApiKey> = cx.store().read(|s| {
            let rows = s.scan(&PLAN_KEYS, cx.scope()).keys().collect::<Result<Vec<_>, Fault>>()?;
            let mine = rows.into_iter().filter(|(_, plan)| *plan == input.usage_plan_id);
            mine.map(|(key, _)| api_keys::key(s, cx, &key)).collect::<Result<_, _>>()
        })?;
        let prefix = input.name_query.unwrap_or_default();
        keys.retain(|key| key.name.as_deref().unwrap_or_default().starts_with(&prefix));
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_date, key.id.clone())));
        let keys = keys.into_iter().map(shown).collect();
        let (items, position) =
            page(keys, |key: &UsagePlanKey| key.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetUsagePlanKeysOutput { items: Some(items), position })
    }

    /// Takes a key out of a plan.
    pub async fn delete_usage_plan_key(&self, cx: &Context, input: DeleteUsagePlanKeyInput) -> Result<DeleteUsagePlanKeyOutput, Fault> {
        cx.store()
            .write(|tx| {
                in_plan(tx, cx, &input.usage_plan_id, &input.key_id)?;
                tx.delete(&PLAN_KEYS, cx.scope(), &(input.key_id, input.usage_plan_id))
            })
            .await?;
        Ok(DeleteUsagePlanKeyOutput {})
    }

    /// What keys used of a plan on each day: requests, and what was left of the quota.
    pub async fn get_usage(&self, cx: &Context, input: GetUsageInput) -> Result<Usage, Fault> {
        let days = days(&input.start_date, &input.end_date)?;
        cx.store().read(|s| {
            let plan = plan(s, cx, &input.usage_plan_id)?;
            let rows = s.scan(&PLAN_KEYS, cx.scope()).keys().collect::<Result<Vec<_>, Fault>>()?;
            let keys = rows.into_iter().filter(|(_, plan)| *plan == input.usage_plan_id).map(|(key, _)| key);
            let mut items = BTreeMap::new();
            for key in keys.filter(|key| input.key_id.as_ref().is_none_or(|wanted| wanted == key)) {
                let mut used = Vec::new();
                for day in &days {
                    let requests =
                        s.get(&USED, cx.scope(), &(input.usage_plan_id.clone(), key.clone(), day.clone()))?.unwrap_or_default().requests;
                    let left = match &plan.quota {
                        Some(quota) => Quota::of(quota, day).left(s, cx.scope(), &input.usage_plan_id, &key)?,
                        None => -1,
                    };
                    used.push(vec![requests, left]);
                }
                items.insert(key, used);
            }
            Ok(Usage {
                usage_plan_id: Some(input.usage_plan_id),
                start_date: Some(input.start_date),
                end_date: Some(input.end_date),
                position: None,
                items: Some(items),
            })
        })
    }

    /// Grants a key a number of requests that remain in the current period.
    pub async fn update_usage(&self, cx: &Context, input: UpdateUsageInput) -> Result<Usage, Fault> {
        let patches = patch::read(input.patch_operations)?;
        let today = kit::time::date(cx.now());
        let left = cx
            .store()
            .write(|tx| {
                let plan = plan(tx, cx, &input.usage_plan_id)?;
                in_plan(tx, cx, &input.usage_plan_id, &input.key_id)?;
                let quota = plan.quota.ok_or_else(|| bad("Usage Plan has no quota"))?;
                for patch in &patches {
                    patch.only_replace("/remaining")?;
                    let remaining = i64::from(patch.number()?);
                    let period = Quota::of(&quota, &today);
                    let left = period.left(tx, cx.scope(), &input.usage_plan_id, &input.key_id)?;
                    let row = (input.usage_plan_id.clone(), input.key_id.clone(), today.clone());
                    let mut used = tx.get(&USED, cx.scope(), &row)?.unwrap_or_default();
                    used.extension += remaining - left;
                    tx.put(&USED, cx.scope(), &row, &used)?;
                }
                Quota::of(&quota, &today).left(tx, cx.scope(), &input.usage_plan_id, &input.key_id)
            })
            .await?;
        let items = BTreeMap::from([(input.key_id, vec![vec![0, left]])]);
        Ok(Usage {
            usage_plan_id: Some(input.usage_plan_id),
            start_date: Some(today.clone()),
            end_date: Some(today),
            position: None,
            items: Some(items),
        })
    }
}

fn in_plan(read: &impl Read, cx: &Context, plan_id: &str, key: &str) -> Result<(), Fault> {
    plan(read, cx, plan_id)?;
    match read.exists(&PLAN_KEYS, cx.scope(), &(key.to_owned(), plan_id.to_owned()))? {
        true => Ok(()),
        false => Err(Error::NotFound.says("Invalid API Key identifier specified")),
    }
}

fn shown(key: ApiKey) -> UsagePlanKey {
    UsagePlanKey { id: key.id, r#type: Some("API_KEY".into()), value: key.value, name: key.name }
}

/// The days from one to another, at most 90.
fn days(from: &str, to: &str) -> Result<Vec<String>, Fault> {
    let day = |text: &str| text.parse::<jiff::civil::Date>().map_err(|_| bad("Invalid date, expected yyyy-MM-dd"));
    let (from, to) = (day(from)?, day(to)?);
    if from > to {
        return Err(bad("Usage start date must be before the end date"));
    }
    let days: Vec<String> =
        from.series(jiff::Span::new().days(1)).take_while(|day| *day <= to).take(91).map(|day| day.to_string()).collect();
    if days.len() > 90 { Err(bad("Usage is kept for 90 days")) } else { Ok(days) }
}
