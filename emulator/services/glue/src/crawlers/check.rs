//! What Glue refuses when a crawler is made or changed.

use super::{
    schedule,
    settings::{Recrawl, Settings},
    state::arn,
};
use crate::{
    crawl::{exclusions::Exclusion, objects::Include},
    model::*,
    state::must_find_database,
};
use kit::{Context, Fault};

/// The service that roles have to trust.
pub(crate) const SELF: &str = "glue.amazonaws.com";

/// Refuses members that are not built.
pub(crate) fn unbuilt(
    cx: &Context,
    security: Option<&str>,
    lake: Option<&LakeFormationConfiguration>,
    lineage: Option<&LineageConfiguration>,
) -> Result<(), Fault> {
    let used = |what: &str| Err(Fault::new("NotImplemented", 501, format!("windtunnel's crawlers have no {what} yet.")));
    if security.is_some_and(|s| !s.is_empty()) {
        return used("CrawlerSecurityConfiguration");
    }
    if lake.is_some_and(|l| l.use_lake_formation_credentials == Some(true)) {
        return used("LakeFormationConfiguration");
    }
    if lineage.is_some_and(|l| l.crawler_lineage_settings == Some(CrawlerLineageSettings::Enable)) {
        cx.warn("LineageConfiguration has no effect");
    }
    Ok(())
}

/// Checks a crawler as a whole.
pub(crate) fn crawler(cx: &Context, crawler: &Crawler) -> Result<(), Fault> {
    let settings = Settings::of(crawler)?;
    let targets = crawler.targets.clone().unwrap_or_default();
    others(&targets)?;
    let s3: Vec<&S3Target> = targets.s3_targets.iter().flatten().collect();
    let catalog: Vec<&CatalogTarget> = targets.catalog_targets.iter().flatten().collect();
    if s3.is_empty() && catalog.is_empty() {
        return Err(invalid("Invalid Crawler Target. Crawler cannot be created with empty target."));
    }
    if !s3.is_empty() && !catalog.is_empty() {
        return Err(invalid("Catalog targets cannot be mixed with targets of other kinds."));
    }
    s3.iter().try_for_each(|target| s3_target(cx, target, settings.recrawl))?;
    if !s3.is_empty() {
        let database = crawler.database_name.as_deref().unwrap_or_default();
        if database.is_empty() {
            return Err(invalid("Database name is required for targets of this kind."));
        }
        cx.store().read(|s| must_find_database(s, cx, database))?;
    }
    if !catalog.is_empty() {
        catalog_targets(cx, &catalog, crawler, settings.recrawl)?;
    }
    let policy = crawler.schema_change_policy.clone().unwrap_or_default();
    let logs = policy.update_behavior == Some(UpdateBehavior::Log) && policy.delete_behavior == Some(DeleteBehavior::Log);
    if settings.recrawl == Recrawl::NewFolders && !logs {
        return Err(invalid(
            "The SchemaChangePolicy for \"Crawl new folders only\" Amazon S3 target can have only LOG DeleteBehavior value and LOG UpdateBehavior value.",
        ));
    }
    for name in crawler.classifiers.iter().flatten() {
        crate::classifiers::must_find(cx, name)?;
    }
    if let Some(expression) = crawler.schedule.as_ref().and_then(|s| s.schedule_expression.as_deref()) {
        schedule::expression(expression)?;
    }
    Ok(())
}

/// Targets of kinds that are not built.
fn others(targets: &CrawlerTargets) -> Result<(), Fault> {
    let kinds = [
        ("JdbcTargets", targets.jdbc_targets.as_ref().map_or(0, Vec::len)),
        ("MongoDBTargets", targets.mongo_db_targets.as_ref().map_or(0, Vec::len)),
        ("DynamoDBTargets", targets.dynamo_db_targets.as_ref().map_or(0, Vec::len)),
        ("DeltaTargets", targets.delta_targets.as_ref().map_or(0, Vec::len)),
        ("IcebergTargets", targets.iceberg_targets.as_ref().map_or(0, Vec::len)),
        ("HudiTargets", targets.hudi_targets.as_ref().map_or(0, Vec::len)),
    ];
    match kinds.into_iter().find(|(_, count)| *count > 0) {
        Some((kind, _)) => {
            Err(Fault::new("NotImplemented", 501, format!("windtunnel's crawlers take S3 and catalog targets, not {kind}.")))
        }
        None => Ok(()),
    }
}

