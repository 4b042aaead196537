//! Scaling activities: what was done to a target and why, for six weeks.

use crate::{ApplicationAutoScaling, check, model::*, targets};
use kit::{Context, Fault, Read, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};

const ACTIVITIES: Table<(String, u64), Kept> = Table::new("application-autoscaling.activities", TableScope::Region);
const KEPT_NS: i128 = 42 * 86_400 * 1_000_000_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(with = "wire::kept")]
    activity: ScalingActivity,
}

/// Writes an activity down.
pub(crate) fn put(tx: &mut Tx<'_>, cx: &Context, resource: &str, wanted: u32, cause: String, problem: Option<&str>) -> Result<(), Fault> {
    let message = match problem {
        Some(problem) => format!("Failed to set desired capacity to {wanted}. Reason: {problem}"),
        None => format!("Successfully set desired capacity to {wanted}. Change successfully fulfilled by lambda."),
    };
    let activity = ScalingActivity {
        activity_id: cx.ids().uuid(),
        service_namespace: Some(ServiceNamespace::Lambda),
        resource_id: resource.to_owned(),
        scalable_dimension: targets::dimension(),
        description: format!("Setting desired capacity to {wanted}."),
        cause,
        start_time: Some(cx.now()),
        end_time: Some(cx.now()),
        status_code: Some(if problem.is_some() { ScalingActivityStatusCode::Failed } else { ScalingActivityStatusCode::Successful }),
        status_message: Some(message),
        ..ScalingActivity::default()
    };
    let seq = tx.next_seq("application-autoscaling.activities");
    tx.put(&ACTIVITIES, cx.scope(), &(resource.to_owned(), seq), &Kept { activity })?;
    // The oldest go as new ones come.
    let oldest = tx.scan(&ACTIVITIES, cx.scope()).prefix(&(resource,)).limit(10).collect::<Result<Vec<_>, Fault>>()?;
    for (key, kept) in oldest {
        if kept.activity.start_time.is_some_and(|at| at.plus_ns(KEPT_NS) < cx.now()) {
            tx.delete(&ACTIVITIES, cx.scope(), &key)?;
        }
    }
    Ok(())
}

impl ApplicationAutoScaling {
    /// Activities, newest first.
    pub async fn describe_scaling_activities(
        &self,
        cx: &Context,
        input: DescribeScalingActivitiesInput,
    ) -> Result<DescribeScalingActivitiesOutput, Fault> {
        check::namespace(input.service_namespace)?;
        if input.include_not_scaled_activities == Some(true) {
            return Err(check::not_implemented("IncludeNotScaledActivities of DescribeScalingActivities"));
        }
        let rows = cx.store().read(|s| s.scan(&ACTIVITIES, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let of = |resource: &str| input.resource_id.as_deref().is_none_or(|wanted| wanted == resource);
        let mut found: Vec<(u64, ScalingActivity)> = rows
            .into_iter()
            .filter(|((resource, _), kept)| of(resource) && kept.activity.start_time.is_some_and(|at| at.plus_ns(KEPT_NS) >= cx.now()))
            .map(|((_, seq), kept)| (u64::MAX - seq, kept.activity))
            .collect();
        found.sort_by_key(|(order, _)| *order);
        let key = |(order, _): &(u64, ScalingActivity)| format!("{order:020}");
        let page = kit::pages::page(found, key, input.next_token.as_deref(), check::limit(input.max_results), check::bad_token)?;
        Ok(DescribeScalingActivitiesOutput {
            scaling_activities: Some(page.items.into_iter().map(|(_, activity)| activity).collect()),
            next_token: page.next,
        })
    }
}
