//! Workflows: triggers and crawlers that belong together, and their runs.

pub(crate) mod runs;
mod shown;
pub(crate) mod state;

use crate::{Glue, model::*, pages, state::clear, triggers};
use kit::{Context, Fault, Read};
use state::{RUNS, Row, WORKFLOWS, must_find};

impl Glue {
    /// Makes a workflow; triggers join it by naming it.
    pub async fn create_workflow(&self, cx: &Context, input: CreateWorkflowInput) -> Result<CreateWorkflowOutput, Fault> {
        let now = kit::Timestamp::from_secs(cx.now().secs());
        let row = Row {
            name: input.name.clone(),
            description: input.description,
            properties: input.default_run_properties.unwrap_or_default(),
            most_runs: input.max_concurrent_runs,
            created: now,
            changed: now,
            tags: crate::tags::checked(input.tags.unwrap_or_default())?,
        };
        cx.store()
            .write(|tx| {
                if tx.exists(&WORKFLOWS, cx.scope(), &input.name)? {
                    return Err(Error::AlreadyExists.says(format!("Workflow {} already exists", input.name)));
                }
                tx.put(&WORKFLOWS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(CreateWorkflowOutput { name: Some(input.name) })
    }

    /// A workflow with its last run.
    pub async fn get_workflow(&self, cx: &Context, input: GetWorkflowInput) -> Result<GetWorkflowOutput, Fault> {
        let row = cx.store().read(|s| must_find(s, cx, &input.name))?;
        Ok(GetWorkflowOutput { workflow: Some(shown::workflow(cx, row, input.include_graph == Some(true))?) })
    }

    /// Workflows by name; tells which are not there.
    pub async fn batch_get_workflows(&self, cx: &Context, input: BatchGetWorkflowsInput) -> Result<BatchGetWorkflowsOutput, Fault> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in input.names {
            match cx.store().read(|s| s.get(&WORKFLOWS, cx.scope(), &name))? {
                Some(row) => found.push(shown::workflow(cx, row, input.include_graph == Some(true))?),
                None => missing.push(name),
            }
        }
        Ok(BatchGetWorkflowsOutput { workflows: Some(found), missing_workflows: Some(missing) })
    }

    /// Names of workflows.
    pub async fn list_workflows(&self, cx: &Context, input: ListWorkflowsInput) -> Result<ListWorkflowsOutput, Fault> {
        let names: Vec<String> =
            cx.store().read(|s| s.scan(&WORKFLOWS, cx.scope()).map(|row| row.map(|(name, _)| name)).collect::<Result<_, Fault>>())?;
        let page = pages::cut(names, |n| n.clone(), input.next_token.as_deref(), input.max_results, 25)?;
        Ok(ListWorkflowsOutput { workflows: Some(page.items), next_token: page.next })
    }

    /// Changes what is given.
    pub async fn update_workflow(&self, cx: &Context, input: UpdateWorkflowInput) -> Result<UpdateWorkflowOutput, Fault> {
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &input.name)?;
                row.description = input.description.or(row.description);
                row.properties = input.default_run_properties.unwrap_or(row.properties);
                row.most_runs = input.max_concurrent_runs.or(row.most_runs);
                row.changed = kit::Timestamp::from_secs(cx.now().secs());
                tx.put(&WORKFLOWS, cx.scope(), &input.name, &row)
            })
            .await?;
        Ok(UpdateWorkflowOutput { name: Some(input.name) })
    }

    /// Removes a workflow with its runs and its triggers.
    pub async fn delete_workflow(&self, cx: &Context, input: DeleteWorkflowInput) -> Result<DeleteWorkflowOutput, Fault> {
        cx.store()
            .write(|tx| {
                clear(tx, cx, &RUNS, &(input.name.clone(),))?;
                for row in triggers::state::all(tx, cx, Some(&input.name))? {
                    triggers::fire::forget(tx, cx, row.name())?;
                    tx.delete(&triggers::state::TRIGGERS, cx.scope(), &row.name().to_owned())?;
                }
                tx.delete(&WORKFLOWS, cx.scope(), &input.name).map(drop)
            })
            .await?;
        Ok(DeleteWorkflowOutput { name: Some(input.name) })
    }

    /// Starts a run: fires the workflow's start trigger.
    pub async fn start_workflow_run(&self, cx: &Context, input: StartWorkflowRunInput) -> Result<StartWorkflowRunOutput, Fault> {
        let id = cx.store().write(|tx| runs::begin(cx, tx, &input.name, input.run_properties)).await?;
        Ok(StartWorkflowRunOutput { run_id: Some(id) })
    }

    /// A run.
    pub async fn get_workflow_run(&self, cx: &Context, input: GetWorkflowRunInput) -> Result<GetWorkflowRunOutput, Fault> {
        let (_, run) = cx.store().read(|s| state::must_find_run(s, cx, &input.name, &input.run_id))?;
        Ok(GetWorkflowRunOutput { run: Some(shown::run(cx, &input.name, run, input.include_graph == Some(true))?) })
    }

    /// The runs of a workflow, newest first.
    pub async fn get_workflow_runs(&self, cx: &Context, input: GetWorkflowRunsInput) -> Result<GetWorkflowRunsOutput, Fault> {
        let mut all = cx.store().read(|s| {
            must_find(s, cx, &input.name)?;
            state::runs(s, cx, &input.name)
        })?;
        all.reverse();
        let key = |(number, _): &(u64, state::Run)| format!("{:020}", u64::MAX - number);
        let page = pages::cut(all, key, input.next_token.as_deref(), input.max_results, 100)?;
        let graph = input.include_graph == Some(true);
        let runs = page.items.into_iter().map(|(_, run)| shown::run(cx, &input.name, run, graph)).collect::<Result<_, _>>()?;
        Ok(GetWorkflowRunsOutput { runs: Some(runs), next_token: page.next })
    }

    /// The properties of a run.
    pub async fn get_workflow_run_properties(
        &self,
        cx: &Context,
        input: GetWorkflowRunPropertiesInput,
    ) -> Result<GetWorkflowRunPropertiesOutput, Fault> {
        let (_, run) = cx.store().read(|s| state::must_find_run(s, cx, &input.name, &input.run_id))?;
        Ok(GetWorkflowRunPropertiesOutput { run_properties: Some(run.properties) })
    }

    /// Sets properties of a run; others stay.
    pub async fn put_workflow_run_properties(
        &self,
        cx: &Context,
        input: PutWorkflowRunPropertiesInput,
    ) -> Result<PutWorkflowRunPropertiesOutput, Fault> {
        cx.store()
            .write(|tx| {
                let (number, mut run) = state::must_find_run(tx, cx, &input.name, &input.run_id)?;
                run.properties.extend(input.run_properties);
                tx.put(&RUNS, cx.scope(), &(input.name.clone(), number), &run)
            })
            .await?;
        Ok(PutWorkflowRunPropertiesOutput {})
    }

    /// Stops a run: its crawls are stopped, and no trigger fires any more.
    pub async fn stop_workflow_run(&self, cx: &Context, input: StopWorkflowRunInput) -> Result<StopWorkflowRunOutput, Fault> {
        cx.store().write(|tx| runs::stop(cx, tx, &input.name, &input.run_id)).await?;
        Ok(StopWorkflowRunOutput {})
    }
}
