//! Workflows and runs as callers see them, with the graph of what follows on what.

use super::state::{Action, Row, Run, runs};
use crate::{crawl::report, model::*, triggers};
use kit::{Context, Fault};

pub(super) fn workflow(cx: &Context, row: Row, graph: bool) -> Result<Workflow, Fault> {
    let last = cx.store().read(|s| runs(s, cx, &row.name))?.pop();
    Ok(Workflow {
        last_run: last.map(|(_, last)| run(cx, &row.name, last, false)).transpose()?,
        graph: graph.then(|| drawn(cx, &row.name, None)).transpose()?,
        name: Some(row.name),
        description: row.description,
        default_run_properties: Some(row.properties),
        created_on: Some(row.created),
        last_modified_on: Some(row.changed),
        max_concurrent_runs: row.most_runs,
        ..Workflow::default()
    })
}

pub(super) fn run(cx: &Context, workflow: &str, run: Run, graph: bool) -> Result<WorkflowRun, Fault> {
    let count = |state: &str| i32::try_from(run.actions.iter().filter(|a| a.state == state).count()).unwrap_or(i32::MAX);
    let status = match (run.end.is_some(), run.stopping) {
        _ if run.error.is_some() => WorkflowRunStatus::Error,
        (true, false) => WorkflowRunStatus::Completed,
        (true, true) => WorkflowRunStatus::Stopped,
        (false, false) => WorkflowRunStatus::Running,
        (false, true) => WorkflowRunStatus::Stopping,
    };
    Ok(WorkflowRun {
        name: Some(workflow.to_owned()),
        workflow_run_id: Some(run.id.clone()),
        previous_run_id: run.previous.clone(),
        workflow_run_properties: Some(run.properties.clone()),
        started_on: Some(run.start),
        completed_on: run.end,
        status: Some(status),
        statistics: Some(WorkflowRunStatistics {
            total_actions: Some(i32::try_from(run.actions.len()).unwrap_or(i32::MAX)),
            timeout_actions: Some(0),
            failed_actions: Some(count("FAILED")),
            stopped_actions: Some(count("CANCELLED")),
            succeeded_actions: Some(count("SUCCEEDED")),
            running_actions: Some(count("")),
            errored_actions: Some(count("ERROR")),
            waiting_actions: Some(0),
        }),
        graph: graph.then(|| drawn(cx, workflow, Some(&run))).transpose()?,
        starting_event_batch_condition: run.batch,
        error_message: run.error,
    })
}

/// Triggers and crawlers as nodes; an edge leads from a trigger to what it starts, and from a crawler to the triggers that wait for it.
fn drawn(cx: &Context, workflow: &str, run: Option<&Run>) -> Result<WorkflowGraph, Fault> {
    let triggers = cx.store().read(|s| triggers::state::all(s, cx, Some(workflow)))?;
    let (mut nodes, mut edges): (Vec<Node>, Vec<Edge>) = (Vec::new(), Vec::new());
    let crawler = |name: &str| format!("wnode_crawler_{name}");
    let mut crawlers: Vec<String> = Vec::new();
    for row in &triggers {
        let id = format!("wnode_trigger_{}", row.name());
        nodes.push(Node {
            r#type: Some(NodeType::Trigger),
            name: Some(row.name().to_owned()),
            unique_id: Some(id.clone()),
            trigger_details: Some(TriggerNodeDetails { trigger: Some(row.trigger.clone()) }),
            ..Node::default()
        });
        for name in row.crawlers() {
            edges.push(Edge { source_id: Some(id.clone()), destination_id: Some(crawler(name)) });
            crawlers.push(name.clone());
        }
        for condition in row.trigger.predicate.iter().flat_map(|p| p.conditions.iter().flatten()) {
            let name = condition.crawler_name.clone().unwrap_or_default();
            edges.push(Edge { source_id: Some(crawler(&name)), destination_id: Some(id.clone()) });
            crawlers.push(name);
        }
    }
    crawlers.sort();
    crawlers.dedup();
    nodes.extend(crawlers.into_iter().map(|name| Node {
        r#type: Some(NodeType::Crawler),
        unique_id: Some(crawler(&name)),
        crawler_details:
            run.map(|run| CrawlerNodeDetails { crawls: Some(run.actions.iter().filter(|a| a.crawler == name).map(crawl).collect()) }),
        name: Some(name),
        ..Node::default()
    }));
    Ok(WorkflowGraph { nodes: Some(nodes), edges: Some(edges) })
}

fn crawl(action: &Action) -> Crawl {
    Crawl {
        state: Some(CrawlState::parse(&action.state).unwrap_or(CrawlState::Running)),
        started_on: Some(action.start),
        completed_on: action.end,
        log_group: Some(report::GROUP.into()),
        log_stream: Some(action.crawler.clone()),
        ..Crawl::default()
    }
}
