//! GetMetricData: up to 500 queries, metrics and expressions over them, newest value first.

mod run;

pub(crate) use run::{Line, check, run};

use crate::{CloudWatch, check as rules, model::*, statistics::rounded};
use kit::{Context, Fault, Timestamp};

/// Datapoints an answer may have.
const MOST_DATAPOINTS: usize = 100_800;

impl CloudWatch {
    /// Values of metrics and expressions.
    pub async fn get_metric_data(&self, cx: &Context, input: GetMetricDataInput) -> Result<GetMetricDataOutput, Fault> {
        if input.start_time >= input.end_time {
            return Err(rules::validation("The parameter StartTime must be less than the parameter EndTime."));
        }
        if input.label_options.and_then(|options| options.timezone).is_some_and(|zone| zone != "+0000") {
            return Err(rules::not_implemented("LabelOptions.Timezone of GetMetricData"));
        }
        check(&input.metric_data_queries)?;
        self.emission.write(cx).await?;
        let now = cx.now();
        let spans = |period: i64| rounded(input.start_time, input.end_time, period, now);
        let lines = cx.store().read(|s| run(s, cx.scope(), &input.metric_data_queries, &spans, now))?;
        let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
        let most = input.max_datapoints.map_or(MOST_DATAPOINTS, |most| most.clamp(1, MOST_DATAPOINTS as i32) as usize);
        let skip: usize = match &input.next_token {
            Some(token) => kit::pages::key_of(token).and_then(|text| text.parse().ok()).ok_or_else(rules::bad_token)?,
            None => 0,
        };
        Ok(page(lines, ascending, skip, most))
    }
}

/// Cuts an answer of so many datapoints out of all of them, counted over all results.
fn page(lines: Vec<Line>, ascending: bool, skip: usize, most: usize) -> GetMetricDataOutput {
    let mut passed = 0;
    let mut results = Vec::new();
    let mut more = false;
    for line in lines.into_iter().filter(|line| line.returned) {
        let mut points: Vec<(i64, f64)> = line.values.into_iter().collect();
        if !ascending {
            points.reverse();
        }
        let from = skip.saturating_sub(passed).min(points.len());
        let to = skip.saturating_add(most).saturating_sub(passed).min(points.len());
        let partial = to < points.len();
        passed += points.len();
        more |= partial;
        let shown = &points[from.min(to)..to];
        // A result that an earlier page told whole is not told again; one without values is told once.
        if shown.is_empty() && (skip > 0 || partial) {
            continue;
        }
        results.push(MetricDataResult {
            id: Some(line.id),
            label: Some(line.label),
            timestamps: Some(shown.iter().map(|(at, _)| Timestamp::from_secs(*at)).collect()),
            values: Some(shown.iter().map(|(_, value)| *value).collect()),
            status_code: Some(if partial { StatusCode::PartialData } else { StatusCode::Complete }),
            messages: (!line.messages.is_empty()).then_some(line.messages),
        });
    }
    let next_token = more.then(|| kit::pages::token(&skip.saturating_add(most).to_string()));
    GetMetricDataOutput { metric_data_results: Some(results), next_token, messages: Some(Vec::new()) }
}
