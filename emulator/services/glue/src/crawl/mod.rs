//! A crawl: objects are listed and sampled, files classified, folders put together to tables and partitions, and the catalog changed.
//!
//! All of it is done with the crawler's role. What a crawl knows of earlier ones is the catalog, and for those that look at new folders only,
//! the folders that were seen.

mod describe;
pub(crate) mod events;
pub(crate) mod exclusions;
pub(crate) mod objects;
mod partial;
pub(crate) mod report;
mod stats;
mod tree;
mod write;

use crate::{
    classifiers,
    crawlers::{
        settings::{Recrawl, Settings},
        state::Crawling,
    },
    infer::Custom,
    model::{CatalogTarget, S3Target},
};
pub(crate) use describe::Writer;
use exclusions::Exclusion;
use kit::{Context, Fault};
use objects::{Include, Listed};
use report::Report;
use serde_json::Value;
use stats::Stats;
use std::collections::{BTreeMap, BTreeSet};
use tree::{File, Grouping, Planned};
use write::Write;

/// Files that are read at the same time.
const READERS: usize = 8;

/// Why a crawl ended before its end.
pub(crate) enum Stopped {
    /// StopCrawler.
    Cancelled,
    Failed(Fault),
    /// By the crawler's own setting: a sentence.
    Refused(String),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Stopped {
        Stopped::Failed(fault)
    }
}

/// What one crawl works with.
pub(crate) struct Crawl<'a> {
    /// As the crawler's role.
    pub cx: &'a Context,
    pub crawling: &'a Crawling,
    pub settings: Settings,
    pub custom: Vec<Custom>,
}

/// A target that was looked at, and nothing written of it yet.
struct Looked<'a> {
    target: &'a S3Target,
    include: Include,
    found: Looks,
}

enum Looks {
    /// For crawls of new folders, or of those that events name.
    Some(Vec<Listed>),
    /// The tables of all that lies there, and its folders.
    All(Vec<Planned>, BTreeSet<Vec<String>>),
}

/// Runs a crawl to its end.
pub(crate) async fn run(cx: &Context, crawling: &Crawling, report: &mut Report) -> Result<(), Stopped> {
    let settings = Settings::of(&crawling.crawler)?;
    let custom = classifiers::compiled(cx, crawling.crawler.classifiers.as_deref().unwrap_or_default())?;
    let crawl = Crawl { cx, crawling, settings, custom };
    let writer = crawl.writer();
    report.line(cx, &writer, "BENCHMARK", format!("Running Start Crawl for Crawler {}", crawling.name()));
    let targets = crawling.crawler.targets.clone().unwrap_or_default();
    let first = !crawling.has_run(cx)?;
    let mut looked = Vec::new();
    for target in targets.s3_targets.iter().flatten() {
        looked.push(crawl.look(target, first, report).await?);
    }
    crawl.weigh(&looked)?;
    for one in looked {
        crawl.s3(one, report).await?;
    }
    for target in targets.catalog_targets.iter().flatten() {
        crawl.catalog(target, report).await?;
    }
    report.line(cx, &writer, "BENCHMARK", "Finished writing to Catalog");
    report.line(cx, &writer, "BENCHMARK", "Crawler has finished running and is in state READY");
    Ok(())
}

