//! API keys and their usage plans, and the throttles of stages and accounts: how often who may call what.

use super::{Edge, answers::Refusal, call::Call};
use crate::{method_settings, model::*, state::*};
use kit::{Fault, Read, Scope};

/// What an account may call in a region, a second and at once; AWS's documented quota.
const ACCOUNT_RATE: f64 = 10_000.0;
const ACCOUNT_BURST: f64 = 5_000.0;

/// Takes what the request costs out of every bucket it comes by: the plan of its key, its method or stage, the account.
pub(crate) async fn admit(edge: &Edge, call: &mut Call) -> Result<(), Refusal> {
    let plan = if call.method.api_key_required == Some(true) { Some(find_plan(call)?) } else { None };
    let now = call.cx.now();
    let take =
        |name: String, rate: f64, burst: f64| if edge.buckets.take(&name, now, rate, burst) { Ok(()) } else { Err(Refusal::throttled()) };
    let path = call.resource.path.clone().unwrap_or_default();
    let verb = call.head.method.as_str();
    if let (Some(plan), Some((key, _))) = (&plan, &call.api_key) {
        let id = plan.id.as_deref().unwrap_or_default();
        let stage = plan.api_stages.iter().flatten().find(|s| is_stage(s, call));
        let own = stage
            .and_then(|s| s.throttle.as_ref())
            .and_then(|all| all.get(&format!("{path}/{verb}")).map(|t| (format!("/{path}/{verb}"), t)));
        if let Some((what, throttle)) = own.or(plan.throttle.as_ref().map(|t| (String::new(), t))) {
            let rate = throttle.rate_limit.unwrap_or(ACCOUNT_RATE);
            take(format!("plan/{id}/{key}{what}"), rate, throttle.burst_limit.map_or(rate, f64::from))?;
        }
    }
    if let Some((key, setting)) = method_settings::of(&call.stage, &path, verb) {
        let rate = setting.throttling_rate_limit.unwrap_or(ACCOUNT_RATE);
        if rate >= 0.0 {
            let burst = setting.throttling_burst_limit.map_or(rate, f64::from);
            take(format!("stage/{}/{}/{key}", call.address.api_id, call.address.stage), rate, burst)?;
        }
    }
    take(format!("account/{}/{}", call.cx.account(), call.cx.region()), ACCOUNT_RATE, ACCOUNT_BURST)?;
    match plan {
        Some(plan) => spend(call, &plan).await,
        None => Ok(()),
    }
}

fn is_stage(stage: &ApiStage, call: &Call) -> bool {
    stage.api_id.as_deref() == Some(&call.address.api_id) && stage.stage.as_deref() == Some(&call.address.stage)
}

/// The plan by which the request's key may call the stage.
fn find_plan(call: &mut Call) -> Result<UsagePlan, Refusal> {
    let value = match call.api.settings.api_key_source {
        Some(ApiKeySourceType::Authorizer) => call.usage_key.clone(),
        _ => call.header("x-api-key").map(str::to_owned),
    };
    let value = value.ok_or_else(Refusal::invalid_api_key)?;
    let scope = call.cx.scope();
    let found = call.cx.store().read(|s| {
        let Some(id) = s.get(&KEY_VALUES, scope, &value)? else { return Ok(None) };
        let Some(key) = s.get(&API_KEYS, scope, &id)?.filter(|key| key.settings.enabled == Some(true)) else { return Ok(None) };
        for row in s.scan(&PLAN_KEYS, scope).prefix(&(id.as_str(),)).keys() {
            let (_, plan) = row?;
            let plan = s.get(&USAGE_PLANS, scope, &plan)?.map(|plan| plan.settings);
            if let Some(plan) = plan.filter(|plan| plan.api_stages.iter().flatten().any(|stage| is_stage(stage, call))) {
                return Ok(Some((key.settings.id.unwrap_or_default(), plan)));
            }
        }
        Ok::<_, Fault>(None)
    });
    let (id, plan) = found.ok().flatten().ok_or_else(Refusal::invalid_api_key)?;
    call.api_key = Some((id, value));
    Ok(plan)
}

/// Counts the request of a key, unless its quota is used up.
async fn spend(call: &Call, plan: &UsagePlan) -> Result<(), Refusal> {
    let Some((key, _)) = &call.api_key else { return Ok(()) };
    let plan_id = plan.id.clone().unwrap_or_default();
    let today = kit::time::date(call.cx.now());
    let counted = call.cx.store().write(|tx| {
        if let Some(quota) = &plan.quota
            && Quota::of(quota, &today).left(tx, call.cx.scope(), &plan_id, key)? <= 0
        {
            return Ok(false);
        }
        let row = (plan_id.clone(), key.clone(), today.clone());
        let mut used = tx.get(&USED, call.cx.scope(), &row)?.unwrap_or_default();
        used.requests += 1;
        tx.put(&USED, call.cx.scope(), &row, &used)?;
        Ok(true)
    });
    match counted.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::over_quota()),
        Err(_) => Err(Refusal::configuration()),
    }
}

/// A quota in the period that a day lies in.
pub(crate) struct Quota {
    limit: i64,
    /// First and last day that count, as `2015-01-25`.
    from: String,
    to: String,
}

impl Quota {
    /// The period of a day: the day, its week from Sunday, its month; weeks and months begin `offset` days later.
    pub fn of(settings: &QuotaSettings, day: &str) -> Quota {
        let limit = i64::from(settings.limit.unwrap_or(i32::MAX));
        let offset = i64::from(settings.offset.unwrap_or(0));
        let Ok(date) = day.parse::<jiff::civil::Date>() else { return Quota { limit, from: day.into(), to: day.into() } };
        let back = |days: i64| date.checked_sub(jiff::Span::new().days(days)).unwrap_or(date);
        let from = match settings.period {
            Some(QuotaPeriodType::Week) => back((i64::from(date.weekday().to_sunday_zero_offset()) - offset).rem_euclid(7)),
            Some(QuotaPeriodType::Month) => {
                let first = back(i64::from(date.day()) - 1).checked_add(jiff::Span::new().days(offset)).unwrap_or(date);
                if first <= date { first } else { first.checked_sub(jiff::Span::new().months(1)).unwrap_or(date) }
            }
            _ => date,
        };
        Quota { limit, from: from.to_string(), to: day.to_owned() }
    }

    /// Requests that a key has left.
    pub fn left(&self, read: &impl Read, scope: &Scope, plan: &str, key: &str) -> Result<i64, Fault> {
        let mut left = self.limit;
        for row in read.scan(&USED, scope).prefix(&(plan, key)) {
            let ((_, _, day), used) = row?;
            if (self.from.as_str()..=self.to.as_str()).contains(&day.as_str()) {
                left = left - used.requests + used.extension;
            }
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let from = |period, offset, day: &str| {
            let settings = QuotaSettings { limit: Some(1), offset: Some(offset), period: Some(period) };
            Quota::of(&settings, day).from
        };
        assert_eq!(from(QuotaPeriodType::Day, 0, "2023-11-15"), "2023-11-15");
        assert_eq!(from(QuotaPeriodType::Week, 0, "2023-11-15"), "2023-11-12");
        assert_eq!(from(QuotaPeriodType::Week, 4, "2023-11-15"), "2023-11-09");
        assert_eq!(from(QuotaPeriodType::Month, 0, "2023-11-15"), "2023-11-01");
        assert_eq!(from(QuotaPeriodType::Month, 19, "2023-11-15"), "2023-10-20");
    }
}
