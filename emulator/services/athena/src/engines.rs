//! What runs queries, as the API tells it: engine versions, a query's runtime statistics.

use crate::{
    Athena,
    model::*,
    queries::{group_of, must_find_query},
};
use kit::{Access, Authorize, Context, Fault};

/// The engine versions that can be selected.
pub(crate) const ENGINES: [&str; 2] = ["AUTO", "Athena engine version 3"];

impl Athena {
    /// The engine versions that can be chosen.
    pub async fn list_engine_versions(&self, _: &Context, _: ListEngineVersionsInput) -> Result<ListEngineVersionsOutput, Fault> {
        let version = |selected: &str| EngineVersion {
            selected_engine_version: Some(selected.to_owned()),
            effective_engine_version: Some("Athena engine version 3".into()),
        };
        Ok(ListEngineVersionsOutput { engine_versions: Some(ENGINES.into_iter().map(version).collect()), next_token: None })
    }

    /// Times and sizes of a query.
    pub async fn get_query_runtime_statistics(
        &self,
        cx: &Context,
        input: GetQueryRuntimeStatisticsInput,
    ) -> Result<GetQueryRuntimeStatisticsOutput, Fault> {
        let row = must_find_query(cx, &input.query_execution_id)?;
        let output_rows = row.execution.0.status.as_ref().is_some_and(|s| s.state == Some(QueryExecutionState::Succeeded));
        let output_rows = output_rows.then_some(row.row_count as i64);
        let known = row.execution.0.statistics.unwrap_or_default();
        let timeline = QueryRuntimeStatisticsTimeline {
            query_queue_time_in_millis: known.query_queue_time_in_millis,
            query_planning_time_in_millis: known.query_planning_time_in_millis,
            engine_execution_time_in_millis: known.engine_execution_time_in_millis,
            service_processing_time_in_millis: known.service_processing_time_in_millis,
            total_execution_time_in_millis: known.total_execution_time_in_millis,
            ..Default::default()
        };
        let rows = QueryRuntimeStatisticsRows { input_bytes: known.data_scanned_in_bytes, output_rows, ..Default::default() };
        let statistics = QueryRuntimeStatistics { timeline: Some(timeline), rows: Some(rows), output_stage: None };
        Ok(GetQueryRuntimeStatisticsOutput { query_runtime_statistics: Some(statistics) })
    }
}

impl Authorize<Athena> for ListEngineVersionsInput {
    fn access(&self, _: &Athena, _: &Context) -> Access {
        Access::any("athena:ListEngineVersions")
    }
}
impl Authorize<Athena> for GetQueryRuntimeStatisticsInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:GetQueryRuntimeStatistics", group_of(cx, &self.query_execution_id))
    }
}
