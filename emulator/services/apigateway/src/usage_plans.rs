//! Usage plans: how often the keys in them may call which stages.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Context, Fault, Read};

impl ApiGateway {
    /// Makes a usage plan.
    pub async fn create_usage_plan(&self, cx: &Context, input: CreateUsagePlanInput) -> Result<UsagePlan, Fault> {
        let plan = UsagePlan {
            id: Some(cx.ids().lower(6)),
            name: Some(input.name),
            description: input.description,
            api_stages: Some(input.api_stages.unwrap_or_default()),
            throttle: input.throttle,
            quota: input.quota.map(|quota| QuotaSettings { offset: Some(quota.offset.unwrap_or(0)), ..quota }),
            product_code: None,
            tags: input.tags.filter(|tags| !tags.is_empty()),
        };
        check(&plan)?;
        let id = plan.id.clone().unwrap_or_default();
        cx.store()
            .write(|tx| {
                for stage in plan.api_stages.iter().flatten() {
                    check_stage(tx, cx, &plan, stage)?;
                }
                tx.put(&USAGE_PLANS, cx.scope(), &id, &StoredPlan { settings: plan.clone() })
            })
            .await?;
        Ok(plan)
    }

    /// Describes a usage plan.
    pub async fn get_usage_plan(&self, cx: &Context, input: GetUsagePlanInput) -> Result<UsagePlan, Fault> {
        let mut plan = cx.store().read(|s| self::plan(s, cx, &input.usage_plan_id))?;
        plan.tags.get_or_insert_default();
        Ok(plan)
    }

    /// Usage plans of the account, or those that a key stands in.
    pub async fn get_usage_plans(&self, cx: &Context, input: GetUsagePlansInput) -> Result<GetUsagePlansOutput, Fault> {
        let all: Vec<UsagePlan> = cx.store().read(|s| {
            let mut plans = Vec::new();
            for row in s.scan(&USAGE_PLANS, cx.scope()) {
                let (id, plan) = row?;
                let wanted = match &input.key_id {
                    Some(key) => s.exists(&PLAN_KEYS, cx.scope(), &(key.clone(), id))?,
                    None => true,
                };
                if wanted {
                    plans.push(plan.settings);
                }
            }
            Ok::<_, Fault>(plans)
        })?;
        let (items, position) = page(all, |p| p.id.clone().unwrap_or_default(), input.position.as_deref(), input.limit)?;
        Ok(GetUsagePlansOutput { items: Some(items), position })
    }

    /// Changes a usage plan.
    pub async fn update_usage_plan(&self, cx: &Context, input: UpdateUsagePlanInput) -> Result<UsagePlan, Fault> {
        let patches = patch::read(input.patch_operations)?;
        cx.store()
            .write(|tx| {
                let mut plan = self::plan(tx, cx, &input.usage_plan_id)?;
                for patch in &patches {
                    apply(tx, cx, &mut plan, patch)?;
                }
                check(&plan)?;
                tx.put(&USAGE_PLANS, cx.scope(), &input.usage_plan_id, &StoredPlan { settings: plan.clone() })?;
                plan.tags.get_or_insert_default();
                Ok(plan)
            })
            .await
    }

    /// Deletes a usage plan that no stage uses any more.
    pub async fn delete_usage_plan(&self, cx: &Context, input: DeleteUsagePlanInput) -> Result<DeleteUsagePlanOutput, Fault> {
        cx.store()
            .write(|tx| {
                let plan = self::plan(tx, cx, &input.usage_plan_id)?;
                if plan.api_stages.iter().flatten().count() > 0 {
                    return Err(bad(format!(
                        "Cannot delete Usage Plan {} because there are API Stages associated with this Usage Plan",
                        input.usage_plan_id
                    )));
                }
                let keys: Vec<_> = tx.scan(&PLAN_KEYS, cx.scope()).keys().collect::<Result<Vec<_>, _>>()?;
                for key in keys.iter().filter(|(_, plan)| *plan == input.usage_plan_id) {
                    tx.delete(&PLAN_KEYS, cx.scope(), key)?;
                }
                tx.delete(&USAGE_PLANS, cx.scope(), &input.usage_plan_id)
            })
            .await?;
        Ok(DeleteUsagePlanOutput {})
    }
}

/// A usage plan, or AWS's fault.
pub(crate) fn plan(read: &impl Read, cx: &Context, id: &str) -> Result<UsagePlan, Fault> {
    let found = read.get(&USAGE_PLANS, cx.scope(), &id.to_owned())?;
    Ok(found.ok_or_else(|| Error::NotFound.says("Invalid Usage Plan ID specified"))?.settings)
}

