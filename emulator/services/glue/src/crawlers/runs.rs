//! Runs of crawlers: started, stopped, listed, measured.

use super::{
    check,
    state::{CRAWLERS, Cause, Crawling, Outcome, RUNS, Row, Run, must_find, runs},
};
use crate::{
    Glue,
    crawl::{self, Stopped, report},
    model::*,
    pages, triggers,
};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, RecordKind, Tx};
use serde_json::json;

/// The task of a run.
pub(crate) const KIND: &str = "crawl";
/// Runs that a crawler's history holds.
const MOST_RUNS: usize = 1_000;

/// Writes a run and the task that runs it.
pub(crate) fn begin(cx: &Context, tx: &mut Tx<'_>, row: &mut Row, cause: Option<Cause>) -> Result<(), Fault> {
    let name = row.crawler.name.clone().unwrap_or_default();
    let number = tx.next_seq("glue.crawls");
    let run = Run {
        id: cx.ids().uuid(),
        start: cx.now(),
        end: None,
        outcome: None,
        summary: String::new(),
        created: 0,
        updated: 0,
        deleted: 0,
        cause,
    };
    (row.running, row.stopping) = (Some(number), false);
    tx.put(&RUNS, cx.scope(), &(name.clone(), number), &run)?;
    tx.put(&CRAWLERS, cx.scope(), &name, row)?;
    tx.task(NewTask::new(cx.scope(), "glue", KIND, &(&name, number)).cause(cx.ids().number()));
    Ok(())
}

/// Runs a crawl that was started. After a kill it runs again: what it wrote already is there then and is left.
pub(crate) async fn run(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let (name, number): (String, u64) = task.payload()?;
    let cx = &cx.in_scope(task.scope.clone());
    let found =
        cx.store().read(|s| Ok::<_, Fault>((s.get(&CRAWLERS, cx.scope(), &name)?, s.get(&RUNS, cx.scope(), &(name.clone(), number))?)))?;
    let (Some(row), Some(run)) = found else { return Ok(()) };
    if row.running != Some(number) {
        return Ok(());
    }
    let crawling = Crawling { crawler: row.crawler, number, run: run.id };
    let mut done = report::Report::default();
    let result = crawl(cx, &crawling, &mut done).await;
    let outcome = match result {
        Ok(()) => Outcome::Succeeded,
        Err(Stopped::Cancelled) => Outcome::Cancelled,
        Err(Stopped::Refused(why)) => Outcome::Failed(why),
        Err(Stopped::Failed(fault)) => Outcome::Failed(format!("{}: {}", fault.code, fault.message)),
    };
    end(cx, &crawling, outcome, &done).await
}

async fn crawl(cx: &Context, crawling: &Crawling, done: &mut report::Report) -> Result<(), Stopped> {
    let role = crawling.crawler.role.as_deref().unwrap_or_default();
    let worker = check::assume(cx, role, crawling.name()).await?;
    // A crawl that panics ends as a failed one: tried again it would panic again, and the crawler be RUNNING for ever.
    let result = kit::caught(crawl::run(&worker, crawling, done)).await;
    let writer = crawl::Writer { crawler: crawling.name(), run: &crawling.run };
    match &result {
        Ok(()) => {}
        Err(Stopped::Cancelled) => done.line(&worker, &writer, "INFO", "Crawl is cancelled."),
        Err(Stopped::Refused(why)) => done.line(&worker, &writer, "ERROR", why),
        Err(Stopped::Failed(fault)) => done.line(&worker, &writer, "ERROR", format!("{}: {}", fault.code, fault.message)),
    }
    done.log(&worker, crawling.name()).await;
    result
}

