//! Glue asks for an action on the catalog, the database and the table: each of them must be allowed.

use crate::{Glue, model::*, state::fold};
use kit::{Access, Authorize, Context, Need};

pub(crate) fn needs(cx: &Context, action: &'static str, database: Option<&str>, table: Option<&str>) -> Vec<Need> {
    let base = format!("arn:aws:glue:{}:{}", cx.region(), cx.account());
    let mut needs = vec![Need::on(action, format!("{base}:catalog"))];
    if let Some(database) = database {
        needs.push(Need::on(action, format!("{base}:database/{}", fold(database))));
        if let Some(table) = table {
            needs.push(Need::on(action, format!("{base}:table/{}/{}", fold(database), fold(table))));
        }
    }
    needs
}

macro_rules! access {
    ($($input:ident => $action:literal, |$i:ident| $database:expr, $table:expr;)*) => {$(
        impl Authorize<Glue> for $input {
            fn access(&self, _: &Glue, cx: &Context) -> Access {
                let $i = self;
                Access::Needs(needs(cx, $action, $database, $table))
            }
        }
    )*};
}
access! {
    GetDatabaseInput => "glue:GetDatabase", |i| Some(i.name.as_str()), None;
    GetDatabasesInput => "glue:GetDatabases", |_i| None, None;
    UpdateDatabaseInput => "glue:UpdateDatabase", |i| Some(i.name.as_str()), None;
    DeleteDatabaseInput => "glue:DeleteDatabase", |i| Some(i.name.as_str()), None;
    CreateTableInput => "glue:CreateTable", |i| Some(i.database_name.as_str()), i.table_input.as_ref().map(|t| t.name.as_str());
    GetTableInput => "glue:GetTable", |i| Some(i.database_name.as_str()), Some(i.name.as_str());
    GetTablesInput => "glue:GetTables", |i| Some(i.database_name.as_str()), Some("*");
    UpdateTableInput => "glue:UpdateTable", |i| Some(i.database_name.as_str()), i.table_input.as_ref().map(|t| t.name.as_str());
    DeleteTableInput => "glue:DeleteTable", |i| Some(i.database_name.as_str()), Some(i.name.as_str());
    BatchDeleteTableInput => "glue:BatchDeleteTable", |i| Some(i.database_name.as_str()), Some("*");
    CreatePartitionInput => "glue:CreatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchCreatePartitionInput => "glue:BatchCreatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetPartitionInput => "glue:GetPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetPartitionsInput => "glue:GetPartitions", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchGetPartitionInput => "glue:BatchGetPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    UpdatePartitionInput => "glue:UpdatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeletePartitionInput => "glue:DeletePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchDeletePartitionInput => "glue:BatchDeletePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchUpdatePartitionInput => "glue:BatchUpdatePartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetTableVersionInput => "glue:GetTableVersion", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetTableVersionsInput => "glue:GetTableVersions", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeleteTableVersionInput => "glue:DeleteTableVersion", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    BatchDeleteTableVersionInput => "glue:BatchDeleteTableVersion", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    CreatePartitionIndexInput => "glue:CreatePartitionIndex", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetPartitionIndexesInput => "glue:GetPartitionIndexes", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeletePartitionIndexInput => "glue:DeletePartitionIndex", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    UpdateColumnStatisticsForTableInput => "glue:UpdateColumnStatisticsForTable", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetColumnStatisticsForTableInput => "glue:GetColumnStatisticsForTable", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeleteColumnStatisticsForTableInput => "glue:DeleteColumnStatisticsForTable", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    UpdateColumnStatisticsForPartitionInput => "glue:UpdateColumnStatisticsForPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    GetColumnStatisticsForPartitionInput => "glue:GetColumnStatisticsForPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
    DeleteColumnStatisticsForPartitionInput => "glue:DeleteColumnStatisticsForPartition", |i| Some(i.database_name.as_str()), Some(i.table_name.as_str());
}

fn on_crawler(cx: &Context, action: &'static str, name: &str) -> Access {
    Access::from(Need::on(action, crate::crawlers::state::arn(cx, name)))
}

/// A crawler is handed a role, which its maker must be allowed to pass.
fn with_role(cx: &Context, access: Access, role: &str) -> Access {
    access.and(Need::on("iam:PassRole", crate::crawlers::role_arn(cx, role)).key("iam:PassedToService", "glue.amazonaws.com"))
}

