//! Crawls that look at some folders only: new ones, or those that events tell of. They add partitions to tables that the crawler made; new
//! tables they make none.

use super::{
    Crawl, Stopped, events, names,
    objects::{Include, Listed},
    report::Report,
    tree::{self, Grouping, Part},
    write::made_by,
};
use crate::model::S3Target;
use serde_json::Value;
use std::collections::BTreeSet;

type Folders = BTreeSet<Vec<String>>;

impl Crawl<'_> {
    /// CRAWL_NEW_FOLDERS_ONLY.
    pub(super) async fn new_folders(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let known = self.crawling.remembered(self.cx, include)?;
        let new: Folders = listed.iter().map(|object| object.folders.clone()).filter(|folders| !known.contains(folders)).collect();
        self.some(database, include, listed, &new, target, report).await?;
        self.crawling.remember(self.cx, include, new).await?;
        Ok(())
    }

    /// CRAWL_EVENT_MODE: the folders that the queue's events name. Folders that are empty now lose their partitions.
    pub(super) async fn touched(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let taken = events::take(self.cx, target, include).await?;
        if taken.folders.is_empty() {
            report.line(self.cx, &self.writer(), "INFO", "No events were in the queue; nothing is crawled");
            return Ok(taken.done(self.cx).await?);
        }
        let there: Folders = listed.iter().map(|object| object.folders.clone()).collect();
        let gone: Folders = taken.folders.iter().filter(|folders| !there.contains(*folders)).cloned().collect();
        self.some(database, include, listed, &taken.folders, target, report).await?;
        let mut write = self.write(database, report);
        for table in write.tables().await? {
            let Some((root, keys)) = self.own(&table, include) else { continue };
            let values = gone.iter().filter(|folders| folders.len() == root.len() + keys && folders.starts_with(&root));
            let values = values.map(|folders| folders[root.len()..].iter().map(|f| tree::value(f).to_owned()).collect()).collect();
            write.drop_partitions(table["Name"].as_str().unwrap_or_default(), values).await?;
        }
        self.crawling.remember(self.cx, include, taken.folders.clone()).await?;
        Ok(taken.done(self.cx).await?)
    }

    /// Crawls some folders.
    async fn some(
        &self,
        database: &str,
        include: &Include,
        listed: Vec<Listed>,
        folders: &Folders,
        target: &S3Target,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let wanted: Vec<Listed> = listed.into_iter().filter(|object| folders.contains(&object.folders)).collect();
        let files = self.classified(&include.bucket, wanted, target.sample_size, report).await?;
        let mut write = self.write(database, report);
        let tables = write.tables().await?;
        for folder in folders {
            self.go_on()?;
            let own = files.iter().filter(|file| file.folders == *folder).cloned().map(|file| tree::File { folders: Vec::new(), ..file });
            let Some(here) = tree::tables(own.collect(), Grouping { combine: true, level: Some(0) }).pop() else { continue };
            let table = tables.iter().find_map(|table| {
                let (root, keys) = self.own(table, include)?;
                (folder.len() == root.len() + keys && keys > 0 && folder.starts_with(&root)).then_some((table, root))
            });
            match table {
                Some((table, root)) => {
                    let part = Part { folders: folder[root.len()..].to_vec(), found: here.found, stats: here.stats };
                    write.add_partitions(table, include, &root, &[part]).await?;
                }
                None => {
                    let text = format!("Folder {} belongs to no table of this crawler; crawls of this kind make none", folder.join("/"));
                    write.report.line(self.cx, &self.writer(), "INFO", text);
                }
            }
        }
        Ok(())
    }

    /// Where below the include path a table of this crawler stands, and how many partition keys it has.
    fn own(&self, table: &Value, include: &Include) -> Option<(Vec<String>, usize)> {
        let location = Include::parse(table["StorageDescriptor"]["Location"].as_str()?)?;
        let (base, all) = (include.folders(), location.folders());
        let below = location.bucket == include.bucket && all.starts_with(&base) && made_by(table, self.crawling.name());
        below.then(|| (all[base.len()..].to_vec(), names(&table["PartitionKeys"]).len()))
    }
}