async fn end(cx: &Context, crawling: &Crawling, outcome: Outcome, done: &report::Report) -> Result<(), Fault> {
    let name = crawling.name().to_owned();
    let word = match &outcome {
        Outcome::Succeeded => "ok",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed(_) => "failed",
    };
    let message = if let Outcome::Failed(why) = &outcome { Some(why.clone()) } else { None };
    let detail = json!({ "run": crawling.run, "summary": done.summary(), "message": message });
    cx.cloud().journal().write(cx, RecordKind::Event, "glue", "Crawl", &super::state::arn(cx, &name), word, detail);
    let state = match &outcome {
        Outcome::Succeeded => CrawlState::Succeeded,
        Outcome::Cancelled => CrawlState::Cancelled,
        Outcome::Failed(_) => CrawlState::Failed,
    };
    cx.store()
        .write(|tx| {
            let key = (name.clone(), crawling.number);
            let mut cause = None;
            if let Some(mut run) = tx.get(&RUNS, cx.scope(), &key)? {
                cause = run.cause.clone();
                run.end = Some(cx.now());
                run.outcome = Some(outcome);
                run.summary = done.summary();
                let count = |names: &Vec<String>| u32::try_from(names.len()).unwrap_or(u32::MAX);
                (run.created, run.updated, run.deleted) = (count(&done.created), count(&done.updated), count(&done.deleted));
                tx.put(&RUNS, cx.scope(), &key, &run)?;
            }
            let old: Vec<u64> = runs(tx, cx, &name)?.into_iter().rev().skip(MOST_RUNS).map(|(number, _)| number).collect();
            old.into_iter().try_for_each(|number| tx.delete(&RUNS, cx.scope(), &(name.clone(), number)).map(drop))?;
            if let Some(mut row) = tx.get(&CRAWLERS, cx.scope(), &name)?.filter(|row| row.running == Some(crawling.number)) {
                (row.running, row.stopping) = (None, false);
                tx.put(&CRAWLERS, cx.scope(), &name, &row)?;
            }
            // In the same transaction: a kill between the end of a crawl and what follows it loses neither.
            cause.map_or(Ok(()), |cause| triggers::fire::ended(cx, tx, &name, state, &cause))
        })
        .await
}

/// What GetCrawler shows of the last run.
pub(super) fn last(crawler: &str, run: &Run) -> LastCrawlInfo {
    let (status, message) = match &run.outcome {
        Some(Outcome::Succeeded) | None => (LastCrawlStatus::Succeeded, None),
        Some(Outcome::Cancelled) => (LastCrawlStatus::Cancelled, None),
        Some(Outcome::Failed(why)) => (LastCrawlStatus::Failed, Some(why.clone())),
    };
    LastCrawlInfo {
        status: Some(status),
        error_message: message,
        log_group: Some(report::GROUP.into()),
        log_stream: Some(crawler.into()),
        message_prefix: Some(run.id.clone()),
        start_time: Some(run.start),
    }
}

impl Glue {
    /// Starts a crawl.
    pub async fn start_crawler(&self, cx: &Context, input: StartCrawlerInput) -> Result<StartCrawlerOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                match row.running {
                    Some(_) => Err(Error::CrawlerRunning.says(format!("Crawler with name {} has already started", input.name))),
                    None => begin(cx, tx, &mut row, None),
                }
            })
            .await?;
        Ok(StartCrawlerOutput {})
    }

    /// Stops a crawl where it is; what it wrote stays.
    pub async fn stop_crawler(&self, cx: &Context, input: StopCrawlerInput) -> Result<StopCrawlerOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                if row.running.is_none() {
                    return Err(Error::CrawlerNotRunning.says(format!("Crawler with name {} isn't running", input.name)));
                }
                if row.stopping {
                    return Err(Error::CrawlerStopping.says(format!("Crawler with name {} is stopping", input.name)));
                }
                row.stopping = true;
                tx.put(&CRAWLERS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(StopCrawlerOutput {})
    }

    /// Runtimes and counts of crawlers' last runs.
    pub async fn get_crawler_metrics(&self, cx: &Context, input: GetCrawlerMetricsInput) -> Result<GetCrawlerMetricsOutput, Fault> {
        let wanted = input.crawler_name_list.filter(|names| !names.is_empty());
        let all: Vec<CrawlerMetrics> = cx.store().read(|s| {
            let rows: Vec<Row> = s.scan(&CRAWLERS, cx.scope()).map(|row| row.map(|(_, row)| row)).collect::<Result<_, _>>()?;
            let names = rows.into_iter().filter_map(|row| row.crawler.name);
            names
                .filter(|name| wanted.as_ref().is_none_or(|w| w.contains(name)))
                .map(|name| measured(s, cx, name))
                .collect::<Result<_, Fault>>()
        })?;
        let key = |m: &CrawlerMetrics| m.crawler_name.clone().unwrap_or_default();
        let page = pages::cut(all, key, input.next_token.as_deref(), input.max_results, 100)?;
        Ok(GetCrawlerMetricsOutput { crawler_metrics_list: Some(page.items), next_token: page.next })
    }

    /// The runs of a crawler, newest first, of those that fit all filters.
    pub async fn list_crawls(&self, cx: &Context, input: ListCrawlsInput) -> Result<ListCrawlsOutput, Fault> {
        let mut all = cx.store().read(|s| {
            must_find(s, cx, &input.crawler_name)?;
            runs(s, cx, &input.crawler_name)
        })?;
        all.reverse();
        let mut fit = Vec::new();
        for (number, run) in all {
            let history = shown(&input.crawler_name, &run, cx);
            let fits = input.filters.iter().flatten().try_fold(true, |fits, filter| Ok::<_, Fault>(fits && holds(filter, &history)?))?;
            if fits {
                fit.push((number, history));
            }
        }
        let limit = input.max_results.map_or(20, |n| n.clamp(1, 1000) as usize);
        let bad = || Error::InvalidInput.says("Invalid nextToken.");
        // Newest first: the token counts down.
        let page = kit::pages::page(fit, |(number, _)| format!("{:020}", u64::MAX - number), input.next_token.as_deref(), limit, bad)?;
        Ok(ListCrawlsOutput { crawls: Some(page.items.into_iter().map(|(_, history)| history).collect()), next_token: page.next })
    }
}