fn check(plan: &UsagePlan) -> Result<(), Fault> {
    if plan.name.as_deref().unwrap_or_default().is_empty() {
        return Err(bad("Usage plan name cannot be empty"));
    }
    if let Some(throttle) = &plan.throttle {
        check_throttle(throttle)?;
    }
    for stage in plan.api_stages.iter().flatten() {
        stage.throttle.iter().flatten().try_for_each(|(_, throttle)| check_throttle(throttle))?;
    }
    let Some(quota) = &plan.quota else { return Ok(()) };
    if quota.limit.is_none_or(|limit| limit <= 0) {
        return Err(bad("Usage Plan quota limit must be greater than 0"));
    }
    let most = match quota.period {
        Some(QuotaPeriodType::Day) => 0,
        Some(QuotaPeriodType::Week) => 6,
        Some(QuotaPeriodType::Month) => 27,
        None => return Err(bad("Usage Plan quota period must be DAY, WEEK or MONTH")),
    };
    match (0..=most).contains(&quota.offset.unwrap_or(0)) {
        true => Ok(()),
        false => Err(bad("Usage Plan quota offset is out of the period")),
    }
}

fn check_throttle(throttle: &ThrottleSettings) -> Result<(), Fault> {
    if throttle.rate_limit.is_some_and(|rate| !rate.is_finite() || rate < 0.0) || throttle.burst_limit.is_some_and(|burst| burst < 0) {
        return Err(bad("Usage Plan throttle limits must not be negative"));
    }
    Ok(())
}

fn check_stage(read: &impl Read, cx: &Context, plan: &UsagePlan, stage: &ApiStage) -> Result<(), Fault> {
    let (Some(api), Some(name)) = (&stage.api_id, &stage.stage) else { return Err(bad("Invalid API Stage specified")) };
    match read.exists(&STAGES, cx.scope(), &(api.clone(), name.clone()))? {
        true => Ok(()),
        false => Err(Error::NotFound.says(format!(
            "Invalid API Stage {{api: {api}, stage: {name}}} specified for usageplan {}",
            plan.id.as_deref().unwrap_or_default()
        ))),
    }
}

fn apply(read: &impl Read, cx: &Context, plan: &mut UsagePlan, patch: &patch::Patch) -> Result<(), Fault> {
    match patch.parts()[..] {
        ["name"] => plan.name = Some(patch.value()?.to_owned()),
        ["description"] => patch.text(&mut plan.description)?,
        ["productCode"] => return Err(refused("UpdateUsagePlan", "productCode (AWS Marketplace)")),
        ["throttle"] if patch.op == Op::Remove => plan.throttle = None,
        ["throttle", what] => throttle(plan.throttle.get_or_insert_default(), what, patch)?,
        ["quota"] if patch.op == Op::Remove => plan.quota = None,
        ["quota", what] => {
            let quota = plan.quota.get_or_insert(QuotaSettings { offset: Some(0), ..Default::default() });
            match what {
                "limit" => quota.limit = Some(patch.number()?),
                "offset" => quota.offset = Some(patch.number()?),
                "period" => quota.period = QuotaPeriodType::parse(patch.value()?),
                _ => return Err(patch.unknown()),
            }
        }
        ["apiStages"] => {
            let value = patch.value.as_deref().and_then(|value| value.split_once(':'));
            let (api, stage) = value.ok_or_else(|| bad("Invalid API Stage specified"))?;
            let stage = ApiStage { api_id: Some(api.into()), stage: Some(stage.into()), throttle: None };
            check_stage(read, cx, plan, &stage)?;
            let stages = plan.api_stages.get_or_insert_default();
            stages.retain(|there| (&there.api_id, &there.stage) != (&stage.api_id, &stage.stage));
            if patch.op != Op::Remove {
                stages.push(stage);
            }
        }
        ["apiStages", which, "throttle", ref rest @ ..] => {
            let found = plan.api_stages.iter_mut().flatten().find(|s| {
                which.split_once(':').is_some_and(|(api, stage)| s.api_id.as_deref() == Some(api) && s.stage.as_deref() == Some(stage))
            });
            let all = &mut found.ok_or_else(|| bad("Invalid API Stage specified"))?.throttle;
            match rest {
                [] if patch.op == Op::Remove => *all = None,
                // `{path}/{verb}/rateLimit`: the path's own slashes are escaped.
                [path, verb] if patch.op == Op::Remove => drop(all.as_mut().and_then(|all| all.remove(&format!("{path}/{verb}")))),
                [path, verb, what] => throttle(all.get_or_insert_default().entry(format!("{path}/{verb}")).or_default(), what, patch)?,
                _ => return Err(patch.unknown()),
            }
        }
        _ => return Err(patch.unknown()),
    }
    Ok(())
}

fn throttle(settings: &mut ThrottleSettings, what: &str, patch: &patch::Patch) -> Result<(), Fault> {
    match what {
        "burstLimit" => settings.burst_limit = Some(patch.number()?),
        "rateLimit" => {
            settings.rate_limit =
                Some(patch.value()?.parse().map_err(|_| bad(format!("Invalid value for {}. Must be a number", patch.path)))?);
        }
        _ => return Err(patch.unknown()),
    }
    Ok(())
}