macro_rules! others {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Glue> for $input {
            fn access(&self, _: &Glue, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}
others! {
    CreateCrawlerInput(me, cx) => {
        tagged(cx, with_role(cx, on_crawler(cx, "glue:CreateCrawler", &me.name), &me.role), &me.tags, "crawler", &me.name)
    };
    UpdateCrawlerInput(me, cx) => {
        let access = on_crawler(cx, "glue:UpdateCrawler", &me.name);
        match &me.role {
            Some(role) => with_role(cx, access, role),
            None => access,
        }
    };
    GetCrawlerInput(me, cx) => on_crawler(cx, "glue:GetCrawler", &me.name);
    GetCrawlersInput(_me, _cx) => Access::any("glue:GetCrawlers");
    BatchGetCrawlersInput(_me, _cx) => Access::any("glue:BatchGetCrawlers");
    ListCrawlersInput(_me, _cx) => Access::any("glue:ListCrawlers");
    DeleteCrawlerInput(me, cx) => on_crawler(cx, "glue:DeleteCrawler", &me.name);
    StartCrawlerInput(me, cx) => on_crawler(cx, "glue:StartCrawler", &me.name);
    StopCrawlerInput(me, cx) => on_crawler(cx, "glue:StopCrawler", &me.name);
    GetCrawlerMetricsInput(_me, _cx) => Access::any("glue:GetCrawlerMetrics");
    ListCrawlsInput(me, cx) => on_crawler(cx, "glue:ListCrawls", &me.crawler_name);
    UpdateCrawlerScheduleInput(me, cx) => on_crawler(cx, "glue:UpdateCrawlerSchedule", &me.crawler_name);
    StartCrawlerScheduleInput(me, cx) => on_crawler(cx, "glue:StartCrawlerSchedule", &me.crawler_name);
    StopCrawlerScheduleInput(me, cx) => on_crawler(cx, "glue:StopCrawlerSchedule", &me.crawler_name);
    CreateClassifierInput(_me, _cx) => Access::any("glue:CreateClassifier");
    GetClassifierInput(_me, _cx) => Access::any("glue:GetClassifier");
    GetClassifiersInput(_me, _cx) => Access::any("glue:GetClassifiers");
    UpdateClassifierInput(_me, _cx) => Access::any("glue:UpdateClassifier");
    DeleteClassifierInput(_me, _cx) => Access::any("glue:DeleteClassifier");
    TagResourceInput(me, _cx) => Access::on("glue:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("glue:UntagResource", &me.resource_arn);
    GetTagsInput(me, _cx) => Access::on("glue:GetTags", &me.resource_arn);
    SearchTablesInput(_me, cx) => Access::Needs(needs(cx, "glue:SearchTables", Some("*"), Some("*")));
    CreateUserDefinedFunctionInput(me, cx) => on_function(cx, "glue:CreateUserDefinedFunction", &me.database_name, me.function_input.function_name.as_deref().unwrap_or("*"));
    GetUserDefinedFunctionInput(me, cx) => on_function(cx, "glue:GetUserDefinedFunction", &me.database_name, &me.function_name);
    GetUserDefinedFunctionsInput(me, cx) => on_function(cx, "glue:GetUserDefinedFunctions", me.database_name.as_deref().unwrap_or("*"), "*");
    UpdateUserDefinedFunctionInput(me, cx) => on_function(cx, "glue:UpdateUserDefinedFunction", &me.database_name, &me.function_name);
    DeleteUserDefinedFunctionInput(me, cx) => on_function(cx, "glue:DeleteUserDefinedFunction", &me.database_name, &me.function_name);
    CreateConnectionInput(me, cx) => {
        tagged(cx, on_connection(cx, "glue:CreateConnection", &me.connection_input.name), &me.tags, "connection", &me.connection_input.name)
    };
    CreateDatabaseInput(me, cx) => {
        let access = Access::Needs(needs(cx, "glue:CreateDatabase", Some(&me.database_input.name), None));
        tagged(cx, access, &me.tags, "database", &fold(&me.database_input.name))
    };
    GetConnectionInput(me, cx) => on_connection(cx, "glue:GetConnection", &me.name);
    GetConnectionsInput(_me, cx) => on_connection(cx, "glue:GetConnections", "*");
    UpdateConnectionInput(me, cx) => on_connection(cx, "glue:UpdateConnection", &me.name);
    DeleteConnectionInput(me, cx) => on_connection(cx, "glue:DeleteConnection", &me.connection_name);
    BatchDeleteConnectionInput(_me, cx) => on_connection(cx, "glue:BatchDeleteConnection", "*");
    PutResourcePolicyInput(_me, cx) => Access::Needs(needs(cx, "glue:PutResourcePolicy", None, None));
    GetResourcePolicyInput(_me, cx) => Access::Needs(needs(cx, "glue:GetResourcePolicy", None, None));
    DeleteResourcePolicyInput(_me, cx) => Access::Needs(needs(cx, "glue:DeleteResourcePolicy", None, None));
    GetResourcePoliciesInput(_me, cx) => Access::Needs(needs(cx, "glue:GetResourcePolicies", None, None));
    CreateTriggerInput(me, cx) => tagged(cx, on_trigger(cx, "glue:CreateTrigger", &me.name), &me.tags, "trigger", &me.name);
    GetTriggerInput(me, cx) => on_trigger(cx, "glue:GetTrigger", &me.name);
    GetTriggersInput(_me, _cx) => Access::any("glue:GetTriggers");
    BatchGetTriggersInput(_me, _cx) => Access::any("glue:BatchGetTriggers");
    ListTriggersInput(_me, _cx) => Access::any("glue:ListTriggers");
    UpdateTriggerInput(me, cx) => on_trigger(cx, "glue:UpdateTrigger", &me.name);
    DeleteTriggerInput(me, cx) => on_trigger(cx, "glue:DeleteTrigger", &me.name);
    StartTriggerInput(me, cx) => on_trigger(cx, "glue:StartTrigger", &me.name);
    StopTriggerInput(me, cx) => on_trigger(cx, "glue:StopTrigger", &me.name);
    CreateWorkflowInput(me, cx) => tagged(cx, on_workflow(cx, "glue:CreateWorkflow", &me.name), &me.tags, "workflow", &me.name);
    GetWorkflowInput(me, cx) => on_workflow(cx, "glue:GetWorkflow", &me.name);
    BatchGetWorkflowsInput(_me, _cx) => Access::any("glue:BatchGetWorkflows");
    ListWorkflowsInput(_me, _cx) => Access::any("glue:ListWorkflows");
    UpdateWorkflowInput(me, cx) => on_workflow(cx, "glue:UpdateWorkflow", &me.name);
    DeleteWorkflowInput(me, cx) => on_workflow(cx, "glue:DeleteWorkflow", &me.name);
    StartWorkflowRunInput(me, cx) => on_workflow(cx, "glue:StartWorkflowRun", &me.name);
    GetWorkflowRunInput(me, cx) => on_workflow(cx, "glue:GetWorkflowRun", &me.name);
    GetWorkflowRunsInput(me, cx) => on_workflow(cx, "glue:GetWorkflowRuns", &me.name);
    GetWorkflowRunPropertiesInput(me, cx) => on_workflow(cx, "glue:GetWorkflowRunProperties", &me.name);
    PutWorkflowRunPropertiesInput(me, cx) => on_workflow(cx, "glue:PutWorkflowRunProperties", &me.name);
    StopWorkflowRunInput(me, cx) => on_workflow(cx, "glue:StopWorkflowRun", &me.name);
}

fn on_trigger(cx: &Context, action: &'static str, name: &str) -> Access {
    Access::from(Need::on(action, crate::triggers::state::arn(cx, name)))
}
fn on_workflow(cx: &Context, action: &'static str, name: &str) -> Access {
    Access::from(Need::on(action, format!("arn:aws:glue:{}:{}:workflow/{name}", cx.region(), cx.account())))
}
/// Like tables, these lie in the catalog, and in a database.
fn on_function(cx: &Context, action: &'static str, database: &str, name: &str) -> Access {
    let mut all = needs(cx, action, Some(database), None);
    all.push(Need::on(
        action,
        format!("arn:aws:glue:{}:{}:userDefinedFunction/{}/{}", cx.region(), cx.account(), fold(database), fold(name)),
    ));
    Access::Needs(all)
}
/// Who makes something with tags needs the right to tag it, too.
fn tagged(cx: &Context, access: Access, tags: &Option<std::collections::BTreeMap<String, String>>, kind: &str, name: &str) -> Access {
    match tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        true => access.and(Need::on("glue:TagResource", format!("arn:aws:glue:{}:{}:{kind}/{name}", cx.region(), cx.account()))),
        false => access,
    }
}

fn on_connection(cx: &Context, action: &'static str, name: &str) -> Access {
    let mut all = needs(cx, action, None, None);
    all.push(Need::on(action, format!("arn:aws:glue:{}:{}:connection/{name}", cx.region(), cx.account())));
    Access::Needs(all)
}
