//! Crawlers: what they are told. What they do stands in `crawl`.

mod check;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod settings;
pub(crate) mod state;

pub(crate) use check::role_arn;

use crate::{Glue, model::*, pages, state::clear};
use kit::{Context, Fault, Read, Tx};
use state::{CRAWLERS, FOLDERS, RUNS, Row, must_find};

impl Glue {
    /// Makes a crawler.
    pub async fn create_crawler(&self, cx: &Context, input: CreateCrawlerInput) -> Result<CreateCrawlerOutput, Fault> {
        check::unbuilt(
            cx,
            input.crawler_security_configuration.as_deref(),
            input.lake_formation_configuration.as_ref(),
            input.lineage_configuration.as_ref(),
        )?;
        let now = kit::Timestamp::from_secs(cx.now().secs());
        let policy = input.schema_change_policy.unwrap_or_default();
        let crawler = Crawler {
            name: Some(input.name.clone()),
            role: Some(input.role.clone()),
            targets: Some(input.targets),
            database_name: input.database_name,
            description: input.description,
            classifiers: Some(input.classifiers.unwrap_or_default()),
            recrawl_policy: Some(
                input.recrawl_policy.unwrap_or(RecrawlPolicy { recrawl_behavior: Some(RecrawlBehavior::CrawlEverything) }),
            ),
            schema_change_policy: Some(SchemaChangePolicy {
                update_behavior: policy.update_behavior.or(Some(UpdateBehavior::UpdateInDatabase)),
                delete_behavior: policy.delete_behavior.or(Some(DeleteBehavior::DeprecateInDatabase)),
            }),
            lineage_configuration: Some(LineageConfiguration { crawler_lineage_settings: Some(CrawlerLineageSettings::Disable) }),
            lake_formation_configuration: Some(LakeFormationConfiguration {
                use_lake_formation_credentials: Some(false),
                account_id: Some(String::new()),
            }),
            state: Some(CrawlerState::Ready),
            table_prefix: input.table_prefix,
            schedule: input.schedule.as_deref().filter(|s| !s.is_empty()).map(schedule::fresh).transpose()?,
            crawl_elapsed_time: Some(0),
            creation_time: Some(now),
            last_updated: Some(now),
            version: Some(1),
            configuration: input.configuration,
            ..Crawler::default()
        };
        check::crawler(cx, &crawler)?;
        check::role(cx, &input.role, &input.name).await?;
        let tags = crate::tags::checked(input.tags.unwrap_or_default())?;
        cx.store()
            .write(|tx| {
                if tx.exists(&CRAWLERS, cx.scope(), &input.name)? {
                    return Err(Error::AlreadyExists.says(format!("Crawler {} already exists", input.name)));
                }
                schedule::plan(cx, tx, &crawler)?;
                tx.put(&CRAWLERS, cx.scope(), &input.name, &Row { crawler, running: None, stopping: false, tags })
            })
            .await?;
        Ok(CreateCrawlerOutput {})
    }

    /// A crawler.
    pub async fn get_crawler(&self, cx: &Context, input: GetCrawlerInput) -> Result<GetCrawlerOutput, Fault> {
        let row = cx.store().read(|s| must_find(s, cx, &input.name))?;
        Ok(GetCrawlerOutput { crawler: Some(shown(cx, row)?) })
    }

    /// All crawlers, by name.
    pub async fn get_crawlers(&self, cx: &Context, input: GetCrawlersInput) -> Result<GetCrawlersOutput, Fault> {
        let all = all(cx)?;
        let page = pages::cut(all, name, input.next_token.as_deref(), input.max_results, 100)?;
        let crawlers = page.items.into_iter().map(|row| shown(cx, row)).collect::<Result<_, _>>()?;
        Ok(GetCrawlersOutput { crawlers: Some(crawlers), next_token: page.next })
    }