fn measured(store: &impl Read, cx: &Context, name: String) -> Result<CrawlerMetrics, Fault> {
    let all = runs(store, cx, &name)?;
    let ended: Vec<&Run> = all.iter().map(|(_, run)| run).filter(|run| run.outcome.is_some()).collect();
    let mut seconds: Vec<f64> = ended.iter().filter_map(|run| Some((run.end?.millis() - run.start.millis()) as f64 / 1000.0)).collect();
    let last = seconds.last().copied();
    seconds.sort_by(f64::total_cmp);
    let newest = ended.last();
    Ok(CrawlerMetrics {
        crawler_name: Some(name),
        time_left_seconds: Some(0.0),
        still_estimating: Some(false),
        last_runtime_seconds: Some(last.unwrap_or(0.0)),
        median_runtime_seconds: Some(seconds.get(seconds.len() / 2).copied().unwrap_or(0.0)),
        tables_created: Some(newest.map_or(0, |run| run.created as i32)),
        tables_updated: Some(newest.map_or(0, |run| run.updated as i32)),
        tables_deleted: Some(newest.map_or(0, |run| run.deleted as i32)),
    })
}

fn shown(crawler: &str, run: &Run, cx: &Context) -> CrawlerHistory {
    let (state, message) = match &run.outcome {
        None => (CrawlerHistoryState::Running, None),
        Some(Outcome::Succeeded) => (CrawlerHistoryState::Completed, None),
        Some(Outcome::Cancelled) => (CrawlerHistoryState::Stopped, None),
        Some(Outcome::Failed(why)) => (CrawlerHistoryState::Failed, Some(why.clone())),
    };
    // Two units; billed by the second, ten minutes at least.
    let seconds = (run.end.unwrap_or_else(|| cx.now()).millis() - run.start.millis()) as f64 / 1000.0;
    CrawlerHistory {
        crawl_id: Some(run.id.clone()),
        state: Some(state),
        start_time: Some(run.start),
        end_time: run.end,
        summary: Some(run.summary.clone()).filter(|s| !s.is_empty()),
        error_message: message,
        log_group: Some(report::GROUP.into()),
        log_stream: Some(crawler.into()),
        message_prefix: Some(run.id.clone()),
        dpu_hour: Some(2.0 * seconds / 3600.0),
    }
}

/// Whether a run fits a filter.
fn holds(filter: &CrawlsFilter, run: &CrawlerHistory) -> Result<bool, Fault> {
    let wrong = || Error::InvalidInput.says("A filter of ListCrawls needs FieldName, FilterOperator and a FieldValue that fits them.");
    let (Some(field), Some(operator), Some(value)) = (&filter.field_name, &filter.filter_operator, filter.field_value.as_deref()) else {
        return Err(wrong());
    };
    let millis = |at: Option<kit::Timestamp>| at.map(|at| at.millis() as f64);
    let own = match field {
        FieldName::CrawlId | FieldName::State => {
            let text = if *field == FieldName::CrawlId { run.crawl_id.clone() } else { run.state.as_ref().map(|s| s.to_string()) };
            return match operator {
                FilterOperator::Eq => Ok(text.as_deref() == Some(value)),
                FilterOperator::Ne => Ok(text.as_deref() != Some(value)),
                _ => Err(wrong()),
            };
        }
        FieldName::StartTime => millis(run.start_time),
        FieldName::EndTime => millis(run.end_time),
        FieldName::DpuHour => run.dpu_hour,
    };
    let value: f64 = value.parse().map_err(|_| wrong())?;
    let Some(own) = own else { return Ok(false) };
    Ok(match operator {
        FilterOperator::Gt => own > value,
        FilterOperator::Ge => own >= value,
        FilterOperator::Lt => own < value,
        FilterOperator::Le => own <= value,
        FilterOperator::Eq => own == value,
        FilterOperator::Ne => own != value,
    })
}
