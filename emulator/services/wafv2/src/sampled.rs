//! Samples of requests of the last three hours, by web ACL and metric, and GetSampledRequests. They are held in memory, as they are on AWS:
//! they are no record.

use crate::{Wafv2, check, model::*, state};
use kit::{Context, Fault, Timestamp};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};

/// How long samples are kept, seconds.
const KEPT_SECS: i64 = 3 * 3600;
/// Samples of a metric.
const MOST_SAMPLES: usize = 500;

/// Samples by web ACL and metric.
#[derive(Default)]
pub(crate) struct Samples {
    kept: Mutex<HashMap<(String, String), Kept>>,
}

#[derive(Default)]
struct Kept {
    samples: VecDeque<(i64, SampledHTTPRequest)>,
    /// Requests of each minute.
    minutes: VecDeque<(i64, i64)>,
}

impl Samples {
    /// Keeps a request.
    pub fn keep(&self, acl_arn: &str, metric: &str, at: Timestamp, sample: SampledHTTPRequest) {
        let mut all = self.kept.lock();
        let kept = all.entry((acl_arn.to_owned(), metric.to_owned())).or_default();
        let now = at.secs();
        kept.samples.push_back((now, sample));
        match kept.minutes.back_mut() {
            Some((minute, count)) if *minute == now / 60 => *count += 1,
            _ => kept.minutes.push_back((now / 60, 1)),
        }
        let old = now - KEPT_SECS;
        while kept.samples.len() > MOST_SAMPLES || kept.samples.front().is_some_and(|(at, _)| *at < old) {
            kept.samples.pop_front();
        }
        while kept.minutes.front().is_some_and(|(minute, _)| *minute < old / 60) {
            kept.minutes.pop_front();
        }
    }
    /// Forgets a web ACL.
    pub fn forget(&self, acl_arn: &str) {
        self.kept.lock().retain(|(arn, _), _| arn != acl_arn);
    }
    /// Samples of a span of seconds, and how many requests there were in it.
    fn find(&self, acl_arn: &str, metric: &str, from: i64, to: i64) -> (Vec<SampledHTTPRequest>, i64) {
        let all = self.kept.lock();
        let Some(kept) = all.get(&(acl_arn.to_owned(), metric.to_owned())) else { return (Vec::new(), 0) };
        let samples = kept.samples.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, sample)| sample.clone()).collect();
        let population = kept.minutes.iter().filter(|(minute, _)| (from / 60..=to / 60).contains(minute)).map(|(_, count)| count).sum();
        (samples, population)
    }
}

impl Wafv2 {
    /// Requests that a rule matched, or that the default action decided.
    pub async fn get_sampled_requests(&self, cx: &Context, input: GetSampledRequestsInput) -> Result<GetSampledRequestsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        cx.store().read(|s| state::web_acl_by_arn(s, &place, &input.web_acl_arn)?.ok_or_else(check::nonexistent))?;
        let now = cx.now().secs();
        let (from, to) = (input.time_window.start_time, input.time_window.end_time);
        let (Some(from), Some(to)) = (from, to) else {
            return Err(check::invalid("TIME_WINDOW", "", "StartTime and EndTime have to be given."));
        };
        if from.secs() > to.secs() {
            return Err(check::invalid("TIME_WINDOW", "", "StartTime has to be before EndTime."));
        }
        // What lies further back than three hours is moved up, and the answer says so.
        let (from, to) = (from.secs().max(now - KEPT_SECS), to.secs().min(now));
        let (mut samples, population) = self.memory.samples.find(&input.web_acl_arn, &input.rule_metric_name, from, to);
        let most = usize::try_from(input.max_items).unwrap_or(0).clamp(1, MOST_SAMPLES);
        // The newest ones; each stands for so many requests.
        samples.drain(..samples.len().saturating_sub(most));
        let weight = (population / samples.len().max(1) as i64).max(1);
        samples.iter_mut().for_each(|sample| sample.weight = weight);
        let window = TimeWindow { start_time: Some(Timestamp::from_secs(from)), end_time: Some(Timestamp::from_secs(to)) };
        Ok(GetSampledRequestsOutput { sampled_requests: Some(samples), population_size: Some(population), time_window: Some(window) })
    }
}