fn s3_target(cx: &Context, target: &S3Target, recrawl: Recrawl) -> Result<(), Fault> {
    let path = target.path.as_deref().unwrap_or_default();
    Include::parse(path).ok_or_else(|| invalid(format!("The target path {path:?} is not a valid S3 path.")))?;
    if target.connection_name.as_ref().is_some_and(|c| !c.is_empty()) {
        return Err(Fault::new("NotImplemented", 501, "windtunnel's crawlers reach S3 without a ConnectionName."));
    }
    if target.dlq_event_queue_arn.as_ref().is_some_and(|c| !c.is_empty()) {
        return Err(Fault::new("NotImplemented", 501, "windtunnel's crawlers have no DlqEventQueueArn yet."));
    }
    for glob in target.exclusions.iter().flatten() {
        Exclusion::new(glob).ok_or_else(|| invalid(format!("The exclusion pattern {glob:?} is not valid.")))?;
    }
    if target.sample_size.is_some_and(|n| !(1..=249).contains(&n)) {
        return Err(invalid("SampleSize must be between 1 and 249."));
    }
    match (recrawl, target.event_queue_arn.as_deref().filter(|arn| !arn.is_empty())) {
        (Recrawl::Events, None) => Err(invalid("EventQueueArn is required for crawlers in event mode.")),
        (Recrawl::Everything | Recrawl::NewFolders, Some(_)) => {
            cx.warn("EventQueueArn has no effect: the crawler's RecrawlBehavior is not CRAWL_EVENT_MODE");
            Ok(())
        }
        _ => Ok(()),
    }
}

fn catalog_targets(cx: &Context, targets: &[&CatalogTarget], crawler: &Crawler, recrawl: Recrawl) -> Result<(), Fault> {
    let policy = crawler.schema_change_policy.clone().unwrap_or_default();
    if policy.delete_behavior != Some(DeleteBehavior::Log) {
        return Err(invalid("The SchemaChangePolicy for a catalog target can have only LOG DeleteBehavior value."));
    }
    if recrawl != Recrawl::Everything {
        return Err(Fault::new("NotImplemented", 501, "windtunnel crawls catalog targets whole (CRAWL_EVERYTHING)."));
    }
    for target in targets {
        if target.event_queue_arn.is_some()
            || target.dlq_event_queue_arn.is_some()
            || target.connection_name.as_ref().is_some_and(|c| !c.is_empty())
        {
            return Err(Fault::new("NotImplemented", 501, "windtunnel's catalog targets have no queues and no connection."));
        }
        for table in &target.tables {
            cx.store().read(|s| crate::state::must_find_table(s, cx, &target.database_name, table))?;
        }
    }
    Ok(())
}

/// The ARN of a crawler's role, which may be given by name or by path.
pub(crate) fn role_arn(cx: &Context, role: &str) -> String {
    match role.starts_with("arn:") {
        true => role.to_owned(),
        false => format!("arn:aws:iam::{}:role/{}", cx.account(), role.trim_start_matches('/')),
    }
}

/// Whether Glue may assume the role.
pub(crate) async fn role(cx: &Context, role: &str, crawler: &str) -> Result<(), Fault> {
    assume(cx, role, crawler).await.map(drop)
}

/// A context as the crawler's role.
pub(crate) async fn assume(cx: &Context, role: &str, crawler: &str) -> Result<Context, Fault> {
    let service = cx.as_service(SELF, &arn(cx, crawler), cx.account());
    let role = role_arn(cx, role);
    let session = cx.cloud().ports().sessions()?.for_service(&service, &role, SELF, "AWS-Crawler", 3600).await;
    let refused =
        |_: Fault| invalid(format!("Service is unable to assume provided role. Please verify role's TrustPolicy. (Role: {role})"));
    Ok(service.as_role(std::sync::Arc::new(session.map_err(refused)?.session)))
}

fn invalid(text: impl Into<String>) -> Fault {
    Error::InvalidInput.says(text.into())
}