impl Crawl<'_> {
    fn writer(&self) -> Writer<'_> {
        Writer { crawler: self.crawling.name(), run: &self.crawling.run }
    }

    fn write<'r>(&'r self, database: &'r str, report: &'r mut Report) -> Write<'r> {
        Write { cx: self.cx, database, settings: &self.settings, writer: self.writer(), report }
    }

    fn go_on(&self) -> Result<(), Stopped> {
        if self.crawling.is_cancelled(self.cx)? { Err(Stopped::Cancelled) } else { Ok(()) }
    }

    /// Lists a target, and plans its tables where all of it is crawled.
    async fn look<'t>(&self, target: &'t S3Target, first: bool, report: &mut Report) -> Result<Looked<'t>, Stopped> {
        let path = target.path.as_deref().unwrap_or_default();
        let include = Include::parse(path).ok_or_else(|| Fault::internal(format!("{path} is no S3 path")))?;
        let exclusions: Vec<Exclusion> = target.exclusions.iter().flatten().filter_map(|glob| Exclusion::new(glob)).collect();
        let listed = objects::list(self.cx, &include, &exclusions).await?;
        self.go_on()?;
        match self.settings.recrawl {
            Recrawl::NewFolders | Recrawl::Events if !first => return Ok(Looked { target, include, found: Looks::Some(listed) }),
            Recrawl::Events => events::drain(self.cx, target).await?,
            _ => {}
        }
        let folders: BTreeSet<Vec<String>> = listed.iter().map(|object| object.folders.clone()).collect();
        let files = self.classified(&include.bucket, listed, target.sample_size, report).await?;
        let level = self.settings.level.map(|level| level.saturating_sub(1 + include.folders().len()));
        let planned = tree::tables(files, Grouping { combine: self.settings.combine, level });
        Ok(Looked { target, include, found: Looks::All(planned, folders) })
    }

    /// TableThreshold: over all targets, before anything is written. AWS's documentation has the sentence.
    fn weigh(&self, looked: &[Looked<'_>]) -> Result<(), Stopped> {
        let tables: usize = looked.iter().map(|one| if let Looks::All(planned, _) = &one.found { planned.len() } else { 0 }).sum();
        self.most_tables(tables)
    }

    fn most_tables(&self, tables: usize) -> Result<(), Stopped> {
        match self.settings.most_tables.filter(|most| tables as u64 > *most) {
            None => Ok(()),
            Some(most) => Err(Stopped::Refused(format!(
                "The number of tables detected by crawler: {tables} is greater than the table threshold value provided: {most}. Failing crawler without writing to Data Catalog."
            ))),
        }
    }

    /// Writes what was found of a target.
    async fn s3(&self, looked: Looked<'_>, report: &mut Report) -> Result<(), Stopped> {
        let database = self.crawling.crawler.database_name.clone().unwrap_or_default();
        let Looked { target, include, found } = looked;
        let (planned, folders) = match found {
            Looks::All(planned, folders) => (planned, folders),
            Looks::Some(listed) if self.settings.recrawl == Recrawl::Events => {
                return self.touched(&database, &include, listed, target, report).await;
            }
            Looks::Some(listed) => return self.new_folders(&database, &include, listed, target, report).await,
        };
        let writer = self.writer();
        report.line(self.cx, &writer, "BENCHMARK", format!("Classification complete, writing results to database {database}"));
        let mut write = self.write(&database, report);
        let known = write.tables().await?;
        let mut written = BTreeSet::new();
        let prefix = self.crawling.crawler.table_prefix.clone().unwrap_or_default();
        for table in &planned {
            self.go_on()?;
            written.insert(write.table(&prefix, &include, table, &known).await?);
        }
        write.gone(&include, &known, &written).await?;
        self.crawling.remember(self.cx, &include, folders).await?;
        Ok(())
    }

    /// Classifies the files that are sampled: all, or the first so many of each folder.
    async fn classified(&self, bucket: &str, listed: Vec<Listed>, sample: Option<i32>, report: &mut Report) -> Result<Vec<File>, Stopped> {
        use futures_util::{StreamExt, TryStreamExt};
        let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let most = sample.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(usize::MAX);
        let wanted = listed.into_iter().map(|object| {
            let taken = seen.entry(object.folders.clone()).or_default();
            *taken += 1;
            (*taken <= most, object)
        });
        let wanted: Vec<(bool, Listed)> = wanted.collect();
        let read = futures_util::stream::iter(wanted).map(|(sampled, object)| async move {
            self.go_on()?;
            let found = match sampled {
                true => Some(objects::classify(self.cx, bucket, &object, &self.custom).await?),
                false => None,
            };
            Ok::<_, Stopped>((object, found))
        });
        let all: Vec<_> = read.buffered(READERS).try_collect().await?;
        let unknown = all.iter().filter(|(_, found)| found.as_ref().is_some_and(|f| f.classification == "UNKNOWN")).count();
        if unknown > 0 {
            report.line(self.cx, &self.writer(), "INFO", format!("{unknown} files have a format that no classifier knows"));
        }
        Ok(files(all))
    }

    /// Looks again at tables that are in the catalog.
    async fn catalog(&self, target: &CatalogTarget, report: &mut Report) -> Result<(), Stopped> {
        for name in &target.tables {
            self.go_on()?;
            let mut write = self.write(&target.database_name, report);
            let known = write.tables().await?;
            let Some(table) = known.into_iter().find(|t| t["Name"].as_str() == Some(&name.to_lowercase())) else {
                let text = format!("Table {name} in database {} is not there any more", target.database_name);
                write.report.line(self.cx, &self.writer(), "WARN", text);
                continue;
            };
            self.again(&table, &mut write).await?;
        }
        Ok(())
    }

    /// One table of a catalog target: its location is crawled as one table, with the keys that it has.
    async fn again(&self, table: &Value, write: &mut Write<'_>) -> Result<(), Stopped> {
        let location = table["StorageDescriptor"]["Location"].as_str().unwrap_or_default();
        let include = Include::parse(location).ok_or_else(|| Fault::internal(format!("{location} is no S3 path")))?;
        let listed = objects::list(self.cx, &include, &[]).await?;
        let mut unheard = Report::default();
        let files = self.classified(&include.bucket, listed, None, &mut unheard).await?;
        let mut planned = tree::tables(files, Grouping { combine: true, level: Some(0) });
        let Some(mut planned) = planned.pop() else { return Ok(()) };
        let keys: Vec<String> = names(&table["PartitionKeys"]);
        if planned.keys.len() == keys.len() {
            planned.keys = keys;
        }
        write.again(table, &include, &planned).await?;
        Ok(())
    }
}

/// Files with what is known of them. Those that were not sampled count with the average record of their folder.
fn files(all: Vec<(Listed, Option<crate::infer::Found>)>) -> Vec<File> {
    let mut average: BTreeMap<Vec<String>, Stats> = BTreeMap::new();
    for (object, found) in &all {
        if let Some(found) = found {
            let sum = average.entry(object.folders.clone()).or_default();
            *sum = sum.plus(Stats::of(object.size, found));
        }
    }
    let file = |(object, found): (Listed, Option<crate::infer::Found>)| {
        let stats = match (&found, average.get(&object.folders)) {
            (Some(found), _) => Stats::of(object.size, found),
            (None, Some(sum)) if sum.bytes > 0 => {
                let records = u128::from(sum.records) * u128::from(object.size) / u128::from(sum.bytes);
                Stats { objects: 1, bytes: object.size, records: records as u64 }
            }
            _ => Stats { objects: 1, bytes: object.size, records: 0 },
        };
        File { folders: object.folders, name: object.name, stats, found }
    };
    all.into_iter().map(file).collect()
}

/// The names of a table's columns or keys.
fn names(columns: &Value) -> Vec<String> {
    columns.as_array().into_iter().flatten().filter_map(|c| c["Name"].as_str().map(str::to_owned)).collect()
}