    /// Crawlers by name; tells which are not there.
    pub async fn batch_get_crawlers(&self, cx: &Context, input: BatchGetCrawlersInput) -> Result<BatchGetCrawlersOutput, Fault> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in input.crawler_names {
            match cx.store().read(|s| s.get(&CRAWLERS, cx.scope(), &name))? {
                Some(row) => found.push(shown(cx, row)?),
                None => missing.push(name),
            }
        }
        Ok(BatchGetCrawlersOutput { crawlers: Some(found), crawlers_not_found: Some(missing) })
    }

    /// The names of crawlers, of those with all of the given tags.
    pub async fn list_crawlers(&self, cx: &Context, input: ListCrawlersInput) -> Result<ListCrawlersOutput, Fault> {
        let wanted = input.tags.unwrap_or_default();
        let fits = |row: &Row| wanted.iter().all(|(key, value)| row.tags.get(key) == Some(value));
        let names: Vec<String> = all(cx)?.iter().filter(|row| fits(row)).map(name).collect();
        let page = pages::cut(names, |n| n.clone(), input.next_token.as_deref(), input.max_results, 100)?;
        Ok(ListCrawlersOutput { crawler_names: Some(page.items), next_token: page.next })
    }

    /// Changes what is given.
    pub async fn update_crawler(&self, cx: &Context, input: UpdateCrawlerInput) -> Result<UpdateCrawlerOutput, Fault> {
        check::unbuilt(
            cx,
            input.crawler_security_configuration.as_deref(),
            input.lake_formation_configuration.as_ref(),
            input.lineage_configuration.as_ref(),
        )?;
        let old = cx.store().read(|s| must_find(s, cx, &input.name))?;
        let new_role = input.role.clone();
        let next = changed(cx, old.crawler, input)?;
        check::crawler(cx, &next)?;
        let name = next.name.clone().unwrap_or_default();
        if let Some(role) = new_role {
            check::role(cx, &role, &name).await?;
        }
        cx.store()
            .write(|tx| {
                let mut row = must_find(tx, cx, &name)?;
                if row.running.is_some() {
                    return Err(Error::CrawlerRunning.says(format!("Crawler with name {name} is currently running and cannot be updated.")));
                }
                schedule::plan(cx, tx, &next)?;
                row.crawler = next;
                tx.put(&CRAWLERS, cx.scope(), &name, &row)
            })
            .await?;
        Ok(UpdateCrawlerOutput {})
    }

    /// Removes a crawler that doesn't run, with its history.
    pub async fn delete_crawler(&self, cx: &Context, input: DeleteCrawlerInput) -> Result<DeleteCrawlerOutput, Fault> {
        cx.store()
            .write(|tx| {
                let row = must_find(tx, cx, &input.name)?;
                if row.running.is_some() {
                    return Err(Error::CrawlerRunning.says(format!("Crawler with name {} is currently running.", input.name)));
                }
                remove(tx, cx, &input.name)
            })
            .await?;
        Ok(DeleteCrawlerOutput {})
    }
}

fn remove(tx: &mut Tx<'_>, cx: &Context, name: &String) -> Result<(), Fault> {
    schedule::forget(tx, cx, name);
    let of = (name.clone(),);
    clear(tx, cx, &RUNS, &of)?;
    clear(tx, cx, &FOLDERS, &of)?;
    tx.delete(&CRAWLERS, cx.scope(), name).map(drop)
}

fn changed(cx: &Context, mut crawler: Crawler, input: UpdateCrawlerInput) -> Result<Crawler, Fault> {
    if input.targets.is_some() && settings::Settings::of(&crawler)?.recrawl == settings::Recrawl::NewFolders {
        return Err(Error::InvalidInput.says("Targets cannot be edited for a crawler that crawls new folders only."));
    }
    crawler.role = input.role.or(crawler.role);
    crawler.database_name = input.database_name.or(crawler.database_name);
    crawler.description = input.description.or(crawler.description);
    crawler.targets = input.targets.or(crawler.targets);
    crawler.classifiers = input.classifiers.or(crawler.classifiers);
    crawler.table_prefix = input.table_prefix.or(crawler.table_prefix);
    crawler.recrawl_policy = input.recrawl_policy.or(crawler.recrawl_policy);
    crawler.configuration = input.configuration.or(crawler.configuration);
    if let (Some(policy), Some(kept)) = (input.schema_change_policy, &mut crawler.schema_change_policy) {
        kept.update_behavior = policy.update_behavior.or(kept.update_behavior.take());
        kept.delete_behavior = policy.delete_behavior.or(kept.delete_behavior.take());
    }
    match input.schedule.as_deref() {
        // An empty text takes the schedule away.
        Some("") => crawler.schedule = None,
        Some(expression) => crawler.schedule = Some(schedule::fresh(expression)?),
        None => {}
    }
    crawler.last_updated = Some(kit::Timestamp::from_secs(cx.now().secs()));
    crawler.version = crawler.version.map(|version| version + 1);
    Ok(crawler)
}

fn all(cx: &Context) -> Result<Vec<Row>, Fault> {
    cx.store().read(|s| s.scan(&CRAWLERS, cx.scope()).map(|row| row.map(|(_, row)| row)).collect())
}

fn name(row: &Row) -> String {
    row.crawler.name.clone().unwrap_or_default()
}

/// A crawler with its state and last crawl.
fn shown(cx: &Context, row: Row) -> Result<Crawler, Fault> {
    let all = cx.store().read(|s| state::runs(s, cx, &name(&row)))?;
    let under_way = row.running.and_then(|number| all.iter().find(|(n, _)| *n == number));
    let elapsed = under_way.map_or(0, |(_, run)| cx.now().millis() - run.start.millis());
    let last = all.iter().rev().find(|(_, run)| run.outcome.is_some());
    let state = match (row.running, row.stopping) {
        (None, _) => CrawlerState::Ready,
        (_, false) => CrawlerState::Running,
        (_, true) => CrawlerState::Stopping,
    };
    let last_crawl = last.map(|(_, run)| runs::last(&name(&row), run));
    Ok(Crawler { state: Some(state), crawl_elapsed_time: Some(elapsed), last_crawl, ..row.crawler })
}
